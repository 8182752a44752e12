//! Broadcasts and their airings as the API shows them.

use std::collections::HashMap;

use loa_protocol::{AiringId, Class, NodeId, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AreaName, AreaNames, PersonName, bulletins::Clip};
use crate::{
    app::App,
    nodes::is_lost,
    store::{AiringRow, AiringStatus, BroadcastRow, NodeRow, StoreError},
};

/// A bulletin, in short.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BulletinName {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
}

/// A node, in short.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NodeName {
    /// Id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// What becomes of a broadcast on one node.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Airing {
    /// The airing's id.
    pub airing: String,
    /// The node.
    pub node: NodeName,
    /// Where it stands.
    pub hamlet: AreaName,
    /// How far it is.
    pub status: AiringStatus,
    /// Why, where there is more to say.
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
    /// Whether the node is there now.
    pub node_online: bool,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub sent_at: jiff::Timestamp,
    /// When it began to sound.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<jiff::Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<jiff::Timestamp>,
    /// How much the sound device took, milliseconds.
    pub heard_ms: Option<u64>,
    /// How long the clip is, milliseconds.
    pub duration_ms: u64,
}

/// A broadcast.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Broadcast {
    /// Id.
    pub id: String,
    /// What is said.
    pub bulletin: BulletinName,
    /// What sounds.
    pub clip: Clip,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: jiff::Timestamp,
    /// Who sent it.
    pub created_by: PersonName,
    /// No airing of it begins from then on.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: jiff::Timestamp,
    /// When MQTT had all of it. Absent while it waits to be sent, which is tried until it expires.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub dispatched_at: Option<jiff::Timestamp>,
    /// When a person stopped it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub stopped_at: Option<jiff::Timestamp>,
    /// Where it was sent.
    pub areas: Vec<AreaName>,
    /// What becomes of it, node by node.
    pub airings: Vec<Airing>,
}

/// One airing has moved on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AiringProgress {
    /// Its broadcast.
    pub broadcast: String,
    /// Itself.
    pub airing: Airing,
}

/// What is needed to show airings, read once.
struct Showing<'a> {
    app: &'a App,
    names: AreaNames,
    nodes: HashMap<NodeId, NodeRow>,
}

impl<'a> Showing<'a> {
    async fn load(app: &'a App) -> Result<Self, StoreError> {
        let nodes = app.store.nodes().await?.into_iter().map(|node| (node.id.clone(), node)).collect();
        Ok(Self { app, names: AreaNames::load(app).await?, nodes })
    }

    /// What is needed to show an airing of one node: told for each of thousands, it must not read all of them each time.
    async fn of_one(app: &'a App, row: &AiringRow) -> Result<Self, StoreError> {
        let Some(node) = app.store.node(&row.node).await? else {
            return Ok(Self { app, names: AreaNames::default(), nodes: HashMap::new() });
        };
        let names = AreaNames::of_one(app, row.hamlet.as_ref().unwrap_or(&node.hamlet)).await?;
        Ok(Self { app, names, nodes: HashMap::from([(row.node.clone(), node)]) })
    }

    fn airing(&self, row: &AiringRow, duration_ms: u64) -> Option<Airing> {
        let node = self.nodes.get(&row.node)?;
        let word = self.app.presence.word(&row.node);
        let here = word.is_some_and(|word| {
            word.state.as_ref().is_some_and(|state| state.online) && !is_lost(&word, self.app.now())
        });
        Some(Airing {
            airing: row.id.to_string(),
            node: NodeName { id: row.node.to_string(), name: node.name.clone() },
            hamlet: self.names.of(row.hamlet.as_ref().unwrap_or(&node.hamlet)),
            status: row.status,
            reason: row.reason,
            node_online: here && node.is_trusted(),
            sent_at: row.sent_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            heard_ms: row.frames.map(|frames| frames / 48),
            duration_ms,
        })
    }

    async fn broadcast(&self, row: BroadcastRow) -> Result<Option<Broadcast>, StoreError> {
        let Some(bulletin) = self.app.store.bulletin(&row.bulletin).await? else { return Ok(None) };
        let clip = Clip::from(bulletin.clip);
        let mut airings: Vec<_> = self
            .app
            .store
            .airings(&row.id)
            .await?
            .into_iter()
            .filter_map(|airing| self.airing(&airing, clip.duration_ms))
            .collect();
        airings.sort_by(|a, b| (&a.hamlet.code, &a.node.name).cmp(&(&b.hamlet.code, &b.node.name)));
        Ok(Some(Broadcast {
            id: row.id.to_string(),
            bulletin: BulletinName { id: bulletin.id, title: bulletin.title, class: bulletin.class },
            clip,
            created_at: row.created_at,
            created_by: row.created_by.into(),
            expires_at: row.expires_at,
            dispatched_at: row.dispatched_at,
            stopped_at: row.stopped_at,
            areas: row.areas.iter().map(|area| self.names.of(area)).collect(),
            airings,
        }))
    }
}

/// Broadcasts, in the order given.
pub async fn show(app: &App, rows: Vec<BroadcastRow>) -> Result<Vec<Broadcast>, StoreError> {
    let showing = Showing::load(app).await?;
    let mut broadcasts = Vec::with_capacity(rows.len());
    for row in rows {
        broadcasts.extend(showing.broadcast(row).await?);
    }
    Ok(broadcasts)
}

/// How far one airing is.
pub async fn progress(app: &App, id: &AiringId) -> Result<Option<AiringProgress>, StoreError> {
    let Some(row) = app.store.airing(id).await? else { return Ok(None) };
    let Some(bulletin) = app.store.bulletin_of(&row.broadcast).await? else { return Ok(None) };
    let Some(bulletin) = app.store.bulletin(&bulletin).await? else { return Ok(None) };
    let showing = Showing::of_one(app, &row).await?;
    let airing = showing.airing(&row, bulletin.clip.duration_ms());
    Ok(airing.map(|airing| AiringProgress { broadcast: row.broadcast.to_string(), airing }))
}
