//! What a hostile client tries: paths that lead out, requests within requests, bombs, certificates that were not given for it, and many guesses
//! at once. The real program answers, or refuses; it never gives away a file, grows, or stops.

use std::{collections::BTreeSet, fmt::Write, io::Read, path::Path, time::Duration};

use futures_util::future::join_all;
use loa_broker::{people::Throttle, secrets};
use loa_mqtt::{Connection, DisconnectReason};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SerialNumber};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Broker, Node, PASSWORD, PATIENCE, answer, tone};

/// Whether the client says that nothing more comes.
#[derive(PartialEq)]
enum After {
    Waits,
    Shuts,
}

/// Sends these bytes on a connection of their own; all that is answered until the broker closes it.
async fn raw(broker: &Broker, bytes: &[u8], after: After) -> String {
    let mut stream = TcpStream::connect(broker.http.strip_prefix("http://").unwrap()).await.unwrap();
    // It may close while it is still being sent to.
    let _ = stream.write_all(bytes).await;
    if after == After::Shuts {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it ends in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses in what came back on one connection.
fn statuses(answer: &str) -> Vec<u16> {
    let after = answer.split("HTTP/1.1 ").skip(1);
    after.map(|rest| rest[..3].parse().unwrap()).collect()
}

/// The session's cookie of somebody who signs in now.
async fn cookie(broker: &Broker) -> String {
    let credentials = json!({ "username": "ubnd", "password": PASSWORD });
    let url = format!("{}/api/v1/session", broker.http);
    let signed_in = reqwest::Client::new().post(url).json(&credentials).send().await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::OK);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn no_path_leads_out_of_the_page_the_clips_or_the_calendars() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let cookie = cookie(&broker).await;
    let secret = "identity/ca.key.pem";
    let ways = [
        "../",
        "../../",
        "../../../../../../../..",
        "..%2f..%2f",
        "%2e%2e/%2e%2e/",
        "..%5c..%5c",
        "..%252f",
        "%00",
        "/",
    ];
    for below in ["/", "/assets/", "/api/v1/clips/", "/calendar/", "/api/v1/nodes/", "/api/v1/areas/"] {
        for way in ways {
            for file in [secret, "identity%2fca.key.pem", "etc/passwd", "etc%2fpasswd"] {
                for ending in ["", ".ics", "%00.ics"] {
                    let path = format!("{below}{way}{file}{ending}");
                    let head = format!(
                        "GET {path} HTTP/1.1\r\nhost: loa\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
                    );
                    let told = raw(&broker, head.as_bytes(), After::Waits).await;
                    assert!(!told.contains("PRIVATE KEY") && !told.contains("root:"), "{path} leads out");
                    let status = statuses(&told);
                    assert!(matches!(status[..], [200 | 400 | 404 | 405 | 429]), "{path}: {told}");
                    // What is no file of it is a screen of the page.
                    assert!(status != [200] || told.contains("text/html"), "{path}: {told}");
                }
            }
        }
    }

    let node = broker.enrolled("31699-01").await;
    let http = broker.node_http(Some(node.identity()));
    for way in ["..%2f..%2fidentity%2fca.key.pem", "%2e%2e%2fidentity", "..%5cidentity", "%00", "%ff"] {
        let answer = http.get(format!("{}/clips/{way}", broker.nodes)).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 400 | 404), "{way}: {}", answer.status());
        assert!(!answer.text().await.unwrap().contains("PRIVATE KEY"), "{way} leads out");
    }
}

/// Every file below a folder but those that grow by themselves: the database, and what waits for nodes.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() && !name.contains("/data/mqtt") {
            found.extend(files(&path));
        } else if !name.contains("/loa.db") && !name.contains("/data/mqtt") && !name.ends_with("probe.tmp") {
            found.insert(name);
        }
    }
    found
}

