//! What a policy says of one airing.
//!
//! A policy speaks of local time: an airing that sounds while the clock jumps is judged by what the clock shows on either side. A session
//! belongs to the day on which it begins, and midnight doesn't end it.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use loa_protocol::{Class, Limit, Policy, policy::DAY_MINUTES};

pub use crate::inheritance::{is_sound, loosened, tightened};

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

/// Whether something may sound. `earlier` is what sounds before it on that local day, and on the day before in case its last session goes on
/// over midnight; in any order, and more does no harm. Emergencies don't count among it.
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
    let sessions = sessions(earlier.iter().copied().filter(|s| s.from <= wish.spell.from).collect());
    let joined = sessions.last().filter(|last| wish.spell.from.duration_since(last.to) < SESSION_PAUSE);
    if binds(Limit::SessionMinutes)
        && let Some(may) = policy.session_minutes
    {
        let session = joined.unwrap_or(&wish.spell);
        let lasts = session.to.max(wish.spell.to).duration_since(session.from);
        if lasts > SignedDuration::from_mins(may.into()) {
            let would = u32::try_from((lasts.as_millis() + 59_999) / 60_000).unwrap_or(u32::MAX);
            return Err(Breach::SessionMinutes { would, may });
        }
    }
    if binds(Limit::SessionsPerDay)
        && let Some(may) = policy.sessions_per_day
        && joined.is_none()
    {
        let day = day_of(wish.spell.from, zone);
        let today = sessions.iter().filter(|session| day_of(session.from, zone) == day).count();
        if today >= usize::from(may) {
            return Err(Breach::SessionsPerDay { may });
        }
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

/// Whether all of a spell, or its beginning when it is empty, lies within the allowed hours.
fn within_hours(policy: &Policy, zone: &TimeZone, spell: Spell) -> bool {
    let end = spell.to.max(spell.from.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(spell.to));
    let jumps = zone.following(spell.from).map(|jump| jump.timestamp()).take_while(|at| *at < end);
    let mut from = spell.from;
    for to in jumps.chain([end]) {
        // The clock runs evenly in between, from what it shows first to what it would show without the jump.
        let shows = zone.to_offset(from).to_datetime(from);
        let until = zone.to_offset(from).to_datetime(to);
        if !allows(policy, shows, until) {
            return false;
        }
        from = to;
    }
    true
}

fn allows(policy: &Policy, from: DateTime, to: DateTime) -> bool {
    let mut day = from.date();
    loop {
        let begin = if day == from.date() { since_midnight(from) } else { SignedDuration::ZERO };
        let end = if day < to.date() { minutes(DAY_MINUTES) } else { since_midnight(to) };
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        let mut spans = policy.hours.get(weekday).into_iter().flatten();
        let allowed = spans.any(|span| minutes(span.from) <= begin && end <= minutes(span.to));
        // Midnight itself ends the day before.
        if begin < end && !allowed {
            return false;
        }
        match day.tomorrow() {
            Ok(next) if next <= to.date() => day = next,
            _ => return true,
        }
    }
}

fn minutes(minutes: u16) -> SignedDuration {
    SignedDuration::from_mins(minutes.into())
}

fn since_midnight(at: DateTime) -> SignedDuration {
    at.time().duration_since(Time::midnight())
}

/// The volume ceiling at an instant, percent.
pub fn ceiling(policy: &Policy, zone: &TimeZone, class: Class, exceeds: &[Limit], at: Timestamp) -> u8 {
    if class == Class::Emergency
        || (exceeds.contains(&Limit::Volume) && policy.exceedable.contains(&Limit::Volume))
    {
        return 100;
    }
    let time = since_midnight(zone.to_datetime(at));
    policy
        .ceilings
        .iter()
        .filter(|c| minutes(c.from) <= time && time < minutes(c.to))
        .map(|c| c.percent)
        .min()
        .unwrap_or(100)
}

/// The local day of an instant.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}
