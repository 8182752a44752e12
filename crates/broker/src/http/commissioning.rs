//! Commissioning a node: its sheet, its photo, the spoken test, signing.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    broadcasts,
    extract::{Json, Path, SignedIn, whole},
    nodes::yours,
    problem::{Code, Problem, ProblemBody},
    view::{
        broadcasts::Broadcast,
        commissioning::{Commissioning, figures, show, test_of},
    },
};
use crate::{
    app::App,
    commissioning::{
        HORN_WATTS, HORNS, Item, LEAD_MS, PHOTO_BYTES, Position, REMARK, missing, speak, without_traces,
    },
    people::Permission::{Install, Read},
    secrets,
    store::{CommissioningRow, NodeRow, PersonRow, Signed, StoreError},
};

/// What was found.
#[derive(Deserialize, ToSchema)]
pub struct NewSheet {
    /// Where it stands.
    position: Option<Position>,
    /// How many horns it has, 1 to 64.
    horns: Option<u8>,
    /// What each of them takes, watts, 1 to 1000.
    horn_watts: Option<u16>,
    /// How long the amplifier takes to wake, milliseconds, at most 10,000.
    lead_ms: Option<u16>,
    /// Whether that was measured rather than taken from its papers.
    #[serde(default)]
    lead_measured: bool,
    /// Anything else, up to 500 characters.
    #[serde(default)]
    remark: String,
    /// What is ticked. Who ticked an item first stays on it.
    #[serde(default)]
    checks: Vec<Item>,
}

impl NewSheet {
    fn fault(&self) -> Option<&'static str> {
        let text = &self.remark;
        let faults = [
            (self.position.is_some_and(|position| !position.is_sound()), "position"),
            (self.horns.is_some_and(|horns| !(1..=HORNS).contains(&horns)), "horns"),
            (self.horn_watts.is_some_and(|watts| !(1..=HORN_WATTS).contains(&watts)), "horn_watts"),
            (self.lead_ms.is_some_and(|lead| lead > LEAD_MS), "lead_ms"),
            (text.chars().count() > REMARK || text.chars().any(|c| c.is_control() && c != '\n'), "remark"),
        ];
        faults.into_iter().find_map(|(is_wrong, field)| is_wrong.then_some(field))
    }
}

/// The open sheet, a new one where none is open.
async fn open(app: &App, person: &PersonRow, node: &NodeRow) -> Result<CommissioningRow, Problem> {
    let newest = app.store.commissioning(&node.id).await?;
    if let Some(row) = newest.filter(|row| row.signed.is_none()) {
        return Ok(row);
    }
    let by = (person.id.clone(), person.display_name.clone());
    Ok(CommissioningRow::new(secrets::id()?, node.id.clone(), by, app.now()))
}

async fn keep(app: &App, person: &PersonRow, mut row: CommissioningRow) -> Result<CommissioningRow, Problem> {
    row.changed_by = (person.id.clone(), person.display_name.clone());
    row.changed_at = app.now();
    app.store.keep_commissioning(&row).await?;
    Ok(row)
}

/// A node's commissioning: the one that is open, or the one signed last.
#[utoipa::path(get, path = "/nodes/{id}/commissioning", tag = "commissioning", params(("id" = String, Path)),
    responses((status = 200, body = Commissioning), (status = "4XX", body = ProblemBody)))]
pub async fn one(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Commissioning>, Problem> {
    let node = yours(&app, &person, Read, &id).await?;
    let (row, written) = match app.store.commissioning(&node.id).await? {
        Some(row) => (row, true),
        None => (open(&app, &person, &node).await?, false),
    };
    Ok(axum::Json(show(&app, &node, row, written).await?))
}

/// Writes down what was found. Begins another sheet when the last one is signed.
#[utoipa::path(put, path = "/nodes/{id}/commissioning", tag = "commissioning", request_body = NewSheet,
    params(("id" = String, Path)), responses((status = 200, body = Commissioning), (status = "4XX", body = ProblemBody)))]
pub async fn write(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(new): Json<NewSheet>,
) -> Result<axum::Json<Commissioning>, Problem> {
    let node = yours(&app, &person, Install, &id).await?;
    if let Some(field) = new.fault() {
        return Err(Problem::field(field));
    }
    let mut row = open(&app, &person, &node).await?;
    let sheet = &mut row.sheet;
    sheet.position = new.position;
    sheet.horns = new.horns;
    sheet.horn_watts = new.horn_watts;
    sheet.lead_ms = new.lead_ms;
    sheet.lead_measured = new.lead_measured;
    new.remark.trim().clone_into(&mut sheet.remark);
    sheet.tick(&new.checks, &(person.id.clone(), person.display_name.clone()), app.now());
    let row = keep(&app, &person, row).await?;
    Ok(axum::Json(show(&app, &node, row, true).await?))
}

