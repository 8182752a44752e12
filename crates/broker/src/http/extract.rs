//! What handlers take from a request, with our problems instead of the library's: JSON, query, path, and who asks.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};
use crate::store::{PersonRow, SessionRow};

/// Name of the session cookie. Over HTTPS it has a prefix by which browsers take it from this very host and over HTTPS only (RFC 6265bis, section
/// 4.1.3.2): another host of the same domain can't plant one.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-loa_session" } else { "loa_session" }
}

/// Largest JSON body, bytes: a text of 20,000 characters with room to spare.
pub const BODY_BYTES: usize = 1 << 20;
/// How much of a body that is too large is read, to be thrown away.
const FINISH_BYTES: usize = 32 << 20;

/// A JSON body. One that is too large is heard out before it is refused: whoever is cut off while it sends never sees the answer.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, Body::from(whole(body, BODY_BYTES).await?));
        let axum::Json(value) = axum::Json::from_request(request, state).await?;
        Ok(Self(value))
    }
}

/// A body of at most so many bytes; a larger one is heard out before it is refused.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Code::InvalidRequest).detail(error.to_string()))?;
        length += chunk.len();
        if length <= most {
            kept.extend_from_slice(&chunk);
        } else if length > FINISH_BYTES {
            break;
        }
    }
    if length > most {
        return Err(Problem::new(Code::TooLarge).with("limit_bytes", most));
    }
    Ok(kept.freeze())
}

/// Query parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// Path parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// The session token that a request carries.
pub fn session_token(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(cookie_name(secure))?.strip_prefix('='))
}

/// Whoever the gate let in (`access::gate`), and by which session.
#[derive(Clone)]
pub struct Visitor {
    /// The person.
    pub person: PersonRow,
    /// Their session.
    pub session: SessionRow,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::new(Code::SignInRequired))
    }
}

/// Whoever is signed in. A route that takes this is closed to everybody else.
pub struct SignedIn(pub PersonRow);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Visitor::from_request_parts(parts, state).await.map(|visitor| Self(visitor.person))
    }
}

/// Where a request comes from, and by what.
pub struct From {
    /// The address of who asks, if it is known.
    pub address: Option<IpAddr>,
    /// What the browser says it is, up to 200 characters.
    pub browser: String,
}

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let browser = agent.unwrap_or_default().chars().take(200).collect();
        Ok(Self { address: address_of(parts), browser })
    }
}

/// The address of who asks, if it is known.
pub fn address_of(parts: &Parts) -> Option<IpAddr> {
    let peer =
        parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if !peer.is_some_and(|peer| peer.is_loopback()) {
        return peer;
    }
    // Only a proxy on this machine is believed, and of it only what it added itself.
    let added = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let list = added.and_then(|value| value.to_str().ok());
    list.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).or(peer)
}

/// Whether a request that changes something comes from our own page, or from a program that is no browser. Browsers say so by `Sec-Fetch-Site`, older
/// ones by `Origin`; a page of another site can fake neither.
pub fn is_same_origin(request: &Request) -> bool {
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    // HTTP/2 has it in the address.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str));
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin == host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_says_for_whom_it_asks() {
        let from = |peer: [u8; 4], forwarded: &[&'static str]| {
            let mut request = Request::new(Body::empty());
            for list in forwarded {
                request.headers_mut().append("x-forwarded-for", HeaderValue::from_static(list));
            }
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
            address_of(&request.into_parts().0).map(|address| address.to_string())
        };
        let here = [127, 0, 0, 1];
        assert_eq!(from(here, &[]).as_deref(), Some("127.0.0.1"));
        assert_eq!(from(here, &["192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from(here, &["6.6.6.6, 192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from(here, &["6.6.6.6", "192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(from(here, &["nonsense"]).as_deref(), Some("127.0.0.1"));
        assert_eq!(from([203, 0, 113, 7], &["192.0.2.1"]).as_deref(), Some("203.0.113.7"));
    }

    #[test]
    fn over_https_only_a_cookie_that_no_other_host_could_plant_is_a_session() {
        let token = |cookies: &'static str, secure| {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))]);
            session_token(&headers, secure).map(str::to_owned)
        };
        assert_eq!(token("a=b; __Host-loa_session=x", true).as_deref(), Some("x"));
        assert_eq!(token("loa_session=x", true), None);
        assert_eq!(token("loa_session=x; a=b", false).as_deref(), Some("x"));
        assert_eq!(token("xloa_session=x; loa_sessions=y", false), None);
    }
}
