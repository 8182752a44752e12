//! *Quy chế*: tightened downwards, in the plans, and obeyed by the broker itself.

use loa_protocol::policy::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Broker, at_any_hour, tone};

fn hours(from: &str, to: &str) -> Value {
    json!({ "hours": vec![json!([{ "from": from, "to": to }]); 7] })
}

/// Forbids everything: seven silent days.
fn silence() -> Value {
    json!({ "hours": vec![json!([]); 7] })
}

fn daily(bulletin: &Value, time: &str) -> Value {
    json!({ "bulletin": bulletin["id"], "areas": ["31699"],
        "timetable": { "every": "day", "times": [time], "from": "2026-01-01" } })
}

#[tokio::test]
async fn a_policy_below_only_tightens_and_the_plan_has_what_follows_from_all() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let mut generation = link.plan().await.generation;
    let mut in_force = async |generation: &mut u64| {
        let plan = link.plan_after(*generation).await;
        *generation = plan.generation;
        plan.policy
    };
    broker.put("/areas/94/policy", &hours("05:00", "22:00"), StatusCode::OK).await;
    assert_eq!(in_force(&mut generation).await.hours[6], [Span { from: 300, to: 1320 }]);

    let looser =
        broker.put("/areas/31699/policy", &hours("04:00", "22:00"), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!((&looser["code"], &looser["params"]["limits"]), (&json!("policy_loosens"), &json!(["hours"])));
    assert_eq!(broker.get("/areas/31699/policy").await["own"], Value::Null);

    let mut tighter = hours("06:00", "20:00");
    tighter["session_minutes"] = 30.into();
    let shown = broker.put("/areas/31699/policy", &tighter, StatusCode::OK).await;
    assert_eq!(shown["own"]["hours"][0], json!([{ "from": "06:00", "to": "20:00" }]));
    assert_eq!(
        (&shown["outer"]["hours"][0][0]["to"], &shown["changed_by"]),
        (&json!("22:00"), &json!("UBND xã"))
    );
    let policy = in_force(&mut generation).await;
    assert_eq!(
        (policy.hours[0].clone(), policy.session_minutes),
        (vec![Span { from: 360, to: 1200 }], Some(30))
    );

    // The province allows less: so does what is in force below, whatever was said there.
    broker.put("/areas/94/policy", &hours("08:00", "21:00"), StatusCode::OK).await;
    assert_eq!(in_force(&mut generation).await.hours[0], [Span { from: 480, to: 1200 }]);
    broker.delete("/areas/31699/policy", StatusCode::NO_CONTENT).await;
    let policy = in_force(&mut generation).await;
    assert_eq!((policy.hours[0].clone(), policy.session_minutes), (vec![Span { from: 480, to: 1260 }], None));
    broker.delete("/areas/31699/policy", StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_policy_that_can_not_be_meant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let mut unknown = at_any_hour();
    unknown["exceeders"] = json!([{ "person": "nobody", "limits": ["hours"] }]);
    let mut no_session = at_any_hour();
    no_session["session_minutes"] = 0.into();
    let mut overlapping = at_any_hour();
    overlapping["hours"][2] = json!([{ "from": "05:00", "to": "08:00" }, { "from": "07:00", "to": "09:00" }]);
    let six_days = json!({ "hours": vec![json!([]); 6] });
    for (body, field) in [
        (hours("22:00", "05:00"), "hours"),
        (hours("05:00", "24:01"), "hours"),
        (six_days, "hours"),
        (overlapping, "hours"),
        (no_session, "session_minutes"),
        (unknown, "exceeders"),
    ] {
        let problem = broker.put("/areas/31699/policy", &body, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(
            (&problem["code"], &problem["params"]["field"]),
            (&json!("invalid_field"), &json!(field)),
            "{body}"
        );
    }
    broker.put("/areas/31700/policy", &at_any_hour(), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_tighter_policy_names_the_airings_that_it_forbids_and_is_saved_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let entry = broker.post("/programme", &daily(&bulletin, "05:30"), StatusCode::CREATED).await;
    let shown = broker.put("/areas/31699-02/policy", &hours("06:00", "20:00"), StatusCode::OK).await;
    let breaches = shown["breaches"].as_array().unwrap();
    assert_eq!(breaches.len(), 20);
    assert_eq!((&breaches[0]["entry"], &breaches[0]["title"]), (&entry["id"], &json!("Họp dân")));
    assert_eq!((&breaches[0]["limit"], &breaches[0]["area"]["code"]), (&json!("hours"), &json!("31699-02")));
    assert!(broker.get("/areas/31699-02/policy").await["own"].is_object());
}

#[tokio::test]
async fn only_a_named_person_lifts_a_limit_that_may_be_exceeded() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let mut night = daily(&bulletin, "23:00");
    night["exceeds"] = json!(["hours"]);
    let mut policy = hours("05:00", "22:00");
    policy["exceedable"] = json!(["hours"]);
    broker.put("/areas/94/policy", &policy, StatusCode::OK).await;
    let problem = broker.post("/programme", &night, StatusCode::FORBIDDEN).await;
    assert_eq!((&problem["code"], &problem["params"]["limit"]), (&json!("limit_not_yours"), &json!("hours")));

    let people = broker.get("/people").await;
    policy["exceeders"] = json!([{ "person": people["items"][0]["id"], "limits": ["hours"] }]);
    broker.put("/areas/94/policy", &policy, StatusCode::OK).await;
    assert_eq!(broker.post("/programme/preview", &night, StatusCode::OK).await["lifted"], json!(["hours"]));
    let entry = broker.post("/programme", &night, StatusCode::CREATED).await;
    assert_eq!(entry["exceeds"], json!(["hours"]));
}

#[tokio::test]
async fn what_the_policy_forbids_now_is_not_played_now_but_an_emergency_is() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let _node = broker.enrolled("31699-01").await;
    let bulletin = broker.bulletin().await;
    broker.put("/areas/31699/policy", &silence(), StatusCode::OK).await;
    let now = json!({ "bulletin": bulletin["id"], "areas": ["31699"] });
    let problem = broker.post("/broadcasts", &now, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!((&problem["code"], &problem["params"]["limit"]), (&json!("policy_breached"), &json!("hours")));
    assert_eq!(problem["params"]["area_name"], "Ấp Chợ");
    assert_eq!(broker.get("/broadcasts").await["items"], json!([]));

    let clip = broker.upload(tone(), StatusCode::CREATED).await;
    let storm = json!({ "title": "Bão khẩn cấp", "class": "emergency", "clip": clip["hash"] });
    let storm = broker.post("/bulletins", &storm, StatusCode::CREATED).await;
    let now = json!({ "bulletin": storm["id"], "areas": ["31699"], "confirmed": true });
    broker.post("/broadcasts", &now, StatusCode::CREATED).await;
}
