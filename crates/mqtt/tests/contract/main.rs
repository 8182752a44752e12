//! What Loa relies on from an MQTT server, held against the embedded broker and against Debian's Mosquitto, so
//! that a new version of either can't surprise us.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "tests; more of them follow"
)]

mod access;
mod delivery;
mod faults;
mod link;
mod pki;
mod raw;
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
    delivery::a_node_gets_what_was_sent_while_it_was_away,
    delivery::a_flapping_node_loses_nothing,
    delivery::a_late_subscriber_gets_the_latest_retained_message_only,
    delivery::what_was_not_acknowledged_comes_again,
    delivery::a_lost_node_leaves_its_will,
    delivery::a_farewell_takes_the_place_of_the_will,
    delivery::an_expired_message_is_not_delivered,
    delivery::a_message_of_300_kib_passes,
    delivery::what_a_node_sends_while_away_arrives_later_in_order,
    delivery::live_audio_goes_only_to_who_is_told_of_it,
    access::a_node_may_not_publish_anothers_topics,
    access::a_node_may_not_hear_anothers_topics,
    access::a_node_does_not_get_anothers_session_by_its_client_id,
    access::a_foreign_will_is_never_spoken,
    access::without_a_certificate_nobody_gets_in,
    access::a_certificate_of_another_authority_is_refused,
    access::a_revoked_certificate_is_refused,
    faults::a_silent_peer_holds_nobody_up,
    faults::rubbish_does_no_harm,
    faults::a_node_behind_a_dead_path_is_given_up_after_one_and_a_half_keep_alives,
    faults::more_than_a_mebibyte_is_refused_without_harm_to_others,
}
