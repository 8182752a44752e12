//! The node with real signatures and a real data folder; its clock is moved by hand, and what it orders of the player is written down.

use std::{collections::BTreeMap, sync::Mutex};

use jiff::SignedDuration;
use loa_protocol::{
    Action, AreaCode, Audience, AuthorityKey, BroadcastId, Class, ClockTrust, Command, CommandId, Outcome,
    Play, Policy, Reason, Receipt, ReceiptBatch, SigningKey, enrolment::EnrolmentResponse, envelope::frame,
    health::Report, plan::Volume, seal,
};

use super::*;
use crate::player::{End, Ending, Sound};

/// A clock moved by hand: monotonic time, a step of the wall clock against it in seconds, whether it is distrusted.
#[derive(Default)]
struct Hand(Mutex<Duration>, Mutex<i64>, Mutex<bool>);

impl Hand {
    fn step(&self, seconds: i64) {
        *self.1.lock().unwrap() += seconds;
    }
    fn distrust(&self, distrust: bool) {
        *self.2.lock().unwrap() = distrust;
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        at(*self.1.lock().unwrap()) + SignedDuration::try_from(self.monotonic()).unwrap()
    }
    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
    fn trust(&self) -> ClockTrust {
        if *self.2.lock().unwrap() { ClockTrust::Unknown } else { ClockTrust::Synchronised }
    }
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<(Vec<Sound>, Vec<SoundId>)>>);

