//! Tells the service manager that the broker is ready, and goes on telling it that the broker lives (`sd_notify(3)`, `WatchdogSec=`).
//!
//! What it promises: a sign of life is sent only after everything that matters has answered: the database, the programme's lock, the embedded
//! MQTT server, and the loop that hears nodes. That something *fails* is an answer: a broker whose disk is full can still stop
//! what sounds, and a restart wouldn't help it. Only what hangs, or has ended by itself, is worth a restart. An MQTT server elsewhere that
//! can't be reached is none either.

use std::{io, time::Duration};

use loa_mqtt::Publish;
use loa_protocol::topic;
use sd_notify::NotifyState;
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::task::TaskTracker;

use crate::app::App;

/// Of the watchdog's limit passes between two rounds: two may come late.
const SHARE: u32 = 3;
/// The watchdog's limit where nobody sets one: rounds are made all the same, so that what has ended is noticed.
const LIMIT: Duration = Duration::from_secs(30);
/// What doesn't answer for so long is logged.
const PATIENCE: Duration = Duration::from_secs(10);

/// A question that a loop answers when it comes to it.
pub type Question = oneshot::Sender<()>;

/// What is asked.
pub struct Vital<'a> {
    /// For its database, its lock and its bus.
    pub app: &'a App,
    /// Asks the loop that hears nodes.
    pub listening: mpsc::Sender<Question>,
    /// The broker's loops ...
    pub loops: &'a TaskTracker,
    /// ... of which there have to be so many.
    pub started: usize,
}

impl Vital<'_> {
    /// Waits until everything has answered, for ever if need be.
    pub async fn answers(&self) -> Result<(), Ended> {
        if self.loops.len() < self.started {
            return Err(Ended);
        }
        if let Err(error) = patiently("the database", self.app.store.ping()).await {
            tracing::error!(%error, "the database does not work");
        }
        drop(patiently("the programme", self.app.programme.lock()).await);
        if self.app.settings.mqtt_url.is_none() {
            // No node is let near this topic, and nobody listens: it goes through the server and no further.
            let sign = Publish::new(format!("{}alive", topic::PREFIX), "").at_most_once();
            if let Err(error) = patiently("MQTT", self.app.bus.publish(sign)).await {
                tracing::error!(%error, "the MQTT server does not work");
            }
        }
        let (question, answer) = oneshot::channel();
        if self.listening.send(question).await.is_err() {
            return Err(Ended);
        }
        patiently("the loop that hears nodes", answer).await.map_err(|_| Ended)
    }
}

/// Waits for ever, but not in silence.
async fn patiently<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    if let Ok(answer) = timeout(PATIENCE, &mut answer).await {
        return answer;
    }
    tracing::error!(what, "does not answer");
    answer.await
}

/// Something ended that has to run for as long as the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the broker ended by itself")]
pub struct Ended;

/// Who started the broker and may end it.
pub struct Supervisor<T> {
    watchdog: Option<Duration>,
    tell: T,
}

impl Supervisor<fn(&[NotifyState<'_>]) -> io::Result<()>> {
    /// The one that the environment names; none is there when it names none.
    pub fn of_environment() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), tell: sd_notify::notify }
    }
}

impl<T: Fn(&[NotifyState<'_>]) -> io::Result<()>> Supervisor<T> {
    /// Everything listens.
    pub fn ready(&self) {
        self.say(&NotifyState::Ready);
    }

    /// The broker was told to end.
    pub fn stopping(&self) {
        self.say(&NotifyState::Stopping);
    }

    /// Sends a sign of life after each of the `answers`; returns when something has ended by itself.
    pub async fn feed(&self, answers: impl AsyncFn() -> Result<(), Ended>) -> Ended {
        let limit = self.watchdog.unwrap_or(LIMIT);
        let mut rounds = interval(limit / SHARE);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            if let Err(ended) = answers().await {
                return ended;
            }
            if self.watchdog.is_some() {
                self.say(&NotifyState::Watchdog);
            }
        }
    }

    fn say(&self, state: &NotifyState<'_>) {
        if let Err(error) = (self.tell)(std::slice::from_ref(state)) {
            tracing::warn!(%error, "the service manager can't be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        future::pending,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn each_sign_of_life_follows_an_answer_and_nothing_that_hangs_is_fed() {
        let (said, asked) = (RefCell::new(Vec::new()), Cell::new(0));
        let tell = |states: &[NotifyState<'_>]| {
            said.borrow_mut().extend(states.iter().map(ToString::to_string));
            Ok(())
        };
        let supervisor = Supervisor { watchdog: Some(LIMIT), tell };
        let answers = async || {
            asked.set(asked.get() + 1);
            if asked.get() > 3 { pending().await } else { Ok(()) }
        };
        assert!(timeout(LIMIT * 20, supervisor.feed(answers)).await.is_err(), "it waits for what hangs");
        assert_eq!(*said.borrow(), ["WATCHDOG=1"; 3]);
        assert_eq!(asked.get(), 4, "what hangs is not asked again");
    }

    #[tokio::test]
    async fn what_ended_by_itself_is_told_without_a_watchdog_too() {
        let said = Cell::new(0);
        let tell = |states: &[NotifyState<'_>]| {
            said.set(said.get() + states.len());
            Ok(())
        };
        let supervisor = Supervisor { watchdog: None, tell };
        assert_eq!(supervisor.feed(async || Err(Ended)).await, Ended);
        assert_eq!(said.get(), 0);
    }

    #[test]
    fn the_unit_waits_for_ready_and_has_a_watchdog() {
        let unit = include_str!("../../../deploy/loa-broker.service");
        assert!(unit.lines().any(|line| line == "Type=notify"));
        assert!(unit.lines().any(|line| line == "WatchdogSec=30"));
    }
}
