//! Simulated years of a commune, one for each seed: what is never reported, what sounds twice, what sounds against the policy. Each of it
//! must be 0; a seed that isn't clean is printed, so that `loa-fleet year --from-seed N --seeds 1` can run it again.

use anyhow::Result;
use loa_fleet::year::{Years, simulate};

use super::figure::figure;

/// `sim_year_unreported`, `sim_year_doubled`, `sim_year_late`, `sim_year_outside_policy`, `journal_bytes_written_per_airing`.
pub(crate) async fn simulated(seeds: u64) -> Result<()> {
    let years = Years { from_seed: 1, seeds, nodes: 25, days: 365 };
    let tell = |year: &loa_fleet::year::Year| {
        if !year.verdict.is_clean() {
            println!("{year}");
        }
    };
    let total = tokio::task::spawn_blocking(move || simulate(years, &tell)).await??;
    println!("{seeds} simulated years of {} nodes, a seed each: {total}", years.nodes);
    figure("sim_year_unreported", total.missed_unreported as f64, "airings");
    figure("sim_year_doubled", total.doubled as f64, "airings");
    figure("sim_year_late", total.late as f64, "sounds");
    figure("sim_year_outside_policy", total.outside_policy as f64, "sounds");
    let airings: usize = total.outcomes.values().sum();
    figure("journal_bytes_written_per_airing", total.journal_bytes as f64 / airings.max(1) as f64, "bytes");
    Ok(())
}