impl Plays for Recorder {
    fn start(&self, sound: Sound) {
        self.0.lock().unwrap().0.push(sound);
    }
    fn stop(&self, id: SoundId) {
        self.0.lock().unwrap().1.push(id);
    }
    fn errors(&self) -> u64 {
        0
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn area(code: &str) -> AreaCode {
    code.parse().unwrap()
}

struct Broker {
    authority: AuthorityKey,
    key: SigningKey,
    commands: u8,
}

impl Broker {
    fn new(seed: u8) -> Self {
        let authority = AuthorityKey::from_seed(&[seed; 32]).unwrap();
        let key = authority.certify(&[seed + 1; 32], at(-1_000_000), at(1_000_000_000)).unwrap();
        Self { authority, key, commands: 0 }
    }

    fn command(&mut self, issued: i64, action: Action) -> Command {
        self.commands += 1;
        Command {
            id: CommandId::from_bits([self.commands; 16]),
            issued_at: at(issued),
            expires_at: at(issued + 600),
            audience: Audience::node("n1".parse().unwrap()),
            action,
        }
    }

    fn plan(&self, generation: u64, hamlet: &str, percent: u8) -> Vec<u8> {
        let plan = Plan {
            cas: Vec::new(),
            node: "n1".parse().unwrap(),
            generation,
            issued_at: at(0),
            name: "Ấp Chợ".into(),
            areas: vec![area("94"), area(&hamlet[..5]), area(hamlet)],
            time_zone: "Asia/Ho_Chi_Minh".into(),
            volume: Volume { percent, emergency_percent: 100 },
            policy: Policy::unlimited(),
            latch: None,
            release: None,
            broadcasts: Vec::new(),
        };
        frame(&seal(&self.key, &plan).unwrap(), None).unwrap()
    }
}

fn clip() -> Vec<u8> {
    loa_audio::opus_file::encode(&vec![0.1; 96_000], 24_000).unwrap()
}

fn play(name: u8, class: Class, clip: &[u8], attached: bool) -> Action {
    Action::Play(Play {
        broadcast: BroadcastId::from_bits([name; 16]),
        class,
        title: "Lịch cắt nước".into(),
        language: "vi".into(),
        clip: ClipRef { hash: ClipHash::of(clip), bytes: clip.len() as u64, duration_ms: 2_000, attached },
    })
}

struct Bench {
    data: tempfile::TempDir,
    clock: Arc<Hand>,
    player: Recorder,
    broker: Broker,
    node: Node<Recorder>,
    asked: Vec<Request>,
}

const COMMAND: &str = "loa/1/node/n1/command";
const PLAN: &str = "loa/1/node/n1/plan";

fn open(data: &Path, clock: &Arc<Hand>, broker: &Broker) -> (Node<Recorder>, Recorder) {
    let player = Recorder::default();
    let enrolled = EnrolmentResponse {
        node: "n1".parse().unwrap(),
        areas: vec![area("94"), area("31699"), area("31699-01")],
        certificate_pem: String::new(),
        ca_pem: String::new(),
        authority: broker.authority.public_key(),
        mqtt: "localhost:1".into(),
        http: "https://localhost:1/".into(),
        now: at(0),
        protocol: 1,
    };
    let node = Node::open(Parts {
        data: data.to_owned(),
        identity: Identity::new(enrolled, ""),
        clock: clock.clone(),
        player: player.clone(),
        cache_bytes: 1 << 30,
        boot: [7; 16],
        installed: None,
    });
    (node, player)
}

impl Bench {
    fn new() -> Self {
        let (data, clock, broker) = (tempfile::tempdir().unwrap(), Arc::new(Hand::default()), Broker::new(1));
        let (mut node, player) = open(data.path(), &clock, &broker);
        node.connected();
        node.tick();
        let asked = node.requests();
        let mut bench = Self { data, clock, player, broker, node, asked };
        bench.answer();
        bench
    }

    /// The broker's answer to the node's question about the time.
    fn answer(&mut self) {
        let Some(answers) = self.states().pop().and_then(|state| state.ask) else { return };
        let now = self.clock.now();
        let issued = now.duration_since(at(0)).as_secs();
        self.command(issued, Action::Time { answers, now }, None);
    }

    /// As after `kill -9`: only what is on disk is left.
    fn restart(&mut self) {
        let (node, player) = open(self.data.path(), &self.clock, &self.broker);
        (self.node, self.player) = (node, player);
        self.node.connected();
        self.asked.clear();
        self.work();
        self.answer();
    }

    fn work(&mut self) {
        self.node.tick();
        self.asked.extend(self.node.requests());
    }

    fn pass(&mut self, seconds: u64) {
        *self.clock.0.lock().unwrap() += Duration::from_secs(seconds);
        self.work();
    }

    fn hear(&mut self, topic: &str, payload: &[u8]) {
        self.node.heard(topic, payload);
        self.work();
    }

    fn command(&mut self, issued: i64, action: Action, attachment: Option<&[u8]>) -> Vec<u8> {
        let command = self.broker.command(issued, action);
        let payload = frame(&seal(&self.broker.key, &command).unwrap(), attachment).unwrap();
        self.hear(COMMAND, &payload);
        payload
    }

    fn play(&mut self, name: u8, class: Class) -> Vec<u8> {
        let clip = clip();
        let now = self.clock.monotonic().as_secs().cast_signed();
        self.command(now, play(name, class, &clip, true), Some(&clip))
    }

    fn sounds(&self) -> Vec<Sound> {
        self.player.0.lock().unwrap().0.clone()
    }

    fn stopped(&self) -> Vec<SoundId> {
        self.player.0.lock().unwrap().1.clone()
    }

    fn end(&mut self, id: SoundId, how: End, frames: u64) {
        let now = self.clock.now();
        let ending = Ending { how, frames, total: Some(96_000), started_at: Some(now), ended_at: now };
        self.node.played(Event::Ended { id, ending });
        self.work();
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        self.work();
        let mut all = Vec::new();
        for request in &self.asked {
            if let Request::Receipts(publish) = request {
                all.extend(serde_json::from_slice::<ReceiptBatch>(&publish.payload).unwrap().receipts);
            }
        }
        all
    }

    fn outcomes(&self) -> Vec<(Outcome, Option<Reason>, u64)> {
        self.node.journal.receipts().map(|r| (r.outcome, r.reason, r.frames)).collect()
    }

    fn states(&self) -> Vec<NodeState> {
        let published = self.asked.iter().filter_map(|request| match request {
            Request::Publish(publish) if publish.topic.ends_with("/state") => Some(publish),
            _ => None,
        });
        published.map(|publish| serde_json::from_slice(&publish.payload).unwrap()).collect()
    }

    fn reports(&self) -> Vec<Report> {
        let published = self.asked.iter().filter_map(|request| match request {
            Request::Publish(publish) if publish.topic.ends_with("/heartbeat") => Some(publish),
            _ => None,
        });
        published.map(|publish| serde_json::from_slice(&publish.payload).unwrap()).collect()
    }

    fn refused(&self) -> BTreeMap<String, u64> {
        self.node.refused.totals()
    }
}

#[test]
fn a_play_ordered_before_the_hardware_came_is_not_for_it_and_a_stop_is() {
    let mut bench = Bench::new();
    let clip = clip();
    bench.command(-10, play(1, Class::Emergency, &clip, true), Some(&clip));
    assert!(bench.sounds().is_empty() && bench.receipts().is_empty());
    assert_eq!(bench.refused(), BTreeMap::from([("not_for_this_node".to_owned(), 1)]));
    bench.command(-700, play(2, Class::Emergency, &clip, true), Some(&clip));
    assert!(bench.receipts().is_empty(), "what has expired is owed by the other");
    assert_eq!(bench.refused()["expired"], 1);
    bench.command(-10, Action::Stop { broadcast: None, latch: true }, None);
    assert!(bench.node.is_latched());
}

#[test]
fn a_bulletin_is_played_told_of_and_receipted_until_acknowledged() {
    let mut bench = Bench::new();
    bench.play(1, Class::Normal);
    let [sound] = &bench.sounds()[..] else { panic!() };
    assert!((sound.gain - 0.8).abs() < 1e-6);
    assert!(matches!(&sound.source, Source::Memory(bytes) if *bytes == clip()));
    bench.node.played(Event::Started { id: sound.id, at: at(0) });
    bench.work();
    assert_eq!(bench.states().last().unwrap().playing.as_ref().unwrap().started_at, at(0));
    bench.pass(2);
    bench.end(sound.id, End::Complete, 96_000);
    assert_eq!(bench.states().last().unwrap().playing, None);
    let [receipt] = &bench.receipts()[..] else { panic!("{:?}", bench.asked) };
    assert_eq!((receipt.outcome, receipt.reason, receipt.frames), (Outcome::Played, None, 96_000));

    // The server has it, the broker hasn't: it comes again, also after a restart.
    bench.node.receipts_sent();
    bench.asked.clear();
    bench.pass(29);
    assert_eq!(bench.receipts(), []);
    bench.pass(2);
    assert_eq!(bench.receipts(), std::slice::from_ref(receipt));
    bench.restart();
    assert_eq!(bench.receipts(), std::slice::from_ref(receipt));
    bench.command(40, Action::Acknowledge { airings: vec![receipt.airing.clone()] }, None);
    bench.restart();
    assert_eq!(bench.receipts(), []);
    assert_eq!(bench.sounds().len(), 0);
}

#[test]
fn a_command_is_obeyed_once_also_after_a_restart() {
    let mut bench = Bench::new();
    let payload = bench.play(1, Class::Normal);
    bench.hear(COMMAND, &payload);
    assert_eq!(bench.sounds().len(), 1);
    bench.restart();
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::AgentRestarted), 0)]);
    bench.hear(COMMAND, &payload);
    assert_eq!(bench.sounds().len(), 0);
    assert_eq!(bench.outcomes().len(), 1);
    assert_eq!(bench.refused(), BTreeMap::from([("replayed".into(), 1)]));
}

