//! What the player's thread does, step by step, without waiting: so that a test can take each step at an instant of its choice.

use std::{sync::Arc, time::Duration};

use loa_protocol::{Clock, health::AmplifierState};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    Event, Events, Settings, Sound, SoundId,
    mixer::{Desk, Mixer},
    track::Track,
};
use crate::{
    amplifier::{Amplifier, Fault},
    output::{Output, OutputError, Stream},
};

/// How often rings are filled: well within the 500 ms they hold.
const FEED_EVERY: Duration = Duration::from_millis(150);
/// How often a sound is looked at while something is about to happen to it.
const URGENT: Duration = Duration::from_millis(10);
/// How often an idle output is looked at.
const IDLE: Duration = Duration::from_millis(500);
/// First wait before another try to open the output.
const FIRST_RETRY: Duration = Duration::from_millis(50);
/// Longest wait while something should sound.
const RETRY: Duration = Duration::from_millis(400);
/// Longest wait while nothing should.
const IDLE_RETRY: Duration = Duration::from_secs(10);
/// Progress is told after so many more frames: each second.
const TELL_EVERY: u64 = 48_000;

pub(super) struct Deck {
    output: Box<dyn Output>,
    amplifier: Box<dyn Amplifier>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    events: Events,
    tracks: Vec<Track>,
    open: Option<Open>,
    ready: Option<bool>,
    failures: u32,
    retry_at: Duration,
    /// When the amplifier is awake; absent while it is off.
    awake_at: Option<Duration>,
    /// What was last told of the amplifier.
    amplifier_told: Option<AmplifierState>,
    idle_since: Option<Duration>,
    chance: StdRng,
}

struct Open {
    stream: Box<dyn Stream>,
    desk: Desk,
}

