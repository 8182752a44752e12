//! *Quy chế*: when and how loud an area may sound. The broker refuses to save what would break it, and the node refuses it again.
//! Emergencies pass.

use serde::{Deserialize, Serialize};

/// The minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// What an area allows. What isn't limited is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Allowed hours of each weekday, Monday first; without a span that day is silent. Spans are sorted and don't touch.
    pub hours: [Vec<Span>; 7],
    /// Longest session, minutes. A session is what sounds with pauses of less than five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_minutes: Option<u16>,
    /// Most sessions in one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions_per_day: Option<u16>,
    /// How loud at most, by hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ceilings: Vec<Ceiling>,
    /// What a broadcast may be allowed to exceed at all; see [`crate::plan::Planned::exceeds`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceedable: Vec<Limit>,
}

/// Some time of each day, minutes since local midnight: from the first, up to but without the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Its first minute, less than 1440.
    pub from: u16,
    /// The minute after its last, at most 1440.
    pub to: u16,
}

/// A ceiling on the volume for some time of each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Its first minute.
    pub from: u16,
    /// The minute after its last.
    pub to: u16,
    /// Percent of full scale by voltage.
    pub percent: u8,
}

/// What a policy limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The allowed hours.
    Hours,
    /// The minutes of a session.
    SessionMinutes,
    /// The sessions of a day.
    SessionsPerDay,
    /// The volume.
    Volume,
}

impl Default for Policy {
    /// In force where nobody has set another: 05:00 to 22:00 on all days, so that nobody is woken by mistake.
    fn default() -> Self {
        Self {
            hours: std::array::from_fn(|_| vec![Span { from: 5 * 60, to: 22 * 60 }]),
            session_minutes: None,
            sessions_per_day: None,
            ceilings: Vec::new(),
            exceedable: Vec::new(),
        }
    }
}

impl Policy {
    /// Allows everything at any hour.
    pub fn unlimited() -> Self {
        let hours = std::array::from_fn(|_| vec![Span { from: 0, to: DAY_MINUTES }]);
        Self { hours, ..Self::default() }
    }
}
