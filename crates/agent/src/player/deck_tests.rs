//! The player step by step, on a clock that stands still until it is moved and an output that can be unplugged.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::{
    amplifier::AmplifierConfig,
    player::{End, Ending, Source},
};

const RATE: u64 = 48_000;
const PERIOD: usize = 480;

#[derive(Default)]
struct Hand {
    elapsed: Mutex<Duration>,
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        wall(*self.elapsed.lock().unwrap())
    }
    fn monotonic(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }
}

/// What the test holds of the output: pulls the mixer by hand, keeps what was heard.
#[derive(Clone, Default)]
struct Socket {
    mixer: Arc<Mutex<Option<Mixer>>>,
    unplugged: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<f32>>>,
}

struct Plug(Socket);

impl Output for Plug {
    fn open(&mut self, mixer: Mixer) -> Result<Box<dyn Stream>, OutputError> {
        self.probe()?;
        *self.0.mixer.lock().unwrap() = Some(mixer);
        Ok(Box::new(Plug(self.0.clone())))
    }
    fn probe(&mut self) -> Result<(), OutputError> {
        if self.0.unplugged.load(Ordering::Relaxed) {
            Err(OutputError::Absent("plug".into()))
        } else {
            Ok(())
        }
    }
}

impl Stream for Plug {
    fn failed(&self) -> bool {
        self.0.unplugged.load(Ordering::Relaxed)
    }
}

struct Bench {
    clock: Arc<Hand>,
    socket: Socket,
    deck: Deck,
    events: UnboundedReceiver<Event>,
    told: Vec<Event>,
}

impl Bench {
    fn new() -> Self {
        let (clock, socket) = (Arc::new(Hand::default()), Socket::default());
        let (events, receiver) = unbounded_channel();
        let settings = Settings { linger: Duration::from_secs(2), seed: 1 };
        let output = Box::new(Plug(socket.clone()));
        let deck = Deck::new(output, AmplifierConfig::None.make(), clock.clone(), settings, events);
        Self { clock, socket, deck, events: receiver, told: Vec::new() }
    }

    /// Lets time pass in periods of 10 ms: the device takes a buffer, the player does a step.
    fn pass(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 10 {
            self.deck.step();
            if !self.socket.unplugged.load(Ordering::Relaxed)
                && let Some(mixer) = self.socket.mixer.lock().unwrap().as_mut()
            {
                let mut buffer = [0.0; PERIOD];
                mixer.fill(&mut buffer, 0);
                self.socket.heard.lock().unwrap().extend(buffer);
            }
            *self.clock.elapsed.lock().unwrap() += Duration::from_millis(10);
        }
        self.deck.step();
        while let Ok(event) = self.events.try_recv() {
            self.told.push(event);
        }
    }

    fn plug(&mut self, plugged: bool) {
        self.socket.unplugged.store(!plugged, Ordering::Relaxed);
        if !plugged {
            *self.socket.mixer.lock().unwrap() = None;
        }
    }

    fn start(&mut self, id: u64, level: f32, seconds: u64) {
        self.start_at(id, level, seconds, None);
    }

    /// `at`: so long after the bench was made.
    fn start_at(&mut self, id: u64, level: f32, seconds: u64, at: Option<Duration>) {
        let samples: Arc<[f32]> = vec![level; (seconds * RATE) as usize].into();
        let frames = samples.len() as u64;
        let at = at.map(wall);
        let source = Source::Samples(samples);
        self.deck.start(Sound { id: SoundId(id), source, gain: 1.0, frames, skip: 0, at });
    }

    /// The first frame that sounded, of all that the device took.
    fn onset(&self) -> usize {
        self.socket.heard.lock().unwrap().iter().position(|sample| *sample != 0.0).unwrap()
    }

    fn endings(&self) -> Vec<(u64, Ending)> {
        let ended = self.told.iter().filter_map(|event| match event {
            Event::Ended { id, ending } => Some((id.0, ending.clone())),
            _ => None,
        });
        ended.collect()
    }

    fn heard_at(&self, level: f32) -> usize {
        self.socket.heard.lock().unwrap().iter().filter(|s| (**s - level).abs() < 1e-6).count()
    }

    fn is_open(&self) -> bool {
        self.deck.open.is_some()
    }
}

fn wall(elapsed: Duration) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + jiff::SignedDuration::try_from(elapsed).unwrap()
}

