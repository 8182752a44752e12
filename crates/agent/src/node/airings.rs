//! Airings from taken on to settled: fetched if need be, given the output by the arbiter, played, reported.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use loa_protocol::{AiringId, BroadcastId, Class, ClipHash, ClipRef, ClockTrust, Outcome, Reason, Receipt};
use loa_schedule::{Decision, Item, Spell};

use super::{Fetching, Node, Request};
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
    /// Frames heard before it was suspended.
    pub(super) heard: u64,
    /// When it was last suspended.
    rested_at: Option<Timestamp>,
    /// Why it is being faded out.
    fate: Option<Fate>,
    next_note: u64,
}

/// Why an airing is being faded out.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// That is the end of it.
    End(Outcome, Reason),
    /// It goes on later.
    Suspended,
}

impl<P: Plays> Node<P> {
    /// Takes on an airing; it is in the journal's memory already.
    pub(super) fn take_on(&mut self, accepted: Accepted, source: Option<Source>) {
        self.cache.need(&accepted.clip.hash);
        let source = source.or_else(|| self.source_of(&accepted.clip.hash));
        let airing = accepted.airing.clone();
        let fetched = source.is_some();
        let taken = Airing {
            accepted,
            source,
            sound: None,
            started_at: None,
            heard: 0,
            rested_at: None,
            fate: None,
            next_note: FIRST_NOTE,
        };
        self.airings.insert(airing.clone(), taken);
        if fetched { self.offer(&airing) } else { self.fetch_for(&airing) }
    }

    /// Gives an airing to the arbiter, unless it is too early.
    pub(super) fn offer(&mut self, airing: &AiringId) {
        if self.keep_back(airing) {
            return;
        }
        let Some(taken) = self.airings.get(airing) else { return };
        let item = Item {
            airing: airing.clone(),
            broadcast: taken.accepted.broadcast.clone(),
            rank: taken.accepted.class.into(),
            start: taken.accepted.start,
            expires_at: taken.accepted.expires_at,
            order: taken.accepted.planned.as_ref().map_or(0, |planned| planned.order),
            resume: taken.accepted.planned.as_ref().is_some_and(|planned| planned.resume),
        };
        // What may not sound interrupts nothing.
        if self.arbiter.on_air().is_some_and(|on_air| item.rank > on_air.rank)
            && let Some(reason) = self.forbidden(airing)
        {
            self.finish_unheard(airing, Outcome::Refused, reason);
            self.save();
            return;
        }
        let present = self.present();
        let decisions = self.arbiter.offer(item, present);
        self.carry_out(&decisions);
    }

    fn fetch_for(&mut self, airing: &AiringId) {
        let Some(taken) = self.airings.get(airing) else { return };
        let (clip, until) = (taken.accepted.clip.clone(), taken.accepted.expires_at);
        if let Some(fetch) = self.fetching.get(&clip.hash) {
            fetch.hurry.store(true, Ordering::Relaxed);
            return;
        }
        self.fetch(clip, until, false);
    }

    /// Has a clip fetched: for an airing that is due, or ahead.
    pub(super) fn fetch(&mut self, clip: ClipRef, until: Timestamp, ahead: bool) {
        self.cache.make_room(clip.bytes);
        self.cache.make_room_on_disk(clip.bytes);
        let hurry = Arc::new(AtomicBool::new(!ahead));
        self.fetching.insert(clip.hash.clone(), Fetching { until, ahead, hurry: Arc::clone(&hurry) });
        let partial = self.cache.partial_path(&clip.hash);
        self.requests.push(Request::Fetch { clip, partial, until, hurry });
    }

