//! Making sound to be aired: voices, how a text will be read, speech, uploads; and giving clips out to listen to.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use loa_audio::{Limits, Target};
use loa_protocol::ClipHash;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    extract::{Json, Path, SignedIn},
    form::Form,
    problem::{Code, Problem, ProblemBody},
    view::bulletins::Clip,
};
use crate::{app::App, store::ClipRow};

/// Largest upload, bytes.
pub const UPLOAD_BYTES: usize = 100 << 20;

/// A voice.
#[derive(Serialize, ToSchema)]
pub struct Voice {
    /// Its name in requests.
    id: String,
    /// What to call it in Vietnamese.
    label_vi: String,
    /// What to call it in English.
    label_en: String,
    /// BCP 47.
    language: String,
}

/// A text.
#[derive(Deserialize, ToSchema)]
pub struct Text {
    /// The text.
    text: String,
}

/// A fragment that is read otherwise than it is written.
#[derive(Serialize, ToSchema)]
pub struct ReadingChange {
    /// As written.
    from: String,
    /// As read.
    to: String,
}

/// How a text will be read.
#[derive(Serialize, ToSchema)]
pub struct Reading {
    /// The words that the voice gets.
    text: String,
    /// What was changed, in the order of the text.
    changes: Vec<ReadingChange>,
}

/// What is to be spoken.
#[derive(Deserialize, ToSchema)]
pub struct SpeechRequest {
    /// The text.
    text: String,
    /// Name of the voice.
    voice: String,
    /// Speed: 1 is the voice's own, 0.5 to 2.
    rate: Option<f32>,
}

/// All voices.
#[utoipa::path(get, path = "/voices", tag = "sound", responses((status = 200, body = [Voice])))]
pub async fn voices(State(app): State<Arc<App>>, _: SignedIn) -> axum::Json<Vec<Voice>> {
    axum::Json(crate::speech::voices(&app.speech))
}

/// How a text will be read.
#[utoipa::path(post, path = "/readings", tag = "sound", request_body = Text,
    responses((status = 200, body = Reading), (status = "4XX", body = ProblemBody)))]
pub async fn reading(_: SignedIn, Json(Text { text }): Json<Text>) -> Result<axum::Json<Reading>, Problem> {
    crate::speech::check_length(&text)?;
    Ok(axum::Json(crate::speech::reading(&text)))
}

impl Reading {
    pub(crate) fn new(text: String, changes: impl Iterator<Item = (String, String)>) -> Self {
        Self { text, changes: changes.map(|(from, to)| ReadingChange { from, to }).collect() }
    }
}

impl Voice {
    pub(crate) fn new(id: String, label_vi: String, label_en: String, language: String) -> Self {
        Self { id, label_vi, label_en, language }
    }
}

/// Speaks a text; a clip.
#[utoipa::path(post, path = "/clips/speech", tag = "sound", request_body = SpeechRequest,
    responses((status = 201, body = Clip), (status = "4XX", body = ProblemBody)))]
pub async fn speak(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Json(request): Json<SpeechRequest>,
) -> Result<(StatusCode, axum::Json<Clip>), Problem> {
    let clip = spoken(&app, &request.text, &request.voice, request.rate).await?;
    Ok((StatusCode::CREATED, axum::Json(clip.into())))
}

/// Text to a clip that is kept.
pub(crate) async fn spoken(
    app: &App,
    text: &str,
    voice: &str,
    rate: Option<f32>,
) -> Result<ClipRow, Problem> {
    let wav = crate::speech::speak(&app.speech, text, voice, rate.unwrap_or(1.0)).await?;
    make_clip(app, wav).await
}

/// Takes a sound file of any common format (`file`); a clip.
#[utoipa::path(post, path = "/clips", tag = "sound",
    request_body(content_type = "multipart/form-data", content = Object),
    responses((status = 201, body = Clip), (status = "4XX", body = ProblemBody)))]
