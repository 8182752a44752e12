//! The programme: preview, add, change, take out, order, list.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, Limit, Repeats};
use loa_schedule::programme::zone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    access::{Sight, within},
    broadcasts::{area_codes, idempotency_key},
    extract::{Json, Path, Query, SignedIn},
    problem::{Code, Problem, ProblemBody},
    view::{
        preview::{BreachBody, NextAiring, Preview, WarningBody},
        programme::{self, ProgrammeEntry, TimetableBody},
    },
};
use crate::{
    app::App,
    approval,
    people::Permission,
    programme::{
        entry::{self, EntryError, Wanted},
        is_over, preview,
        territory::Territory,
    },
    store::{PersonRow, ProgrammeRow, StoreError},
};

/// Ten minutes: enough for a node that restarts, and nobody wonders at a bulletin so late.
pub(super) const CATCH_UP_S: u32 = 600;
/// Breaches shown; their number is told besides.
const SHOWN: usize = 10;

/// What is to be in the programme.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewProgrammeEntry {
    /// The bulletin's id.
    pub bulletin: String,
    /// Codes of areas.
    pub areas: Vec<String>,
    /// When.
    pub timetable: TimetableBody,
    /// IANA zone of the timetable; the broker's when absent.
    pub time_zone: Option<String>,
    /// How often each time, 1 to 20; once when absent.
    pub repeats: Option<u8>,
    /// Silence between repeats, seconds; none when absent.
    pub gap_s: Option<u32>,
    /// How long after its nominal start an airing may still begin, 10 to 86,400 seconds; 600 when absent.
    pub catch_up_s: Option<u32>,
    /// No airing begins from then on.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Pre-empted, it goes on where it was interrupted.
    #[serde(default)]
    pub resume: bool,
    /// Limits to be lifted: `hours`, `session_minutes`, `sessions_per_day`, `volume`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub exceeds: Vec<Limit>,
}

/// The same, to look at what would come of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct PreviewRequest {
    /// What is to be in the programme.
    #[serde(flatten)]
    entry: NewProgrammeEntry,
    /// The entry that it is to replace.
    replaces: Option<String>,
}

/// Part of the programme.
#[derive(Serialize, ToSchema)]
pub struct Programme {
    /// By place, then by when it was made.
    items: Vec<ProgrammeEntry>,
}

/// Where.
#[derive(Deserialize, IntoParams)]
pub struct InArea {
    /// Code of an area; all when absent.
    area: Option<String>,
}

/// An order.
#[derive(Deserialize, ToSchema)]
pub struct Order {
    /// Entries, the first to go first.
    ids: Vec<String>,
}

impl NewProgrammeEntry {
    /// As the use case takes it.
    pub(super) async fn read(self, app: &App) -> Result<Wanted, Problem> {
        let bulletin = app.store.bulletin(&self.bulletin).await?;
        Ok(Wanted {
            bulletin: bulletin.ok_or_else(|| Problem::field("bulletin"))?,
            areas: area_codes(&self.areas)?,
            timetable: self.timetable.read().map_err(EntryError::Timetable)?,
            time_zone: self.time_zone,
            repeats: Repeats { count: self.repeats.unwrap_or(1), gap_s: self.gap_s.unwrap_or(0) },
            catch_up_s: self.catch_up_s.unwrap_or(CATCH_UP_S),
            expires_at: self.expires_at,
            resume: self.resume,
            exceeds: self.exceeds,
            inbox_item: None,
        })
    }
}

fn known(id: &str) -> Result<BroadcastId, Problem> {
    id.parse().map_err(|_| Problem::new(Code::NotFound))
}

