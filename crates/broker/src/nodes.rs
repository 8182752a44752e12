//! What nodes say: kept in memory for the page, written to the store behind it, and acted on.
//!
//! A receipt is stored first and acknowledged after, so that the node forgets only what is safe. Everything else a node says may
//! be lost with the process; it will say it again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use loa_mqtt::Message;
use loa_protocol::{
    BroadcastId, NodeId, NodeState, ReceiptBatch,
    health::{Heartbeat, Report},
    limits, topic,
    topic::FromNode,
};
use metrics::{counter, gauge};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    alive::Question,
    app::App,
    dispatch::{self, DispatchError},
    http::view,
    releases,
    store::{AiringStatus, StoreError},
};

/// How long after a broadcast's expiry its silent nodes are given up: a node may have begun at the last moment.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// A node may be away for a month and still report; after this long what it hasn't reported counts as missed.
const REPORTED_WITHIN: SignedDuration = SignedDuration::from_hours(35 * 24);
/// What a node's clock may honestly be ahead of the broker's.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);
/// How often what nodes said is written down, and silence is looked for.
const SWEEP: Duration = Duration::from_secs(2);

/// What one node last said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Word {
    /// Its state.
    pub state: Option<NodeState>,
    /// Its health.
    pub heartbeat: Option<Heartbeat>,
    /// When it was last heard of, by the broker's clock.
    pub seen: Option<Timestamp>,
}

#[derive(Default)]
struct Entry {
    word: Word,
    /// The last full heartbeat, which later ones are changes to.
    full: Option<Heartbeat>,
    unwritten: bool,
    shown_lost: bool,
    /// The newest plan that MQTT was given for it, and when.
    given: Option<(u64, Timestamp)>,
}

/// What nodes last said.
#[derive(Default)]
pub struct Presence {
    nodes: Mutex<HashMap<NodeId, Entry>>,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Entry>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a node last said, as far as this process knows.
    pub fn word(&self, node: &NodeId) -> Option<Word> {
        self.lock().get(node).map(|entry| entry.word.clone())
    }

    /// Begins with what the store remembers.
    pub fn remember(&self, node: NodeId, word: Word) {
        // What was last known stands in for the full heartbeat that later ones are changes to: a node at an MQTT server of its own doesn't
        // notice that the broker restarted, and sends the next full one only in half an hour. Whether it plays, its state says.
        let full = word.heartbeat.clone().map(|heartbeat| Heartbeat { playing: false, ..heartbeat });
        let entry = Entry { shown_lost: true, word, full, ..Entry::default() };
        self.lock().insert(node, entry);
    }

    /// Forgets a node, as when it is enrolled anew.
    pub fn forget(&self, node: &NodeId) {
        self.lock().remove(node);
    }

    fn change(&self, node: &NodeId, change: impl FnOnce(&mut Entry)) {
        let mut nodes = self.lock();
        let entry = nodes.entry(node.clone()).or_default();
        change(entry);
        entry.unwritten = true;
        entry.shown_lost = false;
    }

    /// MQTT has been given these plans.
    pub fn given(&self, plans: &[(NodeId, u64)], now: Timestamp) {
        let mut nodes = self.lock();
        for (node, generation) in plans {
            nodes.entry(node.clone()).or_default().given = Some((*generation, now));
        }
    }

    /// Since when MQTT has had this plan, if the node holds another; none if it holds it, or MQTT hasn't had it from this process.
    pub fn behind_since(&self, node: &NodeId, generation: u64) -> Option<Timestamp> {
        let nodes = self.lock();
        let entry = nodes.get(node)?;
        let holds = entry.word.state.as_ref().and_then(|state| state.generation);
        entry.given.filter(|(given, _)| *given == generation && holds != Some(generation)).map(|(_, at)| at)
    }

