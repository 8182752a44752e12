//! A recording as a stream of 48 kHz mono blocks: the one way in for [`decode`](super::decode) and
//! [`ingest`](crate::ingest). Memory does not depend on the length of the recording.

use super::mix::{Mix, Mixer};
use super::resample::ToOutputRate;
use super::sniff::{Container, sniff};
use super::track::Track;
use super::{DecodeError, Limits, Warning};
use crate::opus_file::{ReadError, Reader};

/// Share of lost packets above which a recording is refused: one in four.
const MAX_LOST: u64 = 4;

/// A recording that is being decoded.
pub(crate) struct Source<'a> {
    limits: Limits,
    input: Input<'a>,
    mixer: Mixer,
    native: Vec<f32>,
    rate: Option<(u32, ToOutputRate)>,
    samples: u64,
    ended: bool,
}

enum Input<'a> {
    OggOpus(Box<Reader<&'a [u8]>>),
    Track(Box<Track<'a>>),
}

/// What is known once a recording has been decoded to its end.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) warnings: Vec<Warning>,
    /// The channels cancelled each other: decode again with [`Mix::First`].
    pub(crate) cancels: bool,
}

impl<'a> Source<'a> {
    /// Recognises the file and reads as far as its headers.
    pub(crate) fn open(file: &'a [u8], limits: &Limits, mix: Mix) -> Result<Self, DecodeError> {
        if file.len() > limits.max_bytes {
            return Err(DecodeError::TooLarge { bytes: file.len(), max: limits.max_bytes });
        }
        let (container, start) = sniff(file)?;
        let file = &file[start..];
        let input = match container {
            Container::Ogg => match Reader::new(file) {
                Ok(reader) => Input::OggOpus(Box::new(reader)),
                Err(ReadError::Channels(channels)) => {
                    return Err(DecodeError::TooManyChannels { channels: channels.into(), max: 2 });
                }
                Err(_) => Input::Track(Box::new(Track::open(file, container, limits)?)),
            },
            _ => Input::Track(Box::new(Track::open(file, container, limits)?)),
        };
        Ok(Self {
            limits: *limits,
            input,
            mixer: Mixer::new(mix),
            native: Vec::new(),
            rate: None,
            samples: 0,
            ended: false,
        })
    }

    /// Appends the next block to `out` (which may be nothing); `false` once the end was reached.
    pub(crate) fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        if self.ended {
            return Ok(false);
        }
        let start = out.len();
        let more = match &mut self.input {
            Input::OggOpus(reader) => match reader.next_frame(out) {
                Ok(more) => more,
                Err(ReadError::Channels(channels)) => {
                    return Err(DecodeError::TooManyChannels { channels: channels.into(), max: 2 });
                }
                Err(_) => return Err(DecodeError::Corrupt { detail: "ogg opus" }),
            },
            Input::Track(track) => {
                self.native.clear();
                let rate = track.next(&mut self.mixer, &mut self.native)?;
                if let Some(rate) = rate {
                    self.convert(rate, out)?;
                } else if let Some((_, converter)) = &mut self.rate {
                    converter.finish(out)?;
                }
                rate.is_some()
            }
        };
        self.ended = !more;
        self.samples += (out.len() - start) as u64;
        if self.samples > self.limits.max_samples() {
            return Err(DecodeError::TooLong { max: self.limits.max_duration });
        }
        Ok(more)
    }

    /// Brings the native block to 48 kHz. The rate may change where one chained stream follows another.
    fn convert(&mut self, rate: u32, out: &mut Vec<f32>) -> Result<(), DecodeError> {
        if self.native.is_empty() {
            return Ok(());
        }
        let converter = match &mut self.rate {
            Some((now, converter)) if *now == rate => converter,
            other => {
                if let Some((_, before)) = other {
                    before.finish(out)?;
                }
                &mut other.insert((rate, ToOutputRate::from(rate)?)).1
            }
        };
        converter.process(&self.native, out)
    }

    /// Judges the whole. Call it after [`next`](Self::next) has given `false`.
    pub(crate) fn finish(mut self) -> Result<Report, DecodeError> {
        let (packets, lost, mut warnings) = match &mut self.input {
            Input::OggOpus(reader) => {
                let cut = reader.cut().then_some(Warning::Truncated);
                (self.samples / 960 + reader.damaged(), reader.damaged(), cut.into_iter().collect())
            }
            Input::Track(track) => {
                let (packets, lost) = track.damage();
                (packets, lost, track.warnings())
            }
        };
        if lost > 0 && lost * MAX_LOST > packets {
            return Err(DecodeError::Corrupt { detail: "most of the sound cannot be decoded" });
        }
        if self.samples == 0 {
            let cut = warnings.contains(&Warning::Truncated);
            return Err(if cut {
                DecodeError::Corrupt { detail: "cut before its sound" }
            } else {
                DecodeError::NoAudio
            });
        }
        if lost > 0 {
            warnings.push(Warning::Damaged { lost, packets });
        }
        Ok(Report { warnings, cancels: self.mixer.cancels() })
    }
}
