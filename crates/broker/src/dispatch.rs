//! From a decision of a person to signed commands on MQTT.
//!
//! A command is signed once and published once a commune where all its nodes, or many of them, are meant, otherwise once a node.
//! What must be remembered is in the store before anything is published. A broadcast that MQTT doesn't take is not lost by it: it stands in
//! the store, and is sent again until it is taken, stopped or expired.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use loa_mqtt::{BusError, Publish};
use loa_protocol::{
    Action, AiringId, AreaCode, Audience, BroadcastId, ClipRef, Command, CommandId, NodeId, Play,
    envelope::{self, SealError},
    limits, seal, topic,
};
use metrics::counter;

use crate::{
    app::App,
    clips::ClipError,
    secrets::{self, NoRandom},
    store::{AiringStatus, BroadcastRow, BulletinRow, StoreError},
};

/// From this many nodes of a commune on, one publish to the commune is less work than one each.
const COMMUNE_FROM: usize = 20;
/// A stop holds for nodes that are away now and come back: they may have older commands waiting.
const STOP_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// A broadcast younger than this is in the hands of the request that made it.
const IN_HAND: SignedDuration = SignedDuration::from_secs(5);
/// An MQTT server that hasn't taken a command by then is as good as gone. Less than [`IN_HAND`], so that a request has given up before the
/// broadcast is sent again.
const TAKEN_WITHIN: Duration = Duration::from_secs(4);
/// Commands that a person at the page waits for.
const PROMPT_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// An acknowledgement that is lost is made again with the next copy of the receipt.
const ACKNOWLEDGE_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// A command could not be handed to MQTT.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// MQTT doesn't take it now. Trying again later helps.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A fault of this program.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clip can't be read.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

/// Nodes by commune: those meant, and how many trusted ones the commune has in all.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    communes: BTreeMap<AreaCode, (Vec<NodeId>, usize)>,
}

impl Targets {
    /// The trusted nodes within some areas; every node once.
    pub async fn within(app: &App, areas: &[AreaCode]) -> Result<Self, StoreError> {
        let mut inside: BTreeMap<AreaCode, bool> = BTreeMap::new();
        let nodes = app.store.trusted_nodes().await?;
        for (_, hamlet) in &nodes {
            if !inside.contains_key(hamlet) {
                let meant = app.store.path_of(hamlet).await?.iter().any(|area| areas.contains(area));
                inside.insert(hamlet.clone(), meant);
            }
        }
        Ok(Self::those(nodes, |_, hamlet| inside.get(hamlet) == Some(&true)))
    }

    /// Those of an order: one node, or all within its areas.
    pub async fn meant(app: &App, areas: &[AreaCode], node: Option<&NodeId>) -> Result<Self, StoreError> {
        match node {
            Some(node) => Self::of(app, &BTreeSet::from([node.clone()])).await,
            None => Self::within(app, areas).await,
        }
    }

    /// Those of these nodes that are trusted.
    async fn of(app: &App, wanted: &BTreeSet<NodeId>) -> Result<Self, StoreError> {
        Ok(Self::those(app.store.trusted_nodes().await?, |node, _| wanted.contains(node)))
    }

    fn those(all: Vec<(NodeId, AreaCode)>, meant: impl Fn(&NodeId, &AreaCode) -> bool) -> Self {
        let mut targets = Self::default();
        for (node, hamlet) in all {
            let Some(commune) = hamlet.commune() else { continue };
            let (nodes, all) = targets.communes.entry(commune).or_default();
            *all += 1;
            if meant(&node, &hamlet) {
                nodes.push(node);
            }
        }
        targets.communes.retain(|_, (nodes, _)| !nodes.is_empty());
        targets
    }

    /// All nodes meant.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.communes.values().flat_map(|(nodes, _)| nodes)
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.communes.values().map(|(nodes, _)| nodes.len()).sum()
    }

    /// Topics that reach them all.
    fn topics(&self) -> Vec<String> {
        let of_commune = |(commune, (nodes, all)): (&AreaCode, &(Vec<NodeId>, usize))| {
            if nodes.len() >= COMMUNE_FROM || (nodes.len() == *all && nodes.len() > 1) {
                vec![topic::commune_command(commune)]
            } else {
                nodes.iter().map(topic::command).collect()
            }
        };
        self.communes.iter().flat_map(of_commune).collect()
    }
}

