//! A sound card for tests: real ALSA, real time, no loudspeaker.
//!
//! [`SoundCard::new`] makes a card in a folder; a program started with [`SoundCard::env`] finds it as the PCM
//! [`SoundCard::pcm_name`] (and as `default`) and plays to it as to any card. The card takes frames at the pace of a
//! real one, so what it took, and when each frame sounded, is exact to a nanosecond of the machine's clocks. A test
//! may unplug it, make it fast, slow, stuck or starved, and judges what sounded with [`crate::listen`].
//!
//! Promise: only frames whose instant has come are handed out as heard; what was queued and then dropped is not. (The
//! one exception: of a program killed with no chance to close, the whole queue counts as heard.)
//!
//! The card itself is the ALSA plugin in `tests/soundcard/`, built by this crate's build script. One card is one
//! folder; one program at a time may open it, the next is told that it is busy.

mod capture;
mod ear;
mod events;
mod tape;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

pub use capture::{Capture, Ending, Moment, Segment};
pub use ear::Ear;
pub use events::{Event, EventKind};

use tape::Tape;

/// The name under which programs open the card.
const PCM_NAME: &str = "loa_test";

/// What the card can do; `None` leaves it to the program that opens it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// The only sample format it takes, by ALSA's name: `S16_LE`, `S32_LE` or `FLOAT_LE`.
    pub format: Option<&'static str>,
    /// The only rate it takes, frames a second (otherwise 8,000 to 48,000).
    pub rate: Option<u32>,
    /// The only number of channels it takes (otherwise 1 or 2).
    pub channels: Option<u16>,
}

/// One test sound card. Clones are the same card.
#[derive(Debug, Clone)]
pub struct SoundCard {
    folder: PathBuf,
    orders: Arc<Mutex<Orders>>,
    ear: Arc<Mutex<Ear>>,
}

/// What the card was last told; the whole of it is written each time.
#[derive(Debug, Default)]
struct Orders {
    ppm: f64,
    freezes: u32,
    freeze: Duration,
    xruns: u32,
}

impl SoundCard {
    /// A card in `folder`, which is made if need be and should hold nothing else.
    pub fn new(folder: impl AsRef<Path>) -> Result<Self> {
        Self::with_limits(folder, Limits::default())
    }

