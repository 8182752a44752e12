//! Strength of what wants to sound.

use loa_protocol::Class;

/// The order in which sources may take the output, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Relayed radio.
    Relay,
    /// A normal bulletin.
    Normal,
    /// A priority bulletin.
    Priority,
    /// A person at a microphone.
    Live,
    /// An emergency bulletin.
    Emergency,
    /// A person at a microphone in an emergency.
    EmergencyLive,
}

impl From<Class> for Rank {
    fn from(class: Class) -> Self {
        match class {
            Class::Normal => Self::Normal,
            Class::Priority => Self::Priority,
            Class::Emergency => Self::Emergency,
        }
    }
}
