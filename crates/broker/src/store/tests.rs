//! Tests of the store, on real files.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "a list of one reads as a list")]

use jiff::Timestamp;
use loa_protocol::{
    AiringId, AreaCode, BroadcastId, Class, ClipHash, Every, NodeId, Outcome, Reason, Receipt, Repeats,
    Timetable,
};
use tempfile::TempDir;

use super::*;
use crate::people::{Grant, Role};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

pub(crate) fn broadcast_id(number: u8) -> BroadcastId {
    BroadcastId::from_bits([number; 16])
}

pub(crate) struct Commune {
    folder: TempDir,
    pub(crate) store: Store,
}

impl Commune {
    /// A hamlet with two nodes, a person, and a bulletin of ten seconds.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("loa.db")).await.unwrap();
        for (code, parent) in [("94", None), ("31699", Some("94")), ("31699-01", Some("31699"))] {
            let parent = parent.map(|parent: &str| parent.parse().unwrap());
            let area = AreaRow { code: code.parse().unwrap(), name: code.to_owned(), parent };
            store.add_area(&area).await.unwrap();
        }
        let hamlet: AreaCode = "31699-01".parse().unwrap();
        let nodes = ["n1", "n2"].map(|id| NodeRow::new(node(id), hamlet.clone(), id.to_owned(), at(0)));
        store.add_nodes(&nodes).await.unwrap();
        store.replace_setup_link("link", at(0)).await.unwrap();
        assert!(store.set_up("link", &person("p")).await.unwrap());
        let clip = ClipRow {
            hash: ClipHash::of(b"sound"),
            bytes: 5,
            frames: 480_000,
            loudness: -16.0,
            true_peak: -1.5,
            warnings: Vec::new(),
            created_at: at(0),
        };
        store.add_clip(&clip).await.unwrap();
        let bulletin = BulletinRow {
            id: "b".into(),
            title: "Họp dân".into(),
            language: "vi".into(),
            class: Class::Normal,
            text: None,
            clip,
            created_at: at(0),
            created_by: ("p".into(), "P".into()),
        };
        store.add_bulletin(&bulletin).await.unwrap();
        Self { folder, store }
    }

    /// A broadcast at second 0 on both nodes, expiring at second 60.
    pub(crate) async fn broadcast(&self, number: u8, key: Option<&str>) -> Result<[AiringId; 2], StoreError> {
        let row = BroadcastRow {
            id: broadcast_id(number),
            bulletin: "b".into(),
            areas: vec!["31699".parse().unwrap()],
            node: None,
            created_at: at(0),
            created_by: ("p".into(), "P".into()),
            expires_at: at(60),
            idempotency_key: key.map(str::to_owned),
            dispatched_at: None,
            stopped_at: None,
            inbox_item: None,
        };
        let ids = ["n1", "n2"].map(|id| AiringId::derive(&row.id, &node(id), at(0)));
        let airings = [("n1", &ids[0]), ("n2", &ids[1])].map(|(id, airing)| AiringRow {
            id: airing.clone(),
            broadcast: row.id.clone(),
            node: node(id),
            hamlet: None,
            status: AiringStatus::Sent,
            reason: None,
            sent_at: at(0),
            started_at: None,
            ended_at: None,
            frames: None,
        });
        self.store.add_broadcast(&row, &airings).await.map(|()| ids)
    }

    /// An entry of the programme: daily at 15:10 in the zone of the commune, ten minutes after second 0.
    pub(crate) async fn daily(&self, number: u8) -> ProgrammeRow {
        let row = self.entry(number).await;
        self.store.add_to_programme(&row).await.unwrap();
        row
    }

    /// The same, not stored.
    pub(crate) async fn entry(&self, number: u8) -> ProgrammeRow {
        let bulletin = self.store.bulletin("b").await.unwrap().unwrap();
        ProgrammeRow {
            id: broadcast_id(number),
            bulletin: (&bulletin).into(),
            areas: vec!["31699".parse().unwrap()],
            created_at: at(0),
            created_by: ("p".into(), "P".into()),
            idempotency_key: None,
            timetable: Timetable {
                every: Every::Day,
                days: Vec::new(),
                times: vec!["15:10".parse().unwrap()],
                from: "2027-01-15".parse().unwrap(),
                until: None,
                except: Vec::new(),
            },
            time_zone: "Asia/Ho_Chi_Minh".into(),
            repeats: Repeats::default(),
            catch_up_s: 600,
            expires_at: None,
            position: 0,
            resume: false,
            exceeds: Vec::new(),
            since: at(0),
            changed_at: at(0),
            retired_at: None,
            inbox_item: None,
        }
    }

    /// Both nodes get certificates.
    pub(crate) async fn enrol(&self) {
        for id in ["n1", "n2"] {
            self.store.node_enrolled(&node(id), Given { serial: "01", ca: "", at: at(0) }).await.unwrap();
        }
    }

    pub(crate) async fn fate(&self, airing: &AiringId) -> (AiringStatus, Option<Reason>) {
        let row = self.store.airing(airing).await.unwrap().unwrap();
        (row.status, row.reason)
    }
}

