//! What is sent arrives: to a node offline, restarted or flapping; nothing expired, nothing stale.

use std::collections::HashMap;
use std::time::Duration;

use loa_mqtt::{ClientConfig, Connection, Publish, Qos, Subscription, Will};
use tokio::sync::mpsc;

use crate::server::{Kind, Server};
use crate::{connect, connected, next, soon};

const COMMAND: &str = "loa/1/node/n1/command";
const PLAN: &str = "loa/1/node/n1/plan";
const STATE: &str = "loa/1/node/n1/state";

/// Settings of n1, hearing its commands and its plan.
fn hearing_node(server: &Server) -> ClientConfig {
    let mut config = server.node("n1");
    config.subscriptions = vec![Subscription::new(COMMAND), Subscription::new(PLAN)];
    config
}

pub(crate) async fn messages_flow_both_ways(kind: Kind) {
    let server = Server::start(kind).await;
    let mut states = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/state")]).await.unwrap();
    let (node, mut incoming, session_present) = connect(hearing_node(&server)).await;
    assert!(!session_present, "a first login finds no session");

    server.bus().publish(Publish::new(COMMAND, "stop")).await.unwrap();
    assert_eq!(next(&mut incoming).await, (COMMAND.into(), "stop".into()));

    node.publish(Publish::new(STATE, "online").retained()).await.unwrap();
    let state = soon(states.recv()).await.unwrap();
    assert_eq!((state.topic.as_str(), &state.payload[..]), (STATE, &b"online"[..]));

    node.try_publish(Publish::new("loa/1/node/n1/heartbeat", "1").at_most_once()).unwrap().await.unwrap();
    assert!(states.try_recv().is_err(), "a heartbeat was not asked for");
}

pub(crate) async fn a_node_gets_what_was_sent_while_it_was_away(kind: Kind) {
    let server = Server::start(kind).await;
    let (node, incoming, _) = connect(hearing_node(&server)).await;
    node.shutdown(None, Duration::from_secs(5)).await.unwrap();
    drop(incoming);

    for i in 0..20 {
        server.bus().publish(Publish::new(COMMAND, i.to_string())).await.unwrap();
    }
    // A new client with the same id is what a restarted agent is.
    let (_node, mut incoming, session_present) = connect(hearing_node(&server)).await;
    assert!(session_present);
    for i in 0..20 {
        assert_eq!(next(&mut incoming).await.1, i.to_string(), "in order");
    }
}

pub(crate) async fn a_flapping_node_loses_nothing(kind: Kind) {
    const ROUNDS: u32 = 50;
    const PER_ROUND: u32 = 20;
    let server = Server::start(kind).await;
    let (node, mut incoming, _) = connect(hearing_node(&server)).await;
    let reader = tokio::spawn(async move {
        let mut seen: HashMap<u32, u32> = HashMap::new();
        let mut newest = None;
        while seen.len() < (ROUNDS * PER_ROUND) as usize {
            let message = soon(incoming.recv()).await.unwrap();
            let number: u32 = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
            let times = seen.entry(number).or_default();
            *times += 1;
            assert!(*times == 1 || message.dup, "{number} came again without saying so");
            if *times == 1 {
                assert!(newest < Some(number), "{number} overtaken by {newest:?}");
                newest = Some(number);
            }
            message.ack.ack();
        }
        seen.values().map(|times| times - 1).sum::<u32>()
    });

    let mut connection = node.connection();
    for round in 0..ROUNDS {
        connection.borrow_and_update();
        for i in 0..PER_ROUND {
            if i == round % PER_ROUND {
                node.reconnect();
            }
            server.bus().publish(Publish::new(COMMAND, (round * PER_ROUND + i).to_string())).await.unwrap();
        }
        soon(connection.changed()).await.unwrap();
        connected(&node).await;
    }
    let repeated = soon(reader).await.unwrap();
    eprintln!("{kind:?}: {} messages over {ROUNDS} reconnects, {repeated} repeated", ROUNDS * PER_ROUND);
}

