//! The node's own logic, without network and without sound: messages, events of the player and the passing of time go in; messages,
//! orders to the player and requests come out. The agent runs it with a link and a sound device, the fleet with thousands of others.
//!
//! What it promises: nothing is obeyed that isn't signed, for this node, in time and new; each airing taken on is settled exactly once;
//! what must survive is on disk before it is acted on, and before the message that brought it is acknowledged. One exception to
//! the order: a stop is obeyed first and written down second, because silence can't wait for a slow disk and does no harm twice.

mod ahead;
mod airings;
mod commands;
mod reports;
#[cfg(test)]
mod tests;
mod time;
mod timetable;
mod update;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use jiff::Timestamp;
use loa_mqtt::Publish;
use loa_protocol::{
    AiringId, ClipHash, ClipRef, Clock, ClockTrust, NodeId, NodeState, Plan, Refusal, ReleaseManifest,
    envelope,
    health::{AmplifierState, Heartbeat},
    state::OutputState,
    topic,
};
use loa_schedule::Arbiter;

use crate::{
    cache::{Cache, FetchError},
    files,
    identity::Identity,
    journal::Journal,
    plan::{PlanStore, Taken},
    player::{Event, Plays, SoundId, Source},
    refusals::Counts,
    release::Installed,
    trust::Trust,
};
use airings::Airing;
pub use airings::checkpoints;
use reports::Sending;
pub use reports::VERSION;
use time::Asking;
use timetable::Timetable;
use update::Update;

/// What the node asks of whoever runs it.
#[derive(Debug)]
pub enum Request {
    /// Send this.
    Publish(Publish),
    /// Send these receipts, and tell [`Node::receipts_sent`] when the server has them.
    Receipts(Publish),
    /// Hear this topic from now on.
    Subscribe(String),
    /// Hear it no longer.
    Unsubscribe(String),
    /// Fetch this clip, and tell [`Node::fetched`].
    Fetch {
        /// The clip.
        clip: ClipRef,
        /// Where to put it.
        partial: PathBuf,
        /// When nobody needs it any more.
        until: Timestamp,
        /// Whether an airing waits for it; may become true while it is fetched ahead.
        hurry: Arc<AtomicBool>,
    },
    /// Trust these CAs, as the plan says.
    Trust(Vec<String>),
    /// End in an orderly way and start again.
    Restart,
    /// Fetch this release and let it test itself, and tell [`Node::prepared`]; none: leave off.
    Prepare(Option<Box<ReleaseManifest>>),
    /// Let this prepared release be what is started, and end; tell [`Node::prepared`] if that fails.
    Switch(Box<ReleaseManifest>),
    /// Note that the release that runs has proved itself, and tell [`Node::confirmed`].
    Confirm,
}

/// What a node is made of.
pub struct Parts<P> {
    /// Where everything is kept.
    pub data: PathBuf,
    /// Who it is.
    pub identity: Identity,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// What plays for it.
    pub player: P,
    /// Bytes that clips may take on disk.
    pub cache_bytes: u64,
    /// 16 random bytes: names this start of the agent.
    pub boot: [u8; 16],
    /// The program that it is, where that can be replaced; and how long it must run to prove itself, when it is on trial.
    pub installed: Option<(Installed, Duration)>,
}

/// One node.
pub struct Node<P> {
    id: NodeId,
    data: PathBuf,
    identity: Identity,
    clock: Arc<dyn Clock>,
    player: P,
    journal: Journal,
    trust: Trust,
    plan: PlanStore,
    cache: Cache,
    arbiter: Arbiter,
    airings: HashMap<AiringId, Airing>,
    sounds: HashMap<SoundId, AiringId>,
    tone: Option<SoundId>,
    next_sound: u64,
    timetable: Timetable,
    update: Option<Update>,
    /// Clips being fetched.
    fetching: BTreeMap<ClipHash, Fetching>,
    /// The plan's clips that aren't on disk, the soonest needed first.
    lacking: Vec<ClipRef>,
    /// Those of them that could not be had, until it is tried again.
    not_to_be_had: BTreeSet<ClipHash>,
    /// When to try again to fetch ahead (monotonic).
    fetch_ahead_at: Option<Duration>,
    /// When this run began (monotonic).
    opened_at: Duration,
    /// The question about the time that isn't answered yet.
    asking: Option<Asking>,
    /// When to ask again (monotonic).
    ask_at: Duration,
    refused: Counts,
    faults: Counts,
    connected: bool,
    topics: BTreeSet<String>,
    requests: Vec<Request>,
    output: OutputState,
    amplifier: Option<AmplifierState>,
    boot: String,
    started_at: Timestamp,
    /// The state last said, without its time.
    said: Option<NodeState>,
    /// The last full heartbeat, when it was sent, and what its changes have cost since.
    full: Option<(Heartbeat, Duration, usize)>,
    heartbeat_number: u16,
    heartbeat_due: Duration,
    last_heartbeat: Duration,
    sending: Sending,
    retry_disk_at: Option<Duration>,
    /// What is wrong with the disk now.
    disk_fault: Option<&'static str>,
}

