//! Loudness and peaks of what goes to the horns, measured by ffmpeg.

use std::time::Duration;

use loa_audio::{Limits, Pcm, Silent, Target, Warning, decode, ingest, prepare, tone};
use rstest::rstest;

use crate::support::{SPEECH, loudness, make, pcm, wav};

fn sound(source: &str) -> Pcm {
    Pcm { samples: pcm(&make(source, &["-c:a", "pcm_f32le"], "wav")), warnings: Vec::new() }
}

fn at_level(mut pcm: Pcm, db: f32) -> Pcm {
    let gain = 10_f32.powf(db / 20.0);
    pcm.samples.iter_mut().for_each(|s| *s *= gain);
    pcm
}

#[rstest]
#[case::speech(SPEECH)]
#[case::noise("anoisesrc=d=15:c=pink:r=48000:a=0.5:seed=1")]
#[case::white_noise("anoisesrc=d=15:c=white:r=48000:a=0.9:seed=1")]
#[case::tone("sine=1000:d=10:r=48000")]
#[case::music(
    "aevalsrc='0.3*sin(440*2*PI*t)*exp(-3*mod(t,0.5))+0.2*sin(660*2*PI*t)*exp(-4*mod(t,0.7))':d=15:s=48000"
)]
#[case::short("sine=1000:d=0.5:r=48000")]
fn every_sound_comes_to_the_same_loudness_below_the_ceiling(
    #[case] source: &str,
    #[values(-30.0, 0.0, 6.0)] db: f32,
) {
    let input = at_level(sound(source), db);
    let length = input.samples.len();
    let out = prepare(input, &Target::default()).unwrap();
    let (lufs, peak) = loudness(&out.samples);
    println!("{db} dB: {:?}; ffmpeg: {lufs} LUFS, {peak} dBTP", out.levels);
    assert_eq!(out.samples.len(), length);
    assert!((lufs + 16.0).abs() <= 0.3, "{lufs} LUFS");
    assert!((out.levels.loudness_lufs - lufs).abs() <= 0.15, "{:?}, ffmpeg {lufs}", out.levels);
    assert!(peak <= -1.5, "{peak} dBTP");
    assert!(out.levels.true_peak_dbtp <= -1.5, "{:?}", out.levels);
}

#[test]
fn a_sound_of_peaks_alone_keeps_the_ceiling_and_says_what_is_missing() {
    let samples =
        (0..480_000).map(|n| if n % 24_000 == 0 { 1.0 } else { 0.001 * (n as f32 * 0.4).sin() }).collect();
    let out = prepare(Pcm { samples, warnings: vec![] }, &Target::default()).unwrap();
    let (lufs, peak) = loudness(&out.samples);
    assert!(peak <= -1.5, "{peak} dBTP");
    assert!(lufs < -16.3, "{lufs} LUFS");
    assert!(out.warnings.iter().any(|w| matches!(w, Warning::BelowLoudness { .. })), "{:?}", out.warnings);
}

#[test]
fn a_quiet_recording_is_raised_and_a_listener_is_told() {
    let out = prepare(at_level(sound(SPEECH), -30.0), &Target::default()).unwrap();
    assert!(matches!(out.warnings[..], [Warning::Quiet { gain_db }] if gain_db > 20.0), "{:?}", out.warnings);
}

#[test]
fn another_target_is_met_too() {
    let target = Target { loudness_lufs: -20.0, true_peak_dbtp: -6.0, ..Target::default() };
    let (lufs, peak) = loudness(&prepare(sound(SPEECH), &target).unwrap().samples);
    assert!((lufs + 20.0).abs() <= 0.3, "{lufs} LUFS");
    assert!(peak <= -6.0, "{peak} dBTP");
}

#[test]
fn mains_hum_and_wind_do_not_reach_the_horn() {
    let input = sound("aevalsrc='0.5*sin(50*2*PI*t)+0.05*sin(1000*2*PI*t)':d=5:s=48000");
    let out = prepare(input, &Target::default()).unwrap().samples;
    let level = |frequency: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in out[96_000..192_000].iter().enumerate() {
            let phase = std::f64::consts::TAU * frequency * n as f64 / 48_000.0;
            re += f64::from(*sample) * phase.cos();
            im += f64::from(*sample) * phase.sin();
        }
        10.0 * (re * re + im * im).log10()
    };
    // 20 dB above the tone before; the filter takes 56 dB.
    let left = level(50.0) - level(1_000.0);
    assert!(left < -30.0, "{left} dB");
}

#[test]
fn silence_cannot_be_prepared() {
    for samples in [vec![], vec![0.0; 10], vec![0.0; 96_000], vec![1e-5; 96_000]] {
        assert_eq!(prepare(Pcm { samples, warnings: vec![] }, &Target::default()), Err(Silent));
    }
}

#[rstest]
#[case(15)]
#[case(50)]
#[case(399)]
fn a_very_short_sound_is_levelled_too(#[case] ms: u64) {
    let samples = tone::sine(1_000.0, Duration::from_millis(ms), -40.0);
    let out = prepare(Pcm { samples, warnings: vec![] }, &Target::default()).unwrap();
    let peak = out.samples.iter().fold(0.0_f32, |p, s| p.max(s.abs()));
    assert!((0.1..=0.85).contains(&peak), "{peak}");
}

/// Opus at these bitrates keeps what is heard, not noise: pink noise comes out 2 LU quieter.
#[rstest]
#[case::speech(SPEECH)]
#[case::music(
    "aevalsrc='0.3*sin(440*2*PI*t)*exp(-3*mod(t,0.5))+0.2*sin(660*2*PI*t)*exp(-4*mod(t,0.7))':d=15:s=48000"
)]
fn the_clip_itself_has_the_loudness_and_does_not_clip(
    #[case] source: &str,
    #[values(24_000, 32_000)] bitrate: u32,
) {
    let target = Target { bitrate, ..Target::default() };
    let clip = ingest(&wav(&sound(source).samples), &Limits::default(), &target).unwrap();
    let (lufs, peak) = loudness(&pcm(&clip.ogg));
    println!("{bitrate}: {} bytes, {:?}; after Opus {lufs} LUFS, {peak} dBTP", clip.ogg.len(), clip.levels);
    assert!((lufs + 16.0).abs() <= 0.5, "{lufs} LUFS");
    assert!(peak <= 0.0, "{peak} dBTP");
    assert_eq!(clip.warnings, []);
    assert_eq!(clip.samples, decode(&clip.ogg, &Limits::default()).unwrap().samples.len() as u64);
}

#[test]
fn in_memory_and_in_passes_the_same_clip_results() {
    let speech = sound(SPEECH);
    let file = wav(&speech.samples);
    let from_file = ingest(&file, &Limits::default(), &Target::default()).unwrap();
    let from_memory = loa_audio::clip(&speech, &Target::default()).unwrap();
    assert_eq!(from_file, from_memory);
    assert_eq!(from_file.duration_ms, 12_410);
}
