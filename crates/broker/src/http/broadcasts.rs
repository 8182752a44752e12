//! Putting bulletins on air, watching them, stopping them.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use jiff::SignedDuration;
use loa_protocol::{AreaCode, BroadcastId, Class};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Sight, within},
    bulletins::Page,
    extract::{Json, Path, Query, SignedIn},
    problem::{Code, Problem, ProblemBody},
    view::broadcasts::{self, Broadcast},
};
use crate::{
    app::App,
    approval,
    dispatch::{self, Stop, Targets},
    on_air::{self, Aired, Order},
    people::Permission,
    programme::{now, territory::Territory},
    store::{BroadcastRow, PersonRow},
};

/// A bulletin to be aired now.
#[derive(Deserialize, ToSchema)]
pub struct NewBroadcast {
    /// The bulletin's id.
    bulletin: String,
    /// Codes of areas; every node in them, once.
    areas: Vec<String>,
    /// Seconds from now until no node may begin any more, at most a day. 600 when absent, 3600 for emergencies.
    expires_in_s: Option<u32>,
    /// For an emergency: that it is meant.
    #[serde(default)]
    confirmed: bool,
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

pub(super) async fn show(app: &App, row: BroadcastRow) -> Result<Broadcast, Problem> {
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
    within(&app, &person, Permission::Air, &areas).await?;
    if let Some(earlier) = earlier(&app, &person, key.as_deref(), &new, &areas).await? {
        return Ok((StatusCode::OK, axum::Json(show(&app, earlier).await?)));
    }
    let bulletin = app.store.bulletin(&new.bulletin).await?.ok_or_else(|| Problem::field("bulletin"))?;
    let life = match new.expires_in_s.map(|life| SignedDuration::from_secs(life.into())) {
        Some(life) if life.is_zero() || life > on_air::LONGEST_LIFE => {
            return Err(Problem::field("expires_in_s"));
        }
        Some(life) => life,
        None => on_air::usual_life(bulletin.class),
    };
    let now = app.now();
    let emergency = bulletin.class == Class::Emergency;
    if emergency && !new.confirmed {
        return Err(Problem::new(Code::ConfirmationNeeded));
    }
    if let Some(hindrance) = now::hindrance(&app, &bulletin, &areas, now).await? {
        return Err(Problem::hindrance(&hindrance, now));
    }
    // Nothing is approved by sending it nowhere.
    if Targets::within(&app, &areas).await?.count() == 0 {
        return Err(Problem::new(Code::NoNodes));
    }
    if emergency {
        tracing::warn!(title = bulletin.title, by = person.username, ?areas, "AN EMERGENCY IS SENT");
    } else {
        let territory = Territory::load(&app.store).await?;
        let grave = approval::grave_now(&app, &areas, &territory, now);
        approval::ask(&app, &person, &bulletin, &areas, &grave, &territory).await?;
    }
    let by = (person.id.clone(), person.display_name.clone());
    let order =
        Order { bulletin: &bulletin, areas: areas.clone(), node: None, life, by, key, inbox_item: None };
    let (status, row) = match on_air::now(&app, order).await? {
        Aired::New(row) => (StatusCode::CREATED, row),
        Aired::Earlier(row) if row.bulletin != bulletin.id || row.areas != areas => {
            return Err(Problem::new(Code::KeyReused));
        }
        Aired::Earlier(row) => (StatusCode::OK, row),
    };
    Ok((status, axum::Json(show(&app, row).await?)))
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
    SignedIn(person): SignedIn,
    Query(page): Query<Page>,
) -> Result<axum::Json<BroadcastPage>, Problem> {
    let limit = page.limit();
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    let (mut rows, mut before) = (Vec::new(), page.before());
    // What others aired elsewhere is passed over, until there is a page of one's own.
    let next = loop {
        let some = app.store.broadcasts(before, limit).await?;
        let last = some.last().filter(|_| some.len() == limit as usize).map(|row| row.created_at);
        rows.extend(some.into_iter().filter(|row| sight.touches(&row.areas)));
        match last {
            Some(last) if rows.len() < limit as usize => before = last,
            last => break last,
        }
    };
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
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Broadcast>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    let row = app.store.broadcast(&known(&id)?).await?.filter(|row| sight.touches(&row.areas));
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
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
    let areas = if let Some(row) = app.store.broadcast(&id).await? {
        within(&app, &person, Permission::Stop, &row.areas).await?;
        // Noted first: what waits to be sent must not go out after it.
        app.store.broadcast_stopped(&id, app.now()).await?;
        row.areas
    } else {
        let row = app.store.programme_entry(&id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
        within(&app, &person, Permission::Stop, &row.areas).await?;
        row.areas
    };
    let targets = Targets::within(&app, &areas).await?;
    dispatch::stop(&app, &targets, &areas, Stop::Broadcast(id.clone())).await?;
    tracing::info!(broadcast = %id, by = person.username, "a broadcast was stopped");
    Ok((StatusCode::ACCEPTED, axum::Json(Stopping { nodes: targets.count() })))
}
