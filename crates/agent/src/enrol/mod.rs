//! Enrolment: a one-time claim code against a certificate, without trusting anyone but the CA whose fingerprint the installer carries.
//!
//! The key is made here and never leaves. Either everything needed is kept in the end, or nothing; the code is then still good,
//! unless the broker's answer was lost on the way.

#[cfg(test)]
mod tests;
mod verify;

use std::{path::Path, sync::Arc, time::Duration};

use loa_protocol::{
    Clock,
    enrolment::{EnrolmentRequest, EnrolmentResponse},
    version::VersionRange,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;

use crate::{
    identity::{Identity, IdentityError},
    node::VERSION,
};
pub use verify::Fingerprint;

/// Longest wait for the broker.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the installer types.
#[derive(Debug, Clone)]
pub struct Claim {
    /// `https://HOST:PORT` of the broker's node address.
    pub server: String,
    /// SHA-256 of the CA's certificate.
    pub fingerprint: Fingerprint,
    /// The claim code.
    pub code: String,
}

/// Why a node wasn't enrolled. Each says what the installer can do.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Done before; nothing was changed.
    #[error(
        "this node is enrolled already, as {0}; nothing was changed. To enrol it anew, remove the folder `identity` in its data folder"
    )]
    AlreadyEnrolled(String),
    /// The broker doesn't know the code.
    #[error("the broker doesn't know this claim code; look at the page of the node and type it again")]
    WrongCode,
    /// The code was used.
    #[error("this claim code has been used; make a new one on the page of the node")]
    UsedCode,
    /// The code is too old.
    #[error("this claim code has expired; make a new one on the page of the node")]
    ExpiredCode,
    /// Another server answered, or the fingerprint was typed wrongly.
    #[error(
        "the server is not the one with this fingerprint: don't enrol here. Compare the fingerprint with the page of the node; if it is right, someone else answers at this address"
    )]
    WrongFingerprint,
    /// No answer.
    #[error("the broker can't be reached at {server}: {why}. Look at the network, the address and the clock")]
    Unreachable {
        /// Where.
        server: String,
        /// What happened.
        why: String,
    },
    /// No protocol version that both know.
    #[error("this agent and the broker have no protocol version in common; update the older of the two")]
    Version,
    /// Too many tries.
    #[error("too many attempts; wait a few minutes and try again")]
    TooManyAttempts,
    /// Any other answer.
    #[error("the broker refused: {0}")]
    Refused(String),
    /// The server's address can't be used.
    #[error("{0:?} is not an address of the form https://HOST:PORT")]
    BadAddress(String),
    /// A fault of this program or of the system's random numbers.
    #[error("the node's key can't be made: {0}")]
    Key(String),
    /// The data folder.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl EnrolError {
    /// Exit code of the process: each cause has its own.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::AlreadyEnrolled(_) => 3,
            Self::WrongCode => 4,
            Self::UsedCode => 5,
            Self::ExpiredCode => 6,
            Self::WrongFingerprint => 7,
            Self::Unreachable { .. } => 8,
            Self::Version => 9,
            Self::TooManyAttempts => 10,
            Self::Refused(_) => 11,
            Self::BadAddress(_) => 2,
            Self::Key(_) | Self::Identity(_) => 12,
        }
    }
}

/// Enrols this node and keeps its identity in `data`.
pub async fn enrol(data: &Path, claim: &Claim, clock: &Arc<dyn Clock>) -> Result<Identity, EnrolError> {
    if Identity::exists(data) {
        let node = Identity::open(data)?.enrolled.node.clone();
        return Err(EnrolError::AlreadyEnrolled(node.to_string()));
    }
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
    let response = post(claim, &request, clock).await?;
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
    claim: &Claim,
    request: &EnrolmentRequest,
    clock: &Arc<dyn Clock>,
) -> Result<EnrolmentResponse, EnrolError> {
    let bad = || EnrolError::BadAddress(claim.server.clone());
    let server = Url::parse(&claim.server).map_err(|_| bad())?;
    if server.scheme() != "https" || !server.has_host() {
        return Err(bad());
    }
    let address = format!("{}/enrolments", claim.server.trim_end_matches('/'));
    let verifier = Arc::new(verify::ByFingerprint::new(claim.fingerprint));
    let client = Client::builder()
        .tls_backend_preconfigured(
            verify::client_config(verifier.clone(), clock).map_err(EnrolError::Refused)?,
        )
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .build()
        .map_err(|error| EnrolError::Refused(error.to_string()))?;
    let unreachable = |error: reqwest::Error| {
        if verifier.saw_a_stranger() {
            return EnrolError::WrongFingerprint;
        }
        EnrolError::Unreachable { server: claim.server.clone(), why: innermost(&error) }
    };
    let response = client.post(address).json(request).send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_success() {
        return response.json().await.map_err(|error| EnrolError::Refused(innermost(&error)));
    }
    let problem: Option<Problem> = response.json().await.ok();
    Err(refusal(status, problem))
}

/// The codes are the broker's; see `docs/openapi.json`.
fn refusal(status: StatusCode, problem: Option<Problem>) -> EnrolError {
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

/// The cause that says most: `reqwest` wraps it thrice.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
