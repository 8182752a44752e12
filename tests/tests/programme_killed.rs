//! The real agent killed again and again around its airings, as by a flickering power supply: each airing sounds once or is reported.
//!
//! The programme is dense, so that every moment of an airing is hit: before it is due, while it is handed over, while it sounds, while it is
//! settled, while its receipt is on its way. What sounded is told by its pitch: each broadcast has one of its own, and none comes again before the
//! catch-up windows of its last airing are long over.

#![allow(clippy::print_stdout, reason = "how it went is worth a line")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use loa_fleet::{Agent, AgentOptions, agent::Output};
use loa_protocol::{AiringId, BroadcastId, Clock, Outcome, Planned, Reason, Receipt, SystemClock};
use loa_tests::{
    journal::wait_for,
    judge::{self, Stretch},
    soundcard::{Ending, Segment, SoundCard},
    standin::{Standin, daily, keep_clip},
    tune::RATE,
};

const KILLS: usize = 200;
/// Broadcasts, each with a pitch of its own.
const BROADCASTS: usize = 20;
/// From one airing to the next, milliseconds.
const EVERY_MS: i64 = 1_000;
/// How long each sounds, milliseconds.
const LONG_MS: u64 = 400;
/// Most times of day in a timetable, so that there are 8 minutes of programme.
const ROUNDS: usize = 24;
/// An airing may begin so late.
const CATCH_UP_S: u32 = 2;
/// The agent runs for a random time below this before it is killed: it starts, plays what is due, and reports it.
const LONGEST_RUN_MS: u64 = 1_500;
/// A stretch that is shorter has no pitch to be told by.
const TELLABLE: usize = RATE as usize / 50;
const PATIENCE: Duration = Duration::from_secs(25);
/// The chance in this test, so that a failure can be had again.
const SEED: u64 = 0x10a_2026;

fn pitch(broadcast: usize) -> f64 {
    400.0 + 150.0 * broadcast as f64
}

/// A sound of one pitch, without a click at its ends.
fn sound(broadcast: usize) -> Vec<f32> {
    let frames = LONG_MS as usize * RATE as usize / 1_000;
    let sample = |frame: usize| {
        let fade = (frame.min(frames - 1 - frame) as f64 / 240.0).min(1.0);
        let phase = frame as f64 / f64::from(RATE) * pitch(broadcast) * std::f64::consts::TAU;
        (0.5 * fade * phase.sin()) as f32
    };
    (0..frames).map(sample).collect()
}

/// Which broadcast a stretch of sound is of, by how often it crosses zero.
fn broadcast_of(stretch: &Stretch) -> Option<usize> {
    let samples = &stretch.samples;
    if samples.len() < TELLABLE {
        return None;
    }
    let crossings = samples.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count();
    let hertz = crossings as f64 / 2.0 / (samples.len() as f64 / f64::from(RATE));
    (0..BROADCASTS).min_by(|a, b| (pitch(*a) - hertz).abs().total_cmp(&(pitch(*b) - hertz).abs()))
}

/// All airings: which broadcast, when, and its name.
struct Programme(Vec<(usize, Timestamp, AiringId)>);

impl Programme {
    fn from(first: Timestamp, standin: &Standin) -> Self {
        let airings = (0..BROADCASTS * ROUNDS).map(|number| {
            let broadcast = number % BROADCASTS;
            let start = first + SignedDuration::from_millis(EVERY_MS * i64::try_from(number).unwrap_or(0));
            (broadcast, start, AiringId::derive(&id(broadcast), &standin.node, start))
        });
        Self(airings.collect())
    }

    fn planned(&self, broadcast: usize, clip: &loa_protocol::ClipRef, since: Timestamp) -> Planned {
        let at: Vec<_> =
            self.0.iter().filter(|(of, ..)| *of == broadcast).map(|(_, start, _)| *start).collect();
        Planned { catch_up_s: CATCH_UP_S, ..daily(id(broadcast), clip, since, &at) }
    }

    /// The airing that a stretch of sound is of.
    fn airing_of(&self, stretch: &Stretch) -> Option<usize> {
        let broadcast = broadcast_of(stretch)?;
        let at = stretch.at.timestamp();
        let near = |start: Timestamp| at.duration_since(start).abs();
        let candidates = self.0.iter().enumerate().filter(|(_, (of, ..))| *of == broadcast);
        candidates.min_by_key(|(_, (_, start, _))| near(*start)).map(|(index, _)| index)
    }
}

fn id(broadcast: usize) -> BroadcastId {
    BroadcastId::from_bits([broadcast as u8 + 1; 16])
}

/// A sound card falls silent when its program dies; the test's can't, for nothing of it lives on. What it still held is cut off here.
fn fall_silent(segment: &mut Segment, killed_at: &[Timestamp]) {
    let begun = segment.moment_of(0).timestamp();
    if let (Ending::Abandoned, Some(killed)) = (segment.ending, killed_at.iter().find(|at| **at > begun)) {
        let alive = killed.duration_since(begun).as_secs_f64() * f64::from(segment.rate);
        segment.frames.truncate(alive as usize * usize::from(segment.channels));
    }
}

