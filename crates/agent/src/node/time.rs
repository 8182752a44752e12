//! What time it is, from the broker: the state carries a question that nobody can foresee, and the broker's signed answer says the time. It came
//! after the question, so it is at most as old as the round trip. For a board without a battery that is the only way to trust its clock
//! where time servers can't be reached.

use std::time::Duration;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use super::Node;
use crate::{files, player::Plays};

/// How often the time is asked for on a connection that lasts.
const ASK_EVERY: Duration = Duration::from_secs(6 * 60 * 60);
/// A question without an answer is asked anew after this; each further one after twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// A question on its way.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) question: String,
    /// When it was handed to the link (monotonic).
    sent_at: Option<Duration>,
    /// How long to wait for the answer.
    wait: Duration,
}

impl<P: Plays> Node<P> {
    /// Asks the broker for the time with the next state.
    pub(super) fn ask_the_time(&mut self) {
        let mut bits = [0; 12];
        if SystemRandom::new().fill(&mut bits).is_ok() {
            let wait =
                self.asking.as_ref().map_or(FIRST_WAIT, |unanswered| unanswered.wait * 2).min(ASK_EVERY);
            self.asking = Some(Asking { question: files::hex(&bits), sent_at: None, wait });
            self.ask_at = self.clock.monotonic() + ASK_EVERY;
        }
    }

    pub(super) fn asked(&mut self) {
        let now = self.clock.monotonic();
        if let Some(asking) = &mut self.asking {
            asking.sent_at.get_or_insert(now);
        }
    }

    /// When to ask again (monotonic), while connected.
    pub(super) fn next_question(&self) -> Option<Duration> {
        let unanswered = self.asking.as_ref().and_then(|asking| Some(asking.sent_at? + asking.wait));
        self.connected.then_some(unanswered.unwrap_or(self.ask_at))
    }

    pub(super) fn ask_again(&mut self, now: Duration) {
        if self.next_question().is_some_and(|at| at <= now) {
            self.ask_the_time();
        }
    }

    pub(super) fn heard_the_time(&mut self, answers: &str, at: Timestamp) {
        let now = self.clock.monotonic();
        let Some(sent_at) = self.asking.as_ref().filter(|a| a.question == answers).and_then(|a| a.sent_at)
        else {
            tracing::debug!("the time, in answer to no question of ours");
            return;
        };
        self.asking = None;
        self.clock.told(at, now.saturating_sub(sent_at));
        self.timetable.look_again();
    }
}
