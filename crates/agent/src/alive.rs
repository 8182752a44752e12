//! Tells the service manager that the agent is ready, and goes on telling it that the agent lives (`sd_notify(3)`, `WatchdogSec=`).
//!
//! What it promises: a sign of life is sent only after each part that matters has answered a question of its own: the player's thread and
//! the link's loop. A timer alone would feed the watchdog of an agent that can't speak any more. A missing sound card and a missing network
//! are no reason to be restarted: both are tried again for ever, and a restart brings neither back.
//!
//! Started without a service manager, it waits until the agent is ready, and says nothing.

use std::{io, sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::{
    sync::oneshot,
    time::{MissedTickBehavior, interval, timeout},
};

/// Of the watchdog's limit passes between two rounds of questions: two may come late.
const SHARE: u32 = 3;

/// A question that a part answers when its loop comes to it.
#[derive(Debug)]
pub struct Question(oneshot::Sender<()>);

impl Question {
    /// Yes, it turns.
    pub fn answer(self) {
        // Whoever asked may have gone.
        let _ = self.0.send(());
    }
}

/// A part of the agent that can be asked whether it turns.
#[derive(Clone)]
pub struct Part {
    name: &'static str,
    ask: Arc<dyn Fn(Question) + Send + Sync>,
}

impl Part {
    /// A part that is asked by `ask`, which puts the question into its way and doesn't wait.
    pub fn new(name: &'static str, ask: impl Fn(Question) + Send + Sync + 'static) -> Self {
        Self { name, ask: Arc::new(ask) }
    }

    /// Waits until it answers, for ever if need be; false: it has ended, and never will.
    async fn turns(&self, patience: Duration) -> bool {
        let (question, mut answer) = oneshot::channel();
        (self.ask)(Question(question));
        let answered = if let Ok(answered) = timeout(patience, &mut answer).await {
            answered
        } else {
            tracing::error!(part = self.name, "does not answer");
            answer.await
        };
        if answered.is_err() {
            tracing::error!(part = self.name, "has ended by itself");
        }
        answered.is_ok()
    }
}

/// Whether a service manager started the agent, which then starts it again when it ends.
pub fn is_supervised() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

type Tell = dyn Fn(&[NotifyState<'_>]) -> io::Result<()> + Send + Sync;

/// Who started the agent and may end it.
#[derive(Clone)]
pub struct Supervisor {
    watchdog: Option<Duration>,
    tell: Arc<Tell>,
}

impl Supervisor {
    /// The one that the environment names; none is there when it names none.
    pub fn of_environment() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), tell: Arc::new(sd_notify::notify) }
    }

    /// The agent was told to end. Not for a restart: it keeps its process, says READY again, and would be killed after `TimeoutStopSec=`.
    pub fn stopping(&self) {
        self.say(&NotifyState::Stopping);
    }

    fn say(&self, state: &NotifyState<'_>) {
        if let Err(error) = (self.tell)(std::slice::from_ref(state)) {
            tracing::warn!(%error, "the service manager can't be told");
        }
    }
}

/// Says READY when the agent is, and then WATCHDOG for as long as all parts answer. Ends when a part has: no sign of life follows.
pub async fn keep(parts: Vec<Part>, supervisor: Supervisor) {
    let limit = supervisor.watchdog.unwrap_or(Duration::from_secs(30));
    if !ready(&parts, limit).await {
        return;
    }
    supervisor.say(&NotifyState::Ready);
    if supervisor.watchdog.is_none() {
        return;
    }
    let mut rounds = interval(limit / SHARE);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if !all_turn(&parts, limit).await {
            return;
        }
        supervisor.say(&NotifyState::Watchdog);
    }
}

/// What must hold before READY. By the time this is called the identity, the plan and the journal are open; that both the player and the link
/// turn is asked here. Whatever else a release has to prove before it is trusted belongs here too. It has `TimeoutStartSec=` for all of it.
async fn ready(parts: &[Part], patience: Duration) -> bool {
    all_turn(parts, patience).await
}

