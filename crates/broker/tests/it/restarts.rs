//! What waits for a node that is away survives a broker whose disk took none of it: the store gives it again.

use std::path::Path;

use loa_protocol::{Action, BroadcastId};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Broker, Node};

/// Puts a bulletin on air for a node that is away, and gives the broadcast.
async fn air(broker: &Broker, bulletin: &serde_json::Value) -> BroadcastId {
    let tap = json!({ "bulletin": bulletin["id"], "areas": ["31699-01"] });
    let broadcast = broker.post("/broadcasts", &tap, StatusCode::CREATED).await;
    broadcast["id"].as_str().unwrap().parse().unwrap()
}

/// A broker and a node that was there once and has gone.
async fn with_a_node_away(data: &Path) -> (Broker, Node) {
    let broker = Broker::with_commune(data).await;
    let node = broker.enrolled("31699-01").await;
    let link = broker.connect(&node).await;
    link.client.shutdown(None, crate::support::PATIENCE).await.unwrap();
    (broker, node)
}

/// Kills the broker with nothing of what waited on its disk, and starts it again.
async fn restart_with_nothing_kept(broker: Broker, data: &Path) -> Broker {
    broker.kill().await;
    std::fs::remove_dir_all(data.join("mqtt/queues")).unwrap();
    let broker = Broker::start(data).await;
    broker.sign_in().await;
    broker
}

#[tokio::test]
async fn a_broadcast_for_a_node_that_is_away_survives_a_restart_that_mqtt_forgets_it_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (broker, node) = with_a_node_away(&data).await;
    let bulletin = broker.bulletin().await;
    let id = air(&broker, &bulletin).await;

    let broker = restart_with_nothing_kept(broker, &data).await;
    let mut link = broker.connect(&node).await;
    let (command, sound) = link.order().await;
    let Action::Play(play) = &command.action else { panic!("{command:?}") };
    assert_eq!((&play.broadcast, &command.id), (&id, &id.command()), "by the same name: a copy is refused");
    assert!(sound.is_some());
}

#[tokio::test]
async fn what_was_stopped_is_not_given_again_but_stopped_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (broker, node) = with_a_node_away(&data).await;
    let bulletin = broker.bulletin().await;
    let one = air(&broker, &bulletin).await;
    broker.post(&format!("/broadcasts/{one}/stop"), &json!({}), StatusCode::ACCEPTED).await;
    let two = air(&broker, &bulletin).await;
    let stopped = broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let latch = stopped["latches"][0]["id"].as_str().unwrap();
    broker.post(&format!("/latches/{latch}/release"), &json!({}), StatusCode::OK).await;
    let last = air(&broker, &bulletin).await;

    let broker = restart_with_nothing_kept(broker, &data).await;
    let mut link = broker.connect(&node).await;
    for stopped in [one, two] {
        assert_eq!(link.order().await.0.action, Action::Stop { broadcast: Some(stopped), latch: false });
    }
    let (command, _) = link.order().await;
    assert!(matches!(&command.action, Action::Play(play) if play.broadcast == last), "{command:?}");
}