fn seconds(n: f64) -> Duration {
    Duration::from_secs_f64(n)
}

#[test]
fn a_sound_is_heard_whole_and_told_of_from_start_to_end() {
    let mut bench = Bench::new();
    bench.deck.probe();
    bench.start(1, 0.5, 3);
    bench.pass(seconds(3.2));
    assert_eq!(bench.told[0], Event::Output { ready: true });
    assert!(matches!(bench.told[1], Event::Started { id: SoundId(1), .. }));
    assert!(bench.told.iter().filter(|e| matches!(e, Event::Heard { .. })).count() >= 2);
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!((ending.how, ending.frames, ending.total), (End::Complete, 3 * RATE, Some(3 * RATE)));
    let lasted = ending.ended_at.duration_since(ending.started_at.unwrap());
    assert!((lasted.as_millis() - 3_000).abs() <= 20, "{lasted:?}");
    assert!(bench.heard_at(0.5) as u64 >= 3 * RATE - 720, "all but the ramp at its start");
}

#[test]
fn the_output_is_opened_for_a_sound_and_closed_after_a_while() {
    let mut bench = Bench::new();
    bench.pass(seconds(1.0));
    assert!(!bench.is_open());
    bench.start(1, 0.5, 1);
    bench.pass(seconds(2.5));
    assert!(bench.is_open(), "the next bulletin may follow at once");
    bench.pass(seconds(1.0));
    assert!(!bench.is_open());
    assert_eq!(bench.deck.wait(bench.deck.now()), None, "nothing to wake up for");
}

#[test]
fn a_stronger_sound_takes_over_and_both_endings_are_told() {
    let mut bench = Bench::new();
    bench.start(1, 0.25, 10);
    bench.pass(seconds(1.0));
    bench.start(2, 0.75, 1);
    bench.pass(seconds(1.5));
    let endings = bench.endings();
    assert_eq!(
        endings.iter().map(|(id, e)| (*id, e.how)).collect::<Vec<_>>(),
        [(1, End::Stopped), (2, End::Complete)]
    );
    let expected = RATE + 720;
    assert!(endings[0].1.frames.abs_diff(expected) <= 2 * PERIOD as u64, "{}", endings[0].1.frames);
}

#[test]
fn a_stop_falls_silent_within_30_ms() {
    let mut bench = Bench::new();
    bench.start(1, 0.5, 10);
    bench.pass(seconds(1.0));
    bench.deck.stop(SoundId(1));
    bench.pass(seconds(0.5));
    let heard = bench.socket.heard.lock().unwrap().clone();
    let last = heard.iter().rposition(|s| *s != 0.0).unwrap();
    assert!(last as u64 <= RATE + 30 * RATE / 1000, "{last}");
    assert_eq!(bench.endings()[0].1.how, End::Stopped);
    assert_eq!(bench.endings()[0].1.frames, last as u64 + 1);
}

#[test]
fn a_device_that_vanishes_and_returns_costs_what_would_have_sounded_meanwhile() {
    let mut bench = Bench::new();
    bench.deck.probe();
    bench.start(1, 0.5, 10);
    bench.pass(seconds(2.0));
    bench.plug(false);
    bench.pass(seconds(3.0));
    bench.plug(true);
    bench.pass(seconds(5.5));
    let outputs: Vec<_> = bench
        .told
        .iter()
        .filter_map(|e| if let Event::Output { ready } = e { Some(*ready) } else { None })
        .collect();
    assert_eq!(outputs, [true, false, true]);
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!(ending.how, End::OutputLost);
    let away = 10 * RATE - ending.frames;
    assert!((3 * RATE..=3 * RATE + RATE / 2 + RATE / 10).contains(&away), "{away} frames away");
    let lasted = ending.ended_at.duration_since(ending.started_at.unwrap());
    assert!((lasted.as_millis() - 10_000).abs() <= 30, "it ends when it would have ended: {lasted:?}");
}

#[test]
fn without_a_device_a_sound_is_given_up_at_its_end_and_never_begins_late() {
    let mut bench = Bench::new();
    bench.plug(false);
    bench.start(1, 0.5, 4);
    bench.pass(seconds(3.9));
    assert_eq!(bench.endings(), []);
    bench.pass(seconds(0.2));
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!((ending.how, ending.frames, ending.started_at), (End::OutputLost, 0, None));
    bench.plug(true);
    bench.pass(seconds(12.0));
    assert_eq!(bench.heard_at(0.5), 0);
    assert_eq!(bench.told.last(), Some(&Event::Output { ready: true }), "it is tried for ever");
}

