//! One sound on its way: read, fed into a ring, and followed until its last frame has left the device.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use loa_audio::SAMPLE_RATE;

use super::{
    End, Ending, Sound,
    mixer::{Meter, RING, Voice},
    sound::Reading,
};

/// Frames decoded at a time: an Opus packet of 20 ms.
const STEP: usize = 960;

/// A sound and what has become of it.
pub(super) struct Track {
    pub(super) sound: Sound,
    /// The instant that it was given to begin at, if that was still to come; monotonic.
    due: Option<Duration>,
    /// When its first frame left the device, or would have had the device been there; monotonic.
    pub(super) origin: Option<Duration>,
    pub(super) feed: Option<Feed>,
    pub(super) stopping: bool,
    /// The device was away for a part of it.
    lost: bool,
    unreadable: bool,
    /// Frames heard before the device was last lost.
    earlier: u64,
    total: Option<u64>,
    pub(super) started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// Frames last told of.
    pub(super) told: u64,
}

/// A sound being fed to a mixer; it dies with the mixer.
pub(super) struct Feed {
    reading: Reading,
    samples: rtrb::Producer<f32>,
    pub(super) meter: Arc<Meter>,
    /// Until it is handed to the mixer.
    pub(super) voice: Option<Box<Voice>>,
    /// Where this began, frames after what is skipped.
    start: u64,
    fed: u64,
    ended: bool,
}

pub(super) fn frames_in(time: Duration) -> u64 {
    (time.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000) as u64
}

pub(super) fn time_of(frames: u64) -> Duration {
    Duration::from_nanos((u128::from(frames) * 1_000_000_000 / u128::from(SAMPLE_RATE)) as u64)
}

impl Track {
    /// `now` and `wall` are the same instant.
    pub(super) fn new(sound: Sound, now: Duration, wall: Timestamp) -> Self {
        let ahead = sound.at.and_then(|at| Duration::try_from(at.duration_since(wall)).ok());
        Self {
            sound,
            due: ahead.filter(|ahead| !ahead.is_zero()).map(|ahead| now + ahead),
            origin: None,
            feed: None,
            stopping: false,
            lost: false,
            unreadable: false,
            earlier: 0,
            total: None,
            started_at: None,
            ended_at: None,
            told: 0,
        }
    }

    /// Opens the source where the sound would be at `now`, and fills the ring.
    pub(super) fn prepare(&mut self, now: Duration) {
        let start = self.origin.map_or(0, |origin| frames_in(now.saturating_sub(origin)));
        self.lost |= start > 0;
        match self.sound.source.open(self.sound.skip + start) {
            Ok(reading) => {
                let (samples, consumer) = rtrb::RingBuffer::new(RING);
                let meter = Arc::new(Meter::default());
                let voice = Voice::new(consumer, meter.clone(), self.sound.gain);
                let at = self.sound.at.filter(|_| self.due.is_some_and(|due| now < due));
                let voice = Some(match at {
                    Some(at) => voice.starting_at(at.as_microsecond()),
                    None => voice,
                });
                self.feed = Some(Feed { reading, samples, meter, voice, start, fed: 0, ended: false });
                self.feed();
            }
            Err(error) => {
                tracing::warn!(%error, "a sound can't be opened");
                self.unreadable = true;
            }
        }
    }

    /// Decodes as much as the ring takes.
    pub(super) fn feed(&mut self) {
        let Some(feed) = &mut self.feed else { return };
        let mut frames = [0.0; STEP];
        while !feed.ended && feed.samples.slots() >= STEP {
            let count = feed.reading.read(&mut frames).unwrap_or_else(|error| {
                tracing::warn!(%error, "a sound can't be read further");
                self.unreadable = true;
                0
            });
            // There is room for them all.
            let _ = feed.samples.push_entire_slice(&frames[..count]);
            feed.fed += count as u64;
            if count < STEP {
                feed.ended = true;
                // Resumed beyond its end, it tells nothing of its length.
                if !self.unreadable && (feed.start == 0 || feed.fed > 0) {
                    self.total = Some(self.sound.skip + feed.start + feed.fed);
                }
                feed.meter.complete.store(true, Ordering::Release);
            }
        }
    }

    /// Fades it out.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        match &self.feed {
            Some(feed) if feed.voice.is_none() => feed.meter.stop.store(true, Ordering::Release),
            _ => self.feed = None,
        }
    }

    /// The device is gone, and with it what it held.
    pub(super) fn lose(&mut self, now: Duration, wall: Timestamp) {
        self.follow(now, wall);
        if let Some(feed) = self.feed.take() {
            let heard = feed.meter.heard.load(Ordering::Acquire);
            if heard > 0 {
                self.ended_at = Some(wall);
            }
            self.earlier += heard;
        }
        let origin = *self.origin.get_or_insert(self.due.map_or(now, |due| due.max(now)));
        self.lost |= origin <= now;
    }

    /// Looks at what the mixer has done; when the first frame left the device, if that is news.
    pub(super) fn follow(&mut self, now: Duration, wall: Timestamp) -> Option<Timestamp> {
        let feed = self.feed.as_ref()?;
        if self.started_at.is_some() {
            return None;
        }
        let started = Timestamp::from_microsecond(feed.meter.started_us()?).ok()?;
        self.started_at = Some(started);
        let ago = Duration::try_from(wall.duration_since(started)).unwrap_or_default();
        self.origin.get_or_insert(now.saturating_sub(ago + time_of(feed.start)));
        Some(started)
    }

    /// Frames that have surely left the device.
    pub(super) fn heard(&self) -> u64 {
        let now = self.feed.as_ref().map_or(0, |feed| feed.meter.heard.load(Ordering::Acquire));
        self.earlier + now
    }

    /// Whether nothing more will be heard of it.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        if let Some(feed) = &self.feed {
            return feed.meter.done.load(Ordering::Acquire);
        }
        let known = self.total.map(|total| total.saturating_sub(self.sound.skip));
        let length = time_of(known.unwrap_or(self.sound.frames));
        self.stopping || self.unreadable || self.origin.is_some_and(|origin| now >= origin + length)
    }

    /// Whether it needs looking after often: it has just begun, or is about to be over.
    pub(super) fn is_urgent(&self) -> bool {
        self.stopping || self.started_at.is_none() || self.feed.as_ref().is_none_or(|feed| feed.ended)
    }

    /// Times that the ring ran dry.
    pub(super) fn starved(&self) -> u32 {
        self.feed.as_ref().map_or(0, |feed| feed.meter.starved.load(Ordering::Relaxed))
    }

    pub(super) fn ending(&self, wall: Timestamp) -> Ending {
        let frames = self.heard();
        let whole = self.total.is_some_and(|total| self.sound.skip + frames >= total);
        let how = match () {
            () if self.unreadable => End::Unreadable,
            () if whole && !self.lost => End::Complete,
            () if self.stopping => End::Stopped,
            () if self.lost || !whole => End::OutputLost,
            () => End::Complete,
        };
        let ended =
            self.feed.as_ref().and_then(|feed| Timestamp::from_microsecond(feed.meter.ended_us()?).ok());
        Ending {
            how,
            frames,
            total: self.total,
            started_at: self.started_at,
            ended_at: ended.or(self.ended_at).unwrap_or(wall),
        }
    }
}
