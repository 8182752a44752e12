//! One node's year: the agent's own logic with real files and real signatures, between a simulated broker, a simulated sound device and the
//! weather. Nothing happens between two events, so a year takes seconds.

mod horn;
mod wire;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use loa_agent::{
    clock::NodeClock,
    identity::Identity,
    node::{Node, Parts, Request},
};
use loa_mqtt::Publish;
use loa_protocol::{
    AiringId, AreaCode, Clock, ClockTrust, NodeId, NodeState, SigningKey, enrolment::EnrolmentResponse,
};
use rand::{Rng, rngs::StdRng};

use super::{
    clock::{Machine, later},
    judge::{Got, Heard},
    ledger::REPORTED,
    office::Office,
    tape::{Order, Tape},
    weather::Fate,
};
use horn::Sounding;

/// How soon the agent sees that its clock was put right: it looks each ten seconds.
const LOOKS_AT_CLOCK_MS: i64 = 10_000;
/// Turns of a node at one instant after which it is taken to be stuck.
const STUCK: usize = 1_000;

/// Who the broker is to all nodes.
pub(super) struct Broker {
    pub(super) key: SigningKey,
    pub(super) authority: loa_protocol::AuthorityPublicKey,
}

/// For some time a node held one plan and thought the same of its clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) generation: Option<u64>,
    pub(super) trusted: bool,
    /// The latest that its clock showed when it looked at its timetable; none: it never did.
    pub(super) looked: Option<Timestamp>,
    /// The same as far as it was so: what a clock that is ahead has settled is taken back when it is put right.
    pub(super) truly: Option<Timestamp>,
    /// The later of what its clock showed and what it truly was when it first looked.
    pub(super) first: Timestamp,
}

/// What is left of a node's year.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) heard: Vec<Heard>,
    pub(super) held: Vec<Held>,
    /// Orders for now that it took in.
    pub(super) told: Vec<usize>,
    /// Orders at which the power went: it may have written them down or not.
    pub(super) half_told: Vec<usize>,
    /// The first receipt of each airing that the broker got.
    pub(super) receipts: HashMap<AiringId, Got>,
    /// Bytes that the node handed to its disk for the journal.
    pub(super) journal_bytes: u64,
}

#[derive(Debug)]
enum Event {
    Fate(usize),
    PowerOn,
    /// A version or an order leaves the broker.
    Decided,
    /// The broker tries to get through with what waits.
    Deliver,
    /// The node connects, says what it has to say, and is gone again.
    Connect,
    /// A time server answers.
    Synchronise,
    /// The node asked to be woken.
    Wake,
    /// Something is due at the device.
    Horn(loa_agent::player::SoundId),
    Fetch(loa_protocol::ClipRef, PathBuf, Timestamp),
}

pub(super) struct Pole<'a> {
    office: &'a Office,
    broker: &'a Broker,
    index: usize,
    id: NodeId,
    identity: Identity,
    data: PathBuf,
    chance: StdRng,
    fates: Vec<(Timestamp, Fate)>,
    now: Timestamp,
    /// Each with the life of the node that it belongs to; none: any.
    events: BTreeMap<(Timestamp, u64), (Option<u32>, Event)>,
    numbered: u64,
    machine: Machine,
    clock: Arc<NodeClock<Machine>>,
    tape: Tape,
    node: Option<Node<Tape>>,
    /// Counts lives.
    life: u32,
    awake_at: Option<(Timestamp, u64)>,
    link: bool,
    connected: bool,
    /// The next thing it writes is its last before this much darkness.
    doomed: Option<(SignedDuration, bool)>,
    /// How many versions and orders have left the broker.
    decided: (usize, usize),
    /// The newest plan, until it got through.
    plan: Option<usize>,
    orders: VecDeque<usize>,
    generation: Option<u64>,
    /// Since when it knows that everything is stopped.
    latched: Option<Timestamp>,
    mail: Vec<Publish>,
    sounding: Vec<Sounding>,
    record: Record,
    turns: (Timestamp, usize),
}

