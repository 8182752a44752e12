//! Putting bulletins on air, watching them, stopping them.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use jiff::SignedDuration;
use loa_protocol::{AiringId, AreaCode, BroadcastId, Class};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    bulletins::Page,
    extract::{Json, Path, Query, SignedIn},
    problem::{Code, Problem, ProblemBody},
    view::broadcasts::{self, Broadcast},
};
use crate::{
    app::App,
    dispatch::{self, Stop, Targets},
    programme::now,
    secrets,
    store::{AiringRow, AiringStatus, BroadcastRow, PersonRow, StoreError},
};

/// A bulletin that can't begin within ten minutes is no longer "now".
const NORMAL_LIFE_S: u32 = 600;
/// An emergency is worth saying to a node that returns within the hour.
const EMERGENCY_LIFE_S: u32 = 3600;
const LONGEST_LIFE_S: u32 = 24 * 3600;

/// A bulletin to be aired now.
#[derive(Deserialize, ToSchema)]
pub struct NewBroadcast {
    /// The bulletin's id.
    bulletin: String,
    /// Codes of areas; every node in them, once.
    areas: Vec<String>,
    /// Seconds from now until no node may begin any more, at most a day. 600 when absent, 3600 for emergencies.
    expires_in_s: Option<u32>,
}

/// Broadcasts, newest first.
#[derive(Serialize, ToSchema)]
pub struct BroadcastPage {
    /// These.
    items: Vec<Broadcast>,
    /// `before` for those that follow; absent when there are none.
    #[schema(value_type = Option<String>, format = DateTime)]
    next: Option<jiff::Timestamp>,
}

/// How many nodes were told to stop.
#[derive(Serialize, ToSchema)]
pub struct Stopping {
    /// Nodes told.
    nodes: usize,
}

pub(super) fn area_codes(areas: &[String]) -> Result<Vec<AreaCode>, Problem> {
    let mut codes: Vec<AreaCode> = areas
        .iter()
        .map(|code| code.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::field("areas"))?;
    codes.sort();
    codes.dedup();
    Ok(codes)
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=80).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| Problem::field("Idempotency-Key"))
}

async fn show(app: &App, row: BroadcastRow) -> Result<Broadcast, Problem> {
    broadcasts::show(app, vec![row]).await?.pop().ok_or_else(|| Problem::new(Code::NotFound))
}

/// Airs a bulletin now, unless everything is stopped in one of the areas, or, for a bulletin that is no emergency, a policy forbids it. The same `Idempotency-Key` again gives the same broadcast and airs nothing. When MQTT can't take it at once, the
/// broadcast is there all the same, without `dispatched_at`, and is sent as soon as possible until it expires.
#[utoipa::path(post, path = "/broadcasts", tag = "broadcasts", request_body = NewBroadcast,
    params(("Idempotency-Key" = Option<String>, Header, description = "The sender's name for this intent, up to 80 characters")),
    responses((status = 201, body = Broadcast), (status = 200, body = Broadcast), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    headers: HeaderMap,
    Json(new): Json<NewBroadcast>,
) -> Result<(StatusCode, axum::Json<Broadcast>), Problem> {
    let key = idempotency_key(&headers)?;
    let areas = area_codes(&new.areas)?;
    if let Some(earlier) = earlier(&app, &person, key.as_deref(), &new, &areas).await? {
        return Ok((StatusCode::OK, axum::Json(show(&app, earlier).await?)));
    }
    let bulletin = app.store.bulletin(&new.bulletin).await?.ok_or_else(|| Problem::field("bulletin"))?;
    let life = new.expires_in_s.unwrap_or(match bulletin.class {
        Class::Emergency => EMERGENCY_LIFE_S,
        Class::Normal | Class::Priority => NORMAL_LIFE_S,
    });
    if !(1..=LONGEST_LIFE_S).contains(&life) {
        return Err(Problem::field("expires_in_s"));
    }
    let targets = Targets::within(&app, &areas).await?;
    if targets.count() == 0 {
        return Err(Problem::new(Code::NoNodes));
    }
    let now = app.now();
    if let Some(hindrance) = now::hindrance(&app, &bulletin, &areas, now).await? {
        return Err(Problem::hindrance(&hindrance, now));
    }
    // Before anything is stored: a clip that can't be read airs nowhere.
    let ogg = app.clips.read(&bulletin.clip.hash).await?;
    let mut row = BroadcastRow {
        id: BroadcastId::from_bits(secrets::random()?),
        bulletin: bulletin.id.clone(),
        areas,
        created_at: now,
        created_by: (person.id.clone(), person.display_name.clone()),
        expires_at: now.saturating_add(SignedDuration::from_secs(life.into())).unwrap_or(now),
        idempotency_key: key.clone(),
        dispatched_at: None,
        stopped_at: None,
    };
    let airings: Vec<_> = targets
        .nodes()
        .map(|node| AiringRow {
            id: AiringId::derive(&row.id, node, now),
            broadcast: row.id.clone(),
            node: node.clone(),
            status: AiringStatus::Sent,
            reason: None,
            sent_at: now,
            started_at: None,
            ended_at: None,
            frames: None,
        })
        .collect();
    match app.store.add_broadcast(&row, &airings).await {
        Ok(()) => {}
        // Two taps at once: the other one was first.
        Err(StoreError::Exists) => {
            let earlier = earlier(&app, &person, key.as_deref(), &new, &row.areas).await?;
            let earlier = earlier.ok_or_else(|| Problem::new(Code::KeyReused))?;
            return Ok((StatusCode::OK, axum::Json(show(&app, earlier).await?)));
        }
        Err(error) => return Err(error.into()),
    }
    // From here on it exists, and will be sent: an error would only make the sender air it twice.
    match dispatch::play(&app, &row, &bulletin, &ogg, &targets).await {
        Ok(at) => {
            row.dispatched_at = Some(at);
            tracing::info!(broadcast = %row.id, title = bulletin.title, by = person.username, nodes = targets.count(), "on air");
        }
        Err(error) => {
            tracing::error!(broadcast = %row.id, title = bulletin.title, by = person.username, %error, "not on air yet");
        }
    }
    metrics::counter!("loa_broadcasts_total").increment(1);
    let shown = show(&app, row).await?;
    app.events.tell("broadcast", &shown);
    Ok((StatusCode::CREATED, axum::Json(shown)))
}

