//! The real-time side of the player: what the sound device's own thread runs, many times a second.
//!
//! Rules of [`Mixer::fill`], and of everything it calls: no allocation, no free, no lock, no log, no system call but reading the
//! clock (which Linux answers without one). It copies samples out of lock-free rings, ramps, counts, and returns. Voices come
//! to it boxed through one ring and go back through another, so that memory is made and freed on the player's thread only.
//!
//! No source begins or ends with a click: a voice rises by a raised cosine, falls by one when it is stopped, and when its samples
//! end or run dry its last value decays by one. Two voices that cross add up to at most full scale.
//!
//! A voice that is to begin at an instant is preceded by exactly as many frames of silence as there are until then, by what the device tells
//! of the frames that it still holds. That is reckoned anew for each buffer, so only the last reckoning counts: while the first buffers
//! fill a device that doesn't run yet, nobody knows when it will.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering},
};

use loa_audio::SAMPLE_RATE;
use loa_protocol::Clock;

/// Length of every ramp: 15 ms at 48 kHz, in frames. Long enough not to click, short enough not to be noticed.
pub const RAMP: usize = 720;
/// Sound that may wait between decoder and device, in frames: half a second, so that a board busy with something else doesn't break
/// the sound. A stop or a stronger item doesn't wait for it.
pub const RING: usize = 24_000;
/// Voices that can sound together: one, those that fade out before it, and room for a nervous hand.
const VOICES: usize = 4;

/// What both sides of a voice know of it; written by one side each.
#[derive(Debug, Default)]
pub struct Meter {
    /// Player: fade out and be done.
    pub stop: AtomicBool,
    /// Player: no more samples will come.
    pub complete: AtomicBool,
    /// Mixer: everything that was given has left the device.
    pub done: AtomicBool,
    /// Mixer: frames given to the device.
    pub given: AtomicU64,
    /// Mixer: frames that have surely left the device.
    pub heard: AtomicU64,
    /// Mixer: times that the ring was empty too early.
    pub starved: AtomicU32,
    started: AtomicI64,
    ended: AtomicI64,
}

impl Meter {
    /// When the first frame leaves the device, microseconds since 1970.
    pub fn started_us(&self) -> Option<i64> {
        Some(self.started.load(Ordering::Acquire)).filter(|us| *us != 0)
    }

