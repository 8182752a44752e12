//! Who plays when. Pure functions: what is asked, what is known and the present go in, decisions come out.
//!
//! The broker and the agent run the same code, so they can't disagree. Here is the arbitration of the one output of a
//! node; timetables and policy join it.

pub mod arbiter;
pub mod rank;

pub use arbiter::{Arbiter, Decision, Item};
pub use rank::Rank;