/// The broadcast this person sent under this key before, if it is the same one.
async fn earlier(
    app: &App,
    person: &PersonRow,
    key: Option<&str>,
    new: &NewBroadcast,
    areas: &[AreaCode],
) -> Result<Option<BroadcastRow>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match app.store.broadcast_by_key(&person.id, key).await? {
        Some(row) if row.bulletin != new.bulletin || row.areas != areas => Err(Problem::new(Code::KeyReused)),
        found => Ok(found),
    }
}

/// What was aired, newest first.
#[utoipa::path(get, path = "/broadcasts", tag = "broadcasts", params(Page),
    responses((status = 200, body = BroadcastPage)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Query(page): Query<Page>,
) -> Result<axum::Json<BroadcastPage>, Problem> {
    let limit = page.limit();
    let rows = app.store.broadcasts(page.before(), limit).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.created_at);
    Ok(axum::Json(BroadcastPage { items: broadcasts::show(&app, rows).await?, next }))
}

fn known(id: &str) -> Result<BroadcastId, Problem> {
    id.parse().map_err(|_| Problem::new(Code::NotFound))
}

/// One broadcast.
#[utoipa::path(get, path = "/broadcasts/{id}", tag = "broadcasts", params(("id" = String, Path)),
    responses((status = 200, body = Broadcast), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Broadcast>, Problem> {
    let row = app.store.broadcast(&known(&id)?).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(axum::Json(show(&app, row).await?))
}

/// Stops one broadcast on all its nodes: of the programme, what sounds or waits of it now.
#[utoipa::path(post, path = "/broadcasts/{id}/stop", tag = "broadcasts", params(("id" = String, Path)),
    responses((status = 202, body = Stopping), (status = "4XX", body = ProblemBody)))]
pub async fn stop(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<Stopping>), Problem> {
    let id = known(&id)?;
    let areas = match app.store.broadcast(&id).await? {
        Some(row) => {
            // Noted first: what waits to be sent must not go out after it.
            app.store.broadcast_stopped(&id, app.now()).await?;
            row.areas
        }
        None => app.store.programme_entry(&id).await?.ok_or_else(|| Problem::new(Code::NotFound))?.areas,
    };
    let targets = Targets::within(&app, &areas).await?;
    dispatch::stop(&app, &targets, &areas, Stop::Broadcast(id.clone())).await?;
    tracing::info!(broadcast = %id, by = person.username, "a broadcast was stopped");
    Ok((StatusCode::ACCEPTED, axum::Json(Stopping { nodes: targets.count() })))
}
