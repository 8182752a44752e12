//! Nodes: list, add, change, claim codes, and what an installer does with one.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use jiff::SignedDuration;
use loa_mqtt::Publish;
use loa_protocol::{Action, AreaCode, NodeId, enrolment::canonical_code, plan, topic};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Sight, within},
    extract::{Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    text_field,
    view::nodes::{self, Node, Volume},
};
use crate::{
    app::App,
    dispatch,
    people::Permission,
    secrets,
    store::{NodeRow, PersonRow},
};

/// A claim code is good for a week: the installer may wait for dry weather.
const CLAIM_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
const TEST_TONE_MS: u32 = 3000;

/// A new node.
#[derive(Deserialize, ToSchema)]
pub struct NewNode {
    /// Code of the hamlet it stands in.
    hamlet: String,
    /// What people call it.
    name: String,
}

/// What may be changed.
#[derive(Deserialize, ToSchema)]
pub struct NodeChange {
    /// What people call it.
    name: Option<String>,
    /// How loud it plays.
    volume: Option<Volume>,
    /// Code of the hamlet it stands in from now on.
    hamlet: Option<String>,
}

/// What an installer carries to the pole.
#[derive(Serialize, ToSchema)]
pub struct Claim {
    /// One-time code.
    code: String,
    /// Good until then.
    #[schema(value_type = String, format = DateTime)]
    expires_at: jiff::Timestamp,
    /// Where the agent enrols.
    server: String,
    /// SHA-256 of the broker's CA certificate, hexadecimal.
    ca_fingerprint: String,
    /// What to type on the node.
    command: String,
}

fn known(id: &str) -> Result<NodeId, Problem> {
    id.parse().map_err(|_| Problem::new(Code::NotFound))
}

async fn shown(app: &App, id: &NodeId) -> Result<Node, Problem> {
    nodes::one(app, id).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// A node, for somebody who may do this where it stands.
pub(super) async fn yours(
    app: &App,
    person: &PersonRow,
    permission: Permission,
    id: &str,
) -> Result<NodeRow, Problem> {
    let row = app.store.node(&known(id)?).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    within(app, person, permission, std::slice::from_ref(&row.hamlet)).await?;
    Ok(row)
}

/// All nodes.
#[utoipa::path(get, path = "/nodes", tag = "nodes", responses((status = 200, body = [Node])))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Vec<Node>>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    Ok(axum::Json(nodes::all(&app, |hamlet| sight.covers(hamlet)).await?))
}

/// One node.
#[utoipa::path(get, path = "/nodes/{id}", tag = "nodes", params(("id" = String, Path)),
    responses((status = 200, body = Node), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Node>, Problem> {
    let row = yours(&app, &person, Permission::Read, &id).await?;
    Ok(axum::Json(shown(&app, &row.id).await?))
}

/// Adds a node to a hamlet. It does nothing until it is enrolled.
#[utoipa::path(post, path = "/nodes", tag = "nodes", request_body = NewNode,
    responses((status = 201, body = Node), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewNode>,
) -> Result<(StatusCode, axum::Json<Node>), Problem> {
    let hamlet = hamlet(&new.hamlet)?;
    within(&app, &person, Permission::Install, std::slice::from_ref(&hamlet)).await?;
    let id = NodeId::from_bits(secrets::random()?);
    let row = NodeRow::new(id, hamlet, text_field("name", &new.name, 80)?, app.now());
    app.store.add_nodes(std::slice::from_ref(&row)).await?;
    Ok((StatusCode::CREATED, axum::Json(shown(&app, &row.id).await?)))
}

fn hamlet(code: &str) -> Result<AreaCode, Problem> {
    let hamlet: AreaCode = code.parse().map_err(|_| Problem::field("hamlet"))?;
    if hamlet.commune().is_none_or(|commune| commune == hamlet) {
        return Err(Problem::field("hamlet"));
    }
    Ok(hamlet)
}

/// Changes name or volume, or moves it to another hamlet, for which whoever asks needs the right in both. It stays the same node; its plan
/// follows at once.
#[utoipa::path(patch, path = "/nodes/{id}", tag = "nodes", request_body = NodeChange, params(("id" = String, Path)),
    responses((status = 200, body = Node), (status = "4XX", body = ProblemBody)))]