    /// Whether a node that is there hasn't taken this plan although MQTT has had it for so long.
    pub fn lacks_plan(&self, node: &NodeId, generation: u64, now: Timestamp, after: SignedDuration) -> bool {
        let nodes = self.lock();
        let Some(entry) = nodes.get(node) else { return false };
        let Some(state) = entry.word.state.as_ref() else { return false };
        let here = state.online && !is_lost(&entry.word, now);
        let recent =
            entry.given.is_some_and(|(given, at)| given == generation && now.duration_since(at) < after);
        here && state.generation != Some(generation) && !recent
    }

    fn take_unwritten(&self) -> Vec<(NodeId, Option<NodeState>, Option<Heartbeat>, Timestamp)> {
        let mut nodes = self.lock();
        let unwritten = nodes.iter_mut().filter_map(|(node, entry)| {
            let unwritten = std::mem::take(&mut entry.unwritten);
            let word = &entry.word;
            unwritten.then(|| Some((node.clone(), word.state.clone(), word.heartbeat.clone(), word.seen?)))?
        });
        unwritten.collect()
    }

    /// Nodes that have just fallen silent: said to be online, not heard of for too long, and not yet shown so.
    fn newly_lost(&self, now: Timestamp) -> Vec<NodeId> {
        let mut nodes = self.lock();
        let silent = nodes.iter_mut().filter(|(_, entry)| !entry.shown_lost && is_lost(&entry.word, now));
        silent
            .map(|(node, entry)| {
                entry.shown_lost = true;
                node.clone()
            })
            .collect()
    }
}

/// Whether a node that didn't say goodbye has been silent for too long.
pub fn is_lost(word: &Word, now: Timestamp) -> bool {
    let silent = |seen: Timestamp| {
        now.duration_since(seen) > SignedDuration::from_secs(limits::NODE_LOST_AFTER.as_secs().cast_signed())
    };
    word.state.as_ref().is_some_and(|state| state.online) && word.seen.is_none_or(silent)
}

/// Whether a node's link broke without a goodbye: its last will was published.
pub fn was_cut_off(word: &Word) -> bool {
    word.state.as_ref().is_some_and(|state| !state.online && !state.farewell)
}

/// Listens to nodes until told to stop.
pub async fn listen(
    app: Arc<App>,
    mut messages: mpsc::Receiver<Message>,
    mut questions: mpsc::Receiver<Question>,
    stop: CancellationToken,
) {
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(message) => heard(&app, &message).await,
                None => break,
            },
            _ = sweep.tick() => sweep_once(&app).await,
            // Whoever asked may have gone.
            Some(question) = questions.recv() => drop(question.send(())),
            () = stop.cancelled() => break,
        }
    }
    write_down(&app).await;
}

async fn heard(app: &Arc<App>, message: &Message) {
    let Some((node, kind)) = topic::parse_from_node(&message.topic) else { return };
    if message.payload.is_empty() {
        // What was retained was taken away.
        return;
    }
    let done = match kind {
        FromNode::State => heard_state(app, &node, message).await,
        FromNode::Heartbeat => heard_heartbeat(app, &node, message).await,
        FromNode::Receipt => heard_receipts(app, &node, message).await,
    };
    if let Err(error) = done {
        counter!("loa_node_messages_failed_total").increment(1);
        tracing::warn!(%node, topic = message.topic, %error, "what a node said could not be taken");
    }
}

