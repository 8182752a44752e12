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
    // Weak: the same file is sent compressed and plain.
    let tag = format!("W/\"{:016x}\"", hash.iter().take(8).fold(0u64, |n, byte| n << 8 | u64::from(*byte)));
    // Built files carry their content's hash in their name.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    if let Some(compressed) = Page::get(&format!("{name}.br")) {
        let varies = [(header::VARY, "accept-encoding")];
        if takes_brotli(&headers) {
            let encoding = [(header::CONTENT_ENCODING, "br")];
            let body = Body::from(compressed.data.into_owned());
            return (StatusCode::OK, common, kind, varies, encoding, body).into_response();
        }
        return (StatusCode::OK, common, kind, varies, Body::from(file.data.into_owned())).into_response();
    }
    (StatusCode::OK, common, kind, Body::from(file.data.into_owned())).into_response()
}

/// Whether a client takes Brotli (RFC 9110, section 12.5.3).
fn takes_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse().ok()) == Some(0.0_f32);
        name.trim().eq_ignore_ascii_case("br") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_goes_to_those_who_take_it() {
        let takes = |value: &'static str| {
            takes_brotli(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]))
        };
        assert!(takes("gzip, deflate, br, zstd") && takes("BR") && takes("br;q=0.5"));
        assert!(!takes("gzip, deflate") && !takes("br;q=0, gzip") && !takes("br; q=0.0"));
        assert!(!takes("*") && !takes_brotli(&HeaderMap::new()));
    }
}