#[test]
fn a_sound_that_is_no_clip_ends_at_once() {
    let mut bench = Bench::new();
    let source = Source::Memory(bytes::Bytes::from_static(b"not an Opus file"));
    bench.deck.start(Sound { id: SoundId(1), source, gain: 1.0, frames: RATE, skip: 0, at: None });
    bench.pass(seconds(0.1));
    assert_eq!(bench.endings()[0].1.how, End::Unreadable);
}

#[test]
fn an_amplifier_is_awake_before_the_first_sample_and_sleeps_after_the_last() {
    struct Log(Arc<Mutex<Vec<(bool, Duration)>>>, Arc<Hand>);
    impl Amplifier for Log {
        fn on(&mut self) {
            self.0.lock().unwrap().push((true, self.1.monotonic()));
        }
        fn off(&mut self) {
            self.0.lock().unwrap().push((false, self.1.monotonic()));
        }
        fn lead(&self) -> Duration {
            Duration::from_millis(300)
        }
        fn linger(&self) -> Duration {
            Duration::from_secs(3)
        }
    }
    let mut bench = Bench::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    bench.deck.amplifier = Box::new(Log(log.clone(), bench.clock.clone()));
    bench.pass(seconds(1.0));
    bench.start(1, 0.5, 1);
    bench.pass(seconds(6.0));
    let switched = log.lock().unwrap().clone();
    assert_eq!(switched.iter().map(|(on, _)| *on).collect::<Vec<_>>(), [true, false]);
    let started = bench.endings()[0].1.started_at.unwrap();
    assert!(started.duration_since(wall(switched[0].1)).as_millis() >= 300);
    assert!(switched[1].1 >= seconds(1.3 + 1.0 + 3.0) && switched[1].1 < seconds(6.0), "{switched:?}");
}

#[test]
fn the_amplifiers_states_are_told_and_a_fault_stops_no_sound() {
    use AmplifierState::{Fault as Broken, Lingering, Off, On};
    /// Can't be switched on until it was tended for two seconds.
    #[derive(Default)]
    struct Stuck(Option<Fault>);
    impl Amplifier for Stuck {
        fn on(&mut self) {
            self.0 = Some(Fault::LineBusy("GPIO17".into()));
        }
        fn off(&mut self) {}
        fn lead(&self) -> Duration {
            Duration::from_millis(300)
        }
        fn linger(&self) -> Duration {
            Duration::from_secs(2)
        }
        fn tend(&mut self, now: Duration) {
            if now >= seconds(2.0) {
                self.0 = None;
            }
        }
        fn fault(&self) -> Option<&Fault> {
            self.0.as_ref()
        }
    }
    let told = |amplifier: Box<dyn Amplifier>| {
        let mut bench = Bench::new();
        bench.deck.amplifier = amplifier;
        bench.pass(seconds(0.1));
        bench.start(1, 0.5, 3);
        bench.pass(seconds(8.0));
        assert_eq!(bench.endings()[0].1.how, End::Complete);
        bench
            .told
            .iter()
            .filter_map(
                |e| if let Event::Amplifier { state, fault } = e { Some((*state, *fault)) } else { None },
            )
            .collect::<Vec<_>>()
    };
    let stuck = told(Box::<Stuck>::default());
    assert_eq!(
        stuck,
        [(Off, None), (Broken, Some("amplifier_line_busy")), (On, None), (Lingering, None), (Off, None)]
    );
    assert_eq!(told(AmplifierConfig::None.make()), [], "where there is none, nothing is said of it");
}

#[test]
fn a_sound_with_an_instant_begins_at_it_to_the_frame_and_the_output_is_open_before() {
    for at in [0.25, 0.3001, 0.7773, 1.5] {
        let mut bench = Bench::new();
        bench.start_at(1, 0.5, 2, Some(seconds(at)));
        bench.pass(seconds(0.01));
        assert!(bench.is_open());
        bench.pass(seconds(3.8));
        assert_eq!(bench.onset(), (at * RATE as f64).round() as usize);
        let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
        assert_eq!((ending.how, ending.frames), (End::Complete, 2 * RATE));
        let off = ending.started_at.unwrap().duration_since(wall(seconds(at)));
        assert!(off.as_micros().abs() <= 21, "told to have begun {off:?} from its instant");
    }
}

