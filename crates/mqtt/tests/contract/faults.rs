//! Power cuts, rubbish, and peers that say nothing.

use std::time::Duration;

use loa_mqtt::embedded::EmbeddedBroker;
use loa_mqtt::{Bus, Publish, Subscription, Will};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::{Kind, Server};
use crate::{connect, next, raw, soon};

const COMMAND: &str = "loa/1/node/n1/command";
const PLAN: &str = "loa/1/node/n1/plan";

pub(crate) async fn a_silent_peer_holds_nobody_up(kind: Kind) {
    let server = Server::start(kind).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(raw::tcp(&server).await);
    }
    // And some that stop in the middle of a login.
    for _ in 0..10 {
        let mut stream = raw::tls(&server, &server.pki.node("n2")).await;
        stream.write_all(&raw::login("n2")[..5]).await.unwrap();
        silent.push(stream.into_inner().0);
    }
    let login = tokio::time::timeout(Duration::from_secs(5), connect(server.node("n1")));
    let (node, _incoming, _) = login.await.expect("a login was held up");
    node.publish(Publish::new("loa/1/node/n1/state", "online")).await.unwrap();
    drop(silent);
}

pub(crate) async fn rubbish_does_no_harm(kind: Kind) {
    let server = Server::start(kind).await;
    let (bystander, _incoming, _) = connect(server.node("n2")).await;
    let rubbish: Vec<u8> = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for start in 0..16 {
        // Where TLS should be.
        let mut tcp = raw::tcp(&server).await;
        let _ = tcp.write_all(&rubbish[start..]).await;
        raw::part(tcp).await;
        // Where a login should be.
        let mut tls = raw::tls(&server, &server.pki.node("n1")).await;
        let _ = tls.write_all(&rubbish[start..]).await;
        raw::part(tls).await;
        // After a login.
        let mut tls = logged_in(&server).await;
        let _ = tls.write_all(&rubbish[start..]).await;
        raw::part(tls).await;
    }
    bystander.publish(Publish::new("loa/1/node/n2/state", "online")).await.unwrap();
    assert!(bystander.connection().borrow().is_connected());
    connect(server.node("n1")).await;
}

async fn logged_in(server: &Server) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let mut tls = raw::tls(server, &server.pki.node("n1")).await;
    tls.write_all(&raw::login("n1")).await.unwrap();
    let mut answer = [0; 256];
    let read = soon(tls.read(&mut answer)).await.unwrap();
    assert!(read > 3 && answer[0] == 0x20 && answer[3] == 0, "logged in: {:?}", &answer[..read]);
    tls
}

pub(crate) async fn more_than_a_mebibyte_is_refused_without_harm_to_others(kind: Kind) {
    let server = Server::start(kind).await;
    let mut receipts = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/receipt")]).await.unwrap();
    let (bystander, _incoming, _) = connect(server.node("n2")).await;
    let mut tls = logged_in(&server).await;
    // Fails when the server closes in the middle.
    let _ = tls.write_all(&raw::publish("loa/1/node/n1/receipt", 2 * 1024 * 1024)).await;
    raw::part(tls).await;
    bystander.publish(Publish::new("loa/1/node/n2/receipt", "barrier")).await.unwrap();
    assert_eq!(soon(receipts.recv()).await.unwrap().topic, "loa/1/node/n2/receipt");
    assert!(bystander.connection().borrow().is_connected());

    let large = vec![0; 1024 * 1024];
    let here = bystander.publish(Publish::new("loa/1/node/n2/receipt", large.clone())).await;
    assert!(matches!(here, Err(loa_mqtt::PublishError::TooLarge { .. })), "{here:?}");
    let there = server.bus().publish(Publish::new(COMMAND, large)).await;
    assert!(matches!(there, Err(loa_mqtt::BusError::TooLarge { .. })), "{there:?}");
}

async fn what_was_accepted_survives_a_power_cut(kind: Kind) {
    let mut server = Server::start(kind).await;
    let config = |server: &Server| {
        let mut config = server.node("n1");
        config.subscriptions = vec![Subscription::new(COMMAND), Subscription::new(PLAN)];
        config
    };
    let (node, incoming, _) = connect(config(&server)).await;
    node.shutdown(None, Duration::from_secs(5)).await.unwrap();
    drop(incoming);
    for i in 0..20 {
        server.bus().publish(Publish::new(COMMAND, i.to_string())).await.unwrap();
    }
    server.bus().publish(Publish::new(PLAN, "plan 1").retained()).await.unwrap();
    server.bus().publish(Publish::new(PLAN, "plan 2").retained()).await.unwrap();
    written_down(&server).await;

    server.kill().await;
    server.run().await;
    let (_node, mut incoming, session_present) = connect(config(&server)).await;
    assert!(session_present, "the session survived");
    for i in 0..20 {
        assert_eq!(next(&mut incoming).await, (COMMAND.into(), i.to_string()));
    }
    assert_eq!(next(&mut incoming).await.1, "plan 1");
    assert_eq!(next(&mut incoming).await.1, "plan 2");
    assert_eq!(next(&mut incoming).await.1, "plan 2", "retained, to a restarted node");
    let mut late = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/plan")]).await.unwrap();
    assert_eq!(&soon(late.recv()).await.unwrap().payload[..], b"plan 2");
}

