//! What the journal knows of the timetable: how far it was looked at, what is over, whether everything is stopped.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AiringId, BroadcastId, Planned, Receipt};
use loa_schedule::Spell;

use super::{
    Journal,
    record::{Past, Record},
};

/// How long an airing is remembered after its nominal start. A clock that is put back by less than this doubles nothing.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(8 * 24);

/// The timetable's part of the journal.
#[derive(Debug, Default)]
pub(super) struct Programme {
    /// Airings that start before this instant are all taken on or settled.
    pub(super) considered: Option<Timestamp>,
    /// Versions of broadcasts whose airings were looked at from their own beginning.
    pub(super) versions: BTreeMap<BroadcastId, Timestamp>,
    /// Airings whose receipts the broker has.
    pub(super) past: HashMap<AiringId, Past>,
    /// Since when everything is stopped.
    pub(super) latch: Option<Timestamp>,
}

impl Past {
    pub(super) fn of(receipt: &Receipt, counts: bool) -> Self {
        let heard = receipt.started_at.map(|from| (from, receipt.ended_at));
        let counts = counts && receipt.frames > 0;
        Self { start: receipt.start.unwrap_or(receipt.ended_at), heard, counts }
    }

    fn spell(&self) -> Option<Spell> {
        self.heard.filter(|_| self.counts).map(|(from, to)| Spell { from, to })
    }
}

impl Programme {
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let considered = self.considered.map(|until| Record::Considered { until });
        let latch = self.latch.map(|since| Record::Latch { since: Some(since) });
        let versions =
            self.versions.iter().map(|(b, since)| Record::Knows { broadcast: b.clone(), since: *since });
        let past =
            self.past.iter().map(|(airing, past)| Record::Past { airing: airing.clone(), past: *past });
        considered.into_iter().chain(latch).chain(versions).chain(past)
    }
}

impl Journal {
    /// Airings by timetable that start before this instant are all taken on or settled.
    pub fn considered(&self) -> Option<Timestamp> {
        self.programme.considered
    }

    /// All airings that start before `until` are taken on or settled now.
    pub fn consider(&mut self, until: Timestamp) {
        self.programme.considered = Some(until);
        self.note(&Record::Considered { until });
    }

    /// The clock was put back to `now`. What was settled without having sounded, and begins later than that, is to come again; whatever
    /// sounded is not.
    pub fn rewind(&mut self, now: Timestamp) {
        let unheard: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(airing, entry)| {
                let past = Past::of(entry.receipt.as_ref()?, entry.counts);
                (past.heard.is_none() && past.start > now).then(|| airing.clone())
            })
            .collect();
        self.forget(&unheard);
        self.programme.past.retain(|_, past| past.heard.is_some() || past.start <= now);
        self.consider(now);
        // The file still knows what was dropped.
        self.write_anew();
    }

    /// An airing was taken on too early, and hasn't begun: it is as if it had never been. Followed by [`Journal::rewind`].
    pub fn withdraw(&mut self, airing: &AiringId) {
        self.entries.remove(airing);
    }

    /// Whether the airings of this version of a broadcast were looked at from its beginning on.
    pub fn knows_version(&self, planned: &Planned) -> bool {
        self.programme.versions.get(&planned.id) == Some(&planned.since)
    }

    /// They are now.
    pub fn know_version(&mut self, planned: &Planned) {
        if !self.knows_version(planned) {
            self.programme.versions.insert(planned.id.clone(), planned.since);
            self.note(&Record::Knows { broadcast: planned.id.clone(), since: planned.since });
        }
    }

    /// Forgets versions of broadcasts that are in no plan any more, and airings of long ago.
    pub fn prune(&mut self, planned: &[Planned], now: Timestamp) {
        self.programme.versions.retain(|broadcast, _| planned.iter().any(|p| p.id == *broadcast));
        let oldest = now.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        self.programme.past.retain(|_, past| past.start >= oldest);
    }

    /// Since when everything is stopped, by a command.
    pub fn latch(&self) -> Option<Timestamp> {
        self.programme.latch
    }

    /// Everything is stopped, or no longer.
    pub fn set_latch(&mut self, since: Option<Timestamp>) {
        if self.programme.latch != since {
            self.programme.latch = since;
            self.note(&Record::Latch { since });
        }
    }

    /// When something sounded that counts among the sessions of a day, as far as remembered.
    pub fn spells(&self) -> impl Iterator<Item = Spell> {
        let owed = self.entries.values().filter_map(|entry| Some((entry.receipt.as_ref()?, entry.counts)));
        let owed = owed.map(|(receipt, counts)| Past::of(receipt, counts));
        owed.chain(self.programme.past.values().copied()).filter_map(|past| past.spell())
    }
}