#[test]
fn strangers_are_silent_counted_and_reported() {
    let mut bench = Bench::new();
    let mut stranger = Broker::new(50);
    let clip = clip();
    let forged = stranger.command(0, play(1, Class::Emergency, &clip, true));
    let forged = frame(&seal(&stranger.key, &forged).unwrap(), Some(&clip)).unwrap();
    bench.hear(COMMAND, &forged);

    let mut other = bench.broker.command(0, play(2, Class::Normal, &clip, true));
    other.audience = Audience::node("n2".parse().unwrap());
    let other = frame(&seal(&bench.broker.key, &other).unwrap(), Some(&clip)).unwrap();
    bench.hear(COMMAND, &other);

    let tampered = bench.broker.command(0, play(3, Class::Normal, &clip, true));
    let mut tampered = frame(&seal(&bench.broker.key, &tampered).unwrap(), Some(&clip)).unwrap();
    *tampered.last_mut().unwrap() ^= 1;
    bench.hear(COMMAND, &tampered);
    bench.hear(COMMAND, b"rubbish");
    bench.hear(PLAN, &stranger.plan(99, "31699-01", 100));

    assert_eq!(bench.sounds().len(), 0);
    let expected = BTreeMap::from([
        ("unknown_key".to_owned(), 2),
        ("not_for_this_node".to_owned(), 1),
        ("wrong_attachment".to_owned(), 1),
        ("malformed".to_owned(), 1),
    ]);
    assert_eq!(bench.refused(), expected);
    assert_eq!(bench.outcomes(), [(Outcome::Refused, Some(Reason::ClipCorrupt), 0)]);
    // Reported well before the next regular heartbeat.
    bench.asked.clear();
    bench.pass(5);
    let [Report::Changes(changes)] = &bench.reports()[..] else { panic!("{:?}", bench.reports()) };
    assert_eq!(changes.refused, expected);
}

