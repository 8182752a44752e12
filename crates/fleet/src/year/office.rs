//! What people decide in the commune's year: the programme, the policy, the latch, and what is to sound at once. All of it is drawn
//! beforehand, from a seed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, civil::Time, tz::TimeZone};
use loa_protocol::{
    Action, BroadcastId, Class, ClipHash, ClipRef, CommandId, Every, Latch, Limit, Planned, Play, Policy,
    Timetable,
    plan::Volume,
    policy::{Ceiling, Span},
    timetable::Repeats,
};
use loa_schedule::programme;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

use super::clock::later;

/// Zones of communes: most of the world has none of Vietnam's peace.
const ZONES: [&str; 4] = ["Asia/Ho_Chi_Minh", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo"];
/// Local times of day that make trouble: the edges of the usual hours, midnight, and when clocks jump.
const TIMES: [(i8, i8); 12] = [
    (5, 0),
    (5, 0),
    (5, 30),
    (6, 15),
    (11, 0),
    (17, 0),
    (17, 5),
    (21, 55),
    (23, 50),
    (0, 0),
    (2, 15),
    (2, 30),
];

/// A broadcast of the programme, and the nodes that it is for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) planned: Arc<Planned>,
    pub(super) nodes: Arc<[bool]>,
}

/// Everything as it is from some instant on.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) at: Timestamp,
    pub(super) policy: Arc<Policy>,
    pub(super) latch: Option<Latch>,
    pub(super) volume: Volume,
    pub(super) programme: Vec<Entry>,
}

/// An order for this instant.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: CommandId,
    pub(super) at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) action: Action,
    pub(super) nodes: Arc<[bool]>,
}

/// A commune's year.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) zone_name: &'static str,
    pub(super) zone: TimeZone,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// In order; the first is of the first instant.
    pub(super) versions: Vec<Version>,
    /// In order.
    pub(super) orders: Vec<Order>,
}

/// The bytes of a broadcast's clip: no sound is decoded here, so its name will do.
pub(super) fn clip_bytes(broadcast: &BroadcastId) -> Vec<u8> {
    broadcast.as_str().as_bytes().to_vec()
}