#[tokio::test]
async fn the_name_of_an_uploaded_file_is_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let key = || std::fs::read_to_string(broker.data.join("identity/ca.key.pem")).unwrap();
    let (before, own) = (files(folder.path()), key());
    let mut hashes = BTreeSet::new();
    for name in ["../identity/ca.key.pem", "/etc/passwd", "..\\..\\loa.db", "$(reboot).wav", "-o.wav", ".."] {
        let part = reqwest::multipart::Part::bytes(tone()).file_name(name);
        let form = reqwest::multipart::Form::new().part("file", part);
        let clip = answer(broker.request(Method::POST, "/clips").multipart(form), StatusCode::CREATED).await;
        hashes.insert(clip["hash"].as_str().unwrap().to_owned());
    }
    let nothing = reqwest::multipart::Part::bytes(tone()).file_name("a\0b.wav");
    let form = reqwest::multipart::Form::new().part("file", nothing);
    answer(broker.request(Method::POST, "/clips").multipart(form), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(hashes.len(), 1, "a clip is named by its sound alone");
    let hash = hashes.pop_first().unwrap();
    let new: Vec<_> = files(folder.path()).difference(&before).cloned().collect();
    assert!(new.len() == 1 && new[0].contains(&hash[2..]), "one clip and nothing else: {new:?}");
    assert_eq!(key(), own);
}

