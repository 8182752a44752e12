//! People, their grants, sessions and links in the store.

use jiff::{SignedDuration, Timestamp};

use super::{tests::Commune, *};
use crate::people::{Grant, Role};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn person(id: &str, grants: Vec<Grant>) -> PersonRow {
    PersonRow {
        id: id.into(),
        username: id.into(),
        display_name: id.to_uppercase(),
        kind: Kind::Person,
        password_hash: "hash".into(),
        created_at: at(0),
        deactivated_at: None,
        two_step: false,
        grants,
    }
}

fn session(id: &str, of: &str, from: i64, to: i64) -> SessionRow {
    SessionRow {
        id: id.into(),
        person: of.into(),
        created_at: at(from),
        seen_at: at(from),
        expires_at: at(to),
        address: "192.0.2.1".into(),
        browser: "Firefox".into(),
    }
}

fn link(id: &str, person: Option<&str>, to: i64) -> LinkRow {
    LinkRow {
        id: id.into(),
        person: person.map(str::to_owned),
        grants: vec![Grant { role: Role::Editor, area: Some("31699".parse().unwrap()) }],
        created_at: at(0),
        created_by: ("p".into(), "P".into()),
        expires_at: at(to),
    }
}

#[tokio::test]
async fn a_session_ends_by_its_end_by_disuse_and_by_being_ended() {
    let commune = Commune::new().await;
    let store = &commune.store;
    for (id, token) in [("1", "a"), ("2", "b"), ("3", "c")] {
        store.open_session(&session(id, "p", 0, 100), token, None, at(-50)).await.unwrap();
    }
    let open = async |token: &str, now: i64, seen_since: i64| {
        store.session_of_token(token, at(now), at(seen_since)).await.unwrap().map(|row| row.id)
    };
    assert_eq!(open("a", 99, -1).await.as_deref(), Some("1"));
    assert_eq!(open("a", 100, -1).await, None, "its end");
    assert_eq!(open("a", 50, 0).await, None, "not used");
    store.session_seen("1", at(40)).await.unwrap();
    assert_eq!(open("a", 50, 0).await.as_deref(), Some("1"), "used again");
    store.close_session("b").await.unwrap();
    assert_eq!(open("b", 1, -1).await, None, "signed out");
    assert!(!store.end_session("q", "3").await.unwrap(), "somebody else's");
    assert!(store.end_session("p", "3").await.unwrap());
    assert_eq!(open("c", 1, -1).await, None, "ended");
}

#[tokio::test]
async fn a_new_session_takes_the_place_of_the_one_it_was_opened_from() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.open_session(&session("1", "p", 0, 100), "old", None, at(-50)).await.unwrap();
    store.open_session(&session("2", "p", 1, 100), "new", Some("old"), at(-50)).await.unwrap();
    let left = store.sessions("p", at(2), at(-50)).await.unwrap();
    assert_eq!(left.into_iter().map(|row| row.id).collect::<Vec<_>>(), ["2"]);
}

#[tokio::test]
async fn the_last_admin_of_everywhere_stays() {
    let commune = Commune::new().await;
    let store = &commune.store;
    let of_the_commune = vec![Grant { role: Role::Admin, area: Some("31699".parse().unwrap()) }];
    store.add_link(&link("l", None, 10), "token").await.unwrap();
    assert!(store.accept("l", &person("q", of_the_commune.clone())).await.unwrap());
    assert!(!store.deactivate("p", at(1)).await.unwrap());
    assert!(!store.set_grants("p", &of_the_commune).await.unwrap());
    assert!(store.person("p").await.unwrap().unwrap().grants.iter().any(|grant| grant.area.is_none()));
    let everywhere = [Grant { role: Role::Admin, area: None }];
    assert!(store.set_grants("q", &everywhere).await.unwrap());
    assert!(store.deactivate("p", at(1)).await.unwrap());
    assert!(!store.deactivate("q", at(1)).await.unwrap());
}

