//! Plays a WAV file with cpal, as the agent would, and says what happens: the program that the sound card's own tests
//! start. `soundcard-player DEVICE FILE.wav i16|i32|f32 PERIOD once|loop`
//!
//! On standard output: `playing` at each opening, `error KIND` from cpal, and in between, for every callback,
//! `frames COUNT NANOSECONDS`: the frame with that number sounds at that instant of this program's monotonic clock,
//! by cpal's account. `once` ends after the file; `loop` repeats it, reopens the device when it fails, and ends with
//! standard input.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use cpal::{BufferSize, ErrorKind, OutputCallbackInfo, SizedSample, StreamConfig};
use loa_protocol::clock::{Clock as _, SystemClock};
use loa_tests::listen::Recording;

/// What the device's thread and the keyboard's tell the main one.
enum Told {
    Frames(u64, Duration),
    Error(ErrorKind),
    Finished,
    Quit,
}

/// A sample that the file's can become without loss, for files of 16 bits.
trait FromFile: SizedSample + Send + 'static {
    fn from_file(sample: f32) -> Self;
}

impl FromFile for i16 {
    fn from_file(sample: f32) -> Self {
        (sample * 32_768.0) as i16
    }
}

impl FromFile for i32 {
    fn from_file(sample: f32) -> Self {
        i32::from(i16::from_file(sample)) << 16
    }
}

impl FromFile for f32 {
    fn from_file(sample: f32) -> Self {
        sample
    }
}

struct Player {
    device: String,
    config: StreamConfig,
    file: Recording,
    repeat: bool,
    clock: SystemClock,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [device, path, format, period, mode] = arguments.as_slice() else {
        bail!("soundcard-player DEVICE FILE.wav i16|i32|f32 PERIOD once|loop")
    };
    let file = Recording::read(path)?;
    let config = StreamConfig {
        channels: file.channels,
        sample_rate: file.rate,
        buffer_size: BufferSize::Fixed(period.parse()?),
    };
    let repeat = mode == "loop";
    let player = Player { device: device.clone(), config, file, repeat, clock: SystemClock::new() };
    match format.as_str() {
        "i16" => player.run::<i16>(),
        "i32" => player.run::<i32>(),
        "f32" => player.run::<f32>(),
        other => bail!("no format {other}"),
    }
}

impl Player {
    fn run<T: FromFile>(&self) -> Result<()> {
        let (tell, told) = mpsc::channel();
        let quit = tell.clone();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let _ = quit.send(Told::Quit);
        });
        loop {
            match self.open::<T>(&tell) {
                Ok(stream) => {
                    say("playing")?;
                    if !self.watch(&told)? {
                        return Ok(());
                    }
                    drop(stream);
                }
                Err(error) if self.repeat => say(&format!("error {:?}", error.kind()))?,
                Err(error) => return Err(error).context("opening the device"),
            }
            match told.recv_timeout(Duration::from_millis(50)) {
                Ok(Told::Quit) => return Ok(()),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(gone) => return Err(gone.into()),
            }
        }
    }

    /// Passes on what the stream tells; whether to open the device again.
    fn watch(&self, told: &Receiver<Told>) -> Result<bool> {
        loop {
            match told.recv()? {
                Told::Frames(count, at) => say(&format!("frames {count} {}", at.as_nanos()))?,
                Told::Error(kind) => {
                    say(&format!("error {kind:?}"))?;
                    if kind == ErrorKind::DeviceNotAvailable {
                        return Ok(self.repeat);
                    }
                }
                Told::Finished if !self.repeat => return Ok(false),
                Told::Finished => {}
                Told::Quit => return Ok(false),
            }
        }
    }

    fn open<T: FromFile>(&self, tell: &Sender<Told>) -> Result<cpal::Stream, cpal::Error> {
        let host = cpal::host_from_id(cpal::HostId::Alsa)?;
        let id = cpal::DeviceId::new(cpal::HostId::Alsa, &self.device);
        let device = host.device_by_id(&id).ok_or(ErrorKind::DeviceNotAvailable)?;
        let samples: Vec<T> = self.file.samples.iter().copied().map(T::from_file).collect();
        let (channels, repeat, clock) = (usize::from(self.file.channels), self.repeat, self.clock);
        let mut given = 0;
        let (tell, tell_error) = (tell.clone(), tell.clone());
        let callback = move |buffer: &mut [T], callback: &OutputCallbackInfo| {
            let stamp = callback.timestamp();
            let ahead = stamp.playback.duration_since(stamp.callback);
            let _ = tell.send(Told::Frames((given / channels) as u64, clock.monotonic() + ahead));
            for place in buffer.iter_mut() {
                let index = if repeat { given % samples.len() } else { given };
                if let Some(sample) = samples.get(index) {
                    *place = *sample;
                }
                given += 1;
            }
            // The device has taken the last sample, and two periods of silence push it out.
            if given >= samples.len() + 3 * buffer.len() {
                let _ = tell.send(Told::Finished);
            }
        };
        let on_error = move |error: cpal::Error| {
            let _ = tell_error.send(Told::Error(error.kind()));
        };
        let stream = device.build_output_stream::<T, _, _>(self.config, callback, on_error, None)?;
        stream.play()?;
        Ok(stream)
    }
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