async fn all_turn(parts: &[Part], patience: Duration) -> bool {
    for part in parts {
        if !part.turns(patience).await {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(30);

    /// A supervisor and what it hears.
    fn supervisor(watchdog: Option<Duration>) -> (Supervisor, UnboundedReceiver<String>) {
        let (told, hears) = unbounded_channel();
        let tell = Arc::new(move |states: &[NotifyState<'_>]| {
            for state in states {
                told.send(state.to_string()).unwrap();
            }
            Ok(())
        });
        (Supervisor { watchdog, tell }, hears)
    }

    /// A part, and the questions that it is asked.
    fn part(name: &'static str) -> (Part, UnboundedReceiver<Question>) {
        let (ask, asked) = unbounded_channel();
        (Part::new(name, move |question| drop(ask.send(question))), asked)
    }

    /// A part that always answers.
    fn well(name: &'static str) -> Part {
        Part::new(name, Question::answer)
    }

    /// Whether `hears` stays silent for ten times the watchdog's limit.
    async fn silent(hears: &mut UnboundedReceiver<String>) -> bool {
        timeout(LIMIT * 10, hears.recv()).await.is_err()
    }

    #[tokio::test]
    async fn ready_waits_for_every_part_and_each_sign_of_life_for_an_answer() {
        let (supervisor, mut hears) = supervisor(Some(LIMIT));
        let (player, mut asked) = part("player");
        let keeping = tokio::spawn(keep(vec![well("link"), player], supervisor));
        let question = asked.recv().await.unwrap();
        assert!(silent(&mut hears).await, "not ready before the player is");
        question.answer();
        assert_eq!(hears.recv().await.unwrap(), "READY=1");
        for _ in 0..5 {
            asked.recv().await.unwrap().answer();
            assert_eq!(hears.recv().await.unwrap(), "WATCHDOG=1");
        }
        keeping.abort();
    }

    #[tokio::test]
    async fn a_part_that_hangs_is_fed_for_no_longer_and_asked_only_once() {
        let (supervisor, mut hears) = supervisor(Some(LIMIT));
        let (link, mut asked) = part("link");
        let _keeping = tokio::spawn(keep(vec![well("player"), link], supervisor));
        asked.recv().await.unwrap().answer();
        assert_eq!(hears.recv().await.unwrap(), "READY=1");
        let hanging = asked.recv().await.unwrap();
        assert!(silent(&mut hears).await);
        assert!(asked.try_recv().is_err(), "questions don't pile up");
        hanging.answer();
        assert_eq!(hears.recv().await.unwrap(), "WATCHDOG=1", "it was only slow");
    }

    #[tokio::test]
    async fn a_part_that_has_ended_is_the_end_of_all_signs_of_life() {
        let (supervisor, mut hears) = supervisor(Some(LIMIT));
        let (player, mut asked) = part("player");
        let keeping = tokio::spawn(keep(vec![player], supervisor));
        asked.recv().await.unwrap().answer();
        assert_eq!(hears.recv().await.unwrap(), "READY=1");
        drop(asked);
        keeping.await.unwrap();
        assert_eq!(hears.recv().await, None);
    }

    #[tokio::test]
    async fn without_a_watchdog_it_says_ready_and_no_more() {
        let (supervisor, mut hears) = supervisor(None);
        keep(vec![well("player")], supervisor).await;
        assert_eq!(hears.recv().await.unwrap(), "READY=1");
        assert_eq!(hears.recv().await, None);
    }

    #[test]
    fn the_unit_waits_for_ready_and_has_a_watchdog_that_leaves_time_for_a_restart() {
        let unit = include_str!("../../../deploy/loa-agent.service");
        assert!(unit.lines().any(|line| line == "Type=notify"));
        assert!(unit.lines().any(|line| line == "WatchdogSec=30"));
    }
}
