use base64::Engine;
use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};

use loa_protocol::keys::Standing;

use super::*;

const YEAR: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 365);

fn now() -> Timestamp {
    "2026-11-24T00:00:00Z".parse().unwrap()
}

fn node() -> NodeId {
    "dai-an-1".parse().unwrap()
}

fn request() -> (KeyPair, String) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let csr = params.serialize_request(&key).unwrap().pem().unwrap();
    (key, csr)
}

/// Runs a TLS handshake in memory and says what the server learnt of the client.
fn handshake(
    identity: &Identity,
    client: Option<(&str, KeyPair)>,
    at: &str,
) -> Result<Option<NodePeer>, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(identity.ca_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some((pem, key)) => {
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    let server = identity.node_listener_tls(&["loa.test".into(), "127.0.0.1".into()], now()).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    let name = ServerName::try_from(at.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(server.peer_certificates().and_then(|chain| node_of(&chain[0])))
}

#[test]
fn an_identity_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let first = Identity::open_or_create(&path, now()).unwrap();
    let again = Identity::open_or_create(&path, now()).unwrap();
    assert_eq!(first.ca_fingerprint(), again.ca_fingerprint());
    assert_eq!(first.authority(), again.authority());
    assert_eq!(first.ca_fingerprint().len(), 64);
}

#[test]
fn nobody_but_the_broker_can_read_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    Identity::open_or_create(&path, now()).unwrap();
    nobody_else_reads(&path);
}

fn nobody_else_reads(path: &Path) {
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    for file in fs::read_dir(path).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn a_damaged_identity_stops_the_broker_instead_of_being_made_anew() {
    for file in ["ca.pem", "ca.key.pem", "signing.json"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        Identity::open_or_create(&path, now()).unwrap();
        fs::write(path.join(file), "x").unwrap();
        assert!(Identity::open_or_create(&path, now()).is_err(), "{file} damaged");
        fs::remove_file(path.join(file)).unwrap();
        assert!(Identity::open_or_create(&path, now()).is_err(), "{file} missing");
    }
}

#[test]
fn a_creation_that_was_cut_short_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    fs::create_dir(folder.path().join("identity.new")).unwrap();
    fs::write(folder.path().join("identity.new/ca.pem"), "half").unwrap();
    Identity::open_or_create(&path, now()).unwrap();
}

#[test]
fn a_node_gets_in_with_its_certificate_and_is_known_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::open_or_create(&folder.path().join("identity"), now()).unwrap();
    let (key, csr) = request();
    let certificate = identity.sign_node(&csr, &node(), now(), YEAR).unwrap();
    let peer = handshake(&identity, Some((&certificate.pem, key)), "loa.test").unwrap().unwrap();
    assert_eq!(peer, NodePeer { node: node(), serial: certificate.serial });
    assert_eq!(handshake(&identity, None, "127.0.0.1").unwrap(), None);
}

#[test]
fn a_certificate_of_another_broker_does_not_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Identity::open_or_create(&folder.path().join("ours"), now()).unwrap();
    let theirs = Identity::open_or_create(&folder.path().join("theirs"), now()).unwrap();
    let (key, csr) = request();
    let certificate = theirs.sign_node(&csr, &node(), now(), YEAR).unwrap();
    assert!(handshake(&ours, Some((&certificate.pem, key)), "loa.test").is_err());
}

#[test]
fn a_node_certificate_says_only_what_the_broker_says() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::open_or_create(&folder.path().join("identity"), now()).unwrap();
    let (_, csr) = request();
    let certificate = identity.sign_node(&csr, &node(), now(), YEAR).unwrap();
    let der = CertificateDer::from_pem_slice(certificate.pem.as_bytes()).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let usage = parsed.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
    assert!(parsed.subject_alternative_name().unwrap().is_none());
    assert!(!parsed.is_ca());
}

#[test]
fn a_request_that_is_not_signed_with_its_own_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::open_or_create(&folder.path().join("identity"), now()).unwrap();
    let (_, csr) = request();
    let der = rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(csr.as_bytes()).unwrap();
    let mut bytes = der.as_ref().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let text = base64::prelude::BASE64_STANDARD.encode(&bytes);
    let forged = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
    assert!(matches!(identity.sign_node(&forged, &node(), now(), YEAR), Err(IdentityError::Request(_))));
    assert!(matches!(identity.sign_node("rubbish", &node(), now(), YEAR), Err(IdentityError::Request(_))));
}

#[test]
fn keys_that_an_older_version_kept_together_are_taken_apart_and_stay_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let before = Identity::open_or_create(&path, now()).unwrap();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(path.join(name)).unwrap()).unwrap()
    };
    let (authority, signing) = (read("authority.json"), read("signing.json"));
    let together = serde_json::json!({
        "created_at": signing["created_at"],
        "authority_seed": authority["authority_seed"],
        "signing_seed": signing["signing_seed"],
    });
    fs::write(path.join("keys.json"), together.to_string()).unwrap();
    fs::remove_file(path.join("authority.json")).unwrap();
    fs::remove_file(path.join("signing.json")).unwrap();

    let after = Identity::open_or_create(&path, now()).unwrap();
    assert_eq!(after.authority(), before.authority());
    assert_eq!(after.signing_key().kid(), before.signing_key().kid());
    assert!(!path.join("keys.json").exists());
}

