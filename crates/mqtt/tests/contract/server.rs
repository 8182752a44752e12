//! The servers under test: the embedded broker in this process, the same in a process of its own, and Mosquitto.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use loa_mqtt::embedded::{Admission, Admitted, CertificateIdentity, EmbeddedBroker, EmbeddedConfig};
use loa_mqtt::external::ExternalBus;
use loa_mqtt::rules::mosquitto_acl;
use loa_mqtt::{BackoffRange, Bus, ClientConfig, NodeRules, ServerAddress, TlsIdentity};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::pki::Pki;
use crate::soon;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Embedded,
    EmbeddedProcess,
    Mosquitto,
}

/// Serial number that Mosquitto's list revokes from the start.
pub(crate) const REVOKED_SERIAL: u64 = 13;
/// The commune of n1 and n2; n3 is of another.
pub(crate) const COMMUNE: &str = "31564";
const MEMBERS: [(&str, &str); 3] = [("n1", COMMUNE), ("n2", COMMUNE), ("n3", "31567")];

/// What a cloud broker would look up in its store.
struct Register {
    communes: HashMap<String, String>,
    revoked: HashSet<String>,
    hearing: HashSet<(String, String)>,
}

pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) pki: Pki,
    pub(crate) address: ServerAddress,
    pub(crate) folder: TempDir,
    register: Arc<Mutex<Register>>,
    /// Where the embedded broker listens; 0: anywhere.
    port_wanted: u16,
    bus: Option<Arc<dyn Bus>>,
    process: Option<Child>,
}

struct Door(Arc<Mutex<Register>>);

impl Admission for Door {
    fn admit<'a>(&'a self, who: &'a CertificateIdentity) -> BoxFuture<'a, Admitted> {
        async {
            let register = self.0.lock().unwrap();
            match register.communes.get(&who.node_id) {
                Some(commune) if !register.revoked.contains(&who.serial) => {
                    Admitted::Yes { commune: Some(commune.clone()) }
                }
                _ => Admitted::No,
            }
        }
        .boxed()
    }
}

impl Server {
    /// Starts a server and a bus to it, connected.
    pub(crate) async fn start(kind: Kind) -> Self {
        let pki = Pki::new("Loa test authority");
        let folder = tempfile::tempdir().unwrap();
        let register = Arc::new(Mutex::new(Register {
            communes: MEMBERS.map(|(node, commune)| (node.to_owned(), commune.to_owned())).into(),
            revoked: HashSet::from([format!("{REVOKED_SERIAL:x}")]),
            hearing: HashSet::new(),
        }));
        let address = ServerAddress::tls("127.0.0.1", 0);
        let mut server =
            Self { kind, pki, address, folder, register, port_wanted: 0, bus: None, process: None };
        server.write_certificates();
        server.run().await;
        server
    }

    /// Starts it again after [`Server::kill`] or [`Server::stop`], on the same folder.
    pub(crate) async fn run(&mut self) {
        match self.kind {
            Kind::Embedded => self.run_embedded().await,
            Kind::EmbeddedProcess => self.run_embedded_process().await,
            Kind::Mosquitto => self.run_mosquitto().await,
        }
    }

    /// Starts the embedded broker again where it was.
    pub(crate) async fn run_on(&mut self, port: u16) {
        self.port_wanted = port;
        self.run().await;
    }

    pub(crate) fn bus(&self) -> &dyn Bus {
        self.bus.as_deref().unwrap()
    }

    /// A node's settings, with waits fit for a test.
    pub(crate) fn node(&self, id: &str) -> ClientConfig {
        self.client(id, self.pki.node(id))
    }

    pub(crate) fn client(&self, id: &str, identity: TlsIdentity) -> ClientConfig {
        let mut config = ClientConfig::new(self.address.clone(), id, 1);
        config.identity = Some(identity);
        config.backoff = BackoffRange {
            first: Duration::from_millis(50),
            most: Duration::from_millis(200),
            proven_after: Duration::from_secs(5),
        };
        config
    }

    pub(crate) fn revoke(&self, serial: u64) {
        self.register.lock().unwrap().revoked.insert(format!("{serial:x}"));
    }

    /// Tells the embedded broker that `node` may hear live session `session`; Mosquitto lets everyone.
    pub(crate) fn hear(&self, node: &str, session: &str) {
        self.register.lock().unwrap().hearing.insert((node.to_owned(), session.to_owned()));
    }

