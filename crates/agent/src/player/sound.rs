//! What can be played: a clip in memory, a clip in a file, or a tone.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use jiff::Timestamp;
use loa_audio::opus_file::{ReadError, Reader};

/// Name of one sound given to the player, unique while the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundId(pub u64);

/// Where samples come from. Can be opened again: after the device was lost, the sound goes on further in.
#[derive(Debug, Clone)]
pub enum Source {
    /// An Ogg Opus clip in memory.
    Memory(Bytes),
    /// An Ogg Opus clip in a file.
    File(PathBuf),
    /// 48 kHz mono samples.
    Samples(Arc<[f32]>),
}

/// Something to play.
#[derive(Debug, Clone)]
pub struct Sound {
    /// Its name.
    pub id: SoundId,
    /// What to play.
    pub source: Source,
    /// Factor on the samples: 1 leaves them as they are.
    pub gain: f32,
    /// How long it is expected to sound, frames at 48 kHz, without what is skipped: when the device stays away it is given up after so long.
    pub frames: u64,
    /// Frames at its beginning that are left out, because they were heard before. Frames reported as heard don't include them.
    pub skip: u64,
    /// When its first frame is to leave the device; as soon as possible when absent or past.
    pub at: Option<Timestamp>,
}

/// A source being read.
pub(super) enum Reading {
    Clip(Box<Reader<Box<dyn Read + Send>>>),
    Samples(Arc<[f32]>, usize),
}

impl Source {
    /// Opens the source `skip` frames in.
    pub(super) fn open(&self, skip: u64) -> Result<Reading, ReadError> {
        let clip = |inner: Box<dyn Read + Send>| {
            let mut reader = Reader::new(inner)?;
            if skip > 0 {
                reader.skip_to(skip)?;
            }
            Ok(Reading::Clip(Box::new(reader)))
        };
        match self {
            Self::Memory(bytes) => clip(Box::new(Cursor::new(bytes.clone()))),
            Self::File(path) => clip(Box::new(BufReader::with_capacity(8 * 1024, File::open(path)?))),
            Self::Samples(samples) => Ok(Reading::Samples(
                samples.clone(),
                samples.len().min(usize::try_from(skip).unwrap_or(usize::MAX)),
            )),
        }
    }
}

impl Reading {
    /// Fills `out`; fewer samples only at the end.
    pub(super) fn read(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        match self {
            Self::Clip(reader) => reader.read(out),
            Self::Samples(samples, at) => {
                let rest = &samples[*at..];
                let count = rest.len().min(out.len());
                out[..count].copy_from_slice(&rest[..count]);
                *at += count;
                Ok(count)
            }
        }
    }
}