impl Deck {
    pub(super) fn new(
        output: Box<dyn Output>,
        amplifier: Box<dyn Amplifier>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        events: Events,
    ) -> Self {
        Self {
            output,
            amplifier,
            clock,
            settings,
            events,
            tracks: Vec::new(),
            open: None,
            ready: None,
            failures: 0,
            retry_at: Duration::ZERO,
            awake_at: None,
            amplifier_told: None,
            idle_since: None,
            chance: StdRng::seed_from_u64(settings.seed),
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Whether anything sounds or should.
    pub(super) fn sounds(&self) -> bool {
        !self.tracks.is_empty()
    }

    /// Puts the amplifier to sleep, whatever an earlier run left it as.
    pub(super) fn sleep(&mut self) {
        self.amplifier.off();
    }

    /// Finds out whether the output works, and tells.
    pub(super) fn probe(&mut self) {
        let found = self.output.probe();
        self.opened(found);
    }

    pub(super) fn start(&mut self, sound: Sound) {
        self.stop_all();
        self.tracks.push(Track::new(sound, self.now(), self.clock.now()));
    }

    pub(super) fn stop(&mut self, id: SoundId) {
        for track in self.tracks.iter_mut().filter(|track| track.sound.id == id) {
            track.stop();
        }
    }

    pub(super) fn stop_all(&mut self) {
        self.tracks.iter_mut().filter(|track| !track.stopping).for_each(Track::stop);
    }

    /// Does what is to be done now; how long nothing more need be done, or for ever.
    pub(super) fn step(&mut self) -> Option<Duration> {
        let now = self.now();
        self.notice_loss(now);
        self.wake_amplifier(now);
        self.keep_open(now);
        self.feed(now);
        self.tell(now);
        self.rest(now);
        self.amplifier.tend(now);
        self.tell_amplifier(now);
        self.wait(now)
    }

    fn tell_amplifier(&mut self, now: Duration) {
        if !self.amplifier.is_there() {
            return;
        }
        let fault = self.amplifier.fault();
        let state = match self.awake_at {
            _ if fault.is_some() => AmplifierState::Fault,
            None => AmplifierState::Off,
            Some(at) if now < at => AmplifierState::Warming,
            Some(_) if self.sounds() => AmplifierState::On,
            Some(_) => AmplifierState::Lingering,
        };
        if self.amplifier_told != Some(state) {
            self.amplifier_told = Some(state);
            let _ = self.events.send(Event::Amplifier { state, fault: fault.map(Fault::code) });
        }
    }

    fn notice_loss(&mut self, now: Duration) {
        if self.open.as_ref().is_some_and(|open| open.stream.failed()) {
            self.open = None;
            self.lose(now);
            self.opened(Err(OutputError::Failed("it stopped working".into())));
        }
    }

    fn lose(&mut self, now: Duration) {
        let wall = self.clock.now();
        for track in &mut self.tracks {
            if let Some(at) = track.follow(now, wall) {
                let _ = self.events.send(Event::Started { id: track.sound.id, at });
            }
            track.lose(now, wall);
        }
    }

    fn wake_amplifier(&mut self, now: Duration) {
        if self.sounds() {
            self.idle_since = None;
            if self.awake_at.is_none() {
                self.amplifier.on();
                self.awake_at = Some(now + self.amplifier.lead());
            }
        }
    }

    /// Opens the output when something should sound, or tries whether it works again.
    fn keep_open(&mut self, now: Duration) {
        if self.open.is_some() || now < self.retry_at {
            return;
        }
        if self.tracks.iter().any(|track| !track.is_over(now)) {
            let (mixer, mut desk) = Mixer::new(self.clock.clone());
            // The first buffer that the device takes should have sound in it.
            self.prepare(now, &mut desk);
            match self.output.open(mixer) {
                Ok(stream) => {
                    self.open = Some(Open { stream, desk });
                    self.opened(Ok(()));
                }
                Err(error) => {
                    self.lose(now);
                    self.opened(Err(error));
                }
            }
        } else if self.ready == Some(false) {
            self.probe();
        }
    }

    fn opened(&mut self, result: Result<(), OutputError>) {
        let ready = result.is_ok();
        match result {
            Ok(()) => {
                self.failures = 0;
                self.retry_at = Duration::ZERO;
            }
            Err(error) => {
                if self.ready != Some(false) {
                    tracing::warn!(%error, "the sound output is lost; trying again until it returns");
                }
                let most = if self.sounds() { RETRY } else { IDLE_RETRY };
                let bound = FIRST_RETRY.saturating_mul(1 << self.failures.min(12)).min(most);
                self.failures += 1;
                self.retry_at = self.now() + bound.mul_f64(self.chance.random_range(0.5..=1.0));
            }
        }
        if self.ready != Some(ready) {
            if ready && self.ready.is_some() {
                tracing::info!("the sound output works again");
            }
            self.ready = Some(ready);
            let _ = self.events.send(Event::Output { ready });
        }
    }

    /// Makes sounds ready and hands them to the mixer, once the amplifier is awake.
    fn prepare(&mut self, now: Duration, desk: &mut Desk) {
        let awake = self.awake_at.is_none_or(|at| now >= at);
        for track in self.tracks.iter_mut().filter(|track| !track.stopping && !track.is_over(now)) {
            if track.feed.is_none() && awake {
                track.prepare(now);
            }
            if let Some(feed) = &mut track.feed
                && let Some(voice) = feed.voice.take()
            {
                feed.voice = desk.hand_over(voice).err();
            }
        }
    }

    fn feed(&mut self, now: Duration) {
        let Some(mut open) = self.open.take() else { return };
        self.prepare(now, &mut open.desk);
        self.tracks.iter_mut().for_each(Track::feed);
        open.desk.free_retired();
        self.open = Some(open);
    }

    /// Tells the node what has become of each sound.
    fn tell(&mut self, now: Duration) {
        let wall = self.clock.now();
        let events = &self.events;
        self.tracks.retain_mut(|track| {
            let id = track.sound.id;
            if let Some(at) = track.follow(now, wall) {
                let _ = events.send(Event::Started { id, at });
            }
            let heard = track.heard();
            if heard >= track.told + TELL_EVERY {
                track.told = heard;
                let _ = events.send(Event::Heard { id, frames: heard });
            }
            let over = track.is_over(now);
            if over {
                if track.starved() > 0 {
                    tracing::warn!(times = track.starved(), "a sound came too late for the device");
                }
                let _ = events.send(Event::Ended { id, ending: track.ending(wall) });
            }
            !over
        });
    }

    /// Closes the output and lets the amplifier sleep when nothing has sounded for a while.
    fn rest(&mut self, now: Duration) {
        if self.sounds() || (self.open.is_none() && self.awake_at.is_none()) {
            return;
        }
        let since = *self.idle_since.get_or_insert(now);
        if now >= since + self.settings.linger {
            self.open = None;
        }
        if self.awake_at.is_some() && now >= since + self.amplifier.linger() {
            self.amplifier.off();
            self.awake_at = None;
        }
    }

    fn wait(&self, now: Duration) -> Option<Duration> {
        if self.sounds() {
            let urgent = self.open.is_none() || self.tracks.iter().any(Track::is_urgent);
            return Some(if urgent { URGENT } else { FEED_EVERY });
        }
        let retry = (self.ready == Some(false)).then(|| self.retry_at.saturating_sub(now).max(URGENT));
        let rest = (self.open.is_some() || self.awake_at.is_some()).then_some(IDLE);
        let tend = self.amplifier.busy().then_some(IDLE);
        retry.into_iter().chain(rest).chain(tend).min()
    }
}

impl Drop for Deck {
    fn drop(&mut self) {
        self.open = None;
        if self.awake_at.is_some() {
            self.amplifier.off();
        }
    }
}

#[cfg(test)]
#[path = "deck_tests.rs"]
mod tests;
