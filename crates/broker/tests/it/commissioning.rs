//! Commissioning: what an installer writes down, photographs, hears and signs, and who may.

use loa_protocol::{Action, AiringId, Audience, Outcome, Receipt, ReceiptBatch, topic};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Broker, Link, Node, PATIENCE, answer, at_any_hour};

/// The smallest thing with the parts of a JPEG, and a segment as phones write their position into.
fn photo(exif: &[u8]) -> Vec<u8> {
    let exif = if exif.is_empty() {
        Vec::new()
    } else {
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&[0xff, 0xe1][..], &length, exif].concat()
    };
    let frame = [0xff, 0xc0, 0, 11, 8, 2, 88, 3, 32, 1, 1, 0x11, 0];
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34];
    [&[0xff, 0xd8][..], &exif, &frame, &scan, &[0xff, 0xd9]].concat()
}

fn path(node: &Node, rest: &str) -> String {
    format!("/nodes/{}/commissioning{rest}", node.id())
}

async fn send_photo(broker: &Broker, node: &Node, bytes: Vec<u8>, expected: StatusCode) -> Value {
    let request = broker.request(Method::PUT, &path(node, "/photo")).header("content-type", "image/jpeg");
    answer(request.body(bytes), expected).await
}

const ITEMS: [&str; 9] = [
    "mounted",
    "earthed",
    "powered",
    "network",
    "tone_heard",
    "speech_heard",
    "volume_set",
    "lead_right",
    "caretaker_told",
];

fn sheet() -> Value {
    json!({
        "position": { "latitude": 9.6412, "longitude": 106.0133, "accuracy_m": 6.5 },
        "horns": 4, "horn_watts": 30, "lead_ms": 450, "lead_measured": true,
        "remark": "Cột điện số 12", "checks": ITEMS,
    })
}

/// Hears what it is to play, and reports that it did.
async fn plays(link: &mut Link, node: &Node) -> Audience {
    let (command, sound) = link.order().await;
    let Action::Play(play) = command.action else { panic!("{command:?}") };
    assert!(sound.is_some_and(|ogg| ogg.starts_with(b"OggS")), "speech goes along");
    let airing = AiringId::derive(&play.broadcast, &node.id(), command.issued_at);
    let receipt = Receipt {
        airing: airing.clone(),
        broadcast: play.broadcast,
        start: None,
        outcome: Outcome::Played,
        reason: None,
        started_at: Some(command.issued_at + jiff::SignedDuration::from_millis(412)),
        ended_at: command.issued_at + jiff::SignedDuration::from_secs(3),
        frames: 120_000,
        clip_frames: 120_000,
        clip: play.clip.hash,
    };
    link.say(topic::receipt(&node.id()), &ReceiptBatch { receipts: vec![receipt] }).await;
    let (acknowledged, _) = link.command().await;
    assert_eq!(acknowledged.action, Action::Acknowledge { airings: vec![airing] });
    command.audience
}

