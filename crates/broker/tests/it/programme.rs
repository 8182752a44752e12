//! The programme: from the form to the plans of exactly the nodes concerned, and back to what a day became.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_protocol::{
    Action, AiringId, BroadcastId, Clock, Every, Outcome, Receipt, ReceiptBatch, SystemClock, topic,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Broker, answer};

fn local(at: Timestamp) -> (String, String) {
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let local = zone.to_datetime(at);
    (local.date().to_string(), local.strftime("%H:%M").to_string())
}

fn in_minutes(minutes: i64) -> Timestamp {
    SystemClock::new().now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

/// At this time on each day from the day after tomorrow on.
fn daily(bulletin: &Value, areas: &[&str], time: &str) -> Value {
    let (from, _) = local(in_minutes(2 * 24 * 60));
    json!({ "bulletin": bulletin["id"], "areas": areas,
        "timetable": { "every": "day", "times": [time], "from": from } })
}

/// Once, at this instant's minute.
fn once(bulletin: &Value, areas: &[&str], at: Timestamp) -> Value {
    let (date, time) = local(at);
    json!({ "bulletin": bulletin["id"], "areas": areas,
        "timetable": { "every": "once", "times": [time], "from": date } })
}

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

async fn wanted(broker: &Broker, node: &str) -> u64 {
    broker.get(&format!("/nodes/{node}")).await["generation"]["wanted"].as_u64().unwrap()
}

#[tokio::test]
async fn what_is_saved_changed_and_taken_out_reaches_the_plans_of_the_nodes_concerned_and_of_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let (node, other) = (broker.enrolled("31699-01").await, broker.enrolled("31699-02").await);
    let (mut link, mut bystander) = (broker.connect(&node).await, broker.connect(&other).await);
    let first = link.plan().await;
    let undisturbed = bystander.plan().await;
    assert!(first.broadcasts.is_empty());

    let entry =
        broker.post("/programme", &daily(&bulletin, &["31699-01"], "05:00"), StatusCode::CREATED).await;
    assert_eq!((&entry["nodes"], &entry["over"]), (&json!(1), &json!(false)));
    let plan = link.plan_after(first.generation).await;
    let planned = &plan.broadcasts[0];
    assert_eq!((planned.id.as_str(), planned.timetable.every), (&*id(&entry), Every::Day));
    assert_eq!(planned.clip.hash.as_str(), bulletin["clip"]["hash"].as_str().unwrap());
    assert_eq!((planned.time_zone.as_ref(), planned.catch_up_s), (None, 600));

    // Another time of day is another thing from now on.
    let path = format!("/programme/{}", id(&entry));
    let changed = daily(&bulletin, &["31699-01"], "06:30");
    let shown = broker.put(&path, &changed, StatusCode::OK).await;
    assert_eq!(shown["timetable"]["times"], json!(["06:30"]));
    let changed = link.plan_after(plan.generation).await;
    assert_eq!(changed.broadcasts[0].timetable.times, ["06:30".parse().unwrap()]);
    assert!(changed.broadcasts[0].since >= planned.since);

    // Another place among equals is not.
    broker.put("/programme/order", &json!({ "ids": [id(&entry)] }), StatusCode::NO_CONTENT).await;
    let ordered = link.plan_after(changed.generation).await;
    assert_eq!((ordered.broadcasts[0].order, ordered.broadcasts[0].since), (1, changed.broadcasts[0].since));

    broker.delete(&path, StatusCode::NO_CONTENT).await;
    assert!(link.plan_after(ordered.generation).await.broadcasts.is_empty());
    broker.delete(&path, StatusCode::NOT_FOUND).await;
    assert_eq!(broker.get("/programme").await["items"], json!([]));

    // All that was nothing to the other hamlet.
    assert_eq!(wanted(&broker, other.id().as_str()).await, undisturbed.generation);
    let all = daily(&bulletin, &["31699"], "05:00");
    broker.post("/programme", &all, StatusCode::CREATED).await;
    let next = bystander.plan_after(undisturbed.generation).await;
    assert_eq!(next.generation, undisturbed.generation + 1, "nothing came in between");
}

