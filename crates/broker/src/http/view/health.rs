//! A node's health as clients see it. Taken apart field by field, so that what the node says and what the API promises can't drift apart.

use std::collections::BTreeMap;

use jiff::Timestamp;
use loa_protocol::health;
use serde::Serialize;
use utoipa::ToSchema;

/// A node's last report of its health. Figures that the machine doesn't have are absent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Heartbeat {
    /// When, by the node's clock.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When the agent started, by the node's clock.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// Agent's version.
    pub version: String,
    /// Degrees Celsius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_temperature_c: Option<i16>,
    /// Load average over one minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<f32>,
    /// Resident memory of the agent, MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_rss_mib: Option<u32>,
    /// Memory that programs could still get, MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_free_mib: Option<u32>,
    /// Free space where clips and receipts are kept, MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_mib: Option<u32>,
    /// The way to the broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Whether something sounds.
    pub playing: bool,
    /// The amplifier, where there is one that can be switched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amplifier: Option<AmplifierState>,
    /// Volume in force, percent.
    pub volume: u8,
    /// Errors of the sound output since the agent started.
    pub output_errors: u64,
    /// Receipts not yet acknowledged.
    pub receipts_waiting: u64,
    /// Messages refused since the agent started, by code.
    pub refused: BTreeMap<String, u64>,
    /// What is wrong with the node's disk or amplifier, by code and how often since the agent started.
    pub faults: BTreeMap<String, u64>,
}

/// The interface that the node's default route uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Network {
    /// Its name.
    pub interface: String,
    /// Bytes received since the machine started, as of the last full report.
    pub received_bytes: u64,
    /// Bytes sent since the machine started, as of the last full report.
    pub sent_bytes: u64,
    /// Wireless signal, dBm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i32>,
}

/// How the amplifier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmplifierState {
    /// Off.
    Off,
    /// Switched on, and not awake yet.
    Warming,
    /// On, and something sounds or is about to.
    On,
    /// Still on after the last sound.
    Lingering,
    /// It could not be switched; it may be on or off.
    Fault,
}

impl AmplifierState {
    /// Absent for what a newer agent says.
    fn said(said: health::AmplifierState) -> Option<Self> {
        match said {
            health::AmplifierState::Off => Some(Self::Off),
            health::AmplifierState::Warming => Some(Self::Warming),
            health::AmplifierState::On => Some(Self::On),
            health::AmplifierState::Lingering => Some(Self::Lingering),
            health::AmplifierState::Fault => Some(Self::Fault),
            health::AmplifierState::Other => None,
        }
    }
}

impl From<health::Heartbeat> for Heartbeat {
    fn from(said: health::Heartbeat) -> Self {
        let health::Heartbeat {
            number: _,
            at,
            started_at,
            version,
            cpu_temperature_c,
            load,
            agent_rss_mib,
            memory_free_mib,
            disk_free_mib,
            network,
            playing,
            amplifier,
            volume,
            output_errors,
            receipts_waiting,
            refused,
            faults,
        } = said;
        let network = network.map(|network| {
            let health::Network { interface, received_bytes, sent_bytes, signal_dbm } = network;
            Network { interface, received_bytes, sent_bytes, signal_dbm }
        });
        Self {
            at,
            started_at,
            version,
            cpu_temperature_c,
            load,
            agent_rss_mib,
            memory_free_mib,
            disk_free_mib,
            network,
            playing,
            amplifier: amplifier.and_then(AmplifierState::said),
            volume,
            output_errors,
            receipts_waiting,
            refused,
            faults,
        }
    }
}
