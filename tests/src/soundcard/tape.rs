//! The card's two files put together: which bytes are which frames, and when each sounded.
//!
//! Reads what is new and keeps what it knows, so a watch over hours costs no more than one over seconds.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use loa_protocol::clock::{Clock as _, SystemClock};

use super::capture::{Anchor, Timeline};
use super::events::EventLog;
use super::{Capture, Ending, Event, EventKind, Moment, Segment};

/// How the bytes of a frame are laid out.
#[derive(Debug, Clone, Copy)]
struct Layout {
    rate: u32,
    channels: u16,
    sample: Sample,
}

#[derive(Debug, Clone, Copy)]
enum Sample {
    S16,
    S32,
    Float,
}

impl Layout {
    fn sample_bytes(self) -> usize {
        match self.sample {
            Sample::S16 => 2,
            Sample::S32 | Sample::Float => 4,
        }
    }

    fn frame_bytes(self) -> usize {
        self.sample_bytes() * usize::from(self.channels)
    }

    fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self.sample {
            Sample::S16 => {
                let words = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]));
                words.map(|word| f32::from(word) / 32_768.0).collect()
            }
            Sample::S32 => {
                let words = bytes.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                words.map(|word| word as f32 / 2_147_483_648.0).collect()
            }
            Sample::Float => {
                bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
            }
        }
    }
}

/// The frames between one PREPARE and the next, heard or not.
#[derive(Debug)]
pub(super) struct Passage {
    layout: Layout,
    /// Of its first frame in the capture, in bytes.
    offset: u64,
    timeline: Timeline,
    /// How many frames had sounded when it ended, and why it did.
    end: Option<(u64, Ending)>,
}

/// The card's memory as far as it has been read.
#[derive(Debug)]
pub(super) struct Tape {
    path: PathBuf,
    capture: Option<File>,
    bytes: u64,
    log: EventLog,
    layout: Option<Layout>,
    passages: Vec<Passage>,
    clock: SystemClock,
}

impl Tape {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            path: folder.join("capture.raw"),
            capture: None,
            bytes: 0,
            log: EventLog::new(folder),
            layout: None,
            passages: Vec::new(),
            clock: SystemClock::new(),
        }
    }

    /// Takes in what is new. The capture's size comes first: the events that govern those bytes are then all there.
    pub(super) fn refresh(&mut self) -> Result<()> {
        if self.capture.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.capture = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error).context("opening what the card captured"),
            }
        }
        if let Some(file) = &self.capture {
            self.bytes = file.metadata()?.len();
        }
        for event in self.log.read_new()? {
            self.take(&event)?;
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) -> Result<()> {
        match event.kind {
            EventKind::Open => self.end_at_byte(event.field("offset")?, Ending::Abandoned),
            EventKind::HwParams => {
                let sample = match event.field::<String>("format")?.as_str() {
                    "S16_LE" => Sample::S16,
                    "S32_LE" => Sample::S32,
                    "FLOAT_LE" => Sample::Float,
                    other => bail!("no reader for frames in {other}"),
                };
                let (rate, channels) = (event.field("rate")?, event.field("channels")?);
                self.layout = Some(Layout { rate, channels, sample });
            }
            EventKind::Prepare => {
                let offset = event.field("offset")?;
                self.end_at_byte(offset, Ending::Stopped);
                let layout = self.layout.context("PREPARE before HW_PARAMS")?;
                self.passages.push(Passage { layout, offset, timeline: Timeline::default(), end: None });
            }
            EventKind::Start | EventKind::Speed | EventKind::Freeze => {
                let at_ns: i64 = event.field("anchor_ns")?;
                let ppm: f64 = event.field("ppm")?;
                let passage = self.passages.last_mut().context("START before PREPARE")?;
                passage.timeline.anchors.push(Anchor {
                    at: event.at.later(at_ns - event.at.monotonic_ns),
                    frame: event.field("anchor_frame")?,
                    frames_per_ns: f64::from(passage.layout.rate) * (1.0 + ppm * 1e-6) / 1e9,
                });
            }
            EventKind::Xrun => self.end_after(event.frame, Ending::Xrun),
            EventKind::Unplug => self.end_after(event.frame, Ending::Unplugged),
            EventKind::Stop | EventKind::Close => self.end_after(event.frame, Ending::Stopped),
            EventKind::Drain => {}
        }
        Ok(())
    }

    fn end_after(&mut self, frames: u64, ending: Ending) {
        if let Some(passage) = self.passages.last_mut() {
            passage.end.get_or_insert((frames, ending));
        }
    }

    fn end_at_byte(&mut self, byte: u64, ending: Ending) {
        if let Some(passage) = self.passages.last_mut() {
            let frames = byte.saturating_sub(passage.offset) / passage.layout.frame_bytes() as u64;
            passage.end.get_or_insert((frames, ending));
        }
    }

    /// How many passages there have been; they are numbered from 0.
    pub(super) fn passages(&self) -> usize {
        self.passages.len()
    }

    /// How many frames of a passage have sounded by now.
    pub(super) fn sounded(&self, passage: usize) -> u64 {
        let Some(one) = self.passages.get(passage) else { return 0 };
        let end = self.passages.get(passage + 1).map_or(self.bytes, |next| next.offset);
        let taken = end.saturating_sub(one.offset) / one.layout.frame_bytes() as u64;
        let kept = one.end.map_or(taken, |(frames, _)| taken.min(frames));
        kept.min(one.timeline.begun_by(self.now_ns()))
    }

    /// Whether nothing more will sound of a passage.
    pub(super) fn over(&self, passage: usize) -> bool {
        let Some(one) = self.passages.get(passage) else { return false };
        let never_started = one.timeline.anchors.is_empty();
        one.end.is_some_and(|(frames, _)| never_started || self.sounded(passage) >= frames)
    }

    /// When a frame of a passage sounds; `None` while the card has not started.
    pub(super) fn moment_of(&self, passage: usize, frame: u64) -> Option<Moment> {
        self.passages.get(passage)?.timeline.moment_of(frame)
    }

    /// Samples of a passage from frame `first` to before `end`, and how many make a frame.
    pub(super) fn samples(&self, passage: usize, first: u64, end: u64) -> Result<(Vec<f32>, usize)> {
        let one = self.passages.get(passage).context("no such passage")?;
        let size = one.layout.frame_bytes();
        let mut bytes = vec![0; size * usize::try_from(end.saturating_sub(first))?];
        if let Some(file) = &self.capture {
            file.read_exact_at(&mut bytes, one.offset + first * size as u64)?;
        }
        Ok((one.layout.decode(&bytes), usize::from(one.layout.channels)))
    }

    /// Everything that has sounded by now.
    pub(super) fn capture(&self) -> Result<Capture> {
        let mut segments = Vec::new();
        for (index, passage) in self.passages.iter().enumerate() {
            let sounded = self.sounded(index);
            let Some(start) = passage.timeline.moment_of(0).filter(|_| sounded > 0) else { continue };
            segments.push(Segment {
                rate: passage.layout.rate,
                channels: passage.layout.channels,
                start_monotonic_ns: start.monotonic_ns,
                start_realtime_ns: start.realtime_ns,
                frames: self.samples(index, 0, sounded)?.0,
                ending: passage.end.map_or(Ending::StillPlaying, |(_, ending)| ending),
                timeline: passage.timeline.clone(),
            });
        }
        Ok(Capture { segments })
    }

    /// Now, on `CLOCK_REALTIME`.
    pub(super) fn now_ns(&self) -> i64 {
        i64::try_from(self.clock.now().as_nanosecond()).unwrap_or(i64::MAX)
    }
}
