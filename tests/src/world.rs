//! A whole Loa on one machine, made of the real programs: a broker, hamlets with an agent each, each agent on a sound card of
//! its own.
//!
//! Everything listens on loopback addresses that no other test uses at the same time, and lies in one temporary folder. Dropping the
//! world kills it. After a failed assertion the logs are printed with the failure.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use loa_audio::opus_file;
use loa_fleet::{
    Agent, AgentOptions, Api, Broker, BrokerOptions, MqttSide, Patience,
    agent::Output,
    api::{Airing, AiringStatus, Broadcast, Bulletin, Clip, Content, Event, Events, Node},
    commune::{self, DAI_AN_2},
    process,
};
use loa_protocol::{AiringId, BroadcastId, Class, NodeId, Receipt};
use tempfile::TempDir;

use crate::{
    chaos::ChaosProxy,
    disk::SmallDisk,
    journal::{self, NodeJournal},
    mosquitto::Mosquitto,
    soundcard::{Capture, EventKind, Moment, SoundCard},
};

/// Nothing that a test waits for takes longer on a slow, busy machine.
pub const PATIENCE: Duration = Duration::from_secs(25);
/// The administrator's password in every test.
const PASSWORD: &str = "mot hai ba bon nam";
/// A sample of at least this is sound (-50 dBFS); resampling and dither stay below.
pub const AUDIBLE: f32 = 0.003;
/// Speech pauses less than this.
pub const LONGER_THAN_A_PAUSE: Duration = Duration::from_millis(700);

/// Which MQTT server the nodes meet at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mqtt {
    /// The one inside the broker.
    Embedded,
    /// Debian's Mosquitto.
    Mosquitto,
}

/// What world is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Hamlets with an enrolled, running agent: the first so many of five. All five have a node.
    pub hamlets: usize,
    /// The MQTT server.
    pub mqtt: Mqtt,
    /// Put a [`ChaosProxy`] into both of the nodes' ways to the broker.
    pub proxied: bool,
    /// Added to the environment of the agents.
    pub agent_env: Vec<(OsString, OsString)>,
    /// Be to the agents what a service manager is.
    pub supervised: Option<Patience>,
    /// More arguments to the broker.
    pub broker_args: Vec<OsString>,
    /// Give each agent a disk of its own, of so many KiB.
    pub node_disk_kib: Option<u32>,
    /// Give the broker a disk of its own, of so many KiB.
    pub broker_disk_kib: Option<u32>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            hamlets: 5,
            mqtt: Mqtt::Embedded,
            proxied: false,
            agent_env: Vec::new(),
            supervised: None,
            broker_args: Vec::new(),
            node_disk_kib: None,
            broker_disk_kib: None,
        }
    }
}

/// The nodes' links to the broker, to be spoilt.
pub struct Links {
    /// MQTT.
    pub mqtt: ChaosProxy,
    /// HTTPS: enrolment and clips.
    pub https: ChaosProxy,
}

impl Links {
    /// Cuts both.
    pub fn cut(&self) {
        self.mqtt.cut();
        self.https.cut();
    }

    /// Restores both.
    pub fn restore(&self) {
        self.mqtt.restore();
        self.https.restore();
    }
}

/// A hamlet: its node, its agent, its sound card.
pub struct Hamlet {
    /// Its area code.
    pub code: &'static str,
    /// Its node's id.
    pub node: NodeId,
    /// Its agent.
    pub agent: Agent,
    /// What its horns hang on.
    pub card: SoundCard,
    /// Its agent's disk, if it has one of its own.
    pub disk: Option<SmallDisk>,
}

impl Hamlet {
    /// What its node has written down.
    pub fn journal(&self) -> NodeJournal {
        NodeJournal::of(&self.agent.options().data)
    }

    /// Its agent's own disk.
    pub fn disk(&self) -> Result<&SmallDisk> {
        self.disk.as_ref().context("the agent has no disk of its own")
    }

    /// How often its sound card has been started: each time is something that sounded, or should have.
    pub fn starts(&self) -> Result<usize> {
        Ok(self.card.events()?.iter().filter(|event| event.kind == EventKind::Start).count())
    }

    /// Waits until its agent has closed the sound card: from here on nothing is started unless something is to sound.
    pub async fn rests(&self) -> Result<()> {
        let closed = || {
            let last = self.card.events()?.pop();
            Ok(last.filter(|event| event.kind == EventKind::Close).map(drop))
        };
        journal::wait_for(PATIENCE, "the sound card is closed", closed).await
    }

