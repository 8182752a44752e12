//! A week of the daily programme with the real agent, its journal, link and sound card, on a machine whose clocks are moved from shortly before one
//! airing to shortly before the next: with a clock that is set wrongly, one that is put right, one that can't be trusted, and a blackout. Each
//! airing is heard once, on time, or reported with the reason.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use loa_protocol::{
    Action, AiringId, BroadcastId, ClipRef, Clock, ClockTrust, Outcome, Reason, Receipt, SystemClock,
};
use loa_tests::{
    judge,
    soundcard::SoundCard,
    standin::{Standin, daily, keep_clip},
    tune,
};

/// The first day, far from the day on which this runs.
const MIDNIGHT: &str = "2027-03-01T00:00:00Z";
/// The programme, hours after midnight.
const TIMES: [f64; 3] = [5.0, 11.5, 17.0];
const AIRINGS: usize = 21;
const SECONDS: f64 = 0.8;
/// How long before an airing the clocks stop being moved: time for the node to hand the sound over.
const BEFORE: SignedDuration = SignedDuration::from_secs(3);
/// A blackout ends so long before the next airing: the agent must start, connect and learn the time.
const AWAKE_BEFORE: SignedDuration = SignedDuration::from_secs(8);
/// How far from its instant an airing may begin when only the broker told the time.
const PUNCTUAL: SignedDuration = SignedDuration::from_millis(250);

/// The true time of this world: the machine's, moved.
#[derive(Clone)]
struct World {
    real: SystemClock,
    ahead: Arc<AtomicI64>,
}

impl World {
    fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.ahead.load(Ordering::Relaxed))
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.real.now() + self.ahead()
    }
    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }
}

struct Bench {
    world: World,
    standin: Standin,
    card: SoundCard,
    data: PathBuf,
    mark: PathBuf,
    agent: Option<Agent>,
    clip: ClipRef,
    /// When each airing would be heard, by the real clock.
    due: Vec<Timestamp>,
    _folder: tempfile::TempDir,
}

struct Agent {
    process: Child,
    orders: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start_of(airing: usize) -> Result<Timestamp> {
    let hours = 24.0 * (airing / TIMES.len()) as f64 + TIMES[airing % TIMES.len()];
    Ok(MIDNIGHT.parse::<Timestamp>()? + SignedDuration::from_secs_f64(hours * 3_600.0))
}

impl Bench {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let real = SystemClock::new();
        let begin = start_of(0)? - SignedDuration::from_secs(60);
        let ahead = begin.duration_since(real.now());
        let world = World { real, ahead: Arc::new(i64::try_from(ahead.as_micros())?.into()) };
        let standin = Standin::start(folder.path(), Arc::new(world.clone())).await?;
        let card = SoundCard::new(folder.path().join("card"))?;
        let data = folder.path().join("data");
        standin.enrol(&data)?;
        let clip = keep_clip(&data, &tune::samples(1, SECONDS))?;
        let mark = folder.path().join("synchronized");
        let (agent, due) = (None, Vec::new());
        Ok(Self { world, standin, card, data, mark, agent, clip, due, _folder: folder })
    }

    /// Switches the machine on; its clock shows so much more than the truth.
    fn switch_on(&mut self, wrong: SignedDuration, battery: &str) -> Result<()> {
        let wall = self.world.ahead() + wrong;
        let mut process = Command::new(env!("CARGO_BIN_EXE_moved-agent"))
            .arg(&self.data)
            .arg(self.card.pcm_name())
            .arg(&self.mark)
            .args([&wall.as_secs_f64().to_string(), "0", battery])
            .envs(self.card.env())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().context("stdin")?;
        let said = BufReader::new(process.stdout.take().context("stdout")?);
        self.agent = Some(Agent { process, orders, said });
        Ok(())
    }

    /// The power goes.
    fn cut_power(&mut self) {
        self.agent = None;
    }

    fn order(&mut self, order: &str) -> Result<()> {
        let agent = self.agent.as_mut().context("it is on")?;
        writeln!(agent.orders, "{order}")?;
        let mut said = String::new();
        agent.said.read_line(&mut said)?;
        ensure!(said == "moved\n", "{order}: {said}");
        Ok(())
    }

    /// Somebody or something sets the machine's clock.
    fn step(&mut self, by: SignedDuration) -> Result<()> {
        self.order(&format!("step {}", by.as_secs_f64()))
    }

    /// The time daemon has synchronised the clock.
    fn synchronise(&self) -> Result<()> {
        let now = Duration::try_from(self.world.now().duration_since(Timestamp::UNIX_EPOCH))?;
        Ok(File::create(&self.mark)?.set_modified(UNIX_EPOCH + now)?)
    }

    /// Lets time go by until shortly before an airing, and wakes whoever sleeps by another clock.
    async fn go_to(&mut self, airing: usize, before: SignedDuration) -> Result<()> {
        let pass = (start_of(airing)? - before).duration_since(self.world.now());
        ensure!(pass.is_positive(), "{pass:?} late for airing {airing}");
        if self.agent.is_some() {
            self.order(&format!("pass {}", pass.as_secs_f64()))?;
        }
        self.world.ahead.fetch_add(i64::try_from(pass.as_micros())?, Ordering::Relaxed);
        self.due.resize(airing, Timestamp::UNIX_EPOCH);
        self.due.push(start_of(airing)? - self.world.ahead());
        self.standin.command(Action::Acknowledge { airings: Vec::new() }).await
    }

