//! The timetable: airings of the plan are taken on when they are due, each once, or settled with the reason why not.
//!
//! The journal knows up to which instant airings were looked at. Whatever lies between that and the present is looked at now, with the same
//! code as the broker's: what may still begin is taken on, what is past its catch-up window is missed. So it doesn't matter
//! whether a second has passed, a month without power, or a step of the clock. A clock that isn't trusted stands still for all this.

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AiringId, Class, ClockTrust, Outcome, Plan, Planned, Reason};
use loa_schedule::{
    Breach, Slot, Spell, Wish,
    policy::{ceiling, judge},
    programme::{known_zone, slots, zone, zone_of},
    rank::Rank,
};

use super::Node;
use crate::{
    journal::{Accepted, ByPlan},
    player::Plays,
};

/// Where an output is free, an airing is given to it this long before its start, so that the first sample leaves at its instant.
const LEAD: SignedDuration = SignedDuration::from_secs(1);
/// Nothing older is looked at: who switches a node on after a season wants no thousand reports. The broker says of it that the node was silent.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(40 * 24);
/// How far ahead the next airing is looked for.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_hours(26);
/// A clock put back by less than this was only adjusted: what it has passed, it has passed.
const ADJUSTED: SignedDuration = SignedDuration::from_secs(30);
/// The policy's zone until there is a plan.
const FIRST_ZONE: &str = "Asia/Ho_Chi_Minh";

/// What the node knows of its timetable from moment to moment.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    /// The next start to be looked at, by the plan held; none: look now.
    next: Option<Timestamp>,
    /// Airings that wait for a clock that can be trusted.
    held: Vec<AiringId>,
    /// Airings taken on before their start, and when each is to be given to the arbiter.
    upcoming: Vec<(Timestamp, AiringId)>,
}

impl Timetable {
    /// Another plan, or another time: look at everything again.
    pub(super) fn look_again(&mut self) {
        self.next = None;
    }

    /// Whether nothing starts before `at`, as far as the timetable was looked at.
    pub(super) fn is_quiet_until(&self, at: Timestamp) -> bool {
        self.upcoming.is_empty() && self.next.is_none_or(|next| next >= at)
    }

    /// Keeps an airing until the clock can be trusted.
    pub(super) fn hold(&mut self, airing: AiringId) {
        self.held.push(airing);
    }

    /// Forgets an airing that was settled.
    pub(super) fn forget(&mut self, airing: &AiringId) {
        self.held.retain(|held| held != airing);
        self.upcoming.retain(|(_, upcoming)| upcoming != airing);
    }
}

impl<P: Plays> Node<P> {
    /// Does what is due, and says when something is next.
    pub(super) fn follow_timetable(&mut self) -> Option<Timestamp> {
        if self.clock.trust() == ClockTrust::Unknown {
            self.timetable.look_again();
            return None;
        }
        let now = self.clock.now();
        // Just after, so that what is due at the instant that was asked to be woken at is due.
        let horizon = later(now, LEAD + SignedDuration::from_micros(1));
        if self.journal.considered().is_some_and(|until| until > later(horizon, ADJUSTED)) {
            tracing::warn!(%now, "the clock was put back");
            self.withdraw_later_than(horizon);
            self.journal.rewind(now);
            self.timetable.look_again();
        }
        self.release_held();
        if self.timetable.next.is_none_or(|next| next < horizon) {
            self.look_at(now, horizon);
        }
        self.offer_upcoming(now);
        let next = self.timetable.next.map(|next| next.saturating_sub(LEAD).unwrap_or(next));
        next.into_iter().chain(self.timetable.upcoming.iter().map(|(at, _)| *at)).min()
    }

