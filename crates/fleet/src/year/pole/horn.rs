//! The simulated sound device: sounds begin when they are to, end when they are over, and are cut by whatever cuts them.

use jiff::{SignedDuration, Timestamp};
use loa_agent::player::{End, Ending, Event as Said, Sound, SoundId};
use loa_protocol::{AiringId, Clock, ClockTrust};
use rand::Rng;

use super::{super::judge::lasts, Event, Pole};
use crate::year::{clock::later, judge::Heard};

/// How long a sound takes to fade out, or a device to begin.
const FADE: SignedDuration = SignedDuration::from_millis(20);
/// When the node hears of progress: after so much, and again.
const NOTES: [i64; 4] = [2, 30, 120, 600];

/// A sound that was started and isn't over.
#[derive(Debug)]
pub(super) struct Sounding {
    id: SoundId,
    airing: Option<AiringId>,
    begins: Timestamp,
    /// By the node's clock as it is now, what that shows more than the truth, and whether it is to be believed.
    began: (Timestamp, SignedDuration, bool),
    ends: Timestamp,
    how: End,
    /// The place of what was heard of it, once it has begun.
    heard: Option<usize>,
    notes: usize,
    skip: u64,
    whole: u64,
    gain: f32,
    /// The plan that it was ordered by.
    generation: Option<u64>,
}

impl Pole<'_> {
    pub(super) fn start(&mut self, sound: &Sound) {
        for id in self.sounding.iter().map(|other| other.id).collect::<Vec<_>>() {
            self.stop(id);
        }
        let wait = sound.at.map_or(SignedDuration::ZERO, |at| at.duration_since(self.clock.now()));
        let begins = later(later(self.now, wait.max(SignedDuration::ZERO)), FADE);
        let mut ends = later(begins, lasts(sound.frames));
        let mut how = End::Complete;
        if self.chance.random_bool(0.01) {
            how = End::OutputLost;
            ends = later(begins, lasts(self.chance.random_range(0..=sound.frames)));
        }
        let airing = self.node.as_ref().and_then(|node| node.airing_of(sound.id)).cloned();
        self.sounding.push(Sounding {
            id: sound.id,
            airing,
            begins,
            began: (later(begins, self.error()), self.error(), self.clock.trust() != ClockTrust::Unknown),
            ends,
            how,
            heard: None,
            notes: 0,
            skip: sound.skip,
            whole: sound.frames,
            gain: sound.gain,
            generation: self.generation,
        });
        self.at(begins, Some(self.life), Event::Horn(sound.id));
    }

    pub(super) fn stop(&mut self, id: SoundId) {
        let at = later(self.now, FADE);
        if let Some(sounding) =
            self.sounding.iter_mut().find(|sounding| sounding.id == id && at < sounding.ends)
        {
            (sounding.ends, sounding.how) = (at, End::Stopped);
            self.at(at, Some(self.life), Event::Horn(id));
        }
    }

    /// Something is due: a beginning, a word of progress, or the end.
    pub(super) fn horn(&mut self, id: SoundId) {
        let Some(place) = self.sounding.iter().position(|sounding| sounding.id == id) else { return };
        let now = self.now;
        let Some(sounding) = self.sounding.get(place) else { return };
        if now >= sounding.ends {
            let sounding = self.sounding.swap_remove(place);
            self.end(&sounding, now);
        } else if now >= sounding.begins && sounding.heard.is_none() {
            self.begins(place);
            let at = self.clock.now();
            self.operate(|node| node.played(Said::Started { id, at }));
            self.next_note(id);
        } else if sounding.heard.is_some() {
            let frames = frames_of(now.duration_since(sounding.begins)).min(sounding.whole);
            self.operate(|node| node.played(Said::Heard { id, frames }));
            self.next_note(id);
        } else {
            return;
        }
        self.turn();
    }

    fn next_note(&mut self, id: SoundId) {
        let Some(sounding) = self.sounding.iter_mut().find(|sounding| sounding.id == id) else { return };
        let note = NOTES.get(sounding.notes).map(|s| later(sounding.begins, SignedDuration::from_secs(*s)));
        sounding.notes += 1;
        let at = note.unwrap_or(sounding.ends).min(sounding.ends);
        self.at(at, Some(self.life), Event::Horn(id));
    }

    fn begins(&mut self, place: usize) {
        let latched = self.latched.is_some();
        let Some(sounding) = self.sounding.get_mut(place) else { return };
        // A tone has no airing; there are none in this year.
        let Some(airing) = sounding.airing.clone() else { return };
        let (began, error, trusted) = sounding.began;
        sounding.heard = Some(self.record.heard.len());
        self.record.heard.push(Heard {
            airing,
            skip: sounding.skip,
            whole: sounding.whole,
            frames: 0,
            began,
            ended: began,
            error,
            trusted,
            cut: false,
            gain: sounding.gain,
            latched,
            generation: sounding.generation,
        });
    }

    /// Tells the node how a sound ended.
    pub(super) fn end(&mut self, sounding: &Sounding, at: Timestamp) {
        let frames = self.note_end(sounding, at, false);
        let heard = sounding.heard.and_then(|place| self.record.heard.get(place));
        let how = if sounding.how == End::Complete && frames < sounding.whole {
            End::Stopped
        } else {
            sounding.how
        };
        let ending = Ending {
            how,
            frames,
            total: (how == End::Complete).then_some(sounding.skip + sounding.whole),
            started_at: heard.map(|heard| heard.began).filter(|_| frames > 0),
            ended_at: self.clock.now(),
        };
        let learnt = self.operate(|node| node.played(Said::Ended { id: sounding.id, ending }));
        if !learnt && let Some(heard) = sounding.heard.and_then(|place| self.record.heard.get_mut(place)) {
            heard.cut = true;
        }
    }

    /// The power is gone.
    pub(super) fn silence(&mut self) {
        for sounding in std::mem::take(&mut self.sounding) {
            self.note_end(&sounding, self.now, true);
        }
    }

    fn note_end(&mut self, sounding: &Sounding, at: Timestamp, cut: bool) -> u64 {
        let frames = frames_of(at.duration_since(sounding.begins)).min(sounding.whole);
        let ended = self.clock.now();
        let Some(heard) = sounding.heard.and_then(|place| self.record.heard.get_mut(place)) else { return 0 };
        heard.frames = frames;
        heard.ended = ended;
        heard.cut = cut;
        frames
    }
}

fn frames_of(time: SignedDuration) -> u64 {
    u64::try_from(time.as_micros() * 6 / 125).unwrap_or(0)
}
