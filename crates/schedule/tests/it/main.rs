//! The crate as broker and agent see it: timetables held against an independent oracle, policies and programmes by example.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod example;
mod oracle;
mod policies;
mod programmes;
mod refusals;
mod rhythms;
mod timetables;
mod transitions;