/// A clip being fetched.
#[derive(Debug)]
struct Fetching {
    /// When it is given up.
    until: Timestamp,
    /// No airing needed it when this began.
    ahead: bool,
    /// One does now.
    hurry: Arc<AtomicBool>,
}

/// How long to wait before the disk is tried again.
const RETRY_DISK: Duration = Duration::from_secs(5);

impl<P: Plays> Node<P> {
    /// Opens a node's data and takes up what an earlier run left.
    pub fn open(parts: Parts<P>) -> Self {
        let Parts { data, identity, clock, player, cache_bytes, boot, installed } = parts;
        let enrolled = identity.enrolled.clone();
        let (plan, damaged) = PlanStore::open(&data, enrolled.node.clone(), enrolled.areas.clone());
        let (trust, damaged_keys) = Trust::open(&data, enrolled.authority);
        let floor = plan.held().map_or(enrolled.now, |plan| plan.issued_at.max(enrolled.now));
        clock.not_before(floor);
        let exact = clock.trust() == ClockTrust::Synchronised;
        let (journal, recovered) = Journal::open(&data, floor, clock.now(), exact);
        clock.not_before(journal.present(Timestamp::MIN));
        let now = clock.monotonic();
        let mut node = Self {
            id: enrolled.node.clone(),
            cache: Cache::open(&data, cache_bytes),
            data,
            identity,
            player,
            journal,
            trust,
            plan,
            arbiter: Arbiter::default(),
            airings: HashMap::new(),
            sounds: HashMap::new(),
            tone: None,
            next_sound: 0,
            timetable: Timetable::default(),
            update: installed.map(|(installed, trial)| Update::new(installed, trial)),
            fetching: BTreeMap::new(),
            lacking: Vec::new(),
            not_to_be_had: BTreeSet::new(),
            fetch_ahead_at: None,
            opened_at: now,
            asking: None,
            ask_at: now,
            refused: Counts::default(),
            faults: Counts::default(),
            connected: false,
            topics: BTreeSet::new(),
            requests: Vec::new(),
            output: OutputState::Ready,
            amplifier: None,
            boot: files::hex(&boot),
            started_at: clock.now(),
            said: None,
            full: None,
            heartbeat_number: u16::from_be_bytes([boot[0], boot[1]]),
            heartbeat_due: now,
            last_heartbeat: now,
            sending: Sending::default(),
            retry_disk_at: None,
            disk_fault: None,
            clock,
        };
        if let Some(path) = damaged {
            node.fault("corrupt_plan", &format!("the plan on disk was damaged; see {}", path.display()));
        }
        if let Some(path) = damaged_keys {
            node.fault(
                "corrupt_keys",
                &format!("which signing keys are revoked was damaged; see {}", path.display()),
            );
        }
        if recovered.damage.torn {
            node.fault(
                "torn_journal",
                "the end of the journal was not whole: the power went, or the agent died",
            );
        }
        if recovered.damage.corrupt_lines > 0 || recovered.damage.unreadable {
            node.fault("corrupt_journal", "the journal was damaged; what could be read is kept");
        }
        if recovered.cut_short > 0 {
            tracing::warn!(
                airings = recovered.cut_short,
                "airings were cut short when the agent last stopped"
            );
        }
        node.trust_cas();
        node.subscribe_to_own();
        for accepted in recovered.waiting {
            tracing::info!(airing = %accepted.airing, title = accepted.title, "taken up again after a restart");
            node.take_on(accepted, None);
        }
        node.fetch_ahead();
        node.follow_release();
        node.save();
        node
    }

