//! What the node has promised and done, on disk: commands admitted, airings taken on, how far they came, receipts owed.
//!
//! One append-only file of checked lines, so that a command's admission and the airing it brings are safe by one write. It survives
//! `kill -9` and power cuts at any instant: an airing that had begun is reported once as cut short; one that still waited is
//! offered again; a receipt stays until the broker's acknowledgement. When the disk is full or broken everything goes on in
//! memory and is written as soon as possible; nothing here ever stops the agent.
//!
//! To spare SD cards an airing of any length costs about 2 KiB and two synchronised writes.

mod lines;
mod programme;
mod record;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{
    AiringId, AreaCode, BroadcastId, Class, Command, NodeId, Outcome, Reason, Receipt, Refusal, ReplayGuard,
    limits,
};

pub use lines::Damage;
use lines::Lines;
use programme::Programme;
use record::Record;
pub use record::{Accepted, ByPlan, Past, Progress};

use crate::files;

const FILE: &str = "journal";
/// Below this the file is left to grow, bytes; it is a day's worth.
const SMALL: u64 = 64 * 1024;

/// What an earlier run of the agent left.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Airings taken on that had not begun, oldest first, each still owed.
    pub waiting: Vec<Accepted>,
    /// Airings that were cut short; their receipts are in the journal.
    pub cut_short: usize,
    /// What was wrong with the file.
    pub damage: Damage,
}

#[derive(Debug, Default)]
struct Entry {
    accepted: Option<Accepted>,
    begun: Option<Timestamp>,
    progress: Option<Progress>,
    receipt: Option<Receipt>,
    /// Whether it counts among the sessions of a day.
    counts: bool,
    /// Where it stands among the others while the journal is read.
    place: u64,
}

/// The journal, open.
#[derive(Debug)]
pub struct Journal {
    lines: Lines,
    guard: ReplayGuard,
    stops: Stops,
    entries: HashMap<AiringId, Entry>,
    /// Receipts owed, in the order in which they were settled.
    owed: BTreeMap<u64, AiringId>,
    next: u64,
    programme: Programme,
    /// Length of the file at which to look whether writing it anew is worthwhile, bytes.
    worthwhile_from: u64,
    /// Lines not yet in the file.
    pending: String,
}

impl Journal {
    /// Opens the journal in the data folder. `floor`: the present can't be before it. `exact`: `now` is right, as it was when the last run
    /// noted what it began.
    pub fn open(data: &Path, floor: Timestamp, now: Timestamp, exact: bool) -> (Self, Recovered) {
        let mut state = State {
            guard: ReplayGuard::new(floor),
            stops: Stops::default(),
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
            programme: Programme::default(),
        };
        let (lines, damage) = Lines::open(&data.join(FILE), |text| match serde_json::from_str(text) {
            Ok(record) => {
                state.replay(record);
                true
            }
            Err(_) => false,
        });
        state.guard.saw(floor);
        let State { guard, stops, entries, order, programme, .. } = state;
        let mut journal = Self {
            lines,
            guard,
            stops,
            entries,
            owed: BTreeMap::new(),
            next: 0,
            programme,
            worthwhile_from: SMALL,
            pending: String::new(),
        };
        let mut recovered = Recovered { damage, ..Recovered::default() };
        for airing in order.values() {
            journal.recover(airing, now, exact, &mut recovered);
        }
        if damage.corrupt_lines > 0 {
            journal.write_anew();
        }
        journal.write_anew_if_worthwhile();
        (journal, recovered)
    }

