//! From above: what systems of the province or the centre send, and what people decide about it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use loa_protocol::{Class, Limit, Repeats};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    access::{Sight, within},
    bearer::FromSource,
    broadcasts::{self, area_codes},
    bulletins::language_of,
    extract::{BODY_BYTES, Json, Path, Query, SignedIn},
    form::Form,
    problem::{Code, Problem, ProblemBody},
    programme::CATCH_UP_S,
    sound::UPLOAD_BYTES,
    text_field,
    view::{
        broadcasts::Broadcast,
        inbox::{self as view, InboxItem},
        programme::{self, ProgrammeEntry, TimetableBody},
    },
};
use crate::{
    app::App,
    audit,
    inbox::{self, Arrival},
    people::Permission,
    programme::entry::{EntryError, Wanted},
    store::{InboxRow, InboxStatus, PersonRow},
};

/// Most items that are shown at once.
const SHOWN: u32 = 200;
/// Most areas that one item names.
const AREAS: usize = 1000;

/// What a system sends: part `item` of the form.
#[derive(Deserialize, ToSchema)]
pub struct NewInboxItem {
    /// The sender's name for it, up to 120 characters: sent again, it is not done again.
    reference: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    class: Class,
    /// Title, up to 120 characters.
    title: String,
    /// BCP 47; `vi` when absent.
    language: Option<String>,
    /// What is said, up to 20,000 characters. It is spoken when there is no part `sound`.
    text: Option<String>,
    /// Codes of areas, all within the sender's.
    areas: Vec<String>,
    /// It must not begin from then on.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// The form of `POST /inbox`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the description of a form that is read part by part")]
struct InboxForm {
    /// JSON.
    item: NewInboxItem,
    /// What sounds, in any common format.
    #[schema(value_type = Option<String>, format = Binary)]
    sound: Option<Vec<u8>>,
}

/// What the sender is told.
#[derive(Serialize, ToSchema)]
pub struct InboxReceipt {
    /// Id of the item here.
    id: String,
    /// How far it is.
    status: InboxStatus,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// What airs it, if that is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    broadcast: Option<String>,
}

/// What became of an item.
#[derive(Serialize, ToSchema)]
pub struct InboxOutcome {
    /// How far it is.
    status: InboxStatus,
    /// When a person decided.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// How many of its airings stand where, by status. Absent while there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    counts: BTreeMap<String, u64>,
}

/// Which items.
#[derive(Deserialize, Default, PartialEq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those that wait for a decision or for their time.
    #[default]
    Open,
    /// The newest, whatever became of them.
    All,
}

/// Which part of the inbox.
#[derive(Deserialize, IntoParams)]
pub struct InboxQuery {
    /// `open` when absent: what waits for a decision or for its time. `all`: the newest 200.
    #[serde(default)]
    #[param(inline)]
    status: Which,
}

/// Items, newest first.
#[derive(Serialize, ToSchema)]
pub struct InboxItems {
    /// These.
    items: Vec<InboxItem>,
}

/// A no.
#[derive(Deserialize, ToSchema)]
pub struct Decline {
    /// Why, for the sender, up to 500 characters.
    remark: String,
}

/// Takes a bulletin from above. An emergency is on air when this answers; a priority item is in the programme; a normal one waits for a person. The same
/// reference again gives the same answer and does nothing.
#[utoipa::path(post, path = "/inbox", tag = "inbox", security(("source" = [])),
    request_body(content_type = "multipart/form-data", content = inline(InboxForm)),
    responses((status = 201, body = InboxReceipt), (status = 200, body = InboxReceipt), (status = "4XX", body = ProblemBody)))]
pub async fn receive(
    State(app): State<Arc<App>>,
    FromSource(source): FromSource,
    mut form: Form,
) -> Result<(StatusCode, axum::Json<InboxReceipt>), Problem> {
    let (mut item, mut sound): (Option<Bytes>, Option<Bytes>) = (None, None);
    while let Some(part) = form.next().await? {
        let (place, most) = match part.name() {
            "item" => (&mut item, BODY_BYTES),
            "sound" => (&mut sound, UPLOAD_BYTES),
            other => return Err(Problem::field(&other.chars().take(40).collect::<String>())),
        };
        if place.is_some() {
            return Err(Problem::field(part.name()).detail("the part is there twice"));
        }
        *place = Some(part.bytes(most).await?);
    }
    let item = item.ok_or_else(|| Problem::field("item"))?;
    let arrival = checked(&item, sound.filter(|sound| !sound.is_empty()))?;
    let (reference, class) = (arrival.reference.clone(), arrival.class);
    let (row, new) = inbox::receive(&app, &source, arrival).await?;
    if new {
        let details = json!({ "reference": reference, "class": class, "areas": row.areas });
        audit::happened(&app, &source.name, "inbox.receive", format!("/inbox/{}", row.id), details).await;
    }
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(receipt(row))))
}

fn checked(item: &[u8], sound: Option<Bytes>) -> Result<Arrival, Problem> {
    let item: NewInboxItem = serde_json::from_slice(item)
        .map_err(|error| Problem::new(Code::InvalidRequest).detail(format!("part item: {error}")))?;
    if let Some(text) = &item.text {
        crate::speech::check_length(text)?;
    }
    if item.areas.is_empty() || item.areas.len() > AREAS {
        return Err(Problem::field("areas").with("most", AREAS));
    }
    // Kept to the microsecond: what comes again must be the same.
    let expires_at = item.expires_at.map(|at| Timestamp::from_microsecond(at.as_microsecond()));
    Ok(Arrival {
        reference: text_field("reference", &item.reference, 120)?,
        class: item.class,
        title: text_field("title", &item.title, 120)?,
        language: language_of(item.language)?,
        text: item.text,
        areas: area_codes(&item.areas)?,
        expires_at: expires_at.transpose().map_err(|_| Problem::field("expires_at"))?,
        sound,
    })
}

