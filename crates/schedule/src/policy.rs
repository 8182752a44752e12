//! What a policy says of one airing, and how policies of areas become one.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use loa_protocol::{
    Class, Limit, Policy,
    policy::{Ceiling, DAY_MINUTES, Span},
};

/// A pause this long ends a session.
pub const SESSION_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// Something that sounded, or will: from, to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spell {
    /// First instant.
    pub from: Timestamp,
    /// The instant after the last.
    pub to: Timestamp,
}

/// What wants to sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Class of the bulletin.
    pub class: Class,
    /// When it would sound.
    pub spell: Spell,
    /// Limits lifted for it.
    pub exceeds: &'a [Limit],
}

/// The limit that a wish would break, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breach {
    /// Outside the allowed hours.
    Hours,
    /// The session would last so many minutes, rounded up, and may last so many.
    SessionMinutes {
        /// It would.
        would: u32,
        /// It may.
        may: u16,
    },
    /// It would begin another session on a day that may have so many.
    SessionsPerDay {
        /// It may.
        may: u16,
    },
}

impl Breach {
    /// Which limit.
    pub fn limit(&self) -> Limit {
        match self {
            Self::Hours => Limit::Hours,
            Self::SessionMinutes { .. } => Limit::SessionMinutes,
            Self::SessionsPerDay { .. } => Limit::SessionsPerDay,
        }
    }
}

/// Whether something may sound. `earlier` is what sounds before it on that local day, in any order; emergencies don't count among it.
pub fn judge(policy: &Policy, zone: &TimeZone, wish: &Wish<'_>, earlier: &[Spell]) -> Result<(), Breach> {
    if wish.class == Class::Emergency {
        return Ok(());
    }
    let binds = |limit| !(wish.exceeds.contains(&limit) && policy.exceedable.contains(&limit));
    if binds(Limit::Hours) && !within_hours(policy, zone, wish.spell) {
        return Err(Breach::Hours);
    }
    if policy.session_minutes.is_none() && policy.sessions_per_day.is_none() {
        return Ok(());
    }
    let day = zone.to_datetime(wish.spell.from).date();
    let today: Vec<_> = earlier
        .iter()
        .copied()
        .filter(|spell| spell.from < wish.spell.from && zone.to_datetime(spell.from).date() == day)
        .collect();
    let sessions = sessions(today);
    let joined = sessions.last().filter(|last| wish.spell.from.duration_since(last.to) < SESSION_PAUSE);
    if binds(Limit::SessionMinutes)
        && let Some(may) = policy.session_minutes
    {
        let begun = joined.map_or(wish.spell.from, |session| session.from);
        let lasts = wish.spell.to.duration_since(begun);
        if lasts > SignedDuration::from_mins(may.into()) {
            let would = u32::try_from((lasts.as_millis() + 59_999) / 60_000).unwrap_or(u32::MAX);
            return Err(Breach::SessionMinutes { would, may });
        }
    }
    if binds(Limit::SessionsPerDay)
        && let Some(may) = policy.sessions_per_day
        && joined.is_none()
        && sessions.len() >= usize::from(may)
    {
        return Err(Breach::SessionsPerDay { may });
    }
    Ok(())
}

/// What sounds with pauses shorter than [`SESSION_PAUSE`], put together, in order.
pub fn sessions(mut spells: Vec<Spell>) -> Vec<Spell> {
    spells.sort_unstable();
    let mut sessions: Vec<Spell> = Vec::new();
    for spell in spells {
        match sessions.last_mut() {
            Some(last) if spell.from.duration_since(last.to) < SESSION_PAUSE => {
                last.to = last.to.max(spell.to);
            }
            _ => sessions.push(spell),
        }
    }
    sessions
}

fn within_hours(policy: &Policy, zone: &TimeZone, spell: Spell) -> bool {
    let (from, to) = (zone.to_datetime(spell.from), zone.to_datetime(spell.to));
    let mut day = from.date();
    // Midnight itself ends the day before.
    loop {
        let begin = if day == from.date() { minute_of(from) } else { 0.0 };
        let end = if day < to.date() { f64::from(DAY_MINUTES) } else { minute_of(to) };
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        let allowed = policy
            .hours
            .get(weekday)
            .is_some_and(|spans| spans.iter().any(|s| f64::from(s.from) <= begin && end <= f64::from(s.to)));
        if begin < end && !allowed {
            return false;
        }
        match day.tomorrow() {
            Ok(next) if next <= to.date() => day = next,
            _ => return true,
        }
    }
}

