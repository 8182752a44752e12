//! What the API answers, as far as the fleet looks at it. Fields it doesn't know are ignored, as every client should.

use jiff::Timestamp;
use loa_protocol::{
    AiringId, AreaCode, BroadcastId, Class, ClipHash, ClockTrust, NodeId, Reason, plan::Volume,
    state::OutputState,
};
use serde::Deserialize;

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Session {
    /// The person.
    pub user: User,
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Id.
    pub id: String,
    /// What is typed at sign-in.
    pub username: String,
    /// What pages show.
    pub display_name: String,
    /// What they may do, at least somewhere.
    pub may: Vec<String>,
}

/// A province, commune or hamlet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Area {
    /// Official code.
    pub code: AreaCode,
    /// What people call it.
    pub name: String,
    /// The area it lies in.
    #[serde(default)]
    pub parent: Option<AreaCode>,
}

/// An area by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AreaName {
    /// Official code.
    pub code: AreaCode,
    /// What people call it.
    pub name: String,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Not enrolled yet.
    New,
    /// There.
    Online,
    /// Said farewell, or its link broke.
    Offline,
    /// Fell silent.
    Lost,
    /// May do nothing any more, until its place gets new hardware.
    Revoked,
    /// Out of service.
    Retired,
}

/// Which plan a node should hold, and which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Generation {
    /// The newest.
    pub wanted: u64,
    /// The one it says it holds.
    #[serde(default)]
    pub held: Option<u64>,
}

/// A stop that is not released.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Latch {
    /// Id.
    pub id: String,
    /// The area.
    pub area: AreaName,
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it.
    pub by: String,
}

#[derive(Deserialize)]
pub(super) struct Latches {
    pub(super) items: Vec<Latch>,
}

/// A broadcast by timetable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProgrammeEntry {
    /// Id.
    pub id: BroadcastId,
    /// The next airing, if there is one.
    pub next: Vec<Timestamp>,
    /// How many nodes air it.
    pub nodes: usize,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Node {
    /// Its id for life.
    pub id: NodeId,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub hamlet: AreaName,
    /// How it is.
    pub status: NodeStatus,
    /// When it was last heard of.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
    /// Its agent's version.
    #[serde(default)]
    pub version: Option<String>,
    /// Its plan.
    pub generation: Generation,
    /// How far it believes its clock.
    #[serde(default)]
    pub clock: Option<ClockTrust>,
    /// Whether sound can come out.
    #[serde(default)]
    pub output: Option<OutputState>,
    /// What sounds now.
    #[serde(default)]
    pub playing: Option<NowPlaying>,
    /// How many airings wait for their turn.
    #[serde(default)]
    pub waiting: usize,
    /// Whether it says that everything is stopped there.
    #[serde(default)]
    pub latched: bool,
    /// How many clips of its plan it lacks.
    #[serde(default)]
    pub lacking: usize,
    /// How loud it is set.
    pub volume: Volume,
    /// Its last report of its health, as it came.
    #[serde(default)]
    pub heartbeat: Option<serde_json::Value>,
}

impl Node {
    /// Messages the node refused for this reason since its agent started, by its last heartbeat.
    pub fn refused(&self, code: &str) -> u64 {
        let count = self.heartbeat.as_ref().and_then(|beat| beat.get("refused")?.get(code)?.as_u64());
        count.unwrap_or(0)
    }

    /// Whether it is online, holds the plan it should and isn't stopped: ready for anything.
    pub fn is_ready(&self) -> bool {
        let holds = self.generation.held == Some(self.generation.wanted);
        self.status == NodeStatus::Online && holds && !self.latched
    }
}

/// What sounds on a node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NowPlaying {
    /// The airing.
    pub airing: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Its class.
    pub class: Class,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it is, milliseconds.
    pub duration_ms: u64,
}

/// What an installer carries to the pole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claim {
    /// One-time code.
    pub code: String,
    /// Where the agent enrols.
    pub server: String,
    /// SHA-256 of the broker's CA certificate, hexadecimal.
    pub ca_fingerprint: String,
}

/// A voice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Voice {
    /// Its id.
    pub id: String,
    /// BCP 47 language it speaks.
    pub language: String,
}

/// A clip.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Clip {
    /// SHA-256 of its bytes.
    pub hash: ClipHash,
    /// Its size.
    pub bytes: u64,
    /// How long it sounds, milliseconds.
    pub duration_ms: u64,
    /// Integrated loudness, LUFS.
    pub loudness_lufs: f64,
    /// True peak, dBTP.
    pub true_peak_dbtp: f64,
    /// Codes of what its maker should know.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A bulletin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Bulletin {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its class.
    pub class: Class,
    /// What sounds.
    pub clip: Clip,
}

/// How far an airing is, or what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AiringStatus {
    /// On its way.
    Sent,
    /// The node fetches the clip.
    Fetching,
    /// The node has it; something else sounds.
    Waiting,
    /// It sounds.
    Playing,
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

impl AiringStatus {
    /// Whether nothing more will come of it.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Sent | Self::Fetching | Self::Waiting | Self::Playing)
    }
}

/// A node by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeName {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
}

/// One broadcast on one node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Airing {
    /// Its id.
    #[serde(alias = "airing")]
    pub id: AiringId,
    /// The node.
    pub node: NodeName,
    /// Where it stands.
    pub hamlet: AreaName,
    /// How far it is.
    pub status: AiringStatus,
    /// Why.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it began to sound.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it was over.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// How much the sound device took, milliseconds.
    #[serde(default)]
    pub heard_ms: Option<u64>,
    /// How long the clip is, milliseconds.
    pub duration_ms: u64,
}

/// A broadcast.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Broadcast {
    /// Its id.
    pub id: BroadcastId,
    /// What sounds.
    pub clip: Clip,
    /// When it was sent.
    pub created_at: Timestamp,
    /// No airing of it begins from then on.
    pub expires_at: Timestamp,
    /// When MQTT had all of it; none while it waits to be sent.
    #[serde(default)]
    pub dispatched_at: Option<Timestamp>,
    /// What becomes of it, node by node.
    pub airings: Vec<Airing>,
}

impl Broadcast {
    /// Its airing on a node of this hamlet.
    pub fn airing_in(&self, hamlet: &str) -> Option<&Airing> {
        self.airings.iter().find(|airing| airing.hamlet.code.as_str() == hamlet)
    }

    /// Whether nothing more will come of any of its airings.
    pub fn is_over(&self) -> bool {
        self.airings.iter().all(|airing| airing.status.is_over())
    }
}

/// Broadcasts, newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BroadcastPage {
    /// These.
    pub items: Vec<Broadcast>,
}

/// How far a stop reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Stopping {
    /// Nodes it was sent to.
    pub nodes: usize,
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable name of what went wrong.
    pub code: String,
    /// More, for developers.
    #[serde(default)]
    pub detail: Option<String>,
    /// Parameters of the words for people.
    #[serde(default)]
    pub params: serde_json::Value,
}