#[tokio::test]
async fn what_a_policy_would_refuse_is_not_saved_and_the_airing_and_the_hamlet_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    // Back to what is in force where nobody has said anything: 05:00 to 22:00.
    broker.delete("/areas/94/policy", StatusCode::NO_CONTENT).await;
    let night = daily(&bulletin, &["31699"], "03:15");
    let problem = broker.post("/programme", &night, StatusCode::UNPROCESSABLE_ENTITY).await;
    let params = &problem["params"];
    assert_eq!((&problem["code"], &params["limit"]), (&json!("policy_breached"), &json!("hours")));
    assert_eq!((&params["area"], &params["area_name"]), (&json!("31699-01"), &json!("Ấp Chợ")));
    let start: Timestamp = params["start"].as_str().unwrap().parse().unwrap();
    assert_eq!(local(start), (night["timetable"]["from"].as_str().unwrap().to_owned(), "03:15".to_owned()));
    assert!(params["count"].as_u64().unwrap() > 360);
    assert_eq!(broker.get("/programme").await["items"], json!([]));

    let preview = broker.post("/programme/preview", &night, StatusCode::OK).await;
    assert_eq!(
        (&preview["breaches"][0]["limit"], &preview["breach_count"]),
        (&json!("hours"), &params["count"])
    );
    assert_eq!(preview["breaches"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_preview_shows_the_next_ten_airings_and_what_is_surprising_and_saves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let entry =
        broker.post("/programme", &daily(&bulletin, &["31699-02"], "21:30"), StatusCode::CREATED).await;
    let mut asked = daily(&bulletin, &["31699"], "21:30");
    asked["repeats"] = 2.into();
    asked["gap_s"] = 59.into();
    let preview = broker.post("/programme/preview", &asked, StatusCode::OK).await;
    let next = preview["next"].as_array().unwrap();
    let starts: Vec<_> =
        next.iter().map(|next| local(next["start"].as_str().unwrap().parse().unwrap()).1).collect();
    assert_eq!(starts, ["21:30", "21:31"].repeat(5));
    assert_eq!(next[1]["repeat"], 1);
    assert_eq!((&next[0]["nodes"], &next[0]["hamlets"]), (&json!(0), &json!(2)));
    let kinds: Vec<_> =
        preview["warnings"].as_array().unwrap().iter().map(|w| w["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["night", "collides", "whole_commune", "no_nodes"]);
    assert_eq!(preview["warnings"][1]["with"]["id"], entry["id"]);
    assert_eq!(preview["breach_count"], 0);

    // Not with itself.
    let mut edited = daily(&bulletin, &["31699-02"], "21:30");
    edited["replaces"] = entry["id"].clone();
    let preview = broker.post("/programme/preview", &edited, StatusCode::OK).await;
    assert!(!preview["warnings"].as_array().unwrap().iter().any(|w| w["kind"] == "collides"));

    let mut never = once(&bulletin, &["31699"], in_minutes(-5));
    let preview = broker.post("/programme/preview", &never, StatusCode::OK).await;
    assert_eq!((&preview["next"], &preview["warnings"][0]["kind"]), (&json!([]), &json!("never")));
    never["timetable"]["times"] = json!(["25:00"]);
    let problem = broker.post("/programme/preview", &never, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(
        (&problem["code"], &problem["params"]["field"]),
        (&json!("timetable_invalid"), &json!("times"))
    );
    never["timetable"]["times"] = json!(["05:00"]);
    never["time_zone"] = "Asia/Da_Lat".into();
    let problem = broker.post("/programme", &never, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(problem["code"], "time_zone_unknown");
    assert_eq!(broker.get("/programme").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_tap_is_not_a_second_entry() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let tap = |areas: &[&str]| {
        let body = daily(&bulletin, areas, "05:00");
        broker.request(Method::POST, "/programme").header("idempotency-key", "tap").json(&body)
    };
    let first = answer(tap(&["31699"]), StatusCode::CREATED).await;
    assert_eq!(answer(tap(&["31699"]), StatusCode::OK).await["id"], first["id"]);
    assert_eq!(answer(tap(&["31699-01"]), StatusCode::CONFLICT).await["code"], "key_reused");
    assert_eq!(broker.get("/programme").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_receipt_of_an_airing_that_nobody_expected_is_proof_too_and_the_day_and_the_week_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let generation = link.plan().await.generation;
    let entry = broker.post("/programme", &daily(&bulletin, &["31699"], "05:00"), StatusCode::CREATED).await;
    let plan = link.plan_after(generation).await;

    // As after a day on which the broker was away: the node has aired by a plan that the broker has forgotten.
    let start = Timestamp::from_second(SystemClock::new().now().as_second() / 60 * 60).unwrap();
    let broadcast: BroadcastId = id(&entry).parse().unwrap();
    let airing = AiringId::derive(&broadcast, &node.id(), start);
    let receipt = Receipt {
        airing: airing.clone(),
        broadcast,
        start: Some(start),
        outcome: Outcome::Played,
        reason: None,
        started_at: Some(start),
        ended_at: start.checked_add(SignedDuration::from_secs(1)).unwrap(),
        frames: 48_000,
        clip_frames: 48_000,
        clip: plan.broadcasts[0].clip.hash.clone(),
    };
    link.say(topic::receipt(&node.id()), &ReceiptBatch { receipts: vec![receipt] }).await;
    let (command, _) = link.command().await;
    assert_eq!(command.action, Action::Acknowledge { airings: vec![airing] });

    let (date, _) = local(start);
    let day = broker.get(&format!("/programme/day?area=31699&date={date}")).await;
    let run = &day["runs"][0];
    assert_eq!(
        (&run["entry"], &run["state"], &run["counts"]),
        (&entry["id"], &json!("over"), &json!({ "played": 1 }))
    );
    assert_eq!((&run["nodes"][0]["status"], &run["nodes"][0]["late_s"]), (&json!("played"), &json!(0.0)));
    let elsewhere = broker.get(&format!("/programme/day?area=31699-02&date={date}")).await;
    assert_eq!(elsewhere["runs"], json!([]));

    let week = broker.get(&format!("/programme/week?area=31699&from={date}")).await;
    assert_eq!(week["days"].as_array().unwrap().len(), 7);
    let today = &week["days"][0]["airings"][0];
    assert_eq!((&today["status"], &today["whole"]), (&json!({ "played": 1 }), &json!(false)));
    let later = &week["days"][6]["airings"][0];
    assert_eq!((&later["status"], &later["whole"]), (&Value::Null, &json!(true)));
    assert_eq!(later["hamlets"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn half_an_hour_before_an_airing_the_nodes_that_endanger_it_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let node = broker.enrolled("31699-01").await;
    broker.post("/programme", &once(&bulletin, &["31699"], in_minutes(50)), StatusCode::CREATED).await;
    assert_eq!(broker.get("/programme/alarms").await["items"], json!([]), "too early");
    let soon =
        broker.post("/programme", &once(&bulletin, &["31699"], in_minutes(20)), StatusCode::CREATED).await;
    let alarms = broker.get("/programme/alarms").await;
    let alarm = &alarms["items"][0];
    assert_eq!((&alarm["kind"], &alarm["entry"]), (&json!("node_away"), &soon["id"]));
    assert_eq!(alarm["nodes"][0]["node"], node.id().as_str());
    assert_eq!(alarm["nodes"][0]["hamlet"]["name"], "Ấp Chợ");

    broker.post("/stop", &json!({ "areas": ["31699"] }), StatusCode::ACCEPTED).await;
    let alarms = broker.get("/programme/alarms").await;
    let kinds: Vec<_> =
        alarms["items"].as_array().unwrap().iter().map(|alarm| alarm["kind"].clone()).collect();
    assert_eq!(kinds, ["node_away", "latched"]);
}