    /// Waits until its sound card has taken so much sound in all.
    pub async fn has_taken(&self, sound: Duration) -> Result<()> {
        let card = self.card.clone();
        tokio::task::spawn_blocking(move || {
            card.wait_for_frames((sound.as_secs_f64() * 48_000.0) as u64, PATIENCE)
        })
        .await?
    }

    /// Waits for the broker's word that it has the receipt of an airing here; there must be one of each.
    pub async fn reported_once(&self, airing: &AiringId) -> Result<Receipt> {
        self.journal().settled_once(airing, PATIENCE).await
    }

    /// Everything that has sounded here so far.
    pub fn heard(&self) -> Result<Capture> {
        self.card.captured()
    }

    /// Waits until something sounds that wasn't heard before; when its first frame did. Each call goes on where the last ended.
    pub async fn sounds(&self) -> Result<Moment> {
        let card = self.card.clone();
        tokio::task::spawn_blocking(move || card.wait_for_sound(AUDIBLE, PATIENCE)).await?
    }

    /// Waits until it has fallen silent; when its last frame sounded.
    pub async fn falls_silent(&self) -> Result<Moment> {
        let card = self.card.clone();
        let wait = move || card.wait_for_silence(AUDIBLE, LONGER_THAN_A_PAUSE, PATIENCE);
        tokio::task::spawn_blocking(wait).await?
    }
}

/// The world.
pub struct World {
    /// The broker.
    pub broker: Broker,
    /// Signed in as the administrator.
    pub api: Api,
    /// The hamlets with an agent.
    pub hamlets: Vec<Hamlet>,
    /// All nodes of the commune, in the order of the hamlets.
    pub nodes: Vec<Node>,
    /// The nodes' links, if the world is proxied.
    pub links: Option<Links>,
    /// Mosquitto, if it is used.
    pub mosquitto: Option<Mosquitto>,
    /// The broker's disk, if it has one of its own.
    pub broker_disk: Option<SmallDisk>,
    folder: Arc<TempDir>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            print_logs(&self.folder.path().join("logs"));
        }
    }
}

/// An address of 127/8 for this process alone; `last` tells its own apart. Nodes are told the same port at another address, so
/// that a proxy can stand there.
fn loopback(last: u8) -> IpAddr {
    let pid = std::process::id();
    Ipv4Addr::new(
        127,
        64 + (pid >> 14 & 0x3f) as u8,
        (pid >> 7 & 0x7f) as u8,
        ((pid & 0x7f) as u8) << 1 | last,
    )
    .into()
}

impl World {
    /// All five hamlets, embedded MQTT, no proxy.
    pub async fn start() -> Result<Self> {
        Self::wanted(Wanted::default()).await
    }

    /// The first so many hamlets.
    pub async fn of(hamlets: usize) -> Result<Self> {
        Self::wanted(Wanted { hamlets, ..Wanted::default() }).await
    }

    /// What is wanted; it is ready when each agent is online and holds its plan.
    pub async fn wanted(wanted: Wanted) -> Result<Self> {
        let folder = Arc::new(tempfile::tempdir()?);
        let started = Self::begin(&wanted, &folder).await;
        if started.is_err() {
            print_logs(&folder.path().join("logs"));
        }
        started
    }

    async fn begin(wanted: &Wanted, folder: &Arc<TempDir>) -> Result<Self> {
        let path = folder.path();
        let mut options = BrokerOptions::on_loopback(path);
        if wanted.proxied {
            // Port 0 of the broker's address is free at the nodes' one too: nobody else uses either.
            options.node_http = SocketAddr::new(loopback(0), 0);
            options.mqtt = MqttSide::Embedded(SocketAddr::new(loopback(0), 0));
            options.public_names = vec![loopback(1).to_string()];
        }
        options.args.extend(wanted.broker_args.iter().cloned());
        let disk = |folder: &Path, kib: Option<u32>| kib.map(|kib| SmallDisk::mount(folder, kib)).transpose();
        let broker_disk = disk(&options.data, wanted.broker_disk_kib)?;
        let mut broker = Broker::start(options).await?;
        let api = Api::new(&broker.url())?;
        let link = broker.setup_link().context("a new broker offers a set-up link")?.to_owned();
        api.set_up(&link, "canbo", "Cán bộ", PASSWORD).await?;
        let nodes = DAI_AN_2.found(&api).await?;
        let mut mosquitto = None;
        if wanted.mqtt == Mqtt::Mosquitto {
            broker.stop().await;
            let server = Mosquitto::start(&path.join("mosquitto"), &path.join("broker")).await?;
            let mut options = broker.options().clone();
            options.mqtt = MqttSide::External(server.url());
            broker = Broker::start(options).await?;
            mosquitto = Some(server);
        }
        let links = if wanted.proxied { Some(links(&broker).await?) } else { None };
        let mut world = Self {
            broker,
            api,
            hamlets: Vec::new(),
            nodes,
            links,
            mosquitto,
            broker_disk,
            folder: Arc::clone(folder),
        };
        let mut enrolled = Vec::new();
        for index in 0..wanted.hamlets {
            let data = path.join("agents").join(DAI_AN_2.hamlets[index].0);
            let disk = disk(&data, wanted.node_disk_kib)?;
            enrolled.push((world.enrol(index, wanted).await?, disk));
        }
        world.tell_mosquitto().await?;
        for ((code, node, card, options), disk) in enrolled {
            world.hamlets.push(Hamlet { code, node, card, disk, agent: Agent::start(options)? });
        }
        world.ready().await?;
        Ok(world)
    }

