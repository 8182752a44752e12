//! A file instead of a sound card: takes sound in real time, as a card would, and keeps every frame.
//!
//! One file a node, 48 kHz mono 16 bit, and exactly what was heard while the output was open, one opening after another; no gap is written
//! while nothing plays. The header is true after every 20 ms, so that the file can be played whenever and however the agent ends.
//! A later run appends.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use loa_audio::SAMPLE_RATE;
use loa_protocol::Clock;

use super::{Failure, Output, OutputError, Stream, Trouble};
use crate::player::mixer::Mixer;

/// Frames written at a time: 20 ms.
const PERIOD: usize = 960;
const HEADER: u64 = 44;
/// Sizes in the header are 32 bits wide (RIFF); an hour is 346 MB.
const MAX_SOUND: u64 = u32::MAX as u64 - HEADER;
/// A sound card that isn't fed for so long has lost the beat; so does this.
const LATE: Duration = Duration::from_millis(40);

/// A WAV file as an output.
pub struct WavFile {
    path: PathBuf,
    trouble: Trouble,
    clock: Arc<dyn Clock>,
}

impl WavFile {
    /// Writes to `path`, by the beat of `clock`.
    pub fn new(path: PathBuf, trouble: Trouble, clock: Arc<dyn Clock>) -> Self {
        Self { path, trouble, clock }
    }

    fn failed(&self, error: &io::Error) -> OutputError {
        OutputError::Failed(format!("{}: {error}", self.path.display()))
    }
}

impl Output for WavFile {
    fn open(&mut self, mut mixer: Mixer) -> Result<Box<dyn Stream>, OutputError> {
        let mut tape = Tape::open(&self.path).map_err(|error| self.failed(&error))?;
        let (failed, closing) = (Failure::default(), Arc::new(AtomicBool::new(false)));
        let (thread_failed, thread_closing) = (failed.clone(), closing.clone());
        let (trouble, clock) = (self.trouble.clone(), self.clock.clone());
        let thread = thread::Builder::new().name("loa-wav".into()).spawn(move || {
            let period = Duration::from_secs(PERIOD as u64) / SAMPLE_RATE;
            let mut frames = [0.0; PERIOD];
            let mut due = clock.monotonic();
            while !thread_closing.load(Ordering::Acquire) {
                mixer.fill(&mut frames, 0);
                if let Err(error) = tape.write(&frames) {
                    tracing::warn!(%error, "the WAV output failed");
                    trouble.count();
                    thread_failed.set();
                    return;
                }
                due += period;
                let now = clock.monotonic();
                match due.checked_sub(now) {
                    Some(early) => thread::sleep(early),
                    None if now.saturating_sub(due) > LATE => {
                        trouble.count();
                        due = now;
                    }
                    None => {}
                }
            }
        });
        let thread = thread.map_err(|error| self.failed(&error))?;
        Ok(Box::new(Open { thread: Some(thread), closing, failed }))
    }

    fn probe(&mut self) -> Result<(), OutputError> {
        Tape::open(&self.path).map(|_| ()).map_err(|error| self.failed(&error))
    }
}

struct Open {
    thread: Option<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    failed: Failure,
}

impl Stream for Open {
    fn failed(&self) -> bool {
        self.failed.is_set()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The file.
struct Tape {
    file: File,
    /// Bytes of sound in it.
    sound: u64,
    bytes: Vec<u8>,
}

impl Tape {
    fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let sound = file.metadata()?.len().saturating_sub(HEADER).min(MAX_SOUND) & !1;
        let tape = Self { sound, bytes: Vec::with_capacity(2 * PERIOD), file: file.try_clone()? };
        tape.write_header()?;
        file.set_len(HEADER + sound)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file, ..tape })
    }

    fn write(&mut self, frames: &[f32]) -> io::Result<()> {
        self.bytes.clear();
        for frame in frames {
            let sample = (frame * f32::from(i16::MAX)).round() as i16;
            self.bytes.extend(sample.to_le_bytes());
        }
        if self.sound + self.bytes.len() as u64 > MAX_SOUND {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(&self.bytes)?;
        self.sound += self.bytes.len() as u64;
        self.write_header()
    }

    /// The canonical 44 bytes of a PCM file (RIFF, "fmt ", "data").
    fn write_header(&self) -> io::Result<()> {
        let mut header = Vec::with_capacity(HEADER as usize);
        let sound = self.sound as u32;
        header.extend(b"RIFF");
        header.extend((sound + HEADER as u32 - 8).to_le_bytes());
        header.extend(b"WAVEfmt ");
        header.extend(16_u32.to_le_bytes());
        header.extend([1_u16, 1].map(u16::to_le_bytes).concat());
        header.extend([SAMPLE_RATE, SAMPLE_RATE * 2].map(u32::to_le_bytes).concat());
        header.extend([2_u16, 16].map(u16::to_le_bytes).concat());
        header.extend(b"data");
        header.extend(sound.to_le_bytes());
        self.file.write_all_at(&header, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_a_whole_wav_after_every_write_and_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard/n1.wav");
        let samples = || -> Vec<i16> {
            hound::WavReader::open(&path).unwrap().samples::<i16>().map(Result::unwrap).collect()
        };
        let mut tape = Tape::open(&path).unwrap();
        assert!(samples().is_empty());
        tape.write(&[0.5, -1.0]).unwrap();
        assert_eq!(samples(), [16384, -32767]);
        tape.write(&[1.0]).unwrap();
        drop(tape);
        let mut tape = Tape::open(&path).unwrap();
        tape.write(&[0.0]).unwrap();
        assert_eq!(samples(), [16384, -32767, 32767, 0]);
        let spec = hound::WavReader::open(&path).unwrap().spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 48_000, 16));
    }

    #[test]
    fn a_file_cut_in_the_middle_of_a_frame_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n1.wav");
        Tape::open(&path).unwrap().write(&[0.5, 0.5]).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(HEADER + 3).unwrap();
        Tape::open(&path).unwrap().write(&[0.25]).unwrap();
        let samples: Vec<i16> =
            hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(samples, [16384, 8192]);
    }
}