#[test]
fn a_new_signing_key_is_of_the_same_authority_and_revokes_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let first = Identity::open_or_create(&path, now()).unwrap();
    Identity::rotate_signing_key(&path, None, false, now()).unwrap();
    let second = Identity::open_or_create(&path, now()).unwrap();
    assert_eq!(second.authority(), first.authority());
    assert_ne!(second.signing_key().kid(), first.signing_key().kid());
    assert_eq!(second.signing_key().certificate().standing, Standing { number: 1, floor: 0 });
    Identity::rotate_signing_key(&path, None, true, now()).unwrap();
    Identity::rotate_signing_key(&path, None, false, now()).unwrap();
    let last = Identity::open_or_create(&path, now()).unwrap();
    assert_eq!(
        last.signing_key().certificate().standing,
        Standing { number: 3, floor: 2 },
        "revoked for good"
    );
}

#[test]
fn the_authority_key_can_be_kept_elsewhere_and_is_asked_for_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let (safe, other) = (folder.path().join("safe.json"), folder.path().join("other"));
    let first = Identity::open_or_create(&path, now()).unwrap();
    assert!(first.has_authority_key());
    Identity::take_authority_out(&path, &safe, now()).unwrap();
    assert_eq!(fs::metadata(&safe).unwrap().permissions().mode() & 0o777, 0o600);
    let without = Identity::open_or_create(&path, now()).unwrap();
    assert!(!without.has_authority_key());
    assert_eq!(without.signing_key().kid(), first.signing_key().kid());

    let rotate = |authority| Identity::rotate_signing_key(&path, authority, true, now());
    assert!(matches!(rotate(None), Err(IdentityError::NoAuthority)));
    Identity::open_or_create(&other, now()).unwrap();
    let foreign = other.join("authority.json");
    assert!(matches!(rotate(Some(&foreign)), Err(IdentityError::ForeignAuthority { .. })));
    assert_eq!(
        Identity::open_or_create(&path, now()).unwrap().signing_key().kid(),
        first.signing_key().kid()
    );
    rotate(Some(&safe)).unwrap();
    // Nothing is overwritten, and the key isn't lost when its new place can't be had.
    assert!(Identity::take_authority_out(&other, &safe, now()).is_err());
    assert!(Identity::open_or_create(&other, now()).unwrap().has_authority_key());
}

#[test]
fn a_signing_key_is_certified_anew_in_time_while_the_authority_is_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let later = now() + SignedDuration::from_hours(24 * 365 * 3);
    let first = Identity::open_or_create(&path, now()).unwrap();
    let again = Identity::open_or_create(&path, later).unwrap();
    assert_eq!(again.signing_key().kid(), first.signing_key().kid());
    assert!(again.signing_key().certificate().not_after > first.signing_key().certificate().not_after);
    assert_eq!(
        again.signing_key().certificate().not_before,
        first.signing_key().certificate().not_before,
        "a node whose clock is behind believes it"
    );
}

#[test]
fn while_a_ca_is_replaced_certificates_of_both_get_in_and_servers_show_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let before = Identity::open_or_create(&path, now()).unwrap();
    let signed = |identity: &Identity| {
        let (key, csr) = request();
        (identity.sign_node(&csr, &node(), now(), YEAR).unwrap(), key)
    };
    let (old, old_key) = signed(&before);
    assert!(matches!(Identity::drop_old_ca(&path, now()), Err(IdentityError::NotReplacing)));
    Identity::add_ca(&path, now()).unwrap();
    assert!(matches!(Identity::add_ca(&path, now()), Err(IdentityError::Replacing)));

    let during = Identity::open_or_create(&path, now()).unwrap();
    let (new, new_key) = signed(&during);
    assert_eq!(during.ca_fingerprint(), before.ca_fingerprint(), "who trusts the old one alone gets through");
    assert_eq!(during.trusted_fingerprints()[1], before.ca_fingerprint());
    assert_ne!(during.trusted_fingerprints()[0], before.ca_fingerprint());
    let old_key_again = KeyPair::from_pem(&old_key.serialize_pem()).unwrap();
    let new_key_again = KeyPair::from_pem(&new_key.serialize_pem()).unwrap();
    assert!(handshake(&during, Some((&old.pem, old_key)), "loa.test").is_ok());
    assert!(handshake(&during, Some((&new.pem, new_key)), "loa.test").is_ok());
    assert!(handshake(&before, Some((&new.pem, new_key_again)), "loa.test").is_err());

    Identity::drop_old_ca(&path, now()).unwrap();
    let after = Identity::open_or_create(&path, now()).unwrap();
    assert_eq!(after.trusted_fingerprints(), [during.trusted_fingerprints()[0].clone()]);
    assert_eq!(after.ca_fingerprint(), during.trusted_fingerprints()[0]);
    assert_eq!(after.authority(), before.authority(), "what signs is another matter");
    assert!(handshake(&after, Some((&old.pem, old_key_again)), "loa.test").is_err());
    nobody_else_reads(&path);
}

#[test]
fn a_ca_whose_replacement_was_cut_short_is_whole_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let before = Identity::open_or_create(&path, now()).unwrap().ca_fingerprint();
    // The power went when the new CA's key was there and its certificate not yet.
    fs::write(path.join("ca-next.key.pem"), "half").unwrap();
    assert_eq!(Identity::open_or_create(&path, now()).unwrap().trusted_fingerprints(), [before]);
    Identity::add_ca(&path, now()).unwrap();
    let new = Identity::open_or_create(&path, now()).unwrap().certifying_fingerprint();
    // And when its key had taken the old one's place and its certificate not yet.
    fs::rename(path.join("ca-next.key.pem"), path.join("ca.key.pem")).unwrap();
    let after = Identity::open_or_create(&path, now()).unwrap();
    assert_eq!(after.trusted_fingerprints(), [new]);
    assert!(!after.replaces_ca());
}
