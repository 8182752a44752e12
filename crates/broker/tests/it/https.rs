//! The page over TLS, with a certificate of the operator's.

use std::{path::Path, process::Stdio, sync::Arc};

use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Method, StatusCode, header};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::support::{Broker, PASSWORD, PATIENCE, answer};

/// The operator's files.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    /// Makes a pair in a folder, over the one that may be there.
    fn make(folder: &Path) -> (Self, String) {
        let pair = Self {
            certificate: folder.join("page.pem").display().to_string(),
            key: folder.join("page.key").display().to_string(),
        };
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        std::fs::write(&pair.certificate, &pem).unwrap();
        std::fs::write(&pair.key, key.serialize_pem()).unwrap();
        (pair, pem)
    }

    fn arguments(&self) -> [&str; 4] {
        ["--http-cert", &self.certificate, "--http-key", &self.key]
    }
}

fn trusting(pem: &str) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    // A connection for each request, so that each sees the certificate of the day.
    reqwest::Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn the_page_is_served_over_tls_and_signs_in_by_a_cookie_for_tls_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, pem) = Pair::make(folder.path());
    let broker = Broker::start_with(&folder.path().join("data"), &pair.arguments(), Some(&pem)).await;

    let page = trusting(&pem).get(&broker.http).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let transport = page.headers()[header::STRICT_TRANSPORT_SECURITY].to_str().unwrap();
    assert!(transport.starts_with("max-age="), "{transport}");

    let person = json!({ "token": broker.setup_token(), "username": "ubnd", "display_name": "UBND", "password": PASSWORD });
    let set_up = broker.request(Method::POST, "/setup").json(&person).send().await.unwrap();
    assert_eq!(set_up.status(), StatusCode::CREATED);
    let cookie = set_up.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("; Secure") && cookie.starts_with("__Host-"), "{cookie}");
    assert_eq!(broker.get("/session").await["user"]["username"], "ubnd");
    // Who asks is known through TLS as well: this machine, here.
    let figures = trusting(&pem).get(format!("{}/metrics", broker.http)).send().await.unwrap();
    assert_eq!(figures.status(), StatusCode::OK);

    let plain = broker.http.replace("https://", "http://");
    assert!(reqwest::get(&plain).await.is_err(), "nothing is said in the clear");
    assert!(broker.stop().await.success(), "an orderly stop is no failure");
}

#[tokio::test]
async fn silent_clients_hold_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, pem) = Pair::make(folder.path());
    let broker = Broker::start_with(&folder.path().join("data"), &pair.arguments(), Some(&pem)).await;
    let address = broker.http.strip_prefix("https://").unwrap();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // Well before the first of them is given up.
    let health = trusting(&pem).get(format!("{}/healthz", broker.http)).send();
    let health = timeout(std::time::Duration::from_secs(9), health).await.expect("in time").unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    drop(silent);
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, old) = Pair::make(folder.path());
    let broker = Broker::start_with(&folder.path().join("data"), &pair.arguments(), Some(&old)).await;
    let health = format!("{}/healthz", broker.http);
    assert!(trusting(&old).get(&health).send().await.is_ok());
    let (_, new) = Pair::make(folder.path());
    assert!(trusting(&new).get(&health).send().await.is_ok(), "the renewed one is shown");
    assert!(trusting(&old).get(&health).send().await.is_err(), "and the old one no longer");
}

#[tokio::test]
async fn a_browser_that_speaks_http_2_is_known_to_come_from_our_page_or_from_another() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, pem) = Pair::make(folder.path());
    let broker = Broker::start_with(&folder.path().join("data"), &pair.arguments(), Some(&pem)).await;
    let address = broker.http.strip_prefix("https://").unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let mut tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);

    for (origin, expected) in
        [(broker.http.as_str(), StatusCode::UNAUTHORIZED), ("https://evil.example", StatusCode::FORBIDDEN)]
    {
        let request = axum::http::Request::post(format!("{}/api/v1/session", broker.http))
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"username":"nobody","password":"wrong"}"#))
            .unwrap();
        let status =
            timeout(PATIENCE, sender.send_request(request)).await.expect("in time").unwrap().status();
        assert_eq!(status, expected, "{origin}");
    }
}

#[tokio::test]
async fn a_pair_that_does_not_fit_stops_the_broker_with_the_names_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, _) = Pair::make(folder.path());
    std::fs::write(&pair.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let [name, file, ..] = pair.arguments();
    for (arguments, words) in
        [(pair.arguments().to_vec(), ["page.pem", "page.key"]), (vec![name, file], ["http_cert", "http_key"])]
    {
        let data = folder.path().join("data");
        let broker = tokio::process::Command::new(env!("CARGO_BIN_EXE_loa-broker"))
            .arg("serve")
            .arg("--data")
            .arg(&data)
            .args(["--http", "127.0.0.1:0", "--node-http", "127.0.0.1:0", "--mqtt-listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let ended = timeout(PATIENCE, broker).await.expect("it ends by itself").unwrap();
        assert!(!ended.status.success());
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(!data.exists(), "nothing was begun");
    }
}

#[tokio::test]
async fn behind_a_proxy_the_set_up_link_leads_to_the_public_address() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--public-url", "https://loa.example/"];
    let broker = Broker::start_with(&folder.path().join("data"), &arguments, None).await;
    assert!(broker.setup_link().starts_with("https://loa.example/setup#"), "{}", broker.setup_link());
    let credentials = json!({ "username": "nobody", "password": "wrong" });
    answer(broker.request(Method::POST, "/session").json(&credentials), StatusCode::UNAUTHORIZED).await;
}
