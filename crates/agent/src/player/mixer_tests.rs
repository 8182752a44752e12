use std::time::Duration;

use jiff::Timestamp;
use loa_protocol::Clock;

use super::*;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

struct Source {
    samples: rtrb::Producer<f32>,
    meter: Arc<Meter>,
}

impl Source {
    fn new(desk: &mut Desk, gain: f32) -> Self {
        let (samples, consumer) = rtrb::RingBuffer::new(10 * RING);
        let meter = Arc::new(Meter::default());
        assert!(desk.hand_over(Voice::new(consumer, meter.clone(), gain)).is_ok());
        Self { samples, meter }
    }

    fn push(&mut self, samples: &[f32]) {
        self.samples.push_entire_slice(samples).unwrap();
    }

    fn complete(&self) {
        self.meter.complete.store(true, Ordering::Release);
    }

    fn stop(&self) {
        self.meter.stop.store(true, Ordering::Release);
    }

    fn heard(&self) -> u64 {
        self.meter.heard.load(Ordering::Acquire)
    }

    fn done(&self) -> bool {
        self.meter.done.load(Ordering::Acquire)
    }
}

fn fill(mixer: &mut Mixer, frames: usize) -> Vec<f32> {
    let mut out = vec![9.0; frames];
    mixer.fill(&mut out, 0);
    out
}

/// The largest step between neighbouring samples: a click is a step.
fn largest_step(sound: &[f32]) -> f32 {
    let padded: Vec<f32> = std::iter::once(0.0).chain(sound.iter().copied()).chain([0.0]).collect();
    padded.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
}

/// Steepest slope of a raised cosine of RAMP frames over full scale, with some room.
const SMOOTH: f32 = 1.1 * std::f32::consts::PI / 2.0 / RAMP as f32;

#[test]
fn without_voices_there_is_silence() {
    let (mut mixer, _desk) = Mixer::new(Arc::new(Still));
    assert!(fill(&mut mixer, 960).iter().all(|s| *s == 0.0));
}

#[test]
fn a_sound_begins_and_ends_without_a_click_and_is_untouched_between() {
    let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
    let mut source = Source::new(&mut desk, 0.5);
    source.push(&vec![1.0; 4 * RAMP]);
    source.complete();
    let sound = fill(&mut mixer, 8 * RAMP);
    assert!(largest_step(&sound) < SMOOTH, "{}", largest_step(&sound));
    assert!(sound[RAMP..4 * RAMP].iter().all(|s| (s - 0.5).abs() < 1e-6));
    assert!(sound[5 * RAMP..].iter().all(|s| *s == 0.0));
}

#[test]
fn a_stop_is_heard_within_its_ramp_and_counts_only_what_was_given() {
    let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
    let mut source = Source::new(&mut desk, 1.0);
    source.push(&vec![1.0; RING]);
    let mut sound = fill(&mut mixer, 2 * RAMP);
    source.stop();
    sound.extend(fill(&mut mixer, 2 * RAMP));
    assert!(largest_step(&sound) < SMOOTH);
    assert!(sound[3 * RAMP..].iter().all(|s| *s == 0.0));
    assert!(!source.done());
    fill(&mut mixer, 1);
    assert!(source.done());
    assert_eq!(source.heard(), 3 * RAMP as u64);
}

#[test]
fn a_stop_in_the_middle_of_the_start_turns_round_without_a_click() {
    for at in [1, RAMP / 3, RAMP - 1] {
        let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
        let mut source = Source::new(&mut desk, 1.0);
        source.push(&vec![1.0; RING]);
        let mut sound = fill(&mut mixer, at);
        source.stop();
        sound.extend(fill(&mut mixer, 2 * RAMP));
        assert!(largest_step(&sound) < SMOOTH, "stopped after {at}");
        assert!(sound[2 * at..].iter().all(|s| *s == 0.0), "stopped after {at}");
    }
}

#[test]
fn a_stronger_sound_crosses_over_without_a_click_or_overload() {
    let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
    let mut weak = Source::new(&mut desk, 1.0);
    weak.push(&vec![1.0; RING]);
    let mut sound = fill(&mut mixer, 2 * RAMP);
    weak.stop();
    let mut strong = Source::new(&mut desk, 1.0);
    strong.push(&vec![1.0; RING]);
    sound.extend(fill(&mut mixer, 2 * RAMP));
    assert!(sound[RAMP..].iter().all(|s| (s - 1.0).abs() < 1e-5), "the sum of both ramps is constant");
}

