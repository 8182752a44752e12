//! Waiting for sound and for silence.
//!
//! The files are looked at every 5 ms. The instants returned do not depend on it: they come from the card's clock.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use loa_protocol::clock::{Clock as _, SystemClock};

use super::Moment;
use super::tape::Tape;

/// How often a wait looks again. The one place where polling is right: the files' writer cannot call us.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How many frames are examined in one go.
const STRETCH: u64 = 65_536;

/// Looks every 5 ms until there is an answer. Fails after `timeout`.
pub(super) fn poll<T>(timeout: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let clock = SystemClock::new();
    loop {
        let late = clock.monotonic() >= timeout;
        if let Some(answer) = look()? {
            return Ok(answer);
        }
        if late {
            bail!("waited {timeout:?} in vain");
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Listens to a card from some frame on. It only ever goes forward.
#[derive(Debug)]
pub struct Ear {
    tape: Tape,
    passage: usize,
    frame: u64,
}

impl Ear {
    pub(super) fn new(tape: Tape) -> Self {
        Self { tape, passage: 0, frame: 0 }
    }

    /// Passes over all that has sounded up to now.
    pub fn skip(&mut self) -> Result<()> {
        self.tape.refresh()?;
        self.passage = self.tape.passages().saturating_sub(1);
        // Never back, even if the capture has not caught up with the clock.
        self.frame = self.tape.sounded(self.passage);
        Ok(())
    }

    /// The instant of the first frame, at or after where the ear is, with a sample of at least `threshold` (of full
    /// scale 1); the ear stays at that frame. Blocks up to `timeout`; a sound still queued is waited for.
    pub fn wait_for_sound(&mut self, threshold: f32, timeout: Duration) -> Result<Moment> {
        poll(timeout, || self.next_loud(threshold)).context("no sound")
    }

    /// The instant at which the last sound at or after where the ear is had died away, known once nothing has reached
    /// `threshold` for `stretch` (which must outlast the pauses of speech); the ear stays behind that sound. If there
    /// was no sound since, the instant of the frame where the ear is. Blocks up to `timeout`; fails on a card that has
    /// never played.
    pub fn wait_for_silence(
        &mut self,
        threshold: f32,
        stretch: Duration,
        timeout: Duration,
    ) -> Result<Moment> {
        let stretch_ns = i64::try_from(stretch.as_nanos())?;
        self.tape.refresh()?;
        let called_ns = self.tape.now_ns();
        let mut silent_since = self.tape.moment_of(self.passage, self.frame);
        let mut heard = false;
        poll(timeout, || {
            while self.next_loud(threshold)?.is_some() {
                self.frame = self.end_of_loud_run(threshold)?;
                silent_since = self.tape.moment_of(self.passage, self.frame);
                heard = true;
            }
            let Some(since) = silent_since else { return Ok(None) };
            let quiet_ns = self.tape.now_ns() - if heard { since.realtime_ns } else { called_ns };
            Ok((quiet_ns >= stretch_ns).then_some(since))
        })
        .context("no silence")
    }

    /// Moves to the first loud frame that has sounded, if there is one yet; else behind all that has sounded.
    fn next_loud(&mut self, threshold: f32) -> Result<Option<Moment>> {
        self.tape.refresh()?;
        loop {
            let sounded = self.tape.sounded(self.passage);
            while self.frame < sounded {
                let end = sounded.min(self.frame + STRETCH);
                let (samples, channels) = self.tape.samples(self.passage, self.frame, end)?;
                if let Some(index) = samples.iter().position(|sample| sample.abs() >= threshold) {
                    self.frame += (index / channels) as u64;
                    return Ok(self.tape.moment_of(self.passage, self.frame));
                }
                self.frame = end;
            }
            if !self.tape.over(self.passage) || self.passage + 1 >= self.tape.passages() {
                return Ok(None);
            }
            self.passage += 1;
            self.frame = 0;
        }
    }

    /// The frame after the last loud one, looking from where the ear is to what has sounded (or a stretch of it).
    fn end_of_loud_run(&self, threshold: f32) -> Result<u64> {
        let end = self.tape.sounded(self.passage).min(self.frame + STRETCH);
        let (samples, channels) = self.tape.samples(self.passage, self.frame, end)?;
        let last = samples.iter().rposition(|sample| sample.abs() >= threshold).unwrap_or(0);
        Ok(self.frame + (last / channels) as u64 + 1)
    }
}
