//! A node's regular report of its health, made small enough to be sent each 30 s over a SIM card.
//!
//! A node sends one full [`Heartbeat`] after connecting and each half hour, and between them only [`Changes`] against that full one:
//! what changed noticeably, nothing (`{}`) when nothing did. Changes name the full heartbeat they are against, so that a lost
//! message never mixes figures. Figures that a machine doesn't have are absent, never zero; they are rounded,
//! so that they rarely change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How often a node sends its figures whole.
pub const FULL_EVERY: std::time::Duration = std::time::Duration::from_secs(30 * 60);
/// After so many bytes of changes, as JSON, a new full heartbeat costs less than repeating them until the next.
pub const CHANGES_BYTES: usize = 480;

/// All figures of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Number of this full heartbeat since the agent started, wrapping; [`Changes::base`] names it.
    #[serde(default)]
    pub number: u16,
    /// When, by the node's clock.
    pub at: Timestamp,
    /// When the agent started, by the node's clock.
    pub started_at: Timestamp,
    /// Agent's version.
    pub version: String,
    /// Degrees Celsius, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_temperature_c: Option<i16>,
    /// Load average over one minute, to one tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f32>,
    /// Resident memory of the agent, MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_rss_mib: Option<u32>,
    /// Memory that programs could still get, MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_free_mib: Option<u32>,
    /// Free space where clips and receipts are kept, MiB, to ten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_mib: Option<u32>,
    /// The way to the broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Whether something sounds.
    pub playing: bool,
    /// The amplifier, where there is one that can be switched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amplifier: Option<AmplifierState>,
    /// Volume in force, percent.
    pub volume: u8,
    /// Errors of the sound output since the agent started.
    pub output_errors: u64,
    /// Receipts not yet acknowledged.
    pub receipts_waiting: u64,
    /// Messages refused since the agent started, by [`crate::Refusal`] code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
    /// What is wrong with the node's disk or amplifier, by code and how often since the agent started: `disk_full`, `amplifier_line_busy`, ...
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
}

/// The interface that the default route uses. Its counters grow always, so they travel in full heartbeats only.
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

/// How the amplifier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// It could not be switched; see [`Heartbeat::faults`] for why. It may be on or off.
    Fault,
    /// What a later version says.
    #[serde(other)]
    Other,
}

/// What changed noticeably since the full heartbeat numbered `base`. Everything absent is as it was there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// The full heartbeat this is against; absent when nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<u16>,
    /// See [`Heartbeat::cpu_temperature_c`]; sent when it moved by 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_temperature_c: Option<i16>,
    /// See [`Heartbeat::load`]; sent when it moved by a half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<f32>,
    /// See [`Heartbeat::agent_rss_mib`]; sent when it moved by 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_rss_mib: Option<u32>,
    /// See [`Heartbeat::memory_free_mib`]; sent when it moved by an eighth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_free_mib: Option<u32>,
    /// See [`Heartbeat::disk_free_mib`]; sent when it moved by an eighth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_mib: Option<u32>,
    /// See [`Heartbeat::playing`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playing: Option<bool>,
    /// See [`Heartbeat::amplifier`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amplifier: Option<AmplifierState>,
    /// See [`Heartbeat::volume`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<u8>,
    /// See [`Heartbeat::output_errors`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_errors: Option<u64>,
    /// See [`Heartbeat::receipts_waiting`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipts_waiting: Option<u64>,
    /// Entries of [`Heartbeat::refused`] that changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
    /// Entries of [`Heartbeat::faults`] that changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
}

/// What travels on the heartbeat topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Report {
    /// All figures.
    Full(Box<Heartbeat>),
    /// What changed against the last full one.
    Changes(Changes),
}

impl Heartbeat {
    /// What is noticeably different now from `base`, the last full heartbeat.
    pub fn changes_since(&self, base: &Self) -> Changes {
        let mut changes = Changes {
            base: None,
            cpu_temperature_c: moved(self.cpu_temperature_c, base.cpu_temperature_c, |now, then| {
                now.abs_diff(then) >= 3
            }),
            load: moved(self.load, base.load, |now, then| (now - then).abs() >= 0.45),
            agent_rss_mib: moved(self.agent_rss_mib, base.agent_rss_mib, |now, then| now.abs_diff(then) >= 2),
            memory_free_mib: moved(self.memory_free_mib, base.memory_free_mib, by_an_eighth),
            disk_free_mib: moved(self.disk_free_mib, base.disk_free_mib, by_an_eighth),
            playing: changed(self.playing, base.playing),
            amplifier: self.amplifier.filter(|now| Some(*now) != base.amplifier),
            volume: changed(self.volume, base.volume),
            output_errors: changed(self.output_errors, base.output_errors),
            receipts_waiting: changed(self.receipts_waiting, base.receipts_waiting),
            refused: grown(&self.refused, &base.refused),
            faults: grown(&self.faults, &base.faults),
        };
        if changes != Changes::default() {
            changes.base = Some(base.number);
        }
        changes
    }
}

