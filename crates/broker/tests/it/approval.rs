//! Approval: what airs has somebody behind it who may say so, and two people where it is grave.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Broker, Someone, at_any_hour, tone};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const CONFLICT: StatusCode = StatusCode::CONFLICT;

async fn someone(broker: &Broker, name: &str, role: &str, area: &str) -> Someone {
    broker.invited(name, json!([{ "role": role, "area": area }])).await
}

async fn made_by(maker: &Someone, broker: &Broker) -> Value {
    let clip = broker.upload(tone(), CREATED).await;
    maker.post("/bulletins", &json!({ "title": "Họp dân", "clip": clip["hash"] }), CREATED).await
}

fn now(bulletin: &Value, areas: &[&str]) -> Value {
    json!({ "bulletin": bulletin["id"], "areas": areas })
}

fn path(bulletin: &Value, what: &str) -> String {
    format!("/bulletins/{}/{what}", bulletin["id"].as_str().unwrap())
}

fn daily(bulletin: &Value, areas: &[&str], time: &str) -> Value {
    json!({ "bulletin": bulletin["id"], "areas": areas, "timetable": { "every": "day", "times": [time], "from": "2099-01-01" } })
}

#[tokio::test]
async fn an_editor_hands_in_an_approver_returns_with_a_reason_and_approves_what_is_handed_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let _node = broker.enrolled("31699-01").await;
    let editor = someone(&broker, "bien-tap", "editor", "31699").await;
    let leader = someone(&broker, "chu-tich", "approver", "31699").await;
    let bulletin = made_by(&editor, &broker).await;
    assert_eq!(bulletin["approval"]["state"], "draft");

    let refused = editor.post("/broadcasts", &now(&bulletin, &["31699-01"]), UNPROCESSABLE).await;
    assert_eq!((&refused["code"], &refused["params"]["state"]), (&json!("not_approved"), &json!("draft")));
    let refused = editor.post("/programme", &daily(&bulletin, &["31699-01"], "05:00"), UNPROCESSABLE).await;
    assert_eq!(refused["code"], "not_approved");
    assert_eq!(editor.post(&path(&bulletin, "approve"), &json!({}), FORBIDDEN).await["code"], "forbidden");

    let areas = json!({ "areas": ["31699-01"] });
    let handed_in = editor.post(&path(&bulletin, "submit"), &areas, OK).await;
    assert_eq!(handed_in["approval"]["state"], "submitted");
    editor.post(&path(&bulletin, "submit"), &areas, CONFLICT).await;
    let waiting = leader.get("/approvals", OK).await;
    assert_eq!(waiting["items"][0]["id"], bulletin["id"]);
    assert_eq!(waiting["items"][0]["clip"]["hash"], bulletin["clip"]["hash"], "these very bytes are heard");

    let remark = json!({ "remark": "Sai ngày họp." });
    let returned = leader.post(&path(&bulletin, "return"), &remark, OK).await;
    assert_eq!(returned["approval"]["remark"], "Sai ngày họp.");
    assert_eq!(returned["approval"]["decided_by"]["display_name"], "chu-tich");
    assert_eq!(leader.get("/approvals", OK).await["items"], json!([]));
    let refused = editor.post("/broadcasts", &now(&bulletin, &["31699-01"]), UNPROCESSABLE).await;
    assert_eq!(refused["params"]["state"], "returned");
    // Sending what one returned oneself is no way to approve it.
    leader.post("/broadcasts", &now(&bulletin, &["31699-01"]), UNPROCESSABLE).await;

    editor.post(&path(&bulletin, "submit"), &areas, OK).await;
    let approved = leader.post(&path(&bulletin, "approve"), &json!({}), OK).await;
    assert_eq!(
        (&approved["approval"]["state"], &approved["approval"]["remark"]),
        (&json!("approved"), &Value::Null)
    );
    leader.post(&path(&bulletin, "return"), &remark, CONFLICT).await;
    editor.post("/broadcasts", &now(&bulletin, &["31699-01"]), CREATED).await;
    editor.post("/programme", &daily(&bulletin, &["31699-01"], "05:00"), CREATED).await;
}

#[tokio::test]
async fn an_approval_holds_where_the_approver_may_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let editor = someone(&broker, "bien-tap", "editor", "31699").await;
    let hamlet = someone(&broker, "truong-ap", "approver", "31699-01").await;
    let bulletin = made_by(&editor, &broker).await;
    editor.post(&path(&bulletin, "submit"), &json!({ "areas": ["31699"] }), OK).await;
    let refused = hamlet.post(&path(&bulletin, "approve"), &json!({}), FORBIDDEN).await;
    assert_eq!(refused["code"], "area_not_yours");

    let bulletin = made_by(&editor, &broker).await;
    editor.post(&path(&bulletin, "submit"), &json!({ "areas": ["31699-01"] }), OK).await;
    hamlet.post(&path(&bulletin, "approve"), &json!({}), OK).await;
    editor.post("/programme", &daily(&bulletin, &["31699-01"], "05:00"), CREATED).await;
    let refused = editor.post("/programme", &daily(&bulletin, &["31699-02"], "05:00"), UNPROCESSABLE).await;
    assert_eq!(refused["code"], "not_approved");
}