#[test]
fn an_expired_bulletin_stays_silent_and_is_receipted_as_missed() {
    let mut bench = Bench::new();
    let clip = clip();
    bench.pass(601);
    let payload = bench.command(0, play(1, Class::Emergency, &clip, true), Some(&clip));
    bench.hear(COMMAND, &payload);
    assert_eq!(bench.sounds().len(), 0);
    assert_eq!(bench.outcomes(), [(Outcome::Missed, Some(Reason::Expired), 0)]);
    assert_eq!(bench.refused(), BTreeMap::from([("expired".into(), 2)]));
}

#[test]
fn an_emergency_takes_the_output_and_the_weaker_is_reported() {
    let mut bench = Bench::new();
    bench.play(1, Class::Normal);
    bench.pass(1);
    bench.play(2, Class::Emergency);
    let sounds = bench.sounds();
    assert_eq!(bench.stopped(), [sounds[0].id]);
    assert!((sounds[1].gain - 1.0).abs() < 1e-6, "an emergency has its own volume");
    bench.end(sounds[0].id, End::Stopped, 48_000);
    bench.end(sounds[1].id, End::Complete, 96_000);
    assert_eq!(
        bench.outcomes(),
        [(Outcome::PreEmpted, Some(Reason::StrongerClass), 48_000), (Outcome::Played, None, 96_000)]
    );
}

#[test]
fn of_equals_the_second_waits_its_turn_and_is_offered_again_after_a_restart() {
    let mut bench = Bench::new();
    bench.play(1, Class::Normal);
    bench.play(2, Class::Normal);
    assert_eq!(bench.sounds().len(), 1);
    assert_eq!(bench.states().last().unwrap().waiting.len(), 1);
    bench.restart();
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::AgentRestarted), 0)]);
    let [sound] = &bench.sounds()[..] else { panic!() };
    assert!(matches!(&sound.source, Source::File(path) if std::fs::read(path).unwrap() == clip()));
    bench.end(sound.id, End::Complete, 96_000);
    assert_eq!(bench.outcomes()[1], (Outcome::Played, None, 96_000));
}

#[test]
fn what_waits_too_long_expires() {
    let mut bench = Bench::new();
    bench.play(1, Class::Priority);
    bench.play(2, Class::Normal);
    bench.pass(599);
    assert_eq!(bench.outcomes(), []);
    bench.pass(1);
    assert_eq!(bench.outcomes(), [(Outcome::Missed, Some(Reason::Expired), 0)]);
}

