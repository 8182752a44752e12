//! When a broadcast is to be aired, as a person writes it down: local days and times of day. The crate `schedule` makes instants of it.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

/// Days and times of day, in the zone of the broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timetable {
    /// On which days.
    pub every: Every,
    /// With [`Every::Week`]: days of the week by ISO 8601, 1 is Monday and 7 Sunday. With [`Every::Month`]: days of the month, 1 to 31, and -1
    /// for the last; a month without such a day is passed over. Otherwise empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<i8>,
    /// Local times of day at which it begins.
    pub times: Vec<Time>,
    /// The first day; with [`Every::Once`] the only one.
    pub from: Date,
    /// The last day; none: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Days left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Date>,
}

/// The rhythm of a timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// On one day.
    Once,
    /// Each day.
    Day,
    /// On some days of the week.
    Week,
    /// On some days of the month.
    Month,
}

/// How often a bulletin is heard each time. Each is an airing of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// How often in all, at least 1.
    pub count: u8,
    /// Silence between the end of one and the start of the next, seconds.
    pub gap_s: u32,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { count: 1, gap_s: 0 }
    }
}

impl Repeats {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(crate) fn is_once(&self) -> bool {
        self.count <= 1
    }
}
