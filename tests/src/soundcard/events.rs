//! The card's event log: lines of `NAME monotonic_ns=.. realtime_ns=.. key=value ..`, read as they come.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

use super::Moment;

/// What can happen to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A program opened it.
    Open,
    /// The program chose rate, channels and format.
    HwParams,
    /// The card is ready for frames, and counts them from 0 again.
    Prepare,
    /// Frame 0 sounds.
    Start,
    /// Its speed changed.
    Speed,
    /// It stands still for a while.
    Freeze,
    /// It ran dry (or was made to).
    Xrun,
    /// The program lets the queue play out.
    Drain,
    /// The program (or the end of a drain) stopped it.
    Stop,
    /// It was pulled out while open.
    Unplug,
    /// The program closed it.
    Close,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Moment,
    /// How many frames had sounded since [`EventKind::Prepare`]; 0 where that has no meaning.
    pub frame: u64,
    fields: HashMap<String, String>,
}

impl Event {
    /// A detail, such as `period` of [`EventKind::HwParams`].
    pub fn field<T: FromStr>(&self, name: &str) -> Result<T> {
        let text = self.fields.get(name).with_context(|| format!("{:?} has no {name}", self.kind))?;
        text.parse().ok().with_context(|| format!("{name}={text} of {:?}", self.kind))
    }

    fn parse(line: &str) -> Result<Self> {
        let mut words = line.split(' ');
        let kind = match words.next().unwrap_or_default() {
            "OPEN" => EventKind::Open,
            "HW_PARAMS" => EventKind::HwParams,
            "PREPARE" => EventKind::Prepare,
            "START" => EventKind::Start,
            "SPEED" => EventKind::Speed,
            "FREEZE" => EventKind::Freeze,
            "XRUN" => EventKind::Xrun,
            "DRAIN" => EventKind::Drain,
            "STOP" => EventKind::Stop,
            "UNPLUG" => EventKind::Unplug,
            "CLOSE" => EventKind::Close,
            other => bail!("unknown event {other:?}"),
        };
        let fields = words
            .filter_map(|word| word.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let mut event = Self { kind, at: Moment { monotonic_ns: 0, realtime_ns: 0 }, frame: 0, fields };
        event.at =
            Moment { monotonic_ns: event.field("monotonic_ns")?, realtime_ns: event.field("realtime_ns")? };
        if event.fields.contains_key("frame") {
            event.frame = event.field("frame")?;
        }
        Ok(event)
    }
}

/// Reads the log as it grows: each event once.
#[derive(Debug)]
pub(super) struct EventLog {
    path: PathBuf,
    file: Option<File>,
    unfinished: Vec<u8>,
}

impl EventLog {
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join("events.log"), file: None, unfinished: Vec::new() }
    }

    /// The events written since the last call. A card that nobody has opened has none.
    pub(super) fn read_new(&mut self) -> Result<Vec<Event>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => match File::open(&self.path) {
                Ok(file) => self.file.insert(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error).context("opening the card's events"),
            },
        };
        file.read_to_end(&mut self.unfinished)?;
        // A line may be caught half written; it waits for its end.
        let whole = self.unfinished.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines = self.unfinished.drain(..whole).collect::<Vec<_>>();
        std::str::from_utf8(&lines)?
            .lines()
            .map(|line| Event::parse(line).with_context(|| format!("in the card's events: {line}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn an_event_is_read_once_and_only_when_its_line_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::new(folder.path());
        assert!(log.read_new().unwrap().is_empty(), "nobody has opened the card yet");

        let mut file =
            OpenOptions::new().create(true).append(true).open(folder.path().join("events.log")).unwrap();
        file.write_all(b"OPEN monotonic_ns=5 realtime_ns=7 offset=0 pid=1\nXRUN monotonic_ns=9 real")
            .unwrap();
        let events = log.read_new().unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, EventKind::Open);
        assert_eq!(events[0].at, Moment { monotonic_ns: 5, realtime_ns: 7 });
        assert_eq!(events[0].field::<u32>("pid").unwrap(), 1);

        file.write_all(b"time_ns=11 frame=960\n").unwrap();
        let events = log.read_new().unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind, events[0].frame), (EventKind::Xrun, 960));
        assert!(log.read_new().unwrap().is_empty());
    }

    #[test]
    fn a_line_it_does_not_know_is_an_error_not_a_guess() {
        assert!(Event::parse("MELT monotonic_ns=1 realtime_ns=2").is_err());
        assert!(Event::parse("STOP monotonic_ns=1").is_err());
        assert!(Event::parse("STOP monotonic_ns=x realtime_ns=2").is_err());
    }
}
