//! Which certificates count.

use super::{
    Given,
    tests::{Commune, at, node},
};

fn given(serial: &str, second: i64) -> Given<'_> {
    Given { serial, ca: "ca", at: at(second) }
}

/// Those of these that count for n1. Asking doesn't change which do, unless one wasn't shown before.
async fn counting(commune: &Commune, serials: &[&'static str]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for serial in serials {
        if commune.store.certificate_counts(&node("n1"), serial).await.unwrap() {
            found.push(*serial);
        }
    }
    found
}

#[tokio::test]
async fn a_renewed_certificate_and_the_one_before_it_count_until_the_new_one_is_shown() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.node_enrolled(&node("n1"), given("01", 1)).await.unwrap();
    assert_eq!(counting(&commune, &["01", "02"]).await, ["01"]);
    assert!(store.node_renewed(&node("n1"), given("02", 2)).await.unwrap());
    assert_eq!(counting(&commune, &["01"]).await, ["01"], "the answer may have been lost");
    assert_eq!(counting(&commune, &["02", "01"]).await, ["02"]);
    assert!(!store.certificate_counts(&node("n2"), "02").await.unwrap(), "it is another node's");
}

#[tokio::test]
async fn a_request_that_stalls_and_comes_after_its_own_retry_strands_nobody() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.node_enrolled(&node("n1"), given("01", 1)).await.unwrap();
    assert_eq!(counting(&commune, &["01"]).await, ["01"]);
    store.node_renewed(&node("n1"), given("of the retry", 2)).await.unwrap();
    store.node_renewed(&node("n1"), given("of the one that stalled", 3)).await.unwrap();
    assert_eq!(counting(&commune, &["of the retry"]).await, ["of the retry"]);
    assert_eq!(counting(&commune, &["01", "of the retry"]).await, ["of the retry"]);
}

#[tokio::test]
async fn a_new_enrolment_and_a_revocation_end_all_of_them() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.node_enrolled(&node("n1"), given("01", 1)).await.unwrap();
    store.node_renewed(&node("n1"), given("02", 2)).await.unwrap();
    store.node_enrolled(&node("n1"), given("03", 3)).await.unwrap();
    assert_eq!(counting(&commune, &["01", "02", "03"]).await, ["03"]);
    store.revoke_node(&node("n1"), at(4)).await.unwrap();
    assert_eq!(counting(&commune, &["03"]).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_node_cannot_pile_up_certificates() {
    let commune = Commune::new().await;
    let serials: Vec<String> = (0..100).map(|number| format!("{number}")).collect();
    commune.store.node_enrolled(&node("n1"), given("first", 1)).await.unwrap();
    let mut got = 0;
    for (second, serial) in (2..).zip(&serials) {
        got += i32::from(commune.store.node_renewed(&node("n1"), given(serial, second)).await.unwrap());
    }
    assert_eq!(got, 31, "with the first one, which it hasn't shown either");
    assert!(commune.store.certificate_counts(&node("n1"), "30").await.unwrap());
    assert!(commune.store.node_renewed(&node("n1"), given("after", 200)).await.unwrap());
}

#[tokio::test]
async fn nodes_that_have_shown_no_certificate_of_a_new_ca_are_named() {
    let commune = Commune::new().await;
    let store = &commune.store;
    for id in ["n1", "n2"] {
        store.node_enrolled(&node(id), Given { ca: "old", ..given(id, 1) }).await.unwrap();
    }
    let behind = async || store.nodes_without_certificate_of("new").await.unwrap().len();
    assert_eq!(behind().await, 2);
    store.node_renewed(&node("n1"), Given { ca: "new", ..given("02", 2) }).await.unwrap();
    assert_eq!(behind().await, 2, "it may not have got it");
    assert_eq!(counting(&commune, &["02"]).await, ["02"]);
    assert_eq!(behind().await, 1);
    store.revoke_node(&node("n2"), at(3)).await.unwrap();
    assert_eq!(behind().await, 0);
}
