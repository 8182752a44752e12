//! Ogg Opus out and in: exact lengths, the same bytes each time, and ffmpeg agrees.

use std::io::Read;

use loa_audio::opus_file::{EncodeError, ReadError, Reader, duration, encode};
use loa_audio::{Limits, decode};
use rstest::rstest;

use crate::support::{SPEECH, convert, make, pcm, snr};

fn speech() -> Vec<f32> {
    pcm(&make(SPEECH, &["-c:a", "pcm_f32le"], "wav"))
}

fn read_all(file: &[u8]) -> Vec<f32> {
    let mut reader = Reader::new(file).unwrap();
    let mut out = Vec::new();
    while reader.next_frame(&mut out).unwrap() {}
    assert_eq!(reader.position(), out.len() as u64);
    assert_eq!(reader.damaged(), 0);
    out
}

#[rstest]
fn a_clip_is_exactly_as_long_as_its_sound(
    #[values(1, 648, 649, 960, 47_688, 48_000, 333_333)] length: usize,
) {
    let sound: Vec<f32> = speech().into_iter().cycle().skip(20_000).take(length).collect();
    let file = encode(&sound, 24_000).unwrap();
    assert_eq!(read_all(&file).len(), length);
    assert_eq!(duration(&file), Some(length as u64));
    assert_eq!(pcm(&file).len(), length, "ffmpeg");
}

#[test]
fn the_same_sound_gives_the_same_bytes_and_another_sound_others() {
    let sound = speech();
    assert_eq!(encode(&sound, 24_000).unwrap(), encode(&sound, 24_000).unwrap());
    let serial = |file: &[u8]| file[14..18].to_vec();
    let other: Vec<f32> = sound.iter().map(|s| s * 0.5).collect();
    assert_ne!(serial(&encode(&sound, 24_000).unwrap()), serial(&encode(&other, 24_000).unwrap()));
}

#[rstest]
fn ffmpeg_hears_in_our_clips_what_we_hear_and_the_sound_is_there(
    #[values(16_000, 24_000, 32_000, 64_000)] bitrate: u32,
) {
    let sound = speech();
    let file = encode(&sound, bitrate).unwrap();
    let (ours, theirs) = (read_all(&file), pcm(&file));
    let agree = snr(&ours, &theirs);
    let faithful = snr(&ours, &sound);
    let rate = file.len() as f64 * 8.0 * 48_000.0 / sound.len() as f64;
    println!(
        "{bitrate}: {rate:.0} bit/s in the file, {agree:.1} dB to ffmpeg, {faithful:.1} dB to the original"
    );
    assert!(agree > 80.0, "{agree} dB");
    // Codecs of this kind do not keep the wave, but a shift by one sample would leave less than this.
    assert!(faithful > 5.0, "{faithful} dB");
    assert!(rate < f64::from(bitrate) * 1.15, "{rate} bit/s");
}

#[rstest]
#[case("-c:a libopus -b:a 32k -application voip")]
#[case("-c:a libopus -b:a 96k -ac 2 -frame_duration 2.5")]
#[case("-c:a libopus -b:a 24k -frame_duration 120")]
#[case("-c:a libopus -b:a 12k -ar 8000")]
#[case("-c:a libopus -b:a 32k -page_duration 40000")]
#[case("-c:a libopus -b:a 32k -page_duration 5000000")]
fn we_hear_in_ffmpegs_files_what_ffmpeg_hears(#[case] options: &str) {
    let file = make(SPEECH, &options.split(' ').collect::<Vec<_>>(), "ogg");
    let (ours, theirs) = (read_all(&file), pcm(&file));
    assert_eq!(ours.len(), theirs.len());
    assert_eq!(duration(&file), Some(ours.len() as u64));
    let agree = snr(&ours, &theirs);
    assert!(agree > 60.0, "{agree} dB");
}

#[test]
fn a_stream_that_was_cut_out_of_a_longer_one_starts_at_its_own_beginning() {
    // ffmpeg's copy keeps the granule positions of the original, as a recorder that joins late would.
    let file = encode(&speech(), 24_000).unwrap();
    let late = convert(&file, &["-ss", "5", "-copyts", "-c", "copy"], "ogg");
    let ours = read_all(&late);
    assert_eq!(duration(&late), Some(ours.len() as u64));
    assert!(ours.len().abs_diff(595_680 - 240_000) <= 4_800, "{}", ours.len());
}

