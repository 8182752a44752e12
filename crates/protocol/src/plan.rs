//! A node's whole duty as one document. The agent obeys the last one it holds, with or without a network.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::Message,
    id::{AreaCode, NodeId},
};

/// What one node must do and may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The node it is for.
    pub node: NodeId,
    /// Grows with every change; a node never goes back to an older one.
    pub generation: u64,
    /// When the broker made it.
    pub issued_at: Timestamp,
    /// What the node is called on pages and in logs.
    pub name: String,
    /// The areas it lies in: province, commune, hamlet.
    pub areas: Vec<AreaCode>,
    /// IANA zone of its timetables and displays.
    pub time_zone: String,
    /// How loud it plays.
    pub volume: Volume,
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