#[tokio::test]
async fn a_node_is_written_down_photographed_heard_and_signed_and_then_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let node = broker.enrolled("31699-01").await;
    let neighbour = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let mut beside = broker.connect(&neighbour).await;

    let empty = broker.get(&path(&node, "")).await;
    assert_eq!(
        (&empty["sentence"], &empty["changed_at"]),
        (&json!("Loa Ấp Chợ số 1, kiểm tra."), &Value::Null)
    );
    assert_eq!(broker.get(&path(&neighbour, "")).await["sentence"], "Loa Ấp Chợ số 2, kiểm tra.");
    assert_eq!(empty["missing"].as_array().unwrap().len(), 7);

    let written = broker.put(&path(&node, ""), &sheet(), StatusCode::OK).await;
    assert_eq!(written["missing"], json!(["photo", "spoken_test"]));
    assert_eq!(
        (&written["checks"][0]["item"], &written["checks"][0]["by"]),
        (&json!("mounted"), &json!("UBND xã"))
    );

    let refused = broker.post(&path(&node, "/sign"), &json!({}), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["code"], "commissioning_incomplete");
    assert_eq!(refused["params"]["missing"], json!(["photo", "spoken_test"]));

    // The picture is kept, and nothing of who took it.
    send_photo(&broker, &node, photo(b"Exif\0\0GPS"), StatusCode::OK).await;
    let kept = broker.request(Method::GET, &path(&node, "/photo")).send().await.unwrap();
    assert_eq!(kept.headers()["content-type"], "image/jpeg");
    assert_eq!(kept.headers()["x-content-type-options"], "nosniff");
    assert_eq!(kept.bytes().await.unwrap(), photo(b""));

    // It sounds on this node alone, and counts when the node says that it was heard.
    let aired = broker.post(&path(&node, "/spoken-test"), &json!({}), StatusCode::CREATED).await;
    assert_eq!(aired["airings"].as_array().unwrap().len(), 1);
    let waiting = broker.get(&path(&node, "")).await;
    assert_eq!(
        (&waiting["spoken_test"]["status"], &waiting["missing"]),
        (&json!("sent"), &json!(["spoken_test"]))
    );
    let audience = plays(&mut link, &node).await;
    assert_eq!(audience, Audience::node(node.id()));
    let heard = broker.get(&path(&node, "")).await;
    assert_eq!(heard["spoken_test"]["sound_after_ms"], 412);
    assert_eq!(heard["missing"], json!([]));

    let signed = broker.post(&path(&node, "/sign"), &json!({}), StatusCode::OK).await;
    assert_eq!(signed["signed"]["by"], "UBND xã");
    assert_eq!(signed["signed"]["figures"]["sound_after_ms"], 412);
    assert_eq!(signed["horns"], 4);
    let again = broker.post(&path(&node, "/sign"), &json!({}), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(again["code"], "commissioning_incomplete");
    assert_eq!(broker.get(&path(&node, "")).await["signed"], signed["signed"]);

    // Whoever goes there again begins anew; the same words are said by the same bulletin.
    let anew = broker.put(&path(&node, ""), &json!({ "horns": 2 }), StatusCode::OK).await;
    assert_eq!((&anew["signed"], &anew["photo"], &anew["horns"]), (&Value::Null, &Value::Null, &json!(2)));
    let first = broker.post(&path(&node, "/spoken-test"), &json!({}), StatusCode::CREATED).await;
    plays(&mut link, &node).await;
    let second = broker.post(&path(&node, "/spoken-test"), &json!({}), StatusCode::CREATED).await;
    plays(&mut link, &node).await;
    assert_eq!(first["bulletin"]["id"], second["bulletin"]["id"]);

    // The neighbour heard nothing of it: the first order it gets is for it.
    broker.post(&path(&neighbour, "/spoken-test"), &json!({}), StatusCode::CREATED).await;
    assert_eq!(plays(&mut beside, &neighbour).await, Audience::node(neighbour.id()));
}

#[tokio::test]
async fn a_test_that_mqtt_forgot_in_a_restart_is_given_again_to_its_node_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let node = broker.enrolled("31699-01").await;
    let neighbour = broker.enrolled("31699-01").await;
    // Both were there, so that what is for them waits.
    for node in [&node, &neighbour] {
        broker.connect(node).await.client.shutdown(None, PATIENCE).await.unwrap();
    }
    broker.post(&path(&node, "/spoken-test"), &json!({}), StatusCode::CREATED).await;
    broker.kill().await;
    std::fs::remove_dir_all(data.join("mqtt/queues")).unwrap();
    let broker = Broker::start(&data).await;
    broker.sign_in().await;
    let mut link = broker.connect(&node).await;
    assert_eq!(plays(&mut link, &node).await, Audience::node(node.id()));
    let mut beside = broker.connect(&neighbour).await;
    answer(
        broker.request(Method::POST, &format!("/nodes/{}/identify", neighbour.id())),
        StatusCode::ACCEPTED,
    )
    .await;
    assert_eq!(beside.order().await.0.action, Action::Identify, "and nothing before it");
}

