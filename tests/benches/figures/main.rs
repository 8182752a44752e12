//! The figures of Loa, measured with the real programs in release builds: `make bench`, or `make bench ONLY=stop` for one of them.
//!
//! Each figure is printed as a line `figure NAME VALUE UNIT`; lines that begin otherwise say how it came about. Nothing here passes or
//! fails: bars stand in `docs/benchmarks.md`, beside what was measured.

#![allow(clippy::print_stdout)] // figures are what it is asked for

mod airing;
mod cost;
mod figure;
mod idle;
mod on_air;
mod plan;
mod snapcast;
mod start;
mod trust;
mod year;

use anyhow::{Result, bail};

/// What can be measured, in this order.
const ALL: [&str; 10] = ["year", "start", "trust", "plan", "tap", "text", "stop", "airing", "cost", "idle"];

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo bench` adds this one.
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some(unknown) = only.iter().find(|name| !ALL.contains(&name.as_str())) {
        bail!("there is no figure called {unknown}; there are {}", ALL.join(", "));
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|asked| asked == name);

    // Before anything that is measured by the clock: it keeps all processors busy.
    if wanted("year") {
        year::simulated(200).await?;
    }
    // A node left alone, for as long as the rest takes.
    let idle = if wanted("idle") { Some(idle::Idle::begin().await?) } else { None };
    if wanted("start") {
        start::broker(20).await?;
    }
    if wanted("trust") {
        trust::given_and_taken(100).await?;
    }
    if wanted("plan") {
        plan::compiled(5).await?;
        plan::sealed().await?;
    }
    if ["tap", "text", "stop"].into_iter().any(wanted) {
        let commune = on_air::Commune::start().await?;
        if wanted("tap") {
            commune.tap_to_sound(60).await?;
        }
        if wanted("text") {
            commune.text_to_sound(60).await?;
        }
        if wanted("stop") {
            commune.stop_to_silence(60).await?;
        }
    }
    if wanted("airing") {
        airing::start_error(3).await?;
    }
    if wanted("cost") {
        cost::against_snapclient(5).await?;
    }
    if let Some(idle) = idle {
        idle.end().await?;
    }
    Ok(())
}
