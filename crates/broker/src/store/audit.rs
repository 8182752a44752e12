//! The audit log: appended to, never changed. What makes a chain of it is in [`crate::audit`].

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use utoipa::ToSchema;

use super::{Store, StoreError, from_json, instant, json, micros};
use crate::audit::link;

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// A person's or a source's id, if it was one.
    pub actor: Option<String>,
    /// What others see of whoever did it.
    pub name: String,
    /// Where it came from.
    pub address: Option<String>,
    /// What was done, by a stable name.
    pub action: String,
    /// To what.
    pub object: String,
    /// More of it; never a secret.
    pub details: Value,
}

/// A record, as it is in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditRow {
    /// Its number, from 1 on without a gap.
    pub seq: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Id of the person or source that did it; absent: the broker itself, a node, or its command line.
    pub actor: Option<String>,
    /// What others saw of whoever did it.
    pub name: String,
    /// Where it came from.
    pub address: Option<String>,
    /// What was done.
    pub action: String,
    /// To what: a path of this API.
    pub object: String,
    /// More of it.
    #[schema(value_type = Object)]
    pub details: Value,
    /// Hash of the record before.
    pub previous: String,
    /// SHA-256 of this record.
    pub hash: String,
}

/// Which records are looked for; all of them when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Of this person or source.
    pub actor: Option<String>,
    /// Of this action, done or refused.
    pub action: Option<String>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Option<Timestamp>,
}

impl AuditRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.try_get("seq")?,
            at: instant(row.try_get("at")?)?,
            actor: row.try_get("actor")?,
            name: row.try_get("name")?,
            address: row.try_get("address")?,
            action: row.try_get("action")?,
            object: row.try_get("object")?,
            details: from_json(row.try_get("details")?)?,
            previous: row.try_get("previous")?,
            hash: row.try_get("hash")?,
        })
    }
}

impl Store {
    /// Appends a record to the chain, durably; gives it.
    pub async fn record(&self, entry: &Entry) -> Result<AuditRow, StoreError> {
        // The writer's lock from the beginning: nobody comes between the last record and this one.
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&mut *work)
            .await?;
        let (seq, previous) = match last {
            Some(row) => (row.try_get::<i64, _>("seq")? + 1, row.try_get("hash")?),
            None => (1, String::new()),
        };
        let row = link(entry, seq, previous);
        sqlx::query(
            "INSERT INTO audit (seq, at, actor, name, address, action, object, details, previous, hash)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(row.seq)
        .bind(micros(row.at))
        .bind(&row.actor)
        .bind(&row.name)
        .bind(&row.address)
        .bind(&row.action)
        .bind(&row.object)
        .bind(json(&row.details)?)
        .bind(&row.previous)
        .bind(&row.hash)
        .execute(&mut *work)
        .await?;
        work.commit().await?;
        Ok(row)
    }

    /// Records in order, from a number on.
    pub async fn audit_from(&self, seq: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?")
            .bind(seq)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(AuditRow::read).collect()
    }

    /// The newest records before a number, newest first.
    pub async fn audit_before(
        &self,
        seq: i64,
        filter: &LogFilter,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM audit WHERE seq < ? AND (? IS NULL OR actor = ?)
             AND (? IS NULL OR action = ? OR action = ? || '.refused')
             AND (? IS NULL OR at >= ?) AND (? IS NULL OR at < ?) ORDER BY seq DESC LIMIT ?",
        )
        .bind(seq)
        .bind(&filter.actor)
        .bind(&filter.actor)
        .bind(&filter.action)
        .bind(&filter.action)
        .bind(&filter.action)
        .bind(filter.from.map(micros))
        .bind(filter.from.map(micros))
        .bind(filter.to.map(micros))
        .bind(filter.to.map(micros))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(AuditRow::read).collect()
    }
}