fn minute_of(at: DateTime) -> f64 {
    let time = at.time();
    f64::from(time.hour()) * 60.0
        + f64::from(time.minute())
        + (f64::from(time.second()) + f64::from(time.subsec_nanosecond()) / 1e9) / 60.0
}

/// The volume ceiling at an instant, percent.
pub fn ceiling(policy: &Policy, zone: &TimeZone, class: Class, exceeds: &[Limit], at: Timestamp) -> u8 {
    if class == Class::Emergency
        || (exceeds.contains(&Limit::Volume) && policy.exceedable.contains(&Limit::Volume))
    {
        return 100;
    }
    let minute = minute_of(zone.to_datetime(at));
    policy
        .ceilings
        .iter()
        .filter(|c| f64::from(c.from) <= minute && minute < f64::from(c.to))
        .map(|c| c.percent)
        .min()
        .unwrap_or(100)
}

/// Whether a policy can be meant: spans and ceilings within a day, not empty, in order and apart.
pub fn is_sound(policy: &Policy) -> bool {
    let within = |from: u16, to: u16| from < to && to <= DAY_MINUTES;
    let hours = policy.hours.iter().all(|spans| {
        spans.iter().all(|s| within(s.from, s.to)) && spans.windows(2).all(|w| w[0].to < w[1].from)
    });
    let ceilings = policy.ceilings.iter().all(|c| within(c.from, c.to) && c.percent <= 100);
    hours && ceilings && policy.session_minutes != Some(0)
}

/// What both policies allow: the outer area's, tightened by the inner one's.
pub fn tightened(outer: &Policy, inner: &Policy) -> Policy {
    let least = |a: Option<u16>, b: Option<u16>| a.into_iter().chain(b).min();
    let mut ceilings = outer.ceilings.clone();
    ceilings.extend(inner.ceilings.iter().copied().filter(|c| !outer.ceilings.contains(c)));
    let both = |limit: &&Limit| inner.exceedable.contains(limit);
    Policy {
        hours: std::array::from_fn(|day| common(&outer.hours[day], &inner.hours[day])),
        session_minutes: least(outer.session_minutes, inner.session_minutes),
        sessions_per_day: least(outer.sessions_per_day, inner.sessions_per_day),
        ceilings,
        exceedable: outer.exceedable.iter().filter(both).copied().collect(),
    }
}

/// What of `inner` would allow more than `outer` does: a policy is only tightened downwards.
pub fn loosened(outer: &Policy, inner: &Policy) -> Vec<Limit> {
    let more = |outer: Option<u16>, inner: Option<u16>| match (outer, inner) {
        (Some(outer), Some(inner)) => inner > outer,
        (Some(_), None) => true,
        (None, _) => false,
    };
    let mut limits = Vec::new();
    if (0..7).any(|day| common(&outer.hours[day], &inner.hours[day]) != inner.hours[day]) {
        limits.push(Limit::Hours);
    }
    if more(outer.session_minutes, inner.session_minutes) {
        limits.push(Limit::SessionMinutes);
    }
    if more(outer.sessions_per_day, inner.sessions_per_day) {
        limits.push(Limit::SessionsPerDay);
    }
    if (0..DAY_MINUTES).any(|minute| lowest(&inner.ceilings, minute) > lowest(&outer.ceilings, minute)) {
        limits.push(Limit::Volume);
    }
    limits
}

fn lowest(ceilings: &[Ceiling], minute: u16) -> u8 {
    ceilings.iter().filter(|c| c.from <= minute && minute < c.to).map(|c| c.percent).min().unwrap_or(100)
}

fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut common: Vec<_> = a
        .iter()
        .flat_map(|a| b.iter().map(|b| Span { from: a.from.max(b.from), to: a.to.min(b.to) }))
        .filter(|span| span.from < span.to)
        .collect();
    common.sort_unstable();
    common
}

/// The local day of an instant.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}
