//! Plan reconciliation: every trusted node shall have, retained on its plan topic, the plan that follows from the store.
//!
//! One pass takes no argument and may run at any time: it compiles each node's plan, gives it the next generation if it says
//! something new, and publishes what MQTT hasn't got yet. Whatever changes something a plan depends on wakes it; it also runs by itself, so
//! that a wake-up lost does no harm.

use std::{collections::HashMap, sync::Arc, time::Duration};

use loa_mqtt::Publish;
use loa_protocol::{AreaCode, Plan, Policy, seal, topic};
use tokio_util::sync::CancellationToken;

use crate::{app::App, store::NodeRow};

/// By itself, as often as this.
const PERIOD: Duration = Duration::from_mins(1);

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

/// One pass; how many plans were published.
pub async fn pass(app: &App) -> anyhow::Result<usize> {
    let mut paths: HashMap<AreaCode, Vec<AreaCode>> = HashMap::new();
    let mut fresh = Vec::new();
    let mut due = Vec::new();
    for node in app.store.nodes().await?.into_iter().filter(NodeRow::is_trusted) {
        if !paths.contains_key(&node.hamlet) {
            paths.insert(node.hamlet.clone(), app.store.path_of(&node.hamlet).await?);
        }
        let areas = paths.get(&node.hamlet).cloned().unwrap_or_default();
        let mut plan = compile(app, &node, areas);
        let body = serde_json::to_string(&plan)?;
        plan.generation = node.generation;
        if body != node.plan_body {
            plan.generation += 1;
            fresh.push((node.id.clone(), plan.generation, body));
        }
        if plan.generation > node.published {
            plan.issued_at = app.now();
            due.push(plan);
        }
    }
    if !fresh.is_empty() {
        // Kept before it is sent: a generation number is never used for two plans.
        app.store.keep_plans(&fresh).await?;
    }
    let mut published = Vec::with_capacity(due.len());
    for plan in due {
        let envelope = seal(app.identity.signing_key(), &plan)?;
        app.bus.publish(Publish::new(topic::plan(&plan.node), envelope).retained()).await?;
        published.push((plan.node, plan.generation));
    }
    if !published.is_empty() {
        app.store.plans_published(&published).await?;
    }
    Ok(published.len())
}

/// The plan that follows from the store, with generation and time still open.
fn compile(app: &App, node: &NodeRow, areas: Vec<AreaCode>) -> Plan {
    Plan {
        node: node.id.clone(),
        generation: 0,
        issued_at: jiff::Timestamp::UNIX_EPOCH,
        name: node.name.clone(),
        areas,
        time_zone: app.settings.time_zone.clone(),
        volume: node.volume,
        policy: Policy::unlimited(),
        latch: None,
        broadcasts: Vec::new(),
    }
}
