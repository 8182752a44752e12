//! Who a certificate says the peer is. The TLS handshake has already proved it.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A proved client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateIdentity {
    /// The subject's common name: the node's id.
    pub node_id: String,
    /// Serial number, lower-case hexadecimal without leading zeros.
    pub serial: String,
    /// The certificate itself, DER.
    pub der: CertificateDer<'static>,
}

impl CertificateIdentity {
    /// Reads a leaf certificate; `None` unless it has exactly one common name that can stand in a topic. Colons are
    /// this process's own.
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut names = certificate.subject().iter_common_name();
        let name = names.next()?.as_str().ok()?;
        if names.next().is_some() || !crate::topic::is_valid_name(name) || name.contains(['/', ':']) {
            return None;
        }
        Some(Self {
            node_id: name.to_owned(),
            serial: format!("{:x}", certificate.tbs_certificate.serial),
            der: der.clone().into_owned(),
        })
    }
}
