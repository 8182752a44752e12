//! Who may call what: every route of the API, so that none is open by mistake.

use reqwest::{Method, StatusCode};

use crate::support::{Broker, PATIENCE};

/// Open to everybody.
const OPEN: [(&str, &str); 3] = [("get", "/setup"), ("post", "/setup"), ("post", "/session")];

/// Only for people who are signed in. A new route is added here, or above, on purpose.
const SIGNED_IN: [(&str, &str); 56] = [
    ("get", "/session"),
    ("delete", "/session"),
    ("get", "/areas"),
    ("post", "/areas"),
    ("patch", "/areas/{code}"),
    ("get", "/nodes"),
    ("post", "/nodes"),
    ("get", "/nodes/{id}"),
    ("patch", "/nodes/{id}"),
    ("post", "/nodes/{id}/claims"),
    ("post", "/nodes/{id}/revoke"),
    ("post", "/nodes/{id}/identify"),
    ("post", "/nodes/{id}/test-tone"),
    ("get", "/voices"),
    ("post", "/readings"),
    ("post", "/clips/speech"),
    ("post", "/clips"),
    ("get", "/clips/{hash}"),
    ("get", "/bulletins"),
    ("post", "/bulletins"),
    ("get", "/bulletins/{id}"),
    ("get", "/broadcasts"),
    ("post", "/broadcasts"),
    ("get", "/broadcasts/{id}"),
    ("post", "/broadcasts/{id}/stop"),
    ("post", "/stop"),
    ("get", "/latches"),
    ("post", "/latches/{id}/release"),
    ("post", "/programme/preview"),
    ("get", "/programme"),
    ("post", "/programme"),
    ("get", "/programme/{id}"),
    ("put", "/programme/{id}"),
    ("delete", "/programme/{id}"),
    ("put", "/programme/order"),
    ("get", "/programme/week"),
    ("get", "/programme/day"),
    ("get", "/programme/alarms"),
    ("get", "/areas/{code}/policy"),
    ("put", "/areas/{code}/policy"),
    ("delete", "/areas/{code}/policy"),
    ("get", "/people"),
    ("get", "/inbox"),
    ("post", "/inbox/{id}/schedule"),
    ("post", "/inbox/{id}/play"),
    ("post", "/inbox/{id}/decline"),
    ("get", "/sources"),
    ("post", "/sources"),
    ("delete", "/sources/{id}"),
    ("get", "/reports/month"),
    ("get", "/reports/month.csv"),
    ("get", "/reports/month.xlsx"),
    ("get", "/calendars"),
    ("post", "/calendars"),
    ("delete", "/calendars/{id}"),
    ("get", "/events"),
];

/// Only for systems from above, by their credential.
const SOURCE: [(&str, &str); 2] = [("post", "/inbox"), ("get", "/inbox/{id}/outcome")];

fn path(template: &str) -> String {
    let hash = "0".repeat(64);
    template.replace("{id}", &hash[..32]).replace("{code}", "99").replace("{hash}", &hash)
}

fn method(name: &str) -> Method {
    name.to_uppercase().parse().unwrap()
}

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    tokio::time::timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap().status()
}

#[tokio::test]
async fn every_route_is_closed_to_strangers_and_to_other_sites() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;

    let document = reqwest::get(format!("{}/openapi.json", broker.http)).await.unwrap();
    let document: serde_json::Value = document.json().await.unwrap();
    let mut described: Vec<(String, String)> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.push((method.clone(), path.strip_prefix("/api/v1").unwrap().to_owned()));
        }
    }
    described.sort();
    let mut decided: Vec<_> = OPEN
        .iter()
        .chain(&SIGNED_IN)
        .chain(&SOURCE)
        .map(|(m, p)| ((*m).to_owned(), (*p).to_owned()))
        .collect();
    decided.sort();
    assert_eq!(described, decided, "a route was added without deciding who may call it");

    let stranger = reqwest::Client::new();
    for (name, template) in OPEN.iter().chain(&SIGNED_IN) {
        let url = format!("{}/api/v1{}", broker.http, path(template));
        let anonymous = status(stranger.request(method(name), url)).await;
        let open = OPEN.contains(&(*name, *template));
        assert_eq!(anonymous == StatusCode::UNAUTHORIZED, !open, "{name} {template}: {anonymous}");

        if *name != "get" {
            for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
                let foreign =
                    status(broker.request(method(name), &path(template)).header(header, value)).await;
                assert_eq!(foreign, StatusCode::FORBIDDEN, "{name} {template} from another site");
            }
        }
        if (*name, *template) != ("delete", "/session") {
            let known = status(broker.request(method(name), &path(template))).await;
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
            assert!(!refused.contains(&known), "{name} {template} signed in: {known}");
            assert!(!known.is_server_error(), "{name} {template} signed in: {known}");
        }
    }

    let source = serde_json::json!({ "name": "Tỉnh", "area": "94" });
    let source = broker.post("/sources", &source, StatusCode::CREATED).await;
    let token = source["token"].as_str().unwrap();
    for (name, template) in OPEN.iter().chain(&SIGNED_IN).chain(&SOURCE) {
        let url = format!("{}/api/v1{}", broker.http, path(template));
        let system = status(stranger.request(method(name), &url).bearer_auth(token)).await;
        let open = !SIGNED_IN.contains(&(*name, *template));
        assert_eq!(system == StatusCode::UNAUTHORIZED, !open, "{name} {template} by a source: {system}");
        if SOURCE.contains(&(*name, *template)) {
            let anonymous = status(stranger.request(method(name), &url)).await;
            assert_eq!(anonymous, StatusCode::UNAUTHORIZED, "{name} {template} by a stranger");
            let person = status(broker.request(method(name), &path(template))).await;
            assert_eq!(person, StatusCode::UNAUTHORIZED, "{name} {template} by a person");
        }
    }

    assert_eq!(status(broker.request(Method::DELETE, "/session")).await, StatusCode::NO_CONTENT);
    assert_eq!(status(broker.request(Method::GET, "/nodes")).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn figures_are_for_the_machine_itself_and_health_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder.path().join("data")).await;
    let client = reqwest::Client::new();
    assert_eq!(status(client.get(format!("{}/healthz", broker.http))).await, StatusCode::OK);
    let figures = || client.get(format!("{}/metrics", broker.http));
    assert_eq!(status(figures()).await, StatusCode::OK);
    let passed_on = figures().header("x-forwarded-for", "203.0.113.7");
    assert_eq!(status(passed_on).await, StatusCode::FORBIDDEN);
    assert!(broker.stop().await.success(), "an orderly stop is no failure");
}
