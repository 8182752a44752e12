//! Server-sent events: what happens, as it happens, to whom it concerns.
//!
//! A stream outlives many requests, so it looks again by itself whether its session is still one, and what its person may see.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{self, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt, stream};
use loa_protocol::AreaCode;
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use super::{
    access::{Sight, signed_in},
    extract::{SignedIn, session_token},
    problem::{Code, Problem, ProblemBody},
};
use crate::{app::App, events::Event, people::Permission, secrets};

/// Short enough for a carrier's address translation to keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A session that nobody ends still has an end.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// An open page.
struct Watcher {
    app: Arc<App>,
    token_hash: String,
    sight: Sight,
    happening: broadcast::Receiver<Event>,
    sessions: watch::Receiver<()>,
}

impl Watcher {
    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            let stopping = self.app.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => return None,
                changed = self.sessions.changed() => {
                    if changed.is_err() || !self.look_again().await {
                        return None;
                    }
                }
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    if !self.look_again().await {
                        return None;
                    }
                }
                event = self.happening.recv() => {
                    // Too slow to follow: the browser comes back, and asks for everything.
                    let Event { name, body } = event.ok()?;
                    if let Some(body) = seen(&self.sight, name, body) {
                        return Some((Event { name, body }, self));
                    }
                }
            }
        }
    }

    /// Whether its person is still signed in, and may see something.
    async fn look_again(&mut self) -> bool {
        let looked = async {
            let visitor = signed_in(&self.app, Some(self.token_hash.clone())).await?;
            if !visitor.person.may_somewhere(Permission::Read) {
                return Err(Problem::new(Code::Forbidden));
            }
            Sight::of(&self.app, &visitor.person, Permission::Read).await
        };
        match looked.await {
            Ok(sight) => {
                self.sight = sight;
                true
            }
            Err(_) => false,
        }
    }
}

/// What of an event concerns a place within sight. One of a name that this doesn't know is for those only who see everything.
fn seen(sight: &Sight, name: &str, mut body: Value) -> Option<Value> {
    let code = |area: &Value| area["code"].as_str().and_then(|code| code.parse::<AreaCode>().ok());
    let covers = |area: &Value| code(area).is_some_and(|area| sight.covers(&area));
    let touches = |areas: &Value| {
        let areas: Vec<_> = areas.as_array().into_iter().flatten().filter_map(code).collect();
        sight.touches(&areas)
    };
    if sight.is_everything() {
        return Some(body);
    }
    match name {
        "programme" => Some(body),
        "node" => covers(&body["hamlet"]).then_some(body),
        "airing" => covers(&body["airing"]["hamlet"]).then_some(body),
        "broadcast" => touches(&body["areas"]).then_some(body),
        "inbox" => touches(&body["item"]["areas"]).then_some(body),
        "latches" => {
            let items = body["items"].as_array_mut()?;
            items.retain(|latch| code(&latch["area"]).is_some_and(|area| sight.touches(&[area])));
            Some(body)
        }
        "alarms" => {
            let items = body["items"].as_array_mut()?;
            items.retain_mut(|alarm| {
                let Some(nodes) = alarm["nodes"].as_array_mut() else { return false };
                nodes.retain(|node| covers(&node["hamlet"]));
                !nodes.is_empty()
            });
            Some(body)
        }
        _ => None,
    }
}

/// Events `node` (Node), `airing` (`AiringProgress`), `broadcast` (Broadcast), `latches` (Latches), `alarms` (Alarms), `inbox` (an `InboxItem` as `item`), and `programme`, which is
/// empty: something of the programme, a policy or a latch changed, or airings are due. The first is `hello`; after it, ask for everything
/// once. Only what concerns the areas that one may see is told. The stream ends with the session, and when the page is too slow to follow; the browser
/// then comes back by itself.
#[utoipa::path(get, path = "/events", tag = "events",
    responses((status = 200, content_type = "text/event-stream"), (status = 401, body = ProblemBody)))]
pub async fn events(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>> + use<>>, Problem> {
    let token = session_token(&headers, app.settings.page_is_secure());
    let token = token.ok_or_else(|| Problem::new(Code::SignInRequired))?;
    let watcher = Watcher {
        token_hash: secrets::hash(token),
        happening: app.events.listen(),
        sessions: app.sessions_changed.subscribe(),
        sight: Sight::of(&app, &person, Permission::Read).await?,
        app,
    };
    let hello = stream::iter([Ok(sse::Event::default().event("hello").data("{}"))]);
    let happening = stream::unfold(watcher, Watcher::next)
        .map(|event| Ok(sse::Event::default().event(event.name).data(event.body.to_string())));
    Ok(Sse::new(hello.chain(happening)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{people::Reach, programme::territory::Territory, store::AreaRow};

    fn sight() -> Sight {
        let code = |text: &str| -> AreaCode { text.parse().unwrap() };
        let area = |text: &str, parent: Option<&str>| AreaRow {
            code: code(text),
            name: text.into(),
            parent: parent.map(code),
        };
        let areas = vec![
            area("94", None),
            area("31699", Some("94")),
            area("31699-01", Some("31699")),
            area("31700", Some("94")),
            area("31700-01", Some("31700")),
        ];
        Sight::within(Reach::Areas(vec![code("31699")]), Territory::new(areas, Vec::new(), Vec::new()))
    }

    #[test]
    fn a_page_is_told_of_its_own_area_and_of_what_holds_there() {
        let at = |code: &str| json!({ "code": code, "name": "" });
        for (own, name, body) in [
            (true, "node", json!({ "hamlet": at("31699-01") })),
            (false, "node", json!({ "hamlet": at("31700-01") })),
            (true, "airing", json!({ "airing": { "hamlet": at("31699-01") } })),
            (false, "airing", json!({ "airing": { "hamlet": at("31700-01") } })),
            (true, "broadcast", json!({ "areas": [at("94")] })),
            (false, "broadcast", json!({ "areas": [at("31700")] })),
            (true, "inbox", json!({ "item": { "areas": [at("31700"), at("31699-01")] } })),
            (false, "inbox", json!({ "item": { "areas": [at("31700")] } })),
            (true, "programme", json!({})),
            (false, "a name of tomorrow", json!({})),
        ] {
            assert_eq!(seen(&sight(), name, body.clone()).is_some(), own, "{name} {body}");
        }
    }

    #[test]
    fn of_lists_a_page_is_told_its_part() {
        let latches = json!({ "items": [{ "area": { "code": "94" } }, { "area": { "code": "31700" } }] });
        let shown = seen(&sight(), "latches", latches).unwrap();
        assert_eq!(shown, json!({ "items": [{ "area": { "code": "94" } }] }));
        let node = |hamlet: &str| json!({ "hamlet": { "code": hamlet } });
        let alarms = json!({ "items": [{ "nodes": [node("31699-01"), node("31700-01")] }, { "nodes": [node("31700-01")] }] });
        let shown = seen(&sight(), "alarms", alarms).unwrap();
        assert_eq!(shown, json!({ "items": [{ "nodes": [node("31699-01")] }] }));
    }
}