    /// Looks at all airings that start before `horizon` and weren't looked at yet.
    fn look_at(&mut self, now: Timestamp, horizon: Timestamp) {
        let Some(plan) = self.plan.held().cloned() else {
            self.timetable.next = Some(later(now, LOOK_AHEAD));
            return;
        };
        let enrolled = self.identity.since;
        let oldest = now.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN).max(enrolled);
        let considered = self.journal.considered().unwrap_or(enrolled);
        let mut due = Vec::new();
        for planned in &plan.broadcasts {
            if !has_zone(&plan, planned) {
                self.fault(
                    "unknown_zone",
                    "a broadcast has a time zone that this version doesn't know; it is not aired",
                );
                continue;
            }
            let known = self.journal.knows_version(planned);
            let from = if known { considered } else { planned.since }.max(oldest);
            let zone = zone_of(&plan, planned);
            due.extend(slots(planned, &zone, from, horizon).into_iter().map(|slot| (slot, planned, known)));
        }
        // Of those that start together the strongest is taken on first, so that it isn't pre-empted before it sounds.
        due.sort_by_key(|(slot, planned, _)| {
            (slot.start, std::cmp::Reverse(Rank::from(planned.class)), planned.order)
        });
        for (slot, planned, known) in due {
            self.due(planned, slot, known, now);
        }
        for planned in plan.broadcasts.iter().filter(|planned| has_zone(&plan, planned)) {
            self.journal.know_version(planned);
        }
        if considered < horizon || self.journal.considered().is_none() {
            self.journal.consider(horizon);
        }
        self.journal.prune(&plan.broadcasts, now);
        self.save();
        self.timetable.next = Some(next_start(&plan, horizon).unwrap_or_else(|| later(now, LOOK_AHEAD)));
        self.fetch_ahead();
    }

    fn due(&mut self, planned: &Planned, slot: Slot, known: bool, now: Timestamp) {
        let accepted = Accepted {
            airing: AiringId::derive(&planned.id, &self.id, slot.start),
            broadcast: planned.id.clone(),
            class: planned.class,
            title: planned.title.chars().take(200).collect(),
            start: slot.start,
            expires_at: slot.expires_at,
            clip: planned.clip.clone(),
            planned: Some(ByPlan {
                order: planned.order,
                resume: planned.resume,
                exceeds: planned.exceeds.clone(),
            }),
        };
        if self.journal.knows(&accepted.airing) {
            return;
        }
        if slot.expires_at <= now {
            let reason = if known { self.why_late(slot.expires_at, now) } else { Reason::PlanLate };
            self.settle_unheard(&accepted, Outcome::Missed, reason);
        } else if self.is_latched() {
            self.settle_unheard(&accepted, Outcome::Refused, Reason::Latched);
        } else {
            tracing::info!(airing = %accepted.airing, title = accepted.title, start = %slot.start, "is due");
            self.journal.accept(accepted.clone());
            self.take_on(accepted, None);
        }
    }

    /// Why an airing of a plan long held was not begun in time.
    fn why_late(&self, expires_at: Timestamp, now: Timestamp) -> Reason {
        let uptime = self.clock.monotonic().saturating_sub(self.opened_at);
        let running_since = now.saturating_sub(uptime).unwrap_or(now);
        if expires_at > running_since { Reason::ClockUntrusted } else { Reason::NodeOff }
    }

    /// Whether everything is stopped until a person releases it.
    pub(super) fn is_latched(&self) -> bool {
        self.journal.latch().is_some() || self.plan.held().is_some_and(|plan| plan.latch.is_some())
    }

    /// Keeps an airing back if it isn't to be given to the arbiter yet; whether it did.
    pub(super) fn keep_back(&mut self, airing: &AiringId) -> bool {
        let Some(taken) = self.airings.get(airing) else { return true };
        let (start, by_plan) = (taken.accepted.start, taken.accepted.planned.is_some());
        if self.clock.trust() == ClockTrust::Unknown {
            // It may be of long ago. The broker says what time it is as soon as there is a connection.
            self.timetable.hold(airing.clone());
            return true;
        }
        let free = self.arbiter.on_air().is_none() && self.sounds.is_empty();
        let now = self.clock.now();
        // Further ahead than the lead: taken on by a clock that was ahead, before the power went.
        let waits = by_plan && now < start && (!free || later(now, LEAD) < start);
        if waits {
            self.timetable.upcoming.push((start, airing.clone()));
        }
        waits
    }

    fn release_held(&mut self) {
        for airing in std::mem::take(&mut self.timetable.held) {
            self.offer(&airing);
        }
    }

    fn offer_upcoming(&mut self, now: Timestamp) {
        while let Some(index) = self.timetable.upcoming.iter().position(|(at, _)| *at <= now) {
            let (_, airing) = self.timetable.upcoming.remove(index);
            self.offer(&airing);
        }
    }

    /// Why an airing may not begin now, if it may not.
    pub(super) fn forbidden(&self, airing: &AiringId) -> Option<Reason> {
        let accepted = &self.airings.get(airing)?.accepted;
        if self.is_latched() {
            return Some(Reason::Latched);
        }
        let (plan, zone) = self.rules();
        let from = self.present().max(accepted.start);
        let left = accepted.clip_frames().saturating_sub(self.airings.get(airing)?.heard) / 48;
        let to = later(from, SignedDuration::from_millis(left.cast_signed()));
        let exceeds = accepted.planned.as_ref().map_or(&[][..], |planned| &planned.exceeds);
        let wish = Wish { class: accepted.class, spell: Spell { from, to }, exceeds };
        if plan.is_some_and(|plan| known_zone(&plan.time_zone).is_none()) && wish.class != Class::Emergency {
            return Some(Reason::OutsideHours);
        }
        let policy = plan.map_or_else(Default::default, |plan| plan.policy.clone());
        let earlier: Vec<_> = self.journal.spells().chain(self.unsettled_spells()).collect();
        judge(&policy, &zone, &wish, &earlier).err().map(|breach| match breach {
            Breach::Hours => Reason::OutsideHours,
            Breach::SessionMinutes { .. } => Reason::SessionTooLong,
            Breach::SessionsPerDay { .. } => Reason::TooManySessions,
        })
    }

    /// How loud an airing may be now, percent.
    pub(super) fn percent(&self, accepted: &Accepted) -> u8 {
        let volume = self.plan.volume();
        if accepted.class == Class::Emergency {
            return volume.emergency_percent.min(100);
        }
        let (plan, zone) = self.rules();
        let Some(plan) = plan else { return volume.percent.min(100) };
        let exceeds = accepted.planned.as_ref().map_or(&[][..], |planned| &planned.exceeds);
        let at = self.present().max(accepted.start);
        volume.percent.min(ceiling(&plan.policy, &zone, accepted.class, exceeds, at))
    }

    fn rules(&self) -> (Option<&Plan>, jiff::tz::TimeZone) {
        let plan = self.plan.held();
        (plan, zone(plan.map_or(FIRST_ZONE, |plan| &plan.time_zone)))
    }
}

/// The first start at or after `from`, as far ahead as it is looked for.
fn next_start(plan: &Plan, from: Timestamp) -> Option<Timestamp> {
    let to = later(from, LOOK_AHEAD);
    plan.broadcasts
        .iter()
        .filter(|planned| has_zone(plan, planned))
        .filter_map(|planned| Some(slots(planned, &zone_of(plan, planned), from, to).first()?.start))
        .min()
}

/// A zone that isn't known has no times: better silent than at the wrong hour.
fn has_zone(plan: &Plan, planned: &Planned) -> bool {
    known_zone(planned.time_zone.as_deref().unwrap_or(&plan.time_zone)).is_some()
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
