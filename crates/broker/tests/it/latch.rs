//! *Dừng tất cả* stays: through restarts of the broker, in the plan, until a person releases it.

use loa_protocol::Action;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::Broker;

#[tokio::test]
async fn a_stop_is_in_the_plan_outlives_a_kill_and_ends_when_somebody_releases_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let bulletin = broker.bulletin().await;
    let (node, other) = (broker.enrolled("31699-01").await, broker.enrolled("31699-02").await);
    let mut link = broker.connect(&node).await;
    let free = link.plan().await;
    assert_eq!(free.latch, None);

    let stopped = broker.post("/stop", &json!({ "areas": ["31699-01"] }), StatusCode::ACCEPTED).await;
    assert_eq!((&stopped["nodes"], &stopped["latches"][0]["area"]["name"]), (&json!(1), &json!("Ấp Chợ")));
    let (command, plan) = (link.order().await.0, link.plan_after(free.generation).await);
    assert_eq!(command.action, Action::Stop { broadcast: None, latch: true });
    let latch = plan.latch.expect("the plan says so");
    assert_eq!(latch.by, "UBND xã");
    drop(link);
    broker.kill().await;

    let broker = Broker::start(&data).await;
    broker.sign_in().await;
    assert_eq!(broker.get("/latches").await["items"], stopped["latches"]);
    let mut link = broker.connect(&node).await;
    let kept = link.plan().await;
    assert_eq!((kept.generation, kept.latch.as_ref()), (plan.generation, Some(&latch)));
    let now = |areas: &str| json!({ "bulletin": bulletin["id"], "areas": [areas] });
    let problem = broker.post("/broadcasts", &now("31699"), StatusCode::CONFLICT).await;
    assert_eq!((&problem["code"], &problem["params"]["area"]), (&json!("latched"), &json!("31699-01")));
    assert_eq!(problem["params"]["by"], "UBND xã");
    broker.post("/broadcasts", &now("31699-02"), StatusCode::CREATED).await;

    let id = stopped["latches"][0]["id"].as_str().unwrap();
    let released = broker.post(&format!("/latches/{id}/release"), &json!({}), StatusCode::OK).await;
    assert_eq!(released["released_by"], "UBND xã");
    let plan = link.plan_after(kept.generation).await;
    assert_eq!(plan.latch, None);
    assert!(plan.issued_at >= command.issued_at, "it is newer than the order to stop");
    assert_eq!(broker.get("/latches").await["items"], json!([]));
    broker.post("/broadcasts", &now("31699"), StatusCode::CREATED).await;
    let again = broker.post(&format!("/latches/{id}/release"), &json!({}), StatusCode::OK).await;
    assert_eq!(again, released);
    broker.post("/latches/none/release", &json!({}), StatusCode::NOT_FOUND).await;
    drop(other);
}

#[tokio::test]
async fn without_areas_everything_is_stopped_and_one_release_frees_a_province() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let _node = broker.enrolled("31699-01").await;
    let stopped = broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let areas: Vec<_> =
        stopped["latches"].as_array().unwrap().iter().map(|latch| latch["area"]["code"].clone()).collect();
    assert_eq!(areas, ["94"]);
    // A second tap doesn't ask for a second release.
    let again = broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    assert_eq!(broker.get("/latches").await["items"], again["latches"]);
}
