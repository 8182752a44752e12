//! People, and how new ones come: by an invitation, a link that works once.
//!
//! Whoever manages an area gives roles in it and no wider, and has no power over somebody who may do something outside it: else the admin of one
//! commune would make himself another person of the province.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access, bearer,
    extract::{From, Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    sessions::{Chosen, Session, let_in},
    view::{
        AreaNames, PersonName,
        people::{self as view, GrantBody, NewGrant, named},
    },
};
use crate::{
    app::App,
    people::{Grant, Permission},
    programme::territory::Territory,
    secrets,
    store::{LinkRow, PersonRow, StoreError},
};

/// An invitation is good for a week.
const INVITATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A person who can sign in, or could.
#[derive(Serialize, ToSchema)]
pub struct Person {
    /// Id.
    id: String,
    /// What others see.
    name: String,
    /// What they sign in by.
    username: String,
    /// What they are, and where.
    grants: Vec<GrantBody>,
    /// When they were added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when they can't sign in any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    deactivated_at: Option<Timestamp>,
    /// Whether signing in takes them a second step.
    two_step: bool,
    /// Whether whoever asks may change anything of them.
    yours: bool,
}

/// Everybody.
#[derive(Serialize, ToSchema)]
pub struct People {
    /// By name.
    items: Vec<Person>,
}

/// Who is to come, and what they may do.
#[derive(Deserialize, ToSchema)]
pub struct NewInvitation {
    /// At least one.
    grants: Vec<NewGrant>,
}

/// An invitation that nobody has accepted yet.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    /// Id.
    id: String,
    /// What whoever accepts will be, and where.
    grants: Vec<GrantBody>,
    /// Who invites.
    created_by: PersonName,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// It works until then.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct Invitations {
    /// Newest first.
    items: Vec<Invitation>,
}

/// An invitation and its link.
#[derive(Serialize, ToSchema)]
pub struct InvitationWithUrl {
    /// The invitation.
    #[serde(flatten)]
    invitation: Invitation,
    /// Its address on this server, for one person, once. It is shown this once, and kept nowhere.
    url: String,
}

/// What a link carries after `#`.
#[derive(Deserialize, ToSchema)]
pub struct LinkToken {
    /// The token.
    token: String,
}

/// A yes to an invitation.
#[derive(Deserialize, ToSchema)]
pub struct Acceptance {
    /// From the link, after `#`.
    token: String,
    /// 3 to 40 of letters, digits, `.`, `_`, `-`.
    username: String,
    /// What others see.
    display_name: String,
    /// At least 10 characters.
    password: String,
}

fn shown(row: LinkRow, names: &AreaNames) -> Invitation {
    Invitation {
        grants: named(names, &row.grants),
        id: row.id,
        created_by: row.created_by.into(),
        created_at: row.created_at,
        expires_at: row.expires_at,
    }
}

/// Refuses grants that reach further than the person's own right to manage.
pub(super) fn yours_to_give(
    person: &PersonRow,
    grants: &[Grant],
    territory: &Territory,
) -> Result<(), Problem> {
    let areas: Vec<_> = grants.iter().filter_map(|grant| grant.area.clone()).collect();
    access::within_of(person, Permission::Manage, &areas, territory)?;
    let everywhere = grants.iter().any(|grant| grant.area.is_none());
    if everywhere { access::everywhere(person, Permission::Manage) } else { Ok(()) }
}

/// Everybody who can sign in, or could. Others than those of the areas that one manages are named only.
#[utoipa::path(get, path = "/people", tag = "people", responses((status = 200, body = People)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(asking): SignedIn,
) -> Result<axum::Json<People>, Problem> {
    let territory = Territory::load(&app.store).await?;
    let names = AreaNames::load(&app).await?;
    let show = |person: PersonRow| Person {
        grants: named(&names, &person.grants),
        yours: yours_to_give(&asking, &person.grants, &territory).is_ok(),
        id: person.id,
        name: person.display_name,
        username: person.username,
        created_at: person.created_at,
        deactivated_at: person.deactivated_at,
        two_step: person.two_step,
    };
    Ok(axum::Json(People { items: app.store.people().await?.into_iter().map(show).collect() }))
}

