//! Who plays when. Pure functions: what is asked, what is known and the present go in, decisions come out.
//!
//! The broker and the agent run the same code, so they can't disagree: timetables become airings ([`programme`]), policies judge them
//! ([`policy`]), and the [`arbiter`] decides which airing owns the one output of a node.

pub mod arbiter;
mod inheritance;
pub mod policy;
pub mod programme;
pub mod rank;
pub mod timetable;

pub use arbiter::{Arbiter, Decision, Item};
pub use policy::{Breach, Spell, Wish};
pub use programme::Slot;
pub use rank::Rank;