#[test]
fn stop_everything_silences_what_sounds_and_drops_what_waits_or_is_fetched() {
    let mut bench = Bench::new();
    bench.play(1, Class::Normal);
    bench.play(2, Class::Normal);
    bench.command(0, play(3, Class::Normal, b"elsewhere", false), None);
    bench.pass(1);
    bench.command(1, Action::Stop { broadcast: None, latch: false }, None);
    let sounds = bench.sounds();
    assert!(bench.stopped().contains(&sounds[0].id));
    bench.end(sounds[0].id, End::Stopped, 24_000);
    let stopped = Some(Reason::Stopped);
    let mut outcomes = bench.outcomes();
    outcomes.sort();
    assert_eq!(
        outcomes,
        [(Outcome::Partial, stopped, 24_000), (Outcome::Missed, stopped, 0), (Outcome::Missed, stopped, 0)]
    );
    assert_eq!(bench.sounds().len(), 1);
}

#[test]
fn a_stop_holds_for_the_play_that_it_overtook_but_not_for_a_later_one() {
    let mut bench = Bench::new();
    let clip = clip();
    bench.pass(10);
    bench.command(5, Action::Stop { broadcast: None, latch: false }, None);
    bench.restart();
    bench.command(5, play(1, Class::Normal, &clip, true), Some(&clip));
    assert_eq!(bench.sounds().len(), 0);
    assert_eq!(bench.outcomes(), [(Outcome::Missed, Some(Reason::Stopped), 0)]);
    bench.command(6, play(2, Class::Normal, &clip, true), Some(&clip));
    assert_eq!(bench.sounds().len(), 1);
}

#[test]
fn a_stop_of_one_broadcast_leaves_the_others() {
    let mut bench = Bench::new();
    bench.play(1, Class::Normal);
    bench.play(2, Class::Normal);
    bench.command(0, Action::Stop { broadcast: Some(BroadcastId::from_bits([2; 16])), latch: false }, None);
    assert_eq!(bench.stopped(), []);
    assert_eq!(bench.outcomes(), [(Outcome::Missed, Some(Reason::Stopped), 0)]);
}

#[test]
fn a_clip_that_is_not_attached_is_fetched_and_then_played() {
    let mut bench = Bench::new();
    let clip = clip();
    bench.command(0, play(1, Class::Normal, &clip, false), None);
    assert_eq!(bench.sounds().len(), 0);
    let asked = bench.asked.iter().find_map(|r| match r {
        Request::Fetch { clip, partial, until, .. } => Some((clip.clone(), partial.clone(), *until)),
        _ => None,
    });
    let (wanted, partial, until) = asked.unwrap();
    assert_eq!(until, at(600));
    std::fs::write(partial, &clip).unwrap();
    bench.node.fetched(&wanted.hash, Ok(()));
    assert_eq!(bench.sounds().len(), 1);
    // The second time it is there.
    bench.command(1, play(2, Class::Emergency, &clip, false), None);
    assert_eq!(bench.sounds().len(), 2);
}

#[test]
fn a_clip_that_cannot_be_had_in_time_is_reported_with_the_reason() {
    for (error, reason) in [
        (FetchError::Unavailable("x".into()), Reason::ClipUnavailable),
        (FetchError::Corrupt, Reason::ClipCorrupt),
        (FetchError::DiskFull, Reason::DiskFull),
    ] {
        let mut bench = Bench::new();
        bench.command(0, play(1, Class::Normal, b"elsewhere", false), None);
        bench.pass(600);
        bench.node.fetched(&ClipHash::of(b"elsewhere"), Err(error));
        assert_eq!(bench.outcomes(), [(Outcome::Missed, Some(reason), 0)]);
    }
}

#[test]
fn a_full_disk_silences_nothing_and_is_reported() {
    let mut bench = Bench::new();
    // Nothing can be written below a file.
    let clips = bench.data.path().join("clips");
    std::fs::remove_dir_all(&clips).unwrap();
    std::fs::write(&clips, "").unwrap();
    let (journal, aside) = (bench.data.path().join("journal"), bench.data.path().join("elsewhere"));
    std::fs::rename(&journal, aside).unwrap();
    std::fs::create_dir(&journal).unwrap();
    bench.node.journal.close();

    bench.play(1, Class::Normal);
    let [sound] = &bench.sounds()[..] else { panic!("silent") };
    bench.end(sound.id, End::Complete, 96_000);
    assert_eq!(bench.outcomes(), [(Outcome::Played, None, 96_000)]);
    bench.pass(60);
    assert_eq!(bench.node.faults.totals()["disk_error"], 1, "a lasting fault is told once, not at each try");
    assert_eq!(bench.node.faults.totals()["clip_not_kept"], 1);

    std::fs::remove_dir(&journal).unwrap();
    bench.pass(5);
    bench.restart();
    assert_eq!(bench.outcomes(), [(Outcome::Played, None, 96_000)]);
}