#[tokio::test]
async fn a_test_out_of_hours_or_where_everything_is_stopped_is_refused_like_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    let never = json!({ "hours": vec![json!([]); 7] });
    broker.put("/areas/31699/policy", &never, StatusCode::OK).await;
    let refused =
        broker.post(&path(&node, "/spoken-test"), &json!({}), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!((&refused["code"], &refused["params"]["limit"]), (&json!("policy_breached"), &json!("hours")));
    broker.put("/areas/31699/policy", &at_any_hour(), StatusCode::OK).await;
    broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let refused = broker.post(&path(&node, "/spoken-test"), &json!({}), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "latched");
    assert_eq!(broker.get("/broadcasts").await["items"], json!([]));
    assert_eq!(broker.get(&path(&node, "")).await["spoken_test"], Value::Null);
}

#[tokio::test]
async fn what_can_not_be_is_refused_and_no_file_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let node = broker.enrolled("31699-01").await;
    for (field, value) in [
        ("position", json!({ "latitude": 91, "longitude": 106 })),
        ("horns", json!(0)),
        ("horn_watts", json!(1001)),
        ("lead_ms", json!(10_001)),
        ("remark", json!("ă".repeat(501))),
    ] {
        let mut odd = sheet();
        odd[field] = value;
        let refused = broker.put(&path(&node, ""), &odd, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["params"]["field"], field);
    }
    assert_eq!(broker.get(&path(&node, "")).await["changed_at"], Value::Null);

    for bytes in [b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), Vec::new()] {
        let refused = send_photo(&broker, &node, bytes, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["code"], "photo_unusable");
    }
    let refused = send_photo(&broker, &node, vec![0xff; 300_001], StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(refused["code"], "too_large");
    answer(broker.request(Method::GET, &path(&node, "/photo")), StatusCode::NOT_FOUND).await;

    // Of photos that were replaced nothing is left.
    let mut other = photo(b"");
    let at = other.len() - 3;
    for number in 0..3 {
        other[at] = number;
        send_photo(&broker, &node, other.clone(), StatusCode::OK).await;
    }
    let files = std::fs::read_dir(data.join("photos")).unwrap();
    let files = files.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    assert_eq!(files.count(), 1);
}

#[tokio::test]
async fn installers_and_admins_of_the_area_write_viewers_read_and_the_neighbours_see_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    broker.put(&path(&node, ""), &sheet(), StatusCode::OK).await;
    send_photo(&broker, &node, photo(b""), StatusCode::OK).await;

    let installer = broker.invited("lap", json!([{ "role": "installer", "area": "31699-01" }])).await;
    let mut less = sheet();
    less["checks"] = json!(["mounted"]);
    answer(installer.request(Method::PUT, &path(&node, "")).json(&less), StatusCode::OK).await;
    let more = answer(installer.request(Method::PUT, &path(&node, "")).json(&sheet()), StatusCode::OK).await;
    let by = |at: usize| more["checks"][at]["by"].as_str().unwrap().to_owned();
    assert_eq!((by(0).as_str(), by(1).as_str()), ("UBND xã", "lap"), "who ticked first stays on it");

    let viewer = broker.invited("xem", json!([{ "role": "viewer", "area": "31699" }])).await;
    viewer.get(&path(&node, ""), StatusCode::OK).await;
    viewer.get(&path(&node, "/photo"), StatusCode::OK).await;
    let elsewhere = broker.invited("ben-canh", json!([{ "role": "installer", "area": "31699-02" }])).await;
    for (someone, reads) in [(&viewer, true), (&elsewhere, false)] {
        for (method, rest) in [("PUT", ""), ("PUT", "/photo"), ("POST", "/spoken-test"), ("POST", "/sign")] {
            let request = someone.request(method.parse().unwrap(), &path(&node, rest)).json(&sheet());
            answer(request, StatusCode::FORBIDDEN).await;
        }
        for rest in ["", "/photo"] {
            let status = if reads { StatusCode::OK } else { StatusCode::FORBIDDEN };
            someone.get(&path(&node, rest), status).await;
        }
    }
    let log = broker.get("/audit?action=node.inspect&limit=200").await;
    let actions: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    // Newest first: one from the next hamlet, asked and refused; a viewer who got no further than the gate; and three that were done.
    let tried = ["node.inspect.refused", "node.inspect", "node.inspect.refused"];
    assert_eq!(actions, [&tried[..], &["node.inspect"; 3]].concat());
}