    pub(crate) fn move_node(&self, node: &str, commune: &str) {
        self.register.lock().unwrap().communes.insert(node.to_owned(), commune.to_owned());
    }

    /// Kills the process, as a power cut would.
    pub(crate) async fn kill(&mut self) {
        self.bus = None;
        self.process.as_mut().unwrap().kill().await.unwrap();
    }

    /// Stops the embedded broker in order.
    pub(crate) async fn stop(&mut self) {
        self.bus.take().unwrap().shutdown().await;
    }

    fn write_certificates(&self) {
        let tls = self.pki.server();
        self.write("ca.pem", &tls.client_ca_pem);
        self.write("server.pem", &tls.cert_pem);
        self.write("server.key", &tls.key_pem);
        self.write("crl.pem", &self.pki.revocations(REVOKED_SERIAL));
        self.write("acl", mosquitto_acl("loa-broker", MEMBERS).as_bytes());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn embedded_config(&self) -> EmbeddedConfig {
        let listen = ([127, 0, 0, 1], self.port_wanted).into();
        let tls = loa_mqtt::ServerTls {
            cert_pem: std::fs::read(self.path("server.pem")).unwrap(),
            key_pem: std::fs::read(self.path("server.key")).unwrap(),
            client_ca_pem: std::fs::read(self.path("ca.pem")).unwrap(),
        };
        let register = Arc::clone(&self.register);
        let may_hear = move |node: &str, session: &str| {
            register.lock().unwrap().hearing.contains(&(node.to_owned(), session.to_owned()))
        };
        let rules = NodeRules::with_live(Arc::new(may_hear));
        let door = Door(Arc::clone(&self.register));
        EmbeddedConfig::new(listen, self.path("store"), tls, Arc::new(door), Arc::new(rules))
    }

    async fn run_embedded(&mut self) {
        let broker = EmbeddedBroker::open(self.embedded_config()).await.unwrap();
        self.address.port = broker.listen().await.unwrap().port();
        self.bus = Some(Arc::new(broker));
    }

    async fn run_embedded_process(&mut self) {
        let program = std::env::current_exe().unwrap();
        let program = program.parent().and_then(Path::parent).unwrap().join("examples/embedded_server");
        let mut process = Command::new(program)
            .args([self.path("store"), self.folder.path().to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the example embedded_server is built with the tests");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = soon(lines.next_line()).await.unwrap().unwrap();
        self.address.port = line.rsplit(':').next().unwrap().parse().unwrap();
        self.process = Some(process);
        self.connect_bus().await;
    }

    async fn run_mosquitto(&mut self) {
        if self.address.port == 0 {
            self.address.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        }
        let mut settings = std::fs::File::create(self.path("mosquitto.conf")).unwrap();
        let here = self.folder.path().display();
        write!(
            settings,
            "user root\nlog_dest stderr\npersistence true\npersistence_location {here}/\n\
             autosave_on_changes true\nautosave_interval 1\nacl_file {here}/acl\n\
             max_packet_size {}\nmax_queued_messages 10000\n\
             listener {} 127.0.0.1\ncafile {here}/ca.pem\ncertfile {here}/server.pem\nkeyfile {here}/server.key\n\
             crlfile {here}/crl.pem\nrequire_certificate true\nuse_identity_as_username true\n\
             use_username_as_clientid true\n",
            loa_mqtt::MAX_PACKET_BYTES,
            self.address.port,
        )
        .unwrap();
        let mut process = Command::new("/usr/sbin/mosquitto")
            .arg("-c")
            .arg(self.path("mosquitto.conf"))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Debian's package mosquitto is installed");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let running = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains("running") {
                    return;
                }
                eprintln!("mosquitto: {line}");
            }
            panic!("mosquitto did not start");
        };
        soon(running).await;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("mosquitto: {line}");
            }
        });
        self.process = Some(process);
        self.connect_bus().await;
    }

    async fn connect_bus(&mut self) {
        let config = self.client("loa-broker", self.pki.node("loa-broker"));
        let bus = ExternalBus::start(&config).unwrap();
        soon(bus.connected().wait_for(|up| *up)).await.unwrap();
        self.bus = Some(Arc::new(bus));
    }
}
