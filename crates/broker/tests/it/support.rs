//! A broker in a folder of its own, a person who is signed in, and nodes that hold real certificates.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use bytes::Bytes;
use loa_mqtt::{Client, ClientConfig, Incoming, Publish, ServerAddress, Subscription, TlsIdentity};
use loa_protocol::{
    Action, AreaCode, Command, NodeId, Plan,
    enrolment::{EnrolmentRequest, EnrolmentResponse, RenewalRequest, RenewalResponse},
    envelope, topic,
    version::VersionRange,
};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
    sync::mpsc,
    time::timeout,
};

/// Far beyond what anything here takes on a busy machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);
pub const PASSWORD: &str = "loa ấp chợ năm giờ";

/// The commune that there is.
const COMMUNE: &str = "31699";

/// The broker, running.
pub struct Broker {
    child: Child,
    pub data: PathBuf,
    pub http: String,
    pub nodes: String,
    mqtt: u16,
    setup: Option<String>,
    person: reqwest::Client,
}

impl Broker {
    /// Starts the real program on ports of its own.
    pub async fn start(data: &Path) -> Self {
        Self::start_with(data, &[], None).await
    }

    /// The same with more arguments, and the certificate that the page is to be known by.
    pub async fn start_with(data: &Path, arguments: &[&str], page: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let log =
            std::fs::File::options().create(true).append(true).open(data.with_extension("log")).unwrap();
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_loa-broker"))
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--http", "127.0.0.1:0", "--node-http", "127.0.0.1:0", "--mqtt-listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut setup = None;
        let ready = loop {
            let line = timeout(PATIENCE, lines.next_line()).await.expect("ready in time").unwrap();
            let line = line.expect("the broker says that it is ready before it ends");
            if let Some(link) = line.strip_prefix("loa-broker setup ") {
                setup = Some(link.to_owned());
            } else if let Some(ready) = line.strip_prefix("loa-broker ready ") {
                break ready.to_owned();
            }
        };
        let field = |name: &str| {
            let fields = ready.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
            fields.expect("the ready line names it").to_owned()
        };
        let mut person = reqwest::Client::builder().cookie_store(true);
        if let Some(pem) = page {
            person = person.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()]);
        }
        let scheme = if page.is_some() { "https" } else { "http" };
        Self {
            child,
            data: data.to_owned(),
            http: format!("{scheme}://{}", field(scheme)),
            nodes: format!("https://{}", field("nodes")),
            mqtt: field("mqtt").rsplit_once(':').unwrap().1.parse().unwrap(),
            setup,
            person: person.build().unwrap(),
        }
    }

    /// The link that it offers while there is no administrator.
    pub fn setup_link(&self) -> &str {
        self.setup.as_deref().expect("a new broker prints a set-up link")
    }

    /// What that link carries.
    pub fn setup_token(&self) -> &str {
        self.setup_link().split_once('#').expect("the link carries a token").1
    }

    /// The same with an administrator signed in, a province, a commune and two hamlets.
    pub async fn with_commune(data: &Path) -> Self {
        let broker = Self::start(data).await;
        let person = json!({ "token": broker.setup_token(), "username": "ubnd", "display_name": "UBND xã", "password": PASSWORD });
        broker.post("/setup", &person, StatusCode::CREATED).await;
        for (code, name, parent) in [
            ("94", "Sóc Trăng", None),
            ("31699", "Đại Ân 2", Some("94")),
            ("31699-01", "Ấp Chợ", None),
            ("31699-02", "Ấp Ngan Rô 1", None),
        ] {
            let mut area = json!({ "code": code, "name": name });
            if let Some(parent) = parent {
                area["parent"] = parent.into();
            }
            broker.post("/areas", &area, StatusCode::CREATED).await;
        }
        // Tests run at night too.
        broker.put("/areas/94/policy", &at_any_hour(), StatusCode::OK).await;
        broker
    }

    /// Somebody else who accepts an invitation to this: `[{ "role": …, "area": … }]`.
    pub async fn invited(&self, username: &str, grants: Value) -> Someone {
        let invitation = json!({ "grants": grants });
        let invitation = self.post("/people/invitations", &invitation, StatusCode::CREATED).await;
        let token = invitation["url"].as_str().unwrap().split_once('#').unwrap().1;
        let someone = self.stranger();
        let acceptance =
            json!({ "token": token, "username": username, "display_name": username, "password": PASSWORD });
        someone.post("/invitations/accept", &acceptance, StatusCode::CREATED).await;
        someone
    }

    /// Somebody who isn't signed in.
    pub fn stranger(&self) -> Someone {
        let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
        Someone { client, http: self.http.clone() }
    }

    /// Signs in again, as after a restart.
    pub async fn sign_in(&self) {
        let credentials = json!({ "username": "ubnd", "password": PASSWORD });
        self.post("/session", &credentials, StatusCode::OK).await;
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Ends it as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends it as an operator does.
    pub async fn stop(mut self) -> std::process::ExitStatus {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        timeout(PATIENCE, self.child.wait()).await.expect("it stops in time").unwrap()
    }

    /// A request by the person who is signed in.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.person.request(method, format!("{}/api/v1{path}", self.http))
    }

    pub async fn post(&self, path: &str, body: &Value, expected: StatusCode) -> Value {
        answer(self.request(Method::POST, path).json(body), expected).await
    }

    pub async fn put(&self, path: &str, body: &Value, expected: StatusCode) -> Value {
        answer(self.request(Method::PUT, path).json(body), expected).await
    }

    pub async fn delete(&self, path: &str, expected: StatusCode) -> Value {
        answer(self.request(Method::DELETE, path), expected).await
    }

    pub async fn get(&self, path: &str) -> Value {
        answer(self.request(Method::GET, path), StatusCode::OK).await
    }

    /// An upload of this sound.
    pub async fn upload(&self, sound: Vec<u8>, expected: StatusCode) -> Value {
        let part = reqwest::multipart::Part::bytes(sound).file_name("sound.wav");
        let form = reqwest::multipart::Form::new().part("file", part);
        answer(self.request(Method::POST, "/clips").multipart(form), expected).await
    }

    /// A bulletin of a second of tone.
    pub async fn bulletin(&self) -> Value {
        let clip = self.upload(tone(), StatusCode::CREATED).await;
        let bulletin = json!({ "title": "Họp dân", "class": "normal", "clip": clip["hash"] });
        self.post("/bulletins", &bulletin, StatusCode::CREATED).await
    }

    pub fn ca_pem(&self) -> Vec<u8> {
        std::fs::read(self.data.join("identity/ca.pem")).unwrap()
    }

    /// Talks to the nodes' listener, with or without a certificate.
    pub fn node_http(&self, identity: Option<(&str, &str)>) -> reqwest::Client {
        let ca = reqwest::Certificate::from_pem(&self.ca_pem()).unwrap();
        let mut client = reqwest::Client::builder().tls_certs_only([ca]);
        if let Some((certificate, key)) = identity {
            let pem = format!("{certificate}\n{key}");
            client = client.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
        client.build().unwrap()
    }

    /// A node added to a hamlet: its id and a claim code.
    pub async fn claim(&self, hamlet: &str) -> (String, String) {
        let node =
            self.post("/nodes", &json!({ "hamlet": hamlet, "name": "Cụm loa" }), StatusCode::CREATED).await;
        let id = node["id"].as_str().unwrap().to_owned();
        let claim = self.post(&format!("/nodes/{id}/claims"), &json!({}), StatusCode::CREATED).await;
        (id, claim["code"].as_str().unwrap().to_owned())
    }

    /// A claim code shown with a fresh key.
    pub fn code_request(&self, code: &str) -> (RequestBuilder, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let request = EnrolmentRequest {
            code: code.to_owned(),
            csr_pem: csr,
            version: "test".into(),
            protocol: VersionRange::OURS,
        };
        let url = format!("{}/enrolments", self.nodes);
        (self.node_http(None).post(url).json(&request), key)
    }

    /// What comes of it.
    pub async fn show_code(&self, code: &str, expected: StatusCode) -> (Value, KeyPair) {
        let (request, key) = self.code_request(code);
        (answer(request, expected).await, key)
    }

    /// A node of a hamlet, enrolled.
    pub async fn enrolled(&self, hamlet: &str) -> Node {
        let (_, code) = self.claim(hamlet).await;
        let (response, key) = self.show_code(&code, StatusCode::OK).await;
        Node { told: serde_json::from_value(response).unwrap(), key_pem: key.serialize_pem() }
    }

    /// Asks for a new certificate with the one that the node has.
    pub async fn renew(&self, node: &Node) -> Result<Node, StatusCode> {
        let key = KeyPair::generate().unwrap();
        let csr_pem = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let http = self.node_http(Some(node.identity()));
        let request = http.post(format!("{}/renew", self.nodes)).json(&RenewalRequest { csr_pem });
        let answer = request.send().await.unwrap();
        if answer.status() != StatusCode::OK {
            return Err(answer.status());
        }
        let RenewalResponse { certificate_pem, ca_pem: _, now } = answer.json().await.unwrap();
        let told = EnrolmentResponse { certificate_pem, now, ..node.told.clone() };
        Ok(Node { told, key_pem: key.serialize_pem() })
    }

    /// That node's link, connected.
    pub async fn connect(&self, node: &Node) -> Link {
        self.connect_in(node, &COMMUNE.parse().unwrap()).await
    }

    /// The same of a node that stands in this commune by now.
    pub async fn connect_in(&self, node: &Node, commune: &AreaCode) -> Link {
        let link = self.link_in(node, commune);
        let mut connection = link.client.connection();
        timeout(PATIENCE, connection.wait_for(loa_mqtt::Connection::is_connected))
            .await
            .expect("in time")
            .unwrap();
        let at = link.client.settled();
        timeout(PATIENCE, at).await.expect("subscribed in time");
        link
    }

    /// That node's link, trying.
    pub fn link(&self, node: &Node) -> Link {
        self.link_in(node, &COMMUNE.parse().unwrap())
    }

    fn link_in(&self, node: &Node, commune: &AreaCode) -> Link {
        let id = node.id();
        let server = ServerAddress::tls("127.0.0.1", self.mqtt);
        let mut config = ClientConfig::new(server, id.as_str(), 1);
        config.identity = Some(TlsIdentity {
            ca_pem: node.told.ca_pem.clone().into(),
            cert_pem: node.told.certificate_pem.clone().into(),
            key_pem: node.key_pem.clone().into(),
        });
        let topics = [topic::plan(&id), topic::command(&id), topic::commune_command(commune)];
        config.subscriptions = topics.map(Subscription::new).into();
        let (client, incoming) = Client::start(&config).unwrap();
        Link { client, incoming, node: node.clone() }
    }
}

