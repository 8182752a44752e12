//! What an admin does with people who are there: grants, deactivating, new passwords, sessions.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::{OpenSessions, open_sessions},
    extract::{Json, Path, SignedIn, Visitor},
    people::yours_to_give,
    problem::{Code, Problem, ProblemBody},
    view::people::{self as view, NewGrant},
};
use crate::{
    app::App,
    people::RESET_LIFE,
    programme::territory::Territory,
    secrets,
    store::{Kind, LinkRow, PersonRow},
};

/// What somebody may do from now on.
#[derive(Deserialize, ToSchema)]
pub struct Grants {
    /// At least one.
    grants: Vec<NewGrant>,
}

/// A link for a new password.
#[derive(Serialize, ToSchema)]
pub struct ResetLink {
    /// Its address on this server, for one person, once. It is shown this once, and kept nowhere.
    url: String,
    /// It works until then.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Somebody whom the person may manage: all that they may do lies where the person manages.
async fn theirs(
    app: &App,
    asking: &PersonRow,
    id: &str,
    territory: &Territory,
) -> Result<PersonRow, Problem> {
    let person = app.store.person(id).await?.filter(|person| person.kind == Kind::Person);
    let person = person.ok_or_else(|| Problem::new(Code::NotFound))?;
    yours_to_give(asking, &person.grants, territory)?;
    Ok(person)
}

/// Changes what somebody may do. It holds from their next request on.
#[utoipa::path(put, path = "/people/{id}/grants", tag = "people", request_body = Grants, params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn set_grants(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
    Path(id): Path<String>,
    Json(wanted): Json<Grants>,
) -> Result<StatusCode, Problem> {
    let territory = Territory::load(&app.store).await?;
    let person = theirs(&app, &asking, &id, &territory).await?;
    let grants = view::read(&wanted.grants, &territory)?;
    yours_to_give(&asking, &grants, &territory)?;
    if !app.store.set_grants(&person.id, &grants).await? {
        return Err(Problem::new(Code::LastAdmin));
    }
    app.sessions_changed.send_replace(());
    tracing::warn!(username = person.username, by = asking.username, ?grants, "somebody's rights changed");
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody in no more; their sessions end at once. What they did stays theirs.
#[utoipa::path(post, path = "/people/{id}/deactivate", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn deactivate(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = theirs(&app, &asking, &id, &Territory::load(&app.store).await?).await?;
    if !app.store.deactivate(&person.id, app.now()).await? {
        return Err(Problem::new(Code::LastAdmin));
    }
    app.sessions_changed.send_replace(());
    tracing::warn!(username = person.username, by = asking.username, "somebody was deactivated");
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody in again, with the rights they had.
#[utoipa::path(post, path = "/people/{id}/reactivate", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn reactivate(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = theirs(&app, &asking, &id, &Territory::load(&app.store).await?).await?;
    app.store.reactivate(&person.id).await?;
    tracing::warn!(username = person.username, by = asking.username, "somebody was let in again");
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link by which somebody chooses a new password. It works once, for a day; an earlier one doesn't any more.
#[utoipa::path(post, path = "/people/{id}/reset", tag = "people", params(("id" = String, Path)),
    responses((status = 201, body = ResetLink), (status = "4XX", body = ProblemBody)))]
pub async fn reset(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<ResetLink>), Problem> {
    let person = theirs(&app, &asking, &id, &Territory::load(&app.store).await?).await?;
    if person.deactivated_at.is_some() {
        return Err(Problem::new(Code::NotFound));
    }
    let (token, now) = (secrets::token()?, app.now());
    let expires_at = now.saturating_add(RESET_LIFE).unwrap_or(now);
    let link = LinkRow {
        id: secrets::id()?,
        person: Some(person.id),
        grants: Vec::new(),
        created_at: now,
        created_by: (asking.id, asking.display_name),
        expires_at,
    };
    app.store.add_link(&link, &secrets::hash(&token)).await?;
    tracing::warn!(username = person.username, by = asking.username, "a password may be reset");
    Ok((StatusCode::CREATED, axum::Json(ResetLink { url: format!("/reset#{token}"), expires_at })))
}

/// Asks somebody who has lost the phone for no second step any more.
#[utoipa::path(delete, path = "/people/{id}/two-step", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn drop_two_step(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = theirs(&app, &asking, &id, &Territory::load(&app.store).await?).await?;
    app.store.drop_two_step(&person.id).await?;
    tracing::warn!(username = person.username, by = asking.username, "somebody's second step was taken away");
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody's sessions.
#[utoipa::path(get, path = "/people/{id}/sessions", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = OpenSessions), (status = "4XX", body = ProblemBody)))]
pub async fn sessions(
    State(app): State<Arc<App>>,
    Visitor { person: asking, session }: Visitor,
    Path(id): Path<String>,
) -> Result<axum::Json<OpenSessions>, Problem> {
    let person = theirs(&app, &asking, &id, &Territory::load(&app.store).await?).await?;
    Ok(axum::Json(open_sessions(&app, &person.id, &session.id).await?))
}

/// Ends all of somebody's sessions.
#[utoipa::path(delete, path = "/people/{id}/sessions", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn end_sessions(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = theirs(&app, &asking, &id, &Territory::load(&app.store).await?).await?;
    app.store.end_sessions(&person.id).await?;
    app.sessions_changed.send_replace(());
    tracing::warn!(username = person.username, by = asking.username, "somebody's sessions were ended");
    Ok(StatusCode::NO_CONTENT)
}
