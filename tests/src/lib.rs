//! End-to-end tests of Loa.

pub mod listen;
pub mod soundcard;
