//! What becomes of a node: new hardware, another hamlet, revoked, out of service.

use loa_mqtt::Connection;
use loa_protocol::{Action, AiringId, AreaCode, BroadcastId, Outcome, Receipt, ReceiptBatch, topic};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Broker, Link, Node, PATIENCE, answer};

/// New hardware for a node that there is.
async fn replaced(broker: &Broker, node: &Node) -> Node {
    let claim = broker.post(&format!("/nodes/{}/claims", node.id()), &json!({}), StatusCode::CREATED).await;
    let (told, key) = broker.show_code(claim["code"].as_str().unwrap(), StatusCode::OK).await;
    Node { told: serde_json::from_value(told).unwrap(), key_pem: key.serialize_pem() }
}

/// Waits until this link is cut.
async fn cut(link: &Link) {
    let mut connection = link.client.connection();
    timeout(PATIENCE, connection.wait_for(|c| !c.is_connected())).await.expect("cut off in time").unwrap();
}

/// A node that connects anew is turned away.
async fn stays_out(broker: &Broker, node: &Node) {
    let link = broker.link(node);
    let mut connection = link.client.connection();
    timeout(PATIENCE, connection.changed()).await.expect("an attempt in time").unwrap();
    assert!(matches!(*connection.borrow(), Connection::Disconnected { .. }), "it got in");
    assert_eq!(broker.renew(node).await.err(), Some(StatusCode::FORBIDDEN));
}

async fn status(broker: &Broker, node: &Node) -> Value {
    broker.get(&format!("/nodes/{}", node.id())).await["status"].clone()
}

fn played(bulletin: &Value, broadcast: &BroadcastId, airing: AiringId) -> ReceiptBatch {
    let now = "2026-11-25T05:00:00Z".parse().unwrap();
    let receipt = Receipt {
        airing,
        broadcast: broadcast.clone(),
        outcome: Outcome::Played,
        reason: None,
        start: None,
        started_at: Some(now),
        ended_at: now,
        frames: 48_000,
        clip_frames: 48_000,
        clip: bulletin["clip"]["hash"].as_str().unwrap().parse().unwrap(),
    };
    ReceiptBatch { receipts: vec![receipt] }
}

/// Airs a bulletin; the broadcast, and its airing on the only node.
async fn aired(broker: &Broker, bulletin: &Value, areas: &[&str]) -> (BroadcastId, AiringId) {
    let order = json!({ "bulletin": bulletin["id"], "areas": areas });
    let broadcast = broker.post("/broadcasts", &order, StatusCode::CREATED).await;
    let airing = broadcast["airings"][0]["airing"].as_str().unwrap().parse().unwrap();
    (broadcast["id"].as_str().unwrap().parse().unwrap(), airing)
}

/// The only airing of a broadcast, once it is as it should be.
async fn airing_until(broker: &Broker, broadcast: &BroadcastId, done: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let airing = broker.get(&format!("/broadcasts/{broadcast}")).await["airings"][0].clone();
            if done(&airing) {
                return airing;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("in time")
}

/// Waits until the MQTT server keeps something for a node, or nothing any more.
async fn retained(broker: &Broker, node: &Node, wanted: bool) {
    let folder = broker.data.join("mqtt/retained");
    let keeps = || {
        let mut files = std::fs::read_dir(&folder).unwrap();
        files.any(|file| file.unwrap().file_name().to_str().unwrap().contains(node.id().as_str()))
    };
    let wait = async {
        while keeps() != wanted {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("what is retained for the node: {}", keeps()));
}

#[tokio::test]
async fn new_hardware_takes_the_place_of_the_old_which_is_cut_off_and_stays_out() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let old = broker.enrolled("31699-01").await;
    let path = format!("/nodes/{}", old.id());
    let change = json!({ "name": "Cổng chợ", "volume": { "percent": 61, "emergency_percent": 97 } });
    answer(broker.request(Method::PATCH, &path).json(&change), StatusCode::OK).await;
    let mut link = broker.connect(&old).await;
    let held = link.plan().await;

    let claim = broker.post(&format!("{path}/claims"), &json!({}), StatusCode::CREATED).await;
    broker.renew(&old).await.expect("a code that nobody has used changes nothing");
    let (told, key) = broker.show_code(claim["code"].as_str().unwrap(), StatusCode::OK).await;
    let new = Node { told: serde_json::from_value(told).unwrap(), key_pem: key.serialize_pem() };
    assert_eq!(new.id(), old.id());
    cut(&link).await;
    drop(link);
    stays_out(&broker, &old).await;

    let mut link = broker.connect(&new).await;
    let plan = link.plan().await;
    assert!(plan.generation >= held.generation, "generations go on");
    assert_eq!((plan.name.as_str(), plan.volume.percent, &plan.areas), ("Cổng chợ", 61, &held.areas));
    let audit = broker.get("/audit").await;
    let enrolled: Vec<_> =
        audit["items"].as_array().unwrap().iter().filter(|r| r["action"] == "node.enrolled").collect();
    assert_eq!(enrolled.len(), 2);
    assert!(enrolled.iter().any(|r| r["details"]["replaces"].is_string()), "{audit}");
}

#[tokio::test]
async fn what_old_hardware_never_reported_is_missed_until_its_own_receipt_says_better() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let old = broker.enrolled("31699-01").await;
    let (open, open_airing) = aired(&broker, &bulletin, &["31699-01"]).await;
    let (told, told_airing) = aired(&broker, &bulletin, &["31699-01"]).await;
    let link = broker.connect(&old).await;
    link.say(topic::receipt(&old.id()), &played(&bulletin, &told, told_airing)).await;
    airing_until(&broker, &told, |airing| airing["status"] == "played").await;

    let new = replaced(&broker, &old).await;
    let airing = airing_until(&broker, &open, |airing| airing["status"] != "sent").await;
    assert_eq!((&airing["status"], &airing["reason"]), (&json!("missed"), &json!("node_silent")));
    let kept = airing_until(&broker, &told, |_| true).await;
    assert_eq!(kept["status"], "played", "what was reported stays");
    // The same board, enrolled again, still has the receipt.
    let link = broker.connect(&new).await;
    link.say(topic::receipt(&new.id()), &played(&bulletin, &open, open_airing)).await;
    airing_until(&broker, &open, |airing| airing["status"] == "played").await;
}

