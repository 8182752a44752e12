//! Ogg Opus files (RFC 7845): the form in which every clip is stored, sent and played.
//!
//! Writing: mono, 20 ms packets, one page a second, so that a reader needs little memory and loses at most a second
//! to a damaged page. The same samples give the same bytes on the same machine and library, because a clip is
//! named by the SHA-256 of its bytes.
//!
//! Reading: from any [`Read`](std::io::Read), a page at a time, exact to the sample (pre-skip removed, end trimmed).
//! It must never panic, whatever the bytes, and never hold more than two pages of them.

mod packet;
mod packets;
mod page;
mod read;
mod write;

pub(crate) use packet::{Head, HeadError, MAX_PACKET_SAMPLES, duration as packet_duration};
pub use read::{ReadError, Reader, duration};
pub use write::{EncodeError, Encoder, MAX_BITRATE, MIN_BITRATE, encode};

/// Samples of one packet that we write: 20 ms at 48 kHz.
pub const FRAME: usize = 960;

/// Sound that the decoder is fed before a point for the sound at that point to be right: 200 ms, in samples. RFC 7845,
/// section 4.6, asks for at least 80 ms; with more the levels that Opus predicts from packet to packet have settled too.
pub const PRE_ROLL: u64 = 9_600;