fn receipt(row: InboxRow) -> InboxReceipt {
    InboxReceipt {
        id: row.id,
        status: row.status,
        received_at: row.received_at,
        broadcast: row.broadcast.map(|id| id.to_string()),
    }
}

/// What became of an item, for the system that sent it.
#[utoipa::path(get, path = "/inbox/{id}/outcome", tag = "inbox", security(("source" = [])), params(("id" = String, Path)),
    responses((status = 200, body = InboxOutcome), (status = "4XX", body = ProblemBody)))]
pub async fn outcome(
    State(app): State<Arc<App>>,
    FromSource(source): FromSource,
    Path(id): Path<String>,
) -> Result<axum::Json<InboxOutcome>, Problem> {
    let row = app.store.inbox_item(&id).await?.filter(|row| row.source.0 == source.id);
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    let counts = view::counts(&app, &row).await?;
    Ok(axum::Json(InboxOutcome {
        status: row.status,
        decided_at: row.decided_at,
        remark: row.remark,
        counts,
    }))
}

/// What came from above, newest first.
#[utoipa::path(get, path = "/inbox", tag = "inbox", params(InboxQuery), responses((status = 200, body = InboxItems)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(InboxQuery { status }): Query<InboxQuery>,
) -> Result<axum::Json<InboxItems>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    let mut rows = match status {
        Which::All => app.store.inbox(SHOWN).await?,
        Which::Open => app.store.open_inbox().await?.into_iter().rev().collect(),
    };
    rows.retain(|row| sight.touches(&row.areas));
    Ok(axum::Json(InboxItems { items: view::show(&app, rows).await? }))
}

/// Refuses who may not decide everywhere where an item is meant to sound.
async fn yours_to_decide(app: &App, person: &PersonRow, id: &str) -> Result<(), Problem> {
    let row = app.store.inbox_item(id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    within(app, person, Permission::Decide, &row.areas).await
}

/// Puts an item that waits on air now, where it is meant to sound.
#[utoipa::path(post, path = "/inbox/{id}/play", tag = "inbox", params(("id" = String, Path)),
    responses((status = 201, body = Broadcast), (status = "4XX", body = ProblemBody)))]
pub async fn play(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<Broadcast>), Problem> {
    yours_to_decide(&app, &person, &id).await?;
    let row = inbox::play(&app, &person, &id).await?;
    Ok((StatusCode::CREATED, axum::Json(broadcasts::show(&app, row).await?)))
}

/// When an item is to be aired: an entry of the programme without its bulletin.
#[derive(Deserialize, ToSchema)]
pub struct NewSchedule {
    /// Codes of areas; the item's own when absent.
    areas: Option<Vec<String>>,
    /// When.
    timetable: TimetableBody,
    /// IANA zone of the timetable; the broker's when absent.
    time_zone: Option<String>,
    /// How often each time, 1 to 20; once when absent.
    repeats: Option<u8>,
    /// Silence between repeats, seconds; none when absent.
    gap_s: Option<u32>,
    /// How long after its nominal start an airing may still begin, 10 to 86,400 seconds; 600 when absent.
    catch_up_s: Option<u32>,
    /// No airing begins from then on; never later than the item's own.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Pre-empted, it goes on where it was interrupted.
    #[serde(default)]
    resume: bool,
    /// Limits to be lifted: `hours`, `session_minutes`, `sessions_per_day`, `volume`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    exceeds: Vec<Limit>,
}

/// Puts an item that waits into the programme.
#[utoipa::path(post, path = "/inbox/{id}/schedule", tag = "inbox", request_body = NewSchedule, params(("id" = String, Path)),
    responses((status = 201, body = ProgrammeEntry), (status = "4XX", body = ProblemBody)))]
pub async fn schedule(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(new): Json<NewSchedule>,
) -> Result<(StatusCode, axum::Json<ProgrammeEntry>), Problem> {
    let areas = new.areas.as_deref().map(area_codes).transpose()?;
    yours_to_decide(&app, &person, &id).await?;
    within(&app, &person, Permission::Decide, areas.as_deref().unwrap_or_default()).await?;
    let timetable = new.timetable.read().map_err(EntryError::Timetable)?;
    let wanted = |item: &InboxRow, bulletin| Wanted {
        bulletin,
        areas: areas.unwrap_or_else(|| item.areas.clone()),
        timetable,
        time_zone: new.time_zone,
        repeats: Repeats { count: new.repeats.unwrap_or(1), gap_s: new.gap_s.unwrap_or(0) },
        catch_up_s: new.catch_up_s.unwrap_or(CATCH_UP_S),
        expires_at: new.expires_at.into_iter().chain(item.expires_at).min(),
        resume: new.resume,
        exceeds: new.exceeds,
        inbox_item: None,
    };
    let entry = inbox::schedule(&app, &person, &id, wanted).await?;
    Ok((StatusCode::CREATED, axum::Json(programme::one(&app, entry).await?)))
}

/// Declines an item that waits or is queued; its sender is told why.
#[utoipa::path(post, path = "/inbox/{id}/decline", tag = "inbox", request_body = Decline, params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn decline(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(Decline { remark }): Json<Decline>,
) -> Result<StatusCode, Problem> {
    yours_to_decide(&app, &person, &id).await?;
    inbox::decline(&app, &person, &id, &text_field("remark", &remark, 500)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
