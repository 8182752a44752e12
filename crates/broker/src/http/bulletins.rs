//! Bulletins.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use loa_protocol::{Class, ClipHash};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Json, Path, Query, SignedIn},
    problem::{Code, Problem, ProblemBody},
    sound, text_field,
    view::bulletins::{self as view, Bulletin},
};
use crate::{
    app::App,
    secrets,
    store::{ApprovalRow, BulletinRow},
};

/// A new bulletin: of a clip, or of text to be spoken.
#[derive(Deserialize, ToSchema)]
pub struct NewBulletin {
    /// Title, up to 120 characters.
    title: String,
    /// BCP 47; `vi` when absent.
    language: Option<String>,
    /// `normal`, `priority`, `emergency`; `normal` when absent.
    #[schema(value_type = Option<String>)]
    class: Option<Class>,
    /// What is said.
    text: Option<String>,
    /// Voice for the text, when there is no clip.
    voice: Option<String>,
    /// Speed for the text, 0.5 to 2.
    rate: Option<f32>,
    /// Hash of a clip that is there already.
    clip: Option<String>,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
pub struct Page {
    /// Most to give, 1 to 100; 20 when absent.
    limit: Option<u32>,
    /// Only what was made before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<jiff::Timestamp>,
}

impl Page {
    pub(super) fn limit(&self) -> u32 {
        self.limit.unwrap_or(20).clamp(1, 100)
    }

    pub(super) fn before(&self) -> jiff::Timestamp {
        self.before.unwrap_or(jiff::Timestamp::MAX)
    }
}

/// The language a bulletin is in; Vietnamese when nobody says.
pub(super) fn language_of(language: Option<String>) -> Result<String, Problem> {
    let language = language.unwrap_or_else(|| "vi".into());
    let plain = language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if (2..=20).contains(&language.len()) && plain { Ok(language) } else { Err(Problem::field("language")) }
}

/// Makes a bulletin.
#[utoipa::path(post, path = "/bulletins", tag = "bulletins", request_body = NewBulletin,
    responses((status = 201, body = Bulletin), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewBulletin>,
) -> Result<(StatusCode, axum::Json<Bulletin>), Problem> {
    let title = text_field("title", &new.title, 120)?;
    let language = language_of(new.language)?;
    if let Some(text) = &new.text {
        crate::speech::check_length(text)?;
    }
    let clip = match (&new.clip, &new.text) {
        (Some(hash), _) => {
            let hash: ClipHash = hash.parse().map_err(|_| Problem::field("clip"))?;
            app.store.clip(&hash).await?.ok_or_else(|| Problem::field("clip"))?
        }
        (None, Some(text)) => {
            let voice = new.voice.as_deref().unwrap_or("vi");
            sound::spoken(&app, text, voice, new.rate).await?
        }
        (None, None) => return Err(Problem::field("text")),
    };
    let bulletin = BulletinRow {
        id: secrets::id()?,
        title,
        language,
        class: new.class.unwrap_or(Class::Normal),
        text: new.text,
        clip,
        created_at: app.now(),
        created_by: (person.id, person.display_name),
    };
    app.store.add_bulletin(&bulletin).await?;
    Ok((StatusCode::CREATED, axum::Json(Bulletin::new(bulletin, ApprovalRow::default()))))
}

/// The newest bulletins.
#[utoipa::path(get, path = "/bulletins", tag = "bulletins", params(Page),
    responses((status = 200, body = [Bulletin])))]
pub async fn list(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Query(page): Query<Page>,
) -> Result<axum::Json<Vec<Bulletin>>, Problem> {
    let rows = app.store.bulletins(page.before(), page.limit()).await?;
    Ok(axum::Json(view::show(&app, rows).await?))
}

/// One bulletin.
#[utoipa::path(get, path = "/bulletins/{id}", tag = "bulletins", params(("id" = String, Path)),
    responses((status = 200, body = Bulletin), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Bulletin>, Problem> {
    let row = app.store.bulletin(&id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let approval = app.store.approval(&id).await?;
    Ok(axum::Json(Bulletin::new(row, approval)))
}
