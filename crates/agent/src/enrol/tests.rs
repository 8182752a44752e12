use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;
use loa_protocol::SystemClock;
use rstest::rstest;

use super::*;
use crate::clock::{BatteryClock, NodeClock};
use crate::identity::IdentityError;
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

/// What becomes of a claim at this server.
async fn tried(server: &str, fingerprint: Fingerprint, patience: Duration) -> EnrolError {
    let claim = Claim { server: server.into(), fingerprint, code: "ABCDE-12345".into() };
    let data = tempfile::tempdir().unwrap();
    let error = enrol_within(patience, data.path(), &claim, &clock()).await.unwrap_err();
    assert!(!Identity::exists(data.path()));
    assert!(!error.to_string().contains("ABCDE"), "the code is nobody's business: {error}");
    error
}

#[rstest]
#[case("http://127.0.0.1:1")]
#[case("127.0.0.1:1")]
#[case("https://127.0.0.1:1/enrolments")]
#[case("")]
#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_is_asked(#[case] server: &str) {
    let error = tried(server, Ca::new().fingerprint(), PATIENCE).await;
    assert_eq!(error.exit_code(), 2, "{error}");
}

#[tokio::test]
async fn a_name_that_there_is_not_is_told_from_a_network_that_there_is_not() {
    let print = Ca::new().fingerprint();
    let error = tried("https://loa.invalid:8443", print, PATIENCE).await;
    assert!(matches!(&error, EnrolError::NoName { name, .. } if name == "loa.invalid"), "{error}");
    assert_eq!(error.exit_code(), 13);
    // No route leads a TCP connection to a multicast address, whatever networks there are.
    let error = tried("https://224.0.0.1:8443", print, PATIENCE).await;
    assert_eq!(error.exit_code(), 14, "{error}");
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_told_from_one_that_stays_silent_and_one_that_hangs_up() {
    let print = Ca::new().fingerprint();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = tried(&format!("https://{nobody}"), print, PATIENCE).await;
    assert_eq!(error.exit_code(), 15, "{error}");

    // The kernel takes the connection; nobody ever answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://{}", silent.local_addr().unwrap());
    let error = tried(&server, print, Duration::from_millis(300)).await;
    assert_eq!(error.exit_code(), 16, "{error}");

    let rude = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", rude.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = rude.accept().await {
            drop(stream);
        }
    });
    let error = tried(&server, print, PATIENCE).await;
    assert_eq!(error.exit_code(), 8, "{error}");
}

#[tokio::test]
async fn what_speaks_no_tls_or_wants_a_certificate_is_not_where_nodes_enrol() {
    let ca = Ca::new();
    let page = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", page.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = page.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let error = tried(&server, ca.fingerprint(), PATIENCE).await;
    assert_eq!(error.exit_code(), 18, "{error}");

    let mqtt = Server::start(&ca, &ca, true, |_| Answer::new("200 OK", "", b"{}")).await;
    let error = tried(&mqtt.url(), ca.fingerprint(), PATIENCE).await;
    assert_eq!(error.exit_code(), 18, "{error}");
    assert!(mqtt.asked.lock().unwrap().is_empty());

    let other = Server::start(&ca, &ca, false, |_| Answer::new("404 Not Found", "", b"nothing here")).await;
    let error = tried(&other.url(), ca.fingerprint(), PATIENCE).await;
    assert_eq!(error.exit_code(), 18, "{error}");
}

#[tokio::test]
async fn a_clock_that_is_ahead_of_the_certificate_is_named_with_its_time() {
    let ca = Ca::new();
    let server = Server::serving(ca.server_as("127.0.0.1", 2021), |_| Answer::new("200 OK", "", b"{}")).await;
    let error = tried(&server.url(), ca.fingerprint(), PATIENCE).await;
    let EnrolError::WrongClock { now } = &error else { panic!("{error}") };
    assert!(error.to_string().contains(&now.to_string()), "{error}");
    assert_eq!(error.exit_code(), 17);
    assert!(server.asked.lock().unwrap().is_empty(), "the code was not sent");
}

