//! Figures: how they are taken, summed up and printed.

use std::time::Duration;

use anyhow::{Result, ensure};
use nix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` in nanoseconds: the clock by which the test sound cards tell when a frame sounded.
pub(crate) fn monotonic_ns() -> Result<i64> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?).as_nanos().try_into()?)
}

/// Several measurements of one thing.
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// At least one measurement.
    pub(crate) fn new(mut values: Vec<f64>) -> Result<Self> {
        ensure!(!values.is_empty() && values.iter().all(|value| value.is_finite()), "nothing was measured");
        values.sort_by(f64::total_cmp);
        Ok(Self(values))
    }

    /// The smallest value that at least so many percent of all don't exceed (nearest rank).
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50.0)
    }

    /// How it came about: for a reader who wants to know how noisy the machine was.
    pub(crate) fn tell(&self, what: &str, unit: &str) {
        println!(
            "{what}: {} runs, min {:.2}, median {:.2}, p99 {:.2}, max {:.2} {unit}",
            self.0.len(),
            self.0[0],
            self.median(),
            self.percentile(99.0),
            self.0[self.0.len() - 1]
        );
    }
}

/// Prints a figure.
pub(crate) fn figure(name: &str, value: f64, unit: &str) {
    println!("figure {name} {value:.3} {unit}");
}
