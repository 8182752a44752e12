//! Tells the event loop that a session the server still holds is ours, with nothing of ours in flight.
//!
//! After a restart of the process the server may hold our session. The event loop would refuse to resume a
//! session it knows nothing of; but nothing is lost by resuming: what we had sent unacknowledged is kept and sent
//! again by the caller, and what we had not acknowledged is sent again by the server.

use futures_util::future::BoxFuture;
use rumqttc::{PersistedAckMode, PersistedSession, SessionStore, SessionStoreError, SessionStoreKey};

type Answer<'a, T> = BoxFuture<'a, Result<T, SessionStoreError>>;

/// An always empty session; used for the first connection only.
#[derive(Debug)]
pub(super) struct NothingInFlight {
    pub(super) session_expiry: u32,
    pub(super) send_window: u16,
}

impl SessionStore for NothingInFlight {
    fn load<'a>(&'a self, key: &'a SessionStoreKey) -> Answer<'a, Option<PersistedSession>> {
        let empty = PersistedSession {
            format_version: 1,
            client_id: key.client_id().to_owned(),
            clean_start: false,
            session_expiry_interval: Some(self.session_expiry),
            outgoing_inflight_upper_limit: Some(self.send_window),
            ack_mode: PersistedAckMode::Manual,
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        };
        Box::pin(async move { Ok(Some(empty)) })
    }

    fn save<'a>(&'a self, _: &'a SessionStoreKey, _: &'a PersistedSession) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn clear<'a>(&'a self, _: &'a SessionStoreKey) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