#[tokio::test]
async fn a_revoked_place_gets_new_hardware_by_a_code_made_afterwards_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let stolen = broker.enrolled("31699-01").await;
    let path = format!("/nodes/{}", stolen.id());
    let before = broker.post(&format!("{path}/claims"), &json!({}), StatusCode::CREATED).await;
    broker.post(&format!("{path}/revoke"), &json!({}), StatusCode::NO_CONTENT).await;
    let (problem, _) = broker.show_code(before["code"].as_str().unwrap(), StatusCode::FORBIDDEN).await;
    assert_eq!(problem["code"], "claim_expired");
    assert_eq!(status(&broker, &stolen).await, "revoked");

    let new = replaced(&broker, &stolen).await;
    assert_eq!(status(&broker, &new).await, "offline");
    drop(broker.connect(&new).await);
    stays_out(&broker, &stolen).await;
}

#[tokio::test]
async fn a_retired_node_is_cut_off_forgotten_by_mqtt_and_back_only_by_a_new_code() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let node = broker.enrolled("31699-01").await;
    let path = format!("/nodes/{}", node.id());
    let before = broker.post(&format!("{path}/claims"), &json!({}), StatusCode::CREATED).await;
    let mut link = broker.connect(&node).await;
    let held = link.plan().await;
    retained(&broker, &node, true).await;
    let (broadcast, _) = aired(&broker, &bulletin, &["31699-01"]).await;

    let retired = broker.post(&format!("{path}/retirement"), &json!({}), StatusCode::OK).await;
    assert_eq!(retired["status"], "retired");
    retained(&broker, &node, false).await;
    cut(&link).await;
    drop(link);
    stays_out(&broker, &node).await;
    let (problem, _) = broker.show_code(before["code"].as_str().unwrap(), StatusCode::FORBIDDEN).await;
    assert_eq!(problem["code"], "claim_expired");
    // It is nobody's audience, but what it aired stays.
    let order = json!({ "bulletin": bulletin["id"], "areas": ["31699-01"] });
    let problem = broker.post("/broadcasts", &order, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(problem["code"], "no_nodes");
    let problem = broker.post(&format!("{path}/identify"), &json!({}), StatusCode::CONFLICT).await;
    assert_eq!(problem["code"], "node_not_trusted");
    assert_eq!(
        broker.get(&format!("/broadcasts/{broadcast}")).await["airings"][0]["node"]["id"],
        node.id().as_str()
    );
    broker.post(&format!("{path}/retirement"), &json!({}), StatusCode::OK).await;

    let back = replaced(&broker, &node).await;
    assert_eq!(status(&broker, &back).await, "offline");
    let mut link = broker.connect(&back).await;
    let plan = link.plan().await;
    assert!(plan.issued_at > held.issued_at && plan.generation >= held.generation);
}

/// Another commune in the province, with a hamlet.
async fn another_commune(broker: &Broker) {
    for (code, name, parent) in [("31700", "Trung Bình", Some("94")), ("31700-01", "Ấp Mỏ Ó", None)] {
        let mut area = json!({ "code": code, "name": name });
        if let Some(parent) = parent {
            area["parent"] = parent.into();
        }
        broker.post("/areas", &area, StatusCode::CREATED).await;
    }
}

