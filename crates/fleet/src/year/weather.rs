//! What befalls one node in a year: power cuts, restarts, days without a network, and a clock that is put wrong.

use jiff::{SignedDuration, Timestamp};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

use super::clock::later;

/// Something that happens to a node from outside.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// The power goes, or with `killed` only the process; for how long.
    Dark {
        lasts: SignedDuration,
        killed: bool,
        /// In the middle of the next thing that it writes.
        amid: bool,
    },
    /// It is restarted in an orderly way.
    Restart,
    /// The network goes, or comes back.
    Link { up: bool },
    /// The clock is put forward or back, and nobody knows.
    Step(SignedDuration),
}

/// Everything that befalls a node, in order. Airings start at `starts`: that is where it is worst.
pub(super) fn weather(
    from: Timestamp,
    to: Timestamp,
    starts: &[Timestamp],
    chance: &mut StdRng,
) -> Vec<(Timestamp, Fate)> {
    let mut fates = Vec::new();
    let hours = to.duration_since(from).as_hours().max(1);
    let mut often = |per_year: i64| {
        let expected = per_year * hours / (365 * 24);
        chance.random_range(expected / 2..=expected * 3 / 2 + 1)
    };
    let (dark, restarts, steps) = (often(70), often(30), often(8));
    let mut add = |count: i64, fate: fn(&mut StdRng) -> Fate, chance: &mut StdRng| {
        for _ in 0..count {
            let anywhere = later(from, SignedDuration::from_secs(chance.random_range(0..hours * 3_600)));
            let at = match starts.choose(chance) {
                Some(start) if chance.random_bool(0.6) => {
                    later(*start, SignedDuration::from_millis(chance.random_range(-1_500..240_000)))
                }
                _ => anywhere,
            };
            fates.push((at, fate(chance)));
        }
    };
    add(dark, darkness, chance);
    add(restarts, |_| Fate::Restart, chance);
    add(steps, step, chance);
    let mut at = from;
    while at < to {
        at = later(at, SignedDuration::from_secs(chance.random_range(3_600..500_000)));
        fates.push((at, Fate::Link { up: false }));
        at = later(at, outage(chance));
        fates.push((at, Fate::Link { up: true }));
    }
    fates.retain(|(at, _)| (from..to).contains(at));
    fates.push((to, Fate::Link { up: true }));
    fates.sort_by_key(|(at, _)| *at);
    fates
}

fn darkness(chance: &mut StdRng) -> Fate {
    let killed = chance.random_bool(0.3);
    let lasts = match chance.random_range(0..100) {
        _ if killed => chance.random_range(1..10),
        0..60 => chance.random_range(10..180),
        60..90 => chance.random_range(300..20_000),
        90..99 => chance.random_range(20_000..300_000),
        _ => chance.random_range(300_000..2_400_000),
    };
    Fate::Dark { lasts: SignedDuration::from_secs(lasts), killed, amid: chance.random_bool(0.6) }
}

fn outage(chance: &mut StdRng) -> SignedDuration {
    SignedDuration::from_secs(match chance.random_range(0..100) {
        0..70 => chance.random_range(60..3_600),
        70..95 => chance.random_range(3_600..86_400),
        _ => chance.random_range(86_400..1_800_000),
    })
}

fn step(chance: &mut StdRng) -> Fate {
    let seconds = 2_f64.powf(chance.random_range(0.0..15.5)) as i64;
    let seconds = if chance.random_bool(0.5) { seconds } else { -seconds };
    Fate::Step(SignedDuration::from_secs(seconds))
}
