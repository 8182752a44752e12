//! The agent's own player on a sound card, given sounds that are to begin at an instant, as a node gives them.
//! `timed-player DEVICE LINGER_MS`
//!
//! Each line on standard input is an instant in microseconds since 1970; at it a third of a second of sound begins. For each,
//! `ended FRAMES` is said on standard output. It ends with standard input.

use std::{io::Write as _, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use loa_agent::{
    amplifier::AmplifierConfig,
    output::{OutputName, Trouble},
    player::{Event, Player, Plays as _, Settings, Sound, SoundId, Source},
};
use loa_protocol::clock::{Clock, SystemClock};

/// Frames of each sound.
const FRAMES: usize = 16_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [device, linger] = arguments.as_slice() else { bail!("timed-player DEVICE LINGER_MS") };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let trouble = Trouble::default();
    let output = OutputName::Alsa(device.clone()).make("test", trouble.clone(), clock.clone());
    let settings = Settings { linger: Duration::from_millis(linger.parse()?), seed: 1 };
    let (player, mut events) = Player::spawn(output, trouble, AmplifierConfig::None.make(), clock, settings)?;
    let samples: Arc<[f32]> = vec![0.5; FRAMES].into();
    for (number, line) in std::io::stdin().lines().enumerate() {
        let at = Timestamp::from_microsecond(line?.trim().parse()?)?;
        let source = Source::Samples(samples.clone());
        let (id, frames) = (SoundId(number as u64), FRAMES as u64);
        player.start(Sound { id, source, gain: 1.0, frames, skip: 0, at: Some(at) });
        let ending = loop {
            match events.blocking_recv().context("the player ended")? {
                Event::Ended { ending, .. } => break ending,
                Event::Started { .. }
                | Event::Heard { .. }
                | Event::Output { .. }
                | Event::Amplifier { .. } => {}
            }
        };
        writeln!(std::io::stdout(), "ended {}", ending.frames)?;
    }
    Ok(())
}
