//! How a node comes to be trusted, and ceases to be.

use jiff::{SignedDuration, Timestamp};
use loa_mqtt::Connection;
use loa_protocol::{ClipHash, Clock, SystemClock};
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Broker, PATIENCE};

#[tokio::test]
async fn a_code_enrols_one_node_once_and_a_wrong_one_none() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let (id, old) = broker.claim("31699-01").await;
    let claim = broker.post(&format!("/nodes/{id}/claims"), &json!({}), StatusCode::CREATED).await;
    let code = claim["code"].as_str().unwrap();
    let expires_at: Timestamp = claim["expires_at"].as_str().unwrap().parse().unwrap();
    let left = expires_at.duration_since(SystemClock::new().now());
    assert!(
        (left - SignedDuration::from_hours(7 * 24)).abs() < SignedDuration::from_mins(5),
        "a week: {left}"
    );

    let (problem, _) = broker.show_code("AAAAA-AAAAA", StatusCode::FORBIDDEN).await;
    assert_eq!(problem["code"], "claim_unknown");
    let (problem, _) = broker.show_code(&old, StatusCode::FORBIDDEN).await;
    assert_eq!(problem["code"], "claim_expired", "a newer code kills the older");
    let (told, _) = broker.show_code(&code.to_lowercase().replace('-', " "), StatusCode::OK).await;
    assert_eq!(told["node"], id.as_str());
    assert_eq!(told["areas"], json!(["94", "31699", "31699-01"]));
    let (problem, _) = broker.show_code(code, StatusCode::FORBIDDEN).await;
    assert_eq!(problem["code"], "claim_used");
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let mut refused = 0;
    // The wait doubles with each failure, so that even a slow machine's tries soon come too early.
    while broker.code_request("00000-00000").0.send().await.unwrap().status() == StatusCode::FORBIDDEN {
        refused += 1;
        assert!(refused < 12, "nothing slows guessing down");
    }
    assert!(refused >= 3, "a mistyped code must not lock the installer out");
}

#[tokio::test]
async fn clips_are_for_enrolled_nodes_and_a_revoked_one_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let hash = bulletin["clip"]["hash"].as_str().unwrap();
    let url = format!("{}/clips/{hash}", broker.nodes);
    let node = broker.enrolled("31699-01").await;

    let stranger = broker.node_http(None).get(&url).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
    let fetched = broker.node_http(Some(node.identity())).get(&url).send().await.unwrap();
    assert_eq!(fetched.status(), StatusCode::OK);
    assert_eq!(ClipHash::of(&fetched.bytes().await.unwrap()).as_str(), hash);

    let link = broker.connect(&node).await;
    broker.post(&format!("/nodes/{}/revoke", node.id()), &json!({}), StatusCode::NO_CONTENT).await;
    let mut connection = link.client.connection();
    timeout(PATIENCE, connection.wait_for(|c| !c.is_connected())).await.expect("cut off in time").unwrap();
    drop(link);
    let again = broker.link(&node);
    let mut connection = again.client.connection();
    timeout(PATIENCE, connection.changed()).await.expect("an attempt in time").unwrap();
    assert!(matches!(*connection.borrow(), Connection::Disconnected { .. }), "a revoked node got in");
    let refused = broker.node_http(Some(node.identity())).get(&url).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let node = broker.get(&format!("/nodes/{}", node.id())).await;
    assert_eq!(node["status"], "revoked");
}

#[tokio::test]
async fn a_node_that_has_the_beginning_of_a_clip_gets_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let url = format!("{}/clips/{}", broker.nodes, bulletin["clip"]["hash"].as_str().unwrap());
    let node = broker.enrolled("31699-01").await;
    let http = broker.node_http(Some(node.identity()));
    let whole = http.get(&url).send().await.unwrap().bytes().await.unwrap();
    let ask = async |range: String| {
        let answer = http.get(&url).header("range", range).send().await.unwrap();
        let place = answer.headers().get("content-range").map(|place| place.to_str().unwrap().to_owned());
        (answer.status(), place, answer.bytes().await.unwrap())
    };

    let bytes = whole.len();
    for first in [0, 1, bytes / 2, bytes - 1] {
        let (status, place, rest) = ask(format!("bytes={first}-")).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(place, Some(format!("bytes {first}-{}/{bytes}", bytes - 1)));
        assert!(rest == whole[first..]);
    }
    for (asked, got) in [("7-7", 7..8), ("100-131", 100..132), ("8-99999999", 8..bytes)] {
        let (status, place, part) = ask(format!("bytes={asked}")).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(place, Some(format!("bytes {}-{}/{bytes}", got.start, got.end - 1)));
        assert!(part == whole[got]);
    }
    let (status, place, _) = ask(format!("bytes={bytes}-")).await;
    assert_eq!((status, place), (StatusCode::RANGE_NOT_SATISFIABLE, Some(format!("bytes */{bytes}"))));
    for other in ["bytes=-5", "bytes=0-5,9-12", "bytes=5-4", "frames=7-", "bytes=x-"] {
        let (status, _, got) = ask(other.into()).await;
        assert_eq!(status, StatusCode::OK, "{other}");
        assert!(got == whole);
    }
    let nowhere = format!("{}/clips/{}", broker.nodes, ClipHash::of(b"none"));
    let nothing = http.get(nowhere).header("range", "bytes=1-").send().await.unwrap();
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    let stranger = broker.node_http(None).get(&url).header("range", "bytes=1-").send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn certificates_count_until_the_node_shows_a_later_one_is_enrolled_anew_or_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let first = broker.enrolled("31699-01").await;
    let lost = broker.renew(&first).await.expect("an answer that got lost");
    let second = broker.renew(&first).await.expect("asked again");
    drop(broker.connect(&first).await);
    drop(broker.connect(&second).await);
    for before in [&first, &lost] {
        let refused = broker.renew(before).await.err();
        assert_eq!(refused, Some(StatusCode::FORBIDDEN), "the node has shown a later one");
    }
    let third = broker.renew(&second).await.expect("a renewed certificate renews itself");

    // A new enrolment ends whatever was before.
    let claim = broker.post(&format!("/nodes/{}/claims", first.id()), &json!({}), StatusCode::CREATED).await;
    broker.show_code(claim["code"].as_str().unwrap(), StatusCode::OK).await;
    for before in [&second, &third] {
        assert_eq!(broker.renew(before).await.err(), Some(StatusCode::FORBIDDEN));
    }
    let other = broker.enrolled("31699-02").await;
    broker.post(&format!("/nodes/{}/revoke", other.id()), &json!({}), StatusCode::NO_CONTENT).await;
    assert_eq!(broker.renew(&other).await.err(), Some(StatusCode::FORBIDDEN));
    let url = format!("{}/renew", broker.nodes);
    let stranger = broker.node_http(None).post(url).json(&json!({ "csr_pem": "" })).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
}