    fn recover(&mut self, airing: &AiringId, now: Timestamp, exact: bool, recovered: &mut Recovered) {
        let Some(entry) = self.entries.get_mut(airing) else { return };
        if entry.receipt.is_some() {
            self.owe(airing.clone());
            return;
        }
        let Some(accepted) = entry.accepted.clone() else {
            self.entries.remove(airing);
            return;
        };
        let since_then = entry.begun.is_some_and(|begun| begun <= now);
        if exact && since_then && now < accepted.start && entry.progress.is_none() {
            // It was handed to the player in advance, and can't have sounded. A clock that has gone back since then says nothing.
            entry.begun = None;
        }
        let (outcome, progress) = match (entry.begun, entry.progress) {
            (Some(_), Some(progress)) => (Outcome::Partial, progress),
            (Some(begun), None) => {
                (Outcome::Partial, Progress { started_at: Some(begun), frames: 0, at: begun })
            }
            (None, _) if accepted.expires_at > self.guard.present(now) => {
                recovered.waiting.push(accepted);
                return;
            }
            (None, _) => (Outcome::Missed, Progress { started_at: None, frames: 0, at: now }),
        };
        recovered.cut_short += 1;
        self.settle(Receipt {
            airing: airing.clone(),
            broadcast: accepted.broadcast.clone(),
            start: Some(accepted.start),
            outcome,
            reason: Some(Reason::AgentRestarted),
            started_at: progress.started_at,
            ended_at: progress.at,
            frames: progress.frames,
            clip_frames: accepted.clip_frames(),
            clip: accepted.clip.hash.clone(),
        });
    }

    /// The present, as far as it is known; see [`ReplayGuard::present`].
    pub fn present(&self, clock: Timestamp) -> Timestamp {
        self.guard.present(clock)
    }

    /// Raises the floor under the clock.
    pub fn saw(&mut self, issued_at: Timestamp) {
        let before = self.guard.present(Timestamp::MIN);
        self.guard.saw(issued_at);
        if issued_at > before {
            self.note(&Record::Saw { issued_at });
        }
    }

    /// Admits a command once; see [`ReplayGuard::admit`]. The caller then accepts what the command brings, calls
    /// [`Journal::remember`], and [`Journal::save`] before it acts.
    pub fn admit(
        &mut self,
        command: &Command,
        node: &NodeId,
        areas: &[AreaCode],
        clock: Timestamp,
    ) -> Result<(), Refusal> {
        self.guard.admit(command, node, areas, clock)
    }

    /// Notes an admitted command. After the airing it brings, so that a torn write never keeps the command and loses the airing.
    pub fn remember(&mut self, command: &Command) {
        self.note(&Record::Admitted {
            id: command.id.clone(),
            issued_at: command.issued_at,
            expires_at: command.expires_at,
        });
    }

    /// Notes that a stop issued then was obeyed.
    pub fn stop(&mut self, broadcast: Option<&BroadcastId>, issued_at: Timestamp) {
        self.stops.add(broadcast.cloned(), issued_at);
        self.note(&Record::Stopped { broadcast: broadcast.cloned(), issued_at });
    }

    /// Whether a play issued then was stopped since: commands come by two topics, and may overtake each other.
    pub fn is_stopped(&self, broadcast: &BroadcastId, issued_at: Timestamp) -> bool {
        self.stops.cover(broadcast, issued_at)
    }

    /// Whether an airing was taken on or settled, as far as remembered.
    pub fn knows(&self, airing: &AiringId) -> bool {
        self.entries.contains_key(airing) || self.programme.past.contains_key(airing)
    }

    /// Takes on an airing.
    pub fn accept(&mut self, accepted: Accepted) {
        self.note(&Record::Accepted(accepted.clone()));
        let airing = accepted.airing.clone();
        self.entries.entry(airing).or_default().accepted = Some(accepted);
    }

    /// Notes that an airing is about to sound.
    pub fn begin(&mut self, airing: &AiringId, at: Timestamp) {
        if let Some(entry) = self.entries.get_mut(airing) {
            entry.begun = Some(at);
            self.note(&Record::Begun { airing: airing.clone(), at });
        }
    }

    /// Notes how far an airing has come.
    pub fn progress(&mut self, airing: &AiringId, progress: Progress) {
        if let Some(entry) = self.entries.get_mut(airing).filter(|entry| entry.receipt.is_none()) {
            entry.progress = Some(progress);
            self.note(&Record::Progress { airing: airing.clone(), progress });
        }
    }

