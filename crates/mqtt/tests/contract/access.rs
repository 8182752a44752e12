//! Nobody gets in who shouldn't, and nobody does what isn't theirs.

use std::time::Duration;

use loa_mqtt::{Client, Connection, DisconnectReason, Publish, PublishError, Subscription, Will};

use crate::pki::Pki;
use crate::raw;
use crate::server::{COMMUNE, Kind, REVOKED_SERIAL, Server};
use crate::{connect, next, soon};

/// Waits until an attempt to connect has failed, and tells why.
async fn failure(client: &Client) -> DisconnectReason {
    let mut connection = client.connection();
    let tried =
        |state: &Connection| *state != Connection::Disconnected { reason: DisconnectReason::Starting };
    match soon(connection.wait_for(tried)).await.unwrap().clone() {
        Connection::Disconnected { reason } => reason,
        Connection::Connected { .. } => panic!("it got in"),
    }
}

pub(crate) async fn a_node_may_not_publish_anothers_topics(kind: Kind) {
    let server = Server::start(kind).await;
    let mut all = server.bus().subscribe(vec![Subscription::new("loa/1/#")]).await.unwrap();
    let (node, _incoming, _) = connect(server.node("n1")).await;
    for topic in [
        "loa/1/node/n2/state",
        "loa/1/node/n2/command",
        "loa/1/node/n1/command",
        "loa/1/node/n1/plan",
        "loa/1/commune/31564/command",
        "loa/1/live/s1",
        "loa/1/node/n1/state/x",
        "elsewhere",
    ] {
        let refused = soon(node.publish(Publish::new(topic, "forged"))).await;
        assert!(matches!(refused, Err(PublishError::Refused(_))), "{topic}: {refused:?}");
    }
    node.publish(Publish::new("loa/1/node/n1/state", "barrier")).await.unwrap();
    assert_eq!(soon(all.recv()).await.unwrap().topic, "loa/1/node/n1/state", "nothing forged came through");
    let mut late = server.bus().subscribe(vec![Subscription::new("loa/1/node/n2/+")]).await.unwrap();
    server.bus().publish(Publish::new("loa/1/node/n2/plan", "barrier")).await.unwrap();
    assert_eq!(&soon(late.recv()).await.unwrap().payload[..], b"barrier", "nothing forged was retained");
}

pub(crate) async fn a_node_may_not_hear_anothers_topics(kind: Kind) {
    let server = Server::start(kind).await;
    server.bus().publish(Publish::new("loa/1/node/n2/plan", "secret").retained()).await.unwrap();
    let mut config = server.node("n1");
    let own = ["loa/1/node/n1/command", "loa/1/commune/31564/command"];
    let foreign = [
        "#",
        "+/1/node/n2/plan",
        "loa/1/#",
        "loa/1/commune/31567/command",
        "loa/1/commune/+/command",
        "loa/1/node/+/plan",
        "loa/1/node/n2/command",
        "loa/1/node/n2/plan",
        "loa/1/node/n1/#",
        "loa/1/node/n2/state",
    ];
    config.subscriptions = own.iter().chain(&foreign).map(|filter| Subscription::new(*filter)).collect();
    let (node, mut incoming, _) = connect(config).await;
    if kind == Kind::Embedded {
        // Mosquitto accepts a subscription that its rules make mute.
        let Connection::Connected { mut refused, .. } = node.connection().borrow().clone() else { panic!() };
        refused.sort();
        let mut expected = foreign.map(str::to_owned);
        expected.sort();
        assert_eq!(refused, expected);
    }
    let bus = server.bus();
    for topic in
        ["loa/1/node/n2/plan", "loa/1/node/n2/command", "loa/1/commune/31567/command", "loa/1/node/n2/state"]
    {
        bus.publish(Publish::new(topic, "secret")).await.unwrap();
    }
    bus.publish(Publish::new("loa/1/commune/31564/command", "ours")).await.unwrap();
    assert_eq!(next(&mut incoming).await, (format!("loa/1/commune/{COMMUNE}/command"), "ours".into()));
}

pub(crate) async fn a_node_does_not_get_anothers_session_by_its_client_id(kind: Kind) {
    let server = Server::start(kind).await;
    let mut config = server.node("n1");
    config.subscriptions = vec![Subscription::new("loa/1/node/n1/command")];
    let (victim, mut heard, _) = connect(config.clone()).await;

    let mut thief = server.client("n1", server.pki.node("n2"));
    thief.subscriptions.clone_from(&config.subscriptions);
    let (thief, mut stolen) = Client::start(&thief).unwrap();
    if kind == Kind::Embedded {
        assert_eq!(failure(&thief).await, DisconnectReason::LoginRefused("ClientIdentifierNotValid".into()));
    } else {
        // Mosquitto gives it the id of its certificate instead.
        soon(thief.connection().wait_for(Connection::is_connected)).await.unwrap();
    }
    server.bus().publish(Publish::new("loa/1/node/n1/command", "for n1")).await.unwrap();
    assert_eq!(next(&mut heard).await.1, "for n1");
    assert!(victim.connection().borrow().is_connected());
    assert!(stolen.try_recv().is_err());
}

