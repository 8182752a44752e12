use loa_protocol::AuthorityKey;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use super::*;

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn entry(number: i64) -> Entry {
    Entry {
        at: at(number),
        actor: Some("p1".into()),
        name: "Nguyễn Thị Mai".into(),
        address: Some("203.0.113.7".into()),
        action: "broadcast.now".into(),
        object: "/broadcasts".into(),
        details: json!({ "areas": ["31699"], "number": number }),
    }
}

struct Log {
    folder: tempfile::TempDir,
    store: Store,
    head: HeadFile,
    authority: loa_protocol::AuthorityPublicKey,
}

impl Log {
    async fn of(records: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("loa.db")).await.unwrap();
        let authority = AuthorityKey::from_seed(&[1; 32]).unwrap();
        let key = authority.certify(&[2; 32], at(-1_000), at(1_000_000)).unwrap();
        let head = HeadFile::of(folder.path());
        for number in 1..=records {
            head.note(&store.record(&entry(number)).await.unwrap(), &key);
        }
        Self { store, head, authority: authority.public_key(), folder }
    }

    async fn verdict(&self) -> Result<i64, Tampered> {
        let head = self.head.read(&self.authority, at(0))?;
        verify(&self.store, head.as_ref()).await.unwrap()
    }

    /// What somebody does who can write the file, and takes the triggers away first.
    async fn tamper(&self, sql: &'static str) {
        let file = format!("sqlite:{}", self.folder.path().join("loa.db").display());
        let mut connection = SqliteConnection::connect(&file).await.unwrap();
        for sql in ["DROP TRIGGER audit_kept", "DROP TRIGGER audit_written", sql] {
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole() {
    let log = Log::of(20).await;
    assert_eq!(log.verdict().await, Ok(20));
    assert_eq!(Log::of(0).await.verdict().await, Ok(0));
}

#[tokio::test]
async fn a_record_that_was_edited_removed_or_moved_is_found() {
    for (sql, expected) in [
        ("UPDATE audit SET name = 'Ai khác' WHERE seq = 7", Tampered::Changed(7)),
        ("UPDATE audit SET details = '{}' WHERE seq = 20", Tampered::Changed(20)),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", Tampered::Changed(1)),
        ("DELETE FROM audit WHERE seq = 5", Tampered::Missing(6)),
        ("DELETE FROM audit WHERE seq <= 2", Tampered::Missing(3)),
        ("UPDATE audit SET previous = 'x', hash = 'y' WHERE seq = 9", Tampered::Moved(9)),
    ] {
        let log = Log::of(20).await;
        log.tamper(sql).await;
        assert_eq!(log.verdict().await, Err(expected), "{sql}");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_off_at_its_end_is_found_by_its_head() {
    let log = Log::of(20).await;
    log.tamper("DELETE FROM audit WHERE seq > 15").await;
    assert_eq!(log.verdict().await, Err(Tampered::Cut { last: 15, head: 20 }));
    // A head that fits what is left is one that the broker never signed.
    std::fs::write(log.folder.path().join("audit.head"), r#"{"seq":15}"#).unwrap();
    assert!(matches!(log.verdict().await, Err(Tampered::Head(_))));
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_drop_a_record() {
    let log = Log::of(3).await;
    let file = format!("sqlite:{}", log.folder.path().join("loa.db").display());
    let mut connection = SqliteConnection::connect(&file).await.unwrap();
    for sql in ["DELETE FROM audit WHERE seq = 2", "UPDATE audit SET name = 'x' WHERE seq = 2"] {
        let error = sqlx::query(sql).execute(&mut connection).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    assert_eq!(log.verdict().await, Ok(3));
}

#[tokio::test]
async fn many_who_write_at_once_make_one_chain() {
    let log = Log::of(0).await;
    let writers = (0..8).map(|writer| {
        let store = log.store.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                store.record(&entry(writer * 10 + number)).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(verify(&log.store, None).await.unwrap(), Ok(80));
}