    /// Gives up what waits for its clip and may not begin any more; when the next of them comes to that.
    pub(super) fn expire_without_clip(&mut self, present: Timestamp) -> Option<Timestamp> {
        let mut late = Vec::new();
        let mut next: Option<Timestamp> = None;
        // A fetch for an airing ends with it by itself; one that began ahead goes on.
        let waits = |taken: &&Airing| {
            let fetch = self.fetching.get(&taken.accepted.clip.hash);
            taken.source.is_none() && fetch.is_none_or(|fetch| fetch.ahead)
        };
        for taken in self.airings.values().filter(waits) {
            let at = taken.accepted.expires_at;
            if at <= present {
                late.push(taken.accepted.airing.clone());
            } else {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        for airing in &late {
            self.finish_unheard(airing, Outcome::Missed, Reason::ClipUnavailable);
        }
        if !late.is_empty() {
            self.save();
        }
        next
    }

    pub(super) fn fetch_ended(&mut self, hash: &ClipHash, result: Result<(), FetchError>) {
        let Some(Fetching { until, ahead, .. }) = self.fetching.remove(hash) else { return };
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
        match &result {
            Err(FetchError::DiskFull) => self.disk_failed(&std::io::ErrorKind::StorageFull.into()),
            Err(FetchError::Disk(error)) => self.fault("disk_error", error),
            _ => {}
        }
        match result {
            Err(error) if ahead => self.gave_up_ahead(hash, &error),
            _ => self.fetch_ahead(),
        }
    }

    /// Does what the arbiter decided: first on disk, then to the ear.
    pub(super) fn carry_out(&mut self, decisions: &[Decision]) {
        if decisions.is_empty() {
            return;
        }
        let trusted = self.clock.trust() != ClockTrust::Unknown;
        let now = self.clock.now();
        let (mut refused, mut too_early) = (Vec::new(), Vec::new());
        for decision in decisions {
            let airing = &decision.item().airing;
            match decision {
                // Its turn came after the clock was doubted.
                Decision::Start(_) if !trusted && self.is_by_plan(airing) => too_early.push(airing.clone()),
                Decision::Start(_) => match self.forbidden(airing) {
                    Some(reason) => refused.push((airing.clone(), reason)),
                    None => self.journal.begin(airing, now),
                },
                Decision::Suspend(_) => self.suspend(airing),
                Decision::PreEmpt(_) => self.end_as(airing, Outcome::PreEmpted, Reason::StrongerClass),
                Decision::Stop(_) => self.end_as(airing, Outcome::Missed, Reason::Stopped),
                Decision::Expire(_) => self.end_as(airing, Outcome::Missed, Reason::Expired),
            }
        }
        self.save();
        for decision in decisions {
            if let Decision::Start(item) = decision
                && !refused.iter().any(|(airing, _)| *airing == item.airing)
                && !too_early.contains(&item.airing)
            {
                self.begin(&item.airing);
            }
        }
        for (airing, reason) in &refused {
            // What still fades out because it was suspended was heard.
            self.end_as(airing, Outcome::Refused, *reason);
        }
        for airing in &too_early {
            self.timetable.hold(airing.clone());
        }
        for airing in refused.into_iter().map(|(airing, _)| airing).chain(too_early) {
            let present = self.present();
            let decisions = self.arbiter.ended(&airing, present);
            self.carry_out(&decisions);
            self.save();
        }
    }

    fn is_by_plan(&self, airing: &AiringId) -> bool {
        self.airings.get(airing).is_some_and(|taken| taken.accepted.planned.is_some())
    }

    /// When airings that aren't settled yet have sounded until now, as far as they count among the sessions of a day.
    pub(super) fn unsettled_spells(&self) -> impl Iterator<Item = Spell> {
        let present = self.present();
        let counts = |taken: &&Airing| taken.accepted.class != Class::Emergency;
        self.airings.values().filter(counts).filter_map(move |taken| {
            let (from, to) = (taken.started_at?, taken.sound.map(|_| present).or(taken.rested_at)?);
            (from < to).then_some(Spell { from, to })
        })
    }

    fn suspend(&mut self, airing: &AiringId) {
        if let Some(Airing { sound: Some(sound), fate, .. }) = self.airings.get_mut(airing) {
            *fate = Some(Fate::Suspended);
            self.player.stop(*sound);
        }
    }

    /// Fades out what sounds, and settles what doesn't.
    fn end_as(&mut self, airing: &AiringId, outcome: Outcome, reason: Reason) {
        match self.airings.get_mut(airing) {
            Some(Airing { sound: Some(sound), fate, .. }) => {
                let waited = matches!(fate, Some(Fate::Suspended)) && reason == Reason::Expired;
                *fate = Some(if waited {
                    Fate::End(Outcome::PreEmpted, Reason::StrongerClass)
                } else {
                    Fate::End(outcome, reason)
                });
                self.player.stop(*sound);
            }
            Some(_) => self.finish_unheard(airing, outcome, reason),
            None => {}
        }
    }

    fn begin(&mut self, airing: &AiringId) {
        let id = self.name_sound();
        let Some(accepted) = self.airings.get(airing).map(|taken| taken.accepted.clone()) else { return };
        let percent = self.percent(&accepted);
        let now = self.clock.now();
        let Some(taken) = self.airings.get_mut(airing) else { return };
        // One that still fades out because it was suspended goes on when it has.
        let (Some(source), None) = (taken.source.clone(), taken.sound) else { return };
        taken.sound = Some(id);
        taken.fate = None;
        self.sounds.insert(id, airing.clone());
        self.tone = None;
        tracing::info!(%airing, title = taken.accepted.title, "begins");
        let (skip, frames) = (taken.heard, accepted.clip_frames().saturating_sub(taken.heard));
        let at = Some(accepted.start).filter(|start| accepted.planned.is_some() && *start > now);
        self.player.start(Sound { id, source, gain: f32::from(percent.min(100)) / 100.0, frames, skip, at });
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
        // What the arbiter doesn't know yet: it waits for its clip, its instant, or a clock that can be trusted.
        let elsewhere: Vec<_> = self
            .airings
            .values()
            .filter(|a| a.sound.is_none() && broadcast.is_none_or(|b| a.accepted.broadcast == *b))
            .map(|a| a.accepted.airing.clone())
            .collect();
        for airing in elsewhere {
            self.finish_unheard(&airing, Outcome::Missed, Reason::Stopped);
        }
    }

    pub(super) fn finish_unheard(&mut self, airing: &AiringId, outcome: Outcome, reason: Reason) {
        let Some(taken) = self.airings.remove(airing) else { return };
        self.timetable.forget(airing);
        self.cache.release(&taken.accepted.clip.hash);
        let Some(started_at) = taken.started_at.filter(|_| taken.heard > 0) else {
            return self.settle_unheard(&taken.accepted, outcome, reason);
        };
        // It was suspended, and doesn't go on.
        let (outcome, reason) = match reason {
            Reason::Expired | Reason::StrongerClass => (Outcome::PreEmpted, Reason::StrongerClass),
            other => (Outcome::Partial, other),
        };
        self.journal.settle(Receipt {
            airing: airing.clone(),
            broadcast: taken.accepted.broadcast.clone(),
            start: Some(taken.accepted.start),
            outcome,
            reason: Some(reason),
            started_at: Some(started_at),
            // When it last sounded, not when it was given up: sessions are counted by that.
            ended_at: taken.rested_at.unwrap_or(started_at),
            frames: taken.heard,
            clip_frames: taken.accepted.clip_frames().max(taken.heard),
            clip: taken.accepted.clip.hash,
        });
    }

    /// The clock was put back: what was taken on too early is as if it had never been.
    pub(super) fn withdraw_later_than(&mut self, horizon: Timestamp) {
        let early = |taken: &&Airing| {
            let never_heard = taken.sound.is_none() && taken.heard == 0;
            never_heard && taken.accepted.planned.is_some() && taken.accepted.start > horizon
        };
        let early: Vec<_> = self.airings.values().filter(early).map(|a| a.accepted.clone()).collect();
        for Accepted { airing, clip, .. } in early {
            self.airings.remove(&airing);
            self.timetable.forget(&airing);
            self.cache.release(&clip.hash);
            self.journal.withdraw(&airing);
            let present = self.present();
            let decisions = self.arbiter.ended(&airing, present);
            self.carry_out(&decisions);
        }
    }

    pub(super) fn sound_started(&mut self, id: SoundId, at: Timestamp) {
        if let Some(taken) = self.sounds.get(&id).and_then(|airing| self.airings.get_mut(airing)) {
            taken.started_at.get_or_insert(at);
        }
    }

    pub(super) fn sound_heard(&mut self, id: SoundId, frames: u64) {
        let at = self.clock.now();
        let Some(airing) = self.sounds.get(&id) else { return };
        let Some(taken) = self.airings.get_mut(airing) else { return };
        let frames = taken.heard + frames;
        if frames < taken.next_note {
            return;
        }
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
        if self.rests(&airing, ending) {
            return;
        }
        let Some(taken) = self.airings.remove(&airing) else { return };
        self.cache.release(&taken.accepted.clip.hash);
        let frames = taken.heard + ending.frames;
        let (outcome, reason) = outcome(ending, taken.heard, taken.fate);
        let clip_frames = ending.total.unwrap_or_else(|| taken.accepted.clip_frames()).max(frames);
        tracing::info!(%airing, ?outcome, ?reason, frames, clip_frames, "settled");
        self.journal.settle(Receipt {
            airing: airing.clone(),
            broadcast: taken.accepted.broadcast,
            start: Some(taken.accepted.start),
            outcome,
            reason,
            started_at: taken.started_at.filter(|_| taken.heard > 0).or(ending.started_at),
            ended_at: ending.ended_at,
            frames,
            clip_frames,
            clip: taken.accepted.clip.hash,
        });
        let present = self.present();
        let decisions = self.arbiter.ended(&airing, present);
        self.carry_out(&decisions);
        self.save();
    }

    /// Whether an airing whose sound ended goes on later.
    fn rests(&mut self, airing: &AiringId, ending: &Ending) -> bool {
        let Some(taken) = self.airings.get_mut(airing) else { return false };
        if !matches!((taken.fate, ending.how), (Some(Fate::Suspended), End::Stopped)) {
            return false;
        }
        (taken.sound, taken.fate) = (None, None);
        taken.heard += ending.frames;
        taken.rested_at = Some(ending.ended_at);
        if taken.heard > 0 {
            let started_at = *taken.started_at.get_or_insert(ending.started_at.unwrap_or(ending.ended_at));
            let progress =
                Progress { started_at: Some(started_at), frames: taken.heard, at: ending.ended_at };
            self.journal.progress(airing, progress);
            self.save();
        }
        if self.arbiter.on_air().is_some_and(|item| item.airing == *airing) {
            self.begin(airing);
        }
        true
    }

    pub(super) fn silence_for_farewell(&mut self) {
        if let Some(tone) = self.tone.take() {
            self.player.stop(tone);
        }
        for (sound, airing) in &self.sounds {
            if let Some(taken) = self.airings.get_mut(airing)
                && !matches!(taken.fate, Some(Fate::End(..)))
            {
                taken.fate = Some(Fate::End(Outcome::Partial, Reason::AgentRestarted));
            }
            self.player.stop(*sound);
        }
        // What waits stays in the journal and is taken up by the next start; nothing may begin meanwhile.
        self.arbiter = loa_schedule::Arbiter::default();
    }
}

/// What a receipt says of an ending.
fn outcome(ending: &Ending, heard: u64, fate: Option<Fate>) -> (Outcome, Option<Reason>) {
    let some_or_none = if heard + ending.frames > 0 { Outcome::Partial } else { Outcome::Missed };
    match (ending.how, fate) {
        // Interrupted and gone on with, it was heard all the same.
        (End::Complete, _) => (Outcome::Played, (heard > 0).then_some(Reason::StrongerClass)),
        (_, Some(Fate::End(Outcome::PreEmpted, reason))) => (Outcome::PreEmpted, Some(reason)),
        (_, Some(Fate::End(_, reason))) => (some_or_none, Some(reason)),
        (End::OutputLost, _) => (some_or_none, Some(Reason::OutputLost)),
        (End::Unreadable, _) => (some_or_none, Some(Reason::ClipCorrupt)),
        (End::Stopped, _) => (some_or_none, Some(Reason::AgentRestarted)),
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
