//! From a tap to a signed command, and from a receipt back to the page.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use jiff::Timestamp;
use loa_mqtt::Publish;
use loa_protocol::{
    Action, AiringId, Class, ClipHash, Clock, ClockTrust, NodeState, Outcome, Receipt, ReceiptBatch,
    SystemClock,
    state::{OutputState, Playing},
    topic,
    version::VersionRange,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Broker, PATIENCE, answer};

fn state(at: Timestamp, playing: Option<Playing>, generation: Option<u64>) -> NodeState {
    NodeState {
        online: true,
        farewell: false,
        at,
        version: "test".into(),
        protocol: VersionRange::OURS,
        boot: "boot".into(),
        generation,
        clock: ClockTrust::Synchronised,
        playing,
        waiting: Vec::new(),
        output: OutputState::Ready,
        latched: false,
        lacking: Vec::new(),
        release: None,
        ask: None,
    }
}

/// Server-sent events as they come.
struct Events {
    stream: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl Events {
    async fn open(broker: &Broker) -> Self {
        let answer = broker.request(Method::GET, "/events").send().await.unwrap();
        Self { stream: answer.bytes_stream().boxed(), text: String::new() }
    }

    /// The next of this name.
    async fn next(&mut self, wanted: &str) -> Value {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let line =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim();
                if line("event:") == wanted {
                    return serde_json::from_str(line("data:")).unwrap_or(Value::Null);
                }
            }
            let more =
                timeout(PATIENCE, self.stream.next()).await.expect("an event in time").unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }
}

#[tokio::test]
async fn a_tap_becomes_a_signed_command_and_a_receipt_becomes_proof_that_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let bulletin = broker.bulletin().await;
    let nobody = json!({ "bulletin": bulletin["id"], "areas": ["31699"] });
    let problem = broker.post("/broadcasts", &nobody, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(problem["code"], "no_nodes");

    let (node, other) = (broker.enrolled("31699-01").await, broker.enrolled("31699-02").await);
    let mut link = broker.connect(&node).await;
    let mut silent = broker.connect(&other).await;
    let mut events = Events::open(&broker).await;
    events.next("hello").await;

    // The tap, and the same tap again.
    let tap = json!({ "bulletin": bulletin["id"], "areas": ["31699-01", "31699-01"] });
    let request =
        || broker.request(Method::POST, "/broadcasts").header("idempotency-key", "tap-1").json(&tap);
    let broadcast = answer(request(), StatusCode::CREATED).await;
    let again = answer(request(), StatusCode::OK).await;
    assert_eq!(again["id"], broadcast["id"]);
    let id = broadcast["id"].as_str().unwrap();
    let airing: AiringId = broadcast["airings"][0]["airing"].as_str().unwrap().parse().unwrap();
    assert_eq!(broadcast["airings"].as_array().unwrap().len(), 1, "one airing for one node");
    assert_eq!(events.next("broadcast").await["id"], id);

    // The node gets it, signed and with its sound.
    let (command, sound) = link.order().await;
    let Action::Play(play) = &command.action else { panic!("{command:?}") };
    assert!(command.audience.includes(&node.id(), &node.told.areas));
    assert!(!command.audience.includes(&other.id(), &other.told.areas));
    assert_eq!((play.broadcast.as_str(), play.class), (id, Class::Normal));
    assert_eq!(ClipHash::of(&sound.unwrap()), play.clip.hash);
    assert_eq!(AiringId::derive(&play.broadcast, &node.id(), command.issued_at), airing);

    // It plays, and the page sees it.
    let playing = Playing {
        airing: airing.clone(),
        broadcast: play.broadcast.clone(),
        class: Class::Normal,
        started_at: command.issued_at,
        duration_ms: play.clip.duration_ms,
    };
    link.say(topic::state(&node.id()), &state(command.issued_at, Some(playing), Some(1))).await;
    assert_eq!(events.next("airing").await["airing"]["status"], "playing");
    let heard = loop {
        let heard = events.next("node").await;
        if heard["id"] == node.id().as_str() && !heard["playing"].is_null() {
            break heard;
        }
    };
    assert_eq!(heard["playing"]["title"], "Họp dân", "what a node plays has a name");

    // It has played. The receipt is acknowledged only when it is safe.
    let receipt = Receipt {
        airing: airing.clone(),
        broadcast: play.broadcast.clone(),
        start: None,
        outcome: Outcome::Played,
        reason: None,
        started_at: Some(command.issued_at),
        ended_at: command.issued_at,
        frames: 48_000,
        clip_frames: 48_000,
        clip: play.clip.hash.clone(),
    };
    link.say(topic::receipt(&node.id()), &ReceiptBatch { receipts: vec![receipt.clone()] }).await;
    let (command, _) = link.command().await;
    assert_eq!(
        command.action,
        Action::Acknowledge { airings: vec![airing.clone()] },
        "the second tap played nothing"
    );

    // Stop everything is the first thing that the other hamlet hears.
    let stopped = broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    assert_eq!(stopped["nodes"], 2);
    let (command, _) = silent.order().await;
    assert_eq!(command.action, Action::Stop { broadcast: None, latch: true });
    let (command, _) = link.order().await;
    assert_eq!(command.action, Action::Stop { broadcast: None, latch: true });
    drop((link, silent));
    broker.kill().await;

    // Nothing that was acknowledged is lost, and a second, different receipt changes nothing.
    let restarted = SystemClock::new().now();
    let broker = Broker::start(&data).await;
    broker.sign_in().await;
    let path = format!("/broadcasts/{id}");
    assert_eq!(broker.get(&path).await["airings"][0]["status"], "played");
    let mut link = broker.connect(&node).await;
    let different = Receipt { outcome: Outcome::Missed, ..receipt };
    link.say(topic::receipt(&node.id()), &ReceiptBatch { receipts: vec![different] }).await;
    // What was sent before the kill may come once more.
    while {
        let (command, _) = link.command().await;
        command.issued_at < restarted
            || command.action != (Action::Acknowledge { airings: vec![airing.clone()] })
    } {}
    assert_eq!(broker.get(&path).await["airings"][0]["status"], "played");
}

