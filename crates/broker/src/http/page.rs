//! The page, embedded in the program. Whatever is no file of it is one of its screens.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use super::problem::{Code, Problem};

#[derive(RustEmbed)]
#[folder = "$LOA_PAGE"]
struct Page;

/// Serves a file of the page, or its first screen.
pub async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return Problem::new(Code::NotFound).into_response();
    }
    let (name, file) = match Page::get(path) {
        Some(file) => (path, file),
        // A missing asset is missing; a path without an extension is a screen.
        None if path.rsplit('/').next().is_some_and(|last| last.contains('.')) => {
            return Problem::new(Code::NotFound).into_response();
        }
        None => match Page::get("index.html") {
            Some(file) => ("index.html", file),
            None => return Problem::new(Code::NotFound).into_response(),
        },
    };
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{:016x}\"", hash.iter().take(8).fold(0u64, |n, byte| n << 8 | u64::from(*byte)));
    // Built files carry their content's hash in their name.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    (StatusCode::OK, common, kind, Body::from(file.data.into_owned())).into_response()
}
