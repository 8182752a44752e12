//! Putting a bulletin on air now: for a person at the page and for what comes from above.
//!
//! What is to air is in the store before anything is sent, under a name of its sender's; the same name again airs nothing.

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AiringId, AreaCode, BroadcastId, Class, NodeId};

use crate::{
    app::App,
    dispatch::{self, Targets},
    http::{
        problem::{Code, Problem},
        view::broadcasts,
    },
    secrets,
    store::{AiringRow, AiringStatus, BroadcastRow, BulletinRow, StoreError},
};

/// A bulletin that can't begin within ten minutes is no longer "now".
const NORMAL_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// An emergency is worth saying to a node that returns within the hour.
const EMERGENCY_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// No command is good for longer.
pub const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// How long a bulletin may still begin, when nobody says otherwise.
pub fn usual_life(class: Class) -> SignedDuration {
    match class {
        Class::Emergency => EMERGENCY_LIFE,
        Class::Normal | Class::Priority => NORMAL_LIFE,
    }
}

/// What is to be aired now. Whether it may is decided before.
pub struct Order<'a> {
    /// What is said.
    pub bulletin: &'a BulletinRow,
    /// Where, each area once.
    pub areas: Vec<AreaCode>,
    /// Only on this node of them.
    pub node: Option<NodeId>,
    /// For how long it may still begin.
    pub life: SignedDuration,
    /// Who airs it: a person's id, and what others see of them.
    pub by: (String, String),
    /// The sender's name for the intent.
    pub key: Option<String>,
    /// The item from above that it airs.
    pub inbox_item: Option<String>,
}

/// What came of an order.
pub enum Aired {
    /// It is a broadcast now.
    New(BroadcastRow),
    /// It was one already.
    Earlier(BroadcastRow),
}

/// Airs it.
pub async fn now(app: &App, order: Order<'_>) -> Result<Aired, Problem> {
    let Order { bulletin, areas, node, life, by, key, inbox_item } = order;
    let targets = Targets::meant(app, &areas, node.as_ref()).await?;
    if targets.count() == 0 {
        return Err(Problem::new(Code::NoNodes));
    }
    // Before anything is stored: a clip that can't be read airs nowhere.
    let ogg = app.clips.read(&bulletin.clip.hash).await?;
    let now = app.now();
    let mut row = BroadcastRow {
        id: BroadcastId::from_bits(secrets::random()?),
        bulletin: bulletin.id.clone(),
        areas,
        node,
        created_at: now,
        created_by: by,
        expires_at: now.saturating_add(life.min(LONGEST_LIFE)).unwrap_or(now),
        idempotency_key: key,
        dispatched_at: None,
        stopped_at: None,
        inbox_item,
    };
    match app.store.add_broadcast(&row, &airings(&row, &targets, now)).await {
        Ok(()) => {}
        // Two taps at once: the other one was first.
        Err(StoreError::Exists) => {
            let key = row.idempotency_key.as_deref().unwrap_or_default();
            let earlier = app.store.broadcast_by_key(&row.created_by.0, key).await?;
            return earlier.map(Aired::Earlier).ok_or_else(|| Problem::new(Code::KeyReused));
        }
        Err(error) => return Err(error.into()),
    }
    // From here on it exists, and will be sent: an error would only make the sender air it twice.
    match dispatch::play(app, &row, bulletin, &ogg, &targets).await {
        Ok(at) => {
            row.dispatched_at = Some(at);
            tracing::info!(broadcast = %row.id, title = bulletin.title, by = row.created_by.1, nodes = targets.count(), "on air");
        }
        Err(error) => {
            tracing::error!(broadcast = %row.id, title = bulletin.title, by = row.created_by.1, %error, "not on air yet");
        }
    }
    metrics::counter!("loa_broadcasts_total").increment(1);
    // It airs, whether pages are told or not.
    match broadcasts::show(app, vec![row.clone()]).await {
        Ok(shown) => shown.iter().for_each(|shown| app.events.tell("broadcast", shown)),
        Err(error) => tracing::warn!(%error, "open pages were not told"),
    }
    Ok(Aired::New(row))
}

fn airings(row: &BroadcastRow, targets: &Targets, now: Timestamp) -> Vec<AiringRow> {
    let airing = |node: &loa_protocol::NodeId| AiringRow {
        id: AiringId::derive(&row.id, node, now),
        broadcast: row.id.clone(),
        node: node.clone(),
        hamlet: None,
        status: AiringStatus::Sent,
        reason: None,
        sent_at: now,
        started_at: None,
        ended_at: None,
        frames: None,
    };
    targets.nodes().map(airing).collect()
}
