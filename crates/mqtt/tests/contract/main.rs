//! What Loa relies on from an MQTT server, held against the embedded broker and against Debian's Mosquitto, so
//! that a new version of either can't surprise us.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "tests; more of them follow"
)]

mod delivery;
mod pki;
mod server;

use std::future::Future;
use std::time::Duration;

use loa_mqtt::{Client, ClientConfig, Connection, Incoming};
use tokio::sync::mpsc;

/// Long enough for a busy machine; a test that needs more is stuck.
const STUCK: Duration = Duration::from_secs(30);

/// Waits for an event that must come.
async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(STUCK, event).await.expect("it did not happen in time")
}

/// Starts a client and waits until it is connected; tells whether the server held its session.
async fn connect(config: ClientConfig) -> (Client, mpsc::Receiver<Incoming>, bool) {
    let (client, incoming) = Client::start(&config).unwrap();
    let session_present = connected(&client).await;
    (client, incoming, session_present)
}

async fn connected(client: &Client) -> bool {
    let mut connection = client.connection();
    let state = soon(connection.wait_for(Connection::is_connected)).await.unwrap().clone();
    matches!(state, Connection::Connected { session_present: true, .. })
}

/// Takes and acknowledges the next message; gives its topic and body as text.
async fn next(incoming: &mut mpsc::Receiver<Incoming>) -> (String, String) {
    let message = soon(incoming.recv()).await.expect("the client ended");
    message.ack.ack();
    (message.topic, String::from_utf8(message.payload.to_vec()).unwrap())
}

/// Makes each case a test against each server.
macro_rules! contract {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(crate::server::Kind::Embedded).await;
            })*
        }
        mod mosquitto {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(crate::server::Kind::Mosquitto).await;
            })*
        }
    };
}

contract! {
    delivery::messages_flow_both_ways,
}