    /// The node's id.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Who the node is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Which airing a sound is of that was given to the player and isn't over; none: a tone, or nothing.
    pub fn airing_of(&self, sound: SoundId) -> Option<&AiringId> {
        self.sounds.get(&sound)
    }

    /// Bytes that its journal has handed to the disk since it was opened.
    pub fn journal_written(&self) -> u64 {
        self.journal.written()
    }

    /// What the node asks for since the last call.
    pub fn requests(&mut self) -> Vec<Request> {
        self.say_state();
        std::mem::take(&mut self.requests)
    }

    /// The link is up: everything that the broker may have missed is said.
    pub fn connected(&mut self) {
        self.connected = true;
        self.said = None;
        self.full = None;
        self.heartbeat_due = self.clock.monotonic();
        self.sending.again();
        self.ask_the_time();
    }

    /// The link is down.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.asking = None;
    }

    /// A message arrived. When this returns, whatever it brought is safe, and it may be acknowledged.
    pub fn heard(&mut self, topic: &str, payload: &[u8]) {
        let result = if topic == topic::plan(&self.id) {
            self.heard_plan(payload)
        } else if self.topics.contains(topic) {
            self.heard_command(payload)
        } else {
            Err(Refusal::NotForThisNode)
        };
        self.clock.not_before(self.journal.present(Timestamp::MIN));
        self.save_trust();
        if let Err(refusal) = result {
            let now = self.clock.monotonic();
            self.refused.refuse(refusal, topic, now);
            // A commune's commands are often for its other hamlets: no reason to spend traffic on telling.
            if refusal != Refusal::NotForThisNode || topic == topic::command(&self.id) {
                self.report_soon();
            }
        }
    }

    fn heard_plan(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        let (sealed, _) = envelope::unframe(payload)?;
        let present = self.journal.present(self.clock.now());
        let plan: Plan = self.trust.read(sealed, present)?;
        let (generation, issued_at) = (plan.generation, plan.issued_at);
        match self.plan.take(plan) {
            Taken::Refused(refusal) => return Err(refusal),
            Taken::Known => return Ok(()),
            Taken::Held => tracing::info!(generation, "holds a new plan"),
            Taken::NotSaved(error) => self.disk_failed(&error),
        }
        self.journal.saw(issued_at);
        self.trust_cas();
        self.subscribe_to_own();
        self.timetable.look_again();
        self.follow_latch(issued_at);
        self.fetch_ahead();
        self.follow_release();
        self.save();
        Ok(())
    }

    fn trust_cas(&mut self) {
        if let Some(plan) = self.plan.held() {
            self.requests.push(Request::Trust(plan.cas.clone()));
        }
    }

    /// Does what the plan just taken says of the stop latch.
    fn follow_latch(&mut self, issued_at: Timestamp) {
        let latched = self.plan.held().is_some_and(|plan| plan.latch.is_some());
        if latched {
            self.stop(None);
        } else if self.journal.latch().is_some_and(|since| since < issued_at) {
            tracing::info!("released: the timetable goes on");
            self.journal.set_latch(None);
        }
    }

    /// A fetch ended.
    pub fn fetched(&mut self, hash: &ClipHash, result: Result<(), FetchError>) {
        self.fetch_ended(hash, result);
        self.save();
    }

    /// The player says something.
    pub fn played(&mut self, event: Event) {
        match event {
            Event::Started { id, at } => self.sound_started(id, at),
            Event::Heard { id, frames } => self.sound_heard(id, frames),
            Event::Ended { id, ending } => self.sound_ended(id, &ending),
            Event::Output { ready } => {
                self.output = if ready { OutputState::Ready } else { OutputState::Lost };
            }
            Event::Amplifier { state, fault } => {
                self.amplifier = Some(state);
                if let Some(code) = fault {
                    self.fault(code, "the amplifier can't be switched; trying again");
                }
            }
        }
    }

    /// Time has passed: does what is due, and says when next something will be (monotonic).
    pub fn tick(&mut self) -> Duration {
        let now = self.clock.monotonic();
        let present = self.present();
        if self.arbiter.next_expiry().is_some_and(|at| at <= present) {
            let decisions = self.arbiter.tick(present);
            self.carry_out(&decisions);
        }
        let start = self.follow_timetable();
        let without_clip = self.expire_without_clip(present);
        if self.retry_disk_at.is_some_and(|at| at <= now) {
            self.retry_disk();
        }
        if self.fetch_ahead_at.is_some_and(|at| at <= now) {
            self.fetch_ahead_again();
        }
        self.ask_again(now);
        let release = self.update_due(now);
        self.send_due(now);
        let present = self.present();
        self.arbiter
            .next_expiry()
            .into_iter()
            .chain(start)
            .chain(without_clip)
            .map(|at| now + Duration::try_from(at.duration_since(present)).unwrap_or_default())
            .chain(self.retry_disk_at)
            .chain(self.fetch_ahead_at)
            .chain(self.next_question())
            .chain(release)
            .chain(self.next_report())
            .min()
            .unwrap_or(now + Duration::from_secs(60))
    }

    /// The agent ends: what sounds is faded out. Call [`Node::played`] with what the player still says, until [`Node::silent`].
    pub fn farewell(&mut self) {
        self.silence_for_farewell();
    }

    /// Whether nothing sounds any more.
    pub fn silent(&self) -> bool {
        self.sounds.is_empty()
    }

    /// What the server says for a node that vanishes.
    pub fn last_will(&self) -> Publish {
        self.offline(false)
    }

    /// What a node says when it goes in an orderly way.
    pub fn last_words(&self) -> Publish {
        self.offline(true)
    }

    fn offline(&self, farewell: bool) -> Publish {
        let state = NodeState { online: false, farewell, playing: None, waiting: Vec::new(), ..self.state() };
        Publish::new(topic::state(&self.id), reports::json(&state)).retained()
    }

    fn present(&self) -> Timestamp {
        self.journal.present(self.clock.now())
    }

    fn subscribe_to_own(&mut self) {
        let wanted: BTreeSet<String> = [topic::plan(&self.id), topic::command(&self.id)]
            .into_iter()
            .chain(self.plan.commune().map(|commune| topic::commune_command(&commune)))
            .collect();
        for gone in self.topics.difference(&wanted) {
            self.requests.push(Request::Unsubscribe(gone.clone()));
        }
        for new in wanted.difference(&self.topics) {
            self.requests.push(Request::Subscribe(new.clone()));
        }
        self.topics = wanted;
    }

    /// Writes the journal; on failure it stays in memory and is tried again soon.
    fn save(&mut self) {
        let saved = self.journal.save().or_else(|error| {
            if files::is_full(&error) {
                self.cache.empty();
                return self.journal.save();
            }
            Err(error)
        });
        match (saved, self.journal.no_reserve()) {
            (Err(error), _) | (Ok(()), Some(error)) => self.disk_failed(&error),
            (Ok(()), None) => {}
        }
    }

    fn save_trust(&mut self) {
        if let Err(error) = self.trust.save() {
            self.disk_failed(&error);
        }
    }

    /// Counts a fault once, until the disk has worked again: each count is told to the broker, and costs traffic.
    fn disk_failed(&mut self, error: &std::io::Error) {
        let code = if files::is_full(error) { "disk_full" } else { "disk_error" };
        if self.disk_fault != Some(code) {
            self.disk_fault = Some(code);
            self.fault(code, &error.to_string());
        }
        self.retry_disk_at = Some(self.clock.monotonic() + RETRY_DISK);
    }

    fn retry_disk(&mut self) {
        self.retry_disk_at = None;
        self.journal.keep_reserve();
        self.save();
        self.save_trust();
        if self.plan.unsaved()
            && let Err(error) = self.plan.save()
        {
            self.disk_failed(&error);
        }
        if self.retry_disk_at.is_none() {
            tracing::info!("the disk works again");
            self.disk_fault = None;
        }
    }

    fn fault(&mut self, code: &'static str, text: &str) {
        if let Some(silently) = self.faults.add(code, self.clock.monotonic()) {
            tracing::error!(code, since_last_log = silently, "{text}");
        }
        self.report_soon();
    }

    /// The node's certificate ends soon and can't be renewed.
    pub fn certificate_ends_soon(&mut self) {
        self.fault("certificate_ends_soon", "the node's certificate ends soon and can't be renewed");
    }

    fn folder(&self) -> &Path {
        &self.data
    }

    fn name_sound(&mut self) -> SoundId {
        self.next_sound += 1;
        SoundId(self.next_sound)
    }

    fn source_of(&mut self, hash: &ClipHash) -> Option<Source> {
        self.cache.find(hash).map(Source::File)
    }
}
