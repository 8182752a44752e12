//! The player: one thread that owns the sound output for the life of the agent.
//!
//! It decodes into a short lock-free ring; the output's own thread takes the samples from there through the [`mixer`]. What plays
//! survives the loss of the device: the output is reopened for ever, with jittered back-off, and the sound goes on where it
//! would be by then. What was not heard is reported, never caught up with.
//!
//! Which airing plays is not decided here: the node starts and stops sounds by name and hears what became of each.

mod deck;
pub mod mixer;
mod sound;
mod track;

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use loa_protocol::{Clock, health::AmplifierState};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    alive::{Part, Question},
    amplifier::Amplifier,
    output::{Output, Trouble},
};
use deck::Deck;
pub use sound::{Sound, SoundId, Source};

/// Starts and stops sounds. The real one is [`Player`]; simulated nodes bring their own.
pub trait Plays: Send {
    /// Plays a sound; what sounds now fades out.
    fn start(&self, sound: Sound);
    /// Fades a sound out.
    fn stop(&self, id: SoundId);
    /// Errors of the output so far.
    fn errors(&self) -> u64;
}

/// What becomes of sounds.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Its first frame has left the device, or is about to.
    Started {
        /// Which sound.
        id: SoundId,
        /// When.
        at: Timestamp,
    },
    /// So many of its frames have left the device.
    Heard {
        /// Which sound.
        id: SoundId,
        /// Frames so far.
        frames: u64,
    },
    /// It is over; nothing more will be heard of it.
    Ended {
        /// Which sound.
        id: SoundId,
        /// How it ended.
        ending: Ending,
    },
    /// The output works, or doesn't.
    Output {
        /// Whether sound can come out.
        ready: bool,
    },
    /// The amplifier is otherwise than before.
    Amplifier {
        /// How it is.
        state: AmplifierState,
        /// The code of what is wrong with it.
        fault: Option<&'static str>,
    },
}

/// How a sound ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Why there is no more of it.
    pub how: End,
    /// Its frames that surely left the device. What the device held when it was lost is not counted, though some of it may have sounded.
    pub frames: u64,
    /// Its length in frames, when it was read to its end.
    pub total: Option<u64>,
    /// When its first frame left the device.
    pub started_at: Option<Timestamp>,
    /// When its last frame left the device.
    pub ended_at: Timestamp,
}

/// Why there is no more of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was played to its end.
    Complete,
    /// It was stopped, or another took its place.
    Stopped,
    /// The output was away for some of it, or all.
    OutputLost,
    /// Its source can't be read or decoded.
    Unreadable,
}

/// How the player behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long the output stays open after the last sound.
    pub linger: Duration,
    /// Seed of the jitter; must differ between nodes.
    pub seed: u64,
}

enum Order {
    Start(Sound),
    Stop(SoundId),
    Answer(Question),
    Quit,
}

/// The player's handle. Dropped, it fades out what plays and closes the output.
pub struct Player {
    orders: mpsc::Sender<Order>,
    trouble: Trouble,
    thread: Option<thread::JoinHandle<()>>,
}

impl Player {
    /// Starts the player's thread.
    pub fn spawn(
        output: Box<dyn Output>,
        trouble: Trouble,
        amplifier: Box<dyn Amplifier>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> io::Result<(Self, UnboundedReceiver<Event>)> {
        let (orders, incoming) = mpsc::channel();
        let (events, outgoing) = unbounded_channel();
        let deck = Deck::new(output, amplifier, clock, settings, events.clone());
        let thread = thread::Builder::new().name("loa-sound".into()).spawn(move || run(deck, &incoming))?;
        Ok((Self { orders, trouble, thread: Some(thread) }, outgoing))
    }

    /// How its thread is asked whether it turns. It answers without a sound device too.
    pub fn part(&self) -> Part {
        let orders = self.orders.clone();
        Part::new("player", move |question| {
            let _ = orders.send(Order::Answer(question));
        })
    }
}

impl Plays for Player {
    fn start(&self, sound: Sound) {
        let _ = self.orders.send(Order::Start(sound));
    }

    fn stop(&self, id: SoundId) {
        let _ = self.orders.send(Order::Stop(id));
    }

    fn errors(&self) -> u64 {
        self.trouble.total()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Longest that an orderly end waits for the fade-out to leave the device.
const FAREWELL: Duration = Duration::from_millis(500);

/// Of real-time threads' 1 to 99: above everything ordinary, below what the kernel and its drivers need.
const URGENCY: u8 = 10;

/// Asks the kernel to run this thread, and those that it starts (the sound device's own, for one), before all ordinary ones: a board
/// that is busy must not tear holes into an announcement. Needs `LimitRTPRIO=` or the like; without it sound works as well as the load
/// lets it.
fn run_before_others() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let priority =
        ThreadPriorityValue::try_from(URGENCY).map_or(ThreadPriority::Min, ThreadPriority::Crossplatform);
    let done = set_thread_priority_and_policy(thread_native_id(), priority, policy);
    if let Err(error) = done {
        tracing::info!(%error, "no real-time priority for sound; a busy machine may tear holes into it");
    }
}

fn run(mut deck: Deck, orders: &mpsc::Receiver<Order>) {
    run_before_others();
    deck.sleep();
    deck.probe();
    let mut quit_by = None;
    loop {
        let wait = deck.step();
        if quit_by.is_some_and(|by| deck.now() >= by || !deck.sounds()) {
            return;
        }
        let order = match wait {
            Some(wait) => orders.recv_timeout(wait),
            None => orders.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
        };
        match order {
            Ok(Order::Start(sound)) => deck.start(sound),
            Ok(Order::Stop(id)) => deck.stop(id),
            Ok(Order::Answer(question)) => question.answer(),
            Ok(Order::Quit) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                deck.stop_all();
                quit_by.get_or_insert(deck.now() + FAREWELL);
                // Nothing more is ordered; the fade-out is only watched.
                thread::sleep(Duration::from_millis(5));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

type Events = UnboundedSender<Event>;
