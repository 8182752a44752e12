//! What a node says of itself when something changes; retained, and published for it (as offline) when its link breaks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    clock::ClockTrust,
    command::Class,
    id::{AiringId, BroadcastId, ClipHash},
    release::ReleaseState,
    version::VersionRange,
};

/// The retained state of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeState {
    /// False only in the last will and in the farewell of an orderly stop.
    pub online: bool,
    /// True only in that farewell: a node that is not online and hasn't said it was cut off, by a power cut or by its network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub farewell: bool,
    /// When it was said, by the node's clock.
    pub at: Timestamp,
    /// The agent's version.
    pub version: String,
    /// Protocol versions it understands.
    pub protocol: VersionRange,
    /// Random for each start of the agent, so that a restart is seen.
    pub boot: String,
    /// The plan it holds; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// How far it believes its clock.
    pub clock: ClockTrust,
    /// What sounds now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playing: Option<Playing>,
    /// What waits for its turn, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<AiringId>,
    /// Whether sound can come out.
    pub output: OutputState,
    /// Everything was stopped here, and not yet released.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub latched: bool,
    /// Clips of the plan held that are not on the node's disk, those needed soonest first; at most [`crate::limits::LACKING_TOLD`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<ClipHash>,
    /// What it says of its own program; absent where none can be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseState>,
    /// A question, new for each asking, that [`crate::Action::Time`] answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
}

/// An airing that sounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playing {
    /// The airing.
    pub airing: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Its class.
    pub class: Class,
    /// When its first frame was due at the device.
    pub started_at: Timestamp,
    /// How long the clip is, milliseconds.
    pub duration_ms: u64,
}

/// The sound output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputState {
    /// Works, or nothing says otherwise.
    Ready,
    /// The device is gone or won't open; the agent keeps trying.
    Lost,
}