async fn heard_state(app: &Arc<App>, node: &NodeId, message: &Message) -> anyhow::Result<()> {
    let state: NodeState = serde_json::from_slice(&message.payload)?;
    let now = app.now();
    if let Some(playing) = &state.playing {
        progress(app, &playing.airing, node, AiringStatus::Playing, Some(playing.started_at)).await?;
    }
    for airing in &state.waiting {
        progress(app, airing, node, AiringStatus::Waiting, None).await?;
    }
    let held = state.generation.unwrap_or(0);
    let here = state.online && !message.retain;
    if here && let Some(question) = &state.ask {
        // What was said to a retained state may have been asked long ago; this one waits for the answer.
        if let Err(error) = dispatch::tell_time(app, node, question.clone()).await {
            tracing::warn!(%node, %error, "a node that asks for the time can't be told");
        }
    }
    let before = app.presence.word(node).and_then(|word| word.state);
    let program_changed = before.is_none_or(|before| {
        (before.version, before.release) != (state.version.clone(), state.release.clone())
    });
    if program_changed && let Err(error) = releases::heard(app, node, &state).await {
        // Before it is shown: whoever sees that a node went back sees that no other follows.
        tracing::error!(%node, %error, "what a node said of its release could not be acted on");
    }
    app.presence.change(node, |Entry { word, .. }| {
        // A retained state tells what was, not that the node is there now.
        if !message.retain {
            word.seen = Some(now);
        }
        word.state = Some(state);
    });
    if program_changed {
        app.plans_changed.notify_one();
    }
    tell_node(app, node).await?;
    if here && app.store.node(node).await?.is_some_and(|row| row.published != 0 && row.published != held) {
        // Lost on the way, or about to arrive; once more does no harm.
        tracing::debug!(%node, held, "the node holds another plan than the newest");
        app.store.plan_not_held(node, held).await?;
        app.plans_changed.notify_one();
    }
    Ok(())
}

async fn heard_heartbeat(app: &Arc<App>, node: &NodeId, message: &Message) -> anyhow::Result<()> {
    let report: Report = serde_json::from_slice(&message.payload)?;
    let now = app.now();
    app.presence.change(node, |entry| {
        entry.word.seen = Some(now);
        if let Some(figures) = report.figures(entry.full.as_ref(), now) {
            entry.word.heartbeat = Some(figures);
        }
        if let Report::Full(full) = report {
            entry.full = Some(*full);
        }
    });
    if app.events.is_watched() {
        tell_node(app, node).await?;
    }
    Ok(())
}

async fn heard_receipts(app: &Arc<App>, node: &NodeId, message: &Message) -> anyhow::Result<()> {
    let mut batch: ReceiptBatch = serde_json::from_slice(&message.payload)?;
    batch.receipts.truncate(limits::RECEIPTS_PER_BATCH);
    let now = app.now();
    batch.receipts.retain(|receipt| {
        // Not kept, nor acknowledged: a node whose clock was ahead takes it back, or says it again when it is true.
        let to_come = receipt.start.is_some_and(|start| start.duration_since(now) > CLOCKS_DIFFER);
        if to_come {
            tracing::warn!(%node, airing = %receipt.airing, "a receipt of an airing that is still to come: the node's clock is ahead");
        }
        !to_come
    });
    if batch.receipts.is_empty() {
        return Ok(());
    }
    let changed = app.store.keep_receipts(node, &batch.receipts).await?;
    counter!("loa_receipts_total").increment(changed.len() as u64);
    dispatch::acknowledge(app, node, batch.receipts.into_iter().map(|receipt| receipt.airing).collect())
        .await?;
    for airing in changed {
        tell_airing(app, &airing).await?;
    }
    Ok(())
}

async fn progress(
    app: &Arc<App>,
    airing: &loa_protocol::AiringId,
    node: &NodeId,
    status: AiringStatus,
    started_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    if app.store.airing_progress(airing, node, status, started_at).await? {
        tell_airing(app, airing).await?;
    }
    Ok(())
}

async fn sweep_once(app: &Arc<App>) {
    write_down(app).await;
    finish_dispatches(app).await;
    let now = app.now();
    for node in app.presence.newly_lost(now) {
        if let Err(error) = tell_node(app, &node).await {
            tracing::warn!(%node, %error, "a lost node can't be shown");
        }
    }
    if let Err(error) = give_up_by_timetable(app, now).await {
        tracing::warn!(%error, "silent airings of the programme can't be given up");
    }
    match app.store.give_up_silent(now.saturating_sub(GRACE).unwrap_or(now), now).await {
        Ok(airings) => {
            for airing in airings {
                if let Err(error) = tell_airing(app, &airing).await {
                    tracing::warn!(%airing, %error, "a missed airing can't be shown");
                }
            }
        }
        Err(error) => tracing::warn!(%error, "silent airings can't be given up"),
    }
}

