//! The stream of what happens (server-sent events, WHATWG HTML section 9.2).

use std::time::Duration;

use loa_protocol::BroadcastId;
use serde::Deserialize;

use super::{Airing, ApiError, Broadcast, Node};

/// The broker says at least a comment this often, and then some; longer silence is a dead link.
const SILENCE: Duration = Duration::from_secs(40);

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The stream is open: what happens from now on will be told.
    Hello,
    /// A node changed.
    Node(Box<Node>),
    /// An airing moved on.
    Airing {
        /// Its broadcast.
        broadcast: BroadcastId,
        /// Itself.
        airing: Box<Airing>,
    },
    /// A broadcast was made or stopped.
    Broadcast(Box<Broadcast>),
    /// Something this client doesn't know.
    Other(String),
}

#[derive(Deserialize)]
struct AiringProgress {
    broadcast: BroadcastId,
    airing: Airing,
}

/// An open stream of events.
pub struct Events {
    response: reqwest::Response,
    unread: Vec<u8>,
}

impl Events {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { response, unread: Vec::new() }
    }

    /// The next event. An error when the stream ends or falls silent.
    pub async fn next(&mut self) -> Result<Event, ApiError> {
        loop {
            while let Some(block) = self.block() {
                if let Some(event) = parse(&block)? {
                    return Ok(event);
                }
            }
            let chunk = tokio::time::timeout(SILENCE, self.response.chunk());
            match chunk.await.map_err(|_| ApiError::StreamEnded)?? {
                Some(chunk) => self.unread.extend_from_slice(&chunk),
                None => return Err(ApiError::StreamEnded),
            }
        }
    }

    /// Takes one block, up to a blank line, from what was read.
    fn block(&mut self) -> Option<String> {
        let end = self.unread.windows(2).position(|pair| pair == b"\n\n")?;
        let block = self.unread.drain(..end + 2).collect::<Vec<_>>();
        Some(String::from_utf8_lossy(&block).into_owned())
    }
}

fn parse(block: &str) -> Result<Option<Event>, ApiError> {
    let (mut name, mut data) = ("message", String::new());
    for line in block.lines() {
        match line.split_once(':') {
            Some(("event", value)) => name = value.trim_start(),
            Some(("data", value)) => {
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(value.strip_prefix(' ').unwrap_or(value));
            }
            _ => {} // a comment, or a field that isn't used here
        }
    }
    if data.is_empty() {
        return Ok(None);
    }
    Ok(Some(match name {
        "hello" => Event::Hello,
        "node" => Event::Node(serde_json::from_str(&data)?),
        "broadcast" => Event::Broadcast(serde_json::from_str(&data)?),
        "airing" => {
            let AiringProgress { broadcast, airing } = serde_json::from_str(&data)?;
            Event::Airing { broadcast, airing: Box::new(airing) }
        }
        other => Event::Other(other.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blocks_without_data_are_no_events() {
        assert_eq!(parse(": keep-alive\n\n").unwrap(), None);
        assert_eq!(parse("event: node\n\n").unwrap(), None);
        assert_eq!(parse("event: hello\ndata: {}\n\n").unwrap(), Some(Event::Hello));
        assert_eq!(parse("event: new-thing\ndata:{}\n\n").unwrap(), Some(Event::Other("new-thing".into())));
        assert!(parse("event: node\ndata: {}\n\n").is_err());
    }
}