#[tokio::test]
async fn a_node_moves_to_another_commune_with_its_certificate_and_obeys_the_new_one_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    another_commune(&broker).await;
    let bulletin = broker.bulletin().await;
    let entry = json!({ "bulletin": bulletin["id"], "areas": ["31700"],
        "timetable": { "every": "day", "times": ["05:00"], "from": "2030-01-01" } });
    let entry = broker.post("/programme", &entry, StatusCode::CREATED).await;
    let node = broker.enrolled("31699-01").await;
    let (before, airing) = aired(&broker, &bulletin, &["31699"]).await;
    let mut link = broker.connect(&node).await;
    let held = link.plan().await;
    assert!(held.broadcasts.is_empty());
    link.say(topic::receipt(&node.id()), &played(&bulletin, &before, airing)).await;
    airing_until(&broker, &before, |airing| airing["status"] == "played").await;

    let path = format!("/nodes/{}", node.id());
    let moved =
        answer(broker.request(Method::PATCH, &path).json(&json!({ "hamlet": "31700-01" })), StatusCode::OK)
            .await;
    assert_eq!((&moved["hamlet"]["code"], &moved["commune"]["code"]), (&json!("31700-01"), &json!("31700")));
    assert_eq!(moved["name"], "Cụm loa", "the rest stays");
    cut(&link).await;
    drop(link);
    let commune: AreaCode = "31700".parse().unwrap();
    let mut link = broker.connect_in(&node, &commune).await;
    let plan = link.plan_after(held.generation).await;
    assert_eq!(plan.areas, ["94", "31700", "31700-01"].map(|code| code.parse::<AreaCode>().unwrap()));
    assert_eq!(plan.broadcasts[0].id.as_str(), entry["id"].as_str().unwrap());
    // What was to be aired there before it came was others' to air.
    assert!(plan.broadcasts[0].since > held.issued_at);

    // Both its own commands and the new commune's reach it; the old commune's hamlet has nobody left.
    aired(&broker, &bulletin, &["31700"]).await;
    assert!(matches!(link.order().await.0.action, Action::Play(_)));
    let order = json!({ "bulletin": bulletin["id"], "areas": ["31699"] });
    assert_eq!(
        broker.post("/broadcasts", &order, StatusCode::UNPROCESSABLE_ENTITY).await["code"],
        "no_nodes"
    );
    // What it aired stays where it was aired.
    let old = broker.get(&format!("/broadcasts/{before}")).await;
    assert_eq!(old["airings"][0]["hamlet"], json!({ "code": "31699-01", "name": "Ấp Chợ" }));
}

#[tokio::test]
async fn moving_and_retiring_need_the_right_in_every_hamlet_concerned() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    another_commune(&broker).await;
    let (node, other) = (broker.enrolled("31699-01").await, broker.enrolled("31700-01").await);
    let installer = broker.invited("tho", json!([{ "role": "installer", "area": "31699" }])).await;
    let (path, foreign) = (format!("/nodes/{}", node.id()), format!("/nodes/{}", other.id()));
    let to = async |path: &str, hamlet: &str, expected| {
        answer(installer.request(Method::PATCH, path).json(&json!({ "hamlet": hamlet })), expected).await
    };
    assert_eq!(to(&path, "31700-01", StatusCode::FORBIDDEN).await["code"], "area_not_yours");
    assert_eq!(to(&foreign, "31699-01", StatusCode::FORBIDDEN).await["code"], "area_not_yours");
    let problem = installer.post(&format!("{foreign}/retirement"), &json!({}), StatusCode::FORBIDDEN).await;
    assert_eq!(problem["code"], "area_not_yours");
    for nonsense in ["31699", "94", "ấp", ""] {
        let problem = to(&path, nonsense, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(problem["code"], "invalid_field", "{nonsense}");
    }
    let nowhere = json!({ "hamlet": "31699-77", "name": "Nơi khác" });
    let nowhere = broker.request(Method::PATCH, &path).json(&nowhere);
    assert_eq!(answer(nowhere, StatusCode::UNPROCESSABLE_ENTITY).await["code"], "dangling");
    let unmoved = broker.get(&path).await;
    assert_eq!((&unmoved["hamlet"]["code"], &unmoved["name"]), (&json!("31699-01"), &json!("Cụm loa")));

    to(&path, "31699-02", StatusCode::OK).await;
    installer.post(&format!("{path}/retirement"), &json!({}), StatusCode::OK).await;
    let audit = broker.get("/audit").await;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|record| record["action"].clone()).collect();
    assert!(
        actions.contains(&json!("node.change")) && actions.contains(&json!("node.retire")),
        "{actions:?}"
    );
}
