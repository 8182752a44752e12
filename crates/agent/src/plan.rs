//! The plan that the node holds: the newest generation it was given, on disk, obeyed with or without a network.
//!
//! An older generation is refused. A damaged file is set aside and reported; the broker's retained plan then takes its place.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use loa_protocol::{AreaCode, NodeId, Plan, Refusal, plan::Volume};

use crate::files;

const FILE: &str = "plan.json";

/// What became of a plan that was rightly signed.
#[derive(Debug)]
pub enum Taken {
    /// It is held and on disk.
    Held,
    /// It is held, but the disk wouldn't take it: after a restart the older one is held until the broker's comes again.
    NotSaved(io::Error),
    /// It is the one already held.
    Known,
    /// Not for this node, or older than the one held.
    Refused(Refusal),
}

/// The plan held.
#[derive(Debug)]
pub struct PlanStore {
    path: PathBuf,
    node: NodeId,
    /// The areas told at enrolment, until there is a plan.
    first_areas: Vec<AreaCode>,
    held: Option<Plan>,
    unsaved: bool,
}

impl PlanStore {
    /// Reads the plan from the data folder. The second value tells where a damaged one was put.
    pub fn open(data: &Path, node: NodeId, first_areas: Vec<AreaCode>) -> (Self, Option<PathBuf>) {
        let path = data.join(FILE);
        let mut aside = None;
        let held = match fs::read(&path) {
            Ok(bytes) => {
                let plan = bytes
                    .strip_suffix(b"\n")
                    .and_then(files::text_of)
                    .and_then(|text| serde_json::from_str::<Plan>(text).ok());
                if plan.is_none() {
                    aside = Some(files::set_aside(&path).unwrap_or_else(|_| path.clone()));
                }
                plan.filter(|plan| plan.node == node)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "the plan on disk can't be read");
                }
                None
            }
        };
        (Self { path, node, first_areas, held, unsaved: false }, aside)
    }

    /// The plan held.
    pub fn held(&self) -> Option<&Plan> {
        self.held.as_ref()
    }

    /// The areas the node lies in.
    pub fn areas(&self) -> &[AreaCode] {
        self.held.as_ref().map_or(&self.first_areas, |plan| &plan.areas)
    }

    /// The commune whose commands the node listens to.
    pub fn commune(&self) -> Option<AreaCode> {
        self.areas().iter().find_map(AreaCode::commune)
    }

    /// How loud to play.
    pub fn volume(&self) -> Volume {
        self.held.as_ref().map(|plan| plan.volume).unwrap_or_default()
    }

    /// Takes a plan whose signature held.
    pub fn take(&mut self, plan: Plan) -> Taken {
        if plan.node != self.node {
            return Taken::Refused(Refusal::NotForThisNode);
        }
        match self.held.as_ref().map(|held| held.generation) {
            Some(held) if plan.generation < held => return Taken::Refused(Refusal::OldGeneration),
            Some(held) if plan.generation == held && !self.unsaved => return Taken::Known,
            _ => {}
        }
        self.held = Some(plan);
        match self.save() {
            Ok(()) => Taken::Held,
            Err(error) => Taken::NotSaved(error),
        }
    }

    /// Whether the plan held is not on disk.
    pub fn unsaved(&self) -> bool {
        self.unsaved
    }

    /// Writes the plan held to disk.
    pub fn save(&mut self) -> io::Result<()> {
        let Some(plan) = &self.held else { return Ok(()) };
        self.unsaved = true;
        files::write_atomically(
            &self.path,
            files::checked_line(&serde_json::to_string(plan)?).as_bytes(),
            0o600,
        )?;
        self.unsaved = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use loa_protocol::Policy;

    use super::*;

    fn plan(generation: u64, hamlet: &str) -> Plan {
        Plan {
            cas: Vec::new(),
            node: "n1".parse().unwrap(),
            generation,
            issued_at: "2026-11-24T05:00:00Z".parse().unwrap(),
            name: "Ấp Chợ".into(),
            areas: vec!["94".parse().unwrap(), hamlet[..5].parse().unwrap(), hamlet.parse().unwrap()],
            time_zone: "Asia/Ho_Chi_Minh".into(),
            volume: Volume { percent: 70, emergency_percent: 90 },
            policy: Policy::unlimited(),
            latch: None,
            release: None,
            broadcasts: Vec::new(),
        }
    }

    fn open(data: &Path) -> (PlanStore, Option<PathBuf>) {
        PlanStore::open(data, "n1".parse().unwrap(), vec!["31699-01".parse().unwrap()])
    }

    #[test]
    fn the_newest_plan_is_held_across_a_restart_and_an_older_one_refused() {
        let data = tempfile::tempdir().unwrap();
        let (mut store, _) = open(data.path());
        assert_eq!(store.commune().unwrap().as_str(), "31699");
        assert!(matches!(store.take(plan(5, "31700-02")), Taken::Held));
        assert!(matches!(store.take(plan(4, "31699-01")), Taken::Refused(Refusal::OldGeneration)));
        assert!(matches!(store.take(plan(5, "31700-02")), Taken::Known));

        let (mut store, aside) = open(data.path());
        assert_eq!((store.held(), aside), (Some(&plan(5, "31700-02")), None));
        assert_eq!(store.commune().unwrap().as_str(), "31700");
        assert!(matches!(store.take(plan(4, "31699-01")), Taken::Refused(Refusal::OldGeneration)));
        assert!(matches!(store.take(plan(6, "31699-01")), Taken::Held));
    }

    #[test]
    fn a_plan_for_another_node_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let (mut store, _) = open(data.path());
        let other = Plan { node: "n2".parse().unwrap(), ..plan(9, "31699-01") };
        assert!(matches!(store.take(other), Taken::Refused(Refusal::NotForThisNode)));
        assert_eq!(store.held(), None);
    }

    #[test]
    fn a_damaged_plan_is_set_aside_and_the_next_one_held() {
        let data = tempfile::tempdir().unwrap();
        open(data.path()).0.take(plan(5, "31699-01"));
        let path = data.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for damage in [&whole[..whole.len() / 2], b"", b"\0\0\0\0", b"{}"] {
            fs::write(&path, damage).unwrap();
            let (mut store, aside) = open(data.path());
            assert_eq!(store.held(), None);
            assert!(aside.unwrap().exists());
            assert!(matches!(store.take(plan(5, "31699-01")), Taken::Held));
        }
    }

    #[test]
    fn a_plan_that_the_disk_refuses_is_obeyed_and_saved_later() {
        let data = tempfile::tempdir().unwrap();
        let (mut store, _) = open(data.path());
        let obstacle = data.path().join("plan.json.tmp");
        fs::create_dir(&obstacle).unwrap();
        assert!(matches!(store.take(plan(5, "31699-01")), Taken::NotSaved(_)));
        assert_eq!(store.volume().percent, 70);
        fs::remove_dir(&obstacle).unwrap();
        assert!(matches!(store.take(plan(5, "31699-01")), Taken::Held));
        assert_eq!(open(data.path()).0.held(), Some(&plan(5, "31699-01")));
    }
}
