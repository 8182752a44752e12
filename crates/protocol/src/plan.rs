//! A node's whole duty as one document. The agent obeys the last one it holds, with or without a network.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Class, ClipRef},
    envelope::Message,
    id::{AreaCode, BroadcastId, NodeId},
    policy::{Limit, Policy},
    timetable::{Repeats, Timetable},
};

/// What one node must do and may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The node it is for.
    pub node: NodeId,
    /// Grows with every change; a node never goes back to an older one.
    pub generation: u64,
    /// When the broker read what it says: whatever a person decided before this instant is in it.
    pub issued_at: Timestamp,
    /// What the node is called on pages and in logs.
    pub name: String,
    /// The areas it lies in: province, commune, hamlet.
    pub areas: Vec<AreaCode>,
    /// IANA zone of its timetables and displays.
    pub time_zone: String,
    /// How loud it plays.
    pub volume: Volume,
    /// What the node refuses by itself: the policies of its areas, tightened downwards.
    #[serde(default)]
    pub policy: Policy,
    /// *Dừng tất cả*: while it is there, nothing sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latch: Option<Latch>,
    /// The CAs whose servers the node trusts, by SHA-256 of their certificates in hexadecimal, first the one that certifies nodes now. A node that
    /// knows others renews its certificate and learns of these. Absent: as enrolled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cas: Vec<String>,
    /// The release of the agent that the node shall run, as it was signed ([`crate::release`]); absent: whichever it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// What is to be aired by timetable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broadcasts: Vec<Planned>,
}

/// Everything was stopped, and stays so until a person releases it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latch {
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it, as others see them.
    pub by: String,
}

/// A broadcast by timetable, as far as this node is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The broadcast.
    pub id: BroadcastId,
    /// Since when it is as it is here: airings before that are none of this one's.
    pub since: Timestamp,
    /// Class of the bulletin.
    pub class: Class,
    /// The bulletin's title, for logs and displays.
    pub title: String,
    /// BCP 47 language of the bulletin, for displays; `vi` when absent.
    #[serde(default = "vietnamese", skip_serializing_if = "is_vietnamese")]
    pub language: String,
    /// What to play; never attached.
    pub clip: ClipRef,
    /// When.
    pub timetable: Timetable,
    /// IANA zone of the timetable; the plan's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How often each time.
    #[serde(default, skip_serializing_if = "Repeats::is_once")]
    pub repeats: Repeats,
    /// Catch-up window, seconds: how long after its nominal start an airing may still begin.
    pub catch_up_s: u32,
    /// No airing begins from this instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Among waiting equals of its class the least goes first; the commune's order of priority bulletins.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub order: u32,
    /// Pre-empted, it goes on where it was interrupted, if it still may.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resume: bool,
    /// Limits that a person with the right to has lifted for it; only those that the policy names exceedable count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceeds: Vec<Limit>,
}

/// Said in each of forty broadcasts of a plan, it would cost a kilobyte.
const VIETNAMESE: &str = "vi";

fn vietnamese() -> String {
    VIETNAMESE.into()
}

fn is_vietnamese(language: &str) -> bool {
    language == VIETNAMESE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(order: &u32) -> bool {
    *order == 0
}

impl Plan {
    /// The commune whose commands the node listens to.
    pub fn commune(&self) -> Option<AreaCode> {
        self.areas.iter().find_map(AreaCode::commune)
    }
}

impl Message for Plan {
    const TYPE: &'static str = "plan";
}

/// Loudness, in percent of full scale by voltage: 100 leaves the clip as it is, 50 is 6 dB less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// For normal and priority bulletins.
    pub percent: u8,
    /// For emergencies.
    pub emergency_percent: u8,
}

impl Default for Volume {
    fn default() -> Self {
        Self { percent: 80, emergency_percent: 100 }
    }
}
