//! The crate as its users see it, on real files, checked against ffmpeg.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod answers;
mod clips;
mod formats;
mod fuzz;
mod levels;
mod support;