pub async fn upload(
    State(app): State<Arc<App>>,
    _: SignedIn,
    mut form: Form,
) -> Result<(StatusCode, axum::Json<Clip>), Problem> {
    while let Some(part) = form.next().await? {
        if part.name() == "file" {
            let clip = make_clip(&app, part.bytes(UPLOAD_BYTES).await?).await?;
            return Ok((StatusCode::CREATED, axum::Json(clip.into())));
        }
    }
    Err(Problem::field("file"))
}

/// A sound file of any common format to a clip that is kept.
pub(crate) async fn make_clip(app: &App, file: Bytes) -> Result<ClipRow, Problem> {
    let _turn = app.sound_work.acquire().await.map_err(|error| Problem::internal(&error))?;
    let work = move || loa_audio::ingest(&file, &Limits::default(), &Target::default());
    let clip = tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))?;
    let clip = clip.map_err(|error| {
        Problem::new(Code::SoundUnusable).with("cause", error.code()).detail(error.to_string())
    })?;
    let (bytes, frames, levels) = (clip.ogg.len() as u64, clip.samples, clip.levels);
    let warnings = clip.warnings.iter().map(|warning| warning.code().to_owned()).collect();
    let _recording = app.clips.turn_to_record().await;
    let hash = app.clips.keep(clip.ogg.into()).await?;
    let row = ClipRow {
        hash: hash.clone(),
        bytes,
        frames,
        loudness: levels.loudness_lufs,
        true_peak: levels.true_peak_dbtp,
        warnings,
        created_at: app.now(),
    };
    if let Err(error) = app.store.add_clip(&row).await {
        if matches!(app.store.clip(&hash).await, Ok(None)) {
            app.clips.take_back(&hash).await;
        }
        return Err(error.into());
    }
    Ok(row)
}

/// A clip's sound. Understands one `Range`, as browsers' players ask.
#[utoipa::path(get, path = "/clips/{hash}", tag = "sound", params(("hash" = String, Path)),
    responses((status = 200, content_type = "audio/ogg"), (status = 206), (status = 404, body = ProblemBody)))]
pub async fn clip(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hash: ClipHash = hash.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let sound = app.clips.read(&hash).await?;
    let whole = sound.len();
    let range =
        headers.get(header::RANGE).and_then(|range| range.to_str().ok()).and_then(|r| range_of(r, whole));
    let common = [
        (header::CONTENT_TYPE, "audio/ogg".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        // Its name is its content: it never changes.
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
    ];
    Ok(match range {
        Some((first, last)) => {
            let place = [(header::CONTENT_RANGE, format!("bytes {first}-{last}/{whole}"))];
            (StatusCode::PARTIAL_CONTENT, common, place, sound.slice(first..=last)).into_response()
        }
        None => (StatusCode::OK, common, sound).into_response(),
    })
}

/// First and last byte of a single satisfiable range (RFC 9110 section 14.1.2); anything else is answered in full.
fn range_of(range: &str, whole: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = whole.checked_sub(1)?;
    let (first, last) = match (first.parse().ok(), last.parse().ok()) {
        (Some(first), Some(last)) => (first, end.min(last)),
        (Some(first), None) if last.is_empty() => (first, end),
        (None, Some(last)) if first.is_empty() => (whole.saturating_sub(last), end),
        _ => return None,
    };
    (first <= last && first < whole).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::range_of;

    #[test]
    fn a_range_is_what_the_player_asked_for() {
        assert_eq!(range_of("bytes=0-", 10), Some((0, 9)));
        assert_eq!(range_of("bytes=2-4", 10), Some((2, 4)));
        assert_eq!(range_of("bytes=2-400", 10), Some((2, 9)));
        assert_eq!(range_of("bytes=-3", 10), Some((7, 9)));
        for nonsense in ["bytes=10-", "bytes=5-2", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=-0"] {
            assert_eq!(range_of(nonsense, 10), None, "{nonsense}");
        }
        assert_eq!(range_of("bytes=0-", 0), None);
    }
}
