//! A broker made of nothing but its keys and an MQTT server: it signs whatever plan a test wants, also one that no broker would save,
//! answers the node's questions for the time, and keeps and acknowledges its receipts. There is no page, no database and no clip folder: clips are
//! put on the node's disk beforehand.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use futures_util::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_agent::identity::Identity;
use loa_mqtt::{
    Bus, NodeRules, Publish, ServerTls, Subscription,
    embedded::{Admission, Admitted, CertificateIdentity, EmbeddedBroker, EmbeddedConfig},
};
use loa_protocol::{
    Action, AiringId, Audience, AuthorityKey, BroadcastId, Class, ClipHash, ClipRef, Clock, Command,
    CommandId, Every, NodeId, NodeState, Plan, Planned, Policy, Receipt, Repeats, SigningKey, Timetable,
    enrolment::EnrolmentResponse,
    envelope::{self, Message},
    plan::Volume,
    receipt::ReceiptBatch,
    topic,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::sync::watch;

use crate::journal::wait_for;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(25);
/// Where the node lies.
const AREAS: [&str; 3] = ["94", "31699", "31699-01"];
/// The zone of its timetables: local time is UTC, so that a test can write instants down.
pub const ZONE: &str = "UTC";
/// Before anything that a test makes a node believe.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// The stand-in.
pub struct Standin {
    /// Its only node.
    pub node: NodeId,
    voice: Arc<Voice>,
    heard: Arc<Heard>,
    identity: Identity,
    generation: Mutex<u64>,
}

/// What it signs and sends with.
struct Voice {
    node: NodeId,
    key: SigningKey,
    bus: EmbeddedBroker,
    clock: Arc<dyn Clock>,
    commands: Mutex<u128>,
    /// Whether questions for the time are answered.
    tells_time: Mutex<bool>,
}

/// What the node said.
struct Heard {
    receipts: Mutex<Vec<Receipt>>,
    state: watch::Sender<Option<NodeState>>,
}

struct Everybody;

impl Admission for Everybody {
    fn admit<'a>(&'a self, _: &'a CertificateIdentity) -> BoxFuture<'a, Admitted> {
        std::future::ready(Admitted::Yes { commune: Some(AREAS[1].to_owned()) }).boxed()
    }
}

impl Standin {
    /// Starts one that keeps its messages in `folder` and goes by `clock`.
    pub async fn start(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let node: NodeId = "n1".parse()?;
        let (tls, mut told, key_pem) = certificates(&node)?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let rules = Arc::new(NodeRules::default());
        let config = EmbeddedConfig::new(listen, folder.join("mqtt"), tls, Arc::new(Everybody), rules);
        let bus = EmbeddedBroker::open(config).await?;
        told.mqtt = format!("127.0.0.1:{}", bus.listen().await?.port());
        let authority = AuthorityKey::from_seed(&[0x51; 32])?;
        told.authority = authority.public_key();
        let ages = SignedDuration::from_hours(24 * 3_650);
        let key = authority.certify(&[0x52; 32], LONG_AGO.parse()?, clock.now().checked_add(ages)?)?;
        let voice = Arc::new(Voice {
            node: node.clone(),
            key,
            bus,
            clock,
            commands: Mutex::new(0),
            tells_time: Mutex::new(true),
        });
        let heard = Arc::new(Heard { receipts: Mutex::default(), state: watch::Sender::new(None) });
        listen_to(&voice, &heard).await?;
        Ok(Self { node, voice, heard, identity: Identity::new(told, &key_pem), generation: Mutex::new(0) })
    }

    /// Makes the folder of an agent that is enrolled here.
    pub fn enrol(&self, data: &Path) -> Result<()> {
        fs::create_dir_all(data.join("clips"))?;
        Ok(self.identity.save(data)?)
    }

    /// A plan for the node: these broadcasts, at any hour. Give it to [`Self::give`], changed or not.
    pub fn plan(&self, broadcasts: Vec<Planned>) -> Result<Plan> {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        *generation += 1;
        Ok(Plan {
            cas: Vec::new(),
            node: self.node.clone(),
            generation: *generation,
            issued_at: self.voice.clock.now(),
            name: "Ấp Chợ".into(),
            areas: AREAS.iter().map(|area| area.parse()).collect::<Result<_, _>>()?,
            time_zone: ZONE.into(),
            volume: Volume::default(),
            policy: Policy::unlimited(),
            latch: None,
            release: None,
            broadcasts,
        })
    }

    /// Signs a plan, publishes it, and waits until the node holds it.
    pub async fn give(&self, plan: &Plan) -> Result<()> {
        self.publish_plan(plan).await?;
        self.says("it holds the plan", |state| state.generation == Some(plan.generation)).await
    }

    /// Signs a plan and publishes it.
    pub async fn publish_plan(&self, plan: &Plan) -> Result<()> {
        self.voice.publish(topic::plan(&self.node), plan, true).await
    }

    /// Has the node do something now.
    pub async fn command(&self, action: Action) -> Result<()> {
        self.voice.command(action).await
    }

    /// Whether questions for the time are answered from now on.
    pub fn tell_time(&self, tell: bool) {
        *self.voice.tells_time.lock().unwrap_or_else(PoisonError::into_inner) = tell;
    }

    /// Waits until the node's state is so.
    pub async fn says(&self, what: &str, so: impl Fn(&NodeState) -> bool) -> Result<()> {
        let mut state = self.heard.state.subscribe();
        let wait = state.wait_for(|state| state.as_ref().is_some_and(|state| state.online && so(state)));
        tokio::time::timeout(PATIENCE, wait)
            .await
            .with_context(|| format!("the node never said that {what}"))??;
        Ok(())
    }

    /// Everything that came, copies too.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.heard.receipts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the receipt of an airing.
    pub async fn receipt(&self, airing: &AiringId) -> Result<Receipt> {
        let look = || Ok(self.receipts().into_iter().find(|receipt| receipt.airing == *airing));
        wait_for(PATIENCE, "a receipt", look).await
    }
}

impl Voice {
    async fn publish(&self, topic: String, message: &impl Message, retained: bool) -> Result<()> {
        let sealed = envelope::frame(&envelope::seal(&self.key, message)?, None)?;
        let publish = Publish::new(topic, sealed);
        Ok(self.bus.publish(if retained { publish.retained() } else { publish }).await?)
    }

    async fn command(&self, action: Action) -> Result<()> {
        let now = self.clock.now();
        let command = Command {
            id: self.next_id(),
            issued_at: now,
            expires_at: now.checked_add(SignedDuration::from_mins(10))?,
            audience: Audience::node(self.node.clone()),
            action,
        };
        self.publish(topic::command(&self.node), &command, false).await
    }

    fn next_id(&self) -> CommandId {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        *commands += 1;
        CommandId::from_bits(commands.to_be_bytes())
    }
}

/// Hears the node, and answers.
async fn listen_to(voice: &Arc<Voice>, heard: &Arc<Heard>) -> Result<()> {
    let (receipts, states) = (topic::receipt(&voice.node), topic::state(&voice.node));
    let filters = vec![Subscription::new(&receipts), Subscription::new(&states)];
    let mut messages = voice.bus.subscribe(filters).await?;
    let (voice, heard) = (Arc::clone(voice), Arc::clone(heard));
    tokio::spawn(async move {
        let mut answered = String::new();
        while let Some(message) = messages.recv().await {
            if message.topic == receipts {
                let Ok(batch) = serde_json::from_slice::<ReceiptBatch>(&message.payload) else { continue };
                let airings = batch.receipts.iter().map(|receipt| receipt.airing.clone()).collect();
                heard.receipts.lock().unwrap_or_else(PoisonError::into_inner).extend(batch.receipts);
                let _ = voice.command(Action::Acknowledge { airings }).await;
            } else {
                let Ok(state) = serde_json::from_slice::<NodeState>(&message.payload) else { continue };
                let tells = *voice.tells_time.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(answers) = state.ask.clone().filter(|ask| tells && *ask != answered) {
                    answered.clone_from(&answers);
                    let _ = voice.command(Action::Time { answers, now: voice.clock.now() }).await;
                }
                heard.state.send_replace(Some(state));
            }
        }
    });
    Ok(())
}

/// Certificates of a CA made for the occasion: the server's, and the node's with its key. What the node is told lacks addresses and keys.
fn certificates(node: &NodeId) -> Result<(ServerTls, EnrolmentResponse, String)> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.distinguished_name.push(DnType::CommonName, "Loa CA");
    ca.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let ca_pem = ca.self_signed(&ca_key)?.pem();
    let issuer = Issuer::new(ca, ca_key);
    let issue = |name: &str, hosts: Vec<String>| -> Result<(String, String)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(hosts)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        Ok((params.signed_by(&key, &issuer)?.pem(), key.serialize_pem()))
    };
    let (server, server_key) = issue("stand-in", vec!["127.0.0.1".into()])?;
    let (certificate_pem, key_pem) = issue(node.as_str(), Vec::new())?;
    let tls = ServerTls {
        cert_pem: server.into(),
        key_pem: server_key.into(),
        client_ca_pem: ca_pem.clone().into(),
    };
    let told = EnrolmentResponse {
        node: node.clone(),
        areas: AREAS.iter().map(|area| area.parse()).collect::<Result<_, _>>()?,
        certificate_pem,
        ca_pem,
        authority: AuthorityKey::from_seed(&[0; 32])?.public_key(),
        mqtt: String::new(),
        http: "https://127.0.0.1:1/".into(),
        now: LONG_AGO.parse()?,
        protocol: 1,
    };
    Ok((tls, told, key_pem))
}

