//! One track of sound out of a container, by symphonia's demuxers and decoders.

use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{self, FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::aac::{self, SbrWatch};
use super::edits::Edits;
use super::mix::Mixer;
use super::opus_track::OpusTrack;
use super::sniff::Container;
use super::{DecodeError, Limits, Warning};
use crate::SAMPLE_RATE;

/// Failures of the demuxer in a row after which the rest of the file is given up.
const MAX_STUMBLES: u64 = 64;
/// Channels that the AAC decoder can do.
const AAC_CHANNELS: usize = 2;
/// Samples that may be missing at the end before a file counts as cut: encoders' padding and rounding.
const END_TOLERANCE: u64 = 4_608;

/// A container whose sound is being decoded.
pub(super) struct Track<'a> {
    format: Box<dyn FormatReader + 'a>,
    file: &'a [u8],
    container: Container,
    max_channels: usize,
    stream: Stream,
    planes: Vec<Vec<f32>>,
    packets: u64,
    lost: u64,
    he_aac: bool,
    truncated: bool,
}

/// The stream that is being decoded; a chained file has several, one after another.
struct Stream {
    id: u32,
    voice: Voice,
    edits: Option<Edits>,
    /// Samples the container says there are, where it can be believed; and those decoded.
    expected: Option<u64>,
    decoded: u64,
}

enum Voice {
    Symphonia { decoder: Box<dyn AudioDecoder>, sbr: Option<SbrWatch> },
    Opus(Box<OpusTrack>),
}

impl<'a> Track<'a> {
    /// Reads as far as the headers.
    pub(super) fn open(file: &'a [u8], container: Container, limits: &Limits) -> Result<Self, DecodeError> {
        let source = MediaSourceStream::new(Box::new(Cursor::new(file)), MediaSourceStreamOptions::default());
        let format = fenced(|| {
            let (hint, format, metadata) =
                (Hint::new(), FormatOptions::default(), MetadataOptions::default());
            symphonia::default::get_probe().probe(&hint, source, format, metadata)
        })?
        .map_err(|error| unreadable(&error))?;
        let (stream, he_aac) = Stream::select(format.as_ref(), file, container, limits.max_channels)?;
        Ok(Self {
            format,
            file,
            container,
            max_channels: limits.max_channels,
            stream,
            planes: Vec::new(),
            packets: 0,
            lost: 0,
            he_aac,
            truncated: false,
        })
    }

    /// Appends the next samples, mixed to mono, to `out` and gives their rate; `None` at the end. May append nothing.
    pub(super) fn next(&mut self, mixer: &mut Mixer, out: &mut Vec<f32>) -> Result<Option<u32>, DecodeError> {
        let mut stumbles = 0;
        let packet = loop {
            if self.stream.edits.as_ref().is_some_and(Edits::done) {
                return Ok(None);
            }
            match fenced(|| self.format.next_packet())? {
                Ok(Some(packet)) if packet.track_id == self.stream.id => break packet,
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.truncated |= stumbles > 0;
                    self.end();
                    return Ok(None);
                }
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    // Formats without an end mark end like this too; those with a length are checked by it.
                    self.truncated |=
                        stumbles > 0 || (self.stream.expected.is_none() && self.container == Container::Mp4);
                    self.end();
                    return Ok(None);
                }
                Err(Error::ResetRequired) => {
                    self.watch_sbr();
                    let (stream, he_aac) =
                        Stream::select(self.format.as_ref(), self.file, self.container, self.max_channels)?;
                    self.stream = stream;
                    self.he_aac |= he_aac;
                }
                Err(Error::DecodeError(_)) if stumbles < MAX_STUMBLES => {
                    stumbles += 1;
                }
                Err(_) => {
                    self.truncated = true;
                    self.end();
                    return Ok(None);
                }
            }
        };

        // Failures before a good packet are damage; those before the end are the end of a cut file.
        self.lost += stumbles;
        self.packets += stumbles + 1;
        let start = out.len();
        let mut rate = SAMPLE_RATE;
        match &mut self.stream.voice {
            Voice::Opus(opus) => self.lost += u64::from(opus.decode(&packet.data, out).is_err()),
            Voice::Symphonia { decoder, sbr } => {
                if let Some(sbr) = sbr {
                    sbr.look(&packet.data);
                }
                match fenced(|| decoder.decode(&packet))? {
                    Ok(sound) => {
                        let channels = sound.spec().channels().count();
                        if channels > self.max_channels {
                            return Err(DecodeError::TooManyChannels { channels, max: self.max_channels });
                        }
                        rate = sound.spec().rate();
                        sound.copy_to_vecs_planar(&mut self.planes);
                        mixer.mix(&self.planes, sound.spec().channels(), out);
                    }
                    Err(Error::ResetRequired) => decoder.reset(),
                    Err(_) => self.lost += 1,
                }
            }
        }
        self.stream.decoded += (out.len() - start) as u64;
        if let Some(edits) = &mut self.stream.edits {
            let mut heard = out.split_off(start);
            edits.keep(rate, &mut heard);
            out.append(&mut heard);
        }
        Ok(Some(rate))
    }

    fn end(&mut self) {
        self.watch_sbr();
        let Stream { expected, decoded, .. } = self.stream;
        self.truncated |= expected.is_some_and(|expected| decoded + END_TOLERANCE < expected);
    }

    fn watch_sbr(&mut self) {
        if let Voice::Symphonia { sbr: Some(sbr), .. } = &self.stream.voice {
            self.he_aac |= sbr.found();
        }
    }

    /// Packets there were and packets that were lost.
    pub(super) fn damage(&self) -> (u64, u64) {
        (self.packets, self.lost)
    }

    /// What the listener should know.
    pub(super) fn warnings(&mut self) -> Vec<Warning> {
        self.watch_sbr();
        let mut warnings = Vec::new();
        if self.he_aac {
            warnings.push(Warning::HeAacHalfBand);
        }
        if self.truncated {
            warnings.push(Warning::Truncated);
        }
        warnings
    }
}

