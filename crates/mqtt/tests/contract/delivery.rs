//! What is sent arrives.

use loa_mqtt::{Publish, Subscription};

use crate::server::{Kind, Server};
use crate::{connect, next, soon};

pub(crate) async fn messages_flow_both_ways(kind: Kind) {
    let server = Server::start(kind).await;
    let mut states = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/state")]).await.unwrap();
    let mut config = server.node("n1");
    config.subscriptions = vec![Subscription::new("loa/1/node/n1/command")];
    let (node, mut incoming, session_present) = connect(config).await;
    assert!(!session_present, "a first login finds no session");

    server.bus().publish(Publish::new("loa/1/node/n1/command", "stop")).await.unwrap();
    assert_eq!(next(&mut incoming).await, ("loa/1/node/n1/command".into(), "stop".into()));

    node.publish(Publish::new("loa/1/node/n1/state", "online").retained()).await.unwrap();
    let state = soon(states.recv()).await.unwrap();
    assert_eq!((state.topic.as_str(), &state.payload[..]), ("loa/1/node/n1/state", &b"online"[..]));
}