/// A browser of somebody else.
pub struct Someone {
    client: reqwest::Client,
    http: String,
}

impl Someone {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.http))
    }

    pub async fn post(&self, path: &str, body: &Value, expected: StatusCode) -> Value {
        answer(self.request(Method::POST, path).json(body), expected).await
    }

    pub async fn get(&self, path: &str, expected: StatusCode) -> Value {
        answer(self.request(Method::GET, path), expected).await
    }

    pub async fn sign_in(&self, username: &str, password: &str, expected: StatusCode) -> Value {
        let credentials = json!({ "username": username, "password": password });
        self.post("/session", &credentials, expected).await
    }
}

/// What an enrolled node keeps.
#[derive(Clone)]
pub struct Node {
    pub told: EnrolmentResponse,
    pub key_pem: String,
}

impl Node {
    pub fn id(&self) -> NodeId {
        self.told.node.clone()
    }

    pub fn identity(&self) -> (&str, &str) {
        (&self.told.certificate_pem, &self.key_pem)
    }
}

/// A node's link.
pub struct Link {
    pub client: Client,
    incoming: mpsc::Receiver<Incoming>,
    node: Node,
}

impl Link {
    async fn next(&mut self) -> (String, Bytes) {
        let message = timeout(PATIENCE, self.incoming.recv()).await.expect("a message in time").unwrap();
        let (topic, payload) = (message.topic.clone(), message.payload.clone());
        message.ack.ack();
        (topic, payload)
    }

