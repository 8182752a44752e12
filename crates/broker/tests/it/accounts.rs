//! Accounts: passwords, sessions, the second step, and what an admin does with people.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Broker, PASSWORD, PATIENCE, Someone, answer};

const OTHER: &str = "một mật khẩu khác";

async fn id_of(broker: &Broker, username: &str) -> String {
    let people = broker.get("/people").await;
    let found = people["items"].as_array().unwrap().iter().find(|person| person["username"] == username);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn put(person: &Someone, path: &str, body: Value, expected: StatusCode) -> Value {
    answer(person.request(Method::PUT, path).json(&body), expected).await
}

/// RFC 6238 once more, by the secret as an app gets it.
fn code_of(secret: &str, step: u64) -> String {
    let (mut bits, mut many, mut bytes) = (0_u64, 0, Vec::new());
    for c in secret.bytes() {
        let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|d| *d == c).unwrap();
        bits = bits << 5 | digit as u64;
        many += 5;
        if many >= 8 {
            many -= 8;
            bytes.push((bits >> many) as u8);
        }
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap());
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

#[expect(clippy::disallowed_methods, reason = "the program under test runs by the system's clock")]
fn step_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30
}

#[tokio::test]
async fn who_is_deactivated_is_out_at_once_their_open_page_too() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let lan = broker.invited("lan", json!([{ "role": "editor", "area": "31699" }])).await;
    let mut stream = lan.request(Method::GET, "/events").send().await.unwrap();
    let hello = timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap().unwrap();
    assert!(String::from_utf8_lossy(&hello).contains("hello"));

    let id = id_of(&broker, "lan").await;
    broker.post(&format!("/people/{id}/deactivate"), &json!({}), StatusCode::NO_CONTENT).await;
    lan.get("/session", StatusCode::UNAUTHORIZED).await;
    lan.sign_in("lan", PASSWORD, StatusCode::UNAUTHORIZED).await;
    let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
    timeout(PATIENCE, ended).await.expect("the stream ends");

    broker.post(&format!("/people/{id}/reactivate"), &json!({}), StatusCode::NO_CONTENT).await;
    lan.sign_in("lan", PASSWORD, StatusCode::OK).await;
}

#[tokio::test]
async fn the_last_admin_of_everywhere_can_not_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let id = id_of(&broker, "ubnd").await;
    let refused = broker.post(&format!("/people/{id}/deactivate"), &json!({}), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "last_admin");
    let less = json!({ "grants": [{ "role": "admin", "area": "94" }] });
    let refused = broker.put(&format!("/people/{id}/grants"), &less, StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "last_admin");
    broker.get("/people").await;
}

#[tokio::test]
async fn changed_rights_hold_from_the_next_request_on() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let lan = broker.invited("lan", json!([{ "role": "viewer", "area": "31699" }])).await;
    let node = json!({ "hamlet": "31699-01", "name": "Cụm loa" });
    lan.post("/nodes", &node, StatusCode::FORBIDDEN).await;
    let id = id_of(&broker, "lan").await;
    let more = json!({ "grants": [{ "role": "installer", "area": "31699" }] });
    broker.put(&format!("/people/{id}/grants"), &more, StatusCode::NO_CONTENT).await;
    lan.post("/nodes", &node, StatusCode::CREATED).await;
    let none = json!({ "grants": [] });
    let refused = broker.put(&format!("/people/{id}/grants"), &none, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["params"]["field"], "grants");
}

