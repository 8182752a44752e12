//! What was heard, added up.

use std::collections::BTreeMap;

use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, Class};
use sqlx::Row;

use super::{AiringStatus, Store, StoreError, from_word, micros, parsed};

/// Airings of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Where.
    pub hamlet: AreaCode,
    /// Class of the bulletins.
    pub class: Class,
    /// What came of them.
    pub status: AiringStatus,
    /// How many.
    pub airings: u64,
    /// Frames that sound devices took, at 48 kHz.
    pub frames: u64,
}

impl Store {
    /// The airings on the nodes of an area and of those within whose nominal start is in `from..to`.
    pub async fn heard_in(
        &self,
        area: &AreaCode,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Heard>, StoreError> {
        let rows = sqlx::query(
            "WITH RECURSIVE within (code) AS (
               SELECT code FROM areas WHERE code = ? UNION SELECT a.code FROM areas a JOIN within w ON a.parent = w.code)
             SELECT COALESCE(a.hamlet, n.hamlet) AS place, m.class, a.status, COUNT(*) AS airings, CAST(COALESCE(SUM(a.frames), 0) AS BIGINT) AS frames
             FROM airings a JOIN broadcasts b ON b.id = a.broadcast JOIN bulletins m ON m.id = b.bulletin
               JOIN nodes n ON n.id = a.node
             WHERE COALESCE(a.hamlet, n.hamlet) IN (SELECT code FROM within)
               AND COALESCE(a.start_at, b.created_at) >= ? AND COALESCE(a.start_at, b.created_at) < ?
             GROUP BY COALESCE(a.hamlet, n.hamlet), m.class, a.status ORDER BY place",
        )
        .bind(area.as_str())
        .bind(micros(from))
        .bind(micros(to))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Heard {
                hamlet: parsed(row.try_get("place")?)?,
                class: from_word(row.try_get("class")?)?,
                status: from_word(row.try_get("status")?)?,
                airings: row.try_get::<i64, _>("airings")?.unsigned_abs(),
                frames: row.try_get::<i64, _>("frames")?.unsigned_abs(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// How many airings of a broadcast stand where.
    pub async fn outcomes(&self, broadcast: &BroadcastId) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT status, COUNT(*) AS airings FROM airings WHERE broadcast = ? GROUP BY status",
        )
        .bind(broadcast.as_str())
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok((row.try_get("status")?, row.try_get::<i64, _>("airings")?.unsigned_abs()))
        };
        rows.iter().map(read).collect()
    }
}
