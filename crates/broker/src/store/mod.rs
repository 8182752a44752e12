//! Everything the broker remembers, and the only place with SQL. One file a subject; each function is one small transaction.
//!
//! `SQLite` in write-ahead mode: readers never wait for the writer. A write is on disk when the function returns.

mod airings;
mod approvals;
mod areas;
mod audit;
mod broadcasts;
mod bulletins;
mod calendars;
mod certificates;
mod commissioning;
mod expected;
mod inbox;
mod latches;
mod lifecycle;
mod links;
mod nodes;
mod people;
mod policies;
mod programme;
mod releases;
mod reports;
mod sessions;
mod sources;
mod two_step;

use std::{path::Path, str::FromStr};

use jiff::Timestamp;
use sqlx::{
    Connection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use airings::{AiringRow, AiringStatus};
pub use approvals::{ApprovalRow, ApprovalState, Decision};
pub use areas::AreaRow;
pub use audit::{AuditRow, Entry, LogFilter};
pub use broadcasts::BroadcastRow;
pub use bulletins::{BulletinRow, ClipRow};
pub use calendars::{CalendarRow, Started};
pub use certificates::Given;
pub use commissioning::{CommissioningRow, Signed};
pub use expected::{ExpectedRow, HeardRow, SilentAiring, Standing};
pub use inbox::{InboxMove, InboxRow, InboxStatus};
pub use latches::LatchRow;
pub use links::LinkRow;
pub use nodes::{Claimed, NodeRow, PlannedNode};
pub use people::{Kind, PersonRow};
pub use policies::{Exceeder, PolicyRow};
pub use programme::{ProgrammeBulletin, ProgrammeRow};
pub use releases::{ReleaseRow, RolloutRow, Stage};
pub use reports::Heard;
pub use sessions::SessionRow;
pub use sources::SourceRow;
pub use two_step::TwoStepRow;

/// What the store can't do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Such a thing is there already; the caller chooses another name.
    #[error("it exists already")]
    Exists,
    /// It refers to something that isn't there.
    #[error("it refers to something that does not exist")]
    Dangling,
    /// The disk is full; nothing of it was kept. For the operator.
    #[error("the database's disk is full")]
    DiskFull,
    /// What is stored is not what this version writes.
    #[error("the database holds {0}, which this version does not understand")]
    Unreadable(String),
    /// The database fails: its disk, its permissions; for the operator.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
    /// The database's layout can't be brought up to date.
    #[error("database layout: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE`: the index of the write-ahead log found no room.
const FULL: [&str; 2] = ["13", "4874"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let database = error.as_database_error();
        if database.and_then(sqlx::error::DatabaseError::code).is_some_and(|code| FULL.contains(&&*code)) {
            return Self::DiskFull;
        }
        match database.map(sqlx::error::DatabaseError::kind) {
            Some(sqlx::error::ErrorKind::UniqueViolation) => Self::Exists,
            Some(sqlx::error::ErrorKind::ForeignKeyViolation) => Self::Dangling,
            _ => Self::Database(error),
        }
    }
}

/// The broker's memory.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database file, made if it isn't there, and brings its layout up to date.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Durable at each commit: a receipt that was acknowledged must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            // SQLite itself rolls back what finds no room, sqlx then can't, and would for ever take the connection for one within a
            // transaction: what it reads would grow old, and it could write nothing. Such a connection is closed.
            .after_release(|connection, _| {
                Box::pin(async move {
                    // Behind a rollback that is still to be done.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        Ok(Self { pool })
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Copies the whole database, as it is at one instant, into a new file.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let name = file.to_str().ok_or_else(|| StoreError::Unreadable(file.display().to_string()))?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await?;
        Ok(())
    }

    /// Looks at every page of the database.
    pub async fn check_whole(&self) -> Result<(), StoreError> {
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&self.pool).await?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Unreadable(verdict)) }
    }

    /// Writes everything to the one file and closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A stored instant.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Unreadable(format!("the time {micros}")))
}

fn maybe_instant(micros: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    micros.map(instant).transpose()
}

fn parsed<T: FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(format!("{text:?}")))
}

/// A name of `serde`'s kind (`snake_case` variants), as text in a column.
fn word<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        other => Err(StoreError::Unreadable(format!("{other:?}"))),
    }
}

fn from_word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_value(text.into()).map_err(|_| StoreError::Unreadable(format!("{text:?}")))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(text.chars().take(80).collect()))
}

#[cfg(test)]
mod certificates_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod programme_tests;
#[cfg(test)]
pub(crate) mod tests;
