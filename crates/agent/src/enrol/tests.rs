use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;
use loa_protocol::SystemClock;
use rstest::rstest;

use super::*;
use crate::clock::{BatteryClock, NodeClock};
use crate::test_server::{Answer, Ca, In1970, Server};

fn claim(server: &Server, fingerprint: Fingerprint) -> Claim {
    Claim { server: server.url(), fingerprint, code: "ABCDE-12345".into() }
}

/// This machine's clock.
fn clock() -> Arc<dyn Clock> {
    Arc::new(NodeClock::new(Timestamp::MIN, BatteryClock::Auto, "/nowhere".as_ref()))
}

/// A broker that grants every code.
async fn granting(ca: &std::sync::Arc<Ca>) -> Server {
    let signer = ca.clone();
    Server::start(ca, ca, false, move |asked| {
        let request: EnrolmentRequest = serde_json::from_str(&asked.body).unwrap();
        let answer = signer.answer(signer.sign(&request.csr_pem), "https://127.0.0.1:1/");
        Answer::new("200 OK", "content-type: application/json\r\n", &serde_json::to_vec(&answer).unwrap())
    })
    .await
}

#[tokio::test]
async fn a_code_becomes_an_identity_that_only_its_owner_can_read() {
    let ca = std::sync::Arc::new(Ca::new());
    let server = granting(&ca).await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("loa");
    let identity = enrol(&data, &claim(&server, ca.fingerprint()), &clock()).await.unwrap();
    assert_eq!(identity.enrolled.node.as_str(), "n1");
    let opened = Identity::open(&data).unwrap();
    assert_eq!(opened.enrolled, identity.enrolled);
    loa_mqtt::tls::client_config(&opened.tls(), None).unwrap();
    let mode = |name: &str| std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("identity"), mode("identity/key.pem"), mode("identity/node.json")),
        (0o700, 0o600, 0o600)
    );
    let asked = server.asked.lock().unwrap()[0].clone();
    assert!(asked.head.starts_with("post /enrolments "), "{}", asked.head);
    assert!(!asked.body.contains("PRIVATE"), "the key never leaves");
}

#[tokio::test]
async fn enrolling_again_changes_nothing_and_says_so() {
    let ca = std::sync::Arc::new(Ca::new());
    let server = granting(&ca).await;
    let data = tempfile::tempdir().unwrap();
    enrol(data.path(), &claim(&server, ca.fingerprint()), &clock()).await.unwrap();
    let key = std::fs::read(data.path().join("identity/key.pem")).unwrap();
    let again = enrol(data.path(), &claim(&server, ca.fingerprint()), &clock()).await.unwrap_err();
    assert!(matches!(&again, EnrolError::AlreadyEnrolled(node) if node == "n1"), "{again}");
    assert_eq!(std::fs::read(data.path().join("identity/key.pem")).unwrap(), key);
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_of_another_ca_learns_no_code() {
    let (ca, other) = (std::sync::Arc::new(Ca::new()), Ca::new());
    let server = granting(&ca).await;
    let data = tempfile::tempdir().unwrap();
    let error = enrol(data.path(), &claim(&server, other.fingerprint()), &clock()).await.unwrap_err();
    assert!(matches!(error, EnrolError::WrongFingerprint), "{error}");
    assert!(server.asked.lock().unwrap().is_empty());
    assert!(!data.path().join("identity").exists());
}

#[tokio::test]
async fn a_certificate_shown_beside_a_ca_that_did_not_issue_it_is_a_strangers() {
    let (ca, forger) = (Ca::new(), Ca::new());
    let server = Server::start(&forger, &ca, false, |_| Answer::new("200 OK", "", b"{}")).await;
    let data = tempfile::tempdir().unwrap();
    let error = enrol(data.path(), &claim(&server, ca.fingerprint()), &clock()).await.unwrap_err();
    assert!(matches!(error, EnrolError::WrongFingerprint), "{error}");
    assert!(server.asked.lock().unwrap().is_empty());
}

#[rstest]
#[case("403 Forbidden", "claim_unknown", 4)]
#[case("403 Forbidden", "claim_used", 5)]
#[case("403 Forbidden", "claim_expired", 6)]
#[case("409 Conflict", "no_common_version", 9)]
#[case("429 Too Many Requests", "too_many_attempts", 10)]
#[case("500 Internal Server Error", "internal", 11)]
#[tokio::test]
async fn each_refusal_has_its_own_words_and_exit_code(
    #[case] status: &'static str,
    #[case] code: &'static str,
    #[case] exit: u8,
) {
    let ca = Ca::new();
    let server = Server::start(&ca, &ca, false, move |_| {
        let problem =
            format!(r#"{{"type":"about:blank","title":"t","status":1,"code":"{code}","params":{{}}}}"#);
        Answer::new(status, "content-type: application/problem+json\r\n", problem.as_bytes())
    })
    .await;
    let data = tempfile::tempdir().unwrap();
    let error = enrol(data.path(), &claim(&server, ca.fingerprint()), &clock()).await.unwrap_err();
    assert_eq!(error.exit_code(), exit, "{error}");
    assert!(!data.path().join("identity").exists());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unreachable() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let claim = Claim {
        server: format!("https://{address}"),
        fingerprint: Ca::new().fingerprint(),
        code: "ABCDE-12345".into(),
    };
    let error = enrol(tempfile::tempdir().unwrap().path(), &claim, &clock()).await.unwrap_err();
    assert_eq!(error.exit_code(), 8, "{error}");
    let plain = Claim { server: "http://127.0.0.1:1".into(), ..claim };
    let error = enrol(tempfile::tempdir().unwrap().path(), &plain, &clock()).await.unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
}

#[tokio::test]
async fn a_board_that_woke_in_1970_is_enrolled_by_a_broker_younger_than_its_program() {
    let ca = Arc::new(Ca::new());
    let server = granting(&ca).await;
    let data = tempfile::tempdir().unwrap();
    // Without even the day it was built on: only the CA, whose fingerprint the installer has, says that it is later.
    let board: Arc<dyn Clock> = Arc::new(NodeClock::on(
        In1970(SystemClock::new()),
        Timestamp::UNIX_EPOCH,
        false,
        "/nowhere".as_ref(),
    ));
    assert!(board.now() < "1971-01-01T00:00:00Z".parse().unwrap());
    enrol(data.path(), &claim(&server, ca.fingerprint()), &board).await.unwrap();
    assert!(Identity::exists(data.path()));
}

#[test]
fn a_crash_while_the_identity_is_written_leaves_none() {
    let data = tempfile::tempdir().unwrap();
    let half = data.path().join("identity.tmp");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("key.pem"), "half a k").unwrap();
    assert!(matches!(Identity::open(data.path()), Err(IdentityError::NotEnrolled)));
    let identity = Ca::new().node("https://127.0.0.1:1/");
    identity.save(data.path()).unwrap();
    assert_eq!(Identity::open(data.path()).unwrap().enrolled, identity.enrolled);
}

#[test]
fn a_fingerprint_is_read_however_it_is_written() {
    let plain = "ab".repeat(32);
    let colons = vec!["AB"; 32].join(":");
    assert_eq!(plain.parse::<Fingerprint>(), colons.parse());
    for wrong in ["", "ab", &"ab".repeat(31), &"xy".repeat(32), &"ab".repeat(33)] {
        assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
    }
}