    /// Enrols the node of a hamlet. Its agent is not started yet.
    async fn enrol(
        &self,
        index: usize,
        wanted: &Wanted,
    ) -> Result<(&'static str, NodeId, SoundCard, AgentOptions)> {
        let (code, _) = DAI_AN_2.hamlets[index];
        let node = self.nodes[index].id.clone();
        let card = SoundCard::new(self.path().join("cards").join(code))?;
        let mut options = AgentOptions::below(self.path(), code, Output::Alsa(card.pcm_name().into()));
        options.env.extend(card.env().into_iter().map(|(name, value)| (name.into(), value.into())));
        options.env.extend(wanted.agent_env.iter().cloned());
        options.supervised = wanted.supervised;
        options.enrol(&self.api.claim(&node).await?).await?;
        Ok((code, node, card, options))
    }

    /// Gives Mosquitto the access rules that the broker writes, as an operator does after enrolling nodes.
    pub async fn tell_mosquitto(&mut self) -> Result<()> {
        let data = self.path().join("broker");
        let Some(mosquitto) = &mut self.mosquitto else { return Ok(()) };
        let mut print = tokio::process::Command::new(process::find("loa-broker")?);
        let output = print.arg("mosquitto-acl").arg("--data").arg(data).output().await?;
        mosquitto.rules(&String::from_utf8(output.stdout)?).await
    }

    /// Waits until every agent is online and holds its plan.
    pub async fn ready(&self) -> Result<()> {
        let nodes: Vec<_> = self.hamlets.iter().map(|hamlet| hamlet.node.clone()).collect();
        let ready = tokio::time::timeout(PATIENCE, commune::ready(&self.api, &nodes)).await;
        ready.context("the agents did not come online")??;
        Ok(())
    }

    /// The folder of everything.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder of the broker.
    pub fn broker_data(&self) -> PathBuf {
        self.path().join("broker")
    }

    /// The nodes' links.
    pub fn links(&self) -> Result<&Links> {
        self.links.as_ref().context("the world is not proxied")
    }

    /// A bulletin of this text, spoken.
    pub async fn spoken(&self, class: Class, text: &str) -> Result<Bulletin> {
        let voices = self.api.voices().await?;
        let voice = voices.first().context("a voice")?.id.clone();
        Ok(self.api.add_bulletin("Bản tin thử", class, &Content::Text { text: text.into(), voice }).await?)
    }

    /// A bulletin of a sound: so many seconds of a tune that is different from one moment, and one `seed`, to the next.
    pub async fn tune(&self, class: Class, seed: u32, seconds: f64) -> Result<Bulletin> {
        let clip = self.api.upload("tune.wav", crate::tune::wav(seed, seconds)).await?;
        Ok(self.api.add_bulletin("Nhạc thử", class, &Content::Clip(clip.hash)).await?)
    }

    /// What a clip sounds like, decoded: 48 kHz mono.
    pub async fn decoded(&self, clip: &Clip) -> Result<Vec<f32>> {
        let ogg = self.api.clip(&clip.hash).await?;
        let mut reader = opus_file::Reader::new(std::io::Cursor::new(ogg))?;
        let mut samples = Vec::new();
        while reader.next_frame(&mut samples)? {}
        Ok(samples)
    }