pub async fn change(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(change): Json<NodeChange>,
) -> Result<axum::Json<Node>, Problem> {
    let row = yours(&app, &person, Permission::Install, &id).await?;
    let id = row.id;
    let moved = change.hamlet.as_deref().map(hamlet).transpose()?.filter(|hamlet| *hamlet != row.hamlet);
    if let Some(hamlet) = &moved {
        within(&app, &person, Permission::Install, std::slice::from_ref(hamlet)).await?;
    }
    let name = change.name.map_or(Ok(row.name), |name| text_field("name", &name, 80))?;
    let volume = match change.volume {
        Some(v) if v.percent > 100 || v.emergency_percent > 100 => return Err(Problem::field("volume")),
        Some(v) => plan::Volume { percent: v.percent, emergency_percent: v.emergency_percent },
        None => row.volume,
    };
    if let Some(hamlet) = &moved {
        app.store.rehome_node(&id, hamlet, app.now()).await?;
        tracing::info!(node = %id, from = %row.hamlet, to = %hamlet, by = person.username, "a node moved");
        if hamlet.commune() != row.hamlet.commune() {
            // Which commune's commands it may hear is decided when it connects.
            cut(&app, &id).await;
        }
    }
    app.store.change_node(&id, &name, volume).await?;
    app.plans_changed.notify_one();
    let node = shown(&app, &id).await?;
    if moved.is_some() {
        app.events.tell("node", &node);
    }
    Ok(axum::Json(node))
}

/// Makes a claim code. Codes made for the node before stop working. For a node that is enrolled already it is how its place gets new hardware:
/// the old one works until the code is used, and never after. It is also the way back for one that was revoked or retired.
#[utoipa::path(post, path = "/nodes/{id}/claims", tag = "nodes", params(("id" = String, Path)),
    responses((status = 201, body = Claim), (status = "4XX", body = ProblemBody)))]
pub async fn claim(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<Claim>), Problem> {
    let row = yours(&app, &person, Permission::Install, &id).await?;
    let id = row.id;
    let code = secrets::claim_code()?;
    let now = app.now();
    let expires_at = now.saturating_add(CLAIM_LIFE).unwrap_or(now);
    app.store.add_claim(&secrets::hash(&canonical_code(&code)), &id, now, expires_at).await?;
    let server = app.addresses.http.trim_end_matches('/').to_owned();
    let ca_fingerprint = app.identity.ca_fingerprint();
    let command = format!(
        "sudo loa-agent enrol --data /var/lib/loa-agent --server {server} --ca-fingerprint {ca_fingerprint} --code {code}"
    );
    Ok((StatusCode::CREATED, axum::Json(Claim { code, expires_at, server, ca_fingerprint, command })))
}

/// From now on the node may do nothing; its connection is cut.
#[utoipa::path(post, path = "/nodes/{id}/revoke", tag = "nodes", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = yours(&app, &person, Permission::Manage, &id).await?.id;
    if app.store.revoke_node(&id, app.now()).await? {
        tracing::info!(node = %id, by = person.username, "a node was revoked");
        cut(&app, &id).await;
    }
    app.events.tell("node", &shown(&app, &id).await?);
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a node out of service: it may do nothing any more, and is in no list of what should work. What it aired stays in the reports. Only a new claim
/// code brings it back.
#[utoipa::path(post, path = "/nodes/{id}/retirement", tag = "nodes", params(("id" = String, Path)),
    responses((status = 200, body = Node), (status = "4XX", body = ProblemBody)))]
pub async fn retire(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Node>, Problem> {
    let id = yours(&app, &person, Permission::Install, &id).await?.id;
    if app.store.retire_node(&id, app.now()).await? {
        tracing::info!(node = %id, by = person.username, "a node was retired");
        cut(&app, &id).await;
        app.presence.forget(&id);
        for topic in [topic::plan(&id), topic::state(&id)] {
            // An empty message takes away what is retained. At most once, so that it waits for nobody.
            if let Err(error) = app.bus.publish(Publish::new(topic, "").retained().at_most_once()).await {
                tracing::warn!(node = %id, %error, "what the MQTT server keeps for a retired node could not be cleared");
            }
        }
        app.alarms_due.notify_one();
    }
    let node = shown(&app, &id).await?;
    app.events.tell("node", &node);
    Ok(axum::Json(node))
}

/// Ends a node's connection; it comes back with what it is allowed now.
async fn cut(app: &App, id: &NodeId) {
    if let Err(error) = app.bus.disconnect_client(id.as_str()).await {
        tracing::warn!(node = %id, %error, "a node's connection could not be cut");
    }
}

async fn prompt(app: &App, person: &PersonRow, id: &str, action: Action) -> Result<StatusCode, Problem> {
    let row = yours(app, person, Permission::Install, id).await?;
    if !row.is_trusted() {
        return Err(Problem::new(Code::NodeNotTrusted));
    }
    dispatch::prompt(app, &row.id, action).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Makes the node sound three short tones.
#[utoipa::path(post, path = "/nodes/{id}/identify", tag = "nodes", params(("id" = String, Path)),
    responses((status = 202), (status = "4XX", body = ProblemBody)))]
pub async fn identify(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    prompt(&app, &person, &id, Action::Identify).await
}

/// Makes the node sound a test tone of three seconds.
#[utoipa::path(post, path = "/nodes/{id}/test-tone", tag = "nodes", params(("id" = String, Path)),
    responses((status = 202), (status = "4XX", body = ProblemBody)))]
pub async fn test_tone(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    prompt(&app, &person, &id, Action::TestTone { duration_ms: TEST_TONE_MS }).await
}