    /// Settles an airing: from here on its receipt is owed. The first receipt of an airing stands; whether this was it.
    pub fn settle(&mut self, receipt: Receipt) -> bool {
        let airing = receipt.airing.clone();
        let entry = self.entries.entry(airing.clone()).or_default();
        if entry.receipt.is_some() {
            return false;
        }
        let counts = entry.accepted.as_ref().is_none_or(|accepted| accepted.class != Class::Emergency);
        entry.receipt = Some(receipt.clone());
        entry.counts = counts;
        self.note(&Record::Settled { receipt, counts });
        self.owe(airing);
        true
    }

    /// Forgets receipts that the broker has; how many of them were known.
    pub fn forget(&mut self, airings: &[AiringId]) -> usize {
        let known: Vec<_> = airings
            .iter()
            .filter(|a| self.entries.get(*a).is_some_and(|e| e.receipt.is_some()))
            .cloned()
            .collect();
        if known.is_empty() {
            return 0;
        }
        for airing in &known {
            if let Some(Entry { receipt: Some(receipt), counts, .. }) = self.entries.remove(airing) {
                self.programme.past.insert(airing.clone(), Past::of(&receipt, counts));
            }
        }
        self.owed.retain(|_, airing| !known.contains(airing));
        self.note(&Record::Forgotten { airings: known.clone() });
        known.len()
    }

    /// Receipts owed, oldest first.
    pub fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.owed.values().filter_map(|airing| self.entries.get(airing)?.receipt.as_ref())
    }

    /// How many receipts are owed.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }

    /// Writes what is noted so that it survives a power cut. On an error everything stays in memory, and the next call tries again.
    pub fn save(&mut self) -> io::Result<()> {
        self.write(true)
    }

    /// Writes what is noted so that it survives the agent's death, and a power cut half a minute later.
    pub fn save_lazily(&mut self) -> io::Result<()> {
        self.write(false)
    }

    /// Why the journal has no reserve for a full disk, when it has none: it lives on borrowed room, or on none.
    pub fn no_reserve(&self) -> Option<io::Error> {
        self.lines.no_reserve().map(io::Error::from)
    }

    /// Makes the reserve again if there is room.
    pub fn keep_reserve(&mut self) {
        self.lines.keep_reserve();
    }

    /// Bytes handed to the disk since it was opened: what wears an SD card out.
    pub fn written(&self) -> u64 {
        self.lines.written()
    }

    /// Whether something noted is in memory only.
    pub fn unsaved(&self) -> bool {
        !self.pending.is_empty()
    }

    /// As after a failed write: the next one opens the file anew.
    #[cfg(test)]
    pub(crate) fn close(&mut self) {
        self.lines.close();
    }

    fn write(&mut self, sync: bool) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.lines.append(&self.pending, sync)?;
            self.pending.clear();
        }
        self.write_anew_if_worthwhile();
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        match serde_json::to_string(record) {
            Ok(text) => self.pending.push_str(&files::checked_line(&text)),
            Err(error) => tracing::error!(%error, "a record of the journal can't be written as JSON"),
        }
    }

    fn owe(&mut self, airing: AiringId) {
        self.owed.insert(self.next, airing);
        self.next += 1;
    }

    /// Drops what no longer matters once it is most of the file.
    fn write_anew_if_worthwhile(&mut self) {
        if self.lines.length() < self.worthwhile_from {
            return;
        }
        let content = self.content();
        self.worthwhile_from = SMALL.max(content.len() as u64 * 2);
        if self.worthwhile_from <= self.lines.length() {
            self.rewrite(&content);
        }
    }

    fn write_anew(&mut self) {
        self.rewrite(&self.content());
    }

    fn rewrite(&mut self, content: &str) {
        match self.lines.rewrite(content) {
            Ok(()) => self.pending.clear(),
            Err(error) => tracing::warn!(%error, "the journal can't be written anew"),
        }
    }

    /// All that matters, as lines.
    fn content(&self) -> String {
        let mut records = vec![Record::Guard { guard: self.guard.clone() }];
        let stops = self.stops.latest.iter();
        records.extend(
            stops.map(|(broadcast, at)| Record::Stopped { broadcast: broadcast.clone(), issued_at: *at }),
        );
        records.extend(self.programme.records());
        let settled = self.owed.values().filter_map(|airing| self.entries.get_key_value(airing));
        let open = self.entries.iter().filter(|(_, entry)| entry.receipt.is_none());
        for (airing, entry) in settled.chain(open) {
            if let Some(receipt) = &entry.receipt {
                records.push(Record::Settled { receipt: receipt.clone(), counts: entry.counts });
                continue;
            }
            records.extend(entry.accepted.clone().map(Record::Accepted));
            records.extend(entry.begun.map(|at| Record::Begun { airing: airing.clone(), at }));
            records
                .extend(entry.progress.map(|progress| Record::Progress { airing: airing.clone(), progress }));
        }
        records
            .iter()
            .filter_map(|record| serde_json::to_string(record).ok())
            .map(|text| files::checked_line(&text))
            .collect()
    }
}

