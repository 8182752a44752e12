//! Airings from taken on to settled: fetched if need be, given the output by the arbiter, played, reported.

use jiff::Timestamp;
use loa_protocol::{AiringId, BroadcastId, Class, ClipHash, Outcome, Reason, Receipt};
use loa_schedule::{Decision, Item};

use super::{Node, Request};
use crate::{
    cache::FetchError,
    journal::{Accepted, Progress},
    player::{End, Ending, Plays, Sound, SoundId, Source},
};

/// The first progress note of an airing, frames: 2 s.
const FIRST_NOTE: u64 = 2 * 48_000;

/// An airing that is taken on and not yet settled.
#[derive(Debug)]
pub(super) struct Airing {
    pub(super) accepted: Accepted,
    /// Absent while the clip is fetched.
    source: Option<Source>,
    sound: Option<SoundId>,
    pub(super) started_at: Option<Timestamp>,
    /// Why it is being faded out.
    fate: Option<(Outcome, Reason)>,
    next_note: u64,
}

impl<P: Plays> Node<P> {
    /// Takes on an airing; it is in the journal's memory already.
    pub(super) fn take_on(&mut self, accepted: Accepted, source: Option<Source>) {
        self.cache.need(&accepted.clip.hash);
        let source = source.or_else(|| self.source_of(&accepted.clip.hash));
        let airing = accepted.airing.clone();
        let fetched = source.is_some();
        let taken =
            Airing { accepted, source, sound: None, started_at: None, fate: None, next_note: FIRST_NOTE };
        self.airings.insert(airing.clone(), taken);
        if fetched { self.offer(&airing) } else { self.fetch_for(&airing) }
    }

    fn offer(&mut self, airing: &AiringId) {
        let Some(taken) = self.airings.get(airing) else { return };
        let item = Item {
            airing: airing.clone(),
            broadcast: taken.accepted.broadcast.clone(),
            rank: taken.accepted.class.into(),
            start: taken.accepted.start,
            expires_at: taken.accepted.expires_at,
        };
        let present = self.present();
        let decisions = self.arbiter.offer(item, present);
        self.carry_out(&decisions);
    }

    fn fetch_for(&mut self, airing: &AiringId) {
        let Some(taken) = self.airings.get(airing) else { return };
        let (clip, until) = (taken.accepted.clip.clone(), taken.accepted.expires_at);
        if self.fetching.contains_key(&clip.hash) {
            return;
        }
        self.cache.make_room(clip.bytes);
        self.cache.make_room_on_disk(clip.bytes);
        self.fetching.insert(clip.hash.clone(), until);
        let partial = self.cache.partial_path(&clip.hash);
        self.requests.push(Request::Fetch { clip, partial, until });
    }

    pub(super) fn fetch_ended(&mut self, hash: &ClipHash, result: Result<(), FetchError>) {
        let Some(until) = self.fetching.remove(hash) else { return };
        let result =
            result.and_then(|()| self.cache.adopt(hash).map_err(|error| FetchError::Disk(error.to_string())));
        let mut waiting: Vec<_> = self
            .airings
            .values()
            .filter(|a| a.source.is_none() && a.accepted.clip.hash == *hash)
            .map(|a| (a.accepted.start, a.accepted.clone()))
            .collect();
        waiting.sort_by_key(|(start, _)| *start);
        for (_, accepted) in waiting {
            match &result {
                Ok(()) => {
                    let source = Source::File(self.cache.path(hash));
                    if let Some(taken) = self.airings.get_mut(&accepted.airing) {
                        taken.source = Some(source);
                    }
                    self.offer(&accepted.airing);
                }
                // Another airing of the same clip may have more time.
                Err(_) if accepted.expires_at > until && accepted.expires_at > self.present() => {
                    self.fetch_for(&accepted.airing);
                }
                Err(error) => {
                    let reason = match error {
                        FetchError::DiskFull => Reason::DiskFull,
                        FetchError::Corrupt => Reason::ClipCorrupt,
                        _ => Reason::ClipUnavailable,
                    };
                    tracing::warn!(clip = %hash, %error, "gave up fetching a clip");
                    self.finish_unheard(&accepted.airing, Outcome::Missed, reason);
                }
            }
        }
        match result {
            Err(FetchError::DiskFull) => self.disk_failed(&std::io::ErrorKind::StorageFull.into()),
            Err(FetchError::Disk(error)) => self.fault("disk_error", &error),
            _ => {}
        }
    }

    /// Does what the arbiter decided: first on disk, then to the ear.
    pub(super) fn carry_out(&mut self, decisions: &[Decision]) {
        if decisions.is_empty() {
            return;
        }
        let now = self.clock.now();
        for decision in decisions {
            let airing = &decision.item().airing;
            match decision {
                Decision::Start(_) => self.journal.begin(airing, now),
                Decision::PreEmpt(_) => self.end_as(airing, Outcome::PreEmpted, Reason::StrongerClass),
                Decision::Stop(_) => self.end_as(airing, Outcome::Missed, Reason::Stopped),
                Decision::Expire(_) => self.end_as(airing, Outcome::Missed, Reason::Expired),
            }
        }
        self.save();
        for decision in decisions {
            if let Decision::Start(item) = decision {
                self.begin(&item.airing);
            }
        }
    }

    /// Fades out what sounds, and settles what doesn't.
    fn end_as(&mut self, airing: &AiringId, outcome: Outcome, reason: Reason) {
        match self.airings.get_mut(airing) {
            Some(Airing { sound: Some(sound), fate, .. }) => {
                *fate = Some((outcome, reason));
                self.player.stop(*sound);
            }
            Some(_) => self.finish_unheard(airing, outcome, reason),
            None => {}
        }
    }

