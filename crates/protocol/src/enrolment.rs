//! How a node comes to be trusted: a one-time claim code against a certificate. JSON over HTTPS, to `enrolments` below the
//! broker's node address; the agent knows the server by the fingerprint of its CA, which the installer carries with the code.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    id::{AreaCode, NodeId},
    keys::AuthorityPublicKey,
    version::VersionRange,
};

/// What the agent sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentRequest {
    /// The claim code, as typed; case and separators don't matter.
    pub code: String,
    /// A PKCS #10 request for the key that the agent made and keeps, PEM. Its subject is not looked at.
    pub csr_pem: String,
    /// Agent's version.
    pub version: String,
    /// Protocol versions the agent understands.
    pub protocol: VersionRange,
}

/// What the broker answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentResponse {
    /// The node's id for life; the certificate's common name.
    pub node: NodeId,
    /// The areas it lies in: province, commune, hamlet.
    pub areas: Vec<AreaCode>,
    /// The node's certificate, PEM.
    pub certificate_pem: String,
    /// The broker's CA, PEM: the only one the agent believes from now on.
    pub ca_pem: String,
    /// The key to pin: only what it vouches for is obeyed.
    pub authority: AuthorityPublicKey,
    /// `host:port` of MQTT over TLS.
    pub mqtt: String,
    /// Address that clips are fetched below, `https://host:port/`.
    pub http: String,
    /// The broker's time: a floor under the node's clock.
    pub now: Timestamp,
    /// The protocol version both will speak.
    pub protocol: u16,
}

/// What a node sends, with its certificate in force, to `renew` below the address it fetches clips from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalRequest {
    /// A PKCS #10 request for a new key, PEM. Its subject is not looked at.
    pub csr_pem: String,
}

/// What the broker answers. The certificate shown stays good until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalResponse {
    /// The node's new certificate, PEM.
    pub certificate_pem: String,
    /// The CAs whose servers the node is to trust from now on, PEM, first the one that made this certificate. Absent: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// When it was given.
    pub now: Timestamp,
}

/// A claim code in the form it is compared in: capitals and digits only, look-alikes folded (O to 0, I and L to 1), as in Crockford's base 32.
pub fn canonical_code(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        assert_eq!(canonical_code("ab-12 oIl"), "AB12011");
        assert_eq!(canonical_code(" AB12-011 "), "AB12011");
    }
}
