//! Plan reconciliation: every trusted node shall have, retained on its plan topic, the plan that follows from the store.
//!
//! One pass takes no argument and may run at any time: it compiles what each hamlet's nodes have in common once, sees by a digest whose plan
//! says something new, gives those the next generation, and publishes what MQTT hasn't got yet, and again what a node that is there still
//! doesn't hold. Whatever changes something a plan depends on wakes it; it also runs by itself, so that a wake-up lost does no harm.
//!
//! A plan's `issued_at` is an instant from before the store was read: whatever was decided before it is in the plan. A node that a command
//! has latched counts on that.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use loa_mqtt::Publish;
use loa_protocol::{AreaCode, Latch, NodeId, Plan, Planned, Policy, limits, seal, topic};
use metrics::{counter, histogram};
use ring::digest::{Context, SHA256};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    programme::territory::Territory,
    releases::Offer,
    store::{PlannedNode, ProgrammeRow},
};

/// By itself, as often as this.
const PERIOD: Duration = Duration::from_mins(1);
/// A node that is there and hasn't taken its plan for this long is given it again.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// A broadcast whose last airing is over stays in the plan for this long.
const TOLD_AFTERWARDS: SignedDuration = SignedDuration::from_hours(24);
/// Plans signed in one go: enough to keep a processor busy, few enough that MQTT begins early.
const SIGNED_AT_ONCE: usize = 128;

/// Plans on their way to MQTT at once: its server writes each to disk before it has it, and many wait for one disk no longer than one.
const GIVEN_AT_ONCE: usize = 400;