#[tokio::test]
async fn a_broker_by_another_name_is_told_from_a_stranger() {
    let ca = Ca::new();
    let server =
        Server::serving(ca.server_as("loa.example.vn", 2999), |_| Answer::new("200 OK", "", b"{}")).await;
    let error = tried(&server.url(), ca.fingerprint(), PATIENCE).await;
    assert_eq!(error.exit_code(), 20, "{error}");
    assert!(server.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_disk_that_takes_nothing_costs_no_code() {
    let ca = std::sync::Arc::new(Ca::new());
    let server = granting(&ca).await;
    let folder = tempfile::tempdir().unwrap();
    // Not a folder: root, too, can't write below it.
    let data = folder.path().join("loa");
    std::fs::write(&data, "").unwrap();
    let error = enrol(&data, &claim(&server, ca.fingerprint()), &clock()).await.unwrap_err();
    assert_eq!(error.exit_code(), 12, "{error}");
    assert!(server.asked.lock().unwrap().is_empty(), "the code is still good");
}

#[tokio::test]
async fn what_root_enrols_belongs_to_whoever_owns_the_folder() {
    use std::os::unix::fs::MetadataExt;
    let ca = std::sync::Arc::new(Ca::new());
    let server = granting(&ca).await;
    let data = tempfile::tempdir().unwrap();
    // Only root may give a folder away; for others it stays their own.
    let _ = std::os::unix::fs::chown(data.path(), Some(4321), Some(4321));
    let owner = |path: &Path| std::fs::metadata(path).map(|found| (found.uid(), found.gid())).unwrap();
    enrol(data.path(), &claim(&server, ca.fingerprint()), &clock()).await.unwrap();
    for name in ["identity", "identity/key.pem", "identity/node.json"] {
        assert_eq!(owner(&data.path().join(name)), owner(data.path()), "{name}");
    }
}

#[test]
fn no_two_causes_share_a_code_and_all_are_in_the_table() {
    let server = || "https://loa.example.vn:8443".to_owned();
    let why = || "why".to_owned();
    let all = [
        EnrolError::NoClaim,
        EnrolError::AlreadyEnrolled("n1".into()),
        EnrolError::WrongCode,
        EnrolError::UsedCode,
        EnrolError::ExpiredCode,
        EnrolError::WrongFingerprint,
        EnrolError::Broken { server: server(), why: why() },
        EnrolError::Version,
        EnrolError::TooManyAttempts,
        EnrolError::Refused(why()),
        EnrolError::Folder(IdentityError::NotEnrolled),
        EnrolError::NoName { name: server(), why: why() },
        EnrolError::NoNetwork { server: server(), why: why() },
        EnrolError::NothingListens { server: server() },
        EnrolError::NoAnswer { server: server() },
        EnrolError::WrongClock { now: Timestamp::UNIX_EPOCH },
        EnrolError::NotForNodes { server: server(), why: why() },
        EnrolError::BadClaimFile { file: server(), why: why() },
        EnrolError::OtherName { server: server() },
    ];
    let codes: Vec<u8> = all.iter().map(EnrolError::exit_code).collect();
    assert_eq!(codes, (2..=20).collect::<Vec<u8>>());
    let guide = include_str!("../../../../docs/installer.md");
    let rows: Vec<u8> =
        guide.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(
        rows,
        (0..=20).filter(|code| *code != 1).collect::<Vec<u8>>(),
        "the table of docs/installer.md"
    );
    // The unit gives up where trying again can't help.
    let unit = include_str!("../../../../deploy/loa-agent-enrol.service");
    let final_codes = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus=")).unwrap();
    assert_eq!(final_codes, "2 3 4 5 6 9 19 20");
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
