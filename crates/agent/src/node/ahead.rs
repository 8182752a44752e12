//! Clips are here before they are needed: what the plan names and the disk lacks is fetched ahead, the soonest needed first, one at a time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{ClipHash, ClipRef, limits};
use loa_schedule::programme::{slots, zone_of};

use super::Node;
use crate::{cache::FetchError, player::Plays};

/// A clip that isn't needed within this time may wait longest.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A fetch that doesn't succeed is given up after this, and asked for again when the plan is next looked at.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(12);
/// A clip that could not be had is tried again after this.
const AGAIN: Duration = Duration::from_secs(600);

impl<P: Plays> Node<P> {
    /// The plan's clips that aren't on disk, the soonest needed first.
    pub(super) fn lacking_clips(&self) -> Vec<ClipRef> {
        let Some(plan) = self.plan.held() else { return Vec::new() };
        let now = self.present();
        let soon = now.saturating_add(SOON).unwrap_or(now);
        let mut lacking: Vec<(Timestamp, &ClipRef)> = Vec::new();
        for planned in plan.broadcasts.iter().filter(|planned| !self.cache.has(&planned.clip.hash)) {
            let zone = zone_of(plan, planned);
            let needed = slots(planned, &zone, now, soon).first().map_or(soon, |slot| slot.start);
            match lacking.iter_mut().find(|(_, clip)| clip.hash == planned.clip.hash) {
                Some((at, _)) => *at = needed.min(*at),
                None => lacking.push((needed, &planned.clip)),
            }
        }
        lacking.sort_by_key(|(at, _)| *at);
        lacking.into_iter().map(|(_, clip)| clip.clone()).collect()
    }

    /// Fetches the next of them.
    pub(super) fn fetch_ahead(&mut self) {
        let named =
            self.plan.held().map(|plan| plan.broadcasts.iter().map(|p| p.clip.hash.clone()).collect());
        self.cache.keep_for_plan(named.unwrap_or_default());
        self.lacking = self.lacking_clips();
        if self.fetching.values().any(|fetch| fetch.ahead) {
            return;
        }
        let free = |clip: &&ClipRef| {
            !self.fetching.contains_key(&clip.hash)
                && !self.not_to_be_had.contains(&clip.hash)
                && clip.bytes <= limits::CLIP_BYTES
        };
        let Some(clip) = self.lacking.iter().find(free).cloned() else { return };
        let present = self.present();
        let until = present.saturating_add(GIVE_UP).unwrap_or(present);
        self.fetch(clip, until, true);
    }
    /// A clip could not be had ahead. It is tried again later; meanwhile it stands in no other's way.
    pub(super) fn gave_up_ahead(&mut self, hash: &ClipHash, error: &FetchError) {
        tracing::warn!(clip = %hash, %error, "could not fetch a clip ahead");
        self.fetch_ahead_at.get_or_insert(self.clock.monotonic() + AGAIN);
        // Without a way to the broker none will come.
        if !matches!(error, FetchError::Unavailable(_)) {
            self.not_to_be_had.insert(hash.clone());
            self.fetch_ahead();
        }
    }

    pub(super) fn fetch_ahead_again(&mut self) {
        self.fetch_ahead_at = None;
        self.not_to_be_had.clear();
        self.fetch_ahead();
    }
}
