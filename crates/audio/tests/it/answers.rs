//! Odd files: each has a defined answer.

use std::time::Duration;

use loa_audio::{DecodeError, Limits, Target, Warning, decode, ingest, tone};
use rstest::rstest;

use crate::support::{SPEECH, SPEECH_SAMPLES, convert, loudness, make, make_piped, pcm, snr, wav, wav_of};

fn refusal(file: &[u8]) -> &'static str {
    match decode(file, &Limits::default()) {
        Ok(sound) => panic!("decoded to {} samples, {:?}", sound.samples.len(), sound.warnings),
        Err(error) => error.code(),
    }
}

fn options(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// Bytes that look random, the same every time.
fn rubbish(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

#[test]
fn an_empty_file_is_called_empty() {
    assert_eq!(refusal(&[]), "empty");
}

#[test]
fn rubbish_is_never_taken_for_sound() {
    for seed in 0..300 {
        assert_eq!(refusal(&rubbish(seed, 100_000)), "unsupported_format", "seed {seed}");
    }
    assert_eq!(refusal("Kính mời bà con đến nhà văn hoá".as_bytes()), "unsupported_format");
    assert_eq!(refusal(&vec![0xff; 100_000]), "unsupported_format");
    assert_eq!(refusal(&vec![0; 100_000]), "unsupported_format");
}

#[test]
fn rubbish_behind_a_good_signature_is_refused() {
    let starts: [&[u8]; 7] = [
        b"RIFF\x00\x10\x00\x00WAVEfmt \x10\0\0\0",
        b"fLaC\0\0\0\x22",
        b"OggS\0\x02\0\0\0\0\0\0\0\0",
        b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42",
        b"\x1a\x45\xdf\xa3\x9f",
        b"ID3\x04\0\0\0\0\0\x10",
        b"#!AMR\n",
    ];
    for start in starts {
        for seed in 0..20 {
            let file = [start, &rubbish(seed, 20_000)].concat();
            let code = refusal(&file);
            let expected =
                ["corrupt", "unsupported_codec", "unsupported_format", "no_audio", "too_many_channels"];
            assert!(expected.contains(&code), "{start:?} {seed}: {code}");
        }
    }
}

#[rstest]
#[case::wav("wav", "-c:a pcm_s16le", Some(true))]
#[case::flac("flac", "-c:a flac", Some(true))]
#[case::ogg_opus("opus", "-c:a libopus", Some(true))]
// These have no length to miss: they just end.
#[case::mp3("mp3", "-b:a 64k", Some(false))]
#[case::adts("aac", "-c:a aac", Some(false))]
#[case::vorbis("ogg", "-c:a libvorbis", Some(false))]
// These say how long they are and are refused when they are not; a browser's recording is not (below).
#[case::mp4_index_first("m4a", "-c:a aac -movflags +faststart", None)]
#[case::mp4_index_last("m4a", "-c:a aac", None)]
#[case::webm("webm", "-c:a libopus", None)]
fn a_file_cut_in_half_plays_its_half_and_says_so_or_is_refused(
    #[case] extension: &str,
    #[case] codec: &str,
    #[case] told: Option<bool>,
) {
    let file = make(SPEECH, &options(codec), extension);
    let half = &file[..file.len() / 2];
    match (decode(half, &Limits::default()), told) {
        (Ok(sound), Some(told)) => {
            let share = sound.samples.len() as f64 / SPEECH_SAMPLES as f64;
            assert!((0.35..0.65).contains(&share), "{share}");
            assert_eq!(sound.warnings.contains(&Warning::Truncated), told, "{:?}", sound.warnings);
        }
        (Err(error), None) => assert_eq!(error.code(), "corrupt"),
        (found, _) => panic!("{:?}", found.map(|sound| (sound.samples.len(), sound.warnings))),
    }
}

#[test]
fn a_browsers_recording_that_was_cut_off_plays_as_far_as_it_goes() {
    for (format, codec) in [
        ("webm", "-c:a libopus -live 1"),
        ("mp4", "-c:a aac -movflags frag_keyframe+empty_moov -frag_duration 500000"),
    ] {
        let file = make_piped(SPEECH, &options(codec), format);
        let sound = decode(&file[..file.len() / 2], &Limits::default()).unwrap();
        let share = sound.samples.len() as f64 / SPEECH_SAMPLES as f64;
        assert!((0.35..0.65).contains(&share), "{format}: {share}");
    }
}

#[test]
fn a_file_cut_within_its_headers_is_corrupt() {
    for (extension, codec) in
        [("wav", "-c:a pcm_s16le"), ("flac", "-c:a flac"), ("m4a", "-c:a aac"), ("webm", "-c:a libopus")]
    {
        let file = make(SPEECH, &options(codec), extension);
        assert_eq!(refusal(&file[..20]), "corrupt", "{extension}");
    }
}

#[test]
fn a_file_without_samples_has_no_sound() {
    assert_eq!(refusal(&wav(&[])), "no_audio");
}

#[test]
fn a_video_without_sound_has_no_sound_and_one_with_sound_is_heard() {
    let picture = "color=c=blue:s=64x64:r=5:d=3";
    let silent = make(picture, &options("-c:v mpeg4"), "mp4");
    assert_eq!(refusal(&silent), "no_audio");
    let both = format!("{picture}[out0];sine=440:d=3:r=48000[out1]");
    for (extension, codecs) in [("mp4", "-c:v mpeg4 -c:a aac"), ("webm", "-c:v libvpx -c:a libopus")] {
        let file = make(&both, &options(codecs), extension);
        let sound = decode(&file, &Limits::default()).unwrap();
        assert!(sound.samples.len().abs_diff(144_000) <= 2_048, "{extension}: {}", sound.samples.len());
    }
}

#[rstest]
#[case::alac("m4a", "-c:a alac", "unsupported_codec")]
#[case::ac3("mp4", "-c:a ac3", "unsupported_codec")]
#[case::mp2("mp2", "-c:a mp2", "unsupported_format")]
#[case::aiff("aiff", "-c:a pcm_s16be", "unsupported_format")]
#[case::wma("wma", "-c:a wmav2", "unsupported_format")]
#[case::adpcm("wav", "-c:a adpcm_ms", "unsupported_codec")]
fn a_codec_that_is_not_read_is_named_as_such(
    #[case] extension: &str,
    #[case] codec: &str,
    #[case] code: &str,
) {
    assert_eq!(refusal(&make(SPEECH, &options(codec), extension)), code);
}

#[test]
fn eight_channels_are_mixed_and_more_are_refused() {
    let tone = tone::sine(1_000.0, Duration::from_secs(1), -20.0);
    let spread = |channels: u16| {
        let samples: Vec<f32> = tone.iter().flat_map(|s| std::iter::repeat_n(*s, channels.into())).collect();
        wav_of(&samples, channels, 48_000)
    };
    let sound = decode(&spread(8), &Limits::default()).unwrap();
    assert!(snr(&sound.samples, &tone) > 90.0);
    assert_eq!(refusal(&spread(9)), "too_many_channels");
    assert_eq!(refusal(&spread(16)), "too_many_channels");
    let two = Limits { max_channels: 2, ..Limits::default() };
    let error = decode(&spread(8), &two).unwrap_err();
    assert_eq!(error, DecodeError::TooManyChannels { channels: 8, max: 2 });
}

#[test]
fn a_number_of_channels_that_breaks_the_library_is_refused() {
    let mut file = wav(&vec![0.1; 4_800]);
    let at = file.windows(4).position(|w| w == b"fmt ").unwrap() + 10;
    file[at + 1] = 1;
    assert!(["corrupt", "too_many_channels", "unsupported_codec"].contains(&refusal(&file)));
}

#[test]
fn surround_sound_from_a_film_is_mixed_where_the_codec_allows() {
    let surround =
        "aevalsrc='0.1*sin(2000*t)|0.1*sin(2000*t)|0.2*sin(5000*t)|0.5*sin(300*t)|0|0':c=5.1:d=2:s=48000";
    for (extension, codec) in
        [("wav", "-c:a pcm_s16le"), ("flac", "-c:a flac"), ("ogg", "-c:a libvorbis -q:a 8")]
    {
        let sound = decode(&make(surround, &options(codec), extension), &Limits::default()).unwrap();
        assert!(sound.samples.len().abs_diff(96_000) <= 1_024, "{extension}");
        // Front (0.7 + 0.7 of 0.1) and centre (1 of 0.2) over the sum of weights 3.41; no subwoofer.
        let power =
            sound.samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / sound.samples.len() as f64;
        let expected = 0.5 * (0.141_42_f64 / 3.414).powi(2) + 0.5 * (0.2_f64 / 3.414).powi(2);
        let off = 10.0 * (power / expected).log10();
        assert!(off.abs() < 0.5, "{extension}: {off} dB");
    }
    for (extension, codec) in
        [("m4a", "-c:a aac"), ("aac", "-c:a aac"), ("opus", "-c:a libopus"), ("webm", "-c:a libopus")]
    {
        let file = make(surround, &options(codec), extension);
        assert_eq!(refusal(&file), "too_many_channels", "{extension} {codec}");
    }
}

#[test]
fn three_hours_are_too_long_whatever_the_format_and_take_little_memory() {
    // A minute, 180 times: MP3 frames and chained Ogg streams may simply follow each other.
    let minute = "anoisesrc=d=60:c=pink:r=24000:a=0.1";
    for (extension, codec) in [("mp3", "-b:a 16k -write_xing 0 -id3v2_version 0"), ("opus", "-b:a 8k -ac 1")]
    {
        let file = make(minute, &options(codec), extension).repeat(180);
        let error = ingest(&file, &Limits::default(), &Target::default()).unwrap_err();
        assert_eq!(error.code(), "too_long", "{extension}");
        let peak = peak_memory_mib();
        let limit = 100 + file.len() as u64 / (1 << 20);
        assert!(peak < limit, "{extension}: {peak} MiB for a file of {} MiB", file.len() >> 20);
    }
}

#[test]
fn a_long_sound_takes_no_more_memory_than_a_short_one() {
    // Ten minutes would be 110 MiB of samples.
    let minute = "anoisesrc=d=60:c=pink:r=24000:a=0.1";
    let file = make(minute, &options("-b:a 16k -write_xing 0 -id3v2_version 0"), "mp3").repeat(10);
    let before = peak_memory_mib();
    let clip = ingest(&file, &Limits::default(), &Target::default()).unwrap();
    let grown = peak_memory_mib() - before;
    println!("grew by {grown} MiB to make a clip of {} bytes", clip.ogg.len());
    assert!(clip.samples.abs_diff(28_800_000) < 480_000, "{}", clip.samples);
    assert!(grown < 60, "{grown} MiB");
}

/// The most memory that this process has had, in MiB. Each test is its own process under cargo-nextest.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

#[test]
fn a_limit_on_duration_is_exact() {
    let limits = Limits { max_duration: Duration::from_millis(1_500), ..Limits::default() };
    assert!(decode(&wav(&vec![0.1; 72_000]), &limits).is_ok());
    let error = decode(&wav(&vec![0.1; 72_001]), &limits).unwrap_err();
    assert_eq!(error.code(), "too_long");
}

#[test]
fn a_file_above_the_limit_is_not_looked_at() {
    let limits = Limits { max_bytes: 10, ..Limits::default() };
    assert_eq!(decode(&[0; 11], &limits), Err(DecodeError::TooLarge { bytes: 11, max: 10 }));
}

#[test]
fn silence_is_refused_because_it_would_count_as_played() {
    let hum: Vec<f32> = (0..96_000).map(|n| 0.3 * (n as f32 * 0.006_5).sin()).collect();
    let faint: Vec<f32> = tone::sine(1_000.0, Duration::from_secs(2), -75.0);
    for (name, samples) in
        [("zeros", vec![0.0; 96_000]), ("one sample", vec![0.0]), ("hum", hum), ("faint", faint)]
    {
        let error = ingest(&wav(&samples), &Limits::default(), &Target::default()).unwrap_err();
        assert_eq!(error.code(), "silent", "{name}");
    }
}

#[test]
fn channels_that_cancel_each_other_are_heard_by_the_left_one() {
    let speech = pcm(&make(SPEECH, &["-c:a", "pcm_f32le"], "wav"));
    let opposite: Vec<f32> = speech.iter().flat_map(|s| [*s, -*s]).collect();
    let sound = decode(&wav_of(&opposite, 2, 48_000), &Limits::default()).unwrap();
    assert_eq!(sound.warnings, [Warning::OneChannelUsed]);
    assert!(snr(&sound.samples, &speech) > 90.0);
    let clip = ingest(&wav_of(&opposite, 2, 48_000), &Limits::default(), &Target::default()).unwrap();
    assert!(clip.warnings.contains(&Warning::OneChannelUsed));
    assert!((clip.levels.loudness_lufs + 16.0).abs() < 0.3);
}

#[test]
fn a_recording_that_was_cut_out_of_a_stream_or_has_a_big_tag_is_read() {
    let file = make(SPEECH, &options("-b:a 64k -ar 48000 -write_xing 0 -id3v2_version 0"), "mp3");
    let cut = decode(&file[5_001..], &Limits::default()).unwrap();
    assert!(cut.samples.len() > 550_000, "{}", cut.samples.len());
    let mut tagged = b"ID3\x04\0\0\0\x06\x0d\x20".to_vec();
    tagged.resize(10 + (6 << 14) + (0x0d << 7) + 0x20, 0);
    tagged.extend_from_slice(&file);
    let whole = decode(&file, &Limits::default()).unwrap();
    assert_eq!(decode(&tagged, &Limits::default()), Ok(whole));
}

#[rstest]
#[case::opus("opus", "-c:a libopus -b:a 32k")]
#[case::vorbis("ogg", "-c:a libvorbis -q:a 4 -ar 48000")]
fn chained_ogg_is_played_to_its_end(#[case] extension: &str, #[case] codec: &str) {
    let first = make(SPEECH, &options(codec), extension);
    let second = make("sine=600:d=3:r=44100", &options(codec), extension);
    let alone = |file: &[u8]| decode(file, &Limits::default()).unwrap().samples.len();
    let sound = decode(&[first.clone(), second.clone()].concat(), &Limits::default()).unwrap();
    let expected = alone(&first) + alone(&second);
    assert!(sound.samples.len().abs_diff(expected) <= 1_024, "{} {expected}", sound.samples.len());
    assert_eq!(sound.warnings, []);
}

#[test]
fn what_was_cut_away_with_a_phone_is_not_heard() {
    // A phone's editor leaves the sound in the file and hides it by the edit list: keep 3 s from second 4 on.
    let mut file = make(SPEECH, &options("-c:a aac -ar 48000 -movflags +faststart"), "m4a");
    let at = file.windows(4).position(|w| w == b"elst").unwrap();
    file[at + 12..at + 16].copy_from_slice(&3_000_u32.to_be_bytes());
    file[at + 16..at + 20].copy_from_slice(&(192_000_u32 + 1_024).to_be_bytes());
    let sound = decode(&file, &Limits::default()).unwrap();
    assert_eq!(sound.samples.len(), 144_000);
    let original = pcm(&make(SPEECH, &["-c:a", "pcm_f32le"], "wav"));
    let snr = snr(&sound.samples, &original[192_000..336_000]);
    assert!(snr > 10.0, "not in place: {snr} dB");

    // A rate that is not 1 cannot be followed.
    file[at + 20..at + 24].copy_from_slice(&[0, 2, 0, 0]);
    assert_eq!(refusal(&file), "unsupported_codec");
}

#[rstest]
#[case::he_aac(include_bytes!("../fixtures/he_aac.aac"))]
#[case::he_aac_v2(include_bytes!("../fixtures/he_aac_v2.aac"))]
fn he_aac_plays_its_lower_half_band_and_says_so(#[case] adts: &[u8]) {
    let implicit = convert(adts, &["-c", "copy"], "m4a");
    let explicit = announce_sbr(&implicit);
    let theirs = pcm(adts);
    let (their_lufs, _) = loudness(&theirs);
    for (name, file) in [("adts", adts), ("implicit", &implicit), ("explicit", &explicit)] {
        let sound = decode(file, &Limits::default()).unwrap();
        assert_eq!(sound.warnings, [Warning::HeAacHalfBand], "{name}");
        // A frame is 2,048 samples at the full rate.
        let difference = sound.samples.len().abs_diff(theirs.len());
        assert!(difference <= 3_072, "{name}: {} samples, ffmpeg {}", sound.samples.len(), theirs.len());
        let (lufs, _) = loudness(&sound.samples);
        assert!((lufs - their_lufs).abs() < 1.5, "{name}: {lufs} LUFS, ffmpeg {their_lufs}");
    }
}

/// Rewrites the plain AAC-LC configuration of an M4A (index at its end) into one that announces SBR.
fn announce_sbr(file: &[u8]) -> Vec<u8> {
    let at = file.windows(5).position(|w| w == [5, 0x80, 0x80, 0x80, 2]).unwrap() + 5;
    let plain = u32::from(u16::from_be_bytes([file[at], file[at + 1]]));
    let (rate, channels) = (plain >> 7 & 15, plain >> 3 & 15);
    // Object type 5 (SBR), the core's rate and channels, the full rate (its index is three less), object type 2 (LC).
    let config = (5 << 27 | rate << 23 | channels << 19 | (rate - 3) << 15 | 2 << 10_u32).to_be_bytes();
    let mut out = file.to_vec();
    out.splice(at..at + 2, config);
    for name in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4a", b"esds"] {
        let at = out.windows(4).position(|w| w == name).unwrap();
        let size = u32::from_be_bytes(out[at - 4..at].try_into().unwrap()) + 2;
        out[at - 4..at].copy_from_slice(&size.to_be_bytes());
    }
    // The lengths of the three descriptors around it.
    for tag in [[3, 0x80, 0x80, 0x80], [4, 0x80, 0x80, 0x80], [5, 0x80, 0x80, 0x80]] {
        let at = out.windows(4).position(|w| w == tag).unwrap() + 4;
        out[at] += 2;
    }
    out
}

#[test]
fn aac_that_is_not_he_aac_is_not_called_so() {
    for codec in
        ["-c:a aac -ar 24000 -b:a 24k", "-c:a aac -ar 22050 -b:a 32k -ac 2", "-c:a aac -ar 48000 -b:a 128k"]
    {
        for source in [SPEECH, "anoisesrc=d=10:a=0.3"] {
            let sound = decode(&make(source, &options(codec), "aac"), &Limits::default()).unwrap();
            assert_eq!(sound.warnings, [], "{codec}");
        }
    }
}

#[test]
fn damage_in_the_middle_is_told_and_too_much_is_refused() {
    let file = make(SPEECH, &options("-b:a 64k -ar 48000"), "mp3");
    let mut hit = file.clone();
    hit[40_000..41_000].copy_from_slice(&rubbish(1, 1_000));
    let sound = decode(&hit, &Limits::default()).unwrap();
    assert!(sound.samples.len() > SPEECH_SAMPLES * 9 / 10, "{}", sound.samples.len());

    let clip = ingest(&file, &Limits::default(), &Target::default()).unwrap();
    let mut hit = clip.ogg.clone();
    let middle = hit.len() / 2;
    hit[middle] ^= 0x40;
    let sound = decode(&hit, &Limits::default()).unwrap();
    assert!(matches!(sound.warnings[..], [Warning::Damaged { lost: 1, .. }]), "{:?}", sound.warnings);
    for at in (400..hit.len()).step_by(100) {
        hit[at] ^= 0x40;
    }
    assert_eq!(refusal(&hit), "corrupt");
}
