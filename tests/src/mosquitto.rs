//! A real Mosquitto, set up as `docs/operations.md` tells operators.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use loa_fleet::ports;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    sync::mpsc,
};

const PROGRAM: &str = "/usr/sbin/mosquitto";
const PATIENCE: Duration = Duration::from_secs(10);

/// A running Mosquitto. Dropping it kills it.
pub struct Mosquitto {
    folder: PathBuf,
    port: u16,
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Mosquitto {
    /// Starts one that trusts the CA of a broker's data folder, with a server certificate of that CA. At first only the broker may
    /// do anything.
    pub async fn start(folder: &Path, broker_data: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let identity = broker_data.join("identity");
        let ca_pem = std::fs::read_to_string(identity.join("ca.pem"))?;
        let ca_key = KeyPair::from_pem(&std::fs::read_to_string(identity.join("ca.key.pem"))?)?;
        let authority = Issuer::from_ca_cert_pem(&ca_pem, ca_key)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "mosquitto");
        let certificate = params.signed_by(&key, &authority)?;
        std::fs::write(folder.join("ca.pem"), ca_pem)?;
        std::fs::write(folder.join("server.pem"), certificate.pem())?;
        std::fs::write(folder.join("server.key"), key.serialize_pem())?;
        std::fs::write(folder.join("acl"), "user loa-broker\ntopic readwrite loa/1/#\n")?;
        let port = ports::any(ports::LOOPBACK)?;
        let here = folder.display();
        let mut settings = std::fs::File::create(folder.join("mosquitto.conf"))?;
        write!(
            settings,
            "user root\nlog_dest stderr\nlog_type all\npersistence true\npersistence_location {here}/\nacl_file {here}/acl\n\
             max_packet_size 1048576\nlistener {port} 127.0.0.1\ncafile {here}/ca.pem\ncertfile {here}/server.pem\n\
             keyfile {here}/server.key\nrequire_certificate true\nuse_identity_as_username true\n",
        )?;
        let mut process = Command::new(PROGRAM)
            .arg("-c")
            .arg(folder.join("mosquitto.conf"))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("Debian's package mosquitto is installed")?;
        let stderr = process.stderr.take().context("stderr was piped")?;
        let (sender, lines) = mpsc::unbounded_channel();
        tokio::spawn(read(BufReader::new(stderr).lines(), sender));
        let mut mosquitto = Self { folder: folder.to_owned(), port, process, lines };
        mosquitto.said("running").await?;
        Ok(mosquitto)
    }

    /// What the broker is told with `--mqtt-url`.
    pub fn url(&self) -> String {
        format!("mqtts://127.0.0.1:{}", self.port)
    }

    /// Puts new access rules into force.
    pub async fn rules(&mut self, acl: &str) -> Result<()> {
        std::fs::write(self.folder.join("acl"), acl)?;
        let pid = self.process.id().context("mosquitto ended")?;
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGHUP)?;
        self.said("Reloading config").await
    }

    async fn said(&mut self, words: &str) -> Result<()> {
        let listen = async {
            while let Some(line) = self.lines.recv().await {
                if line.contains(words) {
                    return Ok(());
                }
            }
            bail!("mosquitto ended")
        };
        tokio::time::timeout(PATIENCE, listen)
            .await
            .with_context(|| format!("mosquitto never said {words:?}"))?
    }
}

async fn read(mut lines: Lines<BufReader<ChildStderr>>, to: mpsc::UnboundedSender<String>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let _ = to.send(line);
    }
}
