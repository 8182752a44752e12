//! Whether a command that is rightly signed may be acted on now: for this node, in time, and for the first time.
//!
//! The guard keeps a *floor*: the latest issue time of anything the broker signed for this node. Real time can't be before it, so
//! a clock that starts in 1970 after a blackout still can't be used to replay an expired command. Names of commands are remembered
//! until the floor, not the clock, has passed their expiry; a clock set back can't make the guard forget. The agent saves
//! the guard before it acts.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    command::Command,
    envelope::Refusal,
    id::{AreaCode, CommandId, NodeId},
    limits,
};

/// More names than a node could meet in a day of orderly use; beyond it the floor rises instead of memory.
const REMEMBERED: usize = 4096;

/// What a node remembers against replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayGuard {
    floor: Timestamp,
    seen: BTreeMap<CommandId, Timestamp>,
}

impl ReplayGuard {
    /// A guard that knows only that the present is not before `floor`, as told at enrolment.
    pub fn new(floor: Timestamp) -> Self {
        Self { floor, seen: BTreeMap::new() }
    }

    /// The present, as far as it is known: the clock, but never before the floor.
    pub fn present(&self, clock: Timestamp) -> Timestamp {
        clock.max(self.floor)
    }

    /// Raises the floor to the issue time of a message that was rightly signed.
    pub fn saw(&mut self, issued_at: Timestamp) {
        if issued_at > self.floor {
            self.floor = issued_at;
            self.seen.retain(|_, expires_at| *expires_at > self.floor);
        }
    }

    /// Admits a command once. `clock` is the node's own idea of the present.
    pub fn admit(
        &mut self,
        command: &Command,
        node: &NodeId,
        areas: &[AreaCode],
        clock: Timestamp,
    ) -> Result<(), Refusal> {
        if !command.audience.includes(node, areas) {
            return Err(Refusal::NotForThisNode);
        }
        let lifetime = command.expires_at.duration_since(command.issued_at);
        if lifetime.is_negative()
            || lifetime > SignedDuration::try_from(limits::COMMAND_LIFETIME).unwrap_or(SignedDuration::MAX)
        {
            return Err(Refusal::Malformed);
        }
        if self.seen.contains_key(&command.id) {
            return Err(Refusal::Replayed);
        }
        if command.expires_at <= self.present(clock) {
            return Err(Refusal::Expired);
        }
        self.remember(command.id.clone(), command.issued_at, command.expires_at);
        Ok(())
    }

    /// Remembers a command that was admitted: what [`ReplayGuard::admit`] did before a restart, from a journal.
    pub fn remember(&mut self, id: CommandId, issued_at: Timestamp, expires_at: Timestamp) {
        if expires_at > self.floor {
            self.seen.insert(id, expires_at);
        }
        self.saw(issued_at);
        if self.seen.len() > REMEMBERED {
            self.forget_the_soonest_to_expire();
        }
    }

    fn forget_the_soonest_to_expire(&mut self) {
        if let Some(soonest) = self.seen.values().min().copied() {
            self.floor = self.floor.max(soonest);
            self.seen.retain(|_, expires_at| *expires_at > self.floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::{Action, Audience};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn node() -> NodeId {
        "n1".parse().unwrap()
    }

    fn command(id: u32, issued: i64, expires: i64) -> Command {
        let mut bits = [0; 16];
        bits[..4].copy_from_slice(&id.to_be_bytes());
        Command {
            id: CommandId::from_bits(bits),
            issued_at: at(issued),
            expires_at: at(expires),
            audience: Audience::node(node()),
            action: Action::Identify,
        }
    }

    #[test]
    fn a_command_is_admitted_once() {
        let mut guard = ReplayGuard::new(at(0));
        assert_eq!(guard.admit(&command(1, 0, 60), &node(), &[], at(1)), Ok(()));
        assert_eq!(guard.admit(&command(1, 0, 60), &node(), &[], at(2)), Err(Refusal::Replayed));
    }

    #[test]
    fn an_expired_command_is_refused_to_the_instant() {
        let mut guard = ReplayGuard::new(at(0));
        assert_eq!(guard.admit(&command(1, 0, 60), &node(), &[], at(60)), Err(Refusal::Expired));
        assert_eq!(guard.admit(&command(1, 0, 60), &node(), &[], at(59)), Ok(()));
    }

    #[test]
    fn a_command_for_others_leaves_no_trace() {
        let mut guard = ReplayGuard::new(at(0));
        let before = guard.clone();
        let other: NodeId = "n2".parse().unwrap();
        assert_eq!(guard.admit(&command(1, 0, 60), &other, &[], at(1)), Err(Refusal::NotForThisNode));
        assert_eq!(guard, before);
    }

    #[test]
    fn an_area_includes_its_nodes() {
        let areas: Vec<AreaCode> = ["31", "31699", "31699-02"].map(|a| a.parse().unwrap()).into();
        let mut one = command(1, 0, 60);
        for area in &areas {
            one.audience = Audience { nodes: vec![], areas: vec![area.clone()] };
            assert!(one.audience.includes(&node(), &areas));
        }
        one.audience = Audience { nodes: vec![], areas: vec!["31699-03".parse().unwrap()] };
        assert!(!one.audience.includes(&node(), &areas));
    }

    #[test]
    fn a_clock_in_1970_does_not_revive_what_has_expired() {
        let mut guard = ReplayGuard::new(at(0));
        guard.admit(&command(1, 0, 60), &node(), &[], at(1)).unwrap();
        guard.admit(&command(2, 1000, 1060), &node(), &[], at(1000)).unwrap();
        let blackout = Timestamp::from_second(10).unwrap();
        assert_eq!(guard.admit(&command(1, 0, 60), &node(), &[], blackout), Err(Refusal::Expired));
        assert_eq!(guard.admit(&command(2, 1000, 1060), &node(), &[], blackout), Err(Refusal::Replayed));
        assert_eq!(guard.admit(&command(3, 1001, 1061), &node(), &[], blackout), Ok(()));
    }

    #[test]
    fn a_command_that_would_live_for_ever_is_refused() {
        let mut guard = ReplayGuard::new(at(0));
        let day = 24 * 60 * 60;
        assert_eq!(guard.admit(&command(1, 0, day), &node(), &[], at(1)), Ok(()));
        assert_eq!(guard.admit(&command(2, 0, day + 1), &node(), &[], at(1)), Err(Refusal::Malformed));
        assert_eq!(guard.admit(&command(3, 10, 9), &node(), &[], at(1)), Err(Refusal::Malformed));
    }

    #[test]
    fn a_flood_of_commands_does_not_grow_memory_without_bound() {
        let mut guard = ReplayGuard::new(at(0));
        for id in 0..5_000 {
            let _ = guard.admit(&command(id, 0, 60 + i64::from(id)), &node(), &[], at(1));
        }
        assert!(guard.seen.len() <= REMEMBERED);
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_no_command_is_admitted_twice(
            steps in prop::collection::vec((0u32..20, -100_000i64..100_000), 1..200)
        ) {
            let mut guard = ReplayGuard::new(at(0));
            let mut admitted = std::collections::BTreeSet::new();
            for (id, clock) in steps {
                let issued = i64::from(id) * 50;
                if guard.admit(&command(id, issued, issued + 300), &node(), &[], at(clock)).is_ok() {
                    prop_assert!(admitted.insert(id), "{id} twice");
                    let text = serde_json::to_string(&guard).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<ReplayGuard>(&text).unwrap(), &guard);
                }
            }
        }
    }
}
