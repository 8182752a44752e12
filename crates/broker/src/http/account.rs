//! One's own account: password, sessions, the second step at sign-in.
//!
//! What could lock the owner out, or keep a thief in, asks for the password again: an open session alone is not enough.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    extract::{From, Json, Path, SignedIn, Visitor},
    people::opened,
    problem::{Code, Problem, ProblemBody},
    sessions::{knows_password, new_password, seen_since},
};
use crate::{
    app::App,
    people::{recovery_codes, recovery_hash},
    secrets,
    store::SessionRow,
};

/// The password, and the one that is to take its place.
#[derive(Deserialize, ToSchema)]
pub struct PasswordChange {
    /// What it is.
    old: String,
    /// What it is to be, at least 10 characters.
    new: String,
}

/// The password.
#[derive(Deserialize, ToSchema)]
pub struct Password {
    /// What it is.
    password: String,
}

/// A new password, by a link.
#[derive(Deserialize, ToSchema)]
pub struct Reset {
    /// From the link, after `#`.
    token: String,
    /// At least 10 characters.
    password: String,
}

/// Somebody is signed in somewhere.
#[derive(Serialize, ToSchema)]
pub struct OpenSession {
    /// Id.
    id: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used, to five minutes.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// It ends then, however it is used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The address that it was opened from.
    address: String,
    /// What the browser said it is.
    browser: String,
    /// Whether it is the one that asks.
    this: bool,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct OpenSessions {
    /// The last used first.
    items: Vec<OpenSession>,
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
pub struct TwoStepSecret {
    /// To be typed.
    secret: String,
    /// To be opened, or shown as a QR code.
    uri: String,
    /// That QR code, SVG.
    qr: String,
}

/// Six digits of the app, or a recovery code.
#[derive(Deserialize, ToSchema)]
pub struct OneTimeCode {
    /// The code.
    code: String,
}

/// For the day the phone is lost.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each signs in once instead of a code of the app. They are shown this once, and kept nowhere.
    codes: Vec<String>,
}

/// The sessions of a person.
pub(super) async fn open_sessions(app: &App, person: &str, this: &str) -> Result<OpenSessions, Problem> {
    let now = app.now();
    let show = |row: SessionRow| OpenSession {
        this: row.id == this,
        id: row.id,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
        address: row.address,
        browser: row.browser,
    };
    let rows = app.store.sessions(person, now, seen_since(now)).await?;
    Ok(OpenSessions { items: rows.into_iter().map(show).collect() })
}

/// Changes one's password. All other sessions end.
#[utoipa::path(put, path = "/account/password", tag = "people", request_body = PasswordChange,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn change_password(
    State(app): State<Arc<App>>,
    Visitor { person, session }: Visitor,
    from: From,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let username = person.username.clone();
    let (person, attempt) = knows_password(&app, &username, Some(person), change.old, &from).await?;
    attempt.succeeded(&app, &username);
    let password_hash = new_password(change.new, &username).await?;
    app.store.change_password(&person.id, &password_hash, Some(&session.id)).await?;
    app.sessions_changed.send_replace(());
    tracing::info!(by = username, "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}

/// One's own sessions.
#[utoipa::path(get, path = "/account/sessions", tag = "people", responses((status = 200, body = OpenSessions)))]
pub async fn sessions(
    State(app): State<Arc<App>>,
    Visitor { person, session }: Visitor,
) -> Result<axum::Json<OpenSessions>, Problem> {
    Ok(axum::Json(open_sessions(&app, &person.id, &session.id).await?))
}

/// Ends one of them.
#[utoipa::path(delete, path = "/account/sessions/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn end_session(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.store.end_session(&person.id, &id).await? {
        return Err(Problem::new(Code::NotFound));
    }
    app.sessions_changed.send_replace(());
    Ok(StatusCode::NO_CONTENT)
}