#[test]
fn a_plan_moves_the_node_to_its_commune_and_sets_its_volume() {
    let mut bench = Bench::new();
    let plan = bench.broker.plan(3, "31700-02", 50);
    bench.hear(PLAN, &plan);
    let topics: Vec<_> = bench
        .asked
        .iter()
        .filter_map(|r| match r {
            Request::Subscribe(topic) => Some(format!("+{topic}")),
            Request::Unsubscribe(topic) => Some(format!("-{topic}")),
            _ => None,
        })
        .collect();
    assert_eq!(
        topics,
        [
            "+loa/1/commune/31699/command",
            "+loa/1/node/n1/command",
            "+loa/1/node/n1/plan",
            "-loa/1/commune/31699/command",
            "+loa/1/commune/31700/command"
        ]
    );
    assert_eq!(bench.states().last().unwrap().generation, Some(3));
    bench.play(1, Class::Normal);
    assert!((bench.sounds()[0].gain - 0.5).abs() < 1e-6);
    let older = bench.broker.plan(2, "31699-01", 100);
    bench.hear(PLAN, &older);
    assert_eq!(bench.refused(), BTreeMap::from([("old_generation".into(), 1)]));
}

#[test]
fn a_quiet_node_sends_full_figures_first_and_then_almost_nothing() {
    let mut bench = Bench::new();
    assert!(matches!(bench.reports()[..], [Report::Full(_)]));
    bench.asked.clear();
    for _ in 0..59 {
        bench.pass(30);
    }
    let reports = bench.reports();
    assert_eq!(reports.len(), 59);
    let bytes: usize = reports.iter().map(|r| serde_json::to_vec(r).unwrap().len()).sum();
    assert!(bytes < 59 * 40, "{bytes}: this machine's load and memory move, but not that much");
    assert_eq!(bench.states().len(), 0);
    bench.pass(30);
    let full = bench.reports().into_iter().any(|report| matches!(report, Report::Full(_)));
    assert!(full, "after half an hour, or before it when a busy machine's figures moved much");
}

#[test]
fn an_orderly_end_settles_what_sounds_and_keeps_what_waits() {
    let mut bench = Bench::new();
    bench.play(1, Class::Normal);
    bench.play(2, Class::Normal);
    bench.node.farewell();
    assert!(!bench.node.silent());
    let sound = bench.sounds()[0].id;
    bench.end(sound, End::Stopped, 9_600);
    assert!(bench.node.silent());
    assert_eq!(bench.sounds().len(), 1, "nothing begins while the agent ends");
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::AgentRestarted), 9_600)]);
    bench.restart();
    assert_eq!(bench.sounds().len(), 1, "the other has its turn now");
}

#[test]
fn a_tone_gives_way_to_a_bulletin_and_never_interrupts_one() {
    let mut bench = Bench::new();
    bench.command(0, Action::TestTone { duration_ms: 60_000 }, None);
    assert_eq!(bench.sounds()[0].frames, 480_000, "ten seconds at most");
    bench.play(1, Class::Normal);
    bench.command(0, Action::Identify, None);
    assert_eq!(bench.sounds().len(), 2);
}

#[test]
fn a_restart_is_asked_for_once() {
    let mut bench = Bench::new();
    let payload = bench.command(0, Action::Restart, None);
    assert!(bench.asked.iter().any(|r| matches!(r, Request::Restart)));
    bench.restart();
    bench.hear(COMMAND, &payload);
    assert!(!bench.asked.iter().any(|r| matches!(r, Request::Restart)), "or it would restart for ever");
}

mod timetable;
