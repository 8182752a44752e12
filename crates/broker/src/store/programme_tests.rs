//! Tests of what the store keeps of the programme.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "a list of one reads as a list")]

use jiff::Timestamp;
use loa_protocol::{AiringId, Outcome, Policy, Reason, Receipt};

use super::{
    AiringStatus, Exceeder, ExpectedRow, LatchRow, PolicyRow, StoreError,
    tests::{Commune, at, broadcast_id, node, receipt},
};

const DAY: i64 = 86_400;

async fn expected(commune: &Commune, start: Timestamp, expires_at: Timestamp) -> [AiringId; 2] {
    let rows = ["n1", "n2"].map(|id| ExpectedRow {
        id: AiringId::derive(&broadcast_id(1), &node(id), start),
        broadcast: broadcast_id(1),
        node: node(id),
        start_at: start,
        expires_at,
    });
    commune.store.expect_airings(&rows, start, start).await.unwrap();
    rows.map(|row| row.id)
}

fn told(airing: &AiringId, start: Timestamp, outcome: Outcome) -> Receipt {
    Receipt { start: Some(start), ..receipt(airing, outcome) }
}

#[tokio::test]
async fn an_entry_comes_back_as_it_was_put_in() {
    let commune = Commune::new().await;
    let mut row = commune.entry(1).await;
    row.expires_at = Some(at(5 * DAY));
    row.idempotency_key = Some("tap".into());
    commune.store.add_to_programme(&row).await.unwrap();
    let endless = commune.daily(2).await;
    assert_eq!(commune.store.programme(Timestamp::MAX).await.unwrap(), [row.clone(), endless]);
    assert_eq!(commune.store.programme_by_key("p", "tap").await.unwrap(), Some(row.clone()));
    row.id = broadcast_id(3);
    assert!(matches!(commune.store.add_to_programme(&row).await, Err(StoreError::Exists)));
}

#[tokio::test]
async fn what_is_aired_at_once_and_what_is_aired_by_timetable_are_never_taken_for_each_other() {
    let commune = Commune::new().await;
    commune.daily(1).await;
    commune.broadcast(2, None).await.unwrap();
    let store = &commune.store;
    expected(&commune, at(600), at(1200)).await;
    let at_once: Vec<_> = store.broadcasts(at(DAY), 9).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(at_once, [broadcast_id(2)]);
    assert!(store.broadcast(&broadcast_id(1)).await.unwrap().is_none());
    assert!(store.programme_entry(&broadcast_id(2)).await.unwrap().is_none());
    let due = store.undispatched(at(1), at(1)).await.unwrap();
    assert_eq!(due.len(), 1, "a timetable is dispatched by the plan");
    assert_eq!(store.unheard(at(1)).await.unwrap().len(), 1);
    store.give_up_silent(at(5000), at(5000)).await.unwrap();
    let open = store.silent_airings(at(5000)).await.unwrap();
    assert_eq!(open.len(), 2, "those at once are given up, those by timetable are not");
}

#[tokio::test]
async fn a_retired_entry_is_out_of_the_programme_and_its_past_is_kept() {
    let commune = Commune::new().await;
    let row = commune.daily(1).await;
    let store = &commune.store;
    assert!(store.retire_from_programme(&row.id, "p", at(100)).await.unwrap());
    assert!(!store.retire_from_programme(&row.id, "p", at(200)).await.unwrap());
    assert!(store.programme(Timestamp::MAX).await.unwrap().is_empty());
    assert_eq!(store.programme(at(100)).await.unwrap().len(), 1);
    assert_eq!(store.programme_entry(&row.id).await.unwrap().unwrap().retired_at, Some(at(100)));
    assert!(!store.change_programme(&row).await.unwrap());
    assert!(matches!(store.order_programme(&[row.id]).await, Err(StoreError::Dangling)));
}

