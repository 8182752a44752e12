//! For tests: a CA, certificates, and a small HTTPS server that can be told to misbehave.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use loa_protocol::{AuthorityKey, Clock, SystemClock, enrolment::EnrolmentResponse};
use rcgen::{BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{enrol::Fingerprint, files, identity::Identity};

/// A board that woke up in 1970, seven seconds ago.
pub(crate) struct In1970(pub(crate) SystemClock);

impl Clock for In1970 {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(7) + self.0.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// When the CA was made; its certificates are in force from then on, as a broker's are.
fn made() -> time::OffsetDateTime {
    rcgen::date_time_ymd(2020, 1, 1)
}

/// A CA of a broker.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.not_before = made();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        files::hex(digest(&SHA256, &self.der).as_ref()).parse().unwrap()
    }

    /// Signs a request as a broker does.
    pub(crate) fn sign(&self, csr_pem: &str) -> String {
        CertificateSigningRequestParams::from_pem(csr_pem).unwrap().signed_by(&self.issuer).unwrap().pem()
    }

    /// What a broker answers to a claim.
    pub(crate) fn answer(&self, certificate_pem: String, http: &str) -> EnrolmentResponse {
        EnrolmentResponse {
            node: "n1".parse().unwrap(),
            areas: vec!["31699-01".parse().unwrap()],
            certificate_pem,
            ca_pem: self.pem.clone(),
            authority: AuthorityKey::from_seed(&[1; 32]).unwrap().public_key(),
            mqtt: "localhost:8883".into(),
            http: http.into(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            protocol: 1,
        }
    }

    /// A node enrolled with a broker at `http`.
    pub(crate) fn node(&self, http: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.not_before = made();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(self.answer(certificate.pem(), http), &key.serialize_pem())
    }

    fn server(&self, chain_with: &CertificateDer<'static>, mutual: bool) -> ServerConfig {
        let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        self.server_with(params, chain_with, mutual)
    }

    /// A server whose certificate is for this name, in force until the end of this year.
    pub(crate) fn server_as(&self, name: &str, until: i32) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 12, 31);
        self.server_with(params, &self.der, false)
    }

    fn server_with(
        &self,
        mut params: CertificateParams,
        chain_with: &CertificateDer<'static>,
        mutual: bool,
    ) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        params.not_before = made();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.der.clone()).unwrap();
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
            )
        } else {
            builder.with_no_client_auth()
        };
        let chain = vec![certificate.der().clone(), chain_with.clone()];
        builder.with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into())).unwrap()
    }
}

/// A request as the server got it: head and body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// An answer: the raw bytes of it, and how many of them are sent before the line goes dead.
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) cut: Option<usize>,
}

impl Answer {
    pub(crate) fn new(status: &str, headers: &str, body: &[u8]) -> Self {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
            body.len()
        );
        Self { bytes: [head.as_bytes(), body].concat(), cut: None }
    }
}

/// An HTTPS server on this machine.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Serves with a certificate of `ca`, shown together with `shown`'s CA; `mutual`: asks for a certificate of `ca`.
    pub(crate) async fn start(
        ca: &Ca,
        shown: &Ca,
        mutual: bool,
        answer: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> Self {
        Self::serving(ca.server(&shown.der, mutual), answer).await
    }

    /// Serves by this configuration.
    pub(crate) async fn serving(
        tls: ServerConfig,
        mut answer: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = TlsAcceptor::from(Arc::new(tls));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = tls.accept(stream).await else { continue };
                let Some(request) = read_request(&mut stream).await else { continue };
                seen.lock().unwrap().push(request.clone());
                let answer = answer(&request);
                let end = answer.cut.unwrap_or(answer.bytes.len());
                let _ = stream.write_all(&answer.bytes[..end]).await;
                let _ = stream.flush().await;
                if answer.cut.is_none() {
                    let _ = stream.shutdown().await;
                }
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.address.port())
    }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(Asked { head: head.to_ascii_lowercase(), body: body.to_owned() });
            }
        }
    }
}
