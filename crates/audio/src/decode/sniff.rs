//! Which container a file is, by its first bytes alone.
//!
//! Strict on purpose: MP3 and ADTS have no signature but an 11-bit pattern that rubbish contains every few
//! kilobytes, so three frames must follow each other before the file is believed.

use super::DecodeError;

/// Containers that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Wav,
    Flac,
    Ogg,
    Mp4,
    Matroska,
    Mp3,
    Adts,
}

/// Bytes in which the first MP3 or ADTS frame must begin: recordings cut from a stream begin amid a frame.
const SYNC_SEARCH: usize = 64 * 1024;
/// Frames that must follow each other.
const FRAMES: usize = 3;

/// Finds the container and where in the file it starts.
pub(super) fn sniff(file: &[u8]) -> Result<(Container, usize), DecodeError> {
    if file.is_empty() {
        return Err(DecodeError::Empty);
    }
    let start = skip_id3(file);
    let bytes = &file[start..];
    let found = match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Container::Wav),
        [b'f', b'L', b'a', b'C', ..] => Some(Container::Flac),
        [b'O', b'g', b'g', b'S', ..] => Some(Container::Ogg),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Container::Mp4),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Container::Matroska),
        _ => None,
    };
    if let Some(container) = found {
        return Ok((container, start));
    }
    if let Some(name) = refused(bytes) {
        return Err(DecodeError::UnsupportedFormat { found: Some(name) });
    }
    for at in 0..bytes.len().min(SYNC_SEARCH) {
        if bytes[at] == 0xff {
            if frames_follow(&bytes[at..], mp3_frame) {
                return Ok((Container::Mp3, start + at));
            }
            if frames_follow(&bytes[at..], adts_frame) {
                return Ok((Container::Adts, start + at));
            }
        }
    }
    Err(DecodeError::UnsupportedFormat { found: None })
}

/// Bytes of ID3 tags at the start of a file.
fn skip_id3(file: &[u8]) -> usize {
    let mut at = 0;
    while let Some([b'I', b'D', b'3', _, _, flags, a, b, c, d]) =
        file.get(at..).and_then(|rest| rest.first_chunk::<10>())
    {
        let size = [a, b, c, d].into_iter().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        at += 10 + size + footer;
    }
    at.min(file.len())
}

/// Names formats that people do send and that are not read, for a clearer answer.
fn refused(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [b'#', b'!', b'A', b'M', b'R', ..] => "AMR",
        [0x30, 0x26, 0xb2, 0x75, ..] => "WMA",
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => "AIFF",
        [b'M', b'T', b'h', b'd', ..] => "MIDI",
        [b'c', b'a', b'f', b'f', ..] => "CAF",
        [b'R', b'F', b'6', b'4', ..] => "RF64",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        [b'P', b'K', 3, 4, ..] => "ZIP or a document",
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', ..] => "a picture",
        _ => return None,
    })
}

/// What must agree between the frames of one stream, and the bytes of this frame.
type Frame = (u32, usize);

fn frames_follow(bytes: &[u8], frame: fn(&[u8]) -> Option<Frame>) -> bool {
    let mut at = 0;
    let mut kind = None;
    for seen in 0..FRAMES {
        let Some((found, length)) = bytes.get(at..).and_then(frame) else {
            // A short file may end after its first frames.
            return seen > 0 && at == bytes.len();
        };
        if *kind.get_or_insert(found) != found {
            return false;
        }
        at += length;
    }
    at <= bytes.len()
}

/// An MPEG layer III frame header (ISO/IEC 11172-3, section 2.4.1.3; 13818-3 for the lower rates).
fn mp3_frame(bytes: &[u8]) -> Option<Frame> {
    const KBITS_1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KBITS_2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    const RATES: [usize; 3] = [44_100, 48_000, 32_000];
    let header = u32::from_be_bytes(*bytes.first_chunk()?);
    let version = header >> 19 & 3;
    // Sync word, a version that exists, layer III.
    if header >> 21 != 0x7ff || version == 1 || header >> 17 & 3 != 1 {
        return None;
    }
    let kbits = if version == 3 { KBITS_1 } else { KBITS_2 };
    let kbit = *kbits.get((header >> 12 & 15) as usize)?;
    let rate = *RATES.get((header >> 10 & 3) as usize)? >> [2, 0, 1, 0][version as usize];
    let padding = (header >> 9 & 1) as usize;
    let length = (if version == 3 { 144_000 } else { 72_000 }) * kbit / rate + padding;
    // Sync, version, layer and rate agree within a stream.
    (kbit > 0).then_some((header & 0xfffe_0c00, length))
}

/// An ADTS frame header (ISO/IEC 13818-7, section 6.2).
fn adts_frame(bytes: &[u8]) -> Option<Frame> {
    let [sync, flags, form, a, b, c, _] = *bytes.first_chunk::<7>()?;
    let rate = form >> 2 & 15;
    if sync != 0xff || flags & 0xf6 != 0xf0 || rate > 12 {
        return None;
    }
    let length = usize::from(a & 3) << 11 | usize::from(b) << 3 | usize::from(c >> 5);
    (length > 7).then_some((u32::from(flags) << 8 | u32::from(form & 0xfd), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_content() {
        for (bytes, expected) in [
            (&b"RIFF\0\0\0\0WAVEfmt "[..], Ok((Container::Wav, 0))),
            (b"fLaC", Ok((Container::Flac, 0))),
            (b"ID3\x04\0\0\0\0\0\x02xxfLaC", Ok((Container::Flac, 12))),
            (b"OggS\0\x02", Ok((Container::Ogg, 0))),
            (b"\0\0\0\x20ftypM4A ", Ok((Container::Mp4, 0))),
            (b"\x1a\x45\xdf\xa3\x01", Ok((Container::Matroska, 0))),
            (b"#!AMR\n", Err(DecodeError::UnsupportedFormat { found: Some("AMR") })),
            (b"", Err(DecodeError::Empty)),
            (b"hello", Err(DecodeError::UnsupportedFormat { found: None })),
            (b"ID3", Err(DecodeError::UnsupportedFormat { found: None })),
        ] {
            assert_eq!(sniff(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_lone_frame_header_in_rubbish_is_not_believed() {
        let mut rubbish = vec![0x55; 10_000];
        rubbish[3_000..3_004].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
        assert_eq!(sniff(&rubbish), Err(DecodeError::UnsupportedFormat { found: None }));
    }
}
