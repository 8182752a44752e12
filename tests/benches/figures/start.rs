//! How long a broker with a province's communes in its store takes to be ready.

use anyhow::{Context, Result, ensure};
use loa_fleet::{Broker, BrokerOptions, process};

use super::figure::{Sample, figure, monotonic_ns};

/// Exec → the line that says it is ready, 1,000 nodes in the store. The first start, which makes the keys, isn't counted.
pub(crate) async fn broker(runs: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("broker");
    let seeded = tokio::process::Command::new(process::find("loa-broker")?)
        .args(["seed", "--nodes", "1000", "--data"])
        .arg(&data)
        .status()
        .await?;
    ensure!(seeded.success(), "the store could not be filled");
    let mut broker = Broker::start(BrokerOptions::on_loopback(folder.path())).await?;
    ensure!(broker.options().data == data, "it looks elsewhere");
    broker.stop().await.context("it stops in order")?;
    let mut taken = Vec::new();
    for _ in 0..runs {
        let exec = monotonic_ns()?;
        broker.start_again().await?;
        taken.push((monotonic_ns()? - exec) as f64 / 1e6);
        broker.stop().await.context("it stops in order")?;
    }
    let sample = Sample::new(taken)?;
    sample.tell("broker start, 1,000 nodes", "ms");
    figure("broker_start_ms", sample.median(), "ms");
    figure("broker_start_p99_ms", sample.percentile(99.0), "ms");
    Ok(())
}