fn person(id: &str) -> PersonRow {
    PersonRow {
        id: id.into(),
        username: id.into(),
        display_name: id.to_uppercase(),
        kind: Kind::Person,
        password_hash: "hash".into(),
        created_at: at(0),
        deactivated_at: None,
        two_step: false,
        grants: vec![Grant { role: Role::Admin, area: None }],
    }
}

pub(crate) fn receipt(airing: &AiringId, outcome: Outcome) -> Receipt {
    Receipt {
        airing: airing.clone(),
        broadcast: broadcast_id(1),
        start: None,
        outcome,
        reason: None,
        started_at: Some(at(1)),
        ended_at: at(11),
        frames: 480_000,
        clip_frames: 480_000,
        clip: ClipHash::of(b"sound"),
    }
}

#[tokio::test]
async fn the_first_receipt_stands_however_often_and_however_different_it_comes_again() {
    let commune = Commune::new().await;
    let [airing, _] = commune.broadcast(1, None).await.unwrap();
    let keep = |outcome| {
        let (store, receipt) = (commune.store.clone(), receipt(&airing, outcome));
        async move { store.keep_receipts(&node("n1"), &[receipt]).await.unwrap() }
    };
    assert_eq!(keep(Outcome::Played).await, [airing.clone()]);
    assert_eq!(keep(Outcome::Played).await, []);
    assert_eq!(keep(Outcome::Missed).await, []);
    assert_eq!(commune.fate(&airing).await, (AiringStatus::Played, None));
}

#[tokio::test]
async fn a_receipt_for_another_nodes_airing_or_for_none_changes_nothing() {
    let commune = Commune::new().await;
    let [airing, _] = commune.broadcast(1, None).await.unwrap();
    let unknown = AiringId::derive(&broadcast_id(9), &node("n2"), at(0));
    let receipts = [receipt(&airing, Outcome::Played), receipt(&unknown, Outcome::Played)];
    assert_eq!(commune.store.keep_receipts(&node("n2"), &receipts).await.unwrap(), []);
    assert_eq!(commune.fate(&airing).await, (AiringStatus::Sent, None));
}

#[tokio::test]
async fn a_silent_node_is_given_up_after_the_expiry_and_its_late_receipt_still_counts() {
    let commune = Commune::new().await;
    let [first, second] = commune.broadcast(1, None).await.unwrap();
    assert_eq!(commune.store.give_up_silent(at(60), at(70)).await.unwrap(), []);
    let mut given_up = commune.store.give_up_silent(at(61), at(71)).await.unwrap();
    let mut both = vec![first.clone(), second.clone()];
    given_up.sort();
    both.sort();
    assert_eq!(given_up, both);
    assert_eq!(commune.fate(&first).await, (AiringStatus::Missed, Some(Reason::NodeSilent)));
    assert_eq!(commune.store.give_up_silent(at(500), at(500)).await.unwrap(), []);
    let late = [receipt(&first, Outcome::Played)];
    assert_eq!(commune.store.keep_receipts(&node("n1"), &late).await.unwrap(), [first.clone()]);
    assert_eq!(commune.fate(&first).await, (AiringStatus::Played, None));
}

#[tokio::test]
async fn a_node_that_falls_silent_while_it_plays_or_waits_is_given_up_too() {
    let commune = Commune::new().await;
    let [playing, waiting] = commune.broadcast(1, None).await.unwrap();
    let store = &commune.store;
    let (n1, n2) = (node("n1"), node("n2"));
    assert!(store.airing_progress(&playing, &n1, AiringStatus::Playing, Some(at(59))).await.unwrap());
    assert!(store.airing_progress(&waiting, &n2, AiringStatus::Waiting, None).await.unwrap());
    // The clip lasts ten seconds beyond the last moment it may begin.
    assert_eq!(store.give_up_silent(at(65), at(75)).await.unwrap(), [waiting.clone()]);
    assert_eq!(store.give_up_silent(at(71), at(81)).await.unwrap(), [playing.clone()]);
    assert_eq!(commune.fate(&waiting).await, (AiringStatus::Missed, Some(Reason::NodeSilent)));
    assert_eq!(commune.fate(&playing).await, (AiringStatus::Partial, Some(Reason::NodeSilent)));
}

