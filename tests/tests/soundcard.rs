//! The test sound card, held to its promises by real programs: a player built on cpal, and `aplay`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use loa_tests::listen;
use loa_tests::soundcard::{Ending, EventKind, Limits, SoundCard};
use rstest::rstest;

const SOON: Duration = Duration::from_secs(5);

/// Frames in a period where a test is about something else than short ones: the ring then holds 200 ms at 48 kHz, so
/// that a busy machine does not starve the card.
const EASY: u32 = 4_800;

/// A card in a folder that goes with it.
struct Bench {
    card: SoundCard,
    folder: tempfile::TempDir,
}

fn bench() -> Bench {
    bench_with(Limits::default())
}

fn bench_with(limits: Limits) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    Bench { card: SoundCard::with_limits(folder.path().join("card"), limits).unwrap(), folder }
}

impl Bench {
    fn wav(&self, rate: u32, channels: u16, samples: &[i16]) -> PathBuf {
        let path = self.folder.path().join("sound.wav");
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for &sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        path
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.card.env()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    fn player(&self, file: &Path, format: &str, period: u32, mode: &str) -> Player {
        let mut command = self.command(env!("CARGO_BIN_EXE_soundcard-player"));
        command.arg(self.card.pcm_name()).arg(file).args([format, &period.to_string(), mode]);
        Player::start(command)
    }
}

/// A running `soundcard-player`; killed when dropped.
struct Player {
    child: Child,
    stdin: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
}

impl Player {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, said }
    }

    /// The next line it says that is not about frames.
    fn next_news(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "the player ended");
            if !line.starts_with("frames ") {
                return line.trim().to_owned();
            }
        }
    }

    /// By cpal's account: pairs of frame number and the nanosecond at which it sounds.
    fn frames(&mut self, count: usize) -> Vec<(f64, f64)> {
        let mut found = Vec::new();
        while found.len() < count {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "the player ended");
            if let Some((frames, ns)) = line.trim().strip_prefix("frames ").and_then(|l| l.split_once(' ')) {
                found.push((frames.parse().unwrap(), ns.parse().unwrap()));
            }
        }
        found
    }

    fn quit(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    fn wait(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Noise without a zero, so that any lost, doubled or shifted sample shows.
fn noise(samples: usize) -> Vec<i16> {
    let mut state = 12_345_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i16) | 1
    };
    (0..samples).map(|_| next()).collect()
}

fn as_heard(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect()
}

#[rstest]
#[case::speech_period("i16", 48_000, 1, 960)]
#[case::tiny_period("i16", 48_000, 1, 64)]
#[case::stereo("i16", 44_100, 2, 512)]
#[case::telephone("i16", 8_000, 1, 160)]
#[case::thirty_two_bits("i32", 48_000, 2, 480)]
#[case::floats("f32", 48_000, 1, 256)]
fn every_frame_is_captured_as_it_was_played(
    #[case] format: &str,
    #[case] rate: u32,
    #[case] channels: u16,
    #[case] period: u32,
) {
    let bench = bench();
    let samples = noise(rate as usize / 3 * usize::from(channels));
    bench.player(&bench.wav(rate, channels, &samples), format, period, "once").wait();

    let mut played = as_heard(&samples);
    played.resize(2 * played.len(), 0.0);
    let mut played = played.as_slice();
    let capture = bench.card.captured().unwrap();
    for segment in &capture.segments {
        assert_eq!((segment.rate, segment.channels), (rate, channels));
        // A busy machine may starve a short ring: cpal then loses a period or two, and goes on.
        let beginning = &segment.frames[..segment.frames.len().min(8)];
        let lost = played.windows(beginning.len()).position(|window| window == beginning).unwrap();
        assert!(played[lost..].starts_with(&segment.frames), "the frames differ from those played");
        played = &played[lost + segment.frames.len()..];
        if segment.ending == Ending::Stopped && capture.segments.len() == 1 {
            assert_eq!(lost, 0);
        }
    }
    assert_eq!(capture.segments.last().unwrap().ending, Ending::Stopped);
    assert!(played.len() < samples.len(), "the whole sound was played");
    let setup = bench.card.wait_for_event(EventKind::HwParams, 1, SOON).unwrap();
    assert_eq!(setup.field::<u32>("period").unwrap(), period);
    assert_eq!(setup.field::<u32>("buffer").unwrap(), 2 * period);
}

/// How much faster than nominal the device is by cpal's account, in ppm: the median slope between points half the
/// trace apart (Theil-Sen), which late wake-ups of a busy machine do not move.
fn measured_ppm(trace: &[(f64, f64)], rate: f64) -> f64 {
    let half = trace.len() / 2;
    let slope = |(a, b): (&(f64, f64), &(f64, f64))| (b.0 - a.0) / (b.1 - a.1) * 1e9;
    let mut slopes: Vec<f64> = trace.iter().zip(&trace[half..]).map(slope).collect();
    slopes.sort_by(f64::total_cmp);
    (slopes[slopes.len() / 2] / rate - 1.0) * 1e6
}

