//! Certificates and keys in PEM, made into TLS configurations (rustls with ring).
//!
//! Both sides always show a certificate. Session resumption is off on the server: every login checks the
//! certificate afresh, its dates included.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What a client shows and whom it trusts.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The authority that signs the server's certificate, PEM.
    pub ca_pem: Vec<u8>,
    /// Own certificate chain, PEM, leaf first.
    pub cert_pem: Vec<u8>,
    /// Own private key, PEM.
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

/// What a server shows and whose clients it lets in.
#[derive(Clone)]
pub struct ServerTls {
    /// Own certificate chain, PEM, leaf first.
    pub cert_pem: Vec<u8>,
    /// Own private key, PEM.
    pub key_pem: Vec<u8>,
    /// The authority that signs the nodes' certificates, PEM.
    pub client_ca_pem: Vec<u8>,
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

/// Whoever supplied the files can put these right.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file holds no readable PEM of the kind expected.
    #[error("no usable {what} in the PEM given")]
    Unreadable {
        /// What was looked for.
        what: &'static str,
    },
    /// The key doesn't fit the certificate, or the authority is malformed.
    #[error("certificate and key can't be used: {0}")]
    Unusable(String),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let list = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsError::Unreadable { what })?;
    if list.is_empty() { Err(TlsError::Unreadable { what }) } else { Ok(list) }
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::Unreadable { what: "private key" })
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for cert in certificates(pem, "authority certificate")? {
        store.add(cert).map_err(unusable)?;
    }
    Ok(store)
}

fn unusable(error: impl std::fmt::Display) -> TlsError {
    TlsError::Unusable(error.to_string())
}

/// Client configuration: shows `identity`, trusts only its authority. `time` says at which time certificates are judged, if it isn't the
/// machine's clock that does.
pub fn client_config(
    identity: &TlsIdentity,
    time: Option<&Arc<dyn TimeProvider>>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots(&identity.ca_pem)?)
        .with_client_auth_cert(certificates(&identity.cert_pem, "certificate")?, key(&identity.key_pem)?)
        .map_err(unusable)?;
    if let Some(time) = time {
        config.time_provider = Arc::clone(time);
    }
    Ok(Arc::new(config))
}

/// Server configuration: a client without a certificate of `client_ca_pem` doesn't get through the handshake.
pub fn server_config(tls: &ServerTls) -> Result<Arc<ServerConfig>, TlsError> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots(&tls.client_ca_pem)?), provider())
            .build()
            .map_err(unusable)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&tls.cert_pem, "certificate")?, key(&tls.key_pem)?)
        .map_err(unusable)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_refused_and_keys_stay_out_of_logs() {
        let identity = TlsIdentity { ca_pem: b"x".to_vec(), cert_pem: vec![], key_pem: b"secret".to_vec() };
        assert!(matches!(client_config(&identity, None), Err(TlsError::Unreadable { .. })));
        let server = ServerTls { cert_pem: vec![], key_pem: b"secret".to_vec(), client_ca_pem: vec![] };
        assert!(matches!(server_config(&server), Err(TlsError::Unreadable { .. })));
        assert!(!format!("{identity:?}{server:?}").contains("secret"));
    }
}