#[tokio::test]
async fn the_admin_of_a_commune_has_no_power_over_who_may_more() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let commune = broker.invited("daian2", json!([{ "role": "admin", "area": "31699" }])).await;
    let both = json!([{ "role": "viewer", "area": "31699" }, { "role": "viewer", "area": "94" }]);
    broker.invited("tinh", both).await;
    broker.invited("ap-cho", json!([{ "role": "viewer", "area": "31699-01" }])).await;
    for (name, code) in [("ubnd", "forbidden"), ("tinh", "area_not_yours")] {
        let id = id_of(&broker, name).await;
        for (method, path) in [
            (Method::POST, format!("/people/{id}/reset")),
            (Method::POST, format!("/people/{id}/deactivate")),
            (Method::DELETE, format!("/people/{id}/two-step")),
            (Method::GET, format!("/people/{id}/sessions")),
            (Method::DELETE, format!("/people/{id}/sessions")),
        ] {
            let refused = answer(commune.request(method.clone(), &path), StatusCode::FORBIDDEN).await;
            assert_eq!(refused["code"], code, "{method} {path}");
        }
        let grants = json!({ "grants": [{ "role": "viewer", "area": "31699" }] });
        put(&commune, &format!("/people/{id}/grants"), grants, StatusCode::FORBIDDEN).await;
    }
    // Of their own people they make what they may themselves, and no more.
    let id = id_of(&broker, "ap-cho").await;
    let path = format!("/people/{id}/grants");
    let wider = json!({ "grants": [{ "role": "viewer", "area": "94" }] });
    assert_eq!(put(&commune, &path, wider, StatusCode::FORBIDDEN).await["code"], "area_not_yours");
    let everywhere = json!({ "grants": [{ "role": "admin" }] });
    assert_eq!(put(&commune, &path, everywhere, StatusCode::FORBIDDEN).await["code"], "forbidden");
    let own = json!({ "grants": [{ "role": "operator", "area": "31699" }] });
    put(&commune, &path, own, StatusCode::NO_CONTENT).await;
    let seen = commune.get("/people", StatusCode::OK).await;
    let yours: Vec<_> = seen["items"].as_array().unwrap().iter().filter(|p| p["yours"] == true).collect();
    let yours: Vec<_> = yours.iter().map(|person| &person["username"]).collect();
    assert_eq!(yours, ["ap-cho", "daian2"]);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_other_sessions_end() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let here = broker.invited("lan", json!([{ "role": "viewer" }])).await;
    let elsewhere = broker.stranger();
    elsewhere.sign_in("lan", PASSWORD, StatusCode::OK).await;
    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    let wrong = put(&here, "/account/password", change(OTHER, OTHER), StatusCode::UNAUTHORIZED).await;
    assert_eq!(wrong["code"], "wrong_credentials");
    let short = change(PASSWORD, "ngắn");
    let short = put(&here, "/account/password", short, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(short["code"], "password_short");
    elsewhere.get("/session", StatusCode::OK).await;
    put(&here, "/account/password", change(PASSWORD, OTHER), StatusCode::NO_CONTENT).await;
    here.get("/session", StatusCode::OK).await;
    elsewhere.get("/session", StatusCode::UNAUTHORIZED).await;
    elsewhere.sign_in("lan", PASSWORD, StatusCode::UNAUTHORIZED).await;
    elsewhere.sign_in("lan", OTHER, StatusCode::OK).await;
}

#[tokio::test]
async fn a_reset_link_gives_a_new_password_once_and_ends_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let lan = broker.invited("lan", json!([{ "role": "viewer" }])).await;
    let id = id_of(&broker, "lan").await;
    let link = async || {
        let link = broker.post(&format!("/people/{id}/reset"), &json!({}), StatusCode::CREATED).await;
        link["url"].as_str().unwrap().strip_prefix("/reset#").unwrap().to_owned()
    };
    let (first, second) = (link().await, link().await);
    let stranger = broker.stranger();
    let reset = |token: &str| json!({ "token": token, "password": OTHER });
    let replaced = stranger.post("/resets", &reset(&first), StatusCode::FORBIDDEN).await;
    assert_eq!(replaced["code"], "link_invalid");
    stranger.post("/invitations/look", &json!({ "token": second }), StatusCode::FORBIDDEN).await;
    lan.get("/session", StatusCode::OK).await;
    stranger.post("/resets", &reset(&second), StatusCode::NO_CONTENT).await;
    lan.get("/session", StatusCode::UNAUTHORIZED).await;
    stranger.post("/resets", &reset(&second), StatusCode::FORBIDDEN).await;
    stranger.sign_in("lan", OTHER, StatusCode::OK).await;
}

#[tokio::test]
async fn whoever_has_the_data_folder_helps_the_last_admin() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let print_link = async |username: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_loa-broker"));
        command.args(["reset-link", "--username", username, "--data"]).arg(&broker.data);
        timeout(PATIENCE, command.output()).await.unwrap().unwrap()
    };
    assert!(!print_link("ai đó").await.status.success());
    let link = String::from_utf8(print_link("UBND").await.stdout).unwrap();
    let (page, token) = link.trim().split_once("/reset#").unwrap();
    assert_eq!(page, "http://127.0.0.1:8080");
    let reset = json!({ "token": token, "password": OTHER });
    broker.stranger().post("/resets", &reset, StatusCode::NO_CONTENT).await;
    broker.stranger().sign_in("ubnd", OTHER, StatusCode::OK).await;
}

