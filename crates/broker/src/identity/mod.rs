//! Who the broker is, and who it says a node is: its certificate authority, the authority key that nodes pin, the key that
//! signs messages, and the certificates of nodes and servers.
//!
//! Everything secret lives in one folder that only the broker's user can read. The folder is made whole or not at all: a broker
//! that loses a part of it must stop, because quietly making a new CA would cut off every node.

mod certificates;
mod files;
mod keys;
pub mod release_keys;
mod tls;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AuthorityPublicKey, NodeId, SigningKey};
use ring::digest::{SHA256, digest};

pub use certificates::NodeCertificate;
pub use files::seed_in;
pub use tls::{NodePeer, node_of};

/// Less of a signing key's time left than this is worth a warning.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 90);

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
    /// A new signing key can't be certified: the authority's key was taken out. Say where it is.
    #[error("the authority's key is not in the data folder; say in which file it is kept (--authority FILE)")]
    NoAuthority,
    /// Nodes have pinned another authority.
    #[error("{path} is the key of another authority than the one that this broker's nodes know")]
    ForeignAuthority {
        /// Which file.
        path: String,
    },
    /// A CA is already being replaced: finish that first.
    #[error("the CA is being replaced already; finish that with `loa-broker keys drop-old-ca`")]
    Replacing,
    /// No CA is being replaced.
    #[error("no CA is being replaced; begin with `loa-broker keys new-ca`")]
    NotReplacing,
    /// The system's random numbers can't be had.
    #[error("no random numbers from the system")]
    Random,
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
    /// The one that takes its place.
    next_ca: Option<certificates::Ca>,
    authority: AuthorityPublicKey,
    signing: SigningKey,
    created_at: Timestamp,
    authority_here: bool,
}

impl Identity {
    /// Opens the identity in `folder`, or makes it there when the folder doesn't exist.
    pub fn open_or_create(folder: &Path, now: Timestamp) -> Result<Self, IdentityError> {
        if !folder.exists() {
            files::create(folder, &certificates::Ca::generate(now)?, now)?;
        }
        let files::Stored { ca_certificate_pem, ca_key_pem, next_ca, keys } = files::open(folder, now)?;
        let ca = certificates::Ca::open(ca_certificate_pem, &ca_key_pem)?;
        let next_ca = next_ca.map(|(pem, key_pem)| certificates::Ca::open(pem, &key_pem)).transpose()?;
        let keys::Keys { authority, signing, created_at, authority_here } = keys;
        let until = signing.certificate().not_after;
        if until.duration_since(now) < SOON {
            tracing::warn!(%until, "nodes soon believe the signing key no more; see `loa-broker keys rotate`");
        }
        Ok(Self { ca, next_ca, authority, signing, created_at, authority_here })
    }

    /// Makes a new signing key in the identity's folder; a running broker takes it at its next start. With `revoke`, nodes that hear
    /// it believe no older one any more. `authority`: where the authority's key is kept, if not in the folder.
    pub fn rotate_signing_key(
        folder: &Path,
        authority: Option<&Path>,
        revoke: bool,
        now: Timestamp,
    ) -> Result<SigningKey, IdentityError> {
        keys::rotate(folder, authority, revoke, now)
    }

    /// Moves the authority's key out of the folder into a file that doesn't exist yet. The broker doesn't need it to serve.
    pub fn take_authority_out(folder: &Path, to: &Path, now: Timestamp) -> Result<(), IdentityError> {
        keys::take_out(folder, to, now)
    }

    /// Makes a new CA in the identity's folder. From the broker's next start on it certifies nodes, and nodes trust both; servers still show the
    /// old one's certificates.
    pub fn add_ca(folder: &Path, now: Timestamp) -> Result<(), IdentityError> {
        if files::open(folder, now)?.next_ca.is_some() {
            return Err(IdentityError::Replacing);
        }
        files::add_ca(folder, &certificates::Ca::generate(now)?)
    }

    /// Ends that: from the broker's next start on the new CA is the only one. Nodes that have no certificate of it must be enrolled anew.
    pub fn drop_old_ca(folder: &Path, now: Timestamp) -> Result<(), IdentityError> {
        match files::open(folder, now)?.next_ca {
            Some(_) => files::drop_old_ca(folder),
            None => Err(IdentityError::NotReplacing),
        }
    }

    /// Whether the authority's secret key lies in the folder.
    pub fn has_authority_key(&self) -> bool {
        self.authority_here
    }

    /// The certificate of the CA that servers show.
    pub fn ca_pem(&self) -> &str {
        self.ca.pem()
    }

    /// The CAs whose certificates count, first the one that certifies nodes.
    fn trusted(&self) -> impl Iterator<Item = &certificates::Ca> {
        self.next_ca.iter().chain([&self.ca])
    }

    /// Certificates of all CAs whose certificates count, first the one that certifies nodes.
    pub fn trusted_pem(&self) -> String {
        self.trusted().map(certificates::Ca::pem).collect()
    }

    /// Their fingerprints, in the same order: SHA-256, hexadecimal.
    pub fn trusted_fingerprints(&self) -> Vec<String> {
        self.trusted().map(|ca| hex(digest(&SHA256, ca.der()).as_ref())).collect()
    }

    /// Fingerprint of the CA that certifies nodes.
    pub fn certifying_fingerprint(&self) -> String {
        hex(digest(&SHA256, self.next_ca.as_ref().unwrap_or(&self.ca).der()).as_ref())
    }

    /// Whether one CA takes another's place.
    pub fn replaces_ca(&self) -> bool {
        self.next_ca.is_some()
    }

    /// SHA-256 of the certificate (DER) of the CA that servers show, in hexadecimal: what an installer carries to the pole.
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
        self.next_ca.as_ref().unwrap_or(&self.ca).sign_node(csr_pem, node, self.created_at, now, life)
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
