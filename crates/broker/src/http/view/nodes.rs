//! A node as the API shows it.

use std::collections::{BTreeSet, HashMap};

use loa_protocol::{
    AreaCode, BroadcastId, Class, ClockTrust, NodeId,
    state::{OutputState, Playing},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AreaName, AreaNames, health::Heartbeat};
use crate::{
    app::App,
    nodes::{Word, is_lost, was_cut_off},
    store::{NodeRow, StoreError},
};

/// Whether a node is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Never enrolled.
    New,
    /// Enrolled, not heard of yet or gone in order.
    Offline,
    /// There.
    Online,
    /// Fell silent, or its link broke.
    Lost,
    /// May do nothing any more, until its place gets new hardware.
    Revoked,
    /// Out of service.
    Retired,
}

/// Loudness, percent of full scale by voltage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Volume {
    /// For normal and priority bulletins.
    #[schema(maximum = 100)]
    pub percent: u8,
    /// For emergencies.
    #[schema(maximum = 100)]
    pub emergency_percent: u8,
}

/// Plan generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Generation {
    /// What the node should hold.
    pub wanted: u64,
    /// What it says it holds.
    pub held: Option<u64>,
    /// Since when MQTT has had the wanted one for it, while it holds another.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub behind_since: Option<jiff::Timestamp>,
}

/// What sounds on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodePlaying {
    /// The airing.
    pub airing: String,
    /// Its broadcast.
    pub broadcast: String,
    /// The title of its bulletin, when it is one of this broker's.
    pub title: Option<String>,
    /// Its class.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: jiff::Timestamp,
    /// How long it is, milliseconds.
    pub duration_ms: u64,
}

impl NodePlaying {
    fn new(playing: &Playing, titles: &Titles) -> Self {
        Self {
            title: titles.get(&playing.broadcast).cloned(),
            airing: playing.airing.to_string(),
            broadcast: playing.broadcast.to_string(),
            class: playing.class,
            started_at: playing.started_at,
            duration_ms: playing.duration_ms,
        }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Node {
    /// Id, for life.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub hamlet: AreaName,
    /// The commune of that hamlet.
    pub commune: Option<AreaName>,
    /// Whether it is there.
    pub status: NodeStatus,
    /// When its hardware got its first certificate.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub enrolled_at: Option<jiff::Timestamp>,
    /// When it was last heard of.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen: Option<jiff::Timestamp>,
    /// Agent's version.
    pub version: Option<String>,
    /// Plans.
    pub generation: Generation,
    /// How far it believes its clock: `unknown`, `set`, `synchronised`.
    #[schema(value_type = Option<String>)]
    pub clock: Option<ClockTrust>,
    /// Whether sound can come out: `ready`, `lost`.
    #[schema(value_type = Option<String>)]
    pub output: Option<OutputState>,
    /// What sounds.
    pub playing: Option<NodePlaying>,
    /// How many airings wait for their turn.
    pub waiting: usize,
    /// Whether it says that everything is stopped there.
    pub latched: bool,
    /// How many clips of its plan are not on its disk yet.
    pub lacking: usize,
    /// How loud it plays.
    pub volume: Volume,
    /// Its last health report.
    pub heartbeat: Option<Heartbeat>,
}

/// Titles of what plays.
type Titles = HashMap<BroadcastId, String>;

async fn titles(app: &App, rows: &[NodeRow]) -> Result<Titles, StoreError> {
    let playing = rows.iter().filter_map(|row| Some(word(app, row).state?.playing?.broadcast));
    let mut titles = Titles::new();
    for broadcast in playing.collect::<BTreeSet<_>>() {
        if let Some(title) = app.store.title_of(&broadcast).await? {
            titles.insert(broadcast, title);
        }
    }
    Ok(titles)
}

/// What a node last said.
fn word(app: &App, row: &NodeRow) -> Word {
    app.presence.word(&row.id).unwrap_or(Word {
        state: row.state.clone(),
        heartbeat: row.heartbeat.clone(),
        seen: row.last_seen,
    })
}

fn show(app: &App, row: NodeRow, names: &AreaNames, titles: &Titles) -> Node {
    let word = word(app, &row);
    let status = if row.retired_at.is_some() {
        NodeStatus::Retired
    } else if row.revoked_at.is_some() {
        NodeStatus::Revoked
    } else if row.enrolled_at.is_none() {
        NodeStatus::New
    } else if was_cut_off(&word) || is_lost(&word, app.now()) {
        NodeStatus::Lost
    } else if word.state.as_ref().is_some_and(|state| state.online) {
        NodeStatus::Online
    } else {
        NodeStatus::Offline
    };
    // What a silent node said last is not what is.
    let present = word.state.filter(|_| status == NodeStatus::Online);
    Node {
        id: row.id.to_string(),
        name: row.name,
        hamlet: names.of(&row.hamlet),
        commune: row.hamlet.commune().map(|code: AreaCode| names.of(&code)),
        status,
        enrolled_at: row.enrolled_at,
        last_seen: word.seen.or(row.last_seen),
        version: present.as_ref().map(|state| state.version.clone()),
        generation: Generation {
            wanted: row.generation,
            held: present.as_ref().and_then(|state| state.generation),
            behind_since: app.presence.behind_since(&row.id, row.generation),
        },
        clock: present.as_ref().map(|state| state.clock),
        output: present.as_ref().map(|state| state.output),
        waiting: present.as_ref().map_or(0, |state| state.waiting.len()),
        latched: present.as_ref().is_some_and(|state| state.latched),
        lacking: present.as_ref().map_or(0, |state| state.lacking.len()),
        playing: present
            .and_then(|state| state.playing)
            .as_ref()
            .map(|playing| NodePlaying::new(playing, titles)),
        volume: Volume { percent: row.volume.percent, emergency_percent: row.volume.emergency_percent },
        heartbeat: word.heartbeat.map(Heartbeat::from),
    }
}

/// The nodes of the hamlets that may be shown.
pub async fn all(app: &App, shown: impl Fn(&AreaCode) -> bool) -> Result<Vec<Node>, StoreError> {
    let names = AreaNames::load(app).await?;
    let mut rows = app.store.nodes().await?;
    rows.retain(|row| shown(&row.hamlet));
    let titles = titles(app, &rows).await?;
    Ok(rows.into_iter().map(|row| show(app, row, &names, &titles)).collect())
}

/// One node.
pub async fn one(app: &App, id: &NodeId) -> Result<Option<Node>, StoreError> {
    let Some(row) = app.store.node(id).await? else { return Ok(None) };
    let names = AreaNames::load(app).await?;
    let titles = titles(app, std::slice::from_ref(&row)).await?;
    Ok(Some(show(app, row, &names, &titles)))
}