#[test]
fn a_ring_that_runs_dry_is_counted_and_neither_stops_nor_clicks() {
    let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
    let mut source = Source::new(&mut desk, 1.0);
    source.push(&vec![1.0; 2 * RAMP]);
    let mut sound = fill(&mut mixer, 4 * RAMP);
    assert_eq!(source.meter.starved.load(Ordering::Relaxed), 1);
    source.push(&vec![1.0; 2 * RAMP]);
    source.complete();
    sound.extend(fill(&mut mixer, 4 * RAMP));
    assert!(largest_step(&sound) < SMOOTH);
    fill(&mut mixer, 1);
    assert!(source.done());
    assert_eq!(source.heard(), 4 * RAMP as u64);
    assert_eq!(source.meter.starved.load(Ordering::Relaxed), 1);
}

#[test]
fn frames_count_only_once_they_have_left_the_device() {
    let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
    let mut source = Source::new(&mut desk, 1.0);
    source.push(&[0.5; 1_920]);
    source.complete();
    let mut out = [0.0; 960];
    mixer.fill(&mut out, 0);
    assert_eq!(source.heard(), 0, "given, not yet heard");
    mixer.fill(&mut out, 960);
    assert_eq!(source.heard(), 0);
    mixer.fill(&mut out, 960);
    assert_eq!(source.heard(), 960);
    mixer.fill(&mut out, 960);
    assert_eq!((source.heard(), source.done()), (1_920, true));
    let started = Timestamp::from_microsecond(source.meter.started_us().unwrap()).unwrap();
    assert_eq!(started.as_second(), 1_800_000_000);
}

#[test]
fn the_same_sound_comes_out_whatever_the_size_of_the_buffers() {
    let samples: Vec<f32> = (0..5_000).map(|n| (f32::from(n as u16) * 0.01).sin() * 0.8).collect();
    let through = |size: usize| {
        let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
        let mut source = Source::new(&mut desk, 0.7);
        source.push(&samples);
        source.complete();
        let mut sound: Vec<f32> = Vec::new();
        while sound.len() < 8_000 {
            sound.extend(fill(&mut mixer, size));
        }
        sound.truncate(8_000);
        sound
    };
    let whole = through(8_000);
    for size in [1, 7, 480, 720, 960, 1024] {
        assert_eq!(through(size), whole, "buffers of {size}");
    }
}

#[test]
fn a_voice_with_an_instant_is_preceded_by_the_silence_until_then_whatever_the_size_of_the_buffers() {
    for size in [1, 7, 480, 960, 1024] {
        let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
        let (mut samples, consumer) = rtrb::RingBuffer::new(RING);
        samples.push_entire_slice(&[1.0; 2 * RAMP]).unwrap();
        let meter = Arc::new(Meter::default());
        meter.complete.store(true, Ordering::Release);
        // The clock stands still, so the device is one that holds more with each buffer: 50 ms are 2,400 frames.
        let start = Still.now().as_microsecond() + 50_000;
        assert!(desk.hand_over(Voice::new(consumer, meter.clone(), 1.0).starting_at(start)).is_ok());
        let mut sound: Vec<f32> = Vec::new();
        while sound.len() < 6_000 {
            let mut out = vec![9.0; size];
            mixer.fill(&mut out, sound.len() as u64);
            sound.extend(out);
        }
        assert_eq!(sound.iter().position(|sample| *sample != 0.0), Some(2_400), "buffers of {size}");
        assert_eq!(meter.started_us(), Some(start), "buffers of {size}");
        assert_eq!(meter.starved.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_stop_while_a_voice_waits_for_its_instant_ends_it_unheard() {
    let (mut mixer, mut desk) = Mixer::new(Arc::new(Still));
    let (mut samples, consumer) = rtrb::RingBuffer::new(RING);
    samples.push_entire_slice(&[1.0; RAMP]).unwrap();
    let meter = Arc::new(Meter::default());
    let start = Still.now().as_microsecond() + 10_000_000;
    assert!(desk.hand_over(Voice::new(consumer, meter.clone(), 1.0).starting_at(start)).is_ok());
    fill(&mut mixer, 960);
    meter.stop.store(true, Ordering::Release);
    let sound: Vec<f32> = (0..3).flat_map(|_| fill(&mut mixer, 960)).collect();
    assert!(sound.iter().all(|sample| *sample == 0.0));
    assert!(meter.done.load(Ordering::Acquire));
    assert_eq!((meter.heard.load(Ordering::Acquire), meter.started_us()), (0, None));
}
