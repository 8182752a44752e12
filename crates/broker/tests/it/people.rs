//! People: what a grant opens and what not, and how people come and go.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Broker, PASSWORD, Someone, answer};

/// A second commune in the province.
async fn neighbour(broker: &Broker) {
    for (code, name, parent) in [("31700", "Đại Ân 3", "94"), ("31700-01", "Ấp Đầu Giồng", "31700")]
    {
        let area = json!({ "code": code, "name": name, "parent": parent });
        broker.post("/areas", &area, StatusCode::CREATED).await;
    }
}

async fn refused(person: &Someone, method: Method, path: &str, body: Value, code: &str) {
    let answer = answer(person.request(method.clone(), path).json(&body), StatusCode::FORBIDDEN).await;
    assert_eq!(answer["code"], code, "{method} {path}: {answer}");
}

fn daily(bulletin: &Value, areas: &[&str]) -> Value {
    json!({ "bulletin": bulletin["id"], "areas": areas, "timetable": { "every": "day", "times": ["05:00"], "from": "2027-01-01" } })
}

#[tokio::test]
async fn a_grant_in_one_commune_opens_nothing_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    neighbour(&broker).await;
    let bulletin = broker.bulletin().await;
    let theirs = broker.enrolled("31700-01").await.id();
    let everywhere = ["31699", "31700"];
    broker.post("/stop", &json!({ "areas": ["31700"] }), StatusCode::ACCEPTED).await;
    let latch = broker.get("/latches").await["items"][0]["id"].as_str().unwrap().to_owned();
    let source = json!({ "name": "Tỉnh", "area": "94" });
    let source =
        broker.post("/sources", &source, StatusCode::CREATED).await["id"].as_str().unwrap().to_owned();
    let calendar = broker.post("/calendars", &json!({ "area": "31700" }), StatusCode::CREATED).await;
    let calendar = calendar["id"].as_str().unwrap().to_owned();

    let admin = broker.invited("daian2", json!([{ "role": "admin", "area": "31699" }])).await;
    let (post, put, patch, delete, get) =
        (Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::GET);
    let foreign = [
        (&post, "/broadcasts".to_owned(), json!({ "bulletin": bulletin["id"], "areas": everywhere })),
        (&post, "/stop".to_owned(), json!({ "areas": everywhere })),
        (&post, format!("/latches/{latch}/release"), json!({})),
        (&post, "/programme".to_owned(), daily(&bulletin, &everywhere)),
        (&get, "/programme/week?area=31700".to_owned(), json!({})),
        (&get, "/programme/day?area=94".to_owned(), json!({})),
        (&get, "/areas/31700/policy".to_owned(), json!({})),
        (&put, "/areas/94/policy".to_owned(), crate::support::at_any_hour()),
        (&delete, "/areas/94/policy".to_owned(), json!({})),
        (&patch, "/areas/31700".to_owned(), json!({ "name": "Của tôi" })),
        (&post, "/areas".to_owned(), json!({ "code": "31700-02", "name": "Ấp mới" })),
        (&post, "/nodes".to_owned(), json!({ "hamlet": "31700-01", "name": "Cụm loa" })),
        (&get, format!("/nodes/{theirs}"), json!({})),
        (&patch, format!("/nodes/{theirs}"), json!({ "name": "Của tôi" })),
        (&post, format!("/nodes/{theirs}/claims"), json!({})),
        (&post, format!("/nodes/{theirs}/revoke"), json!({})),
        (&post, format!("/nodes/{theirs}/identify"), json!({})),
        (&post, format!("/nodes/{theirs}/test-tone"), json!({})),
        (&post, "/sources".to_owned(), json!({ "name": "Tỉnh", "area": "94" })),
        (&delete, format!("/sources/{source}"), json!({})),
        (&get, "/reports/month?area=31700&month=2026-11".to_owned(), json!({})),
        (&get, "/reports/month.csv?area=94&month=2026-11".to_owned(), json!({})),
        (&post, "/calendars".to_owned(), json!({ "area": "31700" })),
        (&delete, format!("/calendars/{calendar}"), json!({})),
        (
            &post,
            "/people/invitations".to_owned(),
            json!({ "grants": [{ "role": "viewer", "area": "31700" }] }),
        ),
    ];
    for (method, path, body) in foreign {
        refused(&admin, method.clone(), &path, body, "area_not_yours").await;
    }
    let province = json!({ "code": "95", "name": "Bạc Liêu" });
    refused(&admin, post.clone(), "/areas", province, "forbidden").await;
    let everyone = json!({ "grants": [{ "role": "admin" }] });
    refused(&admin, post.clone(), "/people/invitations", everyone, "forbidden").await;

    let areas = admin.get("/areas", StatusCode::OK).await;
    let shown = |area: &Value| (area["code"].as_str().unwrap().to_owned(), area["outside"] == true);
    let known = [("31699", false), ("31699-01", false), ("31699-02", false), ("94", true)];
    assert_eq!(
        areas.as_array().unwrap().iter().map(shown).collect::<Vec<_>>(),
        known.map(|(code, outside)| (code.to_owned(), outside))
    );

    // Nothing of it happened, and what is theirs is theirs.
    assert!(admin.get("/nodes", StatusCode::OK).await.as_array().unwrap().is_empty());
    assert!(admin.get("/latches", StatusCode::OK).await["items"].as_array().unwrap().is_empty());
    assert!(admin.get("/sources", StatusCode::OK).await["items"].as_array().unwrap().is_empty());
    assert_eq!(broker.get("/latches").await["items"].as_array().unwrap().len(), 1);
    let node = json!({ "hamlet": "31699-01", "name": "Cụm loa" });
    admin.post("/nodes", &node, StatusCode::CREATED).await;
    admin.post("/programme", &daily(&bulletin, &["31699"]), StatusCode::CREATED).await;
    assert_eq!(admin.get("/nodes", StatusCode::OK).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn stopping_everything_silences_what_is_theirs_who_stops() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    neighbour(&broker).await;
    let operator = broker.invited("truc", json!([{ "role": "operator", "area": "31699" }])).await;
    let stopped = operator.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let areas: Vec<_> = stopped["latches"].as_array().unwrap().iter().map(|l| &l["area"]["code"]).collect();
    assert_eq!(areas, ["31699"]);
    let id = stopped["latches"][0]["id"].as_str().unwrap();
    let editor = broker.invited("bien-tap", json!([{ "role": "editor", "area": "31699" }])).await;
    refused(&editor, Method::POST, &format!("/latches/{id}/release"), json!({}), "forbidden").await;
    operator.post(&format!("/latches/{id}/release"), &json!({}), StatusCode::OK).await;
}