    fn begin(&mut self, airing: &AiringId) {
        let id = self.name_sound();
        let volume = self.plan.volume();
        let Some(taken) = self.airings.get_mut(airing) else { return };
        let Some(source) = taken.source.clone() else { return };
        taken.sound = Some(id);
        let percent =
            if taken.accepted.class == Class::Emergency { volume.emergency_percent } else { volume.percent };
        self.sounds.insert(id, airing.clone());
        self.tone = None;
        tracing::info!(%airing, title = taken.accepted.title, "begins");
        let frames = taken.accepted.clip_frames();
        self.player.start(Sound {
            id,
            source,
            gain: f32::from(percent.min(100)) / 100.0,
            frames,
            skip: 0,
            at: None,
        });
    }

    pub(super) fn stop_airings(&mut self, broadcast: Option<&BroadcastId>) {
        let present = self.present();
        let decisions = self.arbiter.stop(broadcast, present);
        // To the ear first: see the module's promise.
        for decision in &decisions {
            if let Decision::Stop(item) = decision
                && let Some(sound) = self.airings.get(&item.airing).and_then(|taken| taken.sound)
            {
                self.player.stop(sound);
            }
        }
        self.carry_out(&decisions);
        let fetching: Vec<_> = self
            .airings
            .values()
            .filter(|a| a.source.is_none() && broadcast.is_none_or(|b| a.accepted.broadcast == *b))
            .map(|a| a.accepted.airing.clone())
            .collect();
        for airing in fetching {
            self.finish_unheard(&airing, Outcome::Missed, Reason::Stopped);
        }
    }

    fn finish_unheard(&mut self, airing: &AiringId, outcome: Outcome, reason: Reason) {
        if let Some(taken) = self.airings.remove(airing) {
            self.cache.release(&taken.accepted.clip.hash);
            self.settle_unheard(&taken.accepted, outcome, reason);
        }
    }

    pub(super) fn sound_started(&mut self, id: SoundId, at: Timestamp) {
        if let Some(taken) = self.sounds.get(&id).and_then(|airing| self.airings.get_mut(airing)) {
            taken.started_at = Some(at);
        }
    }

    pub(super) fn sound_heard(&mut self, id: SoundId, frames: u64) {
        let at = self.clock.now();
        let Some(airing) = self.sounds.get(&id) else { return };
        let Some(taken) = self.airings.get_mut(airing).filter(|taken| frames >= taken.next_note) else {
            return;
        };
        taken.next_note = next_note(frames);
        self.journal.progress(airing, Progress { started_at: taken.started_at, frames, at });
        if let Err(error) = self.journal.save_lazily() {
            self.disk_failed(&error);
        }
    }

    pub(super) fn sound_ended(&mut self, id: SoundId, ending: &Ending) {
        if self.tone == Some(id) {
            self.tone = None;
        }
        let Some(airing) = self.sounds.remove(&id) else { return };
        let Some(taken) = self.airings.remove(&airing) else { return };
        self.cache.release(&taken.accepted.clip.hash);
        let (outcome, reason) = outcome(ending, taken.fate);
        let clip_frames = ending.total.unwrap_or_else(|| taken.accepted.clip_frames()).max(ending.frames);
        tracing::info!(%airing, ?outcome, ?reason, frames = ending.frames, clip_frames, "settled");
        self.journal.settle(Receipt {
            airing: airing.clone(),
            broadcast: taken.accepted.broadcast,
            start: Some(taken.accepted.start),
            outcome,
            reason,
            started_at: ending.started_at,
            ended_at: ending.ended_at,
            frames: ending.frames,
            clip_frames,
            clip: taken.accepted.clip.hash,
        });
        let present = self.present();
        let decisions = self.arbiter.ended(&airing, present);
        self.carry_out(&decisions);
        self.save();
    }

    pub(super) fn silence_for_farewell(&mut self) {
        if let Some(tone) = self.tone.take() {
            self.player.stop(tone);
        }
        for (sound, airing) in &self.sounds {
            if let Some(taken) = self.airings.get_mut(airing) {
                taken.fate.get_or_insert((Outcome::Partial, Reason::AgentRestarted));
            }
            self.player.stop(*sound);
        }
        // What waits stays in the journal and is taken up by the next start; nothing may begin meanwhile.
        self.arbiter = loa_schedule::Arbiter::default();
    }
}

/// What a receipt says of an ending.
fn outcome(ending: &Ending, fate: Option<(Outcome, Reason)>) -> (Outcome, Option<Reason>) {
    let some_or_none = if ending.frames > 0 { Outcome::Partial } else { Outcome::Missed };
    match (ending.how, fate) {
        (End::Complete, _) => (Outcome::Played, None),
        (_, Some((Outcome::PreEmpted, reason))) => (Outcome::PreEmpted, Some(reason)),
        (_, Some((_, reason))) => (some_or_none, Some(reason)),
        (End::OutputLost, None) => (some_or_none, Some(Reason::OutputLost)),
        (End::Unreadable, None) => (some_or_none, Some(Reason::ClipCorrupt)),
        (End::Stopped, None) => (some_or_none, Some(Reason::AgentRestarted)),
    }
}

/// When to note progress next, after `frames`: a quarter later, so that a long airing doesn't wear the card out.
fn next_note(frames: u64) -> u64 {
    frames + (frames / 4).max(FIRST_NOTE)
}

/// How many progress notes an airing of `seconds` costs.
pub fn checkpoints(seconds: u64) -> usize {
    std::iter::successors(Some(FIRST_NOTE), |frames| Some(next_note(*frames)))
        .take_while(|frames| *frames <= seconds * 48_000)
        .count()
}
