//! Photos of poles: JPEG, small, and without what a phone writes into them about whoever holds it.
//!
//! Browsers make them small and draw them anew before they send them. This walks the file all the same (ITU-T T.81, annex B): what isn't a whole JPEG is
//! refused, and every segment that only describes the picture (EXIF with its position and camera, XMP, thumbnails, comments), and whatever follows
//! its end, is left out.

/// Largest photo, bytes.
pub const PHOTO_BYTES: usize = 300_000;
/// Longest side, pixels.
const SIDE: u16 = 8_192;

const BEGIN: [u8; 2] = [0xff, 0xd8];
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// The picture alone; none, if it is no JPEG.
pub fn without_traces(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.strip_prefix(&BEGIN)?;
    let mut picture = BEGIN.to_vec();
    let (mut framed, mut scanned) = (false, false);
    loop {
        let marker;
        (marker, rest) = marker_of(rest)?;
        if marker == END {
            picture.extend([0xff, END]);
            return scanned.then_some(picture);
        }
        // Of those without a length none belongs here.
        if matches!(marker, 0x00..=0x01 | 0xd0..=0xd8) {
            return None;
        }
        let length = usize::from(word(rest)?);
        let segment = rest.get(..length).filter(|segment| segment.len() >= 2)?;
        rest = &rest[length..];
        match marker {
            // Baseline and progressive frames; browsers draw no others.
            0xc0..=0xc2 => {
                let (height, width) = (word(segment.get(3..)?)?, word(segment.get(5..)?)?);
                if framed || !(1..=SIDE).contains(&height) || !(1..=SIDE).contains(&width) {
                    return None;
                }
                framed = true;
            }
            // APP0 and APP14 say how colours are to be read; the others, and comments, tell of people and cameras.
            0xe1..=0xed | 0xef | 0xfe => continue,
            _ => {}
        }
        picture.extend([0xff, marker]);
        picture.extend(segment);
        if marker == SCAN {
            if !framed {
                return None;
            }
            let end = end_of_scan(rest)?;
            picture.extend(&rest[..end]);
            rest = &rest[end..];
            scanned = true;
        }
    }
}

fn word(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|two| u16::from_be_bytes(*two))
}

/// The next marker, past any fill bytes, and what follows it.
fn marker_of(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let bytes = bytes.strip_prefix(&[0xff])?;
    let fill = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let (marker, rest) = bytes[fill..].split_first()?;
    Some((*marker, rest))
}

/// Where the next marker is that isn't part of a scan's own data.
fn end_of_scan(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|two| two[0] == 0xff && !matches!(two[1], 0x00 | 0xd0..=0xd7 | 0xff))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, body].concat()
    }

    fn frame(height: u16, width: u16) -> Vec<u8> {
        let body = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[1, 1, 0x11, 0]].concat();
        segment(0xc0, &body)
    }

    /// A picture with these segments in front of it.
    fn picture(before: &[Vec<u8>], size: (u16, u16)) -> Vec<u8> {
        let scan = segment(SCAN, &[1, 1, 0, 0, 63, 0]);
        let data = [0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];
        [&BEGIN[..], &before.concat(), &frame(size.0, size.1), &scan, &data, &[0xff, END]].concat()
    }

    #[test]
    fn what_a_phone_writes_of_its_holder_is_left_out_and_the_picture_stays() {
        let kept = [segment(0xe0, b"JFIF\0"), segment(0xee, b"Adobe")];
        let traces =
            [segment(0xe1, b"Exif\0\0GPS 9.6N 106.0E"), segment(0xed, b"Photoshop"), segment(0xfe, b"Mai")];
        let mut file = picture(&[kept.to_vec(), traces.to_vec()].concat(), (600, 800));
        file.extend(b"and something after its end");
        assert_eq!(without_traces(&file).unwrap(), picture(&kept, (600, 800)));
    }

    #[test]
    fn what_is_no_whole_jpeg_is_refused() {
        let whole = picture(&[], (600, 800));
        assert!(without_traces(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(without_traces(&whole[..end]), None, "cut after {end} bytes");
        }
        for other in [&b"\x89PNG\r\n\x1a\n"[..], b"<svg onload=alert(1)>", b"GIF89a", b"\xff\xd8\xff\xd9"] {
            assert_eq!(without_traces(other), None);
        }
        for size in [(0, 800), (600, 0), (600, 9000)] {
            assert_eq!(without_traces(&picture(&[], size)), None, "{size:?}");
        }
    }

    #[test]
    fn broken_files_are_refused_or_read_and_never_more() {
        let whole = picture(&[segment(0xe1, b"Exif")], (600, 800));
        for at in 0..whole.len() {
            for byte in [0x00, 0x01, 0x7f, 0xd8, 0xd9, 0xda, 0xfe, 0xff] {
                let mut broken = whole.clone();
                broken[at] = byte;
                if let Some(picture) = without_traces(&broken) {
                    assert_eq!(
                        without_traces(&picture).as_deref(),
                        Some(&picture[..]),
                        "byte {at} is {byte:#x}"
                    );
                }
            }
        }
    }
}