#[test]
fn two_cards_in_two_programs_each_keep_their_own_time() {
    let (exact, fast) = (bench(), bench());
    fast.card.set_ppm(200.0).unwrap();
    let file = exact.wav(48_000, 1, &noise(48_000));
    let mut exact_player = exact.player(&file, "i16", EASY, "loop");
    let mut fast_player = fast.player(&file, "i16", EASY, "loop");
    // A point each 100 ms: three seconds. The first are of a card that has not started.
    let (exact_trace, fast_trace) = (exact_player.frames(33), fast_player.frames(33));
    exact_player.quit();
    fast_player.quit();

    let (exact_ppm, fast_ppm) =
        (measured_ppm(&exact_trace[2..], 48_000.0), measured_ppm(&fast_trace[2..], 48_000.0));
    assert!(exact_ppm.abs() < 20.0, "real time, not {exact_ppm:.1} ppm beside it");
    assert!((fast_ppm - 200.0).abs() < 20.0, "200 ppm fast, not {fast_ppm:.1}");

    // The instants in the cards' captures say the same, and both heard all of the sound.
    for (bench, ppm) in [(&exact, 0.0), (&fast, 200.0)] {
        let capture = bench.card.captured().unwrap();
        let [segment] = capture.segments.as_slice() else { panic!("unbroken") };
        let nominal = segment.len() as f64 / 48_000.0;
        let fitted = (nominal / segment.duration().as_secs_f64() - 1.0) * 1e6;
        assert!((fitted - ppm).abs() < 0.1, "{fitted} of {ppm} ppm");
        assert!(nominal > 3.0);
        assert!(segment.frames[..48_000] == as_heard(&noise(48_000)));
    }
}

#[test]
fn a_change_of_speed_is_felt_at_once() {
    let bench = bench();
    let mut player = bench.player(&bench.wav(48_000, 1, &noise(4_800)), "i16", EASY, "loop");
    player.frames(3);
    bench.card.set_ppm(100_000.0).unwrap();
    bench.card.wait_for_event(EventKind::Speed, 1, SOON).unwrap();
    let trace = player.frames(12);
    player.quit();
    let ppm = measured_ppm(&trace[2..], 48_000.0);
    assert!((ppm - 100_000.0).abs() < 5_000.0, "a tenth faster, not {ppm:.0} ppm");
}

#[test]
fn an_unplugged_card_fails_its_player_and_plays_again_when_it_returns() {
    let bench = bench();
    let mut player = bench.player(&bench.wav(48_000, 1, &noise(4_800)), "i16", EASY, "loop");
    assert_eq!(player.next_news(), "playing");
    bench.card.wait_for_sound(0.01, SOON).unwrap();

    bench.card.unplug().unwrap();
    assert_eq!(player.next_news(), "error DeviceNotAvailable", "the running stream");
    assert_eq!(player.next_news(), "error DeviceNotAvailable", "opening it again");
    let unplugged = bench.card.wait_for_event(EventKind::Unplug, 1, SOON).unwrap();

    bench.card.replug().unwrap();
    bench.card.skip().unwrap();
    let back = bench.card.wait_for_sound(0.01, SOON).unwrap();
    player.quit();

    let capture = bench.card.captured().unwrap();
    let [before, after] = capture.segments.as_slice() else { panic!("two stretches") };
    assert_eq!((before.ending, after.ending), (Ending::Unplugged, Ending::Stopped));
    assert_eq!(before.len() as u64, unplugged.frame, "what was queued was not heard");
    assert_eq!(after.moment_of(0), back);
}

#[test]
fn a_starved_or_stumbling_card_is_started_again_by_cpal() {
    let bench = bench();
    let mut player = bench.player(&bench.wav(48_000, 1, &noise(4_800)), "i16", EASY, "loop");
    assert_eq!(player.next_news(), "playing");
    player.frames(1);
    bench.card.xrun().unwrap();
    assert_eq!(player.next_news(), "error Xrun");
    bench.card.wait_for_event(EventKind::Start, 2, SOON).unwrap();
    player.frames(1);
    player.quit();
    let endings: Vec<_> = bench.card.captured().unwrap().segments.iter().map(|s| s.ending).collect();
    assert_eq!(endings, [Ending::Xrun, Ending::Stopped]);
}

#[test]
fn what_is_queued_in_a_frozen_card_sounds_later() {
    let bench = bench();
    let mut player = bench.player(&bench.wav(48_000, 1, &noise(4_800)), "i16", EASY, "loop");
    player.frames(1);
    bench.card.freeze(Duration::from_millis(300)).unwrap();
    let frozen = bench.card.wait_for_event(EventKind::Freeze, 1, SOON).unwrap();
    player.frames(2);
    player.quit();
    let capture = bench.card.captured().unwrap();
    let [segment] = capture.segments.as_slice() else { panic!("a freeze is no break") };
    let last = usize::try_from(frozen.frame).unwrap();
    let pause = segment.moment_of(last + 1).since(segment.moment_of(last));
    assert!((300_000_000..300_030_000).contains(&pause), "{pause} ns from a frame to the next");
}