impl Stream {
    /// Picks the track to hear and makes its decoder; also says whether it announces HE-AAC.
    fn select(
        format: &dyn FormatReader,
        file: &[u8],
        container: Container,
        max_channels: usize,
    ) -> Result<(Self, bool), DecodeError> {
        let track = format
            .default_track(TrackType::Audio)
            .or_else(|| format.first_track(TrackType::Audio))
            .ok_or(DecodeError::NoAudio)?;
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(DecodeError::NoAudio);
        };
        let mp4 = container == Container::Mp4;
        let length = track.duration.map(symphonia::core::units::Duration::get).filter(|length| *length > 0);
        let edits = if mp4 { Edits::read(file, track.id, length)? } else { None };
        let channels = params.channels.as_ref().map_or(0, symphonia::core::audio::Channels::count);
        if channels > max_channels {
            return Err(DecodeError::TooManyChannels { channels, max: max_channels });
        }
        let mut he_aac = false;
        let voice = if params.codec == CODEC_ID_OPUS {
            let header = params.extra_data.as_deref().unwrap_or_default();
            Voice::Opus(Box::new(OpusTrack::new(header, mp4, edits.is_some())?))
        } else {
            let mut params = params.clone();
            let sbr = (params.codec == CODEC_ID_AAC).then(SbrWatch::default);
            if sbr.is_some() {
                he_aac = plain_aac(&mut params)?;
            }
            let decoder = fenced(|| {
                symphonia::default::get_codecs().make_audio_decoder(&params, &AudioDecoderOptions::default())
            })?
            .map_err(|error| unreadable(&error))?;
            Voice::Symphonia { decoder, sbr }
        };
        let expected = expected(container, track);
        Ok((Self { id: track.id, voice, edits, expected, decoded: 0 }, he_aac))
    }
}

/// Runs a step of the library that reads a stranger's bytes. A file that makes it panic (a WAV of 257 channels does) is a
/// damaged file, not a dead server. What the step has touched is dropped with the whole track after such an error.
fn fenced<T>(step: impl FnOnce() -> T) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|_| DecodeError::Corrupt { detail: "the decoder gave up" })
}

/// Tells the AAC decoder of the AAC-LC core only; whether there is SBR data beside it.
fn plain_aac(params: &mut AudioCodecParameters) -> Result<bool, DecodeError> {
    let Some(config) = params.extra_data.as_deref() else {
        let channels = params.channels.as_ref().map_or(0, symphonia::core::audio::Channels::count);
        return if channels > AAC_CHANNELS {
            Err(DecodeError::TooManyChannels { channels, max: AAC_CHANNELS })
        } else {
            Ok(false)
        };
    };
    let core = aac::core(config)?;
    if core.channels > AAC_CHANNELS {
        return Err(DecodeError::TooManyChannels { channels: core.channels, max: AAC_CHANNELS });
    }
    params.with_extra_data(core.config.into_boxed_slice()).with_sample_rate(core.rate);
    Ok(core.sbr)
}

/// Samples a track should have, where the container counts rather than guesses.
fn expected(container: Container, track: &formats::Track) -> Option<u64> {
    let frames = track.num_frames.filter(|frames| *frames > 0)?;
    match container {
        // A WAV written to a pipe claims all that 32 bits can.
        Container::Wav => (frames < u64::from(u32::MAX) / 16).then_some(frames),
        Container::Flac | Container::Mp4 => Some(frames),
        _ => None,
    }
}

/// What a failure at the headers means: the container was recognised, so it is damaged, cut or of a rare kind.
fn unreadable(error: &Error) -> DecodeError {
    match error {
        // The index of an MP4 often stands at its end; a cut file has none.
        Error::Unsupported(detail) if detail.contains("missing") => DecodeError::Corrupt { detail },
        Error::Unsupported(detail) => DecodeError::UnsupportedCodec { detail },
        Error::DecodeError(detail) | Error::LimitError(detail) => DecodeError::Corrupt { detail },
        _ => DecodeError::Corrupt { detail: "the file ends amid its headers" },
    }
}
