//! Writes airings by timetable down when their nominal start comes, so that what was expected doesn't change with the programme
//! afterwards.
//!
//! A pass goes from where the last one ended to the present: after days of absence nothing is forgotten, and done twice nothing is
//! doubled. Each start is one commit. Nodes enrolled after a start are not expected to have aired it. Whoever changes the programme holds
//! [`App::programme`] and makes a pass first, so that what started before the change is expected by the old programme.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AiringId, AreaCode};
use loa_schedule::programme::{slots, zone};
use tokio_util::sync::CancellationToken;

use super::territory::Territory;
use crate::{
    app::App,
    store::{ExpectedRow, PlannedNode, ProgrammeRow, Store, StoreError},
};

/// How often the present is looked at: an airing is on the page this long after its start.
const PERIOD: Duration = Duration::from_secs(1);
/// The last instants are left to the next pass: whatever is in hand may still be dated by them.
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// Passes until told to stop.
pub async fn keep(app: Arc<App>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let _programme = app.programme.lock().await;
        match pass(&app.store, app.now()).await {
            Ok(0) => {}
            Ok(airings) => {
                tracing::info!(airings, "airings by timetable are due");
                app.events.tell("programme", &serde_json::json!({}));
            }
            Err(error) => tracing::error!(%error, "airings that are due can't be written down; trying again"),
        }
    }
}

/// Writes down what has started since the last pass; how many airings. The caller holds [`App::programme`].
pub async fn pass(store: &Store, now: Timestamp) -> Result<usize, StoreError> {
    let until = now.saturating_add(MICROSECOND).unwrap_or(now);
    let Some(from) = store.expected_until().await? else {
        store.expect_airings(&[], until, now).await?;
        return Ok(0);
    };
    if until <= from {
        // The clock went back: what has been written down stays so.
        return Ok(0);
    }
    let programme = store.programme(from).await?;
    let starts = starts(&programme, from, until);
    if starts.is_empty() {
        // Nothing to remember, but the mark needn't lag for ever.
        if until.duration_since(from) > SignedDuration::from_mins(1) {
            store.expect_airings(&[], until, now).await?;
        }
        return Ok(0);
    }
    let territory = Territory::load(store).await?;
    let nodes = store.planned_nodes().await?;
    let paths: BTreeMap<&AreaCode, Vec<AreaCode>> =
        nodes.iter().map(|node| (&node.hamlet, territory.path(&node.hamlet))).collect();
    let mut written = 0;
    for (start, due) in starts {
        let airings: Vec<_> = due
            .into_iter()
            .flat_map(|(entry, expires_at)| expected(entry, start, expires_at, &nodes, &paths))
            .collect();
        let mark = start.saturating_add(MICROSECOND).unwrap_or(start);
        store.expect_airings(&airings, mark, now).await?;
        written += airings.len();
    }
    Ok(written)
}

/// What of the programme starts in `from..until`, by start, with the instant from which it may not begin.
fn starts(
    programme: &[ProgrammeRow],
    from: Timestamp,
    until: Timestamp,
) -> BTreeMap<Timestamp, Vec<(&ProgrammeRow, Timestamp)>> {
    let mut starts: BTreeMap<Timestamp, Vec<_>> = BTreeMap::new();
    for entry in programme {
        let until = entry.retired_at.map_or(until, |retired| until.min(retired));
        for slot in slots(&entry.planned(), &zone(&entry.time_zone), from, until) {
            starts.entry(slot.start).or_default().push((entry, slot.expires_at));
        }
    }
    starts
}

fn expected<'a>(
    entry: &'a ProgrammeRow,
    start: Timestamp,
    expires_at: Timestamp,
    nodes: &'a [PlannedNode],
    paths: &'a BTreeMap<&AreaCode, Vec<AreaCode>>,
) -> impl Iterator<Item = ExpectedRow> + 'a {
    let meant = move |node: &&PlannedNode| {
        let path = paths.get(&node.hamlet);
        node.here_since() <= start
            && path.is_some_and(|path| path.iter().any(|area| entry.areas.contains(area)))
    };
    nodes.iter().filter(meant).map(move |node| ExpectedRow {
        id: AiringId::derive(&entry.id, &node.id, start),
        broadcast: entry.id.clone(),
        node: node.id.clone(),
        start_at: start,
        expires_at,
    })
}

#[cfg(test)]
#[path = "expect_tests.rs"]
mod tests;
