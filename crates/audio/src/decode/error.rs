//! What can be wrong with an upload, in words a page can translate.

use std::time::Duration;

/// Why a recording cannot be used.
///
/// [`code`](Self::code) is stable and meant for `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No bytes at all. The sender should send the file again.
    #[error("the file is empty")]
    Empty,
    /// More bytes than the limit. The sender should send less, or a compressed format.
    #[error("the file has {bytes} bytes, at most {max} are taken")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// Not a container that is known. The sender should convert the file.
    #[error("the file is {}, which cannot be read", .found.unwrap_or("of an unknown format"))]
    UnsupportedFormat {
        /// What it seems to be, if it is a known format that is not read.
        found: Option<&'static str>,
    },
    /// A known container with sound in a form that is not known. The sender should convert the file.
    #[error("the sound is in a form that cannot be read: {detail}")]
    UnsupportedCodec {
        /// What is not supported, for the log.
        detail: &'static str,
    },
    /// A sound container without sound. The sender probably chose the wrong file.
    #[error("there is no sound in the file")]
    NoAudio,
    /// More channels than can be mixed down. The sender should mix it down.
    #[error("the sound has {channels} channels, at most {max} are taken")]
    TooManyChannels {
        /// Channels of the sound.
        channels: usize,
        /// The limit.
        max: usize,
    },
    /// Longer than the limit. The sender should cut it.
    #[error("the sound is longer than {} s", .max.as_secs())]
    TooLong {
        /// The limit.
        max: Duration,
    },
    /// Damaged beyond use. The sender should send the file again.
    #[error("the file is damaged: {detail}")]
    Corrupt {
        /// Where reading failed, for the log.
        detail: &'static str,
    },
}

impl DecodeError {
    /// A stable word for the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::UnsupportedCodec { .. } => "unsupported_codec",
            Self::NoAudio => "no_audio",
            Self::TooManyChannels { .. } => "too_many_channels",
            Self::TooLong { .. } => "too_long",
            Self::Corrupt { .. } => "corrupt",
        }
    }
}

/// What whoever listens to the preview should be told: the sound can be used, but is not all it could be.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// HE-AAC: only its lower half band was decoded. Speech on a horn loses nothing (the band that is left reaches at
    /// least 4 kHz, mostly 5.5 to 12 kHz); music sounds dull.
    HeAacHalfBand,
    /// The file ends before its sound does.
    Truncated,
    /// Parts could not be decoded and are missing or concealed.
    Damaged {
        /// Packets that could not be decoded.
        lost: u64,
        /// Packets that there were.
        packets: u64,
    },
    /// The two channels cancelled each other, so only the left one is used.
    OneChannelUsed,
    /// The recording is so quiet that it had to be raised by this much; its noise was raised as well.
    Quiet {
        /// Gain in dB.
        gain_db: f64,
    },
    /// The peaks are so high that the loudness could not be reached.
    BelowLoudness {
        /// What is missing, in LU.
        missing_lu: f64,
    },
}

impl Warning {
    /// A stable word for the warning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HeAacHalfBand => "he_aac_half_band",
            Self::Truncated => "truncated",
            Self::Damaged { .. } => "damaged",
            Self::OneChannelUsed => "one_channel_used",
            Self::Quiet { .. } => "quiet",
            Self::BelowLoudness { .. } => "below_loudness",
        }
    }
}
