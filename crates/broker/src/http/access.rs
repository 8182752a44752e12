//! Who may call what: one table of all routes of the API, and the gate in front of them.
//!
//! The gate lets nothing pass that has no row here. A row says the least that is needed, somewhere; a handler of something that lies in areas also asks
//! [`within`], because a grant in one commune opens nothing in the next.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use loa_protocol::AreaCode;

use super::{
    audit,
    extract::{Visitor, session_token},
    problem::{Code, Problem},
    sessions,
};
use crate::{
    app::App,
    people::{Permission, Reach},
    programme::territory::Territory,
    secrets,
    store::{Kind, PersonRow},
};

/// How exactly it is known when a session was last used.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// What a route asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A system from above, by its credential; the handler asks for it.
    Source,
    /// Anybody who is signed in.
    Session,
    /// Somebody who may do this, at least somewhere.
    May(Permission),
}

use Needs::{May, Nothing, Session, Source};
use Permission::{
    Air, Approve, Compose, Decide, Install, Manage, Order, Read, Release, Schedule, Share, Stop,
};

/// Every route of the API, below `/api/v1`.
pub const TABLE: &[(&str, &str, Needs)] = &[
    ("get", "/setup", Nothing),
    ("post", "/setup", Nothing),
    ("post", "/session", Nothing),
    ("get", "/session", Session),
    ("delete", "/session", Session),
    ("get", "/people", May(Manage)),
    ("get", "/people/invitations", May(Manage)),
    ("post", "/people/invitations", May(Manage)),
    ("delete", "/people/invitations/{id}", May(Manage)),
    ("post", "/invitations/look", Nothing),
    ("post", "/invitations/accept", Nothing),
    ("put", "/people/{id}/grants", May(Manage)),
    ("post", "/people/{id}/deactivate", May(Manage)),
    ("post", "/people/{id}/reactivate", May(Manage)),
    ("post", "/people/{id}/reset", May(Manage)),
    ("delete", "/people/{id}/two-step", May(Manage)),
    ("get", "/people/{id}/sessions", May(Manage)),
    ("delete", "/people/{id}/sessions", May(Manage)),
    ("put", "/account/password", Session),
    ("get", "/account/sessions", Session),
    ("delete", "/account/sessions/{id}", Session),
    ("post", "/account/two-step", Session),
    ("post", "/account/two-step/confirm", Session),
    ("post", "/account/two-step/drop", Session),
    ("post", "/resets", Nothing),
    ("get", "/areas", May(Read)),
    ("post", "/areas", May(Manage)),
    ("patch", "/areas/{code}", May(Manage)),
    ("get", "/areas/{code}/policy", May(Read)),
    ("put", "/areas/{code}/policy", May(Manage)),
    ("delete", "/areas/{code}/policy", May(Manage)),
    ("get", "/nodes", May(Read)),
    ("post", "/nodes", May(Install)),
    ("get", "/nodes/{id}", May(Read)),
    ("patch", "/nodes/{id}", May(Install)),
    ("post", "/nodes/{id}/claims", May(Install)),
    ("post", "/nodes/{id}/identify", May(Install)),
    ("post", "/nodes/{id}/test-tone", May(Install)),
    ("post", "/nodes/{id}/revoke", May(Manage)),
    ("post", "/nodes/{id}/retirement", May(Install)),
    ("get", "/nodes/{id}/commissioning", May(Read)),
    ("put", "/nodes/{id}/commissioning", May(Install)),
    ("get", "/nodes/{id}/commissioning/photo", May(Read)),
    ("put", "/nodes/{id}/commissioning/photo", May(Install)),
    ("post", "/nodes/{id}/commissioning/spoken-test", May(Install)),
    ("post", "/nodes/{id}/commissioning/sign", May(Install)),
    ("get", "/voices", May(Read)),
    ("post", "/readings", May(Compose)),
    ("post", "/clips/speech", May(Compose)),
    ("post", "/clips", May(Compose)),
    ("get", "/clips/{hash}", May(Read)),
    ("get", "/bulletins", May(Read)),
    ("post", "/bulletins", May(Compose)),
    ("get", "/bulletins/{id}", May(Read)),
    ("post", "/bulletins/{id}/submit", May(Compose)),
    ("post", "/bulletins/{id}/approve", May(Approve)),
    ("post", "/bulletins/{id}/return", May(Approve)),
    ("get", "/approvals", May(Approve)),
    ("get", "/broadcasts", May(Read)),
    ("post", "/broadcasts", May(Air)),
    ("get", "/broadcasts/{id}", May(Read)),
    ("post", "/broadcasts/{id}/stop", May(Stop)),
    ("post", "/stop", May(Stop)),
    ("get", "/latches", May(Read)),
    ("post", "/latches/{id}/release", May(Release)),
    // Saves nothing, and whoever handles the inbox needs it too.
    ("post", "/programme/preview", May(Air)),
    ("get", "/programme", May(Read)),
    ("post", "/programme", May(Schedule)),
    ("get", "/programme/{id}", May(Read)),
    ("put", "/programme/{id}", May(Schedule)),
    ("delete", "/programme/{id}", May(Schedule)),
    ("put", "/programme/order", May(Order)),
    ("get", "/programme/week", May(Read)),
    ("get", "/programme/day", May(Read)),
    ("get", "/programme/alarms", May(Read)),
    ("get", "/events", May(Read)),
    ("post", "/inbox", Source),
    ("get", "/inbox/{id}/outcome", Source),
    ("get", "/inbox", May(Read)),
    ("post", "/inbox/{id}/schedule", May(Decide)),
    ("post", "/inbox/{id}/play", May(Decide)),
    ("post", "/inbox/{id}/decline", May(Decide)),
    ("get", "/sources", May(Manage)),
    ("post", "/sources", May(Manage)),
    ("delete", "/sources/{id}", May(Manage)),
    ("get", "/releases", May(Read)),
    ("post", "/releases/rollout", May(Manage)),
    ("post", "/releases/rollout/steps", May(Manage)),
    ("get", "/reports/month", May(Read)),
    ("get", "/reports/month.csv", May(Read)),
    ("get", "/reports/month.xlsx", May(Read)),
    ("get", "/calendars", May(Share)),
    ("post", "/calendars", May(Share)),
    ("delete", "/calendars/{id}", May(Share)),
    ("get", "/audit", May(Manage)),
    ("get", "/audit.csv", May(Manage)),
];