#[tokio::test]
async fn an_order_of_which_one_entry_is_gone_changes_nothing() {
    let commune = Commune::new().await;
    for number in [1, 2, 3] {
        commune.daily(number).await;
    }
    let store = &commune.store;
    store.order_programme(&[3, 1, 2].map(broadcast_id)).await.unwrap();
    let places = async || {
        let rows = store.programme(Timestamp::MAX).await.unwrap();
        rows.iter().map(|row| row.position).collect::<Vec<_>>()
    };
    assert_eq!(places().await, [2, 3, 1]);
    assert!(store.order_programme(&[1, 9].map(broadcast_id)).await.is_err());
    assert_eq!(places().await, [2, 3, 1]);
}

#[tokio::test]
async fn a_receipt_that_comes_before_its_airing_is_expected_writes_it_down_once() {
    let commune = Commune::new().await;
    commune.daily(1).await;
    let n1 = node("n1");
    let airing = AiringId::derive(&broadcast_id(1), &n1, at(600));
    let played = told(&airing, at(600), Outcome::Played);
    let keep = |receipt: &Receipt| {
        let (store, receipt) = (commune.store.clone(), receipt.clone());
        async move { store.keep_receipts(&node("n1"), &[receipt]).await.unwrap() }
    };
    assert_eq!(keep(&played).await, [airing.clone()]);
    assert_eq!(keep(&told(&airing, at(600), Outcome::Missed)).await, []);
    expected(&commune, at(600), at(1200)).await;
    assert_eq!(
        commune.fate(&airing).await,
        (AiringStatus::Played, None),
        "what is known is not expected anew"
    );
}

#[tokio::test]
async fn what_was_not_heard_after_it_left_the_programme_is_not_kept_and_what_was_heard_is() {
    let commune = Commune::new().await;
    let row = commune.daily(1).await;
    commune.store.retire_from_programme(&row.id, "p", at(100)).await.unwrap();
    let n1 = node("n1");
    let airing = AiringId::derive(&broadcast_id(1), &n1, at(600));
    let missed = [Receipt { frames: 0, ..told(&airing, at(600), Outcome::Missed) }];
    assert_eq!(commune.store.keep_receipts(&n1, &missed).await.unwrap(), []);
    let played = [told(&airing, at(600), Outcome::Played)];
    assert_eq!(commune.store.keep_receipts(&n1, &played).await.unwrap(), [airing]);
}

