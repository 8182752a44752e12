//! Edit lists of MP4 files: which part of a track is to be heard.
//!
//! The demuxer ignores them. They hide the encoder's delay at the start and, more important here, what was cut away
//! with a phone's own editor: words that somebody removed must not be broadcast. So a list that cannot be followed
//! exactly is refused.

use std::collections::VecDeque;

use super::DecodeError;

/// Parts of a track, in order, in units of its timescale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edits {
    /// Units a second.
    timescale: u64,
    parts: VecDeque<(u64, u64)>,
    /// Samples seen so far, at the rate of the first block.
    at: u64,
}

impl Edits {
    /// Reads the edits of track `id` of an MP4 file; `None` if it has none. `length` is the length of the
    /// track in its own timescale, if the file knows it.
    pub(super) fn read(file: &[u8], id: u32, length: Option<u64>) -> Result<Option<Self>, DecodeError> {
        let Some(moov) = child(file, *b"moov") else { return Ok(None) };
        let Some(trak) =
            boxes(moov).filter(|b| b.0 == *b"trak").map(|b| b.1).find(|t| track_id(t) == Some(id))
        else {
            return Ok(None);
        };
        let movie = child(moov, *b"mvhd").and_then(timescale);
        let media = child(trak, *b"mdia").and_then(|m| child(m, *b"mdhd")).and_then(timescale);
        let list = child(trak, *b"edts").and_then(|e| child(e, *b"elst"));
        let (Some(movie), Some(media), Some(list)) = (movie, media, list) else { return Ok(None) };
        let entries = entries(list).ok_or(DecodeError::Corrupt { detail: "mp4: edit list" })?;

        let mut parts = VecDeque::new();
        let mut end_before = 0;
        for entry in entries {
            // -1 is a pause before the sound.
            let Ok(start) = u64::try_from(entry.start) else { continue };
            // 0 is "to the end" in a fragmented file.
            let mut end = if entry.duration == 0 {
                u64::MAX
            } else {
                let duration = u128::from(entry.duration) * u128::from(media) / u128::from(movie);
                start.saturating_add(u64::try_from(duration).unwrap_or(u64::MAX))
            };
            // The movie's timescale is coarse: within one of its units, the track's own end is the exact one.
            if let Some(length) = length
                && end != u64::MAX
                && end.abs_diff(length) <= media.div_ceil(movie)
            {
                end = length;
            }
            if entry.rate != 0x1_0000 || start < end_before {
                return Err(DecodeError::UnsupportedCodec { detail: "mp4: edit list" });
            }
            end_before = end;
            parts.push_back((start, end));
        }
        Ok((!parts.is_empty()).then_some(Self { timescale: media, parts, at: 0 }))
    }

    /// Keeps of `samples` (the next of the track, at `rate` Hz) what is to be heard.
    pub(super) fn keep(&mut self, rate: u32, samples: &mut Vec<f32>) {
        let start = self.at;
        let end = start + samples.len() as u64;
        self.at = end;
        let place = |unit: u64| {
            if unit == u64::MAX {
                return unit;
            }
            let exact = u128::from(unit) * u128::from(rate);
            ((exact + u128::from(self.timescale) / 2) / u128::from(self.timescale)) as u64
        };
        let mut kept = 0;
        while let Some((from, to)) = self.parts.front().map(|(from, to)| (place(*from), place(*to))) {
            let (first, last) = (from.clamp(start, end), to.clamp(start, end));
            if last > first {
                samples.copy_within((first - start) as usize..(last - start) as usize, kept);
                kept += (last - first) as usize;
            }
            if to > end {
                break;
            }
            self.parts.pop_front();
        }
        samples.truncate(kept);
    }

    /// Whether nothing more is to be heard.
    pub(super) fn done(&self) -> bool {
        self.parts.is_empty()
    }
}

struct Entry {
    duration: u64,
    start: i64,
    /// 16.16 fixed point; 1 is as recorded.
    rate: u32,
}

fn entries(elst: &[u8]) -> Option<Vec<Entry>> {
    let wide = *elst.first()? == 1;
    let count = be32(elst, 4)? as usize;
    let size = if wide { 20 } else { 12 };
    let table = elst.get(8..)?;
    // The box, not the count, limits the memory.
    if table.len() / size < count {
        return None;
    }
    table
        .chunks_exact(size)
        .take(count)
        .map(|row| {
            Some(if wide {
                Entry {
                    duration: u64::from_be_bytes(*row.first_chunk()?),
                    start: i64::from_be_bytes(*row[8..].first_chunk()?),
                    rate: be32(row, 16)?,
                }
            } else {
                Entry {
                    duration: be32(row, 0)?.into(),
                    start: i32::from_be_bytes(*row[4..].first_chunk()?).into(),
                    rate: be32(row, 8)?,
                }
            })
        })
        .collect()
}

fn track_id(trak: &[u8]) -> Option<u32> {
    let tkhd = child(trak, *b"tkhd")?;
    be32(tkhd, if *tkhd.first()? == 1 { 20 } else { 12 })
}

/// The timescale in an `mvhd` or `mdhd` box.
fn timescale(header: &[u8]) -> Option<u64> {
    let scale = be32(header, if *header.first()? == 1 { 20 } else { 12 })?;
    (scale > 0).then_some(scale.into())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn child(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes).find(|found| found.0 == name).map(|found| found.1)
}

/// The boxes that stand one after another in `bytes` (ISO/IEC 14496-12, section 4.2), without their headers.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let name = *bytes.get(4..)?.first_chunk::<4>()?;
        let (header, size) = match be32(bytes, 0)? {
            0 => (8, bytes.len() as u64),
            1 => (16, u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?)),
            size => (8, size.into()),
        };
        let size = usize::try_from(size).ok()?;
        let body = bytes.get(header..size.min(bytes.len()))?;
        bytes = bytes.get(size..).unwrap_or_default();
        Some((name, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(parts: &[(u64, u64)]) -> Edits {
        Edits { timescale: 1_000, parts: parts.iter().copied().collect(), at: 0 }
    }

    #[test]
    fn only_the_parts_are_kept_whatever_the_blocks() {
        let track: Vec<f32> = (0..4_800).map(|n| n as f32).collect();
        let wanted: Vec<f32> = (480..960).chain(1_440..4_320).map(|n| n as f32).collect();
        for block in [1, 7, 480, 1_000, 4_800] {
            let mut edits = edits(&[(10, 20), (30, 90)]);
            let mut heard = Vec::new();
            for samples in track.chunks(block) {
                let mut samples = samples.to_vec();
                edits.keep(48_000, &mut samples);
                heard.extend(samples);
            }
            assert_eq!(heard, wanted, "{block}");
            assert!(edits.done());
        }
    }

    #[test]
    fn a_part_without_an_end_goes_on() {
        let mut edits = edits(&[(10, u64::MAX)]);
        let mut samples = vec![1.0; 960];
        edits.keep(48_000, &mut samples);
        assert_eq!(samples.len(), 480);
        assert!(!edits.done());
    }

    #[test]
    fn rubbish_has_no_edits_and_does_not_hang() {
        for bytes in [&b""[..], b"\0\0\0\x01moov\0\0\0\0\0\0\0\0", b"\0\0\0\0moov\0\0\0\x02trak", &[0xff; 64]]
        {
            assert_eq!(Edits::read(bytes, 1, None), Ok(None));
        }
    }
}
