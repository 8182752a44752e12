//! What the AAC decoder must be told, and whether a stream is HE-AAC.
//!
//! The decoder knows AAC-LC only. HE-AAC is AAC-LC of the lower half band at half the rate, plus "spectral band
//! replication" (SBR) data to guess the upper half from. Left alone, the decoder refuses it when the header says
//! so (explicit signalling) and silently plays the lower half when it does not (implicit signalling). We play the
//! lower half in both cases and say so: an announcement stays intelligible, and to refuse what phones
//! and broadcasters send would be worse than to play it dull.

use super::DecodeError;

/// Rates by index (ISO/IEC 14496-3, table 1.18).
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

const LC: u32 = 2;
const SBR: u32 = 5;
const PS: u32 = 29;

/// The AAC-LC stream inside an `AudioSpecificConfig`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Core {
    /// The same core as a plain AAC-LC configuration, which the decoder takes.
    pub(super) config: Vec<u8>,
    /// Rate of the core in Hz.
    pub(super) rate: u32,
    pub(super) channels: usize,
    /// The configuration says that there is SBR data.
    pub(super) sbr: bool,
}

/// Reads an `AudioSpecificConfig` (ISO/IEC 14496-3, section 1.6.2.1).
pub(super) fn core(config: &[u8]) -> Result<Core, DecodeError> {
    const BAD: DecodeError = DecodeError::Corrupt { detail: "aac: configuration" };
    let mut bits = Bits::new(config);
    let mut object = bits.object_type().ok_or(BAD)?;
    let (index, rate) = bits.rate().ok_or(BAD)?;
    let channel_config = bits.take(4).ok_or(BAD)?;
    let mut sbr = false;
    if object == SBR || object == PS {
        sbr = true;
        bits.rate().ok_or(BAD)?;
        object = bits.object_type().ok_or(BAD)?;
    }
    if object != LC {
        return Err(DecodeError::UnsupportedCodec { detail: "aac: not the LC profile" });
    }
    let short_frames = bits.take(1).ok_or(BAD)? == 1;
    if short_frames {
        return Err(DecodeError::UnsupportedCodec { detail: "aac: frames of 960 samples" });
    }
    let depends_on_core = bits.take(1).ok_or(BAD)? == 1;
    if depends_on_core {
        bits.take(14).ok_or(BAD)?;
    }
    bits.take(1).ok_or(BAD)?;
    // Backward compatible signalling: an extension behind the core's configuration.
    if !sbr && bits.take(11) == Some(0x2b7) && bits.object_type() == Some(SBR) {
        sbr = bits.take(1) == Some(1);
    }
    let channels = match channel_config {
        0 => {
            return Err(DecodeError::UnsupportedCodec { detail: "aac: channels given by a program element" });
        }
        count @ 1..=6 => count as usize,
        7 => 8,
        _ => return Err(BAD),
    };
    let mut plain = BitsOut::default();
    plain.put(LC, 5);
    plain.put(index, 4);
    if index == 15 {
        plain.put(rate, 24);
    }
    plain.put(channel_config, 4);
    plain.put(0, 3);
    Ok(Core { config: plain.bytes, rate, channels, sbr })
}

/// Finds SBR data in a stream that does not announce it.
///
/// An access unit's elements cannot be told apart from the front without decoding them all, but from the back they
/// can: the unit ends with a 3-bit end mark after which there are only zero bits, and encoders put SBR data
/// last or before some padding, in a "fill" element whose header says its length (ISO/IEC 14496-3, tables 4.3, 4.11
/// and 4.121). A chance match is a matter of 1 to 2 % for a unit, so a stream is called HE-AAC when most are.
#[derive(Debug, Default)]
pub(super) struct SbrWatch {
    units: u32,
    matches: u32,
}

impl SbrWatch {
    /// Looks at one access unit.
    pub(super) fn look(&mut self, unit: &[u8]) {
        // Short silent units tell nothing; the first 500 others are enough.
        if self.units < 500 && unit.len() > 8 {
            self.units += 1;
            self.matches += u32::from(ends_with_sbr(unit));
        }
    }

    /// Whether the stream is HE-AAC.
    pub(super) fn found(&self) -> bool {
        self.matches > 0 && self.matches * 2 > self.units
    }
}

fn ends_with_sbr(unit: &[u8]) -> bool {
    let Some(last) = unit.iter().rposition(|byte| *byte != 0) else { return false };
    let end = (last + 1) * 8 - unit[last].trailing_zeros() as usize;
    // The end mark is three ones.
    end >= 3 && bits_at(unit, end - 3, 3) == Some(7) && sbr_before(unit, end - 3, 0)
}

