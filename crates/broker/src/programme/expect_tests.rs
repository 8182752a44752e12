//! Tests of what is expected, on a real store.

use super::*;
use crate::store::{
    AiringStatus, Given,
    tests::{Commune, at, broadcast_id, node},
};

const DAY: i64 = 86_400;

/// How many airings there are of an entry, by start.
async fn airings(commune: &Commune) -> Vec<(Timestamp, NodeNames)> {
    let mut starts: BTreeMap<Timestamp, NodeNames> = BTreeMap::new();
    for row in commune.store.heard(at(-1), at(100 * DAY)).await.unwrap() {
        starts.entry(row.start_at).or_default().push(row.node.to_string());
    }
    starts.into_iter().collect()
}

type NodeNames = Vec<String>;

fn both() -> NodeNames {
    vec!["n1".into(), "n2".into()]
}

async fn pass_at(commune: &Commune, second: i64) -> usize {
    pass(&commune.store, at(second)).await.unwrap()
}

#[tokio::test]
async fn an_airing_is_written_down_when_its_start_comes_and_not_before() {
    let commune = Commune::new().await;
    commune.enrol().await;
    assert_eq!(pass_at(&commune, 0).await, 0);
    commune.daily(1).await;
    assert_eq!(pass_at(&commune, 599).await, 0);
    assert_eq!(pass_at(&commune, 600).await, 2);
    assert_eq!(pass_at(&commune, 601).await, 0);
    assert_eq!(airings(&commune).await, [(at(600), both())]);
    let airing = AiringId::derive(&broadcast_id(1), &node("n1"), at(600));
    assert_eq!(commune.fate(&airing).await, (AiringStatus::Sent, None));
}

#[tokio::test]
async fn after_days_of_absence_every_airing_is_there_once() {
    let commune = Commune::new().await;
    commune.enrol().await;
    pass_at(&commune, 0).await;
    commune.daily(1).await;
    assert_eq!(pass_at(&commune, 3 * DAY + 700).await, 8);
    assert_eq!(pass_at(&commune, 3 * DAY + 700).await, 0);
    let expected: Vec<_> = (0..4).map(|day| (at(600 + day * DAY), both())).collect();
    assert_eq!(airings(&commune).await, expected);
}

#[tokio::test]
async fn a_clock_that_goes_back_expects_nothing_twice_and_one_that_comes_forward_again_misses_nothing() {
    let commune = Commune::new().await;
    commune.enrol().await;
    pass_at(&commune, 0).await;
    commune.daily(1).await;
    assert_eq!(pass_at(&commune, 700).await, 2);
    assert_eq!(pass_at(&commune, 500).await, 0);
    assert_eq!(pass_at(&commune, 700).await, 0);
    assert_eq!(pass_at(&commune, DAY + 600).await, 2);
}

#[tokio::test]
async fn nodes_enrolled_after_the_start_are_not_expected() {
    let commune = Commune::new().await;
    pass_at(&commune, 0).await;
    commune.daily(1).await;
    commune.store.node_enrolled(&node("n1"), Given { serial: "01", ca: "", at: at(600) }).await.unwrap();
    commune.store.node_enrolled(&node("n2"), Given { serial: "02", ca: "", at: at(601) }).await.unwrap();
    assert_eq!(pass_at(&commune, 700).await, 1);
    assert_eq!(airings(&commune).await, [(at(600), vec!["n1".to_owned()])]);
}

#[tokio::test]
async fn what_was_retired_meanwhile_is_expected_up_to_then() {
    let commune = Commune::new().await;
    commune.enrol().await;
    pass_at(&commune, 0).await;
    let row = commune.daily(1).await;
    commune.store.retire_from_programme(&row.id, "p", at(DAY)).await.unwrap();
    assert_eq!(pass_at(&commune, 3 * DAY).await, 2);
    assert_eq!(airings(&commune).await, [(at(600), both())]);
}

#[tokio::test]
async fn nothing_is_expected_of_what_is_for_other_areas() {
    let commune = Commune::new().await;
    commune.enrol().await;
    pass_at(&commune, 0).await;
    let mut row = commune.entry(1).await;
    row.areas = vec!["31700".parse().unwrap()];
    commune.store.add_to_programme(&row).await.unwrap();
    assert_eq!(pass_at(&commune, 700).await, 0);
}
