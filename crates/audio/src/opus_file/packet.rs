//! What can be told of an Opus packet without decoding it (RFC 6716, section 3).

/// Longest sound of one packet: 120 ms at 48 kHz, in samples (RFC 6716, section 3.2.5).
pub(crate) const MAX_PACKET_SAMPLES: usize = 5_760;

/// Samples at 48 kHz that a packet decodes to; `None` if its first bytes break the rules.
///
/// Source: RFC 6716, table 2 (frame sizes by configuration) and section 3.2 (frame counts).
pub(crate) fn duration(packet: &[u8]) -> Option<usize> {
    let toc = *packet.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1_920, 2_880][usize::from(config % 4)],
        config @ 12..=15 => [480, 960][usize::from(config % 2)],
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => usize::from(*packet.get(1)? & 0x3f),
    };
    let samples = frame * frames;
    (1..=MAX_PACKET_SAMPLES).contains(&samples).then_some(samples)
}

/// The identification header of a stream (RFC 7845, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Output channels.
    pub(crate) channels: u8,
    /// Samples at 48 kHz to drop from the start.
    pub(crate) pre_skip: u16,
    /// Gain to apply to the decoded sound, in 1/256 dB.
    pub(crate) gain: i16,
}

/// Why a stream's header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// Not an Opus header, or one of an unknown version.
    Invalid,
    /// More than two channels.
    Channels(u8),
}

impl Head {
    /// Reads the `OpusHead` packet of Ogg and Matroska (version 1 and compatible, little endian).
    pub(crate) fn parse(packet: &[u8]) -> Result<Self, HeadError> {
        let fields = packet.strip_prefix(b"OpusHead").ok_or(HeadError::Invalid)?;
        let fixed = fields.first_chunk::<11>().ok_or(HeadError::Invalid)?;
        // "Implementations SHOULD treat streams where the upper four bits of the version number match [0] as
        // backwards compatible."
        if fixed[0] & 0xf0 != 0 {
            return Err(HeadError::Invalid);
        }
        Self {
            channels: fixed[1],
            pre_skip: u16::from_le_bytes([fixed[2], fixed[3]]),
            gain: i16::from_le_bytes([fixed[8], fixed[9]]),
        }
        .supported()
    }

    /// Reads the `dOps` box of MP4: the same fields in big endian, version 0, without the magic word
    /// ("Encapsulation of Opus in ISO Base Media File Format", section 4.3.2).
    pub(crate) fn parse_mp4(fields: &[u8]) -> Result<Self, HeadError> {
        let fixed = fields.first_chunk::<11>().ok_or(HeadError::Invalid)?;
        if fixed[0] != 0 {
            return Err(HeadError::Invalid);
        }
        Self {
            channels: fixed[1],
            pre_skip: u16::from_be_bytes([fixed[2], fixed[3]]),
            gain: i16::from_be_bytes([fixed[8], fixed[9]]),
        }
        .supported()
    }

    fn supported(self) -> Result<Self, HeadError> {
        match self.channels {
            0 => Err(HeadError::Invalid),
            1 | 2 => Ok(self),
            more => Err(HeadError::Channels(more)),
        }
    }

    /// The header packet of a mono stream.
    pub(crate) fn to_bytes(self) -> [u8; 19] {
        let mut out = *b"OpusHead\x01\x01\0\0\0\0\0\0\0\0\0";
        out[10..12].copy_from_slice(&self.pre_skip.to_le_bytes());
        // The rate of the sound before encoding; for information only.
        out[12..16].copy_from_slice(&crate::SAMPLE_RATE.to_le_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_tells_its_duration_by_its_first_bytes() {
        for (packet, samples) in [
            (&[0b0000_0000_u8][..], Some(480)),
            (&[0b0001_1000], Some(2_880)),
            (&[0b0110_0000], Some(480)),
            (&[0b0111_1001], Some(1_920)),
            (&[0b1000_0000], Some(120)),
            (&[0b1111_1010], Some(1_920)),
            (&[0b1111_1011, 6], Some(5_760)),
            (&[0b1111_1011, 7], None),
            (&[0b1000_0011, 48], Some(5_760)),
            (&[0b1111_1011, 0], None),
            (&[0b1111_1011], None),
            (&[], None),
        ] {
            assert_eq!(duration(packet), samples, "{packet:02x?}");
        }
    }

    #[test]
    fn a_header_survives_writing_and_reading() {
        let head = Head { channels: 1, pre_skip: 312, gain: 0 };
        assert_eq!(Head::parse(&head.to_bytes()), Ok(head));
    }

    #[test]
    fn a_header_of_another_kind_is_refused() {
        let mut bytes = Head { channels: 1, pre_skip: 312, gain: 0 }.to_bytes();
        bytes[9] = 6;
        assert_eq!(Head::parse(&bytes), Err(HeadError::Channels(6)));
        bytes[9] = 0;
        assert_eq!(Head::parse(&bytes), Err(HeadError::Invalid));
        bytes[9] = 1;
        bytes[8] = 0x10;
        assert_eq!(Head::parse(&bytes), Err(HeadError::Invalid));
        assert_eq!(Head::parse(b"OpusHead"), Err(HeadError::Invalid));
    }
}