    /// The next command, its signature checked, and its attachment. Plans on the way are skipped.
    pub async fn command(&mut self) -> (Command, Option<Vec<u8>>) {
        loop {
            let (topic, payload) = self.next().await;
            if topic.ends_with("/command") {
                let (text, attachment) = envelope::unframe(&payload).unwrap();
                let command: Command =
                    loa_protocol::open(text, &self.node.told.authority, self.node.told.now).unwrap();
                return (command, attachment.map(<[u8]>::to_vec));
            }
        }
    }

    /// The next command that is not an acknowledgement.
    pub async fn order(&mut self) -> (Command, Option<Vec<u8>>) {
        loop {
            let next = self.command().await;
            if !matches!(next.0.action, Action::Acknowledge { .. }) {
                return next;
            }
        }
    }

    /// The next plan, its signature checked. Commands on the way are skipped.
    pub async fn plan(&mut self) -> Plan {
        loop {
            let (topic, payload) = self.next().await;
            if topic.ends_with("/plan") {
                let text = std::str::from_utf8(&payload).unwrap();
                return loa_protocol::open(text, &self.node.told.authority, self.node.told.now).unwrap();
            }
        }
    }

    /// The next plan newer than this generation. One that is published while the node subscribes comes twice, as news and as what is retained.
    pub async fn plan_after(&mut self, generation: u64) -> Plan {
        loop {
            let plan = self.plan().await;
            if plan.generation > generation {
                return plan;
            }
        }
    }

