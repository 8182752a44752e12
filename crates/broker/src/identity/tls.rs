//! TLS for the listener that nodes talk HTTP to, and who a peer's certificate says it is.

use std::sync::Arc;

use jiff::Timestamp;
use loa_protocol::NodeId;
use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{Identity, IdentityError, hex};

/// A node as its certificate names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePeer {
    /// The node.
    pub node: NodeId,
    /// Serial number of the certificate it showed, hexadecimal.
    pub serial: String,
}

/// The node that a verified client certificate names; none if it names no node.
pub fn node_of(certificate: &CertificateDer<'_>) -> Option<NodePeer> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?;
    if names.next().is_some() {
        return None;
    }
    Some(NodePeer { node: name.parse().ok()?, serial: hex(certificate.raw_serial()) })
}

impl Identity {
    /// TLS for the nodes' HTTP listener: a client certificate is checked when there is one; an agent that enrols has none yet.
    pub fn node_listener_tls(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<Arc<ServerConfig>, IdentityError> {
        let tls = |error: String| IdentityError::Tls(error);
        let server = self.server_credentials(names, now)?;
        let mut roots = RootCertStore::empty();
        for ca in self.trusted() {
            roots.add(ca.der().clone()).map_err(|e| tls(e.to_string()))?;
        }
        let chain = CertificateDer::pem_slice_iter(server.chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| tls(e.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(server.key_pem.as_bytes()).map_err(|e| tls(e.to_string()))?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(|e| tls(e.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| tls(e.to_string()))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|e| tls(e.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