/// Takes a photo: JPEG, at most 300 kB. What the file says besides the picture, its place and camera for instance, is not kept.
#[utoipa::path(put, path = "/nodes/{id}/commissioning/photo", tag = "commissioning", params(("id" = String, Path)),
    request_body(content_type = "image/jpeg", content = String),
    responses((status = 200, body = Commissioning), (status = "4XX", body = ProblemBody)))]
pub async fn take_photo(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    request: Request,
) -> Result<axum::Json<Commissioning>, Problem> {
    let node = yours(&app, &person, Install, &id).await?;
    let file = whole(request.into_body(), PHOTO_BYTES).await?;
    let picture = without_traces(&file).ok_or_else(|| Problem::new(Code::PhotoUnusable))?;
    let mut row = open(&app, &person, &node).await?;
    let _recording = app.photos.turn_to_record().await;
    let hash = app.photos.keep(picture.into()).await?;
    let before = row.photo.replace(hash.clone());
    let kept = keep(&app, &person, row).await;
    // Of a photo that no sheet names nothing is left.
    let idle = if kept.is_ok() { before } else { Some(hash) };
    if let Some(photo) = idle
        && matches!(app.store.photo_is_used(&photo).await, Ok(false))
    {
        app.photos.take_back(&photo).await;
    }
    Ok(axum::Json(show(&app, &node, kept?, true).await?))
}

/// The photo.
#[utoipa::path(get, path = "/nodes/{id}/commissioning/photo", tag = "commissioning", params(("id" = String, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = "4XX", body = ProblemBody)))]
pub async fn photo(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let node = yours(&app, &person, Read, &id).await?;
    let row = app.store.commissioning(&node.id).await?;
    let photo = row.and_then(|row| row.photo).ok_or_else(|| Problem::new(Code::NotFound))?;
    let picture = app.photos.read(&photo).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], picture).into_response())
}

/// Makes the node say where it is, in words: a broadcast on this node alone, within the hours of the policy.
#[utoipa::path(post, path = "/nodes/{id}/commissioning/spoken-test", tag = "commissioning", params(("id" = String, Path)),
    responses((status = 201, body = Broadcast), (status = "4XX", body = ProblemBody)))]
pub async fn spoken_test(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<Broadcast>), Problem> {
    let node = yours(&app, &person, Install, &id).await?;
    if !node.is_trusted() {
        return Err(Problem::new(Code::NodeNotTrusted));
    }
    let newest = app.store.commissioning(&node.id).await?;
    let earlier = newest.as_ref().and_then(|row| row.test.as_ref());
    let broadcast = speak(&app, &person, &node, earlier).await?;
    // It sounds already: the sheet as it is by now.
    let mut row = open(&app, &person, &node).await?;
    row.test = Some(broadcast.id.clone());
    keep(&app, &person, row).await?;
    Ok((StatusCode::CREATED, axum::Json(broadcasts::show(&app, broadcast).await?)))
}

/// Signs the open sheet. Refused while something is missing; from then on it doesn't change.
#[utoipa::path(post, path = "/nodes/{id}/commissioning/sign", tag = "commissioning", params(("id" = String, Path)),
    responses((status = 200, body = Commissioning), (status = "4XX", body = ProblemBody)))]
pub async fn sign(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Commissioning>, Problem> {
    let node = yours(&app, &person, Install, &id).await?;
    let mut row = open(&app, &person, &node).await?;
    let sounded = test_of(&app, &row).await?;
    let missing = missing(&row, sounded.as_ref());
    if !missing.is_empty() {
        let missing = serde_json::to_value(missing).unwrap_or_default();
        return Err(Problem::new(Code::CommissioningIncomplete).with("missing", missing));
    }
    let by = (person.id.clone(), person.display_name.clone());
    let signed = Signed { at: app.now(), by, figures: figures(&app, &node, sounded.as_ref()).await? };
    if !app.store.sign_commissioning(&row, &signed).await? {
        return Err(StoreError::Exists.into());
    }
    tracing::info!(node = %node.id, by = person.username, "a node was commissioned");
    row.signed = Some(signed);
    Ok(axum::Json(show(&app, &node, row, true).await?))
}