/// Puts a clip on an agent's disk, as if it had been fetched.
pub fn keep_clip(data: &Path, samples: &[f32]) -> Result<ClipRef> {
    let ogg = loa_audio::opus_file::encode(samples, 32_000)?;
    let hash = ClipHash::of(&ogg);
    fs::write(data.join("clips").join(hash.as_str()), &ogg)?;
    let duration_ms = samples.len() as u64 * 1_000 / u64::from(crate::tune::RATE);
    Ok(ClipRef { hash, bytes: ogg.len() as u64, duration_ms, attached: false })
}

/// A broadcast that is aired at these instants of the day, each day from that of `since` on. There are at most 24.
pub fn daily(id: BroadcastId, clip: &ClipRef, since: Timestamp, at: &[Timestamp]) -> Planned {
    let local = |at: Timestamp| TimeZone::UTC.to_datetime(at);
    Planned {
        id,
        since,
        class: Class::Normal,
        title: "Bản tin thử".into(),
        language: "vi".into(),
        clip: clip.clone(),
        timetable: Timetable {
            every: Every::Day,
            days: Vec::new(),
            times: at.iter().map(|at| local(*at).time()).collect(),
            from: local(since).date(),
            until: None,
            except: Vec::new(),
        },
        time_zone: None,
        repeats: Repeats::default(),
        catch_up_s: 60,
        expires_at: None,
        order: 0,
        resume: false,
        exceeds: Vec::new(),
    }
}