pub(crate) async fn a_foreign_will_is_never_spoken(kind: Kind) {
    let server = Server::start(kind).await;
    let mut states = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/state")]).await.unwrap();
    let mut config = server.node("n2");
    config.will = Some(Will { delay: Duration::ZERO, ..Will::new("loa/1/node/n1/state", "lost") });
    let (forger, incoming) = Client::start(&config).unwrap();
    if kind == Kind::Embedded {
        assert_eq!(failure(&forger).await, DisconnectReason::LoginRefused("NotAuthorized".into()));
    } else {
        // Mosquitto looks at the will only when it is due.
        soon(forger.connection().wait_for(Connection::is_connected)).await.unwrap();
    }
    drop((forger, incoming));
    config.will = None;
    let (node, _incoming, _) = connect(config).await;
    node.publish(Publish::new("loa/1/node/n2/state", "barrier")).await.unwrap();
    assert_eq!(soon(states.recv()).await.unwrap().topic, "loa/1/node/n2/state");
}

pub(crate) async fn without_a_certificate_nobody_gets_in(kind: Kind) {
    let server = Server::start(kind).await;
    assert!(!raw::gets_in_without_a_certificate(&server).await);
}

pub(crate) async fn a_certificate_of_another_authority_is_refused(kind: Kind) {
    let server = Server::start(kind).await;
    let mut identity = Pki::new("Loa test authority").node("n1");
    identity.ca_pem = server.pki.ca_pem();
    let (stranger, _incoming) = Client::start(&server.client("n1", identity)).unwrap();
    let reason = failure(&stranger).await;
    assert!(matches!(reason, DisconnectReason::CertificateRefused(_)), "{reason:?}");
}

pub(crate) async fn a_revoked_certificate_is_refused(kind: Kind) {
    let server = Server::start(kind).await;
    let identity = server.pki.identity("n1", REVOKED_SERIAL);
    let (revoked, _incoming) = Client::start(&server.client("n1", identity)).unwrap();
    let reason = failure(&revoked).await;
    match kind {
        // Mosquitto holds a revocation list, the embedded broker asks its caller.
        Kind::Mosquitto => assert!(matches!(reason, DisconnectReason::CertificateRefused(_)), "{reason:?}"),
        _ => assert_eq!(reason, DisconnectReason::LoginRefused("Banned".into())),
    }
}

#[tokio::test]
async fn a_revoked_node_is_cut_off_at_once_and_does_not_come_back() {
    let server = Server::start(Kind::Embedded).await;
    let mut states = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/state")]).await.unwrap();
    let mut config = server.client("n1", server.pki.identity("n1", 99));
    config.subscriptions = vec![Subscription::new("loa/1/node/n1/command")];
    config.will = Some(Will { delay: Duration::ZERO, ..Will::new("loa/1/node/n1/state", "lost") });
    let (node, mut incoming, _) = connect(config).await;
    let (bystander, _heard, _) = connect(server.node("n2")).await;

    server.revoke(99);
    soon(server.bus().disconnect_client("n1")).await.unwrap();
    assert_eq!(&soon(states.recv()).await.unwrap().payload[..], b"lost", "the loss is shown");
    server.bus().publish(Publish::new("loa/1/node/n1/command", "secret")).await.unwrap();
    let mut connection = node.connection();
    let banned = Connection::Disconnected { reason: DisconnectReason::LoginRefused("Banned".into()) };
    soon(connection.wait_for(|state| *state == banned)).await.unwrap();
    assert!(incoming.try_recv().is_err());
    assert!(bystander.connection().borrow().is_connected());
}

#[tokio::test]
async fn a_node_moved_to_another_commune_hears_only_the_new_one() {
    let server = Server::start(Kind::Embedded).await;
    let (old, new) = ("loa/1/commune/31564/command", "loa/1/commune/31567/command");
    let mut config = server.node("n1");
    config.subscriptions = vec![Subscription::new(old), Subscription::new(new)];
    let (node, mut incoming, _) = connect(config).await;
    let mut connection = node.connection();
    assert_eq!(
        *connection.borrow_and_update(),
        Connection::Connected { session_present: false, refused: vec![new.into()] }
    );

    server.move_node("n1", "31567");
    server.bus().disconnect_client("n1").await.unwrap();
    soon(connection.changed()).await.unwrap();
    soon(connection.wait_for(Connection::is_connected)).await.unwrap();
    assert_eq!(
        *connection.borrow_and_update(),
        Connection::Connected { session_present: true, refused: vec![old.into()] }
    );
    server.bus().publish(Publish::new(old, "old")).await.unwrap();
    server.bus().publish(Publish::new(new, "new")).await.unwrap();
    assert_eq!(next(&mut incoming).await.0, new);
    // Its answer shows that the acknowledgement before it is there too.
    node.publish(Publish::new("loa/1/node/n1/state", "online")).await.unwrap();

    // And back, with the same session.
    server.move_node("n1", "31564");
    server.bus().disconnect_client("n1").await.unwrap();
    soon(connection.changed()).await.unwrap();
    soon(connection.wait_for(Connection::is_connected)).await.unwrap();
    server.bus().publish(Publish::new(new, "new")).await.unwrap();
    server.bus().publish(Publish::new(old, "old")).await.unwrap();
    assert_eq!(next(&mut incoming).await.0, old);
}
