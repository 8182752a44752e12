//! The clocks of one simulated machine, below the agent's own: the wall clock is wrong, stepped or woken up in 1970, as it is told to be, and
//! a time daemon leaves its mark when it has put it right, or wrong.

use std::{
    fs::File,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::Clock;

/// One machine's clocks from power-on to power-off. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Machine(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// What time it really is.
    truth: Timestamp,
    on_since: Timestamp,
    /// What the machine's clock shows more than that.
    error: SignedDuration,
    /// What its time daemon touches.
    mark: PathBuf,
}

/// An instant some time after another, or before.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

impl Machine {
    /// Switched on at `truth`, showing so much more.
    pub(super) fn new(truth: Timestamp, error: SignedDuration, mark: PathBuf) -> Self {
        let _ = std::fs::remove_file(&mark);
        Self(Arc::new(Mutex::new(State { truth, on_since: truth, error, mark })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time passes, until then.
    pub(super) fn pass(&self, truth: Timestamp) {
        let mut state = self.state();
        state.truth = state.truth.max(truth);
    }

    /// The clock is put forward or back, and nobody vouches for it.
    pub(super) fn step(&self, by: SignedDuration) {
        let mut state = self.state();
        state.error = state.error.saturating_add(by);
    }

    /// The time daemon puts the clock right, or wrong by `error`, and vouches for it.
    pub(super) fn synchronise(&self, error: SignedDuration) {
        let mut state = self.state();
        state.error = error;
        let shown = later(state.truth, error).duration_since(Timestamp::UNIX_EPOCH);
        let shown = UNIX_EPOCH + Duration::try_from(shown).unwrap_or_default();
        // Without a mark nobody vouches for it.
        let _ = File::create(&state.mark).and_then(|mark| mark.set_modified(shown));
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let state = self.state();
        later(state.truth, state.error)
    }

    fn monotonic(&self) -> Duration {
        let state = self.state();
        Duration::try_from(state.truth.duration_since(state.on_since)).unwrap_or_default()
    }
}
