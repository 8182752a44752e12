//! Enrolment: a one-time claim code against a certificate, without trusting anyone but the CA whose fingerprint the installer carries.
//!
//! The key is made here and never leaves. Either everything needed is kept in the end, or nothing; the code is then still good,
//! unless the broker's answer was lost on the way. Whether the disk takes an identity is tried before the code is shown to anybody.

mod claim;
mod error;
#[cfg(test)]
mod tests;
mod verify;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use loa_protocol::{
    Clock,
    enrolment::{EnrolmentRequest, EnrolmentResponse},
    version::VersionRange,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;

use crate::{identity::Identity, node::VERSION};
pub use claim::{Arguments, Claim, discard};
pub use error::EnrolError;
pub(crate) use error::innermost;
pub use verify::Fingerprint;

/// Longest wait for the broker.
const PATIENCE: Duration = Duration::from_secs(20);

/// Enrols this node and keeps its identity in `data`.
pub async fn enrol(data: &Path, claim: &Claim, clock: &Arc<dyn Clock>) -> Result<Identity, EnrolError> {
    enrol_within(PATIENCE, data, claim, clock).await
}

async fn enrol_within(
    patience: Duration,
    data: &Path,
    claim: &Claim,
    clock: &Arc<dyn Clock>,
) -> Result<Identity, EnrolError> {
    if Identity::exists(data) {
        let node = Identity::open(data)?.enrolled.node.clone();
        return Err(EnrolError::AlreadyEnrolled(node.to_string()));
    }
    Identity::make_room(data)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| EnrolError::Key(e.to_string()))?;
    let csr_pem = CertificateParams::default()
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(|e| EnrolError::Key(e.to_string()))?;
    let request = EnrolmentRequest {
        code: claim.code.clone(),
        csr_pem,
        version: VERSION.into(),
        protocol: VersionRange::OURS,
    };
    let response = post(patience, claim, &request, clock).await?;
    if response.protocol < VersionRange::OURS.min || response.protocol > VersionRange::OURS.max {
        return Err(EnrolError::Version);
    }
    let identity = Identity::new(response, &key.serialize_pem());
    // What can't be used must not be kept: the installer would learn of it only when no sound comes.
    loa_mqtt::tls::client_config(&identity.tls(), None).map_err(|e| EnrolError::Refused(e.to_string()))?;
    identity.save(data)?;
    Ok(identity)
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: Option<String>,
}

async fn post(
    patience: Duration,
    claim: &Claim,
    request: &EnrolmentRequest,
    clock: &Arc<dyn Clock>,
) -> Result<EnrolmentResponse, EnrolError> {
    let bad = || EnrolError::BadAddress(claim.server.clone());
    let server = Url::parse(&claim.server).map_err(|_| bad())?;
    let (Some(host), Some(port)) = (server.host_str(), server.port_or_known_default()) else {
        return Err(bad());
    };
    if server.scheme() != "https" || !matches!(server.path(), "/" | "") {
        return Err(bad());
    }
    let addresses = look_up(host, port, patience).await?;
    let verifier = Arc::new(verify::ByFingerprint::new(claim.fingerprint));
    let client = Client::builder()
        .tls_backend_preconfigured(
            verify::client_config(verifier.clone(), clock).map_err(EnrolError::Refused)?,
        )
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(patience)
        .timeout(patience)
        .resolve_to_addrs(host, &addresses)
        .build()
        .map_err(|error| EnrolError::Refused(error.to_string()))?;
    let failed = |error: reqwest::Error| {
        if verifier.saw_a_stranger() {
            return EnrolError::WrongFingerprint;
        }
        EnrolError::of_connection(&error, &claim.server, clock.now())
    };
    let address = format!("{}/enrolments", claim.server.trim_end_matches('/'));
    let response = client.post(address).json(request).send().await.map_err(failed)?;
    let status = response.status();
    if status.is_success() {
        let answer = response.bytes().await.map_err(failed)?;
        return serde_json::from_slice(&answer).map_err(|error| EnrolError::Refused(error.to_string()));
    }
    let problem: Option<Problem> = response.json().await.ok();
    Err(refusal(status, problem, &claim.server))
}

/// Where the server is. Asked for by itself, because a wrong name and a broken line want different hands.
async fn look_up(host: &str, port: u16, patience: Duration) -> Result<Vec<SocketAddr>, EnrolError> {
    let no_name = |why: String| EnrolError::NoName { name: host.to_owned(), why };
    let bare = host.trim_matches(['[', ']']);
    let found = tokio::time::timeout(patience, tokio::net::lookup_host((bare, port))).await;
    let found = found.map_err(|_| no_name("no answer".into()))?;
    let addresses: Vec<_> = found.map_err(|error| no_name(error.to_string()))?.collect();
    if addresses.is_empty() { Err(no_name("it has no address".into())) } else { Ok(addresses) }
}

/// The codes are the broker's; see `docs/openapi.json`.
fn refusal(status: StatusCode, problem: Option<Problem>, server: &str) -> EnrolError {
    if problem.is_none() && matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
        return EnrolError::NotForNodes { server: server.to_owned(), why: format!("it answers {status}") };
    }
    let (code, detail) = problem.map_or((String::new(), None), |p| (p.code, p.detail));
    match code.as_str() {
        "claim_unknown" => EnrolError::WrongCode,
        "claim_used" => EnrolError::UsedCode,
        "claim_expired" => EnrolError::ExpiredCode,
        "no_common_version" => EnrolError::Version,
        _ if status == StatusCode::TOO_MANY_REQUESTS => EnrolError::TooManyAttempts,
        _ => EnrolError::Refused(detail.unwrap_or_else(|| format!("{status} {code}"))),
    }
}
