//! *Dừng tất cả*: who stopped which area when, and who released it. Nothing here is ever deleted.

use jiff::Timestamp;
use loa_protocol::AreaCode;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, instant, maybe_instant, micros, parsed};

/// A stop that stays until it is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatchRow {
    /// Random.
    pub id: String,
    /// The area.
    pub area: AreaCode,
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it: a person's id, and what others see of them.
    pub set_by: (String, String),
    /// When it was released, and by whom.
    pub released: Option<(Timestamp, (String, String))>,
}

impl LatchRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let released = match maybe_instant(row.try_get("released_at")?)? {
            Some(at) => Some((at, (row.try_get("released_by")?, row.try_get("releaser")?))),
            None => None,
        };
        Ok(Self {
            id: row.try_get("id")?,
            area: parsed(row.try_get("area")?)?,
            since: instant(row.try_get("since")?)?,
            set_by: (row.try_get("set_by")?, row.try_get("display_name")?),
            released,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.area, l.since, l.set_by, p.display_name, l.released_at, l.released_by, r.display_name AS releaser ",
            "FROM latches l JOIN people p ON p.id = l.set_by LEFT JOIN people r ON r.id = l.released_by ",
            $rest
        )
    };
}

impl Store {
    /// Latches areas, all or none. One that is latched already gets a second, newer latch, and the older is released by it.
    pub async fn latch(&self, latches: &[LatchRow]) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for latch in latches {
            sqlx::query(
                "UPDATE latches SET released_at = ?, released_by = ? WHERE area = ? AND released_at IS NULL",
            )
            .bind(micros(latch.since))
            .bind(&latch.set_by.0)
            .bind(latch.area.as_str())
            .execute(&mut *tx)
            .await?;
            sqlx::query("INSERT INTO latches (id, area, since, set_by) VALUES (?, ?, ?, ?)")
                .bind(&latch.id)
                .bind(latch.area.as_str())
                .bind(micros(latch.since))
                .bind(&latch.set_by.0)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Latches that nobody has released, oldest first.
    pub async fn open_latches(&self) -> Result<Vec<LatchRow>, StoreError> {
        let rows = sqlx::query(select!("WHERE l.released_at IS NULL ORDER BY l.since, l.area, l.id"))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(LatchRow::read).collect()
    }

    /// One latch, released or not.
    pub async fn latch_by_id(&self, id: &str) -> Result<Option<LatchRow>, StoreError> {
        let row = sqlx::query(select!("WHERE l.id = ?")).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(LatchRow::read).transpose()
    }

    /// Releases a latch; whether it was open.
    pub async fn release_latch(&self, id: &str, person: &str, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE latches SET released_at = ?, released_by = ? WHERE id = ? AND released_at IS NULL",
        )
        .bind(micros(now))
        .bind(person)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}
