//! From pages to packets: which packets a stream holds, and what its pages say of their time.
//!
//! Holds one page, at most one packet that spans pages, and nothing that grows with the stream.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::Range;

use super::ReadError;
use super::packet::{self, Head, HeadError};
use super::page::{Header, PageReader};

/// Longest packet that is put together from several pages, in bytes: 48 frames of at most 1,275.
const MAX_PACKET: usize = 61_298;

/// What comes next in a stream.
#[derive(Debug)]
pub(super) enum Next<'a> {
    /// Another stream begins after the end of the one before (chained).
    Stream(Head),
    /// A page of packets begins.
    Page {
        /// The position it gives for the end of its last packet.
        granule: Option<u64>,
        /// Samples of the packets that end on it.
        samples: u64,
        /// It is the last of the stream.
        last: bool,
    },
    /// A packet of the page.
    Packet(&'a [u8]),
}

/// Reads the packets of the first Opus stream, and of those chained to it.
#[derive(Debug)]
pub(super) struct Packets<R> {
    pages: PageReader<R>,
    serial: u32,
    /// The stream's comments are still to come; they are dropped.
    expect_tags: bool,
    ended: bool,
    /// Packets of the present page, as ranges of its body.
    queue: VecDeque<Range<usize>>,
    /// A packet that began on an earlier page and is complete.
    joined: Vec<u8>,
    joined_ready: bool,
    /// The start of a packet that goes on on the next page; `None` if there is none or it was lost.
    partial: Option<Vec<u8>>,
    lost: u64,
}

impl<R: Read> Packets<R> {
    /// Reads as far as the header of the first Opus stream.
    pub(super) fn open(inner: R) -> Result<(Self, Head), ReadError> {
        let mut pages = PageReader::new(inner);
        loop {
            let page = pages.next()?.ok_or(ReadError::NotOpus)?;
            if !page.header.first() {
                return Err(ReadError::NotOpus);
            }
            match Head::parse(page.first_packet()) {
                Ok(head) => {
                    let serial = page.header.serial;
                    return Ok((Self::new(pages, serial), head));
                }
                // Another kind of stream (video, say) may begin beside ours.
                Err(HeadError::Invalid) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn new(pages: PageReader<R>, serial: u32) -> Self {
        Self {
            pages,
            serial,
            expect_tags: true,
            ended: false,
            queue: VecDeque::new(),
            joined: Vec::new(),
            joined_ready: false,
            partial: None,
            lost: 0,
        }
    }

    /// Packets and pages lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost + self.pages.damaged
    }

    /// Whether the input ended inside a page.
    pub(super) fn cut(&self) -> bool {
        self.pages.cut
    }

    /// What comes next; `None` at the end of the input.
    pub(super) fn next(&mut self) -> Result<Option<Next<'_>>, ReadError> {
        if std::mem::take(&mut self.joined_ready) {
            return Ok(Some(Next::Packet(&self.joined)));
        }
        if let Some(range) = self.queue.pop_front() {
            return Ok(Some(Next::Packet(&self.pages.page.body[range])));
        }
        while let Some(page) = self.pages.next()? {
            let header = page.header;
            if header.first() {
                // Only after the end of ours may another take over; beside it, it is ignored.
                if self.ended {
                    match Head::parse(page.first_packet()) {
                        Ok(head) => {
                            self.serial = header.serial;
                            self.ended = false;
                            self.expect_tags = true;
                            self.partial = None;
                            return Ok(Some(Next::Stream(head)));
                        }
                        Err(HeadError::Invalid) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            } else if header.serial == self.serial && !self.ended {
                self.ended = header.last();
                if let Some(samples) = self.split(header) {
                    return Ok(Some(Next::Page { granule: header.granule, samples, last: self.ended }));
                }
            }
        }
        Ok(None)
    }

    /// Lists the packets that end on the present page; gives their samples, or `None` if it has none of sound.
    fn split(&mut self, header: Header) -> Option<u64> {
        let page = &self.pages.page;
        let mut continues = header.continued();
        let mut carried = self.partial.take().filter(|_| continues);
        let mut samples = 0;
        let (mut start, mut at) = (0, 0);
        for lace in &page.lacing {
            at += usize::from(*lace);
            if *lace == 255 {
                continue;
            }
            let bytes = &page.body[start..at];
            let known = if !std::mem::take(&mut continues) {
                self.queue.push_back(start..at);
                packet::duration(bytes)
            } else if let Some(packet) = carried.take().and_then(|carried| join(carried, bytes)) {
                self.joined = packet;
                self.joined_ready = true;
                packet::duration(&self.joined)
            } else {
                None
            };
            self.lost += u64::from(known.is_none() && !self.expect_tags);
            samples += known.unwrap_or(0) as u64;
            start = at;
        }
        // What is left goes on on the next page.
        if at > start {
            let rest = &page.body[start..at];
            self.partial =
                if continues { carried } else { Some(Vec::new()) }.and_then(|head| join(head, rest));
        }
        let complete = page.lacing.iter().any(|lace| *lace < 255);

        if self.expect_tags && complete {
            self.expect_tags = false;
            if header.continued() || page.body.starts_with(b"OpusTags") {
                // The comments end a page of their own (RFC 7845, section 3).
                self.queue.clear();
                self.joined_ready = false;
                return None;
            }
        }
        (complete && (self.joined_ready || !self.queue.is_empty())).then_some(samples)
    }
}

/// Two parts of a packet; `None` if together they are longer than a packet can be.
fn join(mut head: Vec<u8>, tail: &[u8]) -> Option<Vec<u8>> {
    head.extend_from_slice(tail);
    (head.len() <= MAX_PACKET).then_some(head)
}