#[test]
fn skipping_lands_on_the_sample_and_sounds_right_from_there() {
    let file = encode(&speech(), 24_000).unwrap();
    let whole = read_all(&file);
    for target in [0, 1, 100, 960, 5_000, 47_999, 48_000, 123_456, 300_001, 595_000, 595_679] {
        let mut reader = Reader::new(file.as_slice()).unwrap();
        reader.skip_to(target as u64).unwrap();
        assert_eq!(reader.position(), target as u64);
        let mut rest = Vec::new();
        while reader.next_frame(&mut rest).unwrap() {}
        assert_eq!(rest.len(), whole.len() - target, "{target}");
        let snr = snr(&rest, &whole[target..]);
        println!("{target}: {snr:.1} dB");
        assert!(snr > 20.0, "{target}: {snr} dB");
    }
}

#[test]
fn skipping_may_be_repeated_but_not_backwards_and_ends_at_the_end() {
    let file = encode(&speech(), 24_000).unwrap();
    let whole = read_all(&file);
    let mut reader = Reader::new(file.as_slice()).unwrap();
    let mut piece = vec![0.0; 500];
    assert_eq!(reader.read(&mut piece).unwrap(), 500);
    assert_eq!(piece, whole[..500]);
    reader.skip_to(600).unwrap();
    assert_eq!(reader.position(), 600);
    assert_eq!(reader.read(&mut piece).unwrap(), 500);
    assert_eq!(piece, whole[600..1_100]);
    assert!(matches!(reader.skip_to(1_099), Err(ReadError::Backwards { position: 1_100, wanted: 1_099 })));
    reader.skip_to(200_000).unwrap();
    reader.skip_to(400_000).unwrap();
    assert_eq!(reader.position(), 400_000);
    assert_eq!(reader.read(&mut piece).unwrap(), 500);
    assert!(snr(&piece, &whole[400_000..400_500]) > 20.0, "{}", snr(&piece, &whole[400_000..400_500]));
    reader.skip_to(10_000_000).unwrap();
    assert_eq!(reader.read(&mut piece).unwrap(), 0);
    assert_eq!(reader.read(&mut piece).unwrap(), 0);
}

/// Gives one byte at a time, as the slowest link may.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = out.len().min(1);
        self.0.read(&mut out[..most])
    }
}

#[test]
fn pieces_of_any_size_and_links_of_any_slowness_give_the_same_sound() {
    let file = encode(&speech()[..100_000], 24_000).unwrap();
    let whole = read_all(&file);
    for size in [1, 7, 960, 1_000, 4_096, 200_000] {
        let mut reader = Reader::new(Drops(&file)).unwrap();
        let mut found = Vec::new();
        let mut piece = vec![0.0; size];
        loop {
            let count = reader.read(&mut piece).unwrap();
            found.extend_from_slice(&piece[..count]);
            if count < size {
                break;
            }
        }
        assert!(found == whole, "{size}");
    }
}

#[test]
fn a_damaged_page_is_lost_and_counted_and_the_rest_plays_on() {
    let mut file = encode(&speech(), 24_000).unwrap();
    let middle = file.len() / 2;
    file[middle] ^= 1;
    let mut reader = Reader::new(file.as_slice()).unwrap();
    let mut out = Vec::new();
    while reader.next_frame(&mut out).unwrap() {}
    assert_eq!(reader.damaged(), 1);
    assert_eq!(out.len(), 595_680 - 48_000);
}

#[test]
fn what_is_not_a_clip_is_refused() {
    let vorbis = make(SPEECH, &["-c:a", "libvorbis"], "ogg");
    let zeros = vec![0; 400_000];
    for bytes in [&[][..], b"OggS", &zeros, &vorbis] {
        assert!(matches!(Reader::new(bytes), Err(ReadError::NotOpus)));
        assert_eq!(duration(bytes), None);
    }
}

#[test]
fn a_cover_picture_in_the_comments_is_passed_over() {
    let plain = encode(&speech()[..100_000], 24_000).unwrap();
    let comment = format!("METADATA_BLOCK_PICTURE={}", "QUJD".repeat(60_000));
    let tagged =
        convert(&plain, &["-c", "copy", "-metadata", &format!("comment={}", &comment[..100_000])], "ogg");
    assert!(tagged.len() > plain.len() + 90_000);
    assert_eq!(read_all(&tagged), read_all(&plain));
    assert_eq!(duration(&tagged), Some(100_000));
    assert_eq!(decode(&tagged, &Limits::default()).unwrap().samples.len(), 100_000);
}

#[test]
fn nothing_and_absurd_bitrates_are_not_encoded() {
    assert_eq!(encode(&[], 24_000), Err(EncodeError::Empty));
    assert_eq!(encode(&[0.0], 5_999), Err(EncodeError::Bitrate(5_999)));
    assert_eq!(encode(&[0.0], 256_001), Err(EncodeError::Bitrate(256_001)));
    assert!(encode(&[f32::NAN, f32::INFINITY, 1e30], 256_000).is_ok());
}