/// What would come of an entry. Saves nothing.
#[utoipa::path(post, path = "/programme/preview", tag = "programme", request_body = PreviewRequest,
    responses((status = 200, body = Preview), (status = "4XX", body = ProblemBody)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(request): Json<PreviewRequest>,
) -> Result<axum::Json<Preview>, Problem> {
    let replaces = request.replaces.as_deref().map(known).transpose()?;
    let old = match &replaces {
        Some(id) => Some(entry::living(&app, id).await?),
        None => None,
    };
    let row = entry::row(&app, &person, request.entry.read(&app).await?, old.as_ref(), None)?;
    let judged = entry::judged(&app, row, replaces.as_ref()).await?;
    let nodes = app.store.planned_nodes().await?;
    let nodes = programme::nodes_within(&judged.territory, &nodes, &judged.entry.areas);
    let now = app.now();
    let ours = &judged.entry;
    let own_id = |mut body: BreachBody| {
        if replaces.is_none() && body.entry == ours.id.as_str() {
            body.entry.clear();
        }
        body
    };
    let next = preview::next(&judged, now).into_iter().map(|slot| NextAiring {
        start: slot.start,
        repeat: slot.repeat,
        nodes,
        hamlets: judged.hamlets.len(),
        duration_s: ours.bulletin.clip.duration_ms.div_ceil(1000),
    });
    let warnings = preview::warnings(&judged, nodes, &zone(&app.settings.time_zone), now);
    Ok(axum::Json(Preview {
        next: next.collect(),
        breaches: judged
            .breaches
            .iter()
            .take(SHOWN)
            .map(|breached| own_id(BreachBody::new(breached, &judged.territory)))
            .collect(),
        breach_count: judged.breaches.len(),
        lifted: judged.territory.lifted(&person.id, &judged.hamlets),
        warnings: warnings.into_iter().map(|w| WarningBody::new(w, &judged.territory)).collect(),
    }))
}