#[tokio::test]
async fn progress_never_goes_back_and_never_replaces_an_outcome() {
    let commune = Commune::new().await;
    let [airing, _] = commune.broadcast(1, None).await.unwrap();
    let n1 = node("n1");
    let store = &commune.store;
    assert!(store.airing_progress(&airing, &n1, AiringStatus::Playing, Some(at(1))).await.unwrap());
    assert!(!store.airing_progress(&airing, &n1, AiringStatus::Waiting, None).await.unwrap());
    assert!(!store.airing_progress(&airing, &node("n2"), AiringStatus::Playing, None).await.unwrap());
    store.keep_receipts(&n1, &[receipt(&airing, Outcome::Partial)]).await.unwrap();
    assert!(!store.airing_progress(&airing, &n1, AiringStatus::Playing, None).await.unwrap());
    assert_eq!(commune.fate(&airing).await, (AiringStatus::Partial, None));
}

#[tokio::test]
async fn a_broadcast_with_a_key_that_was_used_leaves_no_trace() {
    let commune = Commune::new().await;
    commune.broadcast(1, Some("tap")).await.unwrap();
    assert!(matches!(commune.broadcast(2, Some("tap")).await, Err(StoreError::Exists)));
    assert!(commune.store.broadcast(&broadcast_id(2)).await.unwrap().is_none());
    assert!(commune.store.airings(&broadcast_id(2)).await.unwrap().is_empty());
    let found = commune.store.broadcast_by_key("p", "tap").await.unwrap().unwrap();
    assert_eq!(found.id, broadcast_id(1));
    assert!(commune.store.broadcast_by_key("someone else", "tap").await.unwrap().is_none());
}

#[tokio::test]
async fn a_broadcast_that_was_cut_short_is_due_until_it_is_sent_stopped_or_expired() {
    let commune = Commune::new().await;
    for number in [1, 2, 3] {
        commune.broadcast(number, None).await.unwrap();
    }
    commune.store.broadcast_dispatched(&broadcast_id(1), at(1)).await.unwrap();
    commune.store.broadcast_stopped(&broadcast_id(2), at(1)).await.unwrap();
    let due = |second| {
        let store = commune.store.clone();
        async move {
            let due = store.undispatched(at(second), at(1)).await.unwrap();
            due.into_iter().map(|broadcast| broadcast.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(due(59).await, [broadcast_id(3)]);
    assert_eq!(due(60).await, []);
    let in_hand = commune.store.undispatched(at(59), at(0)).await.unwrap();
    assert!(in_hand.is_empty(), "one that is being made is not sent a second time");
}

#[tokio::test]
async fn a_claim_code_is_good_once() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.add_claim("code", &node("n1"), at(0), at(100)).await.unwrap();
    assert_eq!(store.use_claim("other", at(1)).await.unwrap(), Claimed::Unknown);
    let (one, two) = tokio::join!(store.use_claim("code", at(1)), store.use_claim("code", at(1)));
    let mut both = [one.unwrap(), two.unwrap()];
    both.sort_by_key(|claimed| *claimed == Claimed::Used);
    assert_eq!(both, [Claimed::Node(node("n1")), Claimed::Used]);
}

#[tokio::test]
async fn a_claim_code_dies_by_time_by_a_newer_one_and_by_revocation() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.add_claim("old", &node("n1"), at(0), at(100)).await.unwrap();
    store.add_claim("new", &node("n1"), at(1), at(100)).await.unwrap();
    assert_eq!(store.use_claim("old", at(2)).await.unwrap(), Claimed::Expired);
    assert_eq!(store.use_claim("new", at(100)).await.unwrap(), Claimed::Expired);
    store.add_claim("third", &node("n1"), at(100), at(200)).await.unwrap();
    assert!(store.revoke_node(&node("n1"), at(101)).await.unwrap());
    assert_eq!(store.use_claim("third", at(102)).await.unwrap(), Claimed::Expired);
}

#[tokio::test]
async fn only_enrolled_nodes_that_are_not_revoked_are_trusted() {
    let commune = Commune::new().await;
    let store = &commune.store;
    assert!(store.trusted_nodes().await.unwrap().is_empty());
    store.node_enrolled(&node("n1"), Given { serial: "01", ca: "", at: at(1) }).await.unwrap();
    store.node_enrolled(&node("n2"), Given { serial: "02", ca: "", at: at(1) }).await.unwrap();
    store.revoke_node(&node("n2"), at(2)).await.unwrap();
    let trusted = store.trusted_nodes().await.unwrap();
    assert_eq!(trusted, [(node("n1"), "31699-01".parse().unwrap())]);
}

#[tokio::test]
async fn the_set_up_link_works_once_and_only_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("loa.db")).await.unwrap();
    store.replace_setup_link("first", at(0)).await.unwrap();
    store.replace_setup_link("second", at(1)).await.unwrap();
    assert!(!store.set_up("first", &person("p")).await.unwrap());
    assert!(!store.has_people().await.unwrap());
    assert!(store.set_up("second", &person("p")).await.unwrap());
    assert!(!store.set_up("second", &person("q")).await.unwrap());
    store.replace_setup_link("third", at(2)).await.unwrap();
    assert!(!store.set_up("third", &person("q")).await.unwrap(), "there is an administrator already");
    assert!(store.person_by_username("q").await.unwrap().is_none());
}