    /// When the last frame left the device, microseconds since 1970.
    pub fn ended_us(&self) -> Option<i64> {
        Some(self.ended.load(Ordering::Acquire)).filter(|us| *us != 0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// Ramping up; frames done.
    Rising(usize),
    Full,
    /// Ramping down; frames done.
    Falling(usize),
    /// No samples: the value it stood at decays; frames done.
    Tail(f32, usize),
    /// Silent until samples come again.
    Dry,
    /// Nothing more will come of it.
    Over,
}

/// One source on its way to the device.
pub struct Voice {
    samples: rtrb::Consumer<f32>,
    meter: Arc<Meter>,
    gain: f32,
    phase: Phase,
    /// When its first frame is to leave the device, microseconds since 1970; absent once it has begun.
    start: Option<i64>,
    /// Frames given to the device.
    given: u64,
    /// Frames given to the device since this voice's last one.
    since_last: u64,
    /// The last value that sounded.
    last: f32,
}

impl Voice {
    /// A voice that plays what is pushed into `samples`' other end, `gain` times as loud.
    pub fn new(samples: rtrb::Consumer<f32>, meter: Arc<Meter>, gain: f32) -> Box<Self> {
        Box::new(Self {
            samples,
            meter,
            gain,
            phase: Phase::Rising(0),
            start: None,
            given: 0,
            since_last: 0,
            last: 0.0,
        })
    }

    /// The same, but its first frame leaves the device at `start`, microseconds since 1970, or as soon as possible after.
    #[must_use]
    pub fn starting_at(mut self: Box<Self>, start: i64) -> Box<Self> {
        self.start = Some(start);
        self
    }

    /// Frames of silence before its first, in a buffer of `frames` whose first leaves the device at `first`, microseconds since 1970.
    fn silence_before(&mut self, first: i64, frames: usize) -> usize {
        let Some(start) = self.start else { return 0 };
        let ahead = start.saturating_sub(first).max(0).cast_unsigned();
        let ahead = (ahead.saturating_mul(u64::from(SAMPLE_RATE)) + 500_000) / 1_000_000;
        match usize::try_from(ahead) {
            Ok(ahead) if ahead < frames || self.meter.stop.load(Ordering::Acquire) => {
                self.start = None;
                ahead.min(frames)
            }
            _ => frames,
        }
    }

    /// Adds this voice's next frames to `out`. `up` is the rising ramp.
    fn add_to(&mut self, out: &mut [f32], up: &[f32; RAMP]) {
        if self.meter.stop.load(Ordering::Acquire) {
            self.phase = match self.phase {
                Phase::Full => Phase::Falling(0),
                Phase::Rising(done) => Phase::Falling(RAMP - done),
                Phase::Dry => Phase::Over,
                phase => phase,
            };
        }
        let mut at = 0;
        while at < out.len() {
            match self.phase {
                Phase::Over => break,
                Phase::Dry => {
                    // In this order: what was pushed before the end was told is seen.
                    let complete = self.meter.complete.load(Ordering::Acquire);
                    if self.samples.is_empty() {
                        if complete {
                            self.phase = Phase::Over;
                        }
                        break;
                    }
                    self.phase = Phase::Rising(0);
                }
                Phase::Tail(value, mut done) => {
                    while done < RAMP && at < out.len() {
                        out[at] += value * up[RAMP - 1 - done];
                        (done, at) = (done + 1, at + 1);
                        self.since_last += 1;
                    }
                    self.phase = if done == RAMP { Phase::Dry } else { Phase::Tail(value, done) };
                }
                Phase::Rising(_) | Phase::Full | Phase::Falling(_) => {
                    at += self.add_samples(&mut out[at..], up);
                }
            }
        }
        self.since_last += (out.len() - at) as u64;
    }

    /// Adds as many samples as there are, up to the end of `out` or of a ramp; how many.
    fn add_samples(&mut self, out: &mut [f32], up: &[f32; RAMP]) -> usize {
        let room = match self.phase {
            Phase::Rising(done) | Phase::Falling(done) => out.len().min(RAMP - done),
            _ => out.len(),
        };
        let complete = self.meter.complete.load(Ordering::Acquire);
        let count = room.min(self.samples.slots());
        let Ok(chunk) = self.samples.read_chunk(count) else { return 0 };
        let (first, second) = chunk.as_slices();
        let mut last = self.last;
        for (n, (frame, sample)) in out.iter_mut().zip(first.iter().chain(second)).enumerate() {
            let ramp = match self.phase {
                Phase::Rising(done) => up[done + n],
                Phase::Falling(done) => up[RAMP - 1 - done - n],
                _ => 1.0,
            };
            last = sample * self.gain * ramp;
            *frame += last;
        }
        chunk.commit_all();
        self.last = last;
        if count > 0 {
            self.since_last = 0;
            self.given += count as u64;
        }
        self.phase = match self.phase {
            Phase::Rising(done) if done + count == RAMP => Phase::Full,
            Phase::Rising(done) => Phase::Rising(done + count),
            Phase::Falling(done) if done + count == RAMP => Phase::Over,
            Phase::Falling(done) => Phase::Falling(done + count),
            phase => phase,
        };
        if count < room && self.phase != Phase::Over {
            if !complete && !matches!(self.phase, Phase::Falling(_)) {
                self.meter.starved.fetch_add(1, Ordering::Relaxed);
            }
            self.phase = Phase::Tail(last, 0);
        }
        count
    }
}

/// Adds up the voices and keeps their books.
pub struct Mixer {
    incoming: rtrb::Consumer<Box<Voice>>,
    retired: rtrb::Producer<Box<Voice>>,
    voices: [Option<Box<Voice>>; VOICES],
    up: Box<[f32; RAMP]>,
    clock: Arc<dyn Clock>,
}

impl Mixer {
    /// A mixer and the desk that feeds it.
    pub fn new(clock: Arc<dyn Clock>) -> (Self, Desk) {
        let (to_mixer, incoming) = rtrb::RingBuffer::new(2 * VOICES);
        // Room for every voice there can be: the mixer never has to keep or free one.
        let (retired, from_mixer) = rtrb::RingBuffer::new(4 * VOICES);
        let mut up = Box::new([0.0; RAMP]);
        for (n, value) in up.iter_mut().enumerate() {
            *value = 0.5 - 0.5 * (std::f32::consts::PI * (n as f32 + 0.5) / RAMP as f32).cos();
        }
        (
            Self { incoming, retired, voices: [const { None }; VOICES], up, clock },
            Desk { to_mixer, from_mixer },
        )
    }

    /// Writes the next frames (48 kHz, mono). `queued`: frames given earlier that the device has still to play, as far as it
    /// tells; the buffer being filled is not among them.
    pub fn fill(&mut self, out: &mut [f32], queued: u64) {
        out.fill(0.0);
        let now_us = self.clock.now().as_microsecond();
        let to_us = |frames: u64| (frames * 1_000_000 / u64::from(SAMPLE_RATE)).cast_signed();
        for place in &mut self.voices {
            if place.is_none() {
                *place = self.incoming.pop().ok();
            }
            let Some(voice) = place else { continue };
            let waiting = queued.saturating_sub(voice.since_last).min(voice.given);
            voice.meter.heard.fetch_max(voice.given - waiting, Ordering::AcqRel);
            if voice.phase == Phase::Over && waiting == 0 && queued <= voice.since_last {
                let since = voice.since_last - queued;
                voice.meter.ended.store(now_us - to_us(since), Ordering::Release);
                voice.meter.done.store(true, Ordering::Release);
                if let Some(voice) = place.take()
                    && let Err(rtrb::PushError::Full(voice)) = self.retired.push(voice)
                {
                    *place = Some(voice);
                }
                continue;
            }
            let before = voice.given;
            let silence = voice.silence_before(now_us + to_us(queued), out.len());
            voice.since_last += silence as u64;
            voice.add_to(&mut out[silence..], &self.up);
            if before == 0 && voice.given > 0 {
                let first = queued + silence as u64;
                voice.meter.started.store(now_us + to_us(first), Ordering::Release);
            }
            voice.meter.given.store(voice.given, Ordering::Release);
        }
        for frame in out {
            *frame = frame.clamp(-1.0, 1.0);
        }
    }
}

/// The player's end of a mixer.
pub struct Desk {
    to_mixer: rtrb::Producer<Box<Voice>>,
    from_mixer: rtrb::Consumer<Box<Voice>>,
}

impl Desk {
    /// Hands a voice to the mixer; gives it back when too many are on their way.
    pub fn hand_over(&mut self, voice: Box<Voice>) -> Result<(), Box<Voice>> {
        self.to_mixer.push(voice).map_err(|rtrb::PushError::Full(voice)| voice)
    }

    /// Frees the voices that the mixer has done with.
    pub fn free_retired(&mut self) {
        while self.from_mixer.pop().is_ok() {}
    }
}

#[cfg(test)]
#[path = "mixer_tests.rs"]
mod tests;
