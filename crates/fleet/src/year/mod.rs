//! A simulated year of a commune, in virtual time: what was decided is held against what sounded and what was reported.
//!
//! Its nodes run the agent's own logic with real signed envelopes, real journals and real plan files. Around them power cuts, restarts, torn
//! journals, lost messages, days without a network and clocks that are wrong, in a zone that puts its clocks forward and back, while
//! the programme, the policy and the stop latch change. Everything follows from a seed, so that what went wrong can be run again.
//!
//! An airing must sound at most once, within its window and within the policy, and be reported, whatever happens.

mod clock;
mod judge;
mod ledger;
mod office;
mod pole;
mod tape;
mod weather;

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use jiff::SignedDuration;
use loa_protocol::AuthorityKey;
use rand::{Rng, SeedableRng, rngs::StdRng};

pub use judge::Verdict;
use office::Office;
use pole::{Broker, Pole};

/// Which years, and of how large a commune.
#[derive(Debug, Clone, Copy)]
pub struct Years {
    /// The first seed.
    pub from_seed: u64,
    /// How many of them.
    pub seeds: u64,
    /// Nodes of the commune.
    pub nodes: usize,
    /// Days of each year; at least eight, of which the last four are quiet.
    pub days: i64,
}

/// One year, by its seed.
#[derive(Debug)]
pub struct Year {
    /// Its seed.
    pub seed: u64,
    /// The commune's zone.
    pub zone: &'static str,
    /// Airings that the broker expected.
    pub expected: usize,
    /// What came of them.
    pub verdict: Verdict,
}

impl fmt::Display for Year {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "seed {} ({}): {} expected; {}", self.seed, self.zone, self.expected, self.verdict)
    }
}

/// Simulates the years, as many at once as there are processors; `tell` hears of each as it is over, in no order.
pub fn simulate(years: Years, tell: &(dyn Fn(&Year) + Sync)) -> Result<Verdict> {
    let (next, total) = (AtomicU64::new(0), Mutex::new(Verdict::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= years.seeds {
                return Ok(());
            }
            let year = year(years.from_seed + number, years)?;
            tell(&year);
            *total.lock().unwrap_or_else(PoisonError::into_inner) += year.verdict;
        }
    };
    std::thread::scope(|scope| -> Result<()> {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            thread.join().map_err(|_| anyhow::anyhow!("a simulated node broke down; see above"))??;
        }
        Ok(())
    })?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Simulates one year.
fn year(seed: u64, years: Years) -> Result<Year> {
    let mut chance = StdRng::seed_from_u64(seed);
    let office = Office::new(seed, years.nodes, years.days, &mut chance);
    let month = SignedDuration::from_hours(24 * 31);
    let authority = AuthorityKey::from_seed(&[1; 32])?;
    let broker = Broker {
        key: authority.certify(&[2; 32], office.from - month, office.to + month)?,
        authority: authority.public_key(),
    };
    let folder = tempfile::Builder::new().prefix("loa-year-").tempdir_in(memory())?;
    let (mut verdict, mut expected) = (Verdict::default(), 0);
    for index in 0..years.nodes {
        let (of_node, count) =
            node(&office, &broker, index, &folder.path().join(index.to_string()), chance.random())
                .with_context(|| format!("seed {seed}, node {index}"))?;
        verdict += of_node;
        expected += count;
    }
    Ok(Year { seed, zone: office.zone_name, expected, verdict })
}

/// A folder in memory where there is one: a journal is written a thousand times faster there.
fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn node(office: &Office, broker: &Broker, index: usize, data: &Path, seed: u64) -> Result<(Verdict, usize)> {
    let mut chance = StdRng::seed_from_u64(seed);
    let id = pole::node_id(index).context("a name for the node")?;
    std::fs::create_dir_all(data)?;
    let expected = ledger::expected(office, index, &id);
    let starts: BTreeSet<_> = expected.iter().map(|expected| expected.start).collect();
    let starts: Vec<_> = starts.into_iter().collect();
    let weather = weather::weather(office.from, office.quiet_from(), &starts, &mut chance);
    let pole = Pole::new(office, broker, index, data.to_owned(), weather, chance).context("a node")?;
    let record = pole.live();
    std::fs::remove_dir_all(data)?;
    let known = ledger::known(office, index, &id, &record, &expected);
    let rules: Vec<_> = office.versions.iter().map(|version| (&*version.policy, version.volume)).collect();
    let case = judge::Case {
        node: &id,
        heard: &record.heard,
        ordered: &known.ordered,
        owed: &known.owed,
        untold: known.untold,
        receipts: &record.receipts,
        rules: &rules,
        zone: &office.zone,
    };
    let verdict = Verdict { journal_bytes: record.journal_bytes, ..judge::judge(&case) };
    Ok((verdict, expected.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_some_simulated_months_nothing_is_lost_doubled_late_or_forbidden() {
        let years = Years { from_seed: 1, seeds: 3, nodes: 5, days: 60 };
        let verdict = simulate(years, &|_| {}).unwrap();
        assert!(verdict.is_clean(), "{verdict:#?}");
        assert!(verdict.sounds > 1_000, "hardly anything sounded: {verdict:#?}");
    }

    #[test]
    fn a_seed_gives_the_same_year_again() {
        let years = Years { from_seed: 9, seeds: 1, nodes: 2, days: 20 };
        let once = simulate(years, &|_| {}).unwrap();
        assert_eq!(once, simulate(years, &|_| {}).unwrap());
        assert!(once.sounds > 10, "{once:?}");
    }
}