#[tokio::test]
async fn what_is_aired_elsewhere_is_not_listed_and_what_is_aired_here_is() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    neighbour(&broker).await;
    let bulletin = broker.bulletin().await;
    for hamlet in ["31699-01", "31700-01"] {
        broker.enrolled(hamlet).await;
    }
    let viewer = broker.invited("xem", json!([{ "role": "viewer", "area": "31700" }])).await;
    let mut ids = Vec::new();
    for area in ["31699", "31700", "94", "31699"] {
        let order = json!({ "bulletin": bulletin["id"], "areas": [area] });
        let sent = broker.post("/broadcasts", &order, StatusCode::CREATED).await;
        ids.push(sent["id"].as_str().unwrap().to_owned());
    }
    let seen = viewer.get("/broadcasts?limit=2", StatusCode::OK).await;
    let seen: Vec<_> = seen["items"].as_array().unwrap().iter().map(|b| b["id"].as_str().unwrap()).collect();
    assert_eq!(seen, [ids[2].as_str(), &ids[1]]);
    viewer.get(&format!("/broadcasts/{}", ids[0]), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn an_invitation_makes_one_person_who_may_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let grants = json!([{ "role": "editor", "area": "31699" }]);
    let invitation =
        broker.post("/people/invitations", &json!({ "grants": grants }), StatusCode::CREATED).await;
    let token = invitation["url"].as_str().unwrap().strip_prefix("/invitation#").unwrap().to_owned();

    let editor = broker.stranger();
    let looked = editor.post("/invitations/look", &json!({ "token": token }), StatusCode::OK).await;
    assert_eq!(looked["grants"][0]["area"]["name"], "Đại Ân 2");
    assert_eq!(looked["created_by"]["display_name"], "UBND xã");
    let mut yes =
        json!({ "token": token, "username": "ubnd", "display_name": "Chị Lan", "password": PASSWORD });
    let taken = editor.post("/invitations/accept", &yes, StatusCode::CONFLICT).await;
    assert_eq!((&taken["code"], &taken["params"]["field"]), (&json!("exists"), &json!("username")));
    yes["username"] = "lan".into();
    let session = editor.post("/invitations/accept", &yes, StatusCode::CREATED).await;
    assert_eq!(session["user"]["may"], json!(["read", "compose", "air", "schedule", "stop", "share"]));
    assert_eq!(editor.get("/session", StatusCode::OK).await, session);
    refused(&editor, Method::GET, "/people", json!({}), "forbidden").await;

    let again = broker.stranger().post("/invitations/accept", &yes, StatusCode::FORBIDDEN).await;
    assert_eq!(again["code"], "link_invalid");
    let listed = broker.get("/people").await;
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|p| &p["username"]).collect();
    assert_eq!(names, ["lan", "ubnd"]);
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let grants = json!({ "grants": [{ "role": "viewer" }] });
    let invitation = broker.post("/people/invitations", &grants, StatusCode::CREATED).await;
    let token = invitation["url"].as_str().unwrap().split_once('#').unwrap().1;
    let id = invitation["id"].as_str().unwrap();
    assert_eq!(broker.get("/people/invitations").await["items"][0]["id"], id);
    broker.delete(&format!("/people/invitations/{id}"), StatusCode::NO_CONTENT).await;
    let stranger = broker.stranger();
    let token = json!({ "token": token });
    assert_eq!(
        stranger.post("/invitations/look", &token, StatusCode::FORBIDDEN).await["code"],
        "link_invalid"
    );
    assert!(broker.get("/people/invitations").await["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn signing_in_opens_a_new_session_and_ends_the_one_that_the_browser_came_with() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let url = format!("{}/api/v1/session", broker.http);
    let plain = reqwest::Client::new();
    let credentials = json!({ "username": "ubnd", "password": PASSWORD });
    let sign_in = async |cookie: &str| {
        let answer = plain.post(&url).header("cookie", cookie).json(&credentials).send().await.unwrap();
        let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        set.split_once(';').unwrap().0.to_owned()
    };
    let status = async |cookie: &str| plain.get(&url).header("cookie", cookie).send().await.unwrap().status();

    // Who plants a session of their choice in a browser gets nothing by it.
    let planted = "loa_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let first = sign_in(planted).await;
    assert_ne!(first, planted);
    assert_eq!(status(planted).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&first).await, StatusCode::OK);
    let second = sign_in(&first).await;
    assert_ne!(second, first);
    assert_eq!(status(&first).await, StatusCode::UNAUTHORIZED, "replaced");
    assert_eq!(status(&second).await, StatusCode::OK);
}

#[tokio::test]
async fn one_address_that_tries_many_names_is_slowed() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let stranger = broker.stranger();
    for number in 0..20 {
        let name = format!("ten-{number}");
        stranger.sign_in(&name, "không phải mật khẩu", StatusCode::UNAUTHORIZED).await;
    }
    let slowed = stranger.sign_in("ten-khac", "không phải mật khẩu", StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(slowed["code"], "too_many_tries");
    assert!(slowed["params"]["retry_after_s"].as_u64().unwrap() <= 31, "{slowed}");
}