#[test]
fn the_first_sound_and_the_silence_after_it_are_told_to_the_frame() {
    let bench = bench();
    let mut samples = vec![0; 9_600];
    samples.extend(noise(4_800).iter().map(|sample| sample | 0x1000));
    samples.resize(samples.len() + 9_600, 0);
    let player = bench.player(&bench.wav(48_000, 1, &samples), "i16", EASY, "once");

    let start = bench.card.wait_for_sound(0.01, SOON).unwrap();
    let end = bench.card.wait_for_silence(0.01, Duration::from_millis(100), SOON).unwrap();
    assert!(bench.card.wait_for_sound(0.01, Duration::from_millis(50)).is_err(), "nothing follows");
    player.wait();

    let capture = bench.card.captured().unwrap();
    let first = capture.segments[0].moment_of(9_600);
    assert_eq!(start, first);
    let sound = listen::sounding(&capture.mono(), 0.01).unwrap();
    assert_eq!(sound.start, 9_600);
    assert_eq!(end, capture.segments[0].moment_of(sound.end));
    assert!((end.since(start) - 100_000_000).abs() < 100_000, "{} ns of sound", end.since(start));
    let started = bench.card.wait_for_event(EventKind::Start, 1, SOON).unwrap();
    assert_eq!(start.since(started.at), 200_000_000);
}

#[test]
fn a_killed_player_frees_the_card_for_the_next() {
    let bench = bench();
    let file = bench.wav(48_000, 1, &noise(4_800));
    let mut first = bench.player(&file, "i16", EASY, "loop");
    assert_eq!(first.next_news(), "playing");
    bench.card.wait_for_sound(0.01, SOON).unwrap();

    let mut second = bench.player(&file, "i16", EASY, "loop");
    assert_eq!(second.next_news(), "error DeviceBusy", "a card has one player at a time");
    drop(first);
    while second.next_news() != "playing" {}
    bench.card.wait_for_event(EventKind::Start, 2, SOON).unwrap();
    second.frames(1);
    second.quit();
    let endings: Vec<_> = bench.card.captured().unwrap().segments.iter().map(|s| s.ending).collect();
    assert_eq!(endings, [Ending::Abandoned, Ending::Stopped]);
}

#[test]
fn a_card_takes_only_what_it_is_limited_to() {
    let bench = bench_with(Limits { format: Some("S16_LE"), rate: Some(48_000), channels: Some(2) });
    let samples = noise(9_600);
    for (rate, channels, format) in [(48_000, 2, "f32"), (48_000, 1, "i16")] {
        let file = bench.wav(rate, channels, &samples);
        let mut player = bench.player(&file, format, EASY, "loop");
        assert_eq!(player.next_news(), "error UnsupportedConfig", "{rate} {channels} {format}");
    }
    bench.player(&bench.wav(48_000, 2, &samples), "i16", EASY, "once").wait();
    assert!(bench.card.captured().unwrap().segments[0].frames.starts_with(&as_heard(&samples)));
}

#[test]
fn aplay_plays_on_it_and_through_the_default_device_with_conversion() {
    let bench = bench_with(Limits { format: Some("S16_LE"), rate: Some(48_000), channels: Some(1) });
    let samples = noise(24_000);
    let file = bench.wav(48_000, 1, &samples);
    let aplay = |bench: &Bench, device: &str, file: &Path| {
        let status = bench.command("aplay").args(["-q", "-D", device]).arg(file).status();
        assert!(status.expect("aplay is in Debian's alsa-utils").success());
    };
    aplay(&bench, bench.card.pcm_name(), &file);
    let capture = bench.card.captured().unwrap();
    assert!(capture.mono().starts_with(&as_heard(&samples)));
    let drained = bench.card.wait_for_event(EventKind::Drain, 1, SOON).unwrap();
    assert_eq!(drained.frame, capture.frames() as u64, "all that it gave was heard");

    // 24 kHz stereo through ALSA's converter: half a second is half a second.
    let sine =
        |n: usize| (8_000.0 * (n as f64 / 2.0 * std::f64::consts::TAU * 440.0 / 24_000.0).sin()) as i16;
    let stereo: Vec<i16> = (0..24_000).map(|n| sine(n & !1)).collect();
    aplay(&bench, "default", &bench.wav(24_000, 2, &stereo));
    let capture = bench.card.captured().unwrap();
    let converted = capture.segments[1].mono();
    let sound = listen::sounding(&converted, 0.01).unwrap();
    assert!(sound.len().abs_diff(24_000) < 100, "{sound:?}");
    let expected: Vec<f32> = (0..24_000)
        .map(|n| {
            (8_000.0 / 32_768.0 * (f64::from(n) * std::f64::consts::TAU * 440.0 / 48_000.0).sin()) as f32
        })
        .collect();
    let found = listen::find(&expected, &converted).unwrap();
    assert!(found.similarity > 0.99, "{found:?}");
}