/// Puts a broadcast on air, now, with its clip; when it was done. The sound goes along when it is small enough.
///
/// May be called again for the same broadcast when it was cut short: the command's name is the broadcast's, so a node that has it
/// already refuses the second copy.
pub async fn play(
    app: &App,
    broadcast: &BroadcastRow,
    bulletin: &BulletinRow,
    ogg: &[u8],
    targets: &Targets,
) -> Result<Timestamp, DispatchError> {
    let attached = ogg.len() <= limits::ATTACHMENT_BYTES;
    let clip = &bulletin.clip;
    let command = Command {
        id: broadcast.id.command(),
        issued_at: broadcast.created_at,
        expires_at: broadcast.expires_at,
        audience: audience(targets, &broadcast.areas),
        action: Action::Play(Play {
            broadcast: broadcast.id.clone(),
            class: bulletin.class,
            title: bulletin.title.clone(),
            language: bulletin.language.clone(),
            clip: ClipRef {
                hash: clip.hash.clone(),
                bytes: clip.bytes,
                duration_ms: clip.duration_ms(),
                attached,
            },
        }),
    };
    send(app, &command, attached.then_some(ogg), targets.topics()).await?;
    let now = app.now();
    // It is on air, whatever becomes of the note; without it, it is sent once more, and the nodes refuse the copy.
    if let Err(error) = app.store.broadcast_dispatched(&broadcast.id, now).await {
        tracing::warn!(broadcast = %broadcast.id, %error, "that a broadcast was sent could not be noted");
    }
    Ok(now)
}

/// What this process, or the one before it, recorded but could not send, as long as it may still begin.
pub async fn unsent(app: &App) -> Result<Vec<BroadcastRow>, StoreError> {
    let now = app.now();
    app.store.undispatched(now, now.saturating_sub(IN_HAND).unwrap_or(now)).await
}

/// Sends one of those again.
pub async fn again(app: &App, broadcast: &BroadcastRow) -> Result<(), DispatchError> {
    let Some(bulletin) = app.store.bulletin(&broadcast.bulletin).await? else { return Ok(()) };
    let ogg = app.clips.read(&bulletin.clip.hash).await?;
    let targets = Targets::meant(app, &broadcast.areas, broadcast.node.as_ref()).await?;
    play(app, broadcast, &bulletin, &ogg, &targets).await?;
    tracing::warn!(broadcast = %broadcast.id, "on air now; it could not be sent before");
    Ok(())
}

/// After a start with the embedded MQTT server: gives again what nodes haven't said anything of. What waits for a node that is away is
/// written by that server a moment after it was taken, or not at all while the disk is full, and is then lost with the process.
pub async fn after_restart(app: &App) -> Result<(), DispatchError> {
    for broadcast in app.store.unheard(app.now()).await? {
        let airings = app.store.airings(&broadcast.id).await?;
        let unheard = airings.into_iter().filter(|airing| airing.status == AiringStatus::Sent);
        let targets = Targets::of(app, &unheard.map(|airing| airing.node).collect()).await?;
        if targets.count() == 0 {
            continue;
        }
        if broadcast.stopped_at.is_some() {
            stop(app, &targets, &broadcast.areas, Stop::Broadcast(broadcast.id.clone())).await?;
        } else if broadcast.dispatched_at.is_some()
            && let Some(bulletin) = app.store.bulletin(&broadcast.bulletin).await?
        {
            match app.clips.read(&bulletin.clip.hash).await {
                Ok(ogg) => drop(play(app, &broadcast, &bulletin, &ogg, &targets).await?),
                Err(error) => tracing::error!(broadcast = %broadcast.id, %error, "can't be given again"),
            }
        }
        tracing::info!(broadcast = %broadcast.id, nodes = targets.count(), "given again after a restart");
    }
    Ok(())
}

