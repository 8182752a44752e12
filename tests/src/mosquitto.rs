//! A real Mosquitto, set up as `docs/operations.md` tells operators.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use loa_fleet::{ports, process};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
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
        let mut issue = Command::new(process::find("loa-broker")?);
        issue.arg("mosquitto-cert").arg("--data").arg(broker_data).arg("--out").arg(folder);
        let issued = issue.args(["--name", "127.0.0.1"]).output().await?;
        if !issued.status.success() {
            bail!("no certificate for mosquitto: {}", String::from_utf8_lossy(&issued.stderr));
        }
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
        let (process, lines) = launch(folder)?;
        let mut mosquitto = Self { folder: folder.to_owned(), port, process, lines };
        mosquitto.said("running").await?;
        Ok(mosquitto)
    }

    /// Kills it as a power cut would.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Starts it again where it was, after [`Self::kill`].
    pub async fn start_again(&mut self) -> Result<()> {
        (self.process, self.lines) = launch(&self.folder)?;
        self.said("running").await
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

fn launch(folder: &Path) -> Result<(Child, mpsc::UnboundedReceiver<String>)> {
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
    Ok((process, lines))
}

async fn read(mut lines: Lines<BufReader<ChildStderr>>, to: mpsc::UnboundedSender<String>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let _ = to.send(line);
    }
}