    /// Says something on a topic of its own.
    pub async fn say(&self, topic: String, body: &impl serde::Serialize) {
        let publish = Publish::new(topic, serde_json::to_vec(body).unwrap());
        timeout(PATIENCE, self.client.publish(publish)).await.expect("taken in time").unwrap();
    }
}

/// A policy that allows every hour.
pub fn at_any_hour() -> Value {
    json!({ "hours": vec![json!([{ "from": "00:00", "to": "24:00" }]); 7] })
}

/// The body of an answer that has the status it should have.
pub async fn answer(request: RequestBuilder, expected: StatusCode) -> Value {
    let response = timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap();
    let status = response.status();
    let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let text = response.text().await.unwrap();
    assert_eq!(status, expected, "{text}");
    if status.is_client_error() || status.is_server_error() {
        assert_eq!(kind, "application/problem+json", "{text}");
    }
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A second of 440 Hz at a tenth of full scale: WAV, 16 bit, 48 kHz, mono.
pub fn tone() -> Vec<u8> {
    let mut samples = Vec::with_capacity(96_000);
    for n in 0..48_000_i32 {
        let level = (f64::from(n) * 440.0 / 48_000.0 * std::f64::consts::TAU).sin() * 3276.0;
        samples.extend_from_slice(&(level as i16).to_le_bytes());
    }
    let mut wav = Vec::with_capacity(44 + samples.len());
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + samples.len() as u32).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    for (value, bytes) in [(16_u32, 4), (1, 2), (1, 2), (48_000, 4), (96_000, 4), (2, 2), (16, 2)] {
        wav.extend_from_slice(&value.to_le_bytes()[..bytes]);
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&(samples.len() as u32).to_le_bytes());
    wav.extend_from_slice(&samples);
    wav
}
