//! The client alone: it says why it isn't connected, never spins, and costs little when idle.

use std::time::Duration;

use loa_mqtt::{
    Client, ClientConfig, Connection, DisconnectReason, Publish, PublishError, Qos, ServerAddress,
    Subscription,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::pki::Pki;
use crate::server::{Kind, Server};
use crate::{connect, connected, next, soon};

const HEARTBEAT: &str = "loa/1/node/n1/heartbeat";
const ATTEMPTS: u32 = 30;
const BEATS: u64 = 6;

/// Settings for a server at `host` and `port` that isn't one of ours.
fn towards(host: &str, port: u16, pki: &Pki) -> ClientConfig {
    let mut config = ClientConfig::new(ServerAddress::tls(host, port), "n1", 1);
    config.identity = Some(pki.node("n1"));
    config.backoff.first = Duration::from_millis(50);
    config.backoff.most = Duration::from_millis(200);
    config.connect_limit = Duration::from_secs(1);
    config
}

async fn first_failure(config: &ClientConfig) -> DisconnectReason {
    let (client, _incoming) = Client::start(config).unwrap();
    let mut connection = client.connection();
    let starting = Connection::Disconnected { reason: DisconnectReason::Starting };
    match soon(connection.wait_for(|state| *state != starting)).await.unwrap().clone() {
        Connection::Disconnected { reason } => reason,
        Connection::Connected { .. } => panic!("connected to nothing"),
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_apart() {
    let reason = first_failure(&towards("no-such-host.invalid", 8883, &Pki::new("a"))).await;
    assert!(matches!(reason, DisconnectReason::NameNotResolved { .. }), "{reason:?}");
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped(u64);

impl rustls::time_provider::TimeProvider for Stopped {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        Some(rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

#[tokio::test]
async fn certificates_are_judged_by_the_clock_that_was_given() {
    let server = Server::start(Kind::Embedded).await;
    let at = |seconds| {
        let mut config = server.node("n1");
        config.tls_time = Some(std::sync::Arc::new(Stopped(seconds)));
        config
    };
    // The certificates of the tests are in force from 1975 to 4096.
    let reason = first_failure(&at(7)).await;
    assert!(matches!(reason, DisconnectReason::ServerNotTrusted(_)), "{reason:?}");
    let (client, _incoming) = Client::start(&at(1_800_000_000)).unwrap();
    connected(&client).await;
}

#[tokio::test]
async fn a_closed_port_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let reason = first_failure(&towards("127.0.0.1", port, &Pki::new("a"))).await;
    assert!(matches!(reason, DisconnectReason::Unreachable(_)), "{reason:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reason =
        first_failure(&towards("127.0.0.1", listener.local_addr().unwrap().port(), &Pki::new("a"))).await;
    assert_eq!(reason, DisconnectReason::TimedOut);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = tcp.read_to_end(&mut Vec::new()).await;
    });
    let reason = first_failure(&towards("127.0.0.1", port, &Pki::new("a"))).await;
    assert!(matches!(reason, DisconnectReason::Tls(_)), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_another_authority_or_name_is_not_trusted() {
    let server = Server::start(Kind::Embedded).await;
    let mut config = server.node("n1");
    config.identity.as_mut().unwrap().ca_pem = Pki::new("Loa test authority").ca_pem();
    let reason = first_failure(&config).await;
    assert!(matches!(reason, DisconnectReason::ServerNotTrusted(_)), "{reason:?}");

    let mut config = server.node("n1");
    config.server.host = "127.0.0.2".to_owned();
    let reason = first_failure(&config).await;
    assert!(
        matches!(reason, DisconnectReason::ServerNotTrusted(_) | DisconnectReason::Unreachable(_)),
        "{reason:?}"
    );
}

#[tokio::test]
async fn it_waits_between_attempts_however_the_server_misbehaves() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = towards("127.0.0.1", listener.local_addr().unwrap().port(), &Pki::new("a"));
    config.backoff.first = Duration::from_millis(20);
    config.backoff.most = Duration::from_millis(160);
    let started = Instant::now();
    let (_client, _incoming) = Client::start(&config).unwrap();
    for _ in 0..ATTEMPTS {
        drop(soon(listener.accept()).await.unwrap());
    }
    // The floor is a tenth of the upper bound, which is reached with the fourth failure.
    let least = (20 + 40 + 80 + 160 * (ATTEMPTS - 4)) / 10;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(least.into()), "{ATTEMPTS} attempts in {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_with_one_identity_notice_and_do_not_spin() {
    let server = Server::start(Kind::Embedded).await;
    let mut config = server.node("n1");
    config.backoff.first = Duration::from_millis(100);
    config.backoff.most = Duration::from_secs(2);
    let (first, _a, _) = connect(config.clone()).await;
    let taken = Connection::Disconnected { reason: DisconnectReason::TakenOver };
    let mut watched = first.connection();
    config.seed = 2;
    let (_second, _b, _) = connect(config).await;
    soon(watched.wait_for(|state| *state == taken)).await.unwrap();
    // They take it from each other, but ever more slowly: the waits' upper bounds double, and a tenth is the least.
    let started = Instant::now();
    for _ in 0..4 {
        soon(watched.wait_for(Connection::is_connected)).await.unwrap();
        soon(watched.wait_for(|state| !state.is_connected())).await.unwrap();
    }
    let least = Duration::from_millis((100 + 200 + 400 + 800) / 10);
    assert!(started.elapsed() > least, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heartbeat_costs_its_body_and_thirty_bytes_and_takes_the_place_of_pings() {
    let server = Server::start(Kind::Embedded).await;
    let mut config = server.node("n1");
    config.keep_alive = Duration::from_secs(2);
    let (node, _incoming, _) = connect(config).await;
    // The first one announces the topic's short name.
    let heartbeat = || Publish::new(HEARTBEAT, vec![b'x'; 60]).at_most_once();
    node.try_publish(heartbeat()).unwrap().await.unwrap();
    let before = node.traffic();
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    for _ in 0..BEATS {
        beat.tick().await;
        node.try_publish(heartbeat()).unwrap().await.unwrap();
    }
    let after = node.traffic();
    assert_eq!(after.sent - before.sent, BEATS * (60 + 30));
    assert_eq!(after.received, before.received, "no ping was needed");

    // Without heartbeats, pings hold the connection well beyond the server's patience of 3 s.
    let mut connection = node.connection();
    connection.borrow_and_update();
    let quiet = tokio::time::timeout(Duration::from_secs(7), connection.changed()).await;
    assert!(quiet.is_err(), "the connection was lost");
    let pings = (node.traffic().received - after.received) / 24;
    assert!((2..=4).contains(&pings), "{pings} pings");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_is_noticed_by_the_missing_answer_to_a_ping() {
    // A server that logs in and then is silent.
    let server = Server::start(Kind::Embedded).await;
    let tls = loa_mqtt::tls::server_config(&server.pki.server()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = server.node("n1");
    config.server.port = listener.local_addr().unwrap().port();
    config.keep_alive = Duration::from_secs(1);
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = tokio_rustls::TlsAcceptor::from(tls).accept(tcp).await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
        stream.write_all(&[0x20, 3, 0, 0, 0]).await.unwrap();
        std::future::pending::<()>().await;
    });
    let (node, _incoming, _) = connect(config).await;
    let mut connection = node.connection();
    let lost = Connection::Disconnected { reason: DisconnectReason::TimedOut };
    soon(connection.wait_for(|state| *state == lost)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_bounded_and_old_or_unsendable_messages_are_answered() {
    let server = Server::start(Kind::Embedded).await;
    let mut config = server.node("n1");
    config.queue = 4;
    let away = ServerAddress::tls("127.0.0.1", 1);
    let here = std::mem::replace(&mut config.server, away);
    let (node, _incoming) = Client::start(&config).unwrap();
    let topic = "loa/1/node/n1/receipt";
    let heartbeat = Publish::new(HEARTBEAT, "x").at_most_once();
    assert_eq!(heartbeat.qos, Qos::AtMostOnce);
    assert_eq!(node.try_publish(heartbeat).unwrap_err(), PublishError::NotConnected);
    for bad in ["", "a/+/b", "a/#"] {
        assert!(matches!(node.try_publish(Publish::new(bad, "x")), Err(PublishError::InvalidTopic(_))));
    }
    let waiting: Vec<_> = (0..4).map(|_| node.try_publish(Publish::new(topic, "x")).unwrap()).collect();
    assert_eq!(node.try_publish(Publish::new(topic, "x")).unwrap_err(), PublishError::QueueFull);
    drop(node);
    for delivery in waiting {
        assert_eq!(soon(delivery).await, Err(PublishError::Stopped));
    }

    config.server = here;
    let (node, _incoming) = Client::start(&config).unwrap();
    let short = node.try_publish(Publish::new(topic, "x").expiring(Duration::from_nanos(1))).unwrap();
    assert_eq!(soon(short).await, Err(PublishError::Expired));
    connected(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_the_server_lost_is_made_again_and_nothing_sent_is_lost() {
    let mut server = Server::start(Kind::Embedded).await;
    let mut config = server.node("n1");
    config.subscriptions = vec![Subscription::new("loa/1/node/n1/command")];
    let port = server.address.port;
    let (node, mut incoming, _) = connect(config).await;
    let mut connection = node.connection();
    server.stop().await;
    std::fs::remove_dir_all(server.path("store")).unwrap();
    soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
    let sent = node.try_publish(Publish::new("loa/1/node/n1/receipt", "kept")).unwrap();

    server.run_on(port).await;
    let mut receipts = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/receipt")]).await.unwrap();
    let fresh = Connection::Connected { session_present: false, refused: vec![] };
    soon(connection.wait_for(|state| *state == fresh)).await.unwrap();
    soon(sent).await.unwrap();
    assert_eq!(&soon(receipts.recv()).await.unwrap().payload[..], b"kept");
    server.bus().publish(Publish::new("loa/1/node/n1/command", "heard")).await.unwrap();
    assert_eq!(next(&mut incoming).await.1, "heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_used_from_the_next_connection_on() {
    let server = Server::start(Kind::Embedded).await;
    let (node, _incoming, _) = connect(server.client("n1", server.pki.identity("n1", 50))).await;
    server.revoke(50);
    node.set_identity(&server.pki.identity("n1", 51)).unwrap();
    let mut connection = node.connection();
    connection.borrow_and_update();
    server.bus().disconnect_client("n1").await.unwrap();
    soon(connection.changed()).await.unwrap();
    assert!(connected(&node).await, "with its session");
}

#[test]
fn a_configuration_that_can_not_work_is_refused_at_once() {
    let mut plain =
        ClientConfig::new(ServerAddress { host: "example.vn".into(), port: 1883, tls: false }, "n1", 1);
    assert!(Client::start(&plain).is_err(), "no plain text beyond this machine");
    plain.server.tls = true;
    assert!(Client::start(&plain).is_err(), "no certificate");
    let mut nameless = towards("127.0.0.1", 1, &Pki::new("a"));
    nameless.client_id.clear();
    assert!(Client::start(&nameless).is_err());
}
