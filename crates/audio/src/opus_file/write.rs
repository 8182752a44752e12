//! Sound in, Ogg Opus out.

use opusic_c::{Application, Bitrate, Channels, ErrorCode, SampleRate};

use super::FRAME;
use super::packet::Head;
use super::page::{PageWriter, crc};

/// Lowest bitrate that [`encode`] takes, in bit/s.
pub const MIN_BITRATE: u32 = 6_000;
/// Highest bitrate that [`encode`] takes, in bit/s.
pub const MAX_BITRATE: u32 = 256_000;

/// Largest packet libopus may write, in bytes: 20 ms at the highest bitrate, with room for its variation.
const MAX_PACKET: usize = 1_500;
/// Packets on one page: one second of sound, as RFC 7845, section 6, advises.
const PACKETS_A_PAGE: usize = 50;
/// Who wrote the file, in its `OpusTags`. No version: the same sound keeps the same name after an update.
const VENDOR: &[u8] = b"Loa";

/// Why sound could not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// There is no sound to encode. The caller should have asked for some.
    #[error("there are no samples to encode")]
    Empty,
    /// The bitrate is outside what the format can do well. The caller's configuration is wrong.
    #[error("{0} bit/s is not between {MIN_BITRATE} and {MAX_BITRATE}")]
    Bitrate(u32),
    /// The encoder failed: a fault of this program or out of memory. A retry will not help.
    #[error("the Opus encoder failed: {}", .0.message())]
    Codec(ErrorCode),
}

impl From<ErrorCode> for EncodeError {
    fn from(code: ErrorCode) -> Self {
        Self::Codec(code)
    }
}

/// Encodes 48 kHz mono samples as an Ogg Opus file at about `bitrate` bit/s.
///
/// The decoded file has exactly as many samples as went in. Samples beyond ±1 are taken as they are.
pub fn encode(samples: &[f32], bitrate: u32) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new(bitrate)?;
    encoder.push(samples)?;
    encoder.finish()
}

/// Encodes sound that comes in pieces.
///
/// Holds the encoded packets until [`finish`](Self::finish), because the stream's serial number, which stands on
/// every page, is made from them (3 kB for each second at 24 kbit/s).
pub struct Encoder {
    codec: opusic_c::Encoder,
    pre_skip: u16,
    /// Samples that do not fill a frame yet.
    pending: Vec<f32>,
    samples: u64,
    packets: Vec<u8>,
    lengths: Vec<u16>,
}

impl Encoder {
    /// An encoder for `bitrate` bit/s.
    pub fn new(bitrate: u32) -> Result<Self, EncodeError> {
        if !(MIN_BITRATE..=MAX_BITRATE).contains(&bitrate) {
            return Err(EncodeError::Bitrate(bitrate));
        }
        // `Audio` rather than `Voip`: our own high-pass has done its work, and jingles and songs come too.
        let mut codec = opusic_c::Encoder::new(Channels::Mono, SampleRate::Hz48000, Application::Audio)?;
        codec.set_bitrate(Bitrate::Value(bitrate))?;
        codec.set_vbr(true)?;
        codec.set_vbr_constraint(true)?;
        codec.set_complexity(10)?;
        let pre_skip = codec.get_look_ahead()? as u16;
        Ok(Self {
            codec,
            pre_skip,
            pending: Vec::with_capacity(FRAME),
            samples: 0,
            packets: Vec::new(),
            lengths: Vec::new(),
        })
    }

    /// Takes more 48 kHz mono samples.
    pub fn push(&mut self, mut samples: &[f32]) -> Result<(), EncodeError> {
        self.samples += samples.len() as u64;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(FRAME - self.pending.len()));
            self.pending.extend_from_slice(now);
            samples = later;
            if self.pending.len() == FRAME {
                self.encode_pending()?;
            }
        }
        Ok(())
    }

    fn encode_pending(&mut self) -> Result<(), EncodeError> {
        let mut packet = [0; MAX_PACKET];
        let length = self.codec.encode_float_to_slice(&self.pending, &mut packet)?;
        self.packets.extend_from_slice(&packet[..length]);
        self.lengths.push(length as u16);
        self.pending.clear();
        Ok(())
    }

    /// The whole file. [`EncodeError::Empty`] if no sample was pushed.
    pub fn finish(mut self) -> Result<Vec<u8>, EncodeError> {
        if self.samples == 0 {
            return Err(EncodeError::Empty);
        }
        // The decoder gives `pre_skip` samples before the first of ours: feed silence until our last is out.
        let end = u64::from(self.pre_skip) + self.samples;
        while (self.lengths.len() as u64) < end.div_ceil(FRAME as u64) {
            self.pending.resize(FRAME, 0.0);
            self.encode_pending()?;
        }

        let head = Head { channels: 1, pre_skip: self.pre_skip, gain: 0 };
        let capacity = self.packets.len() + self.lengths.len() * 2 + 256;
        let mut pages = PageWriter::new(crc(self.samples as u32, &self.packets), capacity);
        pages.packet(&head.to_bytes());
        pages.end_page(0, false);
        pages.packet(&tags());
        pages.end_page(0, false);

        let mut rest = self.packets.as_slice();
        let (mut on_page, mut granule) = (0, 0);
        for length in self.lengths.iter().map(|l| usize::from(*l)) {
            if on_page == PACKETS_A_PAGE || !pages.fits(length) {
                pages.end_page(granule, false);
                on_page = 0;
            }
            let (packet, after) = rest.split_at(length);
            rest = after;
            pages.packet(packet);
            on_page += 1;
            granule += FRAME as u64;
        }
        // The end of the last page is the end of the sound: what the last packet holds beyond it is trimmed.
        pages.end_page(end, true);
        Ok(pages.into_bytes())
    }
}

/// The comment packet (RFC 7845, section 5.2): our name and no comments.
fn tags() -> Vec<u8> {
    let mut out = b"OpusTags".to_vec();
    out.extend_from_slice(&(VENDOR.len() as u32).to_le_bytes());
    out.extend_from_slice(VENDOR);
    out.extend_from_slice(&0_u32.to_le_bytes());
    out
}
