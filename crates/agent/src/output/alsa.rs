//! A sound card through cpal and ALSA.
//!
//! cpal runs the data callback on a thread of its own; that callback holds to the rules of [`crate::player::mixer`]. cpal converts
//! nothing, so each sample format and channel count that a card may want is tried in turn. Closing the stream drops what the card
//! still holds (at most two periods); the player therefore closes only after silence. A card that nothing is to sound on is asked
//! what it takes and never started: some click when they are.

use cpal::{
    BufferSize, DeviceId, Error, ErrorKind, FromSample, HostId, OutputCallbackInfo, SampleFormat,
    SizedSample, StreamConfig, SupportedBufferSize,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use loa_audio::SAMPLE_RATE;

use super::{Failure, Output, OutputError, Stream, Trouble};
use crate::player::mixer::Mixer;

/// Periods tried, in frames. 40 ms first: the card then holds 80 ms, which a board that writes to a slow SD card survives, and wakes
/// us 25 times a second. A stop is heard that much later.
const PERIODS: [u32; 4] = [1920, 2048, 1024, 512];
/// Most frames mixed at a time; a longer buffer is filled in pieces.
const PIECE: usize = 2048;

/// A sound card.
pub struct SoundCard {
    name: Option<String>,
    trouble: Trouble,
    /// What the card took last time; tried first.
    known: Option<Form>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    I16,
    I32,
    F32,
}

impl Format {
    fn of_cpal(self) -> SampleFormat {
        match self {
            Self::I16 => SampleFormat::I16,
            Self::I32 => SampleFormat::I32,
            Self::F32 => SampleFormat::F32,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    format: Format,
    channels: u16,
    period: u32,
}

fn forms() -> impl Iterator<Item = Form> {
    PERIODS.into_iter().flat_map(|period| {
        [Format::I16, Format::F32, Format::I32]
            .into_iter()
            .flat_map(move |format| [1, 2].into_iter().map(move |channels| Form { format, channels, period }))
    })
}

impl SoundCard {
    /// The PCM called `name`, or the system's default one.
    pub fn new(name: Option<String>, trouble: Trouble) -> Self {
        Self { name, trouble, known: None }
    }

    fn device(&self) -> Result<cpal::Device, OutputError> {
        let host = cpal::host_from_id(HostId::Alsa).map_err(|e| OutputError::Failed(e.to_string()))?;
        let found = match &self.name {
            Some(name) => host.device_by_id(&DeviceId::new(HostId::Alsa, name)),
            None => host.default_output_device(),
        };
        found.ok_or_else(|| OutputError::Absent(self.name.clone().unwrap_or_else(|| "default".into())))
    }

    /// The first form that the card says it takes. The card is opened for the question, but not started.
    fn ask(&self) -> Result<Form, OutputError> {
        let answer = self.device()?.supported_output_configs();
        let ranges: Vec<_> = answer.map_err(|error| failure(&error, self.name.as_deref()))?.collect();
        let takes = |form: &Form| {
            ranges.iter().any(|range| {
                let period_fits = match range.buffer_size() {
                    SupportedBufferSize::Range { min, max } => (*min..=*max).contains(&form.period),
                    SupportedBufferSize::Unknown => true,
                };
                range.sample_format() == form.format.of_cpal()
                    && range.channels() == form.channels
                    && (range.min_sample_rate()..=range.max_sample_rate()).contains(&SAMPLE_RATE)
                    && period_fits
            })
        };
        forms().find(takes).ok_or_else(|| {
            let ranges: Vec<_> = ranges.iter().map(|range| format!("{range:?}")).collect();
            OutputError::Unsupported(format!("it takes only {}", ranges.join(", ")))
        })
    }

    /// Builds a stream in the first form that the card takes.
    fn build(&mut self, mixer: Mixer) -> Result<(cpal::Stream, Failure), OutputError> {
        let mut mixer = Some(mixer);
        let device = self.device()?;
        let forms: Vec<Form> = self.known.into_iter().chain(forms()).collect();
        let mut refusal = String::new();
        for form in forms {
            // Ask before the mixer is given away: building consumes it, also when it fails.
            if self.known != Some(form)
                && let Err(error) = self.try_form(&device, form, None)
            {
                match error.kind() {
                    ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput => {
                        refusal = error.to_string();
                        continue;
                    }
                    _ => return Err(failure(&error, self.name.as_deref())),
                }
            }
            match self.try_form(&device, form, mixer.take()) {
                Ok(stream) => {
                    self.known = Some(form);
                    return Ok(stream);
                }
                Err(error) => match error.kind() {
                    ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput if self.known != Some(form) => {
                        refusal = error.to_string();
                    }
                    _ => {
                        self.known = None;
                        return Err(failure(&error, self.name.as_deref()));
                    }
                },
            }
        }
        Err(OutputError::Unsupported(refusal))
    }

    fn try_form(
        &self,
        device: &cpal::Device,
        form: Form,
        mixer: Option<Mixer>,
    ) -> Result<(cpal::Stream, Failure), Error> {
        let failed = Failure::default();
        let on_error = {
            let (failed, trouble) = (failed.clone(), self.trouble.clone());
            move |error: Error| {
                match error.kind() {
                    ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => return,
                    // cpal recovers by itself and goes on.
                    ErrorKind::Xrun => {}
                    _ => failed.set(),
                }
                trouble.count();
            }
        };
        let config = StreamConfig {
            channels: form.channels,
            sample_rate: SAMPLE_RATE,
            buffer_size: BufferSize::Fixed(form.period),
        };
        let stream = match form.format {
            Format::I16 => device.build_output_stream::<i16, _, _>(config, fill(mixer, form), on_error, None),
            Format::I32 => device.build_output_stream::<i32, _, _>(config, fill(mixer, form), on_error, None),
            Format::F32 => device.build_output_stream::<f32, _, _>(config, fill(mixer, form), on_error, None),
        }?;
        Ok((stream, failed))
    }
}

/// The data callback: see the rules in [`crate::player::mixer`].
fn fill<T: SizedSample + FromSample<f32>>(
    mut mixer: Option<Mixer>,
    form: Form,
) -> impl FnMut(&mut [T], &OutputCallbackInfo) + Send + 'static {
    let channels = usize::from(form.channels);
    let mut piece = [0.0_f32; PIECE];
    move |buffer, info| {
        let Some(mixer) = &mut mixer else {
            buffer.fill(T::EQUILIBRIUM);
            return;
        };
        let timestamp = info.timestamp();
        let ahead = timestamp.playback.saturating_duration_since(timestamp.callback);
        let mut queued = (ahead.as_nanos() as u64).saturating_mul(u64::from(SAMPLE_RATE)) / 1_000_000_000;
        for part in buffer.chunks_mut(PIECE * channels) {
            let frames = part.len() / channels;
            mixer.fill(&mut piece[..frames], queued);
            for (frame, sample) in part.chunks_mut(channels).zip(&piece) {
                frame.fill(T::from_sample(*sample));
            }
            queued += frames as u64;
        }
    }
}

fn failure(error: &Error, name: Option<&str>) -> OutputError {
    match error.kind() {
        ErrorKind::DeviceNotAvailable => OutputError::Absent(name.unwrap_or("default").to_owned()),
        ErrorKind::UnsupportedConfig => OutputError::Unsupported(error.to_string()),
        _ => OutputError::Failed(error.to_string()),
    }
}

impl Output for SoundCard {
    fn open(&mut self, mixer: Mixer) -> Result<Box<dyn Stream>, OutputError> {
        let (stream, failed) = self.build(mixer)?;
        stream.play().map_err(|error| failure(&error, self.name.as_deref()))?;
        Ok(Box::new(Open { _stream: stream, failed }))
    }

    fn probe(&mut self) -> Result<(), OutputError> {
        self.known = Some(self.ask()?);
        Ok(())
    }
}

struct Open {
    _stream: cpal::Stream,
    failed: Failure,
}

impl Stream for Open {
    fn failed(&self) -> bool {
        self.failed.is_set()
    }
}
