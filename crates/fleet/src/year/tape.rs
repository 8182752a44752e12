//! A player without a device: what it is ordered to do is written down, with how much of the journal was on disk by then.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use loa_agent::player::{Plays, Sound, SoundId};

/// What the node ordered.
#[derive(Debug)]
pub(super) enum Order {
    /// Play this; so many bytes of the journal were written before.
    Start(Sound, u64),
    /// Fade this out.
    Stop(SoundId),
}

/// The player.
#[derive(Debug, Clone)]
pub(super) struct Tape {
    journal: PathBuf,
    orders: Arc<Mutex<Vec<Order>>>,
}

impl Tape {
    pub(super) fn new(journal: PathBuf) -> Self {
        Self { journal, orders: Arc::default() }
    }

    fn note(&self, order: Order) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order);
    }

    /// What was ordered since the last call.
    pub(super) fn orders(&self) -> Vec<Order> {
        std::mem::take(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Plays for Tape {
    fn start(&self, sound: Sound) {
        let written = fs::metadata(&self.journal).map_or(0, |about| about.len());
        self.note(Order::Start(sound, written));
    }

    fn stop(&self, id: SoundId) {
        self.note(Order::Stop(id));
    }

    fn errors(&self) -> u64 {
        0
    }
}
