//! No bytes whatever make the crate panic, hang or give out more than the limits allow.

use std::sync::OnceLock;
use std::time::Duration;

use loa_audio::opus_file::{self, Reader};
use loa_audio::{Limits, decode};
use proptest::prelude::*;

use crate::support::make;

/// A good file of each kind, one second long.
fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        [
            ("wav", "-c:a pcm_s16le"),
            ("wav", "-c:a pcm_f32le -ac 2"),
            ("flac", "-c:a flac"),
            ("mp3", "-b:a 32k"),
            ("mp3", "-b:a 64k -write_xing 0 -id3v2_version 0 -ac 2"),
            ("aac", "-c:a aac -b:a 32k"),
            ("m4a", "-c:a aac -b:a 32k"),
            ("m4a", "-c:a aac -b:a 32k -movflags +faststart"),
            ("mp4", "-c:a aac -b:a 32k -movflags frag_keyframe+empty_moov"),
            ("mp4", "-c:a libopus -b:a 24k -strict -2"),
            ("mp4", "-c:a flac -strict -2"),
            ("ogg", "-c:a libvorbis -q:a 1"),
            ("ogg", "-c:a flac"),
            ("opus", "-c:a libopus -b:a 24k"),
            ("webm", "-c:a libopus -b:a 24k"),
            ("webm", "-c:a libvorbis -q:a 1"),
            ("mkv", "-c:a aac -b:a 32k"),
        ]
        .into_iter()
        .map(|(extension, codec)| {
            make("sine=700:d=1:r=48000", &codec.split(' ').collect::<Vec<_>>(), extension)
        })
        .collect()
    })
}

/// One way to spoil a file. Places are shares of its length, so that they shrink well.
#[derive(Debug, Clone)]
enum Harm {
    Set(u16, u8),
    Flip(u16, u8),
    Word(u16, u32),
    Cut(u16),
    Remove(u16, u8),
    Repeat(u16, u8),
    Insert(u16, Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    // Half of all harm goes to the headers, where lengths and counts stand.
    let place = prop_oneof![0..2_000_u16, any::<u16>()];
    let word =
        prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(0x8000_0000), Just(0x7fff_ffff), any::<u32>()];
    prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(at, value)| Harm::Set(at, value)),
        (place.clone(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        (place.clone(), word).prop_map(|(at, value)| Harm::Word(at, value)),
        place.clone().prop_map(Harm::Cut),
        (place.clone(), any::<u8>()).prop_map(|(at, count)| Harm::Remove(at, count)),
        (place.clone(), any::<u8>()).prop_map(|(at, count)| Harm::Repeat(at, count)),
        (place, prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
    ]
}

fn spoil(file: &mut Vec<u8>, harm: &Harm) {
    let (Harm::Set(at, _)
    | Harm::Flip(at, _)
    | Harm::Word(at, _)
    | Harm::Cut(at)
    | Harm::Remove(at, _)
    | Harm::Repeat(at, _)
    | Harm::Insert(at, _)) = harm;
    // Small places are exact, so that headers are hit; large ones are spread over the file.
    let length = file.len();
    let at = if *at < 2_000 { usize::from(*at) } else { usize::from(*at) * length / 65_536 }
        .min(length.saturating_sub(1));
    let some = |count: &u8| at..(at + usize::from(*count)).min(length);
    match harm {
        _ if file.is_empty() => {}
        Harm::Set(_, value) => file[at] = *value,
        Harm::Flip(_, bit) => file[at] ^= 1 << bit,
        Harm::Word(_, value) => {
            for (slot, byte) in file[at..].iter_mut().zip(value.to_be_bytes()) {
                *slot = byte;
            }
        }
        Harm::Cut(_) => file.truncate(at),
        Harm::Remove(_, count) => drop(file.drain(some(count))),
        Harm::Repeat(_, count) => {
            let piece = file[some(count)].to_vec();
            file.splice(at..at, piece);
        }
        Harm::Insert(_, bytes) => drop(file.splice(at..at, bytes.iter().copied())),
    }
}

/// Decodes and reads the bytes in every way there is.
fn survive(file: &[u8]) {
    let limits = Limits { max_duration: Duration::from_secs(10), ..Limits::default() };
    if let Ok(sound) = decode(file, &limits) {
        assert!(sound.samples.len() <= 480_000);
        assert!(sound.samples.iter().all(|s| s.is_finite()));
    }
    let _ = opus_file::duration(file);
    if let Ok(mut reader) = Reader::new(file) {
        let mut out = Vec::new();
        while reader.next_frame(&mut out).unwrap_or(false) && out.len() < 480_000 {}
    }
    if let Ok(mut reader) = Reader::new(file) {
        let mut piece = [0.0; 700];
        for target in [0, 10, 5_000, 20_000, 40_000, 1_000_000] {
            if reader.skip_to(target).is_ok() {
                let _ = reader.read(&mut piece);
            }
        }
    }
}

/// Gives every Ogg page the checksum of its bytes, so that harm gets past it.
fn fix_checksums(file: &mut [u8]) {
    let mut at = 0;
    while let Some(page) = file.get_mut(at..).filter(|page| page.len() >= 27 && page.starts_with(b"OggS")) {
        let segments = usize::from(page[26]);
        let body: usize = page.iter().skip(27).take(segments).map(|lace| usize::from(*lace)).sum();
        let length = (27 + segments + body).min(page.len());
        page[22..26].fill(0);
        let mut crc = 0_u32;
        for byte in &page[..length] {
            crc ^= u32::from(*byte) << 24;
            for _ in 0..8 {
                crc = if crc >> 31 == 0 { crc << 1 } else { (crc << 1) ^ 0x04c1_1db7 };
            }
        }
        page[22..26].copy_from_slice(&crc.to_le_bytes());
        at += length;
    }
}

proptest! {
    #[test]
    fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        survive(&bytes);
    }

    #[test]
    fn any_spoiled_file_has_an_answer(
        seed in 0..17_usize,
        harms in prop::collection::vec(harm(), 1..6),
    ) {
        let mut file = seeds()[seed].clone();
        for harm in &harms {
            spoil(&mut file, harm);
        }
        survive(&file);
        fix_checksums(&mut file);
        survive(&file);
    }
}
