//! Whether something may sound at once: the latch and the policies, as the nodes judge it too.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AreaCode, Class};
use loa_schedule::{
    Spell, Wish,
    policy::{day_of, judge},
    programme::zone,
};

use super::{midnight, territory::Territory};
use crate::{
    app::App,
    store::{AiringStatus, BulletinRow, LatchRow, StoreError},
};

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// Everything is stopped in one of the areas.
    Latched {
        /// By this.
        latch: LatchRow,
        /// What the latched area is called.
        area: String,
    },
    /// A policy forbids it now.
    Breached {
        /// How.
        breach: loa_schedule::Breach,
        /// The first hamlet where one does.
        hamlet: AreaCode,
        /// What it is called.
        name: String,
        /// In how many hamlets one does.
        count: usize,
    },
}

/// What keeps a bulletin from sounding now in some of these areas. Hamlets without a node don't count.
pub async fn hindrance(
    app: &App,
    bulletin: &BulletinRow,
    areas: &[AreaCode],
    now: Timestamp,
) -> Result<Option<Hindrance>, StoreError> {
    let territory = Territory::load(&app.store).await?;
    let nodes = app.store.trusted_nodes().await?;
    let hamlets: BTreeSet<_> = nodes.into_iter().map(|(_, hamlet)| hamlet).collect();
    let hamlets: Vec<_> = hamlets.into_iter().filter(|hamlet| territory.lies_in(hamlet, areas)).collect();
    if let Some(latch) = hamlets.iter().find_map(|hamlet| territory.latch(hamlet)) {
        let area = territory.name(&latch.area);
        return Ok(Some(Hindrance::Latched { latch: latch.clone(), area }));
    }
    if bulletin.class == Class::Emergency {
        return Ok(None);
    }
    let zone = zone(&app.settings.time_zone);
    let length = SignedDuration::from_millis(bulletin.clip.duration_ms().cast_signed());
    let spell = Spell { from: now, to: now.saturating_add(length).unwrap_or(now) };
    let wish = Wish { class: bulletin.class, spell, exceeds: &[] };
    let policies: Vec<_> = hamlets.iter().map(|hamlet| (hamlet, territory.policy(hamlet))).collect();
    let counts = policies.iter().any(|(_, p)| p.session_minutes.is_some() || p.sessions_per_day.is_some());
    // Its last session may have gone on over midnight.
    let yesterday = day_of(now, &zone).yesterday().ok().and_then(|day| midnight(day, &zone)).unwrap_or(now);
    let heard = if counts { app.store.heard(yesterday, now).await? } else { Vec::new() };
    let mut refused = policies.iter().filter_map(|(hamlet, policy)| {
        let earlier: Vec<_> = heard
            .iter()
            .filter(|airing| &airing.hamlet == *hamlet && airing.class != Class::Emergency)
            .filter_map(|airing| {
                let from = airing.started_at?;
                let sounds = airing.status == AiringStatus::Playing;
                Some(Spell { from, to: if sounds { now } else { airing.ended_at.unwrap_or(now) } })
            })
            .collect();
        judge(policy, &zone, &wish, &earlier).err().map(|breach| (breach, (*hamlet).clone()))
    });
    Ok(refused.next().map(|(breach, hamlet)| Hindrance::Breached {
        breach,
        name: territory.name(&hamlet),
        hamlet,
        count: 1 + refused.count(),
    }))
}