impl<'a> Pole<'a> {
    pub(super) fn new(
        office: &'a Office,
        broker: &'a Broker,
        index: usize,
        data: PathBuf,
        fates: Vec<(Timestamp, Fate)>,
        chance: StdRng,
    ) -> Option<Self> {
        let id: NodeId = node_id(index)?;
        let identity = Identity::new(
            EnrolmentResponse {
                node: id.clone(),
                areas: areas(),
                certificate_pem: String::new(),
                ca_pem: String::new(),
                authority: broker.authority,
                mqtt: "localhost:1".into(),
                http: "https://localhost:1/".into(),
                now: office.from,
                protocol: 1,
            },
            "",
        );
        let mark = data.join("synchronised");
        let machine = Machine::new(office.from, SignedDuration::ZERO, mark.clone());
        machine.synchronise(SignedDuration::ZERO);
        let clock = Arc::new(NodeClock::on(machine.clone(), office.from, true, &mark));
        let tape = Tape::new(data.join("journal"));
        let mut pole = Self {
            office,
            broker,
            index,
            id,
            identity,
            data,
            chance,
            fates,
            now: office.from,
            events: BTreeMap::new(),
            numbered: 0,
            machine,
            clock,
            tape,
            node: None,
            life: 0,
            awake_at: None,
            link: true,
            connected: false,
            doomed: None,
            decided: (0, 0),
            plan: None,
            orders: VecDeque::new(),
            generation: None,
            latched: None,
            mail: Vec::new(),
            sounding: Vec::new(),
            record: Record::default(),
            turns: (office.from, 0),
        };
        for index in 0..pole.fates.len() {
            let at = pole.fates.get(index).map_or(office.to, |(at, _)| *at);
            pole.at(at, None, Event::Fate(index));
        }
        Some(pole)
    }

