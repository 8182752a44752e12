//! Who the broker is, and who it says a node is: its certificate authority, the authority key that nodes pin, the key that
//! signs messages, and the certificates of nodes and servers.
//!
//! Everything secret lives in one folder that only the broker's user can read. The folder is made whole or not at all: a broker
//! that loses a part of it must stop, because quietly making a new CA would cut off every node.

mod certificates;
mod files;
mod tls;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AuthorityKey, AuthorityPublicKey, NodeId, SigningKey, keys::InvalidKey};
use ring::digest::{SHA256, digest};

pub use certificates::NodeCertificate;
pub use tls::{NodePeer, node_of};

/// How long a signing key's certificate is good for from the start of the process that made it.
const SIGNING_KEY_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 5);

/// Why the identity can't be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder can't be read or written: its permissions or its disk, for the operator to mend.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the identity is damaged: restore the folder from a backup.
    #[error("{path} is damaged; restore it from a backup")]
    Damaged {
        /// Which file.
        path: String,
    },
    /// A node's certificate request is not one; a fault of the agent.
    #[error("the certificate request is not valid: {0}")]
    Request(String),
    /// A certificate can't be made; a name that isn't a host name, or a fault of this program.
    #[error("the certificate can't be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS can't be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// The system's random numbers can't be had.
    #[error("no random numbers from the system")]
    Random,
}

impl From<InvalidKey> for IdentityError {
    fn from(_: InvalidKey) -> Self {
        Self::Damaged { path: "keys.json".into() }
    }
}

/// Certificate chain and key of a server or client, PEM.
pub struct Credentials {
    /// The certificate, then the CA's, which enrolling agents know by fingerprint.
    pub chain_pem: String,
    /// The key.
    pub key_pem: String,
}

/// The broker's identity, opened.
pub struct Identity {
    ca: certificates::Ca,
    authority: AuthorityPublicKey,
    signing: SigningKey,
    created_at: Timestamp,
}

impl Identity {
    /// Opens the identity in `folder`, or makes it there when the folder doesn't exist.
    pub fn open_or_create(folder: &Path, now: Timestamp) -> Result<Self, IdentityError> {
        if !folder.exists() {
            files::create(folder, &certificates::Ca::generate(now)?, now)?;
        }
        let stored = files::open(folder)?;
        let authority = AuthorityKey::from_seed(&stored.authority_seed)?;
        // In force from the day the key was made, not from today: a node whose clock is behind must still believe it.
        let signing = authority.certify(
            &stored.signing_seed,
            stored.created_at,
            now.saturating_add(SIGNING_KEY_LIFE).unwrap_or(Timestamp::MAX),
        )?;
        let ca = certificates::Ca::open(stored.ca_certificate_pem, &stored.ca_key_pem)?;
        Ok(Self { ca, authority: authority.public_key(), signing, created_at: stored.created_at })
    }

    /// The CA's certificate.
    pub fn ca_pem(&self) -> &str {
        self.ca.pem()
    }

    /// SHA-256 of the CA's certificate (DER), in hexadecimal: what an installer carries to the pole.
    pub fn ca_fingerprint(&self) -> String {
        hex(digest(&SHA256, self.ca.der()).as_ref())
    }

    /// The key that nodes pin.
    pub fn authority(&self) -> AuthorityPublicKey {
        self.authority
    }

    /// The key that signs messages to nodes.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// Certifies the key of a request as belonging to `node`. Nothing but the key is taken from the request.
    pub fn sign_node(
        &self,
        csr_pem: &str,
        node: &NodeId,
        now: Timestamp,
        life: jiff::SignedDuration,
    ) -> Result<NodeCertificate, IdentityError> {
        self.ca.sign_node(csr_pem, node, self.created_at, now, life)
    }

    /// A fresh server certificate for these host names and addresses.
    pub fn server_credentials(&self, names: &[String], now: Timestamp) -> Result<Credentials, IdentityError> {
        self.ca.sign_server(names, self.created_at, now)
    }

    /// A fresh certificate for the broker itself as a client of an external MQTT server.
    pub fn client_credentials(&self, name: &str, now: Timestamp) -> Result<Credentials, IdentityError> {
        self.ca.sign_client(name, self.created_at, now)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
