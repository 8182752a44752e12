//! The agent's player on a sound card that keeps real time: sounds begin at their instant, by the card's own account.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use loa_protocol::{Clock as _, SystemClock};
use loa_tests::soundcard::SoundCard;

const PATIENCE: Duration = Duration::from_secs(10);
/// How far ahead the node gives a sound to the player.
const LEAD_US: i64 = 1_000_000;
/// Frames that each sound has.
const FRAMES: &str = "ended 16000";
/// A sample of the sound's first millisecond.
const AUDIBLE: f32 = 0.003;

/// How far from their instants so many sounds begin, milliseconds; sorted by size. `linger_ms`: how long the card stays open.
fn errors(starts: i64, linger_ms: u64) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir()?;
    let card = SoundCard::new(folder.path())?;
    let mut player = Command::new(env!("CARGO_BIN_EXE_timed-player"))
        .args([card.pcm_name(), &linger_ms.to_string()])
        .envs(card.env())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut orders = player.stdin.take().context("stdin")?;
    let mut said = BufReader::new(player.stdout.take().context("stdout")?).lines();
    let clock = SystemClock::new();
    let mut errors = Vec::new();
    for number in 0..starts {
        // Not in step with the card's periods, nor with anything else.
        let at = clock.now().as_microsecond() + LEAD_US + (number * 7_919) % 40_000;
        writeln!(orders, "{at}")?;
        let onset = card.wait_for_sound(AUDIBLE, PATIENCE)?;
        errors.push((onset.realtime_ns - at * 1_000) as f64 / 1e6);
        card.wait_for_silence(AUDIBLE, Duration::from_millis(50), PATIENCE)?;
        assert_eq!(said.next().context("the player ended")??, FRAMES);
    }
    drop(orders);
    assert!(player.wait()?.success());
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    Ok(errors)
}

#[test]
fn a_sound_begins_within_20_ms_of_its_instant_on_a_card_that_was_closed() {
    let errors = errors(20, 1).unwrap();
    println!("{errors:?}");
    assert!(errors.last().is_some_and(|worst| worst.abs() <= 20.0), "{errors:?} ms");
}

#[test]
fn a_sound_begins_within_20_ms_of_its_instant_on_a_card_that_is_open() {
    let errors = errors(20, 5_000).unwrap();
    println!("{errors:?}");
    assert!(errors.last().is_some_and(|worst| worst.abs() <= 20.0), "{errors:?} ms");
}
