//! A `loa-broker` under the fleet's control: started, killed, restarted on the same data and addresses.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use crate::process::{self, Process, Program, StartError};

/// An unoptimised broker makes its keys and hashes within this on a slow, busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A broker that hasn't stopped by then hangs.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// Which MQTT broker the nodes meet at.
#[derive(Debug, Clone)]
pub enum MqttSide {
    /// The one inside `loa-broker`, listening here.
    Embedded(SocketAddr),
    /// Another at `mqtts://host:port`, whose certificate is of the broker's own CA.
    External(String),
}

/// How to start a broker.
#[derive(Debug, Clone)]
pub struct BrokerOptions {
    /// Its data folder.
    pub data: PathBuf,
    /// Where people reach it.
    pub http: SocketAddr,
    /// Where nodes enrol and fetch clips.
    pub node_http: SocketAddr,
    /// MQTT.
    pub mqtt: MqttSide,
    /// Names that the nodes' certificates must hold good for; the first is what nodes are told.
    pub public_names: Vec<String>,
    /// Where its log goes.
    pub log: PathBuf,
    /// More arguments.
    pub args: Vec<OsString>,
    /// Added to its environment.
    pub env: Vec<(OsString, OsString)>,
    /// Out of reach of the terminal's Ctrl-C.
    pub own_group: bool,
}

impl BrokerOptions {
    /// A broker on loopback, on ports that the machine chooses, everything below `folder`.
    pub fn on_loopback(folder: &Path) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            data: folder.join("broker"),
            http: any,
            node_http: any,
            mqtt: MqttSide::Embedded(any),
            public_names: vec!["127.0.0.1".into()],
            log: folder.join("logs").join("broker.log"),
            args: Vec::new(),
            env: Vec::new(),
            own_group: false,
        }
    }

    fn program(&self) -> Result<Program, StartError> {
        let mut args: Vec<OsString> = vec!["serve".into(), "--data".into(), self.data.clone().into()];
        let mut add = |name: &str, value: OsString| args.extend([name.into(), value]);
        add("--http", self.http.to_string().into());
        add("--node-http", self.node_http.to_string().into());
        match &self.mqtt {
            MqttSide::Embedded(at) => add("--mqtt-listen", at.to_string().into()),
            MqttSide::External(url) => add("--mqtt-url", url.into()),
        }
        for name in &self.public_names {
            add("--public-name", name.into());
        }
        args.extend(self.args.iter().cloned());
        Ok(Program {
            name: "loa-broker".into(),
            path: process::find("loa-broker")?,
            args,
            env: self.env.clone(),
            log: self.log.clone(),
            own_group: self.own_group,
        })
    }
}

/// Where a broker listens, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// For people: page and API.
    pub http: SocketAddr,
    /// Whether they are reached by HTTPS.
    pub secure: bool,
    /// `host:port` for nodes' HTTPS.
    pub nodes: String,
    /// `host:port` of MQTT over TLS.
    pub mqtt: String,
    /// SHA-256 of the CA certificate's DER, hexadecimal.
    pub ca: String,
}

impl Ready {
    /// From the line `loa-broker ready http=… nodes=… mqtt=… ca=…`; `https=` when the page is served over TLS.
    pub fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("loa-broker ready ")?;
        let field = |name: &str| {
            rest.split_whitespace()
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        };
        let secure = field("https");
        Some(Self {
            secure: secure.is_some(),
            http: secure.or_else(|| field("http"))?.parse().ok()?,
            nodes: field("nodes")?,
            mqtt: field("mqtt")?,
            ca: field("ca")?,
        })
    }

    /// The port at the end of a `host:port`.
    fn port(address: &str) -> Option<u16> {
        address.rsplit_once(':')?.1.parse().ok()
    }

    /// Port of the nodes' HTTPS.
    pub fn nodes_port(&self) -> Option<u16> {
        Self::port(&self.nodes)
    }

    /// Port of MQTT.
    pub fn mqtt_port(&self) -> Option<u16> {
        Self::port(&self.mqtt)
    }
}

/// A running broker. Dropping it kills it.
pub struct Broker {
    options: BrokerOptions,
    process: Process,
    ready: Ready,
    setup_link: Option<String>,
}

impl Broker {
    /// Starts one and waits until everything listens.
    pub async fn start(mut options: BrokerOptions) -> Result<Self, StartError> {
        let (process, ready, setup_link) = Self::launch(&options).await?;
        // From now on it listens where it listens, so that agents find it again after a restart.
        options.http = ready.http;
        if let Some(port) = ready.nodes_port() {
            options.node_http.set_port(port);
        }
        if let (MqttSide::Embedded(at), Some(port)) = (&mut options.mqtt, ready.mqtt_port()) {
            at.set_port(port);
        }
        Ok(Self { options, process, ready, setup_link })
    }

    async fn launch(options: &BrokerOptions) -> Result<(Process, Ready, Option<String>), StartError> {
        let mut process = Process::start(&options.program()?)?;
        let mut setup_link = None;
        let ready = tokio::time::timeout(READY_WITHIN, async {
            while let Some(line) = process.line().await {
                if let Some(link) = line.strip_prefix("loa-broker setup ") {
                    setup_link = Some(link.trim().to_owned());
                } else if let Some(ready) = Ready::parse(&line) {
                    return Some(ready);
                }
            }
            None
        })
        .await;
        let program = process.name().to_owned();
        match ready {
            Ok(Some(ready)) => {
                process.drain();
                Ok((process, ready, setup_link))
            }
            Ok(None) => {
                let status = process.ended().await.map_or_else(|e| e.to_string(), |s| s.to_string());
                // The log's reader may be a moment behind the end of the process.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(StartError::Ended { program, status, words: process.last_words() })
            }
            Err(_) => Err(StartError::Slow { program, limit: READY_WITHIN, words: process.last_words() }),
        }
    }

    /// Where it listens.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The link to make the first administrator with; only while there is none.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.ready.secure { "https" } else { "http" }, self.ready.http)
    }

    /// How it was started.
    pub fn options(&self) -> &BrokerOptions {
        &self.options
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Kills it as a power cut would.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Asks it to stop, and waits. `None` when it had to be killed.
    pub async fn stop(&mut self) -> Option<ExitStatus> {
        self.process.stop(STOP_WITHIN).await
    }

    /// Starts it again on the same data and addresses, after [`Self::kill`] or [`Self::stop`].
    pub async fn start_again(&mut self) -> Result<(), StartError> {
        self.process.kill().await;
        (self.process, self.ready, self.setup_link) = Self::launch(&self.options).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_understood() {
        let ready =
            Ready::parse("loa-broker ready http=127.0.0.1:8080 nodes=0.0.0.0:8443 mqtt=[::]:8883 ca=00ff")
                .unwrap();
        assert_eq!((ready.http.port(), ready.secure), (8080, false));
        assert_eq!((ready.nodes_port(), ready.mqtt_port()), (Some(8443), Some(8883)));
        assert_eq!(ready.ca, "00ff");
        let ready = Ready::parse("loa-broker ready https=0.0.0.0:443 nodes=0.0.0.0:8443 mqtt=a:8883 ca=00ff")
            .unwrap();
        assert_eq!((ready.http.port(), ready.secure), (443, true));
        assert_eq!(Ready::parse("loa-broker ready http=127.0.0.1:8080"), None);
        assert_eq!(Ready::parse("something else"), None);
    }
}