/// Airings by timetable whose time is over and of which nothing was heard: unreported while their node is away, for it may have aired them
/// and will tell; missed if it is there and silent, or never came back.
async fn give_up_by_timetable(app: &Arc<App>, now: Timestamp) -> Result<(), StoreError> {
    let silent = app.store.silent_airings(now.saturating_sub(GRACE).unwrap_or(now)).await?;
    let away = |node: &NodeId| {
        let word = app.presence.word(node).unwrap_or_default();
        !word.state.as_ref().is_some_and(|state| state.online) || is_lost(&word, now)
    };
    let silent: Vec<_> = silent
        .into_iter()
        .map(|airing| {
            let away = away(&airing.node);
            (airing, away)
        })
        .collect();
    if !silent.is_empty() {
        let unreported = silent.iter().filter(|(_, away)| *away).count();
        tracing::warn!(
            unreported,
            missed = silent.len() - unreported,
            "nothing was heard of airings by timetable"
        );
        app.store.give_up(&silent, now).await?;
        app.events.tell("programme", &serde_json::json!({}));
    }
    let long_ago = now.saturating_sub(REPORTED_WITHIN).unwrap_or(now);
    let missed = app.store.give_up_unreported(long_ago, now).await?;
    if missed > 0 {
        tracing::warn!(missed, "airings that nobody ever reported count as missed");
    }
    Ok(())
}

/// Sends what could not be sent before. Says so once a pass while something that should be on air isn't.
async fn finish_dispatches(app: &Arc<App>) {
    let unsent = match dispatch::unsent(app).await {
        Ok(unsent) => unsent,
        Err(error) => return tracing::error!(%error, "what is to be sent can't be known"),
    };
    let mut left = unsent.len();
    for broadcast in unsent {
        match dispatch::again(app, &broadcast).await {
            Ok(()) => {
                left -= 1;
                if let Err(error) = tell_broadcast(app, &broadcast.id).await {
                    tracing::warn!(broadcast = %broadcast.id, %error, "a broadcast can't be shown");
                }
            }
            Err(error) => {
                tracing::error!(broadcast = %broadcast.id, %error, "a broadcast still can't be sent");
                if matches!(error, DispatchError::Bus(_)) {
                    // Nor can the others.
                    break;
                }
            }
        }
    }
    gauge!("loa_broadcasts_unsent").set(left as f64);
}

async fn tell_broadcast(app: &Arc<App>, id: &BroadcastId) -> anyhow::Result<()> {
    if app.events.is_watched()
        && let Some(row) = app.store.broadcast(id).await?
        && let Some(broadcast) = view::broadcasts::show(app, vec![row]).await?.pop()
    {
        app.events.tell("broadcast", &broadcast);
    }
    Ok(())
}

async fn write_down(app: &Arc<App>) {
    let words = app.presence.take_unwritten();
    if !words.is_empty()
        && let Err(error) = app.store.keep_words(&words).await
    {
        tracing::warn!(%error, nodes = words.len(), "what nodes said can't be written down");
    }
}

/// Shows a node as it is now on open pages.
pub async fn tell_node(app: &Arc<App>, node: &NodeId) -> anyhow::Result<()> {
    if app.events.is_watched()
        && let Some(node) = view::nodes::one(app, node).await?
    {
        app.events.tell("node", &node);
    }
    Ok(())
}

async fn tell_airing(app: &Arc<App>, airing: &loa_protocol::AiringId) -> anyhow::Result<()> {
    if app.events.is_watched()
        && let Some(progress) = view::broadcasts::progress(app, airing).await?
    {
        app.events.tell("airing", &progress);
    }
    Ok(())
}
