//! Ogg pages (RFC 3533), as far as Ogg Opus needs them.
//!
//! Reading asks only for `Read`, holds one page (at most 65,307 bytes), verifies the checksum of each page and
//! finds the next page after rubbish. Writing fills whole packets into pages. It never allocates by a
//! number found in the input.

use std::io::{self, Read};

/// First bytes of each page.
pub(crate) const CAPTURE: [u8; 4] = *b"OggS";
/// Bytes of a page before its lacing values.
pub(super) const HEADER_LEN: usize = 27;
/// Rubbish that is skipped in search of a page before the search is given up, in bytes.
const MAX_RESYNC: usize = 256 * 1024;

const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

const CRC: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 == 0 { value << 1 } else { (value << 1) ^ 0x04c1_1db7 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// Continues the checksum of RFC 3533 (polynomial 0x04c11db7, nothing reflected, starts at 0) over `bytes`.
pub(super) fn crc(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |crc, byte| (crc << 8) ^ CRC[usize::from((crc >> 24) as u8 ^ byte)])
}

/// What a page's fixed header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    flags: u8,
    /// Position of the last packet that ends on this page; `None` if none does.
    pub(super) granule: Option<u64>,
    pub(super) serial: u32,
    pub(super) sequence: u32,
    crc: u32,
    pub(super) segments: usize,
}

impl Header {
    /// Reads a header; `None` if the bytes are not the start of a page of version 0.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<HEADER_LEN>()?;
        if head[..4] != CAPTURE || head[4] != 0 {
            return None;
        }
        let granule = u64::from_le_bytes(*head[6..].first_chunk()?);
        Some(Self {
            flags: head[5],
            granule: (granule != u64::MAX).then_some(granule),
            serial: u32::from_le_bytes(*head[14..].first_chunk()?),
            sequence: u32::from_le_bytes(*head[18..].first_chunk()?),
            crc: u32::from_le_bytes(*head[22..].first_chunk()?),
            segments: usize::from(head[26]),
        })
    }

    /// The first packet began on an earlier page.
    pub(super) fn continued(self) -> bool {
        self.flags & CONTINUED != 0
    }

    /// The first page of a logical stream.
    pub(super) fn first(self) -> bool {
        self.flags & FIRST != 0
    }

    /// The last page of a logical stream.
    pub(super) fn last(self) -> bool {
        self.flags & LAST != 0
    }
}

/// One page in memory; its buffers are reused for the next.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) header: Header,
    pub(super) lacing: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Page {
    /// The first packet, as far as it stands on this page.
    pub(super) fn first_packet(&self) -> &[u8] {
        let mut length = 0;
        for lace in &self.lacing {
            length += usize::from(*lace);
            if *lace < 255 {
                break;
            }
        }
        self.body.get(..length).unwrap_or_default()
    }
}

/// Reads pages one after another.
#[derive(Debug)]
pub(super) struct PageReader<R> {
    inner: R,
    /// The page read last.
    pub(super) page: Page,
    /// Pages dropped for a wrong checksum.
    pub(super) damaged: u64,
    /// The input ended inside a page.
    pub(super) cut: bool,
}

impl<R: Read> PageReader<R> {
    pub(super) fn new(inner: R) -> Self {
        let header = Header { flags: 0, granule: None, serial: 0, sequence: 0, crc: 0, segments: 0 };
        let page = Page { header, lacing: Vec::with_capacity(255), body: Vec::new() };
        Self { inner, page, damaged: 0, cut: false }
    }

    /// The next whole page; `None` at the end of the input.
    pub(super) fn next(&mut self) -> io::Result<Option<&Page>> {
        loop {
            let Some((header, raw)) = self.find_header()? else { return Ok(None) };
            self.page.lacing.resize(header.segments, 0);
            if !fill(&mut self.inner, &mut self.page.lacing)? {
                self.cut = true;
                return Ok(None);
            }
            let length = self.page.lacing.iter().map(|l| usize::from(*l)).sum();
            self.page.body.resize(length, 0);
            if !fill(&mut self.inner, &mut self.page.body)? {
                self.cut = true;
                return Ok(None);
            }
            let found = [raw.as_slice(), &self.page.lacing, &self.page.body].into_iter().fold(0, crc);
            if found == header.crc {
                self.page.header = header;
                return Ok(Some(&self.page));
            }
            self.damaged += 1;
        }
    }

    /// Finds the next header; also gives its bytes with the checksum field zeroed.
    fn find_header(&mut self) -> io::Result<Option<(Header, [u8; HEADER_LEN])>> {
        let mut raw = [0; HEADER_LEN];
        if !fill(&mut self.inner, &mut raw)? {
            return Ok(None);
        }
        for _ in 0..MAX_RESYNC {
            if let Some(header) = Header::parse(&raw) {
                raw[22..26].fill(0);
                return Ok(Some((header, raw)));
            }
            raw.copy_within(1.., 0);
            if !fill(&mut self.inner, &mut raw[HEADER_LEN - 1..])? {
                return Ok(None);
            }
        }
        Ok(None)
    }
}

/// Fills `buffer`; `false` if the input ends before it is full.
fn fill(from: &mut impl Read, mut buffer: &mut [u8]) -> io::Result<bool> {
    while !buffer.is_empty() {
        match from.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(n) => buffer = buffer.get_mut(n..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Writes whole packets into pages of one logical stream. A packet never spans two pages.
#[derive(Debug)]
pub(super) struct PageWriter {
    out: Vec<u8>,
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl PageWriter {
    pub(super) fn new(serial: u32, capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), serial, sequence: 0, lacing: Vec::new(), body: Vec::new() }
    }

    /// Whether a packet of `length` bytes still fits on the open page.
    pub(super) fn fits(&self, length: usize) -> bool {
        self.lacing.len() + length / 255 < 255
    }

    /// Puts a packet on the open page; ask [`fits`](Self::fits) first.
    pub(super) fn packet(&mut self, packet: &[u8]) {
        self.lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
        self.lacing.push((packet.len() % 255) as u8);
        self.body.extend_from_slice(packet);
    }

    /// Closes the open page at `granule`.
    pub(super) fn end_page(&mut self, granule: u64, last: bool) {
        let flags = if self.sequence == 0 { FIRST } else { 0 } | if last { LAST } else { 0 };
        let start = self.out.len();
        self.out.extend_from_slice(&CAPTURE);
        self.out.extend_from_slice(&[0, flags]);
        self.out.extend_from_slice(&granule.to_le_bytes());
        self.out.extend_from_slice(&self.serial.to_le_bytes());
        self.out.extend_from_slice(&self.sequence.to_le_bytes());
        self.out.extend_from_slice(&[0; 4]);
        self.out.push(self.lacing.len() as u8);
        self.out.append(&mut self.lacing);
        self.out.append(&mut self.body);
        let sum = crc(0, &self.out[start..]);
        self.out[start + 22..start + 26].copy_from_slice(&sum.to_le_bytes());
        self.sequence += 1;
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }
}