#[tokio::test]
async fn a_receipt_of_an_airing_that_can_not_be_is_not_kept() {
    let commune = Commune::new().await;
    commune.daily(1).await;
    commune.broadcast(2, None).await.unwrap();
    let store = &commune.store;
    let n1 = node("n1");
    let of_other_start = AiringId::derive(&broadcast_id(1), &n1, at(601));
    let of_other_node = AiringId::derive(&broadcast_id(1), &node("n2"), at(600));
    let at_once = AiringId::derive(&broadcast_id(2), &n1, at(600));
    let unknown = AiringId::derive(&broadcast_id(9), &n1, at(600));
    let receipts = [
        told(&of_other_start, at(600), Outcome::Played),
        told(&of_other_node, at(600), Outcome::Played),
        Receipt { broadcast: broadcast_id(2), ..told(&at_once, at(600), Outcome::Played) },
        Receipt { broadcast: broadcast_id(9), ..told(&unknown, at(600), Outcome::Played) },
    ];
    assert_eq!(store.keep_receipts(&n1, &receipts).await.unwrap(), []);
    for airing in [of_other_start, of_other_node, at_once, unknown] {
        assert!(store.airing(&airing).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_node_that_is_away_leaves_its_airing_unreported_and_its_late_receipt_replaces_that() {
    let commune = Commune::new().await;
    commune.daily(1).await;
    let [away, here] = expected(&commune, at(600), at(1200)).await;
    let store = &commune.store;
    assert!(store.silent_airings(at(1200)).await.unwrap().is_empty(), "it may still begin");
    let silent = store.silent_airings(at(1201)).await.unwrap();
    let silent: Vec<_> =
        silent.into_iter().map(|airing| (airing.clone(), airing.node == node("n1"))).collect();
    store.give_up(&silent, at(1211)).await.unwrap();
    assert_eq!(commune.fate(&away).await, (AiringStatus::Unreported, None));
    assert_eq!(commune.fate(&here).await, (AiringStatus::Missed, Some(Reason::NodeSilent)));

    let late = [told(&away, at(600), Outcome::Played)];
    assert_eq!(store.keep_receipts(&node("n1"), &late).await.unwrap(), [away.clone()]);
    assert_eq!(commune.fate(&away).await, (AiringStatus::Played, None));
}

#[tokio::test]
async fn what_is_not_reported_in_time_is_missed_in_the_end() {
    let commune = Commune::new().await;
    commune.daily(1).await;
    let [airing, _] = expected(&commune, at(600), at(1200)).await;
    let store = &commune.store;
    let silent = store.silent_airings(at(1201)).await.unwrap();
    store
        .give_up(&silent.into_iter().map(|airing| (airing, true)).collect::<Vec<_>>(), at(1211))
        .await
        .unwrap();
    assert_eq!(store.give_up_unreported(at(1200), at(35 * DAY)).await.unwrap(), 0);
    assert_eq!(store.give_up_unreported(at(1201), at(35 * DAY)).await.unwrap(), 2);
    assert_eq!(commune.fate(&airing).await, (AiringStatus::Missed, Some(Reason::NodeSilent)));
}

#[tokio::test]
async fn a_clip_that_is_said_to_sound_has_until_its_end() {
    let commune = Commune::new().await;
    commune.daily(1).await;
    let [airing, _] = expected(&commune, at(600), at(1200)).await;
    let store = &commune.store;
    assert!(
        store.airing_progress(&airing, &node("n1"), AiringStatus::Playing, Some(at(1199))).await.unwrap()
    );
    let open = async |second| {
        let silent = store.silent_airings(at(second)).await.unwrap();
        silent.iter().any(|silent| silent.id == airing)
    };
    // Ten seconds long.
    assert!(!open(1210).await);
    assert!(open(1211).await);
}

#[tokio::test]
async fn a_newer_stop_of_an_area_takes_the_place_of_the_older_and_is_released_by_a_named_person() {
    let commune = Commune::new().await;
    let store = &commune.store;
    let latch = |id: &str, second| LatchRow {
        id: id.into(),
        area: "31699".parse().unwrap(),
        since: at(second),
        set_by: ("p".into(), "P".into()),
        released: None,
    };
    store.latch(&[latch("one", 1)]).await.unwrap();
    store.latch(&[latch("two", 2)]).await.unwrap();
    assert_eq!(store.open_latches().await.unwrap(), [latch("two", 2)]);
    assert!(store.release_latch("two", "p", at(3)).await.unwrap());
    assert!(!store.release_latch("two", "p", at(4)).await.unwrap());
    assert!(store.open_latches().await.unwrap().is_empty());
    let released = store.latch_by_id("two").await.unwrap().unwrap().released;
    assert_eq!(released, Some((at(3), ("p".into(), "P".into()))));
}

#[tokio::test]
async fn an_area_has_one_policy_of_its_own_or_none() {
    let commune = Commune::new().await;
    let store = &commune.store;
    let row = |minutes| PolicyRow {
        area: "31699".parse().unwrap(),
        policy: Policy { session_minutes: Some(minutes), ..Policy::default() },
        exceeders: vec![Exceeder { person: "p".into(), limits: vec![loa_protocol::Limit::Hours] }],
        own_approvers: vec!["p".into()],
        changed_at: at(minutes.into()),
        changed_by: ("p".into(), "P".into()),
    };
    store.set_policy(&row(30)).await.unwrap();
    store.set_policy(&row(20)).await.unwrap();
    assert_eq!(store.policies().await.unwrap(), [row(20)]);
    let nowhere = PolicyRow { area: "11111".parse().unwrap(), ..row(5) };
    assert!(matches!(store.set_policy(&nowhere).await, Err(StoreError::Dangling)));
    assert!(store.remove_policy(&"31699".parse().unwrap()).await.unwrap());
    assert!(store.policies().await.unwrap().is_empty());
}