/// A small generator (xorshift); what it gives need only be spread.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_two_hundred_times_plays_each_airing_once_or_reports_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clock = SystemClock::new();
    let standin = Standin::start(folder.path(), Arc::new(clock)).await?;
    let card = SoundCard::new(folder.path().join("card"))?;
    let mut options = AgentOptions::below(folder.path(), "n1", Output::Alsa(card.pcm_name().into()));
    options.env.extend(card.env().into_iter().map(|(name, value)| (name.into(), value.into())));
    let mark = folder.path().join("synchronized");
    std::fs::write(&mark, "")?;
    options.env.push(("LOA_AGENT_SYNCHRONISED_MARK".into(), mark.into()));
    standin.enrol(&options.data)?;
    let clips: Vec<_> =
        (0..BROADCASTS).map(|n| keep_clip(&options.data, &sound(n))).collect::<Result<_>>()?;
    let begin = clock.now();
    let first = Timestamp::from_second(begin.as_second() + 4)?;
    let programme = Programme::from(first, &standin);
    let planned = clips.iter().enumerate().map(|(n, clip)| programme.planned(n, clip, begin)).collect();
    let mut agent = Agent::start(options.clone())?;
    standin.give(&standin.plan(planned)?).await?;

    let mut chance = Chance(SEED);
    let mut killed_at = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(chance.below(LONGEST_RUN_MS))).await;
        agent.kill().await;
        killed_at.push(clock.now());
        agent.start_again().await?;
    }

    // What was due by now is settled and reported; an airing after that shows that the agent still lives.
    let until = clock.now();
    let over = |start: Timestamp| start <= until;
    let due: Vec<_> = programme.0.iter().filter(|(_, start, _)| over(*start)).collect();
    ensure!(due.len() < programme.0.len(), "the programme ended before the last kill");
    let living = &programme.0[due.len()].2;
    let reported = || -> Result<Option<BTreeMap<String, Receipt>>> {
        let mut receipts = BTreeMap::new();
        for receipt in standin.receipts() {
            let first = receipts.entry(receipt.airing.as_str().to_owned()).or_insert_with(|| receipt.clone());
            ensure!(*first == receipt, "two receipts of one airing: {first:?} and {receipt:?}");
        }
        let all = due.iter().all(|(.., airing)| receipts.contains_key(airing.as_str()));
        Ok((all && receipts.contains_key(living.as_str())).then_some(receipts))
    };
    let receipts = wait_for(PATIENCE, "a receipt of each airing", reported).await?;

    // Against the tape.
    let mut capture = card.captured()?;
    capture.segments.iter_mut().for_each(|segment| fall_silent(segment, &killed_at));
    let heard = judge::stretches(&capture, Duration::from_millis(20));
    let mut sounded: BTreeMap<usize, Vec<&Stretch>> = BTreeMap::new();
    for stretch in &heard {
        if let Some(airing) = programme.airing_of(stretch) {
            sounded.entry(airing).or_default().push(stretch);
        }
    }
    let whole = (LONG_MS as f64 / 1_000.0 * f64::from(RATE)) as usize;
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (_, start, airing)) in due.iter().enumerate() {
        let receipt = &receipts[airing.as_str()];
        let stretches = sounded.get(&number).map_or(&[][..], Vec::as_slice);
        let told = || {
            let heard: Vec<_> = stretches.iter().map(|one| (one.at.timestamp(), one.samples.len())).collect();
            format!("airing {number} at {start}: {receipt:?}, heard {heard:?}")
        };
        ensure!(stretches.len() <= 1, "doubled: {}", told());
        for stretch in stretches {
            let late = stretch.at.timestamp().duration_since(*start);
            let window = SignedDuration::from_secs(i64::from(CATCH_UP_S) + 1);
            ensure!(late > SignedDuration::from_millis(-50) && late < window, "{late:?} late: {}", told());
        }
        let frames = stretches.first().map_or(0, |stretch| stretch.samples.len());
        match (receipt.outcome, receipt.reason) {
            (Outcome::Played, None) => {
                ensure!(frames + 480 >= whole, "{frames} frames were heard: {}", told());
            }
            (Outcome::Partial, Some(Reason::AgentRestarted)) => {}
            (Outcome::Missed, Some(Reason::NodeOff | Reason::Expired | Reason::AgentRestarted)) => {
                ensure!(stretches.is_empty(), "it sounded: {}", told());
            }
            _ => return Err(anyhow::anyhow!(told())).context("neither played nor rightly reported"),
        }
        *tally.entry(format!("{:?} {:?}", receipt.outcome, receipt.reason)).or_default() += 1;
    }
    println!("{KILLS} kills, {} airings: {tally:?}", due.len());
    let played = tally.get("Played None").copied().unwrap_or(0);
    assert!(played * 4 > due.len(), "too little was played for this to be a test of it: {tally:?}");
    Ok(())
}
