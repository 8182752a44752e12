//! What comes of an entry before it is saved, as the API shows it.

use jiff::Timestamp;
use loa_protocol::{Class, Limit};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AreaName, programme::named};
use crate::programme::{judge::Breached, preview::Warning, territory::Territory};

/// One of the next airings.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NextAiring {
    /// Its nominal start.
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    /// Which of the repeats, from 0.
    pub repeat: u8,
    /// On how many nodes.
    pub nodes: usize,
    /// In how many hamlets.
    pub hamlets: usize,
    /// How long it is, seconds, rounded up.
    pub duration_s: u64,
}

/// An airing that a policy would refuse.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BreachBody {
    /// Of this entry; an empty one is the entry that is being made.
    pub entry: String,
    /// `hours`, `session_minutes`, `sessions_per_day`.
    #[schema(value_type = String, example = "hours")]
    pub limit: Limit,
    /// Its nominal start.
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    /// A hamlet where it would be.
    pub area: AreaName,
    /// How many minutes the session would last.
    pub would: Option<u32>,
    /// How many minutes a session, or sessions a day, there may be.
    pub may: Option<u16>,
}

impl BreachBody {
    /// With names.
    pub fn new(breached: &Breached, territory: &Territory) -> Self {
        Self {
            entry: breached.entry.to_string(),
            limit: breached.limit(),
            start: breached.start,
            area: named(territory, &breached.hamlet),
            would: breached.would(),
            may: breached.may(),
        }
    }
}

/// The other entry of a collision.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Collided {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its class.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// Its airing.
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
}

/// Something that isn't refused and yet may not be meant.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WarningBody {
    /// It wants to sound while another entry does.
    Collides {
        /// The first airing that does.
        #[schema(value_type = String, format = DateTime)]
        start: Timestamp,
        /// The other entry.
        with: Collided,
    },
    /// An airing begins between 21:00 and 05:00.
    Night {
        /// The first that does.
        #[schema(value_type = String, format = DateTime)]
        start: Timestamp,
    },
    /// All hamlets of a commune hear it.
    WholeCommune {
        /// The commune.
        area: AreaName,
    },
    /// It has no airing at all.
    Never,
    /// Everything is stopped there.
    Latched {
        /// The latched area.
        area: AreaName,
    },
    /// No node would play it.
    NoNodes,
}

impl WarningBody {
    /// With names.
    pub fn new(warning: Warning, territory: &Territory) -> Self {
        match warning {
            Warning::Collides { start, entry, title, class, other_start } => Self::Collides {
                start,
                with: Collided { id: entry.to_string(), title, class, start: other_start },
            },
            Warning::Night { start } => Self::Night { start },
            Warning::WholeCommune(area) => Self::WholeCommune { area: named(territory, &area) },
            Warning::Never => Self::Never,
            Warning::Latched(area) => Self::Latched { area: named(territory, &area) },
            Warning::NoNodes => Self::NoNodes,
        }
    }
}

/// What comes of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Preview {
    /// The next airings, at most ten.
    pub next: Vec<NextAiring>,
    /// What would be refused because of it, the first ten.
    pub breaches: Vec<BreachBody>,
    /// How many airings would be refused within a year.
    pub breach_count: usize,
    /// Limits that whoever asks may lift there.
    #[schema(value_type = Vec<String>)]
    pub lifted: Vec<Limit>,
    /// What else to think of.
    pub warnings: Vec<WarningBody>,
}
