//! Clips are here before they are needed: what the plan names and the disk lacks is fetched ahead, the soonest needed first, one at a time.

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{ClipRef, limits};
use loa_schedule::programme::{slots, zone_of};

use super::Node;
use crate::player::Plays;

/// A clip that isn't needed within this time may wait longest.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A fetch that doesn't succeed is given up after this, and asked for again when the plan is next looked at.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(12);

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
        let free =
            |clip: &&ClipRef| !self.fetching.contains_key(&clip.hash) && clip.bytes <= limits::CLIP_BYTES;
        let Some(clip) = self.lacking.iter().find(free).cloned() else { return };
        let present = self.present();
        let until = present.saturating_add(GIVE_UP).unwrap_or(present);
        self.fetch(clip, until, true);
    }
}
