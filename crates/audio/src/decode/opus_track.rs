//! Opus packets out of Matroska (the browsers' recordings) and MP4.
//!
//! Ogg Opus goes through [`crate::opus_file`]; here the container's demuxer gives the packets. The decoder mixes stereo
//! down by itself.

use opusic_c::{Channels, Decoder, SampleRate};

use super::DecodeError;
use crate::opus_file::{Head, HeadError, MAX_PACKET_SAMPLES, packet_duration};

/// Decodes the packets of one track to 48 kHz mono.
pub(super) struct OpusTrack {
    decoder: Decoder,
    gain: f32,
    /// Samples still to drop from the start.
    skip: usize,
    scratch: Vec<f32>,
}

/// The packet cannot be decoded.
pub(super) struct BadPacket;

impl OpusTrack {
    /// A decoder for a track with this codec header: `OpusHead` in Matroska, `dOps` with that word before it in MP4.
    /// In MP4 the pre-skip is hidden by the edit list, if there is one (`hidden`).
    pub(super) fn new(header: &[u8], mp4: bool, hidden: bool) -> Result<Self, DecodeError> {
        let head = match header.strip_prefix(b"OpusHead") {
            Some(fields) if mp4 => Head::parse_mp4(fields),
            _ => Head::parse(header),
        };
        let head = head.map_err(|error| match error {
            HeadError::Invalid => DecodeError::Corrupt { detail: "opus: header" },
            HeadError::Channels(channels) => {
                DecodeError::TooManyChannels { channels: channels.into(), max: 2 }
            }
        })?;
        let decoder = Decoder::new(Channels::Mono, SampleRate::Hz48000)
            .map_err(|_| DecodeError::UnsupportedCodec { detail: "opus: decoder" })?;
        Ok(Self {
            decoder,
            gain: 10_f32.powf(f32::from(head.gain) / (20.0 * 256.0)),
            skip: if hidden { 0 } else { head.pre_skip.into() },
            scratch: vec![0.0; MAX_PACKET_SAMPLES],
        })
    }

    /// Appends the sound of one packet. A damaged packet is concealed where its length can be told.
    pub(super) fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) -> Result<(), BadPacket> {
        let samples = packet_duration(packet).ok_or(BadPacket)?;
        let good = self.decoder.decode_float_to_slice(packet, &mut self.scratch, false) == Ok(samples);
        if !good && self.decoder.decode_float_to_slice(&[], &mut self.scratch[..samples], false).is_err() {
            self.scratch[..samples].fill(0.0);
        }
        let skipped = self.skip.min(samples);
        self.skip -= skipped;
        out.extend(self.scratch[skipped..samples].iter().map(|sample| sample * self.gain));
        if good { Ok(()) } else { Err(BadPacket) }
    }
}