/// What a route needs; none: it is in no row.
fn needs(method: &Method, path: &str) -> Option<Needs> {
    // A head is asked for as what it is the head of.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let row = TABLE.iter().find(|(name, template, _)| {
        name.eq_ignore_ascii_case(method.as_str()) && path.strip_prefix("/api/v1") == Some(template)
    });
    row.map(|(_, _, needs)| *needs)
}

/// The gate. Whoever passes it signed in is an extension of the request, and only there.
pub async fn gate(
    State(app): State<Arc<App>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(needs) = needs(request.method(), path.as_str()) else {
        return Problem::new(Code::MethodNotAllowed).into_response();
    };
    let permission = match needs {
        Nothing | Source => return next.run(request).await,
        Session => None,
        May(permission) => Some(permission),
    };
    let token = session_token(request.headers(), app.settings.page_is_secure()).map(secrets::hash);
    match signed_in(&app, token).await {
        Ok(visitor) if permission.is_none_or(|permission| visitor.person.may_somewhere(permission)) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            let route = path.as_str().strip_prefix("/api/v1").unwrap_or_default();
            audit::forbidden(&app, request, route).await;
            Problem::new(Code::Forbidden).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who a session's token lets in.
pub(super) async fn signed_in(app: &App, token_hash: Option<String>) -> Result<Visitor, Problem> {
    let nobody = || Problem::new(Code::SignInRequired);
    let token_hash = token_hash.ok_or_else(nobody)?;
    let now = app.now();
    let session = app.store.session_of_token(&token_hash, now, sessions::seen_since(now)).await?;
    let session = session.ok_or_else(nobody)?;
    let person = app.store.person(&session.person).await?;
    let is_in = |person: &PersonRow| person.kind == Kind::Person && person.deactivated_at.is_none();
    let person = person.filter(is_in).ok_or_else(nobody)?;
    if now.duration_since(session.seen_at) > SEEN_EVERY
        && let Err(error) = app.store.session_seen(&session.id, now).await
    {
        // A full disk signs nobody out.
        tracing::warn!(%error, "the use of a session could not be noted");
    }
    Ok(Visitor { person, session })
}

/// Refuses what a person may not do in one of these areas. An area that there isn't is nobody's but theirs who may everywhere.
pub fn within_of(
    person: &PersonRow,
    permission: Permission,
    areas: &[AreaCode],
    territory: &Territory,
) -> Result<(), Problem> {
    let reach = person.reach(permission);
    match areas.iter().find(|area| !reach.covers(area, territory)) {
        Some(area) => Err(Problem::new(Code::AreaNotYours)
            .with("area", area.as_str())
            .with("area_name", territory.name(area))),
        None => Ok(()),
    }
}

/// Refuses what a person may not do everywhere.
pub fn everywhere(person: &PersonRow, permission: Permission) -> Result<(), Problem> {
    if person.reach(permission) == Reach::Everywhere { Ok(()) } else { Err(Problem::new(Code::Forbidden)) }
}

/// The same of areas, as they are now.
pub async fn within(
    app: &App,
    person: &PersonRow,
    permission: Permission,
    areas: &[AreaCode],
) -> Result<(), Problem> {
    if person.reach(permission) == Reach::Everywhere {
        return Ok(());
    }
    within_of(person, permission, areas, &Territory::load(&app.store).await?)
}

/// What a person sees of what lies in areas.
pub struct Sight {
    reach: Reach,
    territory: Territory,
}

impl Sight {
    /// Where this person has a permission.
    pub async fn of(app: &App, person: &PersonRow, permission: Permission) -> Result<Self, Problem> {
        let reach = person.reach(permission);
        let territory = match reach {
            Reach::Everywhere => Territory::new(Vec::new(), Vec::new(), Vec::new()),
            Reach::Areas(_) => Territory::load(&app.store).await?,
        };
        Ok(Self::within(reach, territory))
    }

    /// Of this.
    pub fn within(reach: Reach, territory: Territory) -> Self {
        Self { reach, territory }
    }

    /// Whether nothing is hidden.
    pub fn is_everything(&self) -> bool {
        self.reach == Reach::Everywhere
    }

    /// Whether an area lies within it.
    pub fn covers(&self, area: &AreaCode) -> bool {
        self.reach.covers(area, &self.territory)
    }

    /// Whether what is for these areas is, in part, for a place within it.
    pub fn touches(&self, areas: &[AreaCode]) -> bool {
        self.reach.touches(areas, &self.territory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_has_two_rows() {
        for (index, (method, path, _)) in TABLE.iter().enumerate() {
            let again = TABLE[index + 1..].iter().any(|(m, p, _)| (m, p) == (method, path));
            assert!(!again, "{method} {path}");
        }
    }

    #[test]
    fn a_head_needs_what_its_get_needs_and_an_unlisted_route_is_none() {
        assert_eq!(needs(&Method::HEAD, "/api/v1/nodes"), Some(May(Read)));
        assert_eq!(needs(&Method::GET, "/api/v1/nodes/{id}"), Some(May(Read)));
        assert_eq!(needs(&Method::DELETE, "/api/v1/nodes"), None);
        assert_eq!(needs(&Method::GET, "/nodes"), None);
    }
}
