//! What is too large, too long or rubbish gets a problem with a code, and leaves nothing behind.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Broker, answer, tone};

async fn assert_nothing_is_stored(broker: &Broker) {
    assert_eq!(broker.get("/bulletins").await, json!([]));
    assert_eq!(broker.get("/broadcasts").await["items"], json!([]));
    let clips = std::fs::read_dir(broker.data.join("clips")).unwrap();
    assert_eq!(clips.count(), 0, "a clip was left behind");
}

#[tokio::test]
async fn what_can_not_be_taken_is_refused_with_a_code_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;

    for rubbish in ["{", "[]", "\"\"", "{\"title\": 7}", "\u{0}\u{1}", "null"] {
        for path in ["/bulletins", "/broadcasts", "/clips/speech", "/nodes", "/areas"] {
            let request = broker.request(Method::POST, path).header("content-type", "application/json");
            let problem = answer(request.body(rubbish), StatusCode::UNPROCESSABLE_ENTITY).await;
            assert_eq!(problem["code"], "invalid_request", "{path} {rubbish:?}");
        }
    }

    let long = "ồ".repeat(100_000);
    for (path, body) in [
        ("/readings", json!({ "text": long })),
        ("/clips/speech", json!({ "text": long, "voice": "vi" })),
        ("/bulletins", json!({ "title": "Dài", "text": long, "voice": "vi" })),
    ] {
        let problem = broker.post(path, &body, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(problem["code"], "text_too_long", "{path}");
    }
    let noise: Vec<u8> = (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for sound in [Vec::new(), noise, tone()[..20].to_vec()] {
        let problem = broker.upload(sound, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(problem["code"], "sound_unusable");
    }
    assert_nothing_is_stored(&broker).await;
}

#[tokio::test]
async fn an_upload_of_200_mb_is_refused_with_a_code_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let problem = broker.upload(vec![0x55; 200_000_000], StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(problem["code"], "too_large");
    assert_nothing_is_stored(&broker).await;
}