#[tokio::test]
async fn a_node_is_given_its_plan_again_only_when_it_changed_or_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let first = link.plan().await;
    assert_eq!((first.node.clone(), first.generation), (node.id(), 1));
    let areas: Vec<_> = first.areas.iter().map(loa_protocol::AreaCode::as_str).collect();
    assert_eq!(areas, ["94", "31699", "31699-01"]);

    // Its volume changes: a second plan.
    let change = json!({ "volume": { "percent": 55, "emergency_percent": 90 } });
    let path = format!("/nodes/{}", node.id());
    answer(broker.request(Method::PATCH, &path).json(&change), StatusCode::OK).await;
    let second = link.plan_after(first.generation).await;
    assert_eq!((second.generation, second.volume.percent), (2, 55));

    // As long as it says that it holds an older one, it gets the newest again.
    let repeated = loop {
        link.say(topic::state(&node.id()), &state(node.told.now, None, Some(1))).await;
        if let Ok(plan) = timeout(Duration::from_secs(1), link.plan()).await {
            break plan;
        }
    };
    assert_eq!((repeated.generation, repeated.volume), (second.generation, second.volume));
    link.say(topic::state(&node.id()), &state(node.told.now, None, Some(2))).await;
    drop(link);
    assert!(broker.stop().await.success());

    // A restart makes no new generation: the next change is the third.
    let broker = Broker::start(&data).await;
    broker.sign_in().await;
    let mut link = broker.connect(&node).await;
    answer(broker.request(Method::PATCH, &path).json(&json!({ "name": "Cụm loa mới" })), StatusCode::OK)
        .await;
    let third = link.plan_after(second.generation).await;
    assert_eq!((third.generation, third.name.as_str()), (3, "Cụm loa mới"));
}

#[tokio::test]
async fn a_node_that_is_cut_off_is_lost_at_once_and_one_that_says_farewell_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    let link = broker.connect(&node).await;
    let mut events = Events::open(&broker).await;
    events.next("hello").await;
    let there = state(Timestamp::UNIX_EPOCH, None, Some(1));
    let will = NodeState { online: false, ..there.clone() };
    let farewell = NodeState { farewell: true, ..will.clone() };
    for (said, shown) in [(there.clone(), "online"), (will, "lost"), (there, "online"), (farewell, "offline")]
    {
        link.say(topic::state(&node.id()), &said).await;
        while events.next("node").await["status"] != shown {}
        let path = format!("/nodes/{}", node.id());
        assert_eq!(broker.get(&path).await["status"], shown);
    }
}

#[tokio::test]
async fn a_node_that_asks_for_the_present_is_told_at_once_and_what_it_asked_long_ago_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let begun = SystemClock::new().now();
    let asking = |question: &str| NodeState {
        ask: Some(question.into()),
        ..state(Timestamp::UNIX_EPOCH, None, Some(1))
    };
    link.say(topic::state(&node.id()), &asking("first")).await;
    let (command, _) = link.order().await;
    let Action::Time { answers, now } = &command.action else { panic!("{command:?}") };
    assert_eq!(answers, "first");
    assert!((begun..=SystemClock::new().now()).contains(now), "{now}");
    let life = command.expires_at.duration_since(command.issued_at);
    assert_eq!(life.as_secs(), 60);

    // What is retained is given to a broker that starts; the question in it is old.
    link.client
        .publish(
            Publish::new(topic::state(&node.id()), serde_json::to_vec(&asking("old")).unwrap()).retained(),
        )
        .await
        .unwrap();
    let (command, _) = link.order().await;
    assert!(matches!(&command.action, Action::Time { answers, .. } if answers == "old"), "{command:?}");
    drop(link);
    assert!(broker.stop().await.success());
    let restarted = SystemClock::new().now();
    let broker = Broker::start(&data).await;
    broker.sign_in().await;
    let mut link = broker.connect(&node).await;
    link.say(topic::state(&node.id()), &asking("new")).await;
    // What was sent before may come once more.
    let first = loop {
        let (command, _) = link.order().await;
        if command.issued_at >= restarted {
            break command;
        }
    };
    assert!(matches!(&first.action, Action::Time { answers, .. } if answers == "new"), "{first:?}");
}