pub(crate) async fn a_late_subscriber_gets_the_latest_retained_message_only(kind: Kind) {
    let server = Server::start(kind).await;
    for generation in 1..=3 {
        server.bus().publish(Publish::new(PLAN, format!("plan {generation}")).retained()).await.unwrap();
    }
    let (node, mut incoming, _) = connect(hearing_node(&server)).await;
    let plan = soon(incoming.recv()).await.unwrap();
    assert_eq!((&plan.payload[..], plan.retain), (&b"plan 3"[..], true));
    plan.ack.ack();
    // Its answer shows that the acknowledgement before it is there too.
    node.publish(Publish::new(STATE, "online")).await.unwrap();

    // A reconnect with its session brings nothing again; a restart does.
    let mut connection = node.connection();
    connection.borrow_and_update();
    node.reconnect();
    soon(connection.changed()).await.unwrap();
    assert!(connected(&node).await);
    server.bus().publish(Publish::new(COMMAND, "barrier")).await.unwrap();
    assert_eq!(next(&mut incoming).await.1, "barrier");
    node.shutdown(None, Duration::from_secs(5)).await.unwrap();
    let (_node, mut incoming, _) = connect(hearing_node(&server)).await;
    assert_eq!(next(&mut incoming).await.1, "plan 3");

    // Cleared, it is gone.
    server.bus().publish(Publish::new(PLAN, "").retained()).await.unwrap();
    assert_eq!(next(&mut incoming).await.1, "", "who hears it learns of it");
    let mut late =
        server.bus().subscribe(vec![Subscription::new(PLAN), Subscription::new(COMMAND)]).await.unwrap();
    server.bus().publish(Publish::new(COMMAND, "barrier")).await.unwrap();
    assert_eq!(soon(late.recv()).await.unwrap().topic, COMMAND);
}

pub(crate) async fn what_was_not_acknowledged_comes_again(kind: Kind) {
    let server = Server::start(kind).await;
    let (node, mut incoming, _) = connect(hearing_node(&server)).await;
    server.bus().publish(Publish::new(COMMAND, "first")).await.unwrap();
    let unsafe_yet = soon(incoming.recv()).await.unwrap();
    assert!(!unsafe_yet.dup);

    let mut connection = node.connection();
    connection.borrow_and_update();
    node.reconnect();
    soon(connection.changed()).await.unwrap();
    connected(&node).await;
    // Too late: that connection is gone. It must not acknowledge whatever has its number now.
    unsafe_yet.ack.ack();
    let again = soon(incoming.recv()).await.unwrap();
    assert_eq!((&again.payload[..], again.dup), (&b"first"[..], true));

    connection.borrow_and_update();
    node.reconnect();
    soon(connection.changed()).await.unwrap();
    connected(&node).await;
    assert_eq!(next(&mut incoming).await.1, "first", "the late acknowledgement did not count");

    server.bus().publish(Publish::new(COMMAND, "second")).await.unwrap();
    assert_eq!(next(&mut incoming).await.1, "second");
}

pub(crate) async fn a_lost_node_leaves_its_will(kind: Kind) {
    let server = Server::start(kind).await;
    let mut states = server.bus().subscribe(vec![Subscription::new(STATE)]).await.unwrap();
    let mut config = hearing_node(&server);
    config.will = Some(Will { delay: Duration::from_secs(1), ..Will::new(STATE, "lost") });
    let (node, incoming, _) = connect(config.clone()).await;
    node.publish(Publish::new(STATE, "online").retained()).await.unwrap();
    assert_eq!(next_state(&mut states).await, "online");

    // A quick reconnect is no loss: the will's delay hides it.
    let mut connection = node.connection();
    connection.borrow_and_update();
    node.reconnect();
    soon(connection.changed()).await.unwrap();
    connected(&node).await;
    node.publish(Publish::new(STATE, "online again").retained()).await.unwrap();
    assert_eq!(next_state(&mut states).await, "online again");

    // Dropped, the client vanishes without a word.
    drop((node, incoming));
    assert_eq!(next_state(&mut states).await, "lost");
    let mut late = server.bus().subscribe(vec![Subscription::new("loa/1/node/n1/+")]).await.unwrap();
    assert_eq!(next_state(&mut late).await, "lost", "the will is retained");
}

