//! Set-up, signing in and out.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    extract::{From, Json, SignedIn, cookie_name, session_token},
    problem::{Code, Problem, ProblemBody},
    view::people::{GrantBody, grants},
};
use crate::{
    app::App,
    people::{self, Grant, PASSWORD_CHARACTERS, Permission, Role, Try, WeakPassword, network},
    secrets,
    store::{Kind, PersonRow, SessionRow},
};

/// A session is good for a month of use on one's own phone,
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// and ends when it isn't used for two weeks.
const IDLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A hash to compare with when there is no such person, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bG9hLWxvYS1sb2E$Ck2SlxZ0ZlGQ9xwLB1p7vmcXwz7OzqJ6tPuKuvQmXwE";

/// Since when a session must have been used to be one.
pub(super) fn seen_since(now: Timestamp) -> Timestamp {
    now.saturating_sub(IDLE).unwrap_or(Timestamp::MIN)
}

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
    /// Six digits of the authenticator app, or a recovery code: for whom that is asked for.
    code: Option<String>,
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
    /// What they are, and where.
    grants: Vec<GrantBody>,
    /// Whether signing in takes a second step.
    two_step: bool,
    /// What they may do, at least somewhere.
    may: Vec<Permission>,
}

async fn shown(app: &App, person: PersonRow) -> Result<Session, Problem> {
    let (grants, may) = (grants(app, &person.grants).await?, person.permissions());
    let PersonRow { id, username, display_name, two_step, .. } = person;
    Ok(Session { user: User { id, username, display_name, grants, two_step, may } })
}

/// Whether set-up is still to be done.
#[utoipa::path(get, path = "/setup", tag = "people", responses((status = 200, body = SetupState)))]
pub async fn setup_state(State(app): State<Arc<App>>) -> Result<axum::Json<SetupState>, Problem> {
    Ok(axum::Json(SetupState { needed: !app.store.has_people().await? }))
}

/// What somebody chose to be known by, if it can be.
pub(super) struct Chosen {
    pub username: String,
    pub display_name: String,
    pub password: String,
}

impl Chosen {
    /// A person who may do this. Takes the time that a password takes.
    pub(super) async fn person(self, app: &App, grants: Vec<Grant>) -> Result<PersonRow, Problem> {
        let username = self.username.trim().to_lowercase();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(3..=40).contains(&username.chars().count()) || !username.chars().all(plain) {
            return Err(Problem::field("username"));
        }
        let display_name = super::text_field("display_name", &self.display_name, 80)?;
        let password_hash = new_password(self.password, &username).await?;
        Ok(PersonRow {
            id: secrets::id()?,
            username,
            display_name,
            kind: Kind::Person,
            password_hash,
            created_at: app.now(),
            deactivated_at: None,
            two_step: false,
            grants,
        })
    }
}

/// The hash of a password that may be chosen.
pub(super) async fn new_password(password: String, username: &str) -> Result<String, Problem> {
    people::check_strength(&password, username).map_err(|weak| match weak {
        WeakPassword::Short => Problem::new(Code::PasswordShort).with("least", PASSWORD_CHARACTERS),
        WeakPassword::Common => Problem::new(Code::PasswordCommon),
    })?;
    blocking(move || people::hash_password(&password)).await
}

/// Makes the first administrator and signs them in. Works once.
#[utoipa::path(post, path = "/setup", tag = "people", request_body = Setup,
    responses((status = 201, body = Session), (status = "4XX", body = ProblemBody)))]
pub async fn set_up(
    State(app): State<Arc<App>>,
    from: From,
    headers: HeaderMap,
    Json(setup): Json<Setup>,
) -> Result<impl IntoResponse + use<>, Problem> {
    let Setup { token, username, display_name, password } = setup;
    let chosen = Chosen { username, display_name, password };
    let person = chosen.person(&app, vec![Grant { role: Role::Admin, area: None }]).await?;
    if !app.store.set_up(&secrets::hash(&token), &person).await? {
        return Err(Problem::new(Code::SetupLinkInvalid));
    }
    tracing::info!(username = person.username, "the first administrator was made");
    Ok((StatusCode::CREATED, let_in(&app, person, &from, &headers).await?))
}

/// A try to sign in. Dropped, it counts as one that failed: for the name, and for the address.
#[must_use]
pub(super) struct Attempt {
    name: Try,
    address: Option<Try>,
}

impl Attempt {
    /// Begins one, or refuses who must wait: after tries for this name, or from this address.
    fn begin(app: &App, username: &str, from: &From) -> Result<Self, Problem> {
        let now = app.clock.monotonic();
        let too_soon = |wait: std::time::Duration| {
            Problem::new(Code::TooManyTries).with("retry_after_s", wait.as_secs() + 1)
        };
        let address = from.address.map(|address| app.addresses_tried.begin(&network(address), now));
        let address = address.transpose().map_err(too_soon)?;
        match app.sign_ins.begin(username, now) {
            Ok(name) => Ok(Self { name, address }),
            Err(wait) => {
                if let Some(address) = address {
                    app.addresses_tried.take_back(&address);
                }
                Err(too_soon(wait))
            }
        }
    }