/// Waits until the server has written what it accepted: the promise is a quarter of a second, which a busy
/// machine may stretch.
async fn written_down(server: &Server) {
    if server.kind == Kind::Mosquitto {
        // It saves at the end of each turn of its loop; another message's answer proves one.
        return server.bus().publish(Publish::new("loa/1/node/n2/command", "turn")).await.unwrap();
    }
    let queue = server.path("store/queues/n1");
    let finished = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|kind| kind == "json"))
    };
    let written = async {
        while std::fs::read_dir(&queue)
            .map_or(0, |entries| entries.map(finished).filter(|done| *done).count())
            < 22
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(written).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_what_was_accepted_survives_a_power_cut() {
    what_was_accepted_survives_a_power_cut(Kind::EmbeddedProcess).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_what_was_accepted_survives_a_power_cut() {
    what_was_accepted_survives_a_power_cut(Kind::Mosquitto).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_loses_nothing_and_tells_the_nodes() {
    let mut server = Server::start(Kind::Embedded).await;
    let mut config = server.node("n1");
    config.subscriptions = vec![Subscription::new(COMMAND)];
    let (node, mut incoming, _) = connect(config.clone()).await;
    server.bus().publish(Publish::new(COMMAND, "unacknowledged")).await.unwrap();
    let unacknowledged = soon(incoming.recv()).await.unwrap();
    let mut receipts = server.bus().subscribe(vec![Subscription::new("loa/1/node/+/receipt")]).await.unwrap();
    for i in 0..10 {
        node.publish(Publish::new("loa/1/node/n1/receipt", i.to_string())).await.unwrap();
    }
    let mut connection = node.connection();
    server.stop().await;
    for i in 0..10 {
        assert_eq!(soon(receipts.recv()).await.unwrap().payload, i.to_string());
    }
    assert!(soon(receipts.recv()).await.is_none(), "the stream ends");
    soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
    drop((node, incoming, unacknowledged));

    server.run().await;
    config.server = server.address.clone();
    let (_node, mut incoming, session_present) = connect(config).await;
    assert!(session_present);
    assert_eq!(next(&mut incoming).await.1, "unacknowledged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_in_use_is_not_shared() {
    let server = Server::start(Kind::Embedded).await;
    let config = server.embedded_config();
    let second = loa_mqtt::embedded::EmbeddedBroker::open(config).await;
    assert!(matches!(second, Err(loa_mqtt::embedded::EmbeddedError::Storage(_))));
}

/// Passes bytes on until it is frozen; then both ends stay open and hear nothing more.
async fn freezable_relay(server: &Server) -> (u16, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = server.address.port;
    let freeze = CancellationToken::new();
    let frozen = freeze.clone();
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
            () = frozen.cancelled() => std::future::pending().await,
        }
    });
    (port, freeze)
}

pub(crate) async fn a_node_behind_a_dead_path_is_given_up_after_one_and_a_half_keep_alives(kind: Kind) {
    let server = Server::start(kind).await;
    let mut states = server.bus().subscribe(vec![Subscription::new("loa/1/node/n1/state")]).await.unwrap();
    let (port, freeze) = freezable_relay(&server).await;
    let mut config = server.node("n1");
    config.server.port = port;
    config.keep_alive = Duration::from_secs(2);
    config.will = Some(Will { delay: Duration::ZERO, ..Will::new("loa/1/node/n1/state", "lost") });
    let (node, _incoming, _) = connect(config).await;
    node.publish(Publish::new("loa/1/node/n1/state", "online")).await.unwrap();
    assert_eq!(&soon(states.recv()).await.unwrap().payload[..], b"online");

    freeze.cancel();
    let frozen = Instant::now();
    assert_eq!(&soon(states.recv()).await.unwrap().payload[..], b"lost");
    let noticed = frozen.elapsed();
    // Mosquitto looks once a second.
    assert!(noticed > Duration::from_millis(1500) && noticed < Duration::from_secs(6), "{noticed:?}");
    // The node notices too.
    let mut connection = node.connection();
    soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unfinished_handshake_is_ended_and_a_full_house_refuses() {
    let server = Server::start(Kind::Embedded).await;
    let mut config = server.embedded_config();
    config.folder = server.path("second");
    config.handshake_limit = Duration::from_millis(500);
    config.max_connections = 2;
    let broker = EmbeddedBroker::open(config).await.unwrap();
    let port = broker.listen().await.unwrap().port();
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let started = Instant::now();
    let mut third = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    assert!(matches!(soon(third.read(&mut [0])).await, Ok(0) | Err(_)), "no place");
    assert!(started.elapsed() < Duration::from_millis(400), "refused at once");
    for mut silent in silent {
        assert!(matches!(soon(silent.read(&mut [0])).await, Ok(0) | Err(_)), "the handshake's time is over");
    }
    let mut config = server.node("n1");
    config.server.port = port;
    connect(config).await;
    broker.shutdown().await;
}