impl Office {
    /// A year of so many days for so many nodes.
    pub(super) fn new(seed: u64, nodes: usize, days: i64, chance: &mut StdRng) -> Self {
        let index = usize::try_from(seed % 2).unwrap_or(0);
        let zone_name = if index == 0 { ZONES[0] } else { ZONES[chance.random_range(1..ZONES.len())] };
        let from = Timestamp::from_second(1_800_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let to = later(from, SignedDuration::from_hours(24 * days));
        let mut office = Self {
            zone_name,
            zone: programme::zone(zone_name),
            from,
            to,
            versions: Vec::new(),
            orders: Vec::new(),
        };
        let first = Version {
            at: from,
            policy: Arc::new(policy(chance)),
            latch: None,
            volume: volume(chance),
            programme: (0..chance.random_range(4..8)).map(|_| office.entry(from, nodes, chance)).collect(),
        };
        office.versions.push(first);
        office.live(nodes, chance);
        office.orders.sort_by_key(|order| order.at);
        office
    }

    /// Nothing is decided in the last days: what is to be reported gets through.
    pub(super) fn quiet_from(&self) -> Timestamp {
        later(self.to, -SignedDuration::from_hours(4 * 24))
    }

    fn live(&mut self, nodes: usize, chance: &mut StdRng) {
        let mut at = self.from;
        let mut release = None;
        loop {
            at = later(at, SignedDuration::from_secs(chance.random_range(600..8 * 86_400)));
            if let Some(release_at) = release.filter(|release_at| *release_at <= at) {
                at = release_at;
            } else if chance.random_bool(0.4) {
                // Just before, in or just after an airing: where it hurts.
                at = self.near_an_airing(at, chance);
            }
            if at >= self.quiet_from() {
                return;
            }
            let Some(last) = self.versions.last() else { return };
            let mut next = Version { at, ..last.clone() };
            if release.is_some_and(|release_at| release_at <= at) {
                (next.latch, release) = (None, None);
            } else {
                match chance.random_range(0..10) {
                    0 | 1 => next.programme.push(self.entry(at, nodes, chance)),
                    2 if next.programme.len() > 2 => {
                        next.programme.swap_remove(chance.random_range(0..next.programme.len()));
                    }
                    3 | 4 => self.edit(&mut next, nodes, chance),
                    5 => next.policy = Arc::new(policy(chance)),
                    6 => next.volume = volume(chance),
                    7 if release.is_none() && chance.random_bool(0.5) => {
                        next.latch = Some(Latch { since: at, by: "Bí thư".into() });
                        let hours = chance.random_range(1..60);
                        release = Some(later(at, SignedDuration::from_mins(hours * 47)));
                        let action = Action::Stop { broadcast: None, latch: true };
                        self.order(at, action, vec![true; nodes].into(), chance);
                        next.at = later(at, SignedDuration::from_millis(5));
                    }
                    _ => {
                        self.now(at, nodes, chance);
                        continue;
                    }
                }
            }
            at = next.at;
            self.versions.push(next);
        }
    }

    fn near_an_airing(&self, at: Timestamp, chance: &mut StdRng) -> Timestamp {
        let Some(entry) = self.versions.last().and_then(|version| version.programme.choose(chance)) else {
            return at;
        };
        let end = later(at, SignedDuration::from_hours(24 * 8));
        let start =
            programme::slots(&entry.planned, &self.zone, at, end).first().map_or(at, |slot| slot.start);
        later(start, SignedDuration::from_millis(chance.random_range(-90_000..200_000))).max(at)
    }

    fn now(&mut self, at: Timestamp, nodes: usize, chance: &mut StdRng) {
        let broadcast = BroadcastId::from_bits(chance.random());
        let class =
            *[Class::Normal, Class::Priority, Class::Emergency].choose(chance).unwrap_or(&Class::Normal);
        let clip = clip(&broadcast, chance.random_range(10_000..300_000));
        let audience = audience(nodes, chance);
        let play =
            Play { broadcast: broadcast.clone(), class, title: "Ngay".into(), language: "vi".into(), clip };
        self.order(at, Action::Play(play), audience.clone(), chance);
        if chance.random_bool(0.2) {
            let stop = Action::Stop { broadcast: Some(broadcast), latch: false };
            let after = SignedDuration::from_secs(chance.random_range(1..120));
            self.order(later(at, after), stop, audience, chance);
        }
    }

    fn order(&mut self, at: Timestamp, action: Action, nodes: Arc<[bool]>, chance: &mut StdRng) {
        let id = match &action {
            Action::Play(play) => play.broadcast.as_str().parse().ok(),
            _ => None,
        };
        let id = id.unwrap_or_else(|| CommandId::from_bits(chance.random()));
        let lives = if matches!(action, Action::Play(_)) { chance.random_range(60..1_800) } else { 86_400 };
        self.orders.push(Order {
            id,
            at,
            expires_at: later(at, SignedDuration::from_secs(lives)),
            action,
            nodes,
        });
    }

    fn entry(&self, at: Timestamp, nodes: usize, chance: &mut StdRng) -> Entry {
        let id = BroadcastId::from_bits(chance.random());
        let clip = clip(&id, chance.random_range(20_000..900_000));
        let lifted = [Limit::Hours, Limit::SessionMinutes, Limit::SessionsPerDay, Limit::Volume];
        let planned = Planned {
            id,
            since: at,
            class: class(chance),
            title: "Bản tin".into(),
            language: "vi".into(),
            clip,
            timetable: timetable(self.zone.to_datetime(at).date(), chance),
            time_zone: None,
            repeats: repeats(chance),
            catch_up_s: catch_up(chance),
            expires_at: chance
                .random_bool(0.1)
                .then(|| later(at, SignedDuration::from_secs(chance.random_range(3_600..5_000_000)))),
            order: chance.random_range(0..3),
            resume: chance.random_bool(0.4),
            exceeds: lifted.into_iter().filter(|_| chance.random_bool(0.15)).collect(),
        };
        Entry { planned: Arc::new(planned), nodes: audience(nodes, chance) }
    }

    /// Changes one entry: from here on it is another.
    fn edit(&self, version: &mut Version, nodes: usize, chance: &mut StdRng) {
        let at = version.at;
        let index = chance.random_range(0..version.programme.len().max(1));
        let Some(entry) = version.programme.get_mut(index) else { return };
        let mut planned = Planned { since: at, ..(*entry.planned).clone() };
        match chance.random_range(0..6) {
            0 => planned.timetable = timetable(self.zone.to_datetime(at).date(), chance),
            1 => planned.class = class(chance),
            2 => planned.repeats = repeats(chance),
            3 => planned.catch_up_s = catch_up(chance),
            4 => planned.resume = !planned.resume,
            _ => entry.nodes = audience(nodes, chance),
        }
        entry.planned = Arc::new(planned);
    }
}

fn audience(nodes: usize, chance: &mut StdRng) -> Arc<[bool]> {
    let share = chance.random_range(0.3..1.3_f64).min(1.0);
    (0..nodes).map(|_| chance.random_bool(share)).collect()
}

fn clip(broadcast: &BroadcastId, duration_ms: u64) -> ClipRef {
    let bytes = clip_bytes(broadcast);
    ClipRef { hash: ClipHash::of(&bytes), bytes: bytes.len() as u64, duration_ms, attached: false }
}

fn class(chance: &mut StdRng) -> Class {
    match chance.random_range(0..10) {
        0 => Class::Emergency,
        1..=3 => Class::Priority,
        _ => Class::Normal,
    }
}

fn repeats(chance: &mut StdRng) -> Repeats {
    match chance.random_range(0..4) {
        0 => Repeats { count: chance.random_range(2..4), gap_s: chance.random_range(0..1_200) },
        _ => Repeats::default(),
    }
}

fn catch_up(chance: &mut StdRng) -> u32 {
    *[30, 60, 600, 600, 3_600, 14_400].choose(chance).unwrap_or(&600)
}

fn volume(chance: &mut StdRng) -> Volume {
    Volume { percent: chance.random_range(40..=100), emergency_percent: 100 }
}

fn timetable(from: Date, chance: &mut StdRng) -> Timetable {
    let (every, days) = match chance.random_range(0..20) {
        0..=10 => (Every::Day, Vec::new()),
        11..=16 => (Every::Week, (1..=7).filter(|_| chance.random_bool(0.5)).chain([7]).collect()),
        17 => (Every::Month, vec![chance.random_range(1..=31), -1]),
        _ => (Every::Once, Vec::new()),
    };
    let times = (0..chance.random_range(1..3)).map(|_| time(chance)).collect();
    let from = from.saturating_add(chance.random_range(0..3).days());
    let until = (every != Every::Once && chance.random_bool(0.2))
        .then(|| from.saturating_add(chance.random_range(1..120).days()));
    let except =
        (0..chance.random_range(0..4)).map(|_| from.saturating_add(chance.random_range(0..60).days()));
    Timetable { every, days, times, from, until, except: except.collect() }
}

fn time(chance: &mut StdRng) -> Time {
    let usual = *TIMES.choose(chance).unwrap_or(&TIMES[0]);
    let any = (chance.random_range(0..24), chance.random_range(0..60));
    let (hour, minute) = if chance.random_bool(0.6) { usual } else { any };
    Time::new(hour, minute, 0, 0).unwrap_or(Time::MIN)
}

fn policy(chance: &mut StdRng) -> Policy {
    let span = |from: u16, to: u16| Span { from: from * 60, to: to * 60 };
    let mut policy = match chance.random_range(0..5) {
        0 => Policy::unlimited(),
        1 => Policy { hours: std::array::from_fn(|_| vec![span(5, 11), span(13, 21)]), ..Policy::default() },
        2 => Policy { hours: std::array::from_fn(|_| vec![span(0, 1), span(4, 24)]), ..Policy::default() },
        _ => Policy::default(),
    };
    if chance.random_bool(0.3) {
        policy.hours[6].clear();
    }
    policy.session_minutes = chance.random_bool(0.4).then(|| chance.random_range(10..40));
    policy.sessions_per_day = chance.random_bool(0.4).then(|| chance.random_range(1..6));
    if chance.random_bool(0.5) {
        let from = chance.random_range(0..1_000);
        let to = from + chance.random_range(1..440);
        policy.ceilings.push(Ceiling { from, to, percent: chance.random_range(10..100) });
    }
    policy.exceedable = [Limit::Hours, Limit::SessionMinutes, Limit::SessionsPerDay, Limit::Volume]
        .into_iter()
        .filter(|_| chance.random_bool(0.5))
        .collect();
    policy
}