#[tokio::test]
async fn ones_own_word_counts_where_there_is_nobody_else_or_the_policy_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let alone = broker.bulletin().await;
    broker.post("/programme", &daily(&alone, &["31699"], "05:00"), CREATED).await;
    let id = alone["id"].as_str().unwrap();
    assert_eq!(broker.get(&format!("/bulletins/{id}")).await["approval"]["state"], "approved");

    let leader = someone(&broker, "chu-tich", "admin", "31699").await;
    let own = made_by(&leader, &broker).await;
    let refused = leader.post("/programme", &daily(&own, &["31699-01"], "05:00"), UNPROCESSABLE).await;
    assert_eq!(refused["code"], "not_approved");
    leader.post(&path(&own, "submit"), &json!({ "areas": ["31699-01"] }), OK).await;
    let refused = leader.post(&path(&own, "approve"), &json!({}), FORBIDDEN).await;
    assert_eq!(refused["code"], "own_bulletin");

    let mut policy = at_any_hour();
    policy["own_approvers"] = json!(["nobody"]);
    let refused = broker.put("/areas/31699/policy", &policy, UNPROCESSABLE).await;
    assert_eq!(refused["params"]["field"], "own_approvers");
    let people = broker.get("/people").await;
    let leader_row =
        people["items"].as_array().unwrap().iter().find(|p| p["username"] == "chu-tich").unwrap();
    policy["own_approvers"] = json!([leader_row["id"]]);
    broker.put("/areas/31699/policy", &policy, OK).await;
    // Whoever is named is named in all that lies within, and shown there.
    let within = broker.get("/areas/31699-01/policy").await;
    for part in ["in_force", "outer"] {
        assert_eq!(within[part]["own_approvers"], policy["own_approvers"], "{part}");
    }
    assert_eq!(broker.get("/areas/94/policy").await["in_force"]["own_approvers"], json!([]));
    leader.post(&path(&own, "approve"), &json!({}), OK).await;
    leader.post("/programme", &daily(&own, &["31699-01"], "05:00"), CREATED).await;

    // What is grave still needs two.
    for (areas, time, reason) in
        [(&["31699"][..], "05:00", "whole_commune"), (&["31699-01"][..], "23:00", "night")]
    {
        let refused = leader.post("/programme", &daily(&own, areas, time), UNPROCESSABLE).await;
        let expected = (&json!("second_person_needed"), &json!([reason]));
        assert_eq!((&refused["code"], &refused["params"]["reasons"]), expected);
    }
    let editor = someone(&broker, "bien-tap", "editor", "31699").await;
    editor.post("/programme", &daily(&own, &["31699"], "05:00"), CREATED).await;
}

#[tokio::test]
async fn an_emergency_needs_one_person_and_a_confirmation_now_and_two_people_by_a_timetable() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let _node = broker.enrolled("31699-01").await;
    let _other = someone(&broker, "chu-tich", "approver", "31699").await;
    let operator = someone(&broker, "truc", "operator", "31699").await;
    let editor = someone(&broker, "bien-tap", "editor", "31699").await;
    let clip = broker.upload(tone(), CREATED).await;
    let storm = json!({ "title": "Bão", "class": "emergency", "clip": clip["hash"] });
    let storm = editor.post("/bulletins", &storm, CREATED).await;
    let mut order = now(&storm, &["31699"]);
    assert_eq!(operator.post("/broadcasts", &order, UNPROCESSABLE).await["code"], "confirmation_needed");
    order["confirmed"] = json!(true);
    operator.post("/broadcasts", &order, CREATED).await;

    let refused = editor.post("/programme", &daily(&storm, &["31699-01"], "05:00"), UNPROCESSABLE).await;
    assert_eq!(refused["code"], "not_approved");
    let siren = json!({ "title": "Còi", "class": "emergency", "clip": clip["hash"] });
    let own = broker.post("/bulletins", &siren, CREATED).await;
    let people = broker.get("/people").await;
    let first = people["items"].as_array().unwrap().iter().find(|p| p["username"] == "ubnd").unwrap();
    let mut policy = at_any_hour();
    policy["own_approvers"] = json!([first["id"]]);
    broker.put("/areas/94/policy", &policy, OK).await;
    let refused = broker.post("/programme", &daily(&own, &["31699-01"], "05:00"), UNPROCESSABLE).await;
    assert_eq!(refused["params"]["reasons"], json!(["scheduled_emergency"]));
}

#[tokio::test]
async fn what_is_approved_is_this_very_sound() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let editor = someone(&broker, "bien-tap", "editor", "31699").await;
    let leader = someone(&broker, "chu-tich", "approver", "31699").await;
    let bulletin = made_by(&editor, &broker).await;
    editor.post(&path(&bulletin, "submit"), &json!({ "areas": ["31699-01"] }), OK).await;
    leader.post(&path(&bulletin, "approve"), &json!({}), OK).await;
    // Whoever can write into the database puts another clip under the approved title.
    let mut other = tone();
    other.truncate(other.len() / 2);
    let other = broker.upload(other, CREATED).await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", data.join("loa.db").display())).await.unwrap();
    sqlx::query("UPDATE bulletins SET clip = ? WHERE id = ?")
        .bind(other["hash"].as_str().unwrap())
        .bind(bulletin["id"].as_str().unwrap())
        .execute(&pool)
        .await
        .unwrap();
    let refused = editor.post("/programme", &daily(&bulletin, &["31699-01"], "05:00"), UNPROCESSABLE).await;
    assert_eq!(refused["code"], "not_approved");
}