#[tokio::test]
async fn no_request_hides_within_another() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let cookie = cookie(&broker).await;
    // Were it taken for a request, it would sign out.
    let hidden = format!("DELETE /api/v1/session HTTP/1.1\r\nhost: loa\r\ncookie: {cookie}\r\n\r\n");
    let length = hidden.len();
    let post = "POST /api/v1/setup HTTP/1.1\r\nhost: loa\r\n";
    let refused = [
        ("two lengths", format!("{post}content-length: 0\r\ncontent-length: {length}\r\n\r\n{hidden}")),
        ("two lengths in one", format!("{post}content-length: 0, {length}\r\n\r\n{hidden}")),
        ("a signed length", format!("{post}content-length: +0\r\n\r\n{hidden}")),
        ("a negative length", format!("{post}content-length: -1\r\n\r\n{hidden}")),
        ("a hexadecimal length", format!("{post}content-length: 0x0\r\n\r\n{hidden}")),
        ("a space before the colon", format!("{post}content-length : {length}\r\n\r\n{hidden}")),
        ("a name with a space", format!("{post}content length: {length}\r\n\r\n{hidden}")),
        ("an unknown coding", format!("{post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("chunked, but not last", format!("{post}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n{hidden}")),
        ("a folded header", format!("{post}transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a bare carriage return", format!("{post}x: a\rcontent-length: {length}\r\n\r\n{hidden}")),
        ("a null", format!("{post}x: a\0b\r\n\r\n{hidden}")),
        (
            "a chunk without end",
            format!("{post}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{hidden}"),
        ),
        ("a chunk's length of words", format!("{post}transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n{hidden}")),
        ("another version", format!("{}\r\n{hidden}", post.replace("HTTP/1.1", "HTTP/9.9"))),
    ];
    let still_there = async |what: &str| {
        let url = format!("{}/api/v1/session", broker.http);
        let session = reqwest::Client::new().get(url).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(session.status(), StatusCode::OK, "{what}: the hidden request was obeyed");
    };
    for (what, request) in refused {
        let told = raw(&broker, request.as_bytes(), After::Shuts).await;
        let found = statuses(&told);
        assert!(found.len() <= 1 && found.iter().all(|status| (400..500).contains(status)), "{what}: {told}");
        still_there(what).await;
    }

    // Headers without end.
    let mut many = post.to_owned();
    for number in 0..200 {
        write!(many, "x-{number}: 1\r\n").unwrap();
    }
    let long = format!("{post}x: {}\r\n", "a".repeat(2 << 20));
    let address = format!("GET /{} HTTP/1.1\r\nhost: loa\r\n", "a".repeat(1 << 20));
    for (what, head) in [("many headers", many), ("a long header", long), ("a long address", address)] {
        let told = raw(&broker, format!("{head}\r\n").as_bytes(), After::Shuts).await;
        assert!(told.is_empty() || matches!(statuses(&told)[..], [400 | 414 | 431]), "{what}: {told}");
    }
    assert_eq!(broker.get("/session").await["user"]["username"], "ubnd");
}

/// Most memory that the broker has had so far, KiB.
fn peak(broker: &Broker) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", broker.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// So many MiB of zeros, compressed.
fn gzip_bomb(mib: usize) -> Vec<u8> {
    let mut deflated = std::process::Command::new("gzip")
        .args(["-9", "-c"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = deflated.stdin.take().unwrap();
    let feed = std::thread::spawn(move || {
        for _ in 0..mib {
            std::io::Write::write_all(&mut input, &vec![b' '; 1 << 20]).unwrap();
        }
    });
    let mut bomb = Vec::new();
    deflated.stdout.take().unwrap().read_to_end(&mut bomb).unwrap();
    feed.join().unwrap();
    assert!(deflated.wait().unwrap().success());
    bomb
}

#[tokio::test]
async fn what_is_small_on_the_wire_and_huge_in_memory_is_refused_small() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    // Hashing and decoding have had their memory.
    broker.bulletin().await;
    let before = peak(&broker);
    let json = |body: String| {
        let request = broker.request(Method::POST, "/bulletins").header("content-type", "application/json");
        request.body(body)
    };
    let depth = 100_000;
    let nested = format!(r#"{{"title": "x", "more": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let digits = format!(r#"{{"title": "x", "rate": {}}}"#, "9".repeat(900_000));
    let exponent = r#"{"title": "x", "text": "x", "rate": 1e999999999}"#.to_owned();
    let names: String = (0..60_000).fold(String::new(), |mut all, number| {
        write!(all, r#""key{number}": 1,"#).unwrap();
        all
    });
    let twice = r#"{"title": "x", "title": "y", "text": "z"}"#.to_owned();
    for (what, body) in [
        ("arrays", nested),
        ("objects", objects),
        ("digits", digits),
        ("an exponent", exponent),
        ("names", format!(r#"{{{names} "title": 1}}"#)),
        ("a name twice", twice),
    ] {
        let problem = answer(json(body), StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(["invalid_request", "invalid_field"].contains(&problem["code"].as_str().unwrap()), "{what}");
    }

    let bomb = gzip_bomb(512);
    assert!(bomb.len() < 1 << 20, "it fits into a request");
    let request = broker.request(Method::POST, "/bulletins").header("content-type", "application/json");
    let problem = answer(
        request.header("content-encoding", "gzip").body(bomb.clone()),
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    assert_eq!(problem["code"], "invalid_request", "nothing is unpacked");

    // An entity that refers to ten of another, and so on; an archive; a sound that says that it is hours long.
    let mut xml = "<!DOCTYPE x [<!ENTITY a0 \"a\">".to_owned();
    for number in 1..12 {
        write!(xml, "<!ENTITY a{number} \"{}\">", format!("&a{};", number - 1).repeat(10)).unwrap();
    }
    let mut long = tone();
    long[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    long[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    long.truncate(2_000);
    long[24..28].copy_from_slice(&1_u32.to_le_bytes());
    for (what, file) in
        [("entities", format!("{xml}]><x>&a11;</x>").into_bytes()), ("an archive", bomb), ("hours", long)]
    {
        let problem = broker.upload(file, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(problem["code"], "sound_unusable", "{what}");
    }

    // A form of very many parts.
    let mut parts = String::new();
    for number in 0..50_000 {
        write!(parts, "--x\r\ncontent-disposition: form-data; name=\"p{number}\"\r\n\r\n\r\n").unwrap();
    }
    let form = broker
        .request(Method::POST, "/clips")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(format!("{parts}--x--\r\n"));
    answer(form, StatusCode::UNPROCESSABLE_ENTITY).await;

    let grown = peak(&broker).saturating_sub(before);
    assert!(grown < 96 * 1024, "it grew by {grown} KiB");
    assert_eq!(broker.get("/session").await["user"]["username"], "ubnd");
}

/// How a certificate for a node is made.
struct Forged {
    usage: ExtendedKeyUsagePurpose,
    days: (i64, i64),
    name: String,
    serial: Vec<u8>,
}

/// The number of a certificate.
fn serial(node: &Node) -> Vec<u8> {
    let pem = x509_parser::pem::parse_x509_pem(node.told.certificate_pem.as_bytes()).unwrap().1;
    pem.parse_x509().unwrap().raw_serial().to_vec()
}

impl Forged {
    /// One that the broker itself might have made: with the number of the one in force.
    fn like_that_of(node: &Node) -> Self {
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        Self { usage, days: (-1, 1), name: node.id().to_string(), serial: serial(node) }
    }

    /// By an issuer: certificate and key, PEM.
    fn by(&self, issuer: &Issuer<'_, KeyPair>, certificate_of_issuer: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, self.name.as_str());
        params.extended_key_usages = vec![self.usage.clone()];
        params.serial_number = Some(SerialNumber::from(self.serial.clone()));
        let day = |days: i64| OffsetDateTime::now_utc() + time::Duration::days(days);
        (params.not_before, params.not_after) = (day(self.days.0), day(self.days.1));
        let certificate = params.signed_by(&key, issuer).unwrap();
        (certificate.pem() + certificate_of_issuer, key.serialize_pem())
    }
}

/// Certificate and key, PEM.
type Pair = (String, String);

#[tokio::test]
async fn a_certificate_that_was_not_given_for_it_opens_neither_mqtt_nor_clips() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let bulletin = broker.bulletin().await;
    let clip = format!("{}/clips/{}", broker.nodes, bulletin["clip"]["hash"].as_str().unwrap());
    let (node, other) = (broker.enrolled("31699-01").await, broker.enrolled("31699-02").await);
    let ca_pem = String::from_utf8(broker.ca_pem()).unwrap();
    let ca_key = std::fs::read_to_string(broker.data.join("identity/ca.key.pem")).unwrap();
    let ca = Issuer::from_ca_cert_pem(&ca_pem, KeyPair::from_pem(&ca_key).unwrap()).unwrap();
    let fetch = async |(certificate, key): &Pair| {
        let answer = broker.node_http(Some((certificate, key))).get(&clip).send().await;
        answer.map(|answer| answer.status())
    };
    let let_in = async |(certificate, key): &Pair| {
        let mut with = node.clone();
        (with.told.certificate_pem, with.key_pem) = (certificate.clone(), key.clone());
        let link = broker.link(&with);
        let mut connection = link.client.connection();
        let tried =
            |state: &Connection| *state != Connection::Disconnected { reason: DisconnectReason::Starting };
        timeout(PATIENCE, connection.wait_for(tried)).await.expect("in time").unwrap().clone()
    };

    // Only what is changed below is wrong with the others.
    let good = Forged::like_that_of(&node);
    assert_eq!(fetch(&good.by(&ca, "")).await.unwrap(), StatusCode::OK);

    let server =
        Forged { usage: ExtendedKeyUsagePurpose::ServerAuth, ..Forged::like_that_of(&node) }.by(&ca, "");
    let expired = Forged { days: (-9, -1), ..Forged::like_that_of(&node) }.by(&ca, "");
    let early = Forged { days: (1, 9), ..Forged::like_that_of(&node) }.by(&ca, "");
    // A node's certificate makes no certificates.
    let issuer_key = KeyPair::from_pem(&other.key_pem).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&other.told.certificate_pem, issuer_key).unwrap();
    let grandchild = good.by(&issuer, &other.told.certificate_pem);
    let itself = {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, node.id().as_str());
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    for (what, forged) in [
        ("for a server", server),
        ("expired", expired),
        ("not yet in force", early),
        ("issued by a node", grandchild),
        ("issued by itself", itself),
    ] {
        assert!(fetch(&forged).await.is_err(), "a certificate {what} opened the clips");
        let state = let_in(&forged).await;
        let refused =
            matches!(state, Connection::Disconnected { reason: DisconnectReason::CertificateRefused(_) });
        assert!(refused, "a certificate {what} at MQTT: {state:?}");
    }

    // Rightly made, but not the one in force; of another node; of a node that there isn't.
    for (what, forged) in [
        ("with another number", Forged { serial: vec![1, 2, 3], ..Forged::like_that_of(&node) }),
        ("with another node's number", Forged { serial: serial(&other), ..Forged::like_that_of(&node) }),
        ("for nobody", Forged { name: "nobody".into(), ..Forged::like_that_of(&node) }),
        ("for no name", Forged { name: "../31699".into(), ..Forged::like_that_of(&node) }),
    ] {
        let forged = forged.by(&ca, "");
        assert_eq!(fetch(&forged).await.unwrap(), StatusCode::FORBIDDEN, "a certificate {what}");
        assert!(!let_in(&forged).await.is_connected(), "a certificate {what} opened MQTT");
    }
}

#[tokio::test]
async fn guesses_that_come_all_at_once_are_no_better_than_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let url = format!("{}/api/v1/session", broker.http);
    let guess = json!({ "username": "ubnd", "password": "không phải mật khẩu" });
    let client = reqwest::Client::new();
    let told = join_all((0..40).map(|_| client.post(&url).json(&guess).send())).await;
    let looked_at =
        told.into_iter().filter(|told| told.as_ref().unwrap().status() == StatusCode::UNAUTHORIZED);
    assert_eq!(looked_at.count(), 3);

    let told = join_all((0..40).map(|_| broker.code_request("00000-00000").0.send())).await;
    let looked_at = told.into_iter().filter(|told| told.as_ref().unwrap().status() == StatusCode::FORBIDDEN);
    assert_eq!(looked_at.count(), 3);
}

/// How many claim codes there may be at once that nobody has used.
const OPEN_CODES: f64 = 1000.0;

#[test]
fn a_million_guesses_find_a_claim_code_with_less_than_one_chance_in_a_million() {
    let codes: Vec<String> = (0..2000).map(|_| secrets::claim_code().unwrap().replace('-', "")).collect();
    // Each place takes each of 32 letters: a code is one of 32¹⁰.
    for place in 0..10 {
        let letters: BTreeSet<u8> = codes.iter().map(|code| code.as_bytes()[place]).collect();
        assert_eq!(letters.len(), 32, "place {place}");
    }
    assert!(codes.iter().all(|code| code.len() == 10));
    assert!(1e6 * OPEN_CODES / 32_f64.powi(10) < 1e-6);

    // And nobody has a million guesses: this is how long one address takes for them, while a code is good for a week.
    let (throttle, mut now) = (Throttle::default(), Duration::ZERO);
    for _ in 0..1_000_000 {
        now += throttle.wait("address", now).unwrap_or_default();
        drop(throttle.begin("address", now).unwrap());
    }
    assert!(now > Duration::from_hours(24 * 365), "{now:?}");
}

#[tokio::test]
async fn what_a_stranger_says_of_where_it_comes_from_is_not_believed_beyond_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let url = format!("{}/api/v1/session", broker.http);
    let guess = |number: u32| {
        let name = json!({ "username": format!("ten-{number}"), "password": "không phải mật khẩu" });
        // The proxy adds who came to it at the end; what is before that was sent along.
        let claimed = format!("198.51.100.{number}, 203.0.113.9");
        reqwest::Client::new().post(&url).header("x-forwarded-for", claimed).json(&name).send()
    };
    for number in 0..20 {
        assert_eq!(guess(number).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let slowed: Value = guess(21).await.unwrap().json().await.unwrap();
    assert_eq!(slowed["code"], "too_many_tries");
}
