//! Calendar feeds: an area's programme at a secret address that calendars of phones and computers subscribe to.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use loa_protocol::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Sight, within},
    bearer,
    extract::{Json, Path, Query, SignedIn},
    problem::{Code, Problem, ProblemBody},
    reports::LanguageQuery,
    view::{AreaName, AreaNames, PersonName},
};
use crate::{app::App, calendar, people::Permission, secrets, store::CalendarRow};

/// A calendar feed.
#[derive(Serialize, ToSchema)]
pub struct Calendar {
    /// Id.
    id: String,
    /// The area whose programme it shows.
    area: AreaName,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: jiff::Timestamp,
    /// Who made it.
    created_by: PersonName,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct Calendars {
    /// These.
    items: Vec<Calendar>,
}

/// A calendar feed and its address.
#[derive(Serialize, ToSchema)]
pub struct CalendarWithUrl {
    /// The feed.
    #[serde(flatten)]
    calendar: Calendar,
    /// Its address on this server. Whoever has it can read the programme. It is shown this once, and kept nowhere.
    url: String,
}

/// A new one.
#[derive(Deserialize, ToSchema)]
pub struct NewCalendar {
    /// Code of the area.
    area: String,
}

fn show(row: CalendarRow, names: &AreaNames) -> Calendar {
    let CalendarRow { id, area, created_at, created_by } = row;
    Calendar { id, area: names.of(&area), created_at, created_by: created_by.into() }
}

/// Feeds that work, newest first.
#[utoipa::path(get, path = "/calendars", tag = "calendars", responses((status = 200, body = Calendars)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Calendars>, Problem> {
    let names = AreaNames::load(&app).await?;
    let sight = Sight::of(&app, &person, Permission::Share).await?;
    let rows = app.store.calendars().await?.into_iter().filter(|row| sight.covers(&row.area));
    let items = rows.map(|row| show(row, &names)).collect();
    Ok(axum::Json(Calendars { items }))
}

/// Makes a feed of an area's programme. Its address is in the answer, and never shown again.
#[utoipa::path(post, path = "/calendars", tag = "calendars", request_body = NewCalendar,
    responses((status = 201, body = CalendarWithUrl), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewCalendar>,
) -> Result<(StatusCode, axum::Json<CalendarWithUrl>), Problem> {
    let area: AreaCode = new.area.parse().map_err(|_| Problem::field("area"))?;
    app.store.area(&area).await?.ok_or_else(|| Problem::field("area"))?;
    within(&app, &person, Permission::Share, std::slice::from_ref(&area)).await?;
    let token = secrets::token()?;
    let row = CalendarRow {
        id: secrets::id()?,
        area,
        created_at: app.now(),
        created_by: (person.id, person.display_name),
    };
    app.store.add_calendar(&row, &secrets::hash(&token)).await?;
    let calendar = show(row, &AreaNames::load(&app).await?);
    Ok((StatusCode::CREATED, axum::Json(CalendarWithUrl { calendar, url: format!("/calendar/{token}.ics") })))
}

/// Makes a feed's address useless.
#[utoipa::path(delete, path = "/calendars/{id}", tag = "calendars", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = app.store.calendars().await?.into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    within(&app, &person, Permission::Share, std::slice::from_ref(&row.area)).await?;
    let revoked = app.store.revoke_calendar(&id, app.now()).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::new(Code::NotFound)) }
}

/// What calendars come for, outside the API and without a session.
pub fn feed_routes() -> Router<Arc<App>> {
    Router::new().route("/calendar/{file}", get(feed))
}

/// The feed at a secret address; `lang` chooses the words for classes.
async fn feed(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let Path(file) = Path::<String>::from_request_parts(&mut parts, &app).await?;
    let Query(LanguageQuery { lang }) = Query::from_request_parts(&mut parts, &app).await?;
    let token = file.strip_suffix(".ics").ok_or_else(|| Problem::new(Code::NotFound))?;
    let Some(row) = app.store.calendar_of_token(&secrets::hash(token)).await? else {
        return Err(bearer::guessed(&app, &parts, "calendar", Code::NotFound));
    };
    let text = calendar::of_area(&app, &row.area, lang).await?;
    Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response())
}