#[tokio::test]
async fn whoever_is_deactivated_is_out_at_once_and_can_come_back() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.add_link(&link("l", None, 10), "token").await.unwrap();
    assert!(store.accept("l", &person("q", vec![Grant { role: Role::Viewer, area: None }])).await.unwrap());
    store.open_session(&session("1", "q", 0, 100), "a", None, at(-1)).await.unwrap();
    store.add_link(&link("reset", Some("q"), 10), "reset").await.unwrap();
    assert!(store.deactivate("q", at(1)).await.unwrap());
    assert!(store.session_of_token("a", at(1), at(-1)).await.unwrap().is_none());
    assert!(store.link_of_token("reset", at(1)).await.unwrap().is_none());
    assert!(store.person_by_username("q").await.unwrap().is_none());
    store.reactivate("q").await.unwrap();
    assert_eq!(store.person_by_username("q").await.unwrap().unwrap().grants.len(), 1);
}

#[tokio::test]
async fn a_link_works_once_until_its_time_and_for_what_it_was_made_for() {
    let commune = Commune::new().await;
    let store = &commune.store;
    store.add_link(&link("l", None, 10), "token").await.unwrap();
    assert!(store.link_of_token("token", at(9)).await.unwrap().is_some());
    assert!(store.link_of_token("token", at(10)).await.unwrap().is_none());
    assert!(!store.reset_password("l", "p", "new").await.unwrap(), "an invitation resets nothing");
    let taken = store.accept("l", &person("p", Vec::new())).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
    assert!(
        store.accept("l", &person("q", Vec::new())).await.unwrap(),
        "a name that is taken uses nothing up"
    );
    assert!(!store.accept("l", &person("r", Vec::new())).await.unwrap());

    store.open_session(&session("1", "q", 0, 100), "a", None, at(-1)).await.unwrap();
    store.add_link(&link("first", Some("q"), 10), "first").await.unwrap();
    store.add_link(&link("second", Some("q"), 10), "second").await.unwrap();
    assert!(store.link_of_token("first", at(1)).await.unwrap().is_none(), "only the newest");
    assert!(!store.accept("second", &person("s", Vec::new())).await.unwrap(), "a reset adds nobody");
    assert!(store.reset_password("second", "q", "new").await.unwrap());
    assert!(!store.reset_password("second", "q", "newer").await.unwrap());
    assert_eq!(store.person("q").await.unwrap().unwrap().password_hash, "new");
    assert!(store.session_of_token("a", at(1), at(-1)).await.unwrap().is_none());
}

#[tokio::test]
async fn admins_of_before_are_admins_of_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loa.db");
    let store = Store::open(&file).await.unwrap();
    // As the layout before had it.
    for statement in [
        "DROP TABLE grants",
        "DROP TABLE person_links",
        "DROP TABLE recovery_codes",
        "ALTER TABLE people DROP COLUMN deactivated_at",
        "ALTER TABLE people DROP COLUMN totp_salt",
        "ALTER TABLE people DROP COLUMN totp_since",
        "ALTER TABLE people DROP COLUMN totp_step",
        "ALTER TABLE people RENAME COLUMN kind TO role",
        "DELETE FROM _sqlx_migrations WHERE version = 3",
        "INSERT INTO people VALUES ('p', 'ubnd', 'UBND', 'admin', 'hash', 0), ('s', 'source:s', 'T', 'source', '', 0)",
    ] {
        sqlx::query(statement).execute(&store.pool).await.unwrap();
    }
    store.close().await;
    let store = Store::open(&file).await.unwrap();
    let admin = store.person_by_username("ubnd").await.unwrap().unwrap();
    assert_eq!(admin.grants, [Grant { role: Role::Admin, area: None }]);
    assert!(store.person("s").await.unwrap().unwrap().grants.is_empty());
}