    /// Waits for something to happen. `look` is asked at once, and again after each event; it gives `None` to wait on.
    pub async fn until<T, F: Future<Output = Result<Option<T>>>>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> Result<T> {
        let wait = async {
            loop {
                let Ok(mut events) = self.api.events().await else {
                    // The broker is being killed and started by the test.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                loop {
                    if let Some(found) = look().await? {
                        return Ok(found);
                    }
                    if events.next().await.is_err() {
                        break;
                    }
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        if waited.is_err() {
            print_logs(&self.path().join("logs"));
        }
        waited.with_context(|| format!("waited in vain: {what}"))?
    }

    /// Waits until a broadcast satisfies `done`.
    pub async fn broadcast_until(
        &self,
        id: &BroadcastId,
        what: &str,
        done: impl Fn(&Broadcast) -> bool,
    ) -> Result<Broadcast> {
        self.until(what, || async {
            match self.api.broadcast(id).await {
                Ok(broadcast) if done(&broadcast) => Ok(Some(broadcast)),
                // An error: the broker is being killed and started by the test.
                Ok(_) | Err(_) => Ok(None),
            }
        })
        .await
    }

    /// Waits until a node satisfies `done`.
    pub async fn node_until(&self, id: &NodeId, what: &str, done: impl Fn(&Node) -> bool) -> Result<Node> {
        self.until(what, || async { Ok(self.api.node(id).await.ok().filter(|node| done(node))) }).await
    }

    /// How many receipts the broker's process has kept: of each airing the first, and no other.
    pub async fn receipts_kept(&self) -> Result<u64> {
        let figures = reqwest::get(format!("{}/metrics", self.broker.url())).await?.text().await?;
        let kept = figures.lines().find_map(|line| line.strip_prefix("loa_receipts_total "));
        Ok(kept.map(|count| count.trim().parse()).transpose()?.unwrap_or(0))
    }

    /// Waits until nothing more will come of a broadcast.
    pub async fn over(&self, id: &BroadcastId) -> Result<Broadcast> {
        self.broadcast_until(id, "the broadcast is over", Broadcast::is_over).await
    }

    /// Waits until an airing of the broadcast in this hamlet has this status.
    pub async fn airing(&self, id: &BroadcastId, hamlet: &str, status: AiringStatus) -> Result<Airing> {
        let what = format!("{status:?} in {hamlet}");
        let is_there = |b: &Broadcast| b.airing_in(hamlet).is_some_and(|airing| airing.status == status);
        let broadcast = self.broadcast_until(id, &what, is_there).await?;
        broadcast.airing_in(hamlet).cloned().context("an airing")
    }

    /// Takes the progress of a broadcast from a stream of events, until all its airings are over: status after status, by hamlet.
    pub async fn progress(
        events: &mut Events,
        broadcast: &Broadcast,
    ) -> Result<Vec<(String, Vec<AiringStatus>)>> {
        // The first node may begin before the answer to the order is written.
        let begun = |airing: &Airing| match airing.status {
            AiringStatus::Sent => vec![AiringStatus::Sent],
            further => vec![AiringStatus::Sent, further],
        };
        let mut seen: Vec<(String, Vec<AiringStatus>)> =
            broadcast.airings.iter().map(|airing| (airing.hamlet.code.to_string(), begun(airing))).collect();
        let follow = async {
            while !seen.iter().all(|(_, statuses)| statuses.last().is_some_and(|status| status.is_over())) {
                let Event::Airing { broadcast: of, airing } = events.next().await? else { continue };
                if of == broadcast.id
                    && let Some((_, statuses)) =
                        seen.iter_mut().find(|(code, _)| *code == airing.hamlet.code.as_str())
                    && statuses.last() != Some(&airing.status)
                {
                    statuses.push(airing.status);
                }
            }
            anyhow::Ok(())
        };
        if tokio::time::timeout(PATIENCE, follow).await.is_err() {
            bail!("the broadcast went no further than {seen:?}");
        }
        Ok(seen)
    }
}

async fn links(broker: &Broker) -> Result<Links> {
    let ready = broker.ready();
    let between = |address: &str| -> Result<(SocketAddr, SocketAddr)> {
        let behind: SocketAddr = address.parse()?;
        Ok((SocketAddr::new(loopback(1), behind.port()), behind))
    };
    let ((mqtt_at, mqtt), (https_at, https)) = (between(&ready.mqtt)?, between(&ready.nodes)?);
    Ok(Links {
        mqtt: ChaosProxy::start(mqtt_at, mqtt).await?,
        https: ChaosProxy::start(https_at, https).await?,
    })
}

fn print_logs(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        eprintln!("--- {}", file.path().display());
        for line in &lines[lines.len().saturating_sub(60)..] {
            eprintln!("{line}");
        }
    }
}