    /// A card that takes only what `limits` says, as a Raspberry Pi's headphone jack takes only `S16_LE`.
    pub fn with_limits(folder: impl AsRef<Path>, limits: Limits) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let folder = folder.as_ref().canonicalize()?;
        fs::write(folder.join("asound.conf"), configuration(&folder, limits)?)?;
        let orders = Orders::default();
        write_orders(&folder, &orders)?;
        let ear = Ear::new(Tape::new(&folder));
        Ok(Self { folder, orders: Arc::new(Mutex::new(orders)), ear: Arc::new(Mutex::new(ear)) })
    }

    /// The environment of a program that shall see this card, and no other. It must be there when the program starts:
    /// libasound reads it once.
    pub fn env(&self) -> Vec<(String, String)> {
        vec![("ALSA_CONFIG_PATH".into(), self.folder.join("asound.conf").display().to_string())]
    }

    /// The PCM to open, as in `aplay -D NAME`; it is in ALSA's list of devices, where cpal looks.
    pub fn pcm_name(&self) -> &'static str {
        PCM_NAME
    }

    /// The folder with the card's files, for a look after a failure.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Pulls the plug: within 20 ms a running program gets `ENODEV`; nobody can open it.
    pub fn unplug(&self) -> Result<()> {
        fs::write(self.folder.join("unplugged"), "").context("unplugging")
    }

    /// Puts the plug back. Programs must open the card anew.
    pub fn replug(&self) -> Result<()> {
        fs::remove_file(self.folder.join("unplugged")).context("it was not unplugged")
    }

    /// Makes its clock `ppm` parts per million faster than nominal (slower if negative), now and for later openings.
    pub fn set_ppm(&self, ppm: f64) -> Result<()> {
        self.order(|orders| orders.ppm = ppm)
    }

    /// Makes the running card stand still for this long, then go on: whatever is queued sounds that much later.
    pub fn freeze(&self, stretch: Duration) -> Result<()> {
        self.order(|orders| {
            orders.freezes += 1;
            orders.freeze = stretch;
        })
    }

    /// Makes the running card underrun: the queue is lost, and it is silent until the program starts it again.
    pub fn xrun(&self) -> Result<()> {
        self.order(|orders| orders.xruns += 1)
    }

    /// Everything that has happened to the card, in order.
    pub fn events(&self) -> Result<Vec<Event>> {
        events::EventLog::new(&self.folder).read_new()
    }

    /// Everything that has sounded up to now.
    pub fn captured(&self) -> Result<Capture> {
        let mut tape = Tape::new(&self.folder);
        tape.refresh()?;
        tape.capture()
    }

    /// An ear of its own, that starts with the first frame ever heard.
    pub fn ear(&self) -> Ear {
        Ear::new(Tape::new(&self.folder))
    }

    /// [`Ear::skip`] of the card's own ear: forgets what has sounded so far.
    pub fn skip(&self) -> Result<()> {
        self.own_ear().skip()
    }

    /// [`Ear::wait_for_sound`] of the card's own ear, which goes on where the last wait of this card ended. Blocks.
    pub fn wait_for_sound(&self, threshold: f32, timeout: Duration) -> Result<Moment> {
        self.own_ear().wait_for_sound(threshold, timeout)
    }

    /// [`Ear::wait_for_silence`] of the card's own ear. Blocks.
    pub fn wait_for_silence(&self, threshold: f32, stretch: Duration, timeout: Duration) -> Result<Moment> {
        self.own_ear().wait_for_silence(threshold, stretch, timeout)
    }

    /// Waits until so many frames have sounded in all. Blocks.
    pub fn wait_for_frames(&self, frames: u64, timeout: Duration) -> Result<()> {
        let mut tape = Tape::new(&self.folder);
        ear::poll(timeout, || {
            tape.refresh()?;
            let sounded: u64 = (0..tape.passages()).map(|passage| tape.sounded(passage)).sum();
            Ok((sounded >= frames).then_some(()))
        })
        .with_context(|| format!("{frames} frames at {}", self.folder.display()))
    }

    /// Waits for the `nth` (from 1) event of this kind since the card was made. Blocks.
    pub fn wait_for_event(&self, kind: EventKind, nth: usize, timeout: Duration) -> Result<Event> {
        let mut log = events::EventLog::new(&self.folder);
        let mut left = nth;
        ear::poll(timeout, || {
            for event in log.read_new()? {
                if event.kind == kind {
                    left = left.saturating_sub(1);
                    if left == 0 {
                        return Ok(Some(event));
                    }
                }
            }
            Ok(None)
        })
        .with_context(|| format!("{kind:?} number {nth} at {}", self.folder.display()))
    }

    fn own_ear(&self) -> MutexGuard<'_, Ear> {
        self.ear.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) -> Result<()> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut orders);
        write_orders(&self.folder, &orders)
    }
}

/// The card's `control` file: see `tests/soundcard/control.h`. Renamed into place, so that it is never seen half written.
fn write_orders(folder: &Path, orders: &Orders) -> Result<()> {
    let Orders { ppm, freezes, freeze, xruns } = orders;
    let text = format!("ppm {ppm}\nfreeze {freezes} {}\nxrun {xruns}\n", freeze.as_millis());
    let draft = folder.join("control.new");
    fs::write(&draft, text)?;
    fs::rename(draft, folder.join("control")).context("telling the card")
}

fn configuration(folder: &Path, limits: Limits) -> Result<String> {
    let plugin = env!("LOA_SOUNDCARD_PLUGIN");
    let folder = folder.to_str().context("the card's folder needs a UTF-8 name")?;
    ensure!(!folder.contains(['"', '\\', '\n']), "ALSA's configuration cannot name {folder}");
    let choices: String = [
        limits.format.map(|format| format!("    format \"{format}\"\n")),
        limits.rate.map(|rate| format!("    rate {rate}\n")),
        limits.channels.map(|channels| format!("    channels {channels}\n")),
    ]
    .into_iter()
    .flatten()
    .collect();
    // The hint puts it into ALSA's list of devices. No other configuration is read, so that the machine's own cards
    // and sound server stay out of the test.
    Ok(format!(
        "pcm_type.loa_paced {{ lib \"{plugin}\" }}\n\
         pcm.{PCM_NAME} {{\n    type loa_paced\n    dir \"{folder}\"\n{choices}    \
         hint {{ show on description \"Loa test sound card\" }}\n}}\n\
         pcm.default {{ type plug slave.pcm \"{PCM_NAME}\" }}\n"
    ))
}
