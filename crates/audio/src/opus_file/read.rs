//! Ogg Opus in, sound out, a packet at a time.

use std::io::{self, Read};

use opusic_c::{Channels, Decoder, ErrorCode, SampleRate};

use super::PRE_ROLL;
use super::packet::{self, Head, HeadError, MAX_PACKET_SAMPLES};
use super::packets::{Next, Packets};
use super::page::{HEADER_LEN, Header};

/// Why an Ogg Opus stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not an Ogg Opus stream. Another file is needed.
    #[error("this is not an Ogg Opus stream")]
    NotOpus,
    /// A stream of more than two channels. Whoever made the file can mix it down.
    #[error("an Opus stream of {0} channels cannot be read, at most 2 can")]
    Channels(u8),
    /// A position before the present one was asked for. The caller must open the stream anew.
    #[error("the stream is at sample {position} and cannot go back to {wanted}")]
    Backwards {
        /// Where the stream is, in samples.
        position: u64,
        /// What was asked for, in samples.
        wanted: u64,
    },
    /// The source failed; a retry may help.
    #[error("the source of the stream failed")]
    Io(#[from] io::Error),
    /// The decoder could not be made: out of memory.
    #[error("the Opus decoder failed: {}", .0.message())]
    Codec(ErrorCode),
}

impl From<HeadError> for ReadError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Invalid => Self::NotOpus,
            HeadError::Channels(channels) => Self::Channels(channels),
        }
    }
}

/// Plays an Ogg Opus stream as 48 kHz mono samples, stereo mixed down.
///
/// Holds one page and one packet of the stream at a time, whatever its length. A stream that goes on with another
/// one (chained) is played through. Damaged packets are concealed and counted, never an error.
pub struct Reader<R> {
    packets: Packets<R>,
    timeline: Timeline,
    /// Decoded samples that [`read`](Self::read) has not given out yet, from `pending_at` on.
    pending: Vec<f32>,
    pending_at: usize,
}

impl<R: Read> Reader<R> {
    /// Reads as far as the stream's header.
    pub fn new(inner: R) -> Result<Self, ReadError> {
        let (packets, head) = Packets::open(inner)?;
        Ok(Self { packets, timeline: Timeline::new(head)?, pending: Vec::new(), pending_at: 0 })
    }

    /// Samples at 48 kHz delivered or skipped so far.
    pub fn position(&self) -> u64 {
        let unread = (self.pending.len() - self.pending_at) as u64;
        self.timeline.position.max(self.timeline.deliver_from) - unread
    }

    /// Packets and pages that were lost to damage so far.
    pub fn damaged(&self) -> u64 {
        self.timeline.failed + self.packets.lost()
    }

    /// Whether the input was found to end inside a page.
    pub fn cut(&self) -> bool {
        self.packets.cut()
    }

    /// Goes forward to a position, in samples from the start. The sound there is right, because decoding
    /// starts [`PRE_ROLL`] earlier. The work is done by the next read; beyond the end, that read finds the end.
    pub fn skip_to(&mut self, sample: u64) -> Result<(), ReadError> {
        let position = self.position();
        let ahead = sample.checked_sub(position).ok_or(ReadError::Backwards { position, wanted: sample })?;
        let unread = (self.pending.len() - self.pending_at) as u64;
        if ahead < unread {
            self.pending_at += ahead as usize;
        } else {
            self.pending.clear();
            self.pending_at = 0;
            self.timeline.deliver_from = sample;
        }
        Ok(())
    }