    /// It was right: what was tried for the name is forgotten.
    pub(super) fn succeeded(self, app: &App, username: &str) {
        self.take_back(app);
        app.sign_ins.succeeded(username);
    }

    /// It was no guess.
    fn take_back(self, app: &App) {
        app.sign_ins.take_back(&self.name);
        if let Some(address) = self.address {
            app.addresses_tried.take_back(&address);
        }
    }
}

/// Whether somebody knows their password; `none`: there is no such person, which takes as long. Guessing gets slower, until the caller says that it
/// succeeded.
pub(super) async fn knows_password(
    app: &App,
    username: &str,
    person: Option<PersonRow>,
    password: String,
    from: &From,
) -> Result<(PersonRow, Attempt), Problem> {
    let attempt = Attempt::begin(app, username, from)?;
    let hash = person.as_ref().map_or_else(|| NOBODY.to_owned(), |person| person.password_hash.clone());
    let right = blocking(move || people::is_password(&password, &hash)).await?;
    let Some(person) = person.filter(|_| right) else {
        tracing::warn!(username, from = ?from.address, "a password that is none");
        return Err(Problem::new(Code::WrongCredentials));
    };
    Ok((person, attempt))
}

/// Whether a code is the one of now, or a recovery code, and uses it up.
async fn knows_code(app: &App, person: &PersonRow, code: &str) -> Result<bool, Problem> {
    let Some(row) = app.store.two_step(&person.id).await?.filter(|row| row.since.is_some()) else {
        return Ok(true);
    };
    if let Some(step) = app.totp.secret(&person.id, &row.salt).step_of(code, app.now(), row.step) {
        return Ok(app.store.use_step(&person.id, step).await?);
    }
    let used = app.store.use_recovery_code(&person.id, &people::recovery_hash(code)).await?;
    if used {
        tracing::warn!(username = person.username, "a recovery code was used");
    }
    Ok(used)
}

/// Signs in. `code_required`: name and password are right, and a code is wanted with them. A session that the browser had before is over.
#[utoipa::path(post, path = "/session", tag = "people", request_body = Credentials,
    responses((status = 200, body = Session), (status = "4XX", body = ProblemBody)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    from: From,
    headers: HeaderMap,
    Json(credentials): Json<Credentials>,
) -> Result<impl IntoResponse + use<>, Problem> {
    let username = credentials.username.trim().to_lowercase();
    let person = app.store.person_by_username(&username).await?;
    let (person, attempt) = knows_password(&app, &username, person, credentials.password, &from).await?;
    if person.two_step {
        let Some(code) = credentials.code else {
            attempt.take_back(&app);
            return Err(Problem::new(Code::CodeRequired));
        };
        if !knows_code(&app, &person, &code).await? {
            return Err(Problem::new(Code::WrongCode));
        }
    }
    attempt.succeeded(&app, &username);
    let_in(&app, person, &from, &headers).await
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "people",
    responses((status = 200, body = Session), (status = 401, body = ProblemBody)))]
pub async fn session(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Session>, Problem> {
    Ok(axum::Json(shown(&app, person).await?))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "people", responses((status = 204)))]
pub async fn sign_out(
    State(app): State<Arc<App>>,
    _: SignedIn,
    headers: HeaderMap,
) -> Result<impl IntoResponse + use<>, Problem> {
    if let Some(token) = session_token(&headers, app.settings.page_is_secure()) {
        app.store.close_session(&secrets::hash(token)).await?;
        app.sessions_changed.send_replace(());
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie(&app, "", 0))])))
}

/// Opens a session of a new name: what the browser came with opens nothing from now on.
pub(super) async fn let_in(
    app: &App,
    person: PersonRow,
    from: &From,
    headers: &HeaderMap,
) -> Result<impl IntoResponse + use<>, Problem> {
    let token = secrets::token()?;
    let now = app.now();
    let row = SessionRow {
        id: secrets::id()?,
        person: person.id.clone(),
        created_at: now,
        seen_at: now,
        expires_at: now.saturating_add(LIFE).unwrap_or(now),
        address: from.address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
        browser: from.browser.clone(),
    };
    let before = session_token(headers, app.settings.page_is_secure()).map(secrets::hash);
    app.store.open_session(&row, &secrets::hash(&token), before.as_deref(), seen_since(now)).await?;
    let cookie = cookie(app, &token, LIFE.as_secs());
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), axum::Json(shown(app, person).await?)))
}

fn cookie(app: &App, token: &str, seconds: i64) -> String {
    let is_secure = app.settings.page_is_secure();
    let (name, secure) = (cookie_name(is_secure), if is_secure { "; Secure" } else { "" });
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// Each takes 19 MiB and a processor for a while: whoever sends many passwords at once must not get either for each.
static HASHING: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(4);

/// Runs what hashes a password off the threads that serve everybody, few at once.
async fn blocking<T: Send + 'static, E: std::error::Error + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Problem> {
    let turn = HASHING.acquire().await.map_err(|error| Problem::internal(&error))?;
    // It has the turn to its end, whether anybody still waits for it or not.
    let work = move || {
        let done = work();
        drop(turn);
        done
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Problem::internal(&error)),
        Err(error) => Err(Problem::internal(&error)),
    }
}
