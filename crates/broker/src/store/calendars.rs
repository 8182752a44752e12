//! Secret addresses of calendar feeds.

use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, Class};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, from_word, instant, micros, parsed};

/// A calendar feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRow {
    /// Random.
    pub id: String,
    /// The area whose programme it shows.
    pub area: AreaCode,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: a person's id, and what others see of them.
    pub created_by: (String, String),
}

/// A start of a broadcast in one hamlet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// Its nominal start.
    pub start: Timestamp,
    /// Title of the bulletin.
    pub title: String,
    /// Class of the bulletin.
    pub class: Class,
    /// How long the clip is, milliseconds.
    pub duration_ms: u64,
    /// Where.
    pub hamlet: AreaCode,
}

impl CalendarRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            area: parsed(row.try_get("area")?)?,
            created_at: instant(row.try_get("created_at")?)?,
            created_by: (row.try_get("created_by")?, row.try_get("display_name")?),
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.area, c.created_at, c.created_by, p.display_name FROM calendars c JOIN people p ON p.id = c.created_by ",
            $rest
        )
    };
}

impl Store {
    /// Adds a feed. [`StoreError::Dangling`] when its area isn't there.
    pub async fn add_calendar(&self, calendar: &CalendarRow, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO calendars (id, token_hash, area, created_at, created_by) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&calendar.id)
        .bind(token_hash)
        .bind(calendar.area.as_str())
        .bind(micros(calendar.created_at))
        .bind(&calendar.created_by.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Feeds that work, newest first.
    pub async fn calendars(&self) -> Result<Vec<CalendarRow>, StoreError> {
        let rows = sqlx::query(select!("WHERE c.revoked_at IS NULL ORDER BY c.created_at DESC, c.id"))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(CalendarRow::read).collect()
    }

    /// The feed of this address, if it works.
    pub async fn calendar_of_token(&self, token_hash: &str) -> Result<Option<CalendarRow>, StoreError> {
        let row = sqlx::query(select!("WHERE c.token_hash = ? AND c.revoked_at IS NULL"))
            .bind(token_hash)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(CalendarRow::read).transpose()
    }

    /// Makes an address useless; whether it worked before.
    pub async fn revoke_calendar(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE calendars SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(micros(now))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// What started in `from..to` in the hamlets of an area, by timetable or at once; each start once a hamlet.
    pub async fn started(
        &self,
        area: &AreaCode,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Started>, StoreError> {
        let rows = sqlx::query(
            "WITH RECURSIVE within (code) AS (
               SELECT code FROM areas WHERE code = ? UNION SELECT a.code FROM areas a JOIN within w ON a.parent = w.code)
             SELECT DISTINCT a.broadcast, COALESCE(a.start_at, b.created_at) AS start, m.title, m.class, c.frames,
               COALESCE(a.hamlet, n.hamlet) AS hamlet
             FROM airings a JOIN broadcasts b ON b.id = a.broadcast JOIN bulletins m ON m.id = b.bulletin
               JOIN clips c ON c.hash = m.clip JOIN nodes n ON n.id = a.node
             WHERE COALESCE(a.hamlet, n.hamlet) IN (SELECT code FROM within)
               AND ((a.start_at >= ? AND a.start_at < ?) OR (a.start_at IS NULL AND a.sent_at >= ? AND a.sent_at < ?))
             ORDER BY start, a.broadcast, COALESCE(a.hamlet, n.hamlet)",
        )
        .bind(area.as_str())
        .bind(micros(from))
        .bind(micros(to))
        .bind(micros(from))
        .bind(micros(to))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &SqliteRow| {
            Ok(Started {
                broadcast: parsed(row.try_get("broadcast")?)?,
                start: instant(row.try_get("start")?)?,
                title: row.try_get("title")?,
                class: from_word(row.try_get("class")?)?,
                duration_ms: row.try_get::<i64, _>("frames")?.unsigned_abs().div_ceil(48),
                hamlet: parsed(row.try_get("hamlet")?)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
