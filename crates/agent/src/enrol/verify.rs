//! Who answers at the server's address: only a chain that holds the CA of the expected fingerprint, and is validly issued by it for this
//! host, is let through. No other root is trusted, and nothing is trusted on first use.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use loa_protocol::Clock;
use ring::digest::{SHA256, digest};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring as provider, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::clock::TlsTime;

/// SHA-256 of a CA's certificate (DER).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl FromStr for Fingerprint {
    type Err = String;

    /// 64 hexadecimal digits; colons and spaces between them don't matter.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ' | '-')).collect();
        let wrong = || "a fingerprint is 64 hexadecimal digits".to_owned();
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::files::hex(&self.0))
    }
}

/// Believes the CA of one fingerprint.
#[derive(Debug)]
pub(super) struct ByFingerprint {
    fingerprint: Fingerprint,
    provider: Arc<CryptoProvider>,
    stranger: AtomicBool,
}

impl ByFingerprint {
    pub(super) fn new(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint,
            provider: Arc::new(provider::default_provider()),
            stranger: AtomicBool::new(false),
        }
    }

    /// Whether someone without the CA of this fingerprint answered.
    pub(super) fn saw_a_stranger(&self) -> bool {
        self.stranger.load(Ordering::Relaxed)
    }

    fn issuer<'a>(&self, chain: &'a [CertificateDer<'a>]) -> Option<&'a CertificateDer<'a>> {
        chain.iter().find(|certificate| digest(&SHA256, certificate).as_ref() == self.fingerprint.0)
    }
}

impl ServerCertVerifier for ByFingerprint {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(ca) = self.issuer(intermediates) else {
            self.stranger.store(true, Ordering::Relaxed);
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        };
        let now = made_at(ca).map_or(now, |made_at| now.max(made_at));
        let mut roots = RootCertStore::empty();
        roots.add(ca.clone().into_owned())?;
        let verified = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(end_entity, &[], server_name, ocsp_response, now);
        // A certificate that this CA didn't issue, shown beside it, is a stranger's too.
        let forged = matches!(
            verified,
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature))
        );
        if forged {
            self.stranger.store(true, Ordering::Relaxed);
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// When the CA was made. The installer has its fingerprint, so it was made before now, whatever the board's clock says: a program built before
/// the broker was set up, on a board without a battery, must still get through.
fn made_at(ca: &CertificateDer<'_>) -> Option<UnixTime> {
    let (_, ca) = x509_parser::parse_x509_certificate(ca).ok()?;
    let seconds = u64::try_from(ca.validity().not_before.timestamp()).ok()?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

/// TLS for enrolment: no certificate of our own yet.
pub(super) fn client_config(
    verifier: Arc<ByFingerprint>,
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::builder_with_provider(verifier.provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.time_provider = TlsTime::by(Arc::clone(clock));
    Ok(config)
}
