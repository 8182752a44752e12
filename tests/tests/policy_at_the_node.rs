//! A plan that breaks its own policy, signed by the authority that the node pinned: the node refuses what the broker should never have sent,
//! tells why, and stays silent.

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_fleet::{Agent, AgentOptions, agent::Output};
use loa_protocol::{
    Action, AiringId, BroadcastId, Class, ClipRef, Clock, Latch, Outcome, Plan, Planned, Policy, Reason,
    SystemClock,
    policy::{DAY_MINUTES, Span},
};
use loa_tests::{
    judge,
    soundcard::{EventKind, SoundCard},
    standin::{Standin, daily, keep_clip},
    tune,
};

/// From a plan to its airing: time for the plan to arrive, and for the node to hand the sound over in advance.
const SOON: SignedDuration = SignedDuration::from_millis(2_500);

/// A node with its authority.
struct Bench {
    standin: Standin,
    card: SoundCard,
    _agent: Agent,
    clip: ClipRef,
    clock: SystemClock,
    broadcasts: u8,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = SystemClock::new();
        let standin = Standin::start(folder.path(), Arc::new(clock)).await?;
        let card = SoundCard::new(folder.path().join("card"))?;
        let mut options = AgentOptions::below(folder.path(), "n1", Output::Alsa(card.pcm_name().into()));
        options.env.extend(card.env().into_iter().map(|(name, value)| (name.into(), value.into())));
        standin.enrol(&options.data)?;
        let clip = keep_clip(&options.data, &tune::samples(1, 0.5))?;
        let agent = Agent::start(options)?;
        Ok(Self { standin, card, _agent: agent, clip, clock, broadcasts: 0, _folder: folder })
    }

    /// A broadcast of its own that is due soon, and the name of its airing.
    fn due_soon(&mut self) -> Result<(Planned, AiringId)> {
        self.broadcasts += 1;
        let now = self.clock.now();
        let start = Timestamp::from_millisecond(now.checked_add(SOON)?.as_millisecond())?;
        let id = BroadcastId::from_bits([self.broadcasts; 16]);
        let airing = AiringId::derive(&id, &self.standin.node, start);
        Ok((daily(id, &self.clip, now, &[start]), airing))
    }

    /// What comes of a broadcast that is due soon under a plan that `change` makes of a harmless one.
    async fn outcome(&mut self, change: impl FnOnce(&mut Plan)) -> Result<(Outcome, Option<Reason>, u64)> {
        let (planned, airing) = self.due_soon()?;
        let mut plan = self.standin.plan(vec![planned])?;
        change(&mut plan);
        self.standin.give(&plan).await?;
        let receipt = self.standin.receipt(&airing).await?;
        Ok((receipt.outcome, receipt.reason, receipt.frames))
    }

    fn starts(&self) -> Result<usize> {
        Ok(self.card.events()?.iter().filter(|event| event.kind == EventKind::Start).count())
    }
}

/// Every day but not now: no minute within an hour.
fn not_now(now: Timestamp) -> Policy {
    let minute = TimeZone::UTC.to_datetime(now).time();
    let minute = u16::from(minute.hour().cast_unsigned()) * 60 + u16::from(minute.minute().cast_unsigned());
    let from = (minute + 60) % DAY_MINUTES;
    let to = (from + 1).max(DAY_MINUTES.min(from + 60));
    Policy { hours: std::array::from_fn(|_| vec![Span { from, to }]), ..Policy::unlimited() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rightly_signed_plan_would_air_against_the_policy_stays_silent_and_is_reported() -> Result<()>
{
    let mut bench = Bench::start().await?;
    let now = bench.clock.now();
    let whole = bench.clip.duration_ms * 48;

    let outside = bench.outcome(|plan| plan.policy = not_now(now)).await?;
    assert_eq!(outside, (Outcome::Refused, Some(Reason::OutsideHours), 0));

    let long = bench
        .outcome(|plan| {
            plan.broadcasts[0].clip.duration_ms = 61_000;
            plan.policy.session_minutes = Some(1);
        })
        .await?;
    assert_eq!(long, (Outcome::Refused, Some(Reason::SessionTooLong), 0));

    let many = bench.outcome(|plan| plan.policy.sessions_per_day = Some(0)).await?;
    assert_eq!(many, (Outcome::Refused, Some(Reason::TooManySessions), 0));

    let latched = bench
        .outcome(|plan| {
            plan.latch = Some(Latch { since: now, by: "Nguyễn Thị Hoa".into() });
            plan.broadcasts[0].class = Class::Emergency;
        })
        .await?;
    assert_eq!(latched, (Outcome::Refused, Some(Reason::Latched), 0), "an emergency too");
    assert_eq!(bench.starts()?, 0, "the sound card was never started");

    // An emergency is above the hours; and what the policy allows sounds.
    let emergency = bench
        .outcome(|plan| {
            plan.policy = not_now(now);
            plan.broadcasts[0].class = Class::Emergency;
        })
        .await?;
    assert_eq!(emergency, (Outcome::Played, None, whole));
    let allowed = bench.outcome(|_| ()).await?;
    assert_eq!(allowed, (Outcome::Played, None, whole));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_latch_by_command_silences_the_timetable_until_a_later_plan_comes_without() -> Result<()> {
    let mut bench = Bench::start().await?;
    let before = bench.standin.plan(Vec::new())?;
    bench.standin.give(&before).await?;
    bench.standin.command(Action::Stop { broadcast: None, latch: true }).await?;
    bench.standin.says("it is latched", |state| state.latched).await?;
    let (planned, airing) = bench.due_soon()?;
    // Made of what was read before the stop: it can't release.
    let stale = Plan { issued_at: before.issued_at, ..bench.standin.plan(vec![planned])? };
    bench.standin.give(&stale).await?;
    let receipt = bench.standin.receipt(&airing).await?;
    assert_eq!((receipt.outcome, receipt.reason), (Outcome::Refused, Some(Reason::Latched)));
    assert_eq!(bench.starts()?, 0);

    let (outcome, ..) = bench.outcome(|_| ()).await?;
    assert_eq!(outcome, Outcome::Played);
    let heard = bench.card.captured()?;
    let samples = tune::samples(1, 0.5);
    judge::part_of(&samples, heard.segments.first().context("a sound")?)?;
    Ok(())
}