/// Puts a broadcast into the programme. Refused when a policy would refuse one of its airings within a year, or because of it another's. The
/// same `Idempotency-Key` again gives the same entry.
#[utoipa::path(post, path = "/programme", tag = "programme", request_body = NewProgrammeEntry,
    params(("Idempotency-Key" = Option<String>, Header, description = "The sender's name for this intent, up to 80 characters")),
    responses((status = 201, body = ProgrammeEntry), (status = 200, body = ProgrammeEntry), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    headers: HeaderMap,
    Json(new): Json<NewProgrammeEntry>,
) -> Result<(StatusCode, axum::Json<ProgrammeEntry>), Problem> {
    let key = idempotency_key(&headers)?;
    let wanted = new.read(&app).await?;
    within(&app, &person, Permission::Schedule, &wanted.areas).await?;
    if let Some(earlier) = earlier(&app, &person, key.as_deref(), &wanted).await? {
        return Ok((StatusCode::OK, axum::Json(programme::one(&app, earlier).await?)));
    }
    approved(&app, &person, &wanted).await?;
    match entry::save(&app, &person, wanted.clone(), None, key.clone()).await {
        Ok(row) => Ok((StatusCode::CREATED, axum::Json(programme::one(&app, row).await?))),
        // Two taps at once: the other one was first.
        Err(EntryError::Store(StoreError::Exists)) => {
            let earlier = earlier(&app, &person, key.as_deref(), &wanted).await?;
            let earlier = earlier.ok_or_else(|| Problem::new(Code::KeyReused))?;
            Ok((StatusCode::OK, axum::Json(programme::one(&app, earlier).await?)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses what nobody, or too few, stand behind.
async fn approved(app: &App, person: &PersonRow, wanted: &Wanted) -> Result<(), Problem> {
    let planned = entry::row(app, person, wanted.clone(), None, None)?;
    let territory = Territory::load(&app.store).await?;
    let night = preview::sounds_at_night(&planned, &zone(&app.settings.time_zone), app.now());
    let (class, exceeds) = (wanted.bulletin.class, &wanted.exceeds);
    let grave = approval::grave_by_timetable(class, &wanted.areas, exceeds, night, &territory);
    approval::ask(app, person, &wanted.bulletin, &wanted.areas, &grave, &territory).await
}

/// The entry this person made under this key before, if it is the same one.
async fn earlier(
    app: &App,
    person: &PersonRow,
    key: Option<&str>,
    wanted: &Wanted,
) -> Result<Option<ProgrammeRow>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match app.store.programme_by_key(&person.id, key).await? {
        Some(row) if row.bulletin.id != wanted.bulletin.id || row.areas != wanted.areas => {
            Err(Problem::new(Code::KeyReused))
        }
        found => Ok(found),
    }
}

/// Changes an entry.
#[utoipa::path(put, path = "/programme/{id}", tag = "programme", request_body = NewProgrammeEntry, params(("id" = String, Path)),
    responses((status = 200, body = ProgrammeEntry), (status = "4XX", body = ProblemBody)))]
pub async fn change(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(new): Json<NewProgrammeEntry>,
) -> Result<axum::Json<ProgrammeEntry>, Problem> {
    let id = known(&id)?;
    let wanted = new.read(&app).await?;
    let old = entry::living(&app, &id).await?;
    let from_above = old.inbox_item.is_some() && old.bulletin.id == wanted.bulletin.id;
    let concerned = [old.areas, wanted.areas.clone()].concat();
    within(&app, &person, Permission::Schedule, &concerned).await?;
    if !from_above {
        approved(&app, &person, &wanted).await?;
    }
    let row = entry::save(&app, &person, wanted, Some(&id), None).await?;
    Ok(axum::Json(programme::one(&app, row).await?))
}

/// Takes an entry out of the programme. What it has aired stays.
#[utoipa::path(delete, path = "/programme/{id}", tag = "programme", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = known(&id)?;
    within(&app, &person, Permission::Schedule, &entry::living(&app, &id).await?.areas).await?;
    entry::retire(&app, &person, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One entry.
#[utoipa::path(get, path = "/programme/{id}", tag = "programme", params(("id" = String, Path)),
    responses((status = 200, body = ProgrammeEntry), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<ProgrammeEntry>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    let row = app.store.programme_entry(&known(&id)?).await?.filter(|row| sight.touches(&row.areas));
    Ok(axum::Json(programme::one(&app, row.ok_or_else(|| Problem::new(Code::NotFound))?).await?))
}

/// The programme, without what is over.
#[utoipa::path(get, path = "/programme", tag = "programme", params(InArea),
    responses((status = 200, body = Programme), (status = "4XX", body = ProblemBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(asked): Query<InArea>,
) -> Result<axum::Json<Programme>, Problem> {
    let area = asked.area.map(|code| code.parse::<AreaCode>()).transpose();
    let area = area.map_err(|_| Problem::field("area"))?;
    let territory = Territory::load(&app.store).await?;
    let now = app.now();
    let mut rows = app.store.programme(Timestamp::MAX).await?;
    let reach = person.reach(Permission::Read);
    rows.retain(|row| reach.touches(&row.areas, &territory));
    rows.retain(|row| !is_over(row, now) && area.as_ref().is_none_or(|area| touches(&territory, row, area)));
    rows.sort_by(|a, b| (a.position, a.created_at, &a.id).cmp(&(b.position, b.created_at, &b.id)));
    Ok(axum::Json(Programme { items: programme::show(&app, rows).await? }))
}

/// Whether an entry sounds somewhere in an area.
pub(super) fn touches(territory: &Territory, row: &ProgrammeRow, area: &AreaCode) -> bool {
    let inside = |of: &AreaCode| territory.lies_in(of, std::slice::from_ref(area));
    territory.lies_in(area, &row.areas) || row.areas.iter().any(inside)
}

/// Orders entries: what wants to sound at once with others of its class, and comes earlier here, goes first.
#[utoipa::path(put, path = "/programme/order", tag = "programme", request_body = Order,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn order(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(order): Json<Order>,
) -> Result<StatusCode, Problem> {
    let ids: Result<Vec<BroadcastId>, _> = order.ids.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|_| Problem::field("ids"))?;
    let mut concerned = Vec::new();
    for id in &ids {
        concerned.extend(app.store.programme_entry(id).await?.ok_or_else(|| Problem::field("ids"))?.areas);
    }
    within(&app, &person, Permission::Order, &concerned).await?;
    app.store.order_programme(&ids).await.map_err(|error| match error {
        StoreError::Dangling => Problem::field("ids"),
        error => error.into(),
    })?;
    tracing::info!(entries = ids.len(), by = person.username, "the programme was put in order");
    entry::moved(&app);
    Ok(StatusCode::NO_CONTENT)
}
