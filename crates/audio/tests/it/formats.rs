//! Every container and codec that an upload may have, against ffmpeg's own decoding of the same file.

use crate::support::{SPEECH, SPEECH_SAMPLES, make, make_piped, pcm, snr};
use loa_audio::{Limits, Pcm, decode};
use rstest::rstest;

fn decoded(file: &[u8]) -> Pcm {
    decode(file, &Limits::default()).unwrap()
}

/// A name for the case, the file's extension, ffmpeg's options, the longest frame of the codec in samples at
/// 48 kHz, and how near to ffmpeg's samples ours must be, in dB.
#[rstest]
#[case::wav_16("wav", "-c:a pcm_s16le -ar 48000", 0, 90.0)]
#[case::wav_24("wav", "-c:a pcm_s24le -ar 48000", 0, 90.0)]
#[case::wav_float("wav", "-c:a pcm_f32le -ar 48000 -ac 2", 0, 90.0)]
#[case::wav_8("wav", "-c:a pcm_u8 -ar 48000", 0, 90.0)]
#[case::wav_a_law("wav", "-c:a pcm_alaw -ar 8000", 1, 40.0)]
#[case::wav_44_stereo("wav", "-c:a pcm_s16le -ar 44100 -ac 2", 1, 60.0)]
#[case::wav_22("wav", "-c:a pcm_s16le -ar 22050", 1, 60.0)]
#[case::wav_96("wav", "-c:a pcm_s24le -ar 96000", 1, 60.0)]
#[case::flac("flac", "-ar 48000", 0, 90.0)]
#[case::flac_44_stereo("flac", "-ar 44100 -ac 2", 1, 60.0)]
#[case::flac_in_ogg("ogg", "-c:a flac -ar 48000", 0, 90.0)]
#[case::flac_in_mp4("mp4", "-c:a flac -ar 48000 -strict -2", 0, 90.0)]
#[case::mp3_cbr("mp3", "-b:a 128k -ar 44100 -ac 2", 1_152, 50.0)]
#[case::mp3_vbr("mp3", "-q:a 4 -ar 48000", 1_152, 50.0)]
#[case::mp3_mpeg2("mp3", "-b:a 32k -ar 22050", 2_508, 50.0)]
#[case::mp3_without_header("mp3", "-b:a 64k -ar 48000 -write_xing 0 -id3v2_version 0", 1_152, 50.0)]
#[case::aac_adts("aac", "-c:a aac -b:a 96k -ar 44100 -ac 2", 1_115, 50.0)]
#[case::m4a_index_last("m4a", "-c:a aac -b:a 64k -ar 44100", 1_115, 50.0)]
#[case::m4a_index_first("m4a", "-c:a aac -b:a 64k -ar 48000 -movflags +faststart", 1_024, 50.0)]
#[case::mp4_fragmented("mp4", "-c:a aac -b:a 64k -ar 48000 -movflags frag_keyframe+empty_moov", 1_024, 50.0)]
#[case::vorbis("ogg", "-c:a libvorbis -q:a 4 -ar 44100 -ac 2", 1_024, 50.0)]
#[case::vorbis_in_webm("webm", "-c:a libvorbis -q:a 4 -ar 48000", 1_024, 50.0)]
#[case::opus_in_ogg("opus", "-c:a libopus -b:a 32k", 0, 50.0)]
#[case::opus_in_ogg_stereo("ogg", "-c:a libopus -b:a 64k -ac 2", 0, 50.0)]
#[case::opus_60_ms("ogg", "-c:a libopus -b:a 24k -frame_duration 60", 0, 50.0)]
#[case::opus_in_webm("webm", "-c:a libopus -b:a 32k", 960, 50.0)]
#[case::opus_in_webm_60_ms("webm", "-c:a libopus -b:a 32k -frame_duration 60", 2_880, 50.0)]
#[case::opus_in_mkv_5_ms("mkv", "-c:a libopus -b:a 64k -frame_duration 5", 960, 50.0)]
#[case::opus_in_mp4("mp4", "-c:a libopus -b:a 32k -ar 48000 -strict -2", 960, 50.0)]
#[case::opus_in_mp4_fragmented(
    "mp4",
    "-c:a libopus -b:a 32k -ar 48000 -strict -2 -movflags frag_keyframe+empty_moov",
    960,
    50.0
)]
fn a_file_sounds_as_ffmpeg_decodes_it(
    #[case] extension: &str,
    #[case] options: &str,
    #[case] frame: usize,
    #[case] near: f64,
) {
    let options: Vec<&str> = options.split(' ').collect();
    let file = make(SPEECH, &options, extension);
    let ours = decoded(&file);
    let theirs = pcm(&file);
    let difference = ours.samples.len().abs_diff(theirs.len());
    let snr = snr(&ours.samples, &theirs);
    println!("{options:?}: {} samples, {difference} more or fewer, {snr:.1} dB", theirs.len());
    assert!(theirs.len() > 480_000, "ffmpeg made only {} samples", theirs.len());
    assert!(difference <= frame, "{} samples, ffmpeg {}", ours.samples.len(), theirs.len());
    assert!(snr >= near, "{snr:.1} dB");
    assert_eq!(ours.warnings, []);
}

