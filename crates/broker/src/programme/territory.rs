//! The areas, with what holds in each: the policy in force and the latch. Read once, asked many times.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use loa_protocol::{AreaCode, Limit, Policy};
use loa_schedule::policy::tightened;

use crate::store::{AreaRow, LatchRow, PolicyRow, Store, StoreError};

/// All areas.
pub struct Territory {
    areas: BTreeMap<AreaCode, AreaRow>,
    policies: HashMap<AreaCode, PolicyRow>,
    /// Oldest first.
    latches: Vec<LatchRow>,
}

/// Whether an area is a hamlet.
pub fn is_hamlet(code: &AreaCode) -> bool {
    code.commune().is_some_and(|commune| commune != *code)
}

/// Allows everything, and everything to be exceeded: what is above the outermost area.
fn boundless() -> Policy {
    let exceedable = vec![Limit::Hours, Limit::SessionMinutes, Limit::SessionsPerDay, Limit::Volume];
    Policy { exceedable, ..Policy::unlimited() }
}

impl Territory {
    /// As the store has it.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let areas = store.areas().await?;
        let policies = store.policies().await?;
        Ok(Self::new(areas, policies, store.open_latches().await?))
    }

    /// Of these.
    pub fn new(areas: Vec<AreaRow>, policies: Vec<PolicyRow>, latches: Vec<LatchRow>) -> Self {
        Self {
            areas: areas.into_iter().map(|area| (area.code.clone(), area)).collect(),
            policies: policies.into_iter().map(|policy| (policy.area.clone(), policy)).collect(),
            latches,
        }
    }

    /// Whether there is such an area.
    pub fn knows(&self, code: &AreaCode) -> bool {
        self.areas.contains_key(code)
    }

    /// What people call an area.
    pub fn name(&self, code: &AreaCode) -> String {
        self.areas.get(code).map_or_else(|| code.to_string(), |area| area.name.clone())
    }

    /// Areas that lie in no other.
    pub fn outermost(&self) -> Vec<AreaCode> {
        self.areas.values().filter(|area| area.parent.is_none()).map(|area| area.code.clone()).collect()
    }

    /// The areas an area lies in, itself last: province, commune, hamlet.
    pub fn path(&self, code: &AreaCode) -> Vec<AreaCode> {
        let parent = |code: &AreaCode| self.areas.get(code).and_then(|area| area.parent.clone());
        let mut path: Vec<_> =
            std::iter::successors(self.knows(code).then(|| code.clone()), parent).take(4).collect();
        path.reverse();
        path
    }

    /// Whether an area is one of these, or lies in one.
    pub fn lies_in(&self, code: &AreaCode, outer: &[AreaCode]) -> bool {
        self.path(code).iter().any(|area| outer.contains(area))
    }

    /// The hamlets of some areas, each once, by code.
    pub fn hamlets(&self, areas: &[AreaCode]) -> Vec<AreaCode> {
        self.areas.keys().filter(|code| is_hamlet(code) && self.lies_in(code, areas)).cloned().collect()
    }

    /// Communes of more than one hamlet, all of whose hamlets are among these.
    pub fn whole_communes(&self, hamlets: &[AreaCode]) -> Vec<AreaCode> {
        let mut communes: BTreeMap<AreaCode, (usize, usize)> = BTreeMap::new();
        let asked: BTreeSet<_> = hamlets.iter().collect();
        for hamlet in self.areas.keys().filter(|code| is_hamlet(code)) {
            if let Some(commune) = hamlet.commune() {
                let (all, meant) = communes.entry(commune).or_default();
                *all += 1;
                *meant += usize::from(asked.contains(hamlet));
            }
        }
        let whole = |(all, meant): &(usize, usize)| *all > 1 && all == meant;
        communes.into_iter().filter(|(_, counts)| whole(counts)).map(|(commune, _)| commune).collect()
    }

    /// An area's own policy.
    pub fn own_policy(&self, code: &AreaCode) -> Option<&PolicyRow> {
        self.policies.get(code)
    }

    /// What the areas above an area allow.
    pub fn outer_policy(&self, code: &AreaCode) -> Policy {
        let mut path = self.path(code);
        path.pop();
        if path.is_empty() { boundless() } else { self.along(&path) }
    }

    /// The policy in force in an area: that of the outermost one, or the built-in one where that has none, tightened downwards.
    pub fn policy(&self, code: &AreaCode) -> Policy {
        self.along(&self.path(code))
    }

    fn along(&self, path: &[AreaCode]) -> Policy {
        let own = |code: &AreaCode| self.policies.get(code).map(|row| &row.policy);
        let Some((outermost, inner)) = path.split_first() else { return Policy::default() };
        let outermost = own(outermost).cloned().unwrap_or_default();
        inner.iter().filter_map(own).fold(outermost, |outer, inner| tightened(&outer, inner))
    }

    /// The newest latch that holds in an area.
    pub fn latch(&self, code: &AreaCode) -> Option<&LatchRow> {
        let path = self.path(code);
        self.latches.iter().rev().find(|latch| path.contains(&latch.area))
    }

    /// All open latches, oldest first.
    pub fn latches(&self) -> &[LatchRow] {
        &self.latches
    }

    /// The limits that a person may lift in all of these hamlets: exceedable there, and the person is named for it there or above.
    pub fn lifted(&self, person: &str, hamlets: &[AreaCode]) -> Vec<Limit> {
        let may = |hamlet: &AreaCode, limit: Limit| {
            let names = |area: &AreaCode| {
                let rows = self.policies.get(area).into_iter().flat_map(|row| &row.exceeders);
                rows.into_iter().any(|e| e.person == person && e.limits.contains(&limit))
            };
            self.policy(hamlet).exceedable.contains(&limit) && self.path(hamlet).iter().any(names)
        };
        let all = boundless().exceedable.into_iter();
        if hamlets.is_empty() {
            return Vec::new();
        }
        all.filter(|limit| hamlets.iter().all(|hamlet| may(hamlet, *limit))).collect()
    }
}