    fn airing(&self, airing: usize) -> Result<AiringId> {
        Ok(AiringId::derive(&BroadcastId::from_bits([1; 16]), &self.standin.node, start_of(airing)?))
    }

    async fn receipt(&self, airing: usize) -> Result<Receipt> {
        self.standin.receipt(&self.airing(airing)?).await.with_context(|| format!("airing {airing}"))
    }

    async fn plays(&self, airing: usize) -> Result<()> {
        let receipt = self.receipt(airing).await?;
        ensure!((receipt.outcome, receipt.reason) == (Outcome::Played, None), "airing {airing}: {receipt:?}");
        let off = receipt.started_at.context("a start")?.duration_since(start_of(airing)?);
        ensure!(off.abs() <= PUNCTUAL, "airing {airing} says it began {off:?} off");
        Ok(())
    }

    async fn missed(&self, airing: usize, reason: Reason) -> Result<()> {
        let receipt = self.receipt(airing).await?;
        ensure!(
            (receipt.outcome, receipt.reason) == (Outcome::Missed, Some(reason)),
            "airing {airing}: {receipt:?}"
        );
        Ok(())
    }

    async fn trusts(&self, trust: ClockTrust) -> Result<()> {
        self.standin.says(&format!("its clock is {trust:?}"), |state| state.clock == trust).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_week_of_wrong_clocks_and_a_blackout_each_airing_sounds_once_on_time_or_is_reported()
-> Result<()> {
    let mut bench = Bench::start().await?;
    let at: Vec<_> = (0..TIMES.len()).map(start_of).collect::<Result<_>>()?;
    let planned = daily(BroadcastId::from_bits([1; 16]), &bench.clip, bench.world.now(), &at);
    bench.switch_on(SignedDuration::ZERO, "yes")?;
    bench.standin.give(&bench.standin.plan(vec![planned])?).await?;

    let mut silent = Vec::new();
    for airing in 0..AIRINGS {
        match airing {
            // Somebody sets the clock two hours ahead. Nothing speaks for it, so nothing moves.
            3 => bench.step(SignedDuration::from_hours(2))?,
            // The time daemon puts it right.
            5 => {
                bench.step(SignedDuration::from_hours(-2))?;
                bench.synchronise()?;
            }
            // It is set to the day before yesterday, and nobody tells the time: a spell without trust.
            9 => {
                bench.standin.tell_time(false);
                bench.step(SignedDuration::from_hours(-48))?;
            }
            // The broker does, when it is asked again.
            11 => bench.standin.tell_time(true),
            // A blackout over an airing; the board, without a battery, wakes up in 1970.
            14 => {
                bench.cut_power();
                std::fs::remove_file(&bench.mark)?;
            }
            _ => {}
        }
        let before = if airing == 15 { AWAKE_BEFORE } else { BEFORE };
        bench.go_to(airing, before).await?;
        match airing {
            9 => bench.trusts(ClockTrust::Unknown).await?,
            15 => {
                let since_1970 = bench.world.now().duration_since(Timestamp::UNIX_EPOCH);
                bench.switch_on(-since_1970, "no")?;
            }
            _ => {}
        }
        if let 9 | 10 | 14 = airing {
            silent.push(airing);
        } else {
            bench.plays(airing).await?;
        }
        match airing {
            5 => bench.trusts(ClockTrust::Synchronised).await?,
            11 => {
                bench.missed(9, Reason::ClockUntrusted).await?;
                bench.missed(10, Reason::ClockUntrusted).await?;
                bench.trusts(ClockTrust::Set).await?;
            }
            15 => bench.missed(14, Reason::NodeOff).await?,
            _ => {}
        }
    }

    // One receipt of each, whatever came twice.
    let mut receipts = BTreeMap::new();
    for receipt in bench.standin.receipts() {
        let first = receipts.entry(receipt.airing.as_str().to_owned()).or_insert_with(|| receipt.clone());
        ensure!(*first == receipt, "two receipts of one airing: {first:?} and {receipt:?}");
    }
    assert_eq!(receipts.len(), AIRINGS);
    // And on the tape: each that was played, once, at its instant, and nothing else.
    let heard = judge::stretches(&bench.card.captured()?, Duration::from_millis(200));
    let played: Vec<_> = (0..AIRINGS).filter(|airing| !silent.contains(airing)).collect();
    assert_eq!(heard.len(), played.len(), "{:?}", heard.iter().map(|one| one.at).collect::<Vec<_>>());
    for (stretch, airing) in heard.iter().zip(played) {
        let off = stretch.at.timestamp().duration_since(bench.due[airing]);
        ensure!(off.abs() <= PUNCTUAL, "airing {airing} sounded {off:?} off");
        let seconds = stretch.samples.len() as f64 / f64::from(tune::RATE);
        ensure!((SECONDS - 0.1..=SECONDS).contains(&seconds), "airing {airing} sounded for {seconds} s");
    }
    Ok(())
}
