//! What the journal writes, one checked line each.

use jiff::Timestamp;
use loa_protocol::{AiringId, BroadcastId, Class, ClipRef, CommandId, Limit, Receipt, ReplayGuard};
use serde::{Deserialize, Serialize};

/// An airing that the node has taken on: from here on it owes the broker a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The airing.
    pub airing: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Class of the bulletin.
    pub class: Class,
    /// Its title, for logs.
    pub title: String,
    /// Its nominal start.
    pub start: Timestamp,
    /// It may not begin from this instant on.
    pub expires_at: Timestamp,
    /// What to play.
    pub clip: ClipRef,
    /// How the timetable brought it; none: a command did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<ByPlan>,
}

/// What a plan says of an airing besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByPlan {
    /// Its place among waiting equals.
    #[serde(default)]
    pub order: u32,
    /// Pre-empted, it goes on later.
    #[serde(default)]
    pub resume: bool,
    /// Limits lifted for it.
    #[serde(default)]
    pub exceeds: Vec<Limit>,
}

/// What is remembered of an airing once the broker has its receipt: that it was, so that it is never aired again, and when it sounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its nominal start.
    pub start: Timestamp,
    /// When it sounded, if it had begun to; to the first again when nobody knows how far it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<(Timestamp, Timestamp)>,
    /// Whether it counts among the sessions of a day: emergencies don't, nor what was never heard as far as is known.
    pub counts: bool,
}

impl Accepted {
    /// Frames of the clip at 48 kHz as far as its duration tells; exact to a millisecond.
    pub fn clip_frames(&self) -> u64 {
        self.clip.duration_ms.saturating_mul(48)
    }
}

/// How far an airing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When its first frame sounded.
    pub started_at: Option<Timestamp>,
    /// Frames that the device has taken.
    pub frames: u64,
    /// When this was so.
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Record {
    /// Everything the guard knew when the journal was last written anew.
    Guard { guard: ReplayGuard },
    /// A command was admitted.
    Admitted { id: CommandId, issued_at: Timestamp, expires_at: Timestamp },
    /// Something rightly signed was issued then.
    Saw { issued_at: Timestamp },
    /// A stop was obeyed: of one broadcast, or of everything.
    Stopped { broadcast: Option<BroadcastId>, issued_at: Timestamp },
    /// An airing was taken on.
    Accepted(Accepted),
    /// It is about to sound.
    Begun { airing: AiringId, at: Timestamp },
    /// So much of it has sounded.
    Progress { airing: AiringId, progress: Progress },
    /// Its receipt, which waits for the broker's acknowledgement.
    Settled {
        receipt: Receipt,
        /// Whether it counts among the sessions of a day.
        #[serde(default = "yes")]
        counts: bool,
    },
    /// The broker has these receipts.
    Forgotten { airings: Vec<AiringId> },
    /// The broker has had this one's; written when the journal is written anew.
    Past { airing: AiringId, past: Past },
    /// Airings by timetable that start before this instant have all been taken on or settled.
    Considered { until: Timestamp },
    /// So have those of this version of a broadcast that started before the plan came.
    Knows { broadcast: BroadcastId, since: Timestamp },
    /// Everything is stopped until a plan issued later says otherwise; none: it did.
    Latch { since: Option<Timestamp> },
}

fn yes() -> bool {
    true
}
