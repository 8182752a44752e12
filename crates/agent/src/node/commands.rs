//! Commands: from bytes off the wire to what the node does.

use bytes::Bytes;
use jiff::Timestamp;
use loa_audio::tone;
use loa_protocol::{
    Action, AiringId, BroadcastId, ClipHash, Command, Outcome, Play, Reason, Receipt, Refusal, envelope,
    limits,
};
use std::time::Duration;

use super::{Node, Request};
use crate::{
    files,
    journal::Accepted,
    player::{Plays, Sound, Source},
};

/// Longest test tone that a command may ask for, milliseconds.
const LONGEST_TONE_MS: u32 = 10_000;
/// Of the test tone, Hz: in the middle of what a horn carries.
const TEST_TONE_HZ: f64 = 1_000.0;
/// Of tones, dBFS: no louder than speech.
const TONE_LEVEL: f64 = -12.0;

impl<P: Plays> Node<P> {
    pub(super) fn heard_command(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        let (sealed, attachment) = envelope::unframe(payload)?;
        let present = self.present();
        let command: Command = self.trust.read(sealed, present)?;
        let areas = self.plan.areas().to_vec();
        // Meant for the hardware that was here before; whether it played, this journal doesn't know. The broker has settled it.
        let anothers = matches!(command.action, Action::Play(_)) && command.issued_at < self.identity.since;
        match self.journal.admit(&command, &self.id, &areas, self.clock.now()) {
            Ok(()) if anothers => return Err(Refusal::NotForThisNode),
            Ok(()) => {}
            Err(Refusal::Expired) if !anothers => {
                if let Action::Time { answers, now } = &command.action {
                    // By a clock that is ahead. Its question proves that it isn't old.
                    self.heard_the_time(answers, *now);
                    return Ok(());
                }
                self.expired(&command);
                return Err(Refusal::Expired);
            }
            Err(refusal) => return Err(refusal),
        }
        match &command.action {
            Action::Play(play) => return self.play(&command, play, attachment),
            Action::Stop { broadcast, latch } => {
                tracing::info!(?broadcast, latch, "stops");
                self.stop(broadcast.as_ref());
                self.journal.stop(broadcast.as_ref(), command.issued_at);
                if *latch && broadcast.is_none() {
                    self.latch(command.issued_at);
                }
                self.journal.remember(&command);
                self.save();
            }
            Action::Acknowledge { airings } => {
                self.journal.forget(airings);
                self.sending.forget(airings);
                self.note_lazily(&command);
            }
            Action::TestTone { duration_ms } => {
                self.note(&command);
                let duration = Duration::from_millis((*duration_ms).min(LONGEST_TONE_MS).into());
                self.sound_tone(tone::sine(TEST_TONE_HZ, duration, TONE_LEVEL));
            }
            Action::Time { answers, now } => {
                self.note_lazily(&command);
                self.heard_the_time(answers, *now);
            }
            Action::Identify => {
                self.note(&command);
                self.sound_tone(three_tones());
            }
            Action::Restart => {
                self.note(&command);
                tracing::info!("restarts by command");
                self.requests.push(Request::Restart);
            }
        }
        Ok(())
    }

    /// Of what does no harm if it is done again after a power cut: worth no synchronised write.
    fn note_lazily(&mut self, command: &Command) {
        self.journal.remember(command);
        if let Err(error) = self.journal.save_lazily() {
            self.disk_failed(&error);
        }
    }

    fn note(&mut self, command: &Command) {
        self.journal.remember(command);
        self.save();
    }

    /// A command that is too late was still rightly signed for this node: its airing is owed a receipt.
    fn expired(&mut self, command: &Command) {
        self.journal.saw(command.issued_at);
        if let Action::Play(play) = &command.action {
            let accepted = self.accepted(command, play);
            if !self.journal.knows(&accepted.airing) {
                self.settle_unheard(&accepted, Outcome::Missed, Reason::Expired);
            }
        }
        self.save();
    }

    fn accepted(&self, command: &Command, play: &Play) -> Accepted {
        Accepted {
            airing: AiringId::derive(&play.broadcast, &self.id, command.issued_at),
            broadcast: play.broadcast.clone(),
            class: play.class,
            title: play.title.chars().take(200).collect(),
            start: command.issued_at,
            expires_at: command.expires_at,
            clip: play.clip.clone(),
            planned: None,
        }
    }