/// Runs passes until told to stop.
pub async fn reconcile(app: Arc<App>, stop: CancellationToken) {
    loop {
        let wait = match pass(&app).await {
            Ok(_) => PERIOD,
            Err(error) => {
                tracing::warn!(%error, "plans can't be brought up to date; trying again");
                Duration::from_secs(2)
            }
        };
        tokio::select! {
            () = app.plans_changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// What the nodes of one hamlet have in common.
struct Common {
    areas: Vec<AreaCode>,
    duty: Arc<Duty>,
}

/// What the nodes of many hamlets have in common.
struct Duty {
    policy: Policy,
    latch: Option<Latch>,
    broadcasts: Vec<Planned>,
    digest: Vec<u8>,
}

/// One pass; how many plans were published.
pub async fn pass(app: &Arc<App>) -> anyhow::Result<usize> {
    let issued_at = app.now();
    let nodes = app.store.planned_nodes().await?;
    let territory = Territory::load(&app.store).await?;
    let programme = app.store.programme(Timestamp::MAX).await?;
    let offer = Offer::load(app).await?;
    let commons = Arc::new(commons(app, &territory, &programme, &nodes, issued_at)?);
    let (mut fresh, mut due) = (Vec::new(), Vec::new());
    for node in nodes {
        let Some(common) = commons.get(&node.hamlet) else { continue };
        let word = offer.as_ref().and_then(|_| app.presence.word(&node.id));
        let state = word.as_ref().and_then(|word| word.state.as_ref());
        let release = offer.as_ref().and_then(|offer| offer.to(&node.id, state)).cloned();
        let digest = digest(&node, common, release.as_deref());
        let mut generation = node.generation;
        if digest != node.plan_body {
            generation += 1;
            fresh.push((node.id.clone(), generation, digest));
        }
        if generation > node.published
            || app.presence.lacks_plan(&node.id, generation, issued_at, AGAIN_AFTER)
        {
            due.push(Due { node, generation, release });
        }
    }
    if !fresh.is_empty() {
        // Kept before it is sent: a generation number is never used for two plans.
        app.store.keep_plans(&fresh).await?;
    }
    let published = publish(app, &commons, due, issued_at).await?;
    if !published.is_empty() {
        app.store.plans_published(&published).await?;
        app.presence.given(&published, app.now());
        tracing::debug!(plans = published.len(), changed = fresh.len(), "plans were published");
    }
    Ok(published.len())
}

/// A plan to be published.
struct Due {
    node: PlannedNode,
    generation: u64,
    release: Option<String>,
}

/// Signs these plans on all processors and hands each to MQTT as soon as it is signed.
async fn publish(
    app: &Arc<App>,
    commons: &Arc<HashMap<AreaCode, Common>>,
    due: Vec<Due>,
    issued_at: Timestamp,
) -> anyhow::Result<Vec<(NodeId, u64)>> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut chunks = Vec::new();
    let mut due = due.into_iter().peekable();
    while due.peek().is_some() {
        chunks.push(due.by_ref().take(SIGNED_AT_ONCE).collect::<Vec<_>>());
    }
    let signed = stream::iter(chunks).map(|chunk| {
        let (app, commons) = (Arc::clone(app), Arc::clone(commons));
        tokio::task::spawn_blocking(move || signed(&app, &commons, chunk, issued_at))
    });
    let given = signed
        .buffer_unordered(processors + 1)
        .map_err(anyhow::Error::from)
        .and_then(std::future::ready)
        .map_ok(|chunk| stream::iter(chunk.into_iter().map(Ok)))
        .try_flatten()
        .map_ok(|(named, publish)| async move {
            app.bus.publish(publish).await?;
            counter!("loa_plans_published_total").increment(1);
            anyhow::Ok(named)
        })
        .try_buffer_unordered(GIVEN_AT_ONCE);
    given.try_collect().await
}

type Signed = Vec<((NodeId, u64), Publish)>;

fn signed(
    app: &App,
    commons: &HashMap<AreaCode, Common>,
    due: Vec<Due>,
    issued_at: Timestamp,
) -> anyhow::Result<Signed> {
    let mut signed = Vec::with_capacity(due.len());
    for due in due {
        let Some(common) = commons.get(&due.node.hamlet) else { continue };
        let Due { node, generation, .. } = &due;
        let plan = plan(app, &due, common, issued_at);
        let envelope = seal(app.identity.signing_key(), &plan)?;
        histogram!("loa_plan_bytes").record(envelope.len() as f64);
        signed.push((
            (node.id.clone(), *generation),
            Publish::new(topic::plan(&plan.node), envelope).retained(),
        ));
    }
    Ok(signed)
}

fn plan(app: &App, due: &Due, common: &Common, issued_at: Timestamp) -> Plan {
    let Due { node, generation, release } = due;
    let mut broadcasts = common.duty.broadcasts.clone();
    if let Some(homed_at) = node.homed_at {
        // What was to be aired here before it came was others' to air.
        for planned in &mut broadcasts {
            planned.since = planned.since.max(homed_at);
        }
    }
    Plan {
        cas: app.identity.trusted_fingerprints(),
        node: node.id.clone(),
        generation: *generation,
        issued_at,
        name: node.name.clone(),
        areas: common.areas.clone(),
        time_zone: app.settings.time_zone.clone(),
        volume: node.volume,
        policy: common.duty.policy.clone(),
        latch: common.duty.latch.clone(),
        release: release.clone(),
        broadcasts,
    }
}

/// For each hamlet with a node, what its nodes have in common.
fn commons(
    app: &App,
    territory: &Territory,
    programme: &[ProgrammeRow],
    nodes: &[PlannedNode],
    now: Timestamp,
) -> anyhow::Result<HashMap<AreaCode, Common>> {
    // By id, so that the same programme always gives the same plan. What is over is nobody's duty any more, but for a day it is still told:
    // a node that was off at the time reports by it what it missed.
    let lately = now.saturating_sub(TOLD_AFTERWARDS).unwrap_or(now);
    let living: BTreeMap<_, _> = programme
        .iter()
        .filter(|entry| !crate::programme::is_over(entry, lately))
        .map(|entry| {
            let mut planned = entry.planned();
            planned.time_zone = planned.time_zone.filter(|zone| *zone != app.settings.time_zone);
            (&entry.id, (entry, planned))
        })
        .collect();
    let mut duties = HashMap::new();
    let mut commons = HashMap::new();
    for node in nodes {
        if commons.contains_key(&node.hamlet) {
            continue;
        }
        let areas = territory.path(&node.hamlet);
        let mut planned: Vec<_> = living
            .values()
            .filter(|(entry, _)| entry.areas.iter().any(|area| areas.contains(area)))
            .map(|(_, planned)| planned)
            .collect();
        if planned.len() > limits::PLANNED_BROADCASTS {
            tracing::error!(hamlet = %node.hamlet, broadcasts = planned.len(), "more broadcasts than a plan may hold; some are left out");
            planned.truncate(limits::PLANNED_BROADCASTS);
        }
        let latch = territory.latch(&node.hamlet);
        // What makes the policy in force, and all else that a duty depends on.
        let ruling: Vec<_> =
            areas.iter().filter(|area| territory.own_policy(area).is_some()).cloned().collect();
        let ids: Vec<_> = planned.iter().map(|planned| &planned.id).collect();
        let duty = match duties.entry((ruling, ids, latch.map(|latch| &latch.id))) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(place) => {
                let policy = territory.policy(&node.hamlet);
                let latch = latch.map(|latch| Latch { since: latch.since, by: latch.set_by.1.clone() });
                let broadcasts: Vec<_> = planned.into_iter().cloned().collect();
                // With the key: under a new one all are signed anew, so that none is left which nodes believe no more.
                let kid = app.identity.signing_key().kid();
                let cas = app.identity.trusted_fingerprints();
                let said =
                    serde_json::to_vec(&(kid, cas, &app.settings.time_zone, &policy, &latch, &broadcasts))?;
                let digest = ring::digest::digest(&SHA256, &said).as_ref().to_vec();
                Arc::clone(place.insert(Arc::new(Duty { policy, latch, broadcasts, digest })))
            }
        };
        commons.insert(node.hamlet.clone(), Common { areas, duty });
    }
    Ok(commons)
}

/// Tells one plan from another, but for generation and time.
fn digest(node: &PlannedNode, common: &Common, release: Option<&str>) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(&common.duty.digest);
    for area in &common.areas {
        digest.update(area.as_str().as_bytes());
        digest.update(b"\n");
    }
    digest.update(&[node.volume.percent, node.volume.emergency_percent]);
    digest.update(node.id.as_str().as_bytes());
    digest.update(b"\n");
    digest.update(node.name.as_bytes());
    if let Some(release) = release {
        digest.update(b"\n");
        digest.update(release.as_bytes());
    }
    if let Some(homed_at) = node.homed_at {
        digest.update(&homed_at.as_microsecond().to_le_bytes());
    }
    crate::secrets::hex(digest.finish().as_ref())
}
