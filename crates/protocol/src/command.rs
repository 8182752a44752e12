//! What is meant for this instant: play now, stop, test, identify. What is to happen later is in the [`crate::Plan`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::Message,
    id::{AiringId, AreaCode, BroadcastId, ClipHash, CommandId, NodeId},
};

/// A signed order to some nodes, good from `issued_at` until `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its name; a node acts on each name once.
    pub id: CommandId,
    /// When the broker made it. Also a lower bound of the present for a node whose clock is behind.
    pub issued_at: Timestamp,
    /// From this instant on no node may begin to act on it. At most [`crate::limits::COMMAND_LIFETIME`] after `issued_at`.
    pub expires_at: Timestamp,
    /// Who is meant.
    pub audience: Audience,
    /// What to do.
    pub action: Action,
}

impl Message for Command {
    const TYPE: &'static str = "command";
}

/// The nodes meant: those named, and those of the areas named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// Nodes by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeId>,
    /// Areas: a node belongs if it lies in one of them, at any depth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<AreaCode>,
}

impl Audience {
    /// One node.
    pub fn node(node: NodeId) -> Self {
        Self { nodes: vec![node], areas: Vec::new() }
    }

    /// Whether a node is meant. `areas` are all areas it lies in: province, commune, hamlet.
    pub fn includes(&self, node: &NodeId, areas: &[AreaCode]) -> bool {
        self.nodes.contains(node) || self.areas.iter().any(|area| areas.contains(area))
    }
}

/// Class of a bulletin (Circular 39/2020/TT-BTTTT), weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// *Thông thường*.
    Normal,
    /// *Ưu tiên*.
    Priority,
    /// *Khẩn cấp*: stops whatever plays.
    Emergency,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Air a clip now.
    Play(Play),
    /// Fall silent, and drop what waits.
    Stop {
        /// Only this broadcast; everything when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        broadcast: Option<BroadcastId>,
        /// Stay silent until a plan issued later comes without a latch. Only where everything is stopped.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        latch: bool,
    },
    /// The present, in answer to the question in a node's state ([`crate::NodeState::ask`]): the node that hears its own question back knows
    /// that the broker said this after it was asked.
    Time {
        /// The question.
        answers: String,
        /// The broker's present.
        now: Timestamp,
    },
    /// Sound a test tone: a short sine, so that an installer can check the amplifier.
    TestTone {
        /// How long, milliseconds, at most 10,000.
        duration_ms: u32,
    },
    /// Make this node known where it hangs: three short tones.
    Identify,
    /// Restart the agent.
    Restart,
    /// The broker has these receipts safe; the node may forget them.
    Acknowledge {
        /// The airings whose receipts are safe.
        airings: Vec<AiringId>,
    },
}

/// Air a clip now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// The broadcast this airing is of. The airing's nominal start is the command's `issued_at`.
    pub broadcast: BroadcastId,
    /// Class of the bulletin.
    pub class: Class,
    /// The bulletin's title, for logs and displays.
    pub title: String,
    /// BCP 47 language of the bulletin, for displays.
    pub language: String,
    /// What to play.
    pub clip: ClipRef,
}

/// A clip and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipRef {
    /// SHA-256 of its bytes.
    pub hash: ClipHash,
    /// Its size.
    pub bytes: u64,
    /// How long it sounds, milliseconds.
    pub duration_ms: u64,
    /// Whether the bytes follow the envelope. Otherwise fetch them from the broker: `clips/HASH` below the address given at enrolment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attached: bool,
}
