//! Secret addresses of calendar feeds.

use jiff::Timestamp;
use loa_protocol::AreaCode;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, instant, micros, parsed};

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
}
