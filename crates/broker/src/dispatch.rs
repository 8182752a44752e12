//! From a decision of a person to signed commands on MQTT.
//!
//! A command is signed once and published once a commune where all its nodes, or many of them, are meant, otherwise once a node.
//! What must be remembered is in the store before anything is published.

use std::{collections::BTreeMap, time::Duration};

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
    store::{BroadcastRow, BulletinRow, StoreError},
};

/// From this many nodes of a commune on, one publish to the commune is less work than one each.
const COMMUNE_FROM: usize = 20;
/// A stop holds for nodes that are away now and come back: they may have older commands waiting.
const STOP_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// A broadcast younger than this is in the hands of the request that made it.
const IN_HAND: SignedDuration = SignedDuration::from_secs(5);
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
        let mut targets = Self::default();
        for (node, hamlet) in app.store.trusted_nodes().await? {
            let Some(commune) = hamlet.commune() else { continue };
            let meant = if let Some(meant) = inside.get(&hamlet) {
                *meant
            } else {
                let meant = app.store.path_of(&hamlet).await?.iter().any(|area| areas.contains(area));
                inside.insert(hamlet, meant);
                meant
            };
            let (nodes, all) = targets.communes.entry(commune).or_default();
            *all += 1;
            if meant {
                nodes.push(node);
            }
        }
        targets.communes.retain(|_, (nodes, _)| !nodes.is_empty());
        Ok(targets)
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

/// Puts a broadcast on air, now. Its audio goes along when it is small enough.
///
/// May be called again for the same broadcast when it was cut short: the command's name is the broadcast's, so a node that has it
/// already refuses the second copy.
pub async fn play(
    app: &App,
    broadcast: &BroadcastRow,
    bulletin: &BulletinRow,
    targets: &Targets,
) -> Result<(), DispatchError> {
    let ogg = app.clips.read(&bulletin.clip.hash).await?;
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
    send(app, &command, attached.then_some(ogg.as_ref()), targets.topics()).await?;
    // It is on air, whatever becomes of the note; without it, it is sent once more, and the nodes refuse the copy.
    if let Err(error) = app.store.broadcast_dispatched(&broadcast.id, app.now()).await {
        tracing::warn!(broadcast = %broadcast.id, %error, "that a broadcast was sent could not be noted");
    }
    Ok(())
}

/// Puts on air what this process, or the one before it, recorded but could not send; as long as it may still begin.
pub async fn resume(app: &App) -> Result<usize, DispatchError> {
    let now = app.now();
    let cut_short = app.store.undispatched(now, now.saturating_sub(IN_HAND).unwrap_or(now)).await?;
    for broadcast in &cut_short {
        let Some(bulletin) = app.store.bulletin(&broadcast.bulletin).await? else { continue };
        let targets = Targets::within(app, &broadcast.areas).await?;
        tracing::warn!(broadcast = %broadcast.id, "sent again: it was cut short");
        play(app, broadcast, &bulletin, &targets).await?;
    }
    Ok(cut_short.len())
}

/// Silences one broadcast, or everything, on some nodes.
pub async fn stop(
    app: &App,
    targets: &Targets,
    areas: &[AreaCode],
    broadcast: Option<BroadcastId>,
) -> Result<(), DispatchError> {
    let command = fresh(app.now(), STOP_LIFE, audience(targets, areas), Action::Stop { broadcast })?;
    send(app, &command, None, targets.topics()).await
}

/// Something for one node that a person at the page waits for.
pub async fn prompt(app: &App, node: &NodeId, action: Action) -> Result<(), DispatchError> {
    to_node(app, node, PROMPT_LIFE, action).await
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
    let envelope = seal(app.identity.signing_key(), command)?;
    let payload = Bytes::from(envelope::frame(&envelope, attachment)?);
    let left = command.expires_at.duration_since(command.issued_at);
    let expiry = Duration::try_from(left).unwrap_or_default();
    let publishes = topics
        .into_iter()
        .map(|topic| app.bus.publish(Publish::new(topic, payload.clone()).expiring(expiry)));
    counter!("loa_commands_total").increment(publishes.len() as u64);
    futures_util::future::try_join_all(publishes).await?;
    Ok(())
}