/// Notes as stopped what lies wholly within `areas` and may still begin, before a stop: it must not be sent after it, nor given again.
pub async fn take_back(app: &App, areas: &[AreaCode]) -> Result<(), StoreError> {
    let now = app.now();
    let mut pending = app.store.undispatched(now, now).await?;
    pending.extend(app.store.unheard(now).await?);
    for broadcast in pending {
        let mut covered = true;
        for area in &broadcast.areas {
            covered &= app.store.path_of(area).await?.iter().any(|outer| areas.contains(outer));
        }
        if covered {
            app.store.broadcast_stopped(&broadcast.id, now).await?;
        }
    }
    Ok(())
}

/// What to silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// One broadcast.
    Broadcast(BroadcastId),
    /// All that sounds or waits.
    Everything {
        /// And keep silent until a plan comes without a latch; the latch is in the store already.
        latch: bool,
    },
}

/// Silences one broadcast, or everything, on some nodes.
pub async fn stop(app: &App, targets: &Targets, areas: &[AreaCode], stop: Stop) -> Result<(), DispatchError> {
    let (broadcast, latch) = match stop {
        Stop::Broadcast(id) => (Some(id), false),
        Stop::Everything { latch } => (None, latch),
    };
    let command = fresh(app.now(), STOP_LIFE, audience(targets, areas), Action::Stop { broadcast, latch })?;
    send(app, &command, None, targets.topics()).await
}

/// Something for one node that a person at the page waits for.
pub async fn prompt(app: &App, node: &NodeId, action: Action) -> Result<(), DispatchError> {
    to_node(app, node, PROMPT_LIFE, action).await
}

/// Answers a node's question for the present.
pub async fn tell_time(app: &App, node: &NodeId, question: String) -> Result<(), DispatchError> {
    to_node(app, node, PROMPT_LIFE, Action::Time { answers: question, now: app.now() }).await
}

/// Tells a node that its receipts are safe.
pub async fn acknowledge(app: &App, node: &NodeId, airings: Vec<AiringId>) -> Result<(), DispatchError> {
    to_node(app, node, ACKNOWLEDGE_LIFE, Action::Acknowledge { airings }).await
}

async fn to_node(
    app: &App,
    node: &NodeId,
    life: SignedDuration,
    action: Action,
) -> Result<(), DispatchError> {
    let command = fresh(app.now(), life, Audience::node(node.clone()), action)?;
    send(app, &command, None, vec![topic::command(node)]).await
}

/// Few nodes are named; many are meant by their areas.
fn audience(targets: &Targets, areas: &[AreaCode]) -> Audience {
    if targets.count() <= COMMUNE_FROM {
        Audience { nodes: targets.nodes().cloned().collect(), areas: Vec::new() }
    } else {
        Audience { nodes: Vec::new(), areas: areas.to_vec() }
    }
}

fn command_id() -> Result<CommandId, NoRandom> {
    secrets::random().map(CommandId::from_bits)
}

fn fresh(
    now: Timestamp,
    life: SignedDuration,
    audience: Audience,
    action: Action,
) -> Result<Command, NoRandom> {
    let expires_at = now.saturating_add(life).unwrap_or(now);
    Ok(Command { id: command_id()?, issued_at: now, expires_at, audience, action })
}

async fn send(
    app: &App,
    command: &Command,
    attachment: Option<&[u8]>,
    topics: Vec<String>,
) -> Result<(), DispatchError> {
    if !*app.bus.connected().borrow() {
        // Handed over now it would wait in memory, and go out whenever the server is back.
        return Err(BusError::Unavailable("not connected".into()).into());
    }
    let envelope = seal(app.identity.signing_key(), command)?;
    let payload = Bytes::from(envelope::frame(&envelope, attachment)?);
    let left = command.expires_at.duration_since(app.now());
    let expiry = Duration::try_from(left).unwrap_or_default();
    let publishes = topics
        .into_iter()
        .map(|topic| app.bus.publish(Publish::new(topic, payload.clone()).expiring(expiry)));
    counter!("loa_commands_total").increment(publishes.len() as u64);
    match tokio::time::timeout(TAKEN_WITHIN, futures_util::future::try_join_all(publishes)).await {
        Ok(taken) => taken.map(drop).map_err(DispatchError::from),
        Err(_) => Err(BusError::Unavailable("not taken in time".into()).into()),
    }
}
