//! What sounded, and when: stretches of sound without a break, each with its own line of time.

use std::time::Duration;

/// An instant, on both of the machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// `CLOCK_MONOTONIC`, nanoseconds. Compare instants of one machine by this.
    pub monotonic_ns: i64,
    /// `CLOCK_REALTIME`, nanoseconds since 1970.
    pub realtime_ns: i64,
}

impl Moment {
    /// The same instant as a timestamp.
    ///
    /// # Panics
    /// Never within the years that jiff can express.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.realtime_ns)).unwrap_or_default()
    }

    /// Time from `earlier` to this; negative if it was later. In nanoseconds.
    pub fn since(self, earlier: Self) -> i64 {
        self.monotonic_ns - earlier.monotonic_ns
    }

    pub(super) fn later(self, nanoseconds: i64) -> Self {
        Self { monotonic_ns: self.monotonic_ns + nanoseconds, realtime_ns: self.realtime_ns + nanoseconds }
    }
}

/// Which frame sounds when: from each anchor on, at its speed, until the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    pub(super) anchors: Vec<Anchor>,
}

/// From `at` on, frames sound at `frames_per_ns`, counted from `frame`. See `tests/soundcard/clock.h`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) at: Moment,
    pub(super) frame: f64,
    pub(super) frames_per_ns: f64,
}

impl Timeline {
    /// When `frame` sounds; `None` before the card has started.
    pub(super) fn moment_of(&self, frame: u64) -> Option<Moment> {
        let frame = frame as f64;
        let anchor =
            self.anchors.iter().rev().find(|anchor| anchor.frame <= frame).or(self.anchors.first())?;
        Some(anchor.at.later(((frame - anchor.frame) / anchor.frames_per_ns) as i64))
    }

    /// How many frames have begun to sound by the instant `now` of `CLOCK_REALTIME`.
    pub(super) fn begun_by(&self, now_realtime_ns: i64) -> u64 {
        let Some(first) = self.anchors.first().filter(|anchor| anchor.at.realtime_ns <= now_realtime_ns)
        else {
            return 0;
        };
        let anchor = self
            .anchors
            .iter()
            .rev()
            .find(|anchor| anchor.at.realtime_ns <= now_realtime_ns)
            .unwrap_or(first);
        let position = anchor.frame + (now_realtime_ns - anchor.at.realtime_ns) as f64 * anchor.frames_per_ns;
        // While the card is frozen the next anchor lies ahead, and holds the count.
        let held = self.anchors.iter().find(|anchor| anchor.at.realtime_ns > now_realtime_ns);
        held.map_or(position, |held| position.min(held.frame)) as u64 + 1
    }
}

/// Why a stretch of sound ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It goes on.
    StillPlaying,
    /// The program stopped, drained or closed the card.
    Stopped,
    /// The card ran dry.
    Xrun,
    /// The card was pulled out.
    Unplugged,
    /// The program vanished without closing it.
    Abandoned,
}

/// Everything that sounded, in order.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Stretches without a break, each with at least one frame.
    pub segments: Vec<Segment>,
}

impl Capture {
    /// The first channel of all segments, end to end: the pauses between them are left out.
    pub fn mono(&self) -> Vec<f32> {
        self.segments.iter().flat_map(Segment::mono).collect()
    }

    /// How many frames sounded in all.
    pub fn frames(&self) -> usize {
        self.segments.iter().map(Segment::len).sum()
    }
}

/// A stretch of sound without a break.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Nominal frames a second.
    pub rate: u32,
    /// Samples in a frame.
    pub channels: u16,
    /// When its first frame sounded, on `CLOCK_MONOTONIC`.
    pub start_monotonic_ns: i64,
    /// When its first frame sounded, on `CLOCK_REALTIME`.
    pub start_realtime_ns: i64,
    /// Samples, full scale ±1, channels interleaved. Exact for `S16_LE` and `FLOAT_LE`.
    pub frames: Vec<f32>,
    /// Why it ended.
    pub ending: Ending,
    pub(super) timeline: Timeline,
}

impl Segment {
    /// Frames in it.
    pub fn len(&self) -> usize {
        self.frames.len() / usize::from(self.channels)
    }

    /// Whether it has no frame; the segments of a [`Capture`] all have some.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The first channel.
    pub fn mono(&self) -> Vec<f32> {
        self.frames.iter().step_by(usize::from(self.channels)).copied().collect()
    }

    /// When a frame sounded, or will.
    pub fn moment_of(&self, frame: usize) -> Moment {
        let start = Moment { monotonic_ns: self.start_monotonic_ns, realtime_ns: self.start_realtime_ns };
        self.timeline.moment_of(frame as u64).unwrap_or(start)
    }

    /// How long it sounded, by the machine's clock.
    pub fn duration(&self) -> Duration {
        let start = self.moment_of(0);
        Duration::from_nanos(u64::try_from(self.moment_of(self.len()).since(start)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(ns: i64, frame: f64, frames_per_ns: f64) -> Anchor {
        Anchor { at: Moment { monotonic_ns: ns, realtime_ns: ns + 1_000_000 }, frame, frames_per_ns }
    }

    #[test]
    fn a_frame_sounds_by_the_last_anchor_before_it() {
        // 1 frame each 1,000 ns; from frame 100 twice as fast.
        let line = Timeline { anchors: vec![anchor(50_000, 0.0, 1e-3), anchor(150_000, 100.0, 2e-3)] };
        assert_eq!(line.moment_of(0).unwrap().monotonic_ns, 50_000);
        assert_eq!(line.moment_of(99).unwrap().monotonic_ns, 149_000);
        assert_eq!(line.moment_of(100).unwrap().monotonic_ns, 150_000);
        assert_eq!(line.moment_of(110).unwrap().realtime_ns, 155_000 + 1_000_000);
    }

    #[test]
    fn a_frozen_card_sounds_nothing_new_until_it_thaws() {
        // Frozen at frame 100.5, from 150,500 ns until 400,000 ns.
        let line = Timeline { anchors: vec![anchor(50_000, 0.0, 1e-3), anchor(400_000, 100.5, 1e-3)] };
        assert_eq!(line.moment_of(100).unwrap().monotonic_ns, 150_000);
        assert_eq!(line.moment_of(101).unwrap().monotonic_ns, 400_500);
        let at = |ns: i64| line.begun_by(ns + 1_000_000);
        assert_eq!(at(49_999), 0, "not started");
        assert_eq!(at(50_000), 1);
        assert_eq!(at(150_400), 101);
        assert_eq!(at(300_000), 101, "frozen");
        assert_eq!(at(400_500), 102);
    }

    #[test]
    fn a_card_that_has_not_started_has_no_instants() {
        assert_eq!(Timeline::default().moment_of(0), None);
        assert_eq!(Timeline::default().begun_by(i64::MAX), 0);
    }
}
