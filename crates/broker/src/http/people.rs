//! Set-up, signing in and out.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse},
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    extract::{COOKIE, Json, SignedIn, session_token},
    problem::{Code, Problem, ProblemBody},
};
use crate::{
    app::App,
    people::{self, PASSWORD_CHARACTERS, WeakPassword},
    secrets,
    store::{PersonRow, Role},
};

/// A session is good for a month of use on one's own phone.
const SESSION: Duration = Duration::from_hours(30 * 24);
/// A hash to compare with when there is no such person, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bG9hLWxvYS1sb2E$Ck2SlxZ0ZlGQ9xwLB1p7vmcXwz7OzqJ6tPuKuvQmXwE";

/// Whether the first administrator is still to be made.
#[derive(Serialize, ToSchema)]
pub struct SetupState {
    /// True until somebody can sign in.
    needed: bool,
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
pub struct Setup {
    /// From the set-up link, after `#`.
    token: String,
    /// 3 to 40 of letters, digits, `.`, `_`, `-`.
    username: String,
    /// What others see.
    display_name: String,
    /// At least 10 characters.
    password: String,
}

/// User name and password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// User name.
    username: String,
    /// Password.
    password: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// The person.
    user: User,
}

/// The person who is signed in.
#[derive(Serialize, ToSchema)]
pub struct User {
    /// Id.
    id: String,
    /// User name.
    username: String,
    /// What others see.
    display_name: String,
    /// What they may do.
    role: Role,
}

impl From<PersonRow> for Session {
    fn from(person: PersonRow) -> Self {
        let PersonRow { id, username, display_name, role, .. } = person;
        Self { user: User { id, username, display_name, role } }
    }
}

/// Whether set-up is still to be done.
#[utoipa::path(get, path = "/setup", tag = "people", responses((status = 200, body = SetupState)))]
pub async fn setup_state(State(app): State<Arc<App>>) -> Result<axum::Json<SetupState>, Problem> {
    Ok(axum::Json(SetupState { needed: !app.store.has_people().await? }))
}

/// Makes the first administrator and signs them in. Works once.
#[utoipa::path(post, path = "/setup", tag = "people", request_body = Setup,
    responses((status = 201, body = Session), (status = "4XX", body = ProblemBody)))]
pub async fn set_up(
    State(app): State<Arc<App>>,
    Json(setup): Json<Setup>,
) -> Result<impl IntoResponse + use<>, Problem> {
    let username = setup.username.trim().to_lowercase();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !(3..=40).contains(&username.chars().count()) || !username.chars().all(plain) {
        return Err(Problem::field("username"));
    }
    let display_name = super::text_field("display_name", &setup.display_name, 80)?;
    people::check_strength(&setup.password, &username).map_err(|weak| match weak {
        WeakPassword::Short => Problem::new(Code::PasswordShort).with("least", PASSWORD_CHARACTERS),
        WeakPassword::Common => Problem::new(Code::PasswordCommon),
    })?;
    let password_hash = blocking(move || people::hash_password(&setup.password)).await?;
    let now = app.now();
    let person = PersonRow {
        id: secrets::id()?,
        username,
        display_name,
        role: Role::Admin,
        password_hash,
        created_at: now,
    };
    if !app.store.set_up(&secrets::hash(&setup.token), &person).await? {
        return Err(Problem::new(Code::SetupLinkInvalid));
    }
    tracing::info!(username = person.username, "the first administrator was made");
    let cookie = open_session(&app, &person).await?;
    Ok((StatusCode::CREATED, AppendHeaders([(SET_COOKIE, cookie)]), axum::Json(Session::from(person))))
}

/// Signs in.
#[utoipa::path(post, path = "/session", tag = "people", request_body = Credentials,
    responses((status = 200, body = Session), (status = "4XX", body = ProblemBody)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    Json(credentials): Json<Credentials>,
) -> Result<impl IntoResponse + use<>, Problem> {
    let username = credentials.username.trim().to_lowercase();
    if let Some(wait) = app.sign_ins.wait(&username, app.clock.monotonic()) {
        return Err(Problem::new(Code::TooManyTries).with("retry_after_s", wait.as_secs() + 1));
    }
    let person = app.store.person_by_username(&username).await?;
    let hash = person.as_ref().map_or_else(|| NOBODY.to_owned(), |person| person.password_hash.clone());
    let right = blocking(move || people::is_password(&credentials.password, &hash)).await?;
    let Some(person) = person.filter(|_| right) else {
        app.sign_ins.failed(&username, app.clock.monotonic());
        return Err(Problem::new(Code::WrongCredentials));
    };
    app.sign_ins.succeeded(&username);
    let cookie = open_session(&app, &person).await?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), axum::Json(Session::from(person))))
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "people",
    responses((status = 200, body = Session), (status = 401, body = ProblemBody)))]
pub async fn session(SignedIn(person): SignedIn) -> axum::Json<Session> {
    axum::Json(person.into())
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "people", responses((status = 204)))]
pub async fn sign_out(
    State(app): State<Arc<App>>,
    _: SignedIn,
    headers: HeaderMap,
) -> Result<impl IntoResponse + use<>, Problem> {
    if let Some(token) = session_token(&headers) {
        app.store.close_session(&secrets::hash(token)).await?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie(&app, "", 0))])))
}

async fn open_session(app: &App, person: &PersonRow) -> Result<String, Problem> {
    let token = secrets::token()?;
    let now = app.now();
    let life = SignedDuration::try_from(SESSION).unwrap_or(SignedDuration::ZERO);
    let expires_at = now.saturating_add(life).unwrap_or(now);
    app.store.open_session(&secrets::hash(&token), &person.id, now, expires_at).await?;
    Ok(cookie(app, &token, SESSION.as_secs()))
}

fn cookie(app: &App, token: &str, seconds: u64) -> String {
    let secure = if app.settings.page_is_secure() { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// Runs what takes a processor for a while off the threads that serve everybody.
async fn blocking<T: Send + 'static, E: std::error::Error + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Problem::internal(&error)),
        Err(error) => Err(Problem::internal(&error)),
    }
}