pub(crate) async fn a_farewell_takes_the_place_of_the_will(kind: Kind) {
    let server = Server::start(kind).await;
    let mut states = server.bus().subscribe(vec![Subscription::new(STATE)]).await.unwrap();
    let mut config = hearing_node(&server);
    config.will = Some(Will { delay: Duration::ZERO, ..Will::new(STATE, "lost") });
    let (node, _incoming, _) = connect(config.clone()).await;
    let state = node.connection();
    node.shutdown(Some(Publish::new(STATE, "stopped").retained()), Duration::from_secs(5)).await.unwrap();
    assert_eq!(next_state(&mut states).await, "stopped");
    assert!(matches!(*state.borrow(), Connection::Disconnected { .. }));

    // Had a will been left, it would be here before this.
    config.will = None;
    let (node, _incoming, _) = connect(config).await;
    node.publish(Publish::new(STATE, "barrier")).await.unwrap();
    assert_eq!(next_state(&mut states).await, "barrier");
}

async fn next_state(states: &mut mpsc::Receiver<loa_mqtt::Message>) -> String {
    String::from_utf8(soon(states.recv()).await.unwrap().payload.to_vec()).unwrap()
}

pub(crate) async fn an_expired_message_is_not_delivered(kind: Kind) {
    let server = Server::start(kind).await;
    let (node, incoming, _) = connect(hearing_node(&server)).await;
    node.shutdown(None, Duration::from_secs(5)).await.unwrap();
    drop(incoming);
    let short = Publish::new(COMMAND, "play now").expiring(Duration::from_secs(1));
    server.bus().publish(short).await.unwrap();
    server.bus().publish(Publish::new(COMMAND, "barrier").expiring(Duration::from_secs(600))).await.unwrap();
    // Its time must pass; the server counts whole seconds.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let (_node, mut incoming, _) = connect(hearing_node(&server)).await;
    assert_eq!(next(&mut incoming).await.1, "barrier");
}

pub(crate) async fn a_message_of_300_kib_passes(kind: Kind) {
    let server = Server::start(kind).await;
    let (node, mut incoming, _) = connect(hearing_node(&server)).await;
    let mut receipts = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/receipt")]).await.unwrap();
    let body: Vec<u8> = (0..300 * 1024_u32).map(|i| (i % 251) as u8).collect();
    server.bus().publish(Publish::new(COMMAND, body.clone())).await.unwrap();
    assert_eq!(soon(incoming.recv()).await.unwrap().payload, body);
    node.publish(Publish::new("loa/1/node/n1/receipt", body.clone())).await.unwrap();
    assert_eq!(soon(receipts.recv()).await.unwrap().payload, body);
}

pub(crate) async fn what_a_node_sends_while_away_arrives_later_in_order(kind: Kind) {
    let server = Server::start(kind).await;
    let mut receipts = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/receipt")]).await.unwrap();
    let (node, _incoming) = loa_mqtt::Client::start(&hearing_node(&server)).unwrap();
    let deliveries: Vec<_> = (0..100)
        .map(|i| node.try_publish(Publish::new("loa/1/node/n1/receipt", i.to_string())).unwrap())
        .collect();
    node.reconnect();
    for delivery in deliveries {
        soon(delivery).await.unwrap();
    }
    let mut newest = -1;
    while newest < 99 {
        let receipt = soon(receipts.recv()).await.unwrap();
        let number: i32 = std::str::from_utf8(&receipt.payload).unwrap().parse().unwrap();
        assert!(number <= newest + 1, "{number} came before {}", newest + 1);
        newest = newest.max(number);
    }
}

pub(crate) async fn live_audio_goes_only_to_who_is_told_of_it(kind: Kind) {
    let server = Server::start(kind).await;
    let (node, mut incoming, _) = connect(hearing_node(&server)).await;
    let live = "loa/1/live/s1";
    node.subscribe(Subscription::at_most_once(live)).unwrap();
    server.hear("n1", "s1");
    let mut connection = node.connection();
    connection.borrow_and_update();
    node.reconnect();
    soon(connection.changed()).await.unwrap();
    connected(&node).await;
    server.bus().publish(Publish::new(live, "packet").at_most_once()).await.unwrap();
    let packet = soon(incoming.recv()).await.unwrap();
    assert_eq!((packet.topic.as_str(), packet.qos), (live, Qos::AtMostOnce));

    node.unsubscribe(live);
    // The next login is told, and the server forgets: nothing more is heard.
    connection.borrow_and_update();
    node.reconnect();
    soon(connection.changed()).await.unwrap();
    connected(&node).await;
    server.bus().publish(Publish::new(live, "packet").at_most_once()).await.unwrap();
    server.bus().publish(Publish::new(COMMAND, "barrier")).await.unwrap();
    assert_eq!(next(&mut incoming).await.1, "barrier");
}