/// Gives whom a reset link is for a new password; all their sessions end. Works once.
#[utoipa::path(post, path = "/resets", tag = "people", request_body = Reset,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn reset(
    State(app): State<Arc<App>>,
    from: From,
    Json(Reset { token, password }): Json<Reset>,
) -> Result<StatusCode, Problem> {
    let link = opened(&app, &from, &token).await?;
    let invalid = || Problem::new(Code::LinkInvalid);
    let person = app.store.person(link.person.as_deref().ok_or_else(invalid)?).await?.ok_or_else(invalid)?;
    let password_hash = new_password(password, &person.username).await?;
    if !app.store.reset_password(&link.id, &person.id, &password_hash).await? {
        return Err(invalid());
    }
    app.sign_ins.succeeded(&person.username);
    app.sessions_changed.send_replace(());
    tracing::info!(username = person.username, by = link.created_by.0, "a password was reset");
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a second step at sign-in: what an authenticator app needs. It is asked for once a code of the app has confirmed it.
#[utoipa::path(post, path = "/account/two-step", tag = "people", request_body = Password,
    responses((status = 200, body = TwoStepSecret), (status = "4XX", body = ProblemBody)))]
pub async fn begin_two_step(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    from: From,
    Json(Password { password }): Json<Password>,
) -> Result<axum::Json<TwoStepSecret>, Problem> {
    let username = person.username.clone();
    let (person, attempt) = knows_password(&app, &username, Some(person), password, &from).await?;
    attempt.succeeded(&app, &username);
    let salt = secrets::id()?;
    if !app.store.begin_two_step(&person.id, &salt).await? {
        return Err(Problem::new(Code::Exists));
    }
    let secret = app.totp.secret(&person.id, &salt);
    let uri = secret.uri(&username);
    let qr = qrcode::QrCode::new(&uri).map_err(|error| Problem::internal(&error))?;
    let qr = qr.render::<qrcode::render::svg::Color<'_>>().min_dimensions(200, 200).build();
    Ok(axum::Json(TwoStepSecret { secret: secret.base32(), uri, qr }))
}

/// Confirms it by a code of the app. From now on a code is asked for at each sign-in.
#[utoipa::path(post, path = "/account/two-step/confirm", tag = "people", request_body = OneTimeCode,
    responses((status = 200, body = RecoveryCodes), (status = "4XX", body = ProblemBody)))]
pub async fn confirm_two_step(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(OneTimeCode { code }): Json<OneTimeCode>,
) -> Result<axum::Json<RecoveryCodes>, Problem> {
    let begun = app.store.two_step(&person.id).await?.filter(|row| row.since.is_none());
    let begun = begun.ok_or_else(|| Problem::new(Code::NotFound))?;
    let now = app.now();
    let step = app.totp.secret(&person.id, &begun.salt).step_of(&code, now, begun.step);
    let step = step.ok_or_else(|| Problem::field("code"))?;
    let codes = recovery_codes()?;
    let hashes: Vec<_> = codes.iter().map(|code| recovery_hash(code)).collect();
    if !app.store.confirm_two_step(&person.id, step, &hashes, now).await? {
        return Err(Problem::new(Code::NotFound));
    }
    tracing::info!(by = person.username, "signing in takes a second step");
    Ok(axum::Json(RecoveryCodes { codes }))
}

/// Asks for no second step any more.
#[utoipa::path(post, path = "/account/two-step/drop", tag = "people", request_body = Password,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn drop_two_step(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    from: From,
    Json(Password { password }): Json<Password>,
) -> Result<StatusCode, Problem> {
    let username = person.username.clone();
    let (person, attempt) = knows_password(&app, &username, Some(person), password, &from).await?;
    attempt.succeeded(&app, &username);
    app.store.drop_two_step(&person.id).await?;
    tracing::info!(by = username, "signing in takes no second step any more");
    Ok(StatusCode::NO_CONTENT)
}
