//! Recording what is asked over HTTP, in one place for all routes. The log is shown by [`super::log`].

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{
    extract::{From, Visitor},
    problem::{Code, Problem},
};
use crate::{
    app::App,
    audit::{self, Action, When, action_of},
    store::{AuditRow, Entry, StoreError},
};

/// Of larger bodies nothing is recorded but that they were.
const READ_BYTES: usize = 64 << 10;
/// Of longer texts only the beginning is recorded, characters.
const TEXT: usize = 500;

/// Records what may change something. Inside of the gate: who asks is known.
pub async fn keep(State(app): State<Arc<App>>, path: MatchedPath, request: Request, next: Next) -> Response {
    let route = path.as_str().strip_prefix("/api/v1").unwrap_or_default();
    let action = action_of(request.method().as_str(), route).filter(|action| action.when != When::Never);
    let Some(action) = action else { return next.run(request).await };
    let (entry, request) = match entry_of(&app, action, request).await {
        Ok(both) => both,
        Err(problem) => return problem.into_response(),
    };
    match action.when {
        When::Before => {
            let row = match audit::record(&app, &entry).await {
                Ok(row) => row,
                Err(error) => return Problem::from(error).into_response(),
            };
            let response = next.run(request).await;
            if !response.status().is_success() {
                let mut details = answer(&response);
                details.insert("record".into(), row.seq.into());
                let action = format!("{}.refused", entry.action);
                logged(audit::record(&app, &Entry { action, details: details.into(), ..entry }).await);
            }
            response
        }
        When::After | When::Never => {
            let response = next.run(request).await;
            // Who is told to wait has asked for nothing yet.
            if response.status() != StatusCode::TOO_MANY_REQUESTS {
                let mut entry = entry;
                if let Value::Object(details) = &mut entry.details {
                    details.extend(answer(&response));
                }
                logged(audit::record(&app, &entry).await);
            }
            response
        }
    }
}

/// Records that somebody who is signed in asked for what they may not do.
pub async fn forbidden(app: &App, request: Request, route: &str) {
    let Some(action) = action_of(request.method().as_str(), route) else { return };
    if let Ok((entry, _)) = entry_of(app, action, request).await {
        let action = format!("{}.refused", action.name);
        logged(audit::record(app, &Entry { action, ..entry }).await);
    }
}

fn logged(recorded: Result<AuditRow, StoreError>) {
    if let Err(error) = recorded {
        tracing::error!(%error, "this could not be recorded in the audit log");
    }
}

fn answer(response: &Response) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("status".into(), response.status().as_u16().into());
    if let Some(code) = response.extensions().get::<Code>() {
        details.insert("code".into(), serde_json::to_value(code).unwrap_or_default());
    }
    details
}

async fn entry_of(app: &App, action: &Action, request: Request) -> Result<(Entry, Request), Problem> {
    let (mut parts, body) = request.into_parts();
    let Ok(from) = From::from_request_parts(&mut parts, app).await;
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let json = header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"));
    let length = header(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let (details, body) = match length {
        Some(length) if json && length <= READ_BYTES && !action.fields.is_empty() => {
            let bytes = axum::body::to_bytes(body, READ_BYTES)
                .await
                .map_err(|error| Problem::new(Code::InvalidRequest).detail(error.to_string()))?;
            (chosen(&bytes, action.fields), Body::from(bytes))
        }
        _ => (Map::new(), body),
    };
    let visitor = parts.extensions.get::<Visitor>();
    let said = details.get("username").and_then(Value::as_str).unwrap_or_default();
    let path = parts.uri.path();
    let entry = Entry {
        at: app.now(),
        actor: visitor.map(|visitor| visitor.person.id.clone()),
        name: visitor.map_or_else(|| said.to_owned(), |visitor| visitor.person.display_name.clone()),
        address: from.address.map(|address| address.to_string()),
        action: action.name.to_owned(),
        object: path.strip_prefix("/api/v1").unwrap_or(path).to_owned(),
        details: Value::Object(details),
    };
    Ok((entry, Request::from_parts(parts, body)))
}

/// These fields of a body, long texts cut.
fn chosen(body: &[u8], fields: &[&str]) -> Map<String, Value> {
    let Ok(Value::Object(mut said)) = serde_json::from_slice(body) else { return Map::new() };
    let take = |field: &&str| {
        let value = match said.remove(*field)? {
            Value::String(text) if text.chars().count() > TEXT => {
                Value::String(text.chars().take(TEXT).chain(['…']).collect())
            }
            Value::Null => return None,
            value => value,
        };
        Some(((*field).to_owned(), value))
    };
    fields.iter().filter_map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_body_only_what_is_named_is_recorded_and_long_texts_are_cut() {
        let body = serde_json::json!({ "username": "ubnd", "password": "bí mật", "text": "ă".repeat(600), "areas": ["94"] });
        let chosen = chosen(body.to_string().as_bytes(), &["username", "text", "areas", "absent"]);
        assert_eq!(chosen.keys().collect::<Vec<_>>(), ["areas", "text", "username"]);
        assert_eq!(chosen["text"].as_str().unwrap().chars().count(), TEXT + 1);
        assert!(super::chosen(b"rubbish", &["username"]).is_empty());
    }
}
