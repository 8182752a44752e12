use std::collections::BTreeSet;

use jiff::Timestamp;
use loa_protocol::{
    ClockTrust, ReleaseState,
    release::{Step, Tried},
    state::OutputState,
    version::VersionRange,
};

use super::*;

fn rollout(stage: Stage, percent: u8) -> RolloutRow {
    RolloutRow {
        id: "r".into(),
        version: "0.2.0".parse().unwrap(),
        first_node: "first".parse().unwrap(),
        percent,
        stage,
        started_at: Timestamp::UNIX_EPOCH,
        started_by: (String::new(), String::new()),
        halted_at: None,
        halted_for: None,
        excused: BTreeSet::new(),
    }
}

fn nodes() -> Vec<NodeId> {
    (0..1000).map(|n| format!("node-{n}").parse().unwrap()).collect()
}

#[test]
fn each_stage_reaches_more_nodes_and_none_drops_out() {
    let reached = |rollout: &RolloutRow| nodes().into_iter().filter(|node| rollout.reaches(node)).collect();
    let first: NodeId = "first".parse().unwrap();
    for stage in [Stage::First, Stage::Share, Stage::All] {
        assert!(rollout(stage, 10).reaches(&first));
    }
    let none: BTreeSet<NodeId> = reached(&rollout(Stage::First, 10));
    let tenth: BTreeSet<NodeId> = reached(&rollout(Stage::Share, 10));
    let third: BTreeSet<NodeId> = reached(&rollout(Stage::Share, 33));
    let all: BTreeSet<NodeId> = reached(&rollout(Stage::All, 10));
    assert!(none.is_empty() && tenth.is_subset(&third));
    assert!((70..130).contains(&tenth.len()), "{}", tenth.len());
    assert!((280..380).contains(&third.len()), "{}", third.len());
    assert_eq!(all.len(), 1000);
}

fn state(version: &str, release: Option<ReleaseState>) -> NodeState {
    NodeState {
        online: true,
        farewell: false,
        at: Timestamp::UNIX_EPOCH,
        version: version.into(),
        protocol: VersionRange::OURS,
        boot: String::new(),
        generation: None,
        clock: ClockTrust::Synchronised,
        playing: None,
        waiting: Vec::new(),
        output: OutputState::Ready,
        latched: false,
        lacking: Vec::new(),
        release,
        ask: None,
    }
}

fn step(doing: Doing, reason: Option<&str>) -> Step {
    Step { version: "0.2.0".parse().ok(), doing, reason: reason.map(str::to_owned) }
}

fn back() -> Tried {
    let reason = Some("not_ready".to_owned());
    Tried { version: "0.2.0".parse().unwrap(), outcome: Outcome::RolledBack, reason }
}

#[test]
fn what_a_node_says_tells_how_far_it_is() {
    let went_back = Some(step(Doing::Refused, Some("failed_before")));
    for (version, step, last, expected, reason) in [
        ("0.1.0", None, None, Progress::Told, None),
        ("0.1.0", Some(step(Doing::Fetching, None)), None, Progress::Fetching, None),
        ("0.1.0", Some(step(Doing::Waiting, None)), None, Progress::Waiting, None),
        ("0.2.0", Some(step(Doing::Trying, None)), None, Progress::Trying, None),
        ("0.2.0", None, None, Progress::Updated, None),
        ("0.1.0", Some(step(Doing::Failed, Some("corrupt"))), None, Progress::Failed, Some("corrupt")),
        ("0.1.0", Some(step(Doing::Refused, Some("too_old"))), None, Progress::Refused, Some("too_old")),
        ("0.1.0", None, Some(back()), Progress::RolledBack, Some("not_ready")),
        ("0.1.0", went_back, Some(back()), Progress::RolledBack, Some("not_ready")),
    ] {
        let said = state(version, Some(ReleaseState { target: "arm".into(), step, last }));
        let node = "n1".parse().unwrap();
        let seen = progress(&rollout(Stage::All, 10), |target| target == "arm", &node, Some(&said));
        assert_eq!(seen, (expected, reason.map(str::to_owned)));
    }
}

#[test]
fn a_node_that_is_not_reached_or_has_no_program_is_not_waited_for() {
    let node = "n1".parse().unwrap();
    let of = |stage, target: &str| {
        let said = state("0.1.0", Some(ReleaseState { target: target.into(), step: None, last: None }));
        progress(&rollout(stage, 0), |target| target == "arm", &node, Some(&said)).0
    };
    assert_eq!(of(Stage::First, "arm"), Progress::Later);
    assert_eq!(of(Stage::All, "mips"), Progress::Impossible);
    let cannot = progress(&rollout(Stage::All, 0), |_| true, &node, Some(&state("0.1.0", None)));
    assert_eq!(cannot.0, Progress::Impossible);
}
