//! *Dừng tất cả*: stopping everything in some areas, and releasing it again.
//!
//! The latch is in the store before any node is told: a plan that is issued after the command then has it too. A store that fails doesn't
//! keep anything from falling silent.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use loa_protocol::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Sight, within, within_of},
    broadcasts::area_codes,
    extract::{Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    view::{AreaName, AreaNames},
};
use crate::{
    app::App,
    dispatch::{self, Stop, Targets},
    people::Permission,
    programme::{entry, territory::Territory},
    secrets,
    store::{LatchRow, StoreError},
};

/// Where to fall silent.
#[derive(Deserialize, ToSchema)]
pub struct StopRequest {
    /// Codes of areas; when absent, everywhere where one may stop.
    areas: Option<Vec<String>>,
}

/// Who was told to stop, and what stays stopped.
#[derive(Serialize, ToSchema)]
pub struct Stopped {
    /// How many nodes were told.
    nodes: usize,
    /// What now has to be released before anything sounds there again. Empty when the broker's disk is full: then it is silent, but not kept
    /// so.
    latches: Vec<Latch>,
}

/// An area in which everything was stopped, and is until somebody releases it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Latch {
    /// Id.
    id: String,
    /// The area.
    area: AreaName,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: jiff::Timestamp,
    /// Who stopped it.
    by: String,
}

/// What is stopped.
#[derive(Serialize, ToSchema)]
pub struct Latches {
    /// Oldest first.
    items: Vec<Latch>,
}

/// A latch that was released.
#[derive(Serialize, ToSchema)]
pub struct Released {
    /// By whom.
    released_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    released_at: jiff::Timestamp,
}

fn show(rows: Vec<LatchRow>, names: &AreaNames) -> Vec<Latch> {
    let show =
        |row: LatchRow| Latch { id: row.id, area: names.of(&row.area), since: row.since, by: row.set_by.1 };
    rows.into_iter().map(show).collect()
}

async fn open(app: &App) -> Result<Latches, StoreError> {
    Ok(Latches { items: show(app.store.open_latches().await?, &AreaNames::load(app).await?) })
}

/// Nodes get plans that say so, and pages are told.
async fn moved(app: &App) {
    entry::moved(app);
    if app.events.is_watched() {
        match open(app).await {
            Ok(latches) => app.events.tell("latches", &latches),
            Err(error) => tracing::warn!(%error, "latches can't be shown"),
        }
    }
}

/// *Dừng tất cả*: silences every node of some areas, or of all, until somebody releases it. What is to sound there meanwhile is refused by
/// the nodes, and reported.
#[utoipa::path(post, path = "/stop", tag = "broadcasts", request_body = StopRequest,
    responses((status = 202, body = Stopped), (status = "4XX", body = ProblemBody)))]
pub async fn stop_everything(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(request): Json<StopRequest>,
) -> Result<(StatusCode, axum::Json<Stopped>), Problem> {
    let territory = Territory::load(&app.store).await?;
    let areas: Vec<AreaCode> = match request.areas {
        Some(areas) => area_codes(&areas)?.into_iter().filter(|area| territory.knows(area)).collect(),
        None => person.reach(Permission::Stop).outermost(&territory),
    };
    within_of(&person, Permission::Stop, &areas, &territory)?;
    let since = app.now();
    let latch = |area: &AreaCode| {
        let set_by = (person.id.clone(), person.display_name.clone());
        Ok(LatchRow { id: secrets::id()?, area: area.clone(), since, set_by, released: None })
    };
    let latches = areas.iter().map(latch).collect::<Result<Vec<_>, secrets::NoRandom>>()?;
    // Silence needs no disk: what can't be kept is told to the nodes all the same. Without a latch in the store nobody could release one.
    let latches = match app.store.latch(&latches).await {
        Ok(()) => latches,
        Err(error) => {
            tracing::error!(%error, "everything is being stopped, but can't be kept stopped");
            Vec::new()
        }
    };
    let taken_back = dispatch::take_back(&app, &areas).await;
    let targets = Targets::within(&app, &areas).await?;
    let told = dispatch::stop(&app, &targets, &areas, Stop::Everything { latch: !latches.is_empty() }).await;
    tracing::warn!(by = person.username, nodes = targets.count(), ?areas, "everything was stopped");
    moved(&app).await;
    told?;
    taken_back?;
    let latches = show(latches, &AreaNames::load(&app).await?);
    Ok((StatusCode::ACCEPTED, axum::Json(Stopped { nodes: targets.count(), latches })))
}

/// What is stopped, and not released.
#[utoipa::path(get, path = "/latches", tag = "broadcasts", responses((status = 200, body = Latches)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Latches>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    let mut rows = app.store.open_latches().await?;
    rows.retain(|row| sight.touches(std::slice::from_ref(&row.area)));
    Ok(axum::Json(Latches { items: show(rows, &AreaNames::load(&app).await?) }))
}

/// Releases a latch: what is due from now on sounds again. Releasing it twice changes nothing.
#[utoipa::path(post, path = "/latches/{id}/release", tag = "broadcasts", params(("id" = String, Path)),
    responses((status = 200, body = Released), (status = "4XX", body = ProblemBody)))]
pub async fn release(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Released>, Problem> {
    let latch = app.store.latch_by_id(&id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    within(&app, &person, Permission::Release, std::slice::from_ref(&latch.area)).await?;
    if app.store.release_latch(&id, &person.id, app.now()).await? {
        tracing::warn!(latch = id, by = person.username, "a stop was released");
        moved(&app).await;
    }
    let latch = app.store.latch_by_id(&id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let (released_at, (_, released_by)) = latch.released.ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(axum::Json(Released { released_by, released_at }))
}