/// When everything, or one broadcast, was last stopped.
#[derive(Debug, Default)]
struct Stops {
    latest: BTreeMap<Option<BroadcastId>, Timestamp>,
}

impl Stops {
    fn add(&mut self, broadcast: Option<BroadcastId>, issued_at: Timestamp) {
        // No command lives longer than this, so no play can be covered by an older stop.
        let lifetime = SignedDuration::try_from(limits::COMMAND_LIFETIME).unwrap_or_default();
        self.latest.retain(|_, at| issued_at.duration_since(*at) <= lifetime);
        let latest = self.latest.entry(broadcast).or_insert(issued_at);
        *latest = issued_at.max(*latest);
    }

    fn cover(&self, broadcast: &BroadcastId, issued_at: Timestamp) -> bool {
        let all = self.latest.get(&None);
        all.into_iter().chain(self.latest.get(&Some(broadcast.clone()))).any(|stop| issued_at <= *stop)
    }
}

struct State {
    guard: ReplayGuard,
    stops: Stops,
    entries: HashMap<AiringId, Entry>,
    /// Airings in the order in which they were settled, or taken on while they are not.
    order: BTreeMap<u64, AiringId>,
    next: u64,
    programme: Programme,
}

impl State {
    fn replay(&mut self, record: Record) {
        match record {
            Record::Guard { guard } => self.guard = guard,
            Record::Admitted { id, issued_at, expires_at } => self.guard.remember(id, issued_at, expires_at),
            Record::Saw { issued_at } => self.guard.saw(issued_at),
            Record::Stopped { broadcast, issued_at } => self.stops.add(broadcast, issued_at),
            Record::Accepted(accepted) => {
                let airing = accepted.airing.clone();
                self.last(airing).accepted = Some(accepted);
            }
            Record::Begun { airing, at } => self.entries.entry(airing).or_default().begun = Some(at),
            Record::Progress { airing, progress } => {
                self.entries.entry(airing).or_default().progress = Some(progress);
            }
            Record::Settled { receipt, counts } => {
                let entry = self.last(receipt.airing.clone());
                entry.receipt = Some(receipt);
                entry.counts = counts;
            }
            Record::Past { airing, past } => drop(self.programme.past.insert(airing, past)),
            Record::Considered { until } => self.programme.considered = Some(until),
            Record::Knows { broadcast, since } => drop(self.programme.versions.insert(broadcast, since)),
            Record::Latch { since } => self.programme.latch = since,
            Record::Forgotten { airings } => {
                for airing in &airings {
                    if let Some(entry) = self.entries.remove(airing) {
                        self.order.remove(&entry.place);
                        if let Some(receipt) = &entry.receipt {
                            self.programme.past.insert(airing.clone(), Past::of(receipt, entry.counts));
                        }
                    }
                }
            }
        }
    }

    fn last(&mut self, airing: AiringId) -> &mut Entry {
        self.next += 1;
        let entry = self.entries.entry(airing.clone()).or_default();
        self.order.remove(&entry.place);
        entry.place = self.next;
        self.order.insert(self.next, airing);
        entry
    }
}
