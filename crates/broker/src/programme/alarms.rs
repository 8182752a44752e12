//! What stands in the way of the airings of the next half hour, early enough for somebody to go and see.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AreaCode, BroadcastId, ClockTrust, NodeId, health::AmplifierState};
use loa_schedule::programme::{slots, zone};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::territory::Territory;
use crate::{
    app::App,
    http::view,
    nodes::{Word, is_lost},
    store::{PlannedNode, StoreError},
};

/// How early.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(30);
/// How often it is looked for.
const PERIOD: Duration = Duration::from_secs(10);

/// What stands in the way.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// The clip is not on the node's disk.
    ClipMissing,
    /// The node doesn't hold its newest plan.
    PlanBehind,
    /// The node can't be reached. It airs what it holds all the same.
    NodeAway,
    /// The node doesn't trust its clock.
    ClockUntrusted,
    /// The node can't switch its amplifier.
    AmplifierFault,
    /// Everything is stopped there.
    Latched,
}

/// An airing that is in danger on some nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// By what.
    pub kind: AlarmKind,
    /// When it is due.
    pub start: Timestamp,
    /// Its broadcast.
    pub entry: BroadcastId,
    /// The bulletin's title.
    pub title: String,
    /// On these nodes: id, name, hamlet.
    pub nodes: Vec<(NodeId, String, AreaCode)>,
}

/// Looks again and again until told to stop, and tells open pages of a change.
pub async fn keep(app: Arc<App>, stop: CancellationToken) {
    let mut told = Vec::new();
    loop {
        match current(&app).await {
            Ok(alarms) if alarms != told => {
                for alarm in alarms.iter().filter(|alarm| !told.contains(alarm)) {
                    tracing::warn!(kind = ?alarm.kind, start = %alarm.start, title = alarm.title, nodes = alarm.nodes.len(), "an airing is in danger");
                }
                match view::days::alarms(&app, alarms.clone()).await {
                    Ok(shown) => app.events.tell("alarms", &shown),
                    Err(error) => tracing::warn!(%error, "alarms can't be shown"),
                }
                told = alarms;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "alarms can't be known"),
        }
        tokio::select! {
            () = app.alarms_due.notified() => {}
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// The alarms of now, by start.
pub async fn current(app: &App) -> Result<Vec<Alarm>, StoreError> {
    let now = app.now();
    let to = now.saturating_add(AHEAD).unwrap_or(now);
    let mut due = Vec::new();
    for entry in app.store.programme(Timestamp::MAX).await? {
        if let Some(slot) = slots(&entry.planned(), &zone(&entry.time_zone), now, to).first() {
            due.push((slot.start, entry));
        }
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    due.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
    let territory = Territory::load(&app.store).await?;
    let nodes = app.store.planned_nodes().await?;
    let mut alarms: Vec<Alarm> = Vec::new();
    for (start, entry) in due {
        let mut of_entry: Vec<Alarm> = Vec::new();
        for node in nodes.iter().filter(|node| territory.lies_in(&node.hamlet, &entry.areas)) {
            let word = app.presence.word(&node.id).unwrap_or_default();
            let latched = territory.latch(&node.hamlet).is_some();
            for kind in dangers(node, &word, &entry.bulletin.clip.hash, latched, now) {
                let named = (node.id.clone(), node.name.clone(), node.hamlet.clone());
                match of_entry.iter_mut().find(|alarm| alarm.kind == kind) {
                    Some(alarm) => alarm.nodes.push(named),
                    None => of_entry.push(Alarm {
                        kind,
                        start,
                        entry: entry.id.clone(),
                        title: entry.bulletin.title.clone(),
                        nodes: vec![named],
                    }),
                }
            }
        }
        of_entry.sort_by_key(|alarm| alarm.kind);
        alarms.extend(of_entry);
    }
    Ok(alarms)
}

fn dangers(
    node: &PlannedNode,
    word: &Word,
    clip: &loa_protocol::ClipHash,
    latched: bool,
    now: Timestamp,
) -> Vec<AlarmKind> {
    let mut dangers = Vec::new();
    match word.state.as_ref().filter(|state| state.online && !is_lost(word, now)) {
        None => dangers.push(AlarmKind::NodeAway),
        Some(state) => {
            if state.lacking.contains(clip) {
                dangers.push(AlarmKind::ClipMissing);
            }
            if state.generation != Some(node.generation) {
                dangers.push(AlarmKind::PlanBehind);
            }
            if state.clock == ClockTrust::Unknown {
                dangers.push(AlarmKind::ClockUntrusted);
            }
            let amplifier = word.heartbeat.as_ref().and_then(|said| said.amplifier);
            if amplifier == Some(AmplifierState::Fault) {
                dangers.push(AlarmKind::AmplifierFault);
            }
        }
    }
    if latched {
        dangers.push(AlarmKind::Latched);
    }
    dangers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amplifier_in_fault_is_a_danger_and_one_that_is_off_is_not() {
        let now: Timestamp = "2026-11-25T05:00:00Z".parse().unwrap();
        let node = PlannedNode {
            id: "n1".parse().unwrap(),
            hamlet: "31699-01".parse().unwrap(),
            name: "Ấp Chợ".into(),
            volume: loa_protocol::plan::Volume { percent: 80, emergency_percent: 100 },
            enrolled_at: now,
            homed_at: None,
            generation: 7,
            published: 7,
            plan_body: String::new(),
        };
        let state = serde_json::json!({ "online": true, "at": now, "version": "0.1.0", "protocol": { "min": 1, "max": 1 },
            "boot": "b", "generation": 7, "clock": "synchronised", "waiting": [], "output": "ready" });
        let said = |amplifier: &str| {
            let heartbeat = serde_json::json!({ "at": now, "started_at": now, "version": "0.1.0", "playing": false,
                "amplifier": amplifier, "volume": 80, "output_errors": 0, "receipts_waiting": 0 });
            Word {
                state: Some(serde_json::from_value(state.clone()).unwrap()),
                heartbeat: Some(serde_json::from_value(heartbeat).unwrap()),
                seen: Some(now),
            }
        };
        let clip = "ab".repeat(32).parse().unwrap();
        assert_eq!(dangers(&node, &said("fault"), &clip, false, now), [AlarmKind::AmplifierFault]);
        for well in ["off", "on", "lingering", "something newer"] {
            assert_eq!(dangers(&node, &said(well), &clip, false, now), [], "{well}");
        }
    }
}
