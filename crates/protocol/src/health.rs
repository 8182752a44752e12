//! A node's regular report of its health. Figures that a machine doesn't have are absent, never zero.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When, by the node's clock.
    pub at: Timestamp,
    /// Seconds since the agent started.
    pub uptime_s: u64,
    /// Agent's version.
    pub version: String,
    /// Degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_temperature_c: Option<f32>,
    /// Load average over one minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f32>,
    /// Resident memory of the agent, KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_rss_kib: Option<u64>,
    /// Memory that programs could still get, KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_free_kib: Option<u64>,
    /// Free space where clips and receipts are kept, KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_kib: Option<u64>,
    /// The way to the broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Whether something sounds.
    pub playing: bool,
    /// Volume in force, percent.
    pub volume: u8,
    /// Errors of the sound output since the agent started.
    pub output_errors: u64,
    /// Receipts not yet acknowledged.
    pub receipts_waiting: u64,
    /// Messages refused since the agent started, by [`crate::Refusal`] code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
}

/// The interface that the default route uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name: `wwan0`, `eth0`, `wlan0`.
    pub interface: String,
    /// Bytes received since the machine started.
    pub received_bytes: u64,
    /// Bytes sent since the machine started.
    pub sent_bytes: u64,
    /// Wireless signal, dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i32>,
}