impl Report {
    /// The figures in force after this report arrived at `at` by the receiver's clock; `held` is the last **full** heartbeat.
    /// `None` when changes are against a full heartbeat that the receiver doesn't hold: it still is a sign of life.
    pub fn figures(&self, held: Option<&Heartbeat>, at: Timestamp) -> Option<Heartbeat> {
        match self {
            Self::Full(full) => Some((**full).clone()),
            Self::Changes(changes) => {
                let base = held.filter(|held| changes.base.is_none_or(|base| base == held.number))?;
                let mut now = base.clone();
                now.at = at;
                now.cpu_temperature_c = changes.cpu_temperature_c.or(now.cpu_temperature_c);
                now.load = changes.load.or(now.load);
                now.agent_rss_mib = changes.agent_rss_mib.or(now.agent_rss_mib);
                now.memory_free_mib = changes.memory_free_mib.or(now.memory_free_mib);
                now.disk_free_mib = changes.disk_free_mib.or(now.disk_free_mib);
                now.playing = changes.playing.unwrap_or(now.playing);
                now.amplifier = changes.amplifier.or(now.amplifier);
                now.volume = changes.volume.unwrap_or(now.volume);
                now.output_errors = changes.output_errors.unwrap_or(now.output_errors);
                now.receipts_waiting = changes.receipts_waiting.unwrap_or(now.receipts_waiting);
                now.refused.extend(changes.refused.clone());
                now.faults.extend(changes.faults.clone());
                Some(now)
            }
        }
    }
}

fn moved<T: Copy>(now: Option<T>, then: Option<T>, noticeable: impl Fn(T, T) -> bool) -> Option<T> {
    let now = now?;
    then.is_none_or(|then| noticeable(now, then)).then_some(now)
}

fn by_an_eighth(now: u32, then: u32) -> bool {
    now.abs_diff(then) > then / 8
}

fn changed<T: PartialEq + Copy>(now: T, then: T) -> Option<T> {
    (now != then).then_some(now)
}

fn grown(now: &BTreeMap<String, u64>, then: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    now.iter().filter(|(code, n)| then.get(*code) != Some(n)).map(|(c, n)| (c.clone(), *n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn full() -> Heartbeat {
        Heartbeat {
            number: 7,
            at: at(60),
            started_at: at(0),
            version: "0.1.0".into(),
            cpu_temperature_c: Some(51),
            load: Some(0.2),
            agent_rss_mib: Some(14),
            memory_free_mib: Some(700),
            disk_free_mib: Some(25_340),
            network: Some(Network {
                interface: "wwan0".into(),
                received_bytes: 1,
                sent_bytes: 2,
                signal_dbm: Some(-71),
            }),
            playing: false,
            amplifier: Some(AmplifierState::Off),
            volume: 80,
            output_errors: 0,
            receipts_waiting: 0,
            refused: BTreeMap::new(),
            faults: BTreeMap::new(),
        }
    }

    #[test]
    fn a_quiet_node_sends_two_bytes() {
        let mut now = full();
        now.at = at(90);
        now.load = Some(0.5);
        now.cpu_temperature_c = Some(53);
        now.memory_free_mib = Some(660);
        now.network = None;
        let changes = now.changes_since(&full());
        assert_eq!(serde_json::to_string(&changes).unwrap(), "{}");
    }

    #[test]
    fn what_changed_is_told_and_arrives() {
        let base = full();
        let mut now = full();
        now.playing = true;
        now.amplifier = Some(AmplifierState::On);
        now.load = Some(1.2);
        now.cpu_temperature_c = Some(60);
        now.refused.insert("replayed".into(), 3);
        let sent = serde_json::to_string(&Report::Changes(now.changes_since(&base))).unwrap();
        assert_eq!(
            sent,
            r#"{"base":7,"cpu_temperature_c":60,"load":1.2,"playing":true,"amplifier":"on","refused":{"replayed":3}}"#
        );
        let report: Report = serde_json::from_str(&sent).unwrap();
        now.at = at(90);
        assert_eq!(report.figures(Some(&base), at(90)), Some(now));
    }

    #[test]
    fn a_full_heartbeat_is_read_as_one_and_nothing_as_no_change() {
        let text = serde_json::to_string(&Report::Full(Box::new(full()))).unwrap();
        let report: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(report.figures(None, at(99)), Some(full()));
        let nothing: Report = serde_json::from_str("{}").unwrap();
        assert_eq!(nothing, Report::Changes(Changes::default()));
        assert_eq!(nothing.figures(Some(&full()), at(99)), Some(Heartbeat { at: at(99), ..full() }));
        assert_eq!(nothing.figures(None, at(99)), None);
    }

    #[test]
    fn changes_against_another_full_heartbeat_are_not_mixed_in() {
        let report = Report::Changes(Changes { base: Some(8), playing: Some(true), ..Changes::default() });
        assert_eq!(report.figures(Some(&full()), at(99)), None);
    }

    #[test]
    fn a_month_of_quiet_heartbeats_fits_the_data_budget() {
        // 22 bytes of TLS 1.3 record (RFC 8446, section 5.2), 2 of MQTT fixed header, 6 of topic and alias.
        const OVERHEAD: usize = 22 + 2 + 6;
        let full = serde_json::to_vec(&Report::Full(Box::new(full()))).unwrap().len();
        let quiet = serde_json::to_vec(&Report::Changes(Changes::default())).unwrap().len();
        let an_hour = 118 * (quiet + OVERHEAD) + 2 * (full + OVERHEAD);
        assert!(an_hour < 6_000, "{an_hour}");
    }
}