#[tokio::test]
async fn sessions_say_where_and_by_what_and_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let lan = broker.invited("lan", json!([{ "role": "viewer" }])).await;
    let phone = broker.stranger();
    let credentials = json!({ "username": "lan", "password": PASSWORD });
    let request =
        phone.request(Method::POST, "/session").header("user-agent", "Điện thoại của Lan".as_bytes());
    answer(request.json(&credentials), StatusCode::OK).await;
    let phone_two = broker.stranger();
    let request = phone_two.request(Method::POST, "/session").header("user-agent", "Chrome on Android");
    let request = request.header("x-forwarded-for", "198.51.100.1, 203.0.113.9");
    answer(request.json(&credentials), StatusCode::OK).await;

    let sessions = lan.get("/account/sessions", StatusCode::OK).await;
    let items = sessions["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|session| session["this"] == true).count(), 1);
    let theirs = items.iter().find(|session| session["browser"] == "Chrome on Android").unwrap();
    // A proxy on this machine is believed, and only what it added itself.
    assert_eq!(theirs["address"], "203.0.113.9");
    let path = format!("/account/sessions/{}", theirs["id"].as_str().unwrap());
    answer(lan.request(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    phone_two.get("/session", StatusCode::UNAUTHORIZED).await;
    phone.get("/session", StatusCode::OK).await;

    // Somebody else's session is nobody's to end but an admin's.
    let viewer = broker.invited("xem", json!([{ "role": "viewer" }])).await;
    let mine = items.iter().find(|session| session["this"] == true).unwrap()["id"].as_str().unwrap();
    let path = format!("/account/sessions/{mine}");
    answer(viewer.request(Method::DELETE, &path), StatusCode::NOT_FOUND).await;
    let id = id_of(&broker, "lan").await;
    assert_eq!(broker.get(&format!("/people/{id}/sessions")).await["items"].as_array().unwrap().len(), 2);
    broker.delete(&format!("/people/{id}/sessions"), StatusCode::NO_CONTENT).await;
    for gone in [&lan, &phone] {
        gone.get("/session", StatusCode::UNAUTHORIZED).await;
    }
    viewer.get("/session", StatusCode::OK).await;
}

#[tokio::test]
async fn the_second_step_takes_each_code_once_and_a_recovery_code_when_the_phone_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let lan = broker.invited("lan", json!([{ "role": "approver" }])).await;
    lan.post("/account/two-step", &json!({ "password": OTHER }), StatusCode::UNAUTHORIZED).await;
    let begun = lan.post("/account/two-step", &json!({ "password": PASSWORD }), StatusCode::OK).await;
    let secret = begun["secret"].as_str().unwrap();
    assert!(begun["uri"].as_str().unwrap().contains(secret));
    assert!(begun["qr"].as_str().unwrap().contains("<svg"));
    // Not asked for before it is confirmed.
    broker.stranger().sign_in("lan", PASSWORD, StatusCode::OK).await;
    let confirm = "/account/two-step/confirm";
    lan.post(confirm, &json!({ "code": "12345" }), StatusCode::UNPROCESSABLE_ENTITY).await;
    let step = step_now();
    let confirmed = lan.post(confirm, &json!({ "code": code_of(secret, step) }), StatusCode::OK).await;
    assert_eq!(lan.get("/session", StatusCode::OK).await["user"]["two_step"], true);

    let stranger = broker.stranger();
    let with = |code: &str| json!({ "username": "lan", "password": PASSWORD, "code": code });
    let wanted = stranger.sign_in("lan", PASSWORD, StatusCode::UNAUTHORIZED).await;
    assert_eq!(wanted["code"], "code_required");
    let used = stranger.post("/session", &with(&code_of(secret, step)), StatusCode::UNAUTHORIZED).await;
    assert_eq!(used["code"], "wrong_code", "the code that confirmed it");
    let next = code_of(secret, step + 1);
    stranger.post("/session", &with(&next), StatusCode::OK).await;
    let replayed = broker.stranger().post("/session", &with(&next), StatusCode::UNAUTHORIZED).await;
    assert_eq!(replayed["code"], "wrong_code", "replayed");

    let codes = confirmed["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 8);
    let recovery = codes[0].as_str().unwrap().to_lowercase();
    broker.stranger().post("/session", &with(&recovery), StatusCode::OK).await;
    broker.stranger().post("/session", &with(&recovery), StatusCode::UNAUTHORIZED).await;

    lan.post("/account/two-step", &json!({ "password": PASSWORD }), StatusCode::CONFLICT).await;
    lan.post("/account/two-step/drop", &json!({ "password": PASSWORD }), StatusCode::NO_CONTENT).await;
    broker.stranger().sign_in("lan", PASSWORD, StatusCode::OK).await;
}

#[tokio::test]
async fn guessing_codes_is_slowed_although_the_password_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let lan = broker.invited("lan", json!([{ "role": "approver" }])).await;
    let begun = lan.post("/account/two-step", &json!({ "password": PASSWORD }), StatusCode::OK).await;
    let code = code_of(begun["secret"].as_str().unwrap(), step_now());
    lan.post("/account/two-step/confirm", &json!({ "code": code }), StatusCode::OK).await;
    let guess = json!({ "username": "lan", "password": PASSWORD, "code": "no code" });
    let thief = broker.stranger();
    for _ in 0..3 {
        thief.post("/session", &guess, StatusCode::UNAUTHORIZED).await;
    }
    let slowed = thief.post("/session", &guess, StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(slowed["code"], "too_many_tries");
}

#[tokio::test]
async fn every_answer_forbids_foreign_and_inline_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let hostile = json!({ "code": "31699-03", "name": "<script>alert(1)</script>", "parent": "31699" });
    broker.post("/areas", &hostile, StatusCode::CREATED).await;
    for path in ["/", "/settings", "/api/v1/areas", "/api/v1/nothing", "/healthz"] {
        let request = reqwest::Client::new().get(format!("{}{path}", broker.http));
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
    }
    let areas = broker.request(Method::GET, "/areas").send().await.unwrap();
    assert_eq!(areas.headers()["content-type"], "application/json");
}