/// Whether a fill element with SBR data ends at bit `end`, perhaps with padding elements after it.
fn sbr_before(unit: &[u8], end: usize, depth: u8) -> bool {
    const FILL: u32 = 6;
    for length in 0..=269_usize {
        let header = if length < 15 { 7 } else { 15 };
        let Some(start) = end.checked_sub(length * 8 + header) else { return false };
        if bits_at(unit, start, 3) != Some(FILL) {
            continue;
        }
        let said = match bits_at(unit, start + 3, 4) {
            Some(15) if length >= 15 => bits_at(unit, start + 7, 8).map(|more| 14 + more as usize),
            Some(short) if short < 15 && length < 15 => Some(short as usize),
            _ => None,
        };
        if said != Some(length) {
            continue;
        }
        let kind = if length == 0 { Some(0) } else { bits_at(unit, start + header, 4) };
        match kind {
            Some(0xd | 0xe) => return true,
            Some(0 | 1) if depth < 2 && sbr_before(unit, start, depth + 1) => return true,
            _ => {}
        }
    }
    false
}

/// `count` bits (at most 24) from bit `start`, most significant first.
fn bits_at(bytes: &[u8], start: usize, count: usize) -> Option<u32> {
    let mut value = 0;
    for bit in start..start + count {
        value = value << 1 | u32::from(bytes.get(bit / 8)? >> (7 - bit % 8) & 1);
    }
    Some(value)
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, count: usize) -> Option<u32> {
        let value = bits_at(self.bytes, self.at, count)?;
        self.at += count;
        Some(value)
    }

    fn object_type(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            object => Some(object),
        }
    }

    fn rate(&mut self) -> Option<(u32, u32)> {
        let index = self.take(4)?;
        let rate = if index == 15 { self.take(24)? } else { *RATES.get(index as usize)? };
        (rate > 0).then_some((index, rate))
    }
}

#[derive(Default)]
struct BitsOut {
    bytes: Vec<u8>,
    used: usize,
}

impl BitsOut {
    fn put(&mut self, value: u32, count: usize) {
        for bit in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(fields: &[(u32, usize)]) -> Vec<u8> {
        let mut out = BitsOut::default();
        for (value, count) in fields {
            out.put(*value, *count);
        }
        out.bytes
    }

    #[test]
    fn the_core_of_each_kind_of_signalling_is_found() {
        let plain = bits(&[(LC, 5), (6, 4), (1, 4), (0, 3)]);
        for (config, sbr) in [
            (plain.clone(), false),
            // Explicit: SBR around LC, then parametric stereo around LC.
            (bits(&[(SBR, 5), (6, 4), (1, 4), (3, 4), (LC, 5), (0, 3)]), true),
            (bits(&[(PS, 5), (6, 4), (1, 4), (3, 4), (LC, 5), (0, 3)]), true),
            // Backward compatible.
            (bits(&[(LC, 5), (6, 4), (1, 4), (0, 3), (0x2b7, 11), (SBR, 5), (1, 1), (3, 4)]), true),
            (bits(&[(LC, 5), (6, 4), (1, 4), (0, 3), (0x2b7, 11), (SBR, 5), (0, 1)]), false),
        ] {
            assert_eq!(core(&config), Ok(Core { config: plain.clone(), rate: 24_000, channels: 1, sbr }));
        }
    }

    #[test]
    fn profiles_that_are_not_lc_are_refused() {
        for config in
            [bits(&[(1, 5), (4, 4), (2, 4), (0, 3)]), bits(&[(31, 5), (10, 6), (3, 4), (1, 4), (0, 8)])]
        {
            assert_eq!(core(&config).map_err(|e| e.code()), Err("unsupported_codec"));
        }
        assert_eq!(core(&[]).map_err(|e| e.code()), Err("corrupt"));
    }

    /// An access unit: some bits of sound, then SBR data, then padding, then the end mark.
    fn unit(sound: &[u32], sbr: Option<u32>, padding: u32) -> Vec<u8> {
        let mut fields: Vec<_> = sound.iter().map(|value| (*value, 8)).collect();
        fields.push((5, 3));
        for (kind, length) in [(0xd, sbr), (0, (padding > 0).then_some(padding))] {
            let Some(length) = length else { continue };
            fields.push((6, 3));
            if length < 15 {
                fields.push((length, 4));
            } else {
                fields.extend([(15, 4), (length - 14, 8)]);
            }
            fields.push((kind, 4));
            fields.push((0xa, 4));
            fields.extend((1..length).map(|n| ((n * 37) & 0xff, 8)));
        }
        fields.push((7, 3));
        bits(&fields)
    }

    #[test]
    fn sbr_data_is_found_at_the_end_of_a_unit_also_before_padding() {
        let sound: Vec<u32> = (0..60).map(|n| (n * 89) & 0xff).collect();
        for (length, padding) in [(5, 0), (14, 0), (15, 0), (40, 0), (269, 0), (30, 3), (30, 20)] {
            assert!(ends_with_sbr(&unit(&sound, Some(length), padding)), "{length} {padding}");
        }
        assert!(!ends_with_sbr(&unit(&sound, None, 0)));
        assert!(!ends_with_sbr(&unit(&sound, None, 12)));
        assert!(!ends_with_sbr(&[0; 20]));
    }
}