/// Containers whose edit lists or headers say where the sound starts and ends: exact to the sample, whatever ffmpeg reads
/// from its own files (it leaves padding at the end, and misreads the start of Opus at a 16 kHz timescale).
#[rstest]
#[case("m4a", "-c:a aac -b:a 64k -ar 44100")]
#[case("m4a", "-c:a aac -b:a 64k -ar 48000 -movflags +faststart")]
#[case("mp4", "-c:a libopus -b:a 32k -strict -2 -ar 48000")]
#[case("mp4", "-c:a libopus -b:a 32k -strict -2 -ar 16000")]
#[case("opus", "-c:a libopus -b:a 32k -ar 16000")]
#[case("mp3", "-b:a 128k -ar 44100")]
fn padding_is_cut_off_at_both_ends(#[case] extension: &str, #[case] options: &str) {
    let file = make(SPEECH, &options.split(' ').collect::<Vec<_>>(), extension);
    let sound = decoded(&file);
    // Half a sample at 16 kHz.
    assert!(sound.samples.len().abs_diff(SPEECH_SAMPLES) <= 2, "{}", sound.samples.len());
    let original = pcm(&make(SPEECH, &["-c:a", "pcm_f32le"], "wav"));
    let snr = snr(&sound.samples, &original);
    assert!(snr > 3.0, "not in place: {snr:.1} dB");
}

/// What browsers record: no lengths, clusters of unknown size.
#[rstest]
#[case::webm("webm", "-c:a libopus -b:a 32k")]
#[case::webm_live("webm", "-c:a libopus -b:a 32k -live 1 -cluster_time_limit 1000")]
#[case::mp4(
    "mp4",
    "-c:a aac -b:a 64k -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000"
)]
#[case::ogg("ogg", "-c:a libopus -b:a 32k")]
#[case::wav("wav", "-c:a pcm_s16le -ar 48000")]
#[case::mp3("mp3", "-b:a 64k -ar 44100")]
fn a_recording_without_lengths_is_whole(#[case] format: &str, #[case] options: &str) {
    let options: Vec<&str> = options.split(' ').collect();
    let file = make_piped(SPEECH, &options, format);
    let (ours, theirs) = (decoded(&file), pcm(&file));
    let difference = ours.samples.len().abs_diff(theirs.len());
    let snr = snr(&ours.samples, &theirs);
    println!("{format}: {} samples, {difference} more or fewer, {snr:.1} dB", theirs.len());
    assert!(difference <= 2_304, "{} samples, ffmpeg {}", ours.samples.len(), theirs.len());
    assert!(snr >= 50.0, "{snr:.1} dB");
    assert_eq!(ours.warnings, []);
}
