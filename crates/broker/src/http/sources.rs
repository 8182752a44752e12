//! Systems that may send from above, and their credentials.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use loa_protocol::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Sight, within},
    extract::{Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    text_field,
    view::{AreaName, AreaNames},
};
use crate::{app::App, people::Permission, secrets, store::SourceRow};

/// A system that may send from above.
#[derive(Serialize, ToSchema)]
pub struct Source {
    /// Id.
    id: String,
    /// What people call it.
    name: String,
    /// It may send to this area and those within.
    area: AreaName,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: jiff::Timestamp,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct Sources {
    /// These.
    items: Vec<Source>,
}

/// A system that may send from above, and the secret by which it is known.
#[derive(Serialize, ToSchema)]
pub struct SourceWithToken {
    /// The system.
    #[serde(flatten)]
    source: Source,
    /// Its credential. It is shown this once, and kept nowhere.
    token: String,
}

/// A new one.
#[derive(Deserialize, ToSchema)]
pub struct NewSource {
    /// What people call it, up to 80 characters.
    name: String,
    /// Code of the area that it may send to, with those within.
    area: String,
}

fn show(row: SourceRow, names: &AreaNames) -> Source {
    Source { area: names.of(&row.area), id: row.id, name: row.name, created_at: row.created_at }
}

/// Systems that may send from above, by name.
#[utoipa::path(get, path = "/sources", tag = "inbox", responses((status = 200, body = Sources)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Sources>, Problem> {
    let names = AreaNames::load(&app).await?;
    let sight = Sight::of(&app, &person, Permission::Manage).await?;
    let rows = app.store.sources().await?.into_iter().filter(|row| sight.covers(&row.area));
    let items = rows.map(|row| show(row, &names)).collect();
    Ok(axum::Json(Sources { items }))
}

/// Lets a system send from above. Its credential is in the answer, and never shown again.
#[utoipa::path(post, path = "/sources", tag = "inbox", request_body = NewSource,
    responses((status = 201, body = SourceWithToken), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewSource>,
) -> Result<(StatusCode, axum::Json<SourceWithToken>), Problem> {
    let area: AreaCode = new.area.parse().map_err(|_| Problem::field("area"))?;
    app.store.area(&area).await?.ok_or_else(|| Problem::field("area"))?;
    within(&app, &person, Permission::Manage, std::slice::from_ref(&area)).await?;
    let token = secrets::token()?;
    let row = SourceRow {
        id: secrets::id()?,
        name: text_field("name", &new.name, 80)?,
        area,
        person: secrets::id()?,
        created_at: app.now(),
    };
    app.store.add_source(&row, &secrets::hash(&token)).await?;
    tracing::warn!(source = row.id, name = row.name, area = %row.area, by = person.username, "a source may send from above");
    let source = show(row, &AreaNames::load(&app).await?);
    Ok((StatusCode::CREATED, axum::Json(SourceWithToken { source, token })))
}

/// Takes a system's credential away. What it sent stays.
#[utoipa::path(delete, path = "/sources/{id}", tag = "inbox", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = app.store.source(&id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    within(&app, &person, Permission::Manage, std::slice::from_ref(&row.area)).await?;
    if !app.store.revoke_source(&id, app.now()).await? {
        return Err(Problem::new(Code::NotFound));
    }
    tracing::warn!(source = id, by = person.username, "a source may send no more");
    Ok(StatusCode::NO_CONTENT)
}
