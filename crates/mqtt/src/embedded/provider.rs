//! The rights of one connection, asked by the MQTT engine for the login and for every topic.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;

use super::{Admitted, CertificateIdentity};
use crate::{AccessRules, Action};

/// One connection's rights: exactly its node's.
pub(super) struct NodeProvider {
    pub(super) who: CertificateIdentity,
    pub(super) admitted: Admitted,
    pub(super) rules: Arc<dyn AccessRules>,
}

impl NodeProvider {
    fn may(&self, action: Action, topic: &str) -> bool {
        let Admitted::Yes { commune } = &self.admitted else { return false };
        let allowed = self.rules.allowed(&self.who.node_id, commune.as_deref(), action, topic);
        if !allowed {
            tracing::warn!(node = self.who.node_id, ?action, topic, "refused by the access rules");
        }
        allowed
    }

    fn login(&self, connect: &ConnectPacket) -> AuthResult {
        let node = &self.who.node_id;
        if self.admitted == Admitted::No {
            tracing::warn!(node, serial = self.who.serial, "login refused: revoked or unknown");
            return AuthResult::fail(ReasonCode::Banned);
        }
        if connect.client_id != *node {
            tracing::warn!(node, client_id = connect.client_id, "login refused: another's client id");
            return AuthResult::fail(ReasonCode::ClientIdentifierNotValid);
        }
        match &connect.will {
            Some(will) if !self.may(Action::Publish, &will.topic) => {
                AuthResult::fail(ReasonCode::NotAuthorized)
            }
            _ => AuthResult::success_with_user(node.clone()),
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for NodeProvider {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> Answer<'a, mqtt5::error::Result<AuthResult>> {
        Box::pin(ready(Ok(self.login(connect))))
    }

    fn authorize_publish<'a>(&'a self, _: &str, _: Option<&'a str>, topic: &'a str) -> Answer<'a, bool> {
        Box::pin(ready(self.may(Action::Publish, topic)))
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, _: Option<&'a str>, filter: &'a str) -> Answer<'a, bool> {
        Box::pin(ready(self.may(Action::Subscribe, filter)))
    }
}
