//! What a stranger may send to the nodes' listener: an enrolment, with a certificate request. Whatever it is, at most the key of it is taken.
#![no_main]

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use loa_broker::identity::Identity;
use loa_protocol::{
    NodeId,
    enrolment::{EnrolmentRequest, RenewalRequest, canonical_code},
};

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    Identity::open_or_create(&folder.path().join("identity"), now()).expect("an identity")
});

fn now() -> Timestamp {
    Timestamp::from_second(1_795_600_000).expect("in range")
}

fn certify(request: &str) {
    let node: NodeId = "fuzzed".parse().expect("a name");
    if let Ok(certificate) = IDENTITY.sign_node(request, &node, now(), SignedDuration::from_hours(24)) {
        assert!(certificate.pem.starts_with("-----BEGIN CERTIFICATE-----"));
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = serde_json::from_slice::<EnrolmentRequest>(data) {
        let code = canonical_code(&request.code);
        assert_eq!(canonical_code(&code), code, "a code has one form");
        certify(&request.csr_pem);
    }
    if let Ok(request) = serde_json::from_slice::<RenewalRequest>(data) {
        certify(&request.csr_pem);
    }
    // Without the JSON around it, so that the parser of requests is reached by every input that looks like one.
    if let Ok(text) = std::str::from_utf8(data) {
        certify(text);
    }
});
