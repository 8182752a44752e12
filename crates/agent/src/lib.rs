//! The agent of Loa: on each hamlet's Raspberry Pi, obeys, plays, reports.
//!
//! ```text
//!   broker ──MQTT──▶ link ──▶ node ──▶ player ──▶ output ──▶ amplifier, horns
//!                     ▲        │ │ └─▶ cache ◀─HTTPS─ broker
//!                     └────────┘ └───▶ journal, plan (on disk)
//! ```
//!
//! [`node`] is the logic and does no input or output but its own files; [`link`] and [`player`] carry for it. The fleet runs the same
//! node with a link and without sound.

pub mod alive;
pub mod amplifier;
pub mod cache;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod enrol;
pub mod files;
pub mod health;
pub mod identity;
pub mod journal;
pub mod link;
pub mod node;
pub mod output;
pub mod plan;
pub mod player;
pub mod refusals;
pub mod release;
pub mod renew;
pub mod run;
#[cfg(test)]
mod test_server;
pub mod trust;
pub mod words;