#[test]
fn an_instant_that_is_past_means_now() {
    let mut bench = Bench::new();
    bench.pass(seconds(2.0));
    bench.start_at(1, 0.5, 1, Some(seconds(1.0)));
    bench.pass(seconds(1.2));
    assert_eq!(bench.onset(), 0);
    assert_eq!((bench.endings()[0].1.how, bench.endings()[0].1.frames), (End::Complete, RATE));
}

#[test]
fn a_stop_before_its_instant_ends_a_sound_unheard() {
    let mut bench = Bench::new();
    bench.start_at(1, 0.5, 2, Some(seconds(1.0)));
    bench.pass(seconds(0.5));
    bench.deck.stop(SoundId(1));
    bench.pass(seconds(0.1));
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!((ending.how, ending.frames, ending.started_at), (End::Stopped, 0, None));
    bench.pass(seconds(2.0));
    assert!(bench.socket.heard.lock().unwrap().iter().all(|sample| *sample == 0.0));
}

#[test]
fn a_device_that_is_back_before_the_instant_costs_nothing() {
    let mut bench = Bench::new();
    bench.start_at(1, 0.5, 2, Some(seconds(3.0)));
    bench.pass(seconds(0.5));
    bench.plug(false);
    bench.pass(seconds(1.0));
    bench.plug(true);
    bench.pass(seconds(4.0));
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!((ending.how, ending.frames), (End::Complete, 2 * RATE));
    let off = ending.started_at.unwrap().duration_since(wall(seconds(3.0)));
    assert!(off.as_micros().abs() <= 21, "{off:?}");
}

#[test]
fn a_device_that_is_back_after_the_instant_goes_on_where_the_sound_would_be() {
    let mut bench = Bench::new();
    bench.start_at(1, 0.5, 10, Some(seconds(1.0)));
    bench.pass(seconds(0.5));
    bench.plug(false);
    bench.pass(seconds(3.5));
    bench.plug(true);
    bench.pass(seconds(7.2));
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!((ending.how, ending.total), (End::OutputLost, Some(10 * RATE)));
    let away = 10 * RATE - ending.frames;
    assert!((3 * RATE..=3 * RATE + RATE / 2 + RATE / 10).contains(&away), "{away} frames away");
    let late = ending.ended_at.duration_since(wall(seconds(11.0)));
    assert!(late.as_millis().abs() <= 30, "it ends when it would have ended: {late:?}");
}

#[test]
fn what_was_heard_before_is_left_out_and_not_counted() {
    let mut bench = Bench::new();
    let samples: Arc<[f32]> = [vec![0.25; RATE as usize], vec![0.5; RATE as usize]].concat().into();
    let (id, source) = (SoundId(1), Source::Samples(samples));
    bench.deck.start(Sound { id, source, gain: 1.0, frames: RATE, skip: RATE, at: None });
    bench.pass(seconds(1.2));
    let [(1, ending)] = &bench.endings()[..] else { panic!("{:?}", bench.told) };
    assert_eq!((ending.how, ending.frames, ending.total), (End::Complete, RATE, Some(2 * RATE)));
    assert_eq!(bench.heard_at(0.25), 0);

    // A device that stays away is given up after what is left.
    bench.plug(false);
    let source = Source::Samples(vec![0.5; 2 * RATE as usize].into());
    bench.deck.start(Sound { id: SoundId(2), source, gain: 1.0, frames: RATE, skip: RATE, at: None });
    bench.pass(seconds(1.1));
    assert_eq!(bench.endings()[1].1.how, End::OutputLost);
}

#[test]
fn an_amplifier_that_needs_longer_than_there_is_delays_the_sound() {
    struct Slow;
    impl Amplifier for Slow {
        fn on(&mut self) {}
        fn off(&mut self) {}
        fn lead(&self) -> Duration {
            Duration::from_millis(700)
        }
        fn linger(&self) -> Duration {
            Duration::ZERO
        }
    }
    for (at, begins) in [(0.5, 0.7), (1.0, 1.0)] {
        let mut bench = Bench::new();
        bench.deck.amplifier = Box::new(Slow);
        bench.start_at(1, 0.5, 1, Some(seconds(at)));
        bench.pass(seconds(2.5));
        let started = bench.endings()[0].1.started_at.unwrap();
        let off = started.duration_since(wall(seconds(begins)));
        assert!(off.as_millis().abs() <= 10, "{off:?}");
    }
}