#[tokio::test]
async fn the_path_of_a_hamlet_is_province_commune_hamlet() {
    let commune = Commune::new().await;
    let path = commune.store.path_of(&"31699-01".parse().unwrap()).await.unwrap();
    let path: Vec<_> = path.iter().map(AreaCode::as_str).collect();
    assert_eq!(path, ["94", "31699", "31699-01"]);
    let orphan =
        AreaRow { code: "11111-01".parse().unwrap(), name: "x".into(), parent: "11111".parse().ok() };
    assert!(matches!(commune.store.add_area(&orphan).await, Err(StoreError::Dangling)));
}

#[tokio::test]
async fn a_plan_that_the_node_does_not_hold_is_due_again() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.keep_plans(&[(node("n1"), 3, "plan".into()), (node("n2"), 3, "plan".into())]).await.unwrap();
    store.plans_published(&[(node("n1"), 3), (node("n2"), 3)]).await.unwrap();
    store.plan_not_held(&node("n1"), 2).await.unwrap();
    let behind = store.node(&node("n1")).await.unwrap().unwrap();
    assert_eq!((behind.generation, behind.published, behind.plan_body.as_str()), (3, 0, "plan"));
    store.plan_not_held(&node("n2"), 7).await.unwrap();
    let ahead = store.node(&node("n2")).await.unwrap().unwrap();
    assert_eq!((ahead.generation, ahead.published, ahead.plan_body.as_str()), (7, 0, ""));
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let commune = Commune::new().await;
    let [airing, _] = commune.broadcast(1, None).await.unwrap();
    commune.store.keep_receipts(&node("n1"), &[receipt(&airing, Outcome::Played)]).await.unwrap();
    commune.store.keep_plans(&[(node("n1"), 3, "plan".into())]).await.unwrap();
    commune.store.plans_published(&[(node("n1"), 3)]).await.unwrap();
    commune.store.plans_published(&[(node("n1"), 2)]).await.unwrap();
    // Not closed: as after kill -9.
    let again = Store::open(&commune.folder.path().join("loa.db")).await.unwrap();
    assert_eq!(again.airing(&airing).await.unwrap().unwrap().status, AiringStatus::Played);
    let row = again.node(&node("n1")).await.unwrap().unwrap();
    assert_eq!((row.generation, row.published, row.plan_body.as_str()), (3, 3, "plan"));
}

#[tokio::test]
async fn what_finds_no_room_is_told_so_and_its_connection_is_used_no_more() {
    let commune = Commune::new().await;
    let store = &commune.store;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.pool).await.unwrap();
    // The limit is each connection's own, and goes with it.
    let mut connections = Vec::new();
    while connections.len() < 8 {
        let mut connection = store.pool.acquire().await.unwrap();
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(limit).execute(&mut *connection).await.unwrap();
        connections.push(connection);
    }
    drop(connections);
    let hamlet: AreaCode = "31699-01".parse().unwrap();
    let large = [NodeRow::new(node("n3"), hamlet, "x".repeat(1 << 20), at(0))];
    let mut failures = 0;
    while let Err(error) = store.add_nodes(&large).await {
        assert!(matches!(error, StoreError::DiskFull), "{error:?}");
        assert_eq!(store.nodes().await.unwrap().len(), 2, "nothing of it was kept");
        failures += 1;
        assert!(failures <= 8, "a connection that failed was used again");
    }
    assert!(failures > 0, "there was room");
    assert_eq!(store.nodes().await.unwrap().len(), 3);
}