/// Invitations that still work, of those that one could have made.
#[utoipa::path(get, path = "/people/invitations", tag = "people", responses((status = 200, body = Invitations)))]
pub async fn invitations(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Invitations>, Problem> {
    let territory = Territory::load(&app.store).await?;
    let names = AreaNames::load(&app).await?;
    let mut rows = app.store.invitations(app.now()).await?;
    rows.retain(|row| yours_to_give(&person, &row.grants, &territory).is_ok());
    Ok(axum::Json(Invitations { items: rows.into_iter().map(|row| shown(row, &names)).collect() }))
}

/// Invites somebody. The link in the answer works once, for a week, and is never shown again.
#[utoipa::path(post, path = "/people/invitations", tag = "people", request_body = NewInvitation,
    responses((status = 201, body = InvitationWithUrl), (status = "4XX", body = ProblemBody)))]
pub async fn invite(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewInvitation>,
) -> Result<(StatusCode, axum::Json<InvitationWithUrl>), Problem> {
    let territory = Territory::load(&app.store).await?;
    let grants = view::read(&new.grants, &territory)?;
    yours_to_give(&person, &grants, &territory)?;
    let (token, now) = (secrets::token()?, app.now());
    let row = LinkRow {
        id: secrets::id()?,
        person: None,
        grants,
        created_at: now,
        created_by: (person.id, person.display_name),
        expires_at: now.saturating_add(INVITATION).unwrap_or(now),
    };
    app.store.add_link(&row, &secrets::hash(&token)).await?;
    tracing::info!(invitation = row.id, by = person.username, grants = ?row.grants, "somebody is invited");
    let invitation = shown(row, &AreaNames::load(&app).await?);
    let url = format!("/invitation#{token}");
    Ok((StatusCode::CREATED, axum::Json(InvitationWithUrl { invitation, url })))
}

/// Takes an invitation back: its link does nothing from now on.
#[utoipa::path(delete, path = "/people/invitations/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn uninvite(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let territory = Territory::load(&app.store).await?;
    let rows = app.store.invitations(app.now()).await?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or_else(|| Problem::new(Code::NotFound))?;
    yours_to_give(&person, &row.grants, &territory)?;
    app.store.remove_link(&id).await?;
    tracing::info!(invitation = id, by = person.username, "an invitation was taken back");
    Ok(StatusCode::NO_CONTENT)
}

/// The link that a token opens. Guessing is counted by address.
pub(super) async fn opened(app: &App, from: &From, token: &str) -> Result<LinkRow, Problem> {
    let row = app.store.link_of_token(&secrets::hash(token), app.now()).await?;
    row.ok_or_else(|| bearer::guess(app, from.address, "link", Code::LinkInvalid))
}

/// What an invitation is to, before it is accepted.
#[utoipa::path(post, path = "/invitations/look", tag = "people", request_body = LinkToken,
    responses((status = 200, body = Invitation), (status = "4XX", body = ProblemBody)))]
pub async fn look(
    State(app): State<Arc<App>>,
    from: From,
    Json(LinkToken { token }): Json<LinkToken>,
) -> Result<axum::Json<Invitation>, Problem> {
    let row = opened(&app, &from, &token).await?;
    if row.person.is_some() {
        return Err(Problem::new(Code::LinkInvalid));
    }
    Ok(axum::Json(shown(row, &AreaNames::load(&app).await?)))
}

/// Accepts an invitation: adds the person who chose these, and signs them in. Works once; a name that somebody has already is `exists`, and the link
/// still works.
#[utoipa::path(post, path = "/invitations/accept", tag = "people", request_body = Acceptance,
    responses((status = 201, body = Session), (status = "4XX", body = ProblemBody)))]
pub async fn accept(
    State(app): State<Arc<App>>,
    from: From,
    headers: HeaderMap,
    Json(acceptance): Json<Acceptance>,
) -> Result<impl IntoResponse + use<>, Problem> {
    let Acceptance { token, username, display_name, password } = acceptance;
    let link = opened(&app, &from, &token).await?;
    let person = Chosen { username, display_name, password }.person(&app, link.grants).await?;
    let accepted = app.store.accept(&link.id, &person).await.map_err(|error| match error {
        StoreError::Exists => Problem::new(Code::Exists).with("field", "username"),
        error => error.into(),
    })?;
    if !accepted {
        return Err(Problem::new(Code::LinkInvalid));
    }
    tracing::info!(username = person.username, invited_by = link.created_by.0, "an invitation was accepted");
    Ok((StatusCode::CREATED, let_in(&app, person, &from, &headers).await?))
}