    fn play(&mut self, command: &Command, play: &Play, attachment: Option<&[u8]>) -> Result<(), Refusal> {
        let accepted = self.accepted(command, play);
        if self.journal.knows(&accepted.airing) {
            self.note(command);
            return Ok(());
        }
        if self.journal.is_stopped(&play.broadcast, command.issued_at) {
            self.settle_unheard(&accepted, Outcome::Missed, Reason::Stopped);
            self.note(command);
            return Ok(());
        }
        if self.is_latched() {
            self.settle_unheard(&accepted, Outcome::Refused, Reason::Latched);
            self.note(command);
            return Ok(());
        }
        if play.clip.attached {
            let bytes = attachment.filter(|bytes| ClipHash::of(bytes) == play.clip.hash);
            let Some(bytes) = bytes else {
                self.settle_unheard(&accepted, Outcome::Refused, Reason::ClipCorrupt);
                self.note(command);
                return Err(Refusal::WrongAttachment);
            };
            self.begin_to_owe(command, accepted, Some(Source::Memory(Bytes::copy_from_slice(bytes))));
            // After it is on its way: the horns don't wait for the disk.
            match self.cache.keep(&play.clip.hash, bytes) {
                Err(error) if files::is_full(&error) => self.disk_failed(&error),
                Err(error) => self.fault("clip_not_kept", &error.to_string()),
                Ok(()) => {}
            }
        } else if play.clip.bytes > limits::CLIP_BYTES {
            self.settle_unheard(&accepted, Outcome::Refused, Reason::ClipUnavailable);
            self.note(command);
        } else {
            let source = self.source_of(&play.clip.hash);
            self.begin_to_owe(command, accepted, source);
        }
        Ok(())
    }

    fn begin_to_owe(&mut self, command: &Command, accepted: Accepted, source: Option<Source>) {
        tracing::info!(airing = %accepted.airing, title = accepted.title, class = ?accepted.class, "takes on an airing");
        self.journal.accept(accepted.clone());
        self.journal.remember(command);
        self.take_on(accepted, source);
        self.save();
    }

    /// An airing that will never be heard.
    pub(super) fn settle_unheard(&mut self, accepted: &Accepted, outcome: Outcome, reason: Reason) {
        tracing::info!(airing = %accepted.airing, ?outcome, ?reason, "settled");
        self.journal.settle(Receipt {
            airing: accepted.airing.clone(),
            broadcast: accepted.broadcast.clone(),
            start: Some(accepted.start),
            outcome,
            reason: Some(reason),
            started_at: None,
            ended_at: self.clock.now(),
            frames: 0,
            clip_frames: accepted.clip_frames(),
            clip: accepted.clip.hash.clone(),
        });
    }

    /// A tone sounds only where nothing else does, and gives way to everything.
    fn sound_tone(&mut self, samples: Vec<f32>) {
        if self.is_latched() || self.arbiter.on_air().is_some() || !self.sounds.is_empty() {
            tracing::info!("no tone now: an airing is on, or everything is stopped");
            return;
        }
        let id = self.name_sound();
        let gain = f32::from(self.plan.volume().percent) / 100.0;
        self.tone = Some(id);
        let frames = samples.len() as u64;
        self.player.start(Sound {
            id,
            source: Source::Samples(samples.into()),
            gain,
            frames,
            skip: 0,
            at: None,
        });
    }

    /// Everything stays stopped until a plan issued later says otherwise.
    fn latch(&mut self, since: Timestamp) {
        let released = self.plan.held().is_some_and(|plan| plan.latch.is_none() && plan.issued_at > since);
        if !released && self.journal.latch().is_none_or(|latch| latch < since) {
            self.journal.set_latch(Some(since));
        }
    }

    pub(super) fn stop(&mut self, broadcast: Option<&BroadcastId>) {
        if broadcast.is_none()
            && let Some(tone) = self.tone.take()
        {
            self.player.stop(tone);
        }
        self.stop_airings(broadcast);
    }
}

/// Three short tones, a pause between them.
fn three_tones() -> Vec<f32> {
    let note = tone::sine(880.0, Duration::from_millis(250), TONE_LEVEL);
    let pause = vec![0.0; note.len()];
    [note.as_slice(), &pause, &note, &pause, &note].concat()
}