    /// Appends the samples of the next packet (at most 5,760) to `out`; `false` at the end of the stream.
    pub fn next_frame(&mut self, out: &mut Vec<f32>) -> Result<bool, ReadError> {
        if self.pending_at < self.pending.len() {
            out.extend(self.pending.drain(..).skip(self.pending_at));
            self.pending_at = 0;
            return Ok(true);
        }
        while let Some(next) = self.packets.next()? {
            match next {
                Next::Stream(head) => self.timeline.next_stream(head),
                Next::Page { granule, samples, last } => self.timeline.page(granule, samples, last),
                Next::Packet(data) => {
                    if self.timeline.packet(data, out) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Fills `out` with samples; fewer only at the end of the stream, then 0.
    pub fn read(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < out.len() {
            if self.pending_at == self.pending.len() {
                let mut pending = std::mem::take(&mut self.pending);
                pending.clear();
                self.pending_at = 0;
                let more = self.next_frame(&mut pending);
                self.pending = pending;
                if !more? {
                    break;
                }
            }
            let ready = &self.pending[self.pending_at..];
            let count = ready.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&ready[..count]);
            self.pending_at += count;
            filled += count;
        }
        Ok(filled)
    }
}

/// Decodes packets and says which of their samples are heard: after the pre-skip, before the end, not skipped.
///
/// "Raw" positions count decoded samples of one stream, pre-skip included; other positions count heard samples.
struct Timeline {
    decoder: Decoder,
    pre_skip: u64,
    gain: f32,
    /// Granule position at which the page before ended; 0 before the first.
    granule: Option<u64>,
    /// Raw samples so far.
    raw: u64,
    /// Raw position of the end; known from the last page.
    raw_end: Option<u64>,
    position: u64,
    /// Heard samples before this position are not delivered.
    deliver_from: u64,
    /// The decoder missed packets and must be reset before it is used.
    stale: bool,
    failed: u64,
    scratch: Vec<f32>,
}

impl Timeline {
    fn new(head: Head) -> Result<Self, ReadError> {
        let mut timeline = Self {
            decoder: Decoder::new(Channels::Mono, SampleRate::Hz48000).map_err(ReadError::Codec)?,
            pre_skip: 0,
            gain: 1.0,
            granule: None,
            raw: 0,
            raw_end: None,
            position: 0,
            deliver_from: 0,
            stale: false,
            failed: 0,
            scratch: vec![0.0; MAX_PACKET_SAMPLES],
        };
        timeline.next_stream(head);
        timeline.stale = false;
        Ok(timeline)
    }

    fn next_stream(&mut self, head: Head) {
        self.pre_skip = head.pre_skip.into();
        self.gain = 10_f32.powf(f32::from(head.gain) / (20.0 * 256.0));
        self.granule = None;
        self.raw = 0;
        self.raw_end = None;
        self.stale = true;
    }

    /// Dates a page. The last page tells where the sound ends: what its packets hold beyond its granule position is cut
    /// off (RFC 7845, section 4.4). Counted from the page before, so that a page lost in between does no harm;
    /// a stream whose only page is its last starts at 0 (section 4.5).
    fn page(&mut self, granule: Option<u64>, samples: u64, last: bool) {
        let Some(granule) = granule else { return };
        if last {
            let surplus = (self.granule.unwrap_or(0) + samples).saturating_sub(granule);
            self.raw_end = Some((self.raw + samples).saturating_sub(surplus));
        }
        self.granule = Some(granule);
    }

    /// Decodes one packet, or skips it if nobody will hear it; whether `out` grew.
    fn packet(&mut self, data: &[u8], out: &mut Vec<f32>) -> bool {
        let Some(samples) = packet::duration(data) else { return false };
        let start = self.raw;
        let stop = start + samples as u64;
        let heard_from = start.max(self.pre_skip).min(stop);
        let heard_to = stop.min(self.raw_end.unwrap_or(u64::MAX)).max(heard_from);
        let first = self.position;
        let last = first + (heard_to - heard_from);
        self.raw = stop;
        self.position = last;
        if last + PRE_ROLL <= self.deliver_from {
            self.stale = true;
            return false;
        }

        self.decode(data, samples);
        let skipped = self.deliver_from.clamp(first, last) - first;
        let from = (heard_from - start + skipped) as usize;
        let to = (heard_to - start) as usize;
        out.extend(self.scratch[from..to].iter().map(|sample| sample * self.gain));
        to > from
    }

    /// Decodes a packet of `samples` samples into the scratch buffer; conceals it if it is damaged.
    fn decode(&mut self, data: &[u8], samples: usize) {
        if std::mem::take(&mut self.stale) && self.decoder.reset().is_err() {
            self.failed += 1;
        }
        let result = self.decoder.decode_float_to_slice(data, &mut self.scratch, false);
        if result == Ok(samples) {
            return;
        }
        self.failed += 1;
        let hole = &mut self.scratch[..samples];
        if self.decoder.decode_float_to_slice(&[], hole, false).is_err() {
            hole.fill(0.0);
        }
    }
}

/// Samples at 48 kHz of a whole Ogg Opus file in memory, from its page headers alone; `None` if it is not one or has no
/// end. A chained file is as long as its parts together.
pub fn duration(file: &[u8]) -> Option<u64> {
    let mut total = None;
    let mut stream: Option<(u32, Head, Option<u64>)> = None;
    let mut end = None;
    let mut at = 0;
    while let Some(header) = file.get(at..).and_then(Header::parse) {
        let Some((lacing, rest)) =
            file.get(at + HEADER_LEN..).and_then(|b| b.split_at_checked(header.segments))
        else {
            break;
        };
        let length = lacing.iter().map(|lace| usize::from(*lace)).sum::<usize>();
        let Some(body) = rest.get(..length) else { break };
        if header.first() {
            if let Ok(head) = Head::parse(body) {
                total = plus(total, stream, end);
                stream = Some((header.serial, head, None));
                end = None;
            }
        } else if let (Some((serial, _, origin)), Some(granule)) = (&mut stream, header.granule) {
            // Headers stand at position 0; the first page after them tells where the sound starts.
            if *serial == header.serial && granule > 0 {
                if origin.is_none() {
                    let samples = page_samples(lacing, body);
                    *origin = Some(if header.last() { 0 } else { granule.saturating_sub(samples) });
                }
                end = Some(granule);
            }
        }
        at += HEADER_LEN + header.segments + length;
    }
    plus(total, stream, end)
}

fn plus(total: Option<u64>, stream: Option<(u32, Head, Option<u64>)>, end: Option<u64>) -> Option<u64> {
    let (_, head, origin) = stream?;
    let samples = end?.saturating_sub(origin.unwrap_or(0)).saturating_sub(head.pre_skip.into());
    Some(total.unwrap_or(0) + samples)
}

fn page_samples(lacing: &[u8], body: &[u8]) -> u64 {
    let (mut start, mut at, mut samples) = (0, 0, 0);
    for lace in lacing {
        at += usize::from(*lace);
        if *lace < 255 {
            samples += body.get(start..at).and_then(packet::duration).unwrap_or(0) as u64;
            start = at;
        }
    }
    samples
}
