//! Decode anything, prepare it for horns, write and read Ogg Opus.
//!
//! ```text
//!  an upload: MP3, AAC, M4A, MP4, WAV, FLAC, Ogg, WebM          a clip (Ogg Opus)
//!      │                                                            │
//!      ▼ decode      48 kHz mono, within limits                     ▼ opus_file::Reader   on the node
//!      │                                                            │
//!      ▼ filter      high-pass: nothing below 250 Hz to a horn      ▼ 48 kHz mono samples
//!      │
//!      ▼ loudness    one gain for the whole: -16 LUFS
//!      │
//!      ▼ limiter     true peak at most -1.5 dBTP
//!      │
//!      ▼ opus_file   20 ms packets, 24 kbit/s, Ogg
//!      │
//!    a clip
//! ```
//!
//! [`ingest`] goes the whole way in, [`opus_file::Reader`] the way out; between them everything is usable by itself.
//! No device, no files, no network: only slices and readers. The answer to any bytes is sound or an error with a
//! stable code, never a panic, and no step needs memory that grows with the length of the sound, except where
//! the sound itself is asked for.

pub mod decode;
pub mod filter;
mod ingest;
pub mod limiter;
pub mod loudness;
pub mod opus_file;
mod prepare;
pub mod tone;

pub use decode::{DecodeError, Limits, Pcm, Warning, decode};
pub use ingest::{Clip, IngestError, clip, ingest};
pub use prepare::{Levels, Prepared, SILENT_LUFS, Silent, Target, prepare};

/// Rate of all sound inside Loa, in Hz: Opus's own, and what sound cards do without conversion.
pub const SAMPLE_RATE: u32 = 48_000;
