//! The proof of an airing: what came of it on one node. One receipt an airing; the broker keeps the first it gets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AiringId, BroadcastId, ClipHash};

/// What came of an airing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every frame was taken by the sound device.
    Played,
    /// Some of it was.
    Partial,
    /// A stronger item took the output.
    PreEmpted,
    /// None of it was.
    Missed,
    /// The node would not play it.
    Refused,
}

/// Why the outcome isn't simply *played*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A person stopped it.
    Stopped,
    /// A stronger class, or a newer emergency, took the output.
    StrongerClass,
    /// The sound device was away for some or all of it.
    OutputLost,
    /// The agent or its machine stopped in the middle.
    AgentRestarted,
    /// The clip could not be fetched in time.
    ClipUnavailable,
    /// The clip's bytes are not what its name says, or can't be decoded.
    ClipCorrupt,
    /// It came, or its turn came, after its expiry.
    Expired,
    /// The node's disk could not take it.
    DiskFull,
    /// The broker heard nothing of the node until after the expiry. Only the broker gives this one.
    NodeSilent,
    /// The node didn't run when it was due, nor within its catch-up window.
    NodeOff,
    /// The node didn't trust its clock when it was due.
    ClockUntrusted,
    /// The plan with it came after its catch-up window.
    PlanLate,
    /// The policy allows no sound at this hour.
    OutsideHours,
    /// The session would have been longer than the policy allows.
    SessionTooLong,
    /// The policy allows no further session this day.
    TooManySessions,
    /// Everything was stopped, and not yet released.
    Latched,
    /// A reason of a newer version.
    #[serde(other)]
    Other,
}

/// What came of one airing on one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The airing.
    pub airing: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Its nominal start, from which, with broadcast and node, the airing's id follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, when it isn't simply *played*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the first frame sounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the last frame sounded, or the outcome was settled.
    pub ended_at: Timestamp,
    /// Frames of the clip (48 kHz) that the sound device took.
    pub frames: u64,
    /// Frames of the clip in all.
    pub clip_frames: u64,
    /// What was played.
    pub clip: ClipHash,
}

/// Receipts on their way to the broker, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptBatch {
    /// At most [`crate::limits::RECEIPTS_PER_BATCH`].
    pub receipts: Vec<Receipt>,
}