    /// Lives the year, and gives what is left of it.
    pub(super) fn live(mut self) -> Record {
        self.open();
        self.decide();
        while let Some(((at, number), (life, event))) = self.events.pop_first() {
            if at >= self.office.to {
                break;
            }
            if life.is_some_and(|life| life != self.life) {
                continue;
            }
            if self.awake_at == Some((at, number)) {
                self.awake_at = None;
            }
            self.now = self.now.max(at);
            self.machine.pass(self.now);
            self.happens(event);
        }
        // In the end everything gets through.
        self.now = self.office.to;
        self.machine.pass(self.now);
        self.link = true;
        for _ in 0..10 {
            self.connect();
        }
        self.record.journal_bytes += self.node.as_ref().map_or(0, Node::journal_written);
        self.record
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Fate(index) => {
                if let Some((_, fate)) = self.fates.get(index).copied() {
                    self.befalls(fate);
                }
            }
            Event::PowerOn => self.open(),
            Event::Decided => self.decide(),
            Event::Deliver => self.deliver(),
            Event::Connect => {
                self.connect();
                let soon = self.clock.trust() == ClockTrust::Unknown;
                let most = if soon { 1_200 } else { 36_000 };
                self.after_s(60..most, Event::Connect);
            }
            Event::Synchronise if self.link => self.synchronise(),
            Event::Synchronise => self.after_s(60..600, Event::Synchronise),
            Event::Wake => self.turn(),
            Event::Horn(id) => self.horn(id),
            Event::Fetch(clip, partial, until) => self.fetch(clip, partial, until),
        }
    }

    fn befalls(&mut self, fate: Fate) {
        match fate {
            Fate::Dark { lasts, killed, amid } if self.node.is_some() => {
                if amid && (!self.sounding.is_empty() || self.chance.random_bool(0.5)) {
                    self.doomed = Some((lasts, killed));
                } else {
                    self.lose_lazy_lines();
                    self.die(lasts, killed);
                }
            }
            Fate::Restart if self.node.is_some() && self.doomed.is_none() => self.restart(),
            Fate::Link { up } => {
                self.link = up;
                if up {
                    self.after_s(1..60, Event::Deliver);
                    self.after_s(1..300, Event::Connect);
                }
            }
            Fate::Step(by) => {
                self.machine.step(by);
                self.looks_at_clock();
                self.after_s(10..20_000, Event::Synchronise);
            }
            Fate::Dark { .. } | Fate::Restart => {}
        }
    }

    /// A time server answers: most tell the truth.
    fn synchronise(&mut self) {
        let lies = self.chance.random_bool(0.1);
        let error = if lies { self.chance.random_range(-18_000..18_000) } else { 0 };
        self.machine.synchronise(SignedDuration::from_secs(error));
        self.looks_at_clock();
        if lies {
            self.after_s(600..20_000, Event::Synchronise);
        }
    }

    fn looks_at_clock(&mut self) {
        let within = self.chance.random_range(0..LOOKS_AT_CLOCK_MS);
        let at = later(self.now, SignedDuration::from_millis(within));
        self.at(at, Some(self.life), Event::Wake);
    }

    fn at(&mut self, at: Timestamp, life: Option<u32>, event: Event) -> (Timestamp, u64) {
        self.numbered += 1;
        let place = (at.max(self.now), self.numbered);
        self.events.insert(place, (life, event));
        place
    }

    /// In some seconds, if the node lives until then.
    fn after_s(&mut self, seconds: std::ops::Range<i64>, event: Event) {
        let millis = self.chance.random_range(seconds.start * 1_000..seconds.end * 1_000);
        let at = later(self.now, SignedDuration::from_millis(millis));
        self.at(at, Some(self.life), event);
    }

    /// The agent starts.
    fn open(&mut self) {
        if self.node.is_some() {
            return;
        }
        self.life += 1;
        self.doomed = None;
        self.tape.orders();
        let (mark, battery) = (self.data.join("synchronised"), self.index.is_multiple_of(2));
        self.clock = Arc::new(NodeClock::on(self.machine.clone(), self.office.from, battery, &mark));
        let mut node = Node::open(Parts {
            data: self.data.clone(),
            identity: self.identity.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            player: self.tape.clone(),
            cache_bytes: 1 << 30,
            boot: self.chance.random(),
            installed: None,
        });
        let state: Option<NodeState> = serde_json::from_slice(&node.last_will().payload).ok();
        self.generation = state.as_ref().and_then(|state| state.generation);
        let requests = node.requests();
        self.node = Some(node);
        self.follow(requests);
        self.turn();
        self.after_s(1..30, Event::Deliver);
        self.after_s(2..120, Event::Connect);
        if self.clock.trust() != ClockTrust::Synchronised && self.chance.random_bool(0.5) {
            self.after_s(5..600, Event::Synchronise);
        }
    }

    /// It is gone, without farewell.
    fn die(&mut self, dark: SignedDuration, killed: bool) {
        self.silence();
        self.record.journal_bytes += self.node.take().map_or(0, |node| node.journal_written());
        self.life += 1;
        (self.connected, self.doomed) = (false, None);
        self.mail.clear();
        let on_at = later(self.now, dark).min(later(self.office.to, -SignedDuration::from_hours(24)));
        let on_at = on_at.max(later(self.now, SignedDuration::from_secs(1)));
        self.at(on_at, None, Event::PowerOn);
        if !killed {
            let error = self.wakes_up(on_at);
            self.machine = Machine::new(on_at, error, self.data.join("synchronised"));
        }
    }

    /// What the clock shows more than the truth when the power comes back.
    fn wakes_up(&mut self, truth: Timestamp) -> SignedDuration {
        let battery = self.index.is_multiple_of(2);
        match self.chance.random_range(0..20) {
            // The battery's clock was set wrong, ahead or behind.
            0 if battery => SignedDuration::from_secs(self.chance.random_range(-40_000..40_000)),
            _ if battery => SignedDuration::from_millis(self.chance.random_range(-1_500..1_500)),
            // Ahead, for once.
            0 => SignedDuration::from_secs(self.chance.random_range(0..4_000_000)),
            // As it was when the power went.
            1..8 => self.now.duration_since(truth),
            _ => Timestamp::UNIX_EPOCH.duration_since(truth),
        }
    }

    /// What the agent's clock shows more than the truth.
    fn error(&self) -> SignedDuration {
        self.clock.now().duration_since(self.now)
    }

    fn restart(&mut self) {
        self.operate(Node::farewell);
        for sounding in std::mem::take(&mut self.sounding) {
            self.end(&sounding, self.now);
        }
        if self.node.is_some() {
            let seconds = self.chance.random_range(1..5);
            self.die(SignedDuration::from_secs(seconds), true);
        }
    }

    /// Has the node do something, and does what it asks for; false when it died in the middle.
    fn operate(&mut self, what: impl FnOnce(&mut Node<Tape>)) -> bool {
        let before = self.doomed.and_then(|_| self.journal());
        let Some(node) = &mut self.node else { return false };
        what(node);
        let requests = node.requests();
        if let (Some((dark, killed)), Some((inode, length))) = (self.doomed, before)
            && let Some((inode_now, written)) = self.journal()
            && inode_now == inode
            && written > length
        {
            let cut = self.chance.random_range(length..=written);
            self.play_orders(Some(cut));
            self.die(dark, killed);
            self.cut_journal(cut);
            return false;
        }
        self.play_orders(None);
        self.follow(requests);
        true
    }

    /// A turn of the agent's loop.
    fn turn(&mut self) {
        self.turns = if self.turns.0 == self.now { (self.now, self.turns.1 + 1) } else { (self.now, 1) };
        assert!(self.turns.1 < STUCK, "{} is stuck at {}", self.id, self.now);
        let mut wake = None;
        let shown = self.clock.now();
        if !self.operate(|node| wake = Some(node.tick())) {
            return;
        }
        self.looked(shown);
        let Some(wake) = wake else { return };
        let wait = SignedDuration::try_from(wake.saturating_sub(self.clock.monotonic())).unwrap_or_default();
        if let Some(place) = self.awake_at.take() {
            self.events.remove(&place);
        }
        // Timers are never early, and a little late.
        let late = SignedDuration::from_micros(self.chance.random_range(1..5_000));
        let place = self.at(later(later(self.now, wait), late), Some(self.life), Event::Wake);
        self.awake_at = Some(place);
    }

    fn looked(&mut self, shown: Timestamp) {
        let trusted = self.clock.trust() != ClockTrust::Unknown;
        let shown = shown.min(self.clock.now());
        let (looked, truly, first) = (Some(shown), Some(shown.min(self.now)), shown.max(self.now));
        // After a long darkness it looks no further back than it reports.
        let oldest = later(first, -REPORTED);
        let same = |held: &&mut Held| {
            let at_once = held.truly.is_none_or(|truly| truly >= oldest);
            held.generation == self.generation && held.trusted == trusted && at_once
        };
        if let Some(held) = self.record.held.last_mut().filter(same) {
            (held.looked, held.truly) = (held.looked.max(looked), held.truly.max(truly));
        } else {
            self.record.held.push(Held { generation: self.generation, trusted, looked, truly, first });
        }
    }

    fn follow(&mut self, requests: Vec<Request>) {
        for request in requests {
            match request {
                Request::Publish(publish) | Request::Receipts(publish) if self.connected => {
                    self.mail.push(publish);
                }
                Request::Fetch { clip, partial, until, .. } => {
                    self.after_s(1..90, Event::Fetch(clip, partial, until));
                }
                _ => {}
            }
        }
    }

    fn play_orders(&mut self, cut: Option<u64>) {
        for order in self.tape.orders() {
            match order {
                Order::Start(_, written) if cut.is_some_and(|cut| cut < written) => return,
                Order::Start(sound, _) => self.start(&sound),
                Order::Stop(id) => self.stop(id),
            }
        }
    }

    fn journal(&self) -> Option<(u64, u64)> {
        fs::metadata(self.data.join("journal")).ok().map(|about| (about.ino(), about.len()))
    }

    fn cut_journal(&self, length: u64) {
        let file = fs::OpenOptions::new().write(true).open(self.data.join("journal"));
        // Where it can't be cut, nothing was lost with the power.
        let _ = file.and_then(|file| file.set_len(length));
    }

    /// Progress and acknowledgements are written without waiting for the disk: with the power they may go.
    fn lose_lazy_lines(&mut self) {
        let path = self.data.join("journal");
        if !self.chance.random_bool(0.5) {
            return;
        }
        let Ok(text) = fs::read_to_string(&path) else { return };
        let lazy = |line: &str| line.contains(r#""is":"progress""#) || line.contains(r#""is":"forgotten""#);
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let last =
            lines.iter().rev().take_while(|line| lazy(line)).map(|line| line.len() as u64).sum::<u64>();
        let keep = text.len() as u64 - self.chance.random_range(0..=last);
        self.cut_journal(keep);
    }
}

/// The name of the node with this index.
pub(super) fn node_id(index: usize) -> Option<NodeId> {
    format!("n{index}").parse().ok()
}

/// Where all nodes of the commune lie.
pub(super) fn areas() -> Vec<AreaCode> {
    ["94", "31699", "31699-01"].iter().filter_map(|code| code.parse().ok()).collect()
}
