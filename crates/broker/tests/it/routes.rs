//! Who may call what: every route of the API, so that none is open by mistake.

use loa_broker::{
    http::access::{Needs, TABLE},
    people::Role,
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Broker, PATIENCE};

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
    let mut decided: Vec<_> = TABLE.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
    decided.sort();
    assert_eq!(described, decided, "a route was added without deciding who may call it");

    let stranger = reqwest::Client::new();
    let of_people = || TABLE.iter().filter(|(_, _, needs)| *needs != Needs::Source);
    for (name, template, needs) in of_people() {
        let url = format!("{}/api/v1{}", broker.http, path(template));
        let anonymous = status(stranger.request(method(name), url)).await;
        let open = *needs == Needs::Nothing;
        assert_eq!(anonymous == StatusCode::UNAUTHORIZED, !open, "{name} {template}: {anonymous}");

        if *name != "get" {
            for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
                let foreign =
                    status(broker.request(method(name), &path(template)).header(header, value)).await;
                assert_eq!(foreign, StatusCode::FORBIDDEN, "{name} {template} from another site");
            }
        }
        // What a stranger's token opens is no question of who is signed in.
        if (*name, *template) != ("delete", "/session") && !open {
            let known = status(broker.request(method(name), &path(template))).await;
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
            assert!(!refused.contains(&known), "{name} {template} signed in: {known}");
            assert!(!known.is_server_error(), "{name} {template} signed in: {known}");
        }
    }

    let source = serde_json::json!({ "name": "Tỉnh", "area": "94" });
    let source = broker.post("/sources", &source, StatusCode::CREATED).await;
    let token = source["token"].as_str().unwrap();
    for (name, template, needs) in TABLE {
        let url = format!("{}/api/v1{}", broker.http, path(template));
        let system = status(stranger.request(method(name), &url).bearer_auth(token)).await;
        let open = matches!(needs, Needs::Nothing | Needs::Source);
        assert_eq!(system == StatusCode::UNAUTHORIZED, !open, "{name} {template} by a source: {system}");
        if *needs == Needs::Source {
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
async fn every_role_gets_what_the_table_gives_it_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    for role in Role::ALL {
        let word = serde_json::to_value(role).unwrap();
        let name = word.as_str().unwrap();
        let person = broker.invited(name, json!([{ "role": word, "area": "31699" }])).await;
        for (method_name, template, needs) in TABLE {
            let allowed = match needs {
                Needs::May(permission) => role.allows(*permission),
                Needs::Session => true,
                Needs::Nothing | Needs::Source => continue,
            };
            if (*method_name, *template) == ("delete", "/session") {
                continue;
            }
            let request = person.request(method(method_name), &path(template)).send();
            let response = tokio::time::timeout(PATIENCE, request).await.expect("an answer in time").unwrap();
            let status = response.status();
            let what = format!("{name}: {method_name} {template}: {status}");
            if template.ends_with("/events") && status.is_success() {
                assert!(allowed, "{what}");
                continue;
            }
            let text = response.text().await.unwrap_or_default();
            assert_eq!(text.contains("\"code\":\"forbidden\""), !allowed, "{what} {text}");
            assert_eq!(
                status == StatusCode::FORBIDDEN && !text.contains("area_not_yours"),
                !allowed,
                "{what} {text}"
            );
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{what}");
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{what}");
        }
    }
}

#[tokio::test]
async fn a_method_that_no_row_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    for (name, path) in [("delete", "/nodes"), ("put", "/session"), ("patch", "/stop"), ("trace", "/people")]
    {
        let refused = status(broker.request(method(name), path)).await;
        assert_eq!(refused, StatusCode::METHOD_NOT_ALLOWED, "{name} {path}");
    }
    assert_eq!(status(broker.request(Method::GET, "/nothing")).await, StatusCode::NOT_FOUND);
    assert_eq!(status(broker.request(Method::HEAD, "/nodes")).await, StatusCode::OK);
    assert_eq!(status(broker.stranger().request(Method::HEAD, "/nodes")).await, StatusCode::UNAUTHORIZED);
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
