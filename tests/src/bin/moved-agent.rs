//! The real agent on a machine whose clocks a test moves: a week passes in minutes, and blackouts, wrong clocks and time daemons are had for
//! the asking. `moved-agent DATA PCM MARK WALL_S MONOTONIC_S BATTERY`
//!
//! `WALL_S` and `MONOTONIC_S` are how far its clocks are ahead of the real ones at the start, seconds; `BATTERY` is `yes` or `no`; `MARK` is the
//! time daemon's file. On standard input, a line `pass SECONDS` lets so much time go by at once, and `step SECONDS` sets the wall clock
//! alone; `moved` is said on standard output when it is done. It ends, in an orderly way, with standard input.

use std::{
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, Timestamp};
use loa_agent::{clock::BatteryClock, config::Config, output::OutputName, run};
use loa_protocol::clock::{Clock, SystemClock};

/// The machine's clocks, moved.
#[derive(Clone)]
struct Moved {
    real: SystemClock,
    /// Microseconds to add to each.
    wall: Arc<AtomicI64>,
    monotonic: Arc<AtomicI64>,
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        self.real.now() + SignedDuration::from_micros(self.wall.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        let ahead = self.monotonic.load(Ordering::Relaxed);
        self.real.monotonic() + Duration::from_micros(ahead.max(0).cast_unsigned())
    }
}

impl Moved {
    fn obey(&self, order: &str) -> Result<()> {
        let (what, seconds) = order.split_once(' ').context("an order is two words")?;
        let by = micros(seconds)?;
        match what {
            "pass" => {
                self.monotonic.fetch_add(by, Ordering::Relaxed);
                self.wall.fetch_add(by, Ordering::Relaxed);
            }
            "step" => {
                self.wall.fetch_add(by, Ordering::Relaxed);
            }
            other => bail!("unknown order {other}"),
        }
        Ok(())
    }
}

fn micros(seconds: &str) -> Result<i64> {
    Ok((seconds.parse::<f64>()? * 1e6).round() as i64)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, pcm, mark, wall, monotonic, battery] = arguments.as_slice() else {
        bail!("moved-agent DATA PCM MARK WALL_S MONOTONIC_S BATTERY")
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let clock = Moved {
        real: SystemClock::new(),
        wall: Arc::new(micros(wall)?.into()),
        monotonic: Arc::new(micros(monotonic)?.into()),
    };
    let config = Config {
        output: OutputName::Alsa(pcm.clone()),
        battery_clock: if battery == "yes" { BatteryClock::Yes } else { BatteryClock::No },
        synchronised_mark: mark.into(),
        ..Config::default()
    };
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let moved = clock.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let said = moved.obey(&line).map_or_else(|error| error.to_string(), |()| "moved".to_owned());
            let _ = writeln!(std::io::stdout(), "{said}");
        }
        drop(ended);
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let stop = async {
            let _ = end.await;
        };
        run::run_on(clock, Path::new(data), &config, stop).await
    })?;
    Ok(())
}
