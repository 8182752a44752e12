//! Who may come without a session: systems from above, by a credential of their own.
//!
//! A credential opens the routes that take [`FromSource`], and no other; a session opens none of those.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use super::{
    extract::address_of,
    problem::{Code, Problem},
};
use crate::{app::App, people::network, secrets, store::SourceRow};

/// The system that asks. A route that takes this is closed to everybody else.
pub struct FromSource(pub SourceRow);

impl<S> FromRequestParts<S> for FromSource
where
    S: Send + Sync,
    Arc<App>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = Arc::<App>::from_ref(state);
        let token = bearer_token(&parts.headers).ok_or_else(|| Problem::new(Code::SignInRequired))?;
        match app.store.source_of_token(&secrets::hash(token)).await? {
            Some(source) => Ok(Self(source)),
            None => Err(guessed(&app, parts, "source", Code::SignInRequired)),
        }
    }
}

/// A secret that was not one: counted by the address that it came from, which is told to wait when it goes on.
///
/// The right one is let in even then. A secret of 256 random bits isn't found by trying, and many may share an address: one system with an old credential
/// must not keep another's emergency out.
pub fn guessed(app: &App, parts: &Parts, what: &str, answer: Code) -> Problem {
    guess(app, address_of(parts), what, answer)
}

/// The same, where the address is known already.
pub fn guess(app: &App, from: Option<IpAddr>, what: &str, answer: Code) -> Problem {
    let key = format!("{what} {}", from.map(network).unwrap_or_default());
    let now = app.clock.monotonic();
    if let Err(wait) = app.strangers.begin(&key, now) {
        return Problem::new(Code::TooManyTries).with("retry_after_s", wait.as_secs() + 1);
    }
    tracing::warn!(from = ?from, what, "a secret that is none");
    Problem::new(answer)
}

/// The credential that a request carries (RFC 6750 section 2.1).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_what_follows_the_scheme() {
        let token = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            bearer_token(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer abc"), Some("abc".into()));
        assert_eq!(token("bearer  abc "), Some("abc".into()));
        for none in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(token(none), None, "{none:?}");
        }
        assert_eq!(bearer_token(&HeaderMap::new()), None);
    }
}
