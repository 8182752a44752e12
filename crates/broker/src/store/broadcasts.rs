//! Orders to put a bulletin on air at once. Those by timetable are in `programme`.

use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, NodeId};
use sqlx::{Row, sqlite::SqliteRow};

use super::{AiringRow, Store, StoreError, from_json, instant, json, maybe_instant, micros, parsed};

/// A broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadcastRow {
    /// Random.
    pub id: BroadcastId,
    /// The bulletin's id.
    pub bulletin: String,
    /// Where it was sent.
    pub areas: Vec<AreaCode>,
    /// Only to this node of them.
    pub node: Option<NodeId>,
    /// When; also the nominal start of its airings.
    pub created_at: Timestamp,
    /// Who sent it: a person's id, and what others see of them.
    pub created_by: (String, String),
    /// No airing of it begins from then on.
    pub expires_at: Timestamp,
    /// The sender's name for the intent, so that a second tap is not a second broadcast.
    pub idempotency_key: Option<String>,
    /// When MQTT had all of it; none when that was cut short and must be done again.
    pub dispatched_at: Option<Timestamp>,
    /// When a person stopped it.
    pub stopped_at: Option<Timestamp>,
    /// The item from above that it airs.
    pub inbox_item: Option<String>,
}

impl BroadcastRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row.try_get("id")?)?,
            bulletin: row.try_get("bulletin")?,
            areas: from_json(row.try_get("areas")?)?,
            node: row.try_get::<Option<&str>, _>("node")?.map(parsed).transpose()?,
            created_at: instant(row.try_get("created_at")?)?,
            created_by: (row.try_get("created_by")?, row.try_get("display_name")?),
            expires_at: instant(row.try_get("expires_at")?)?,
            idempotency_key: row.try_get("idempotency_key")?,
            dispatched_at: maybe_instant(row.try_get("dispatched_at")?)?,
            stopped_at: maybe_instant(row.try_get("stopped_at")?)?,
            inbox_item: row.try_get("inbox_item")?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.bulletin, b.areas, b.node, b.created_at, b.created_by, p.display_name, b.expires_at, ",
            "b.idempotency_key, b.dispatched_at, b.stopped_at, b.inbox_item FROM broadcasts b JOIN people p ON p.id = b.created_by ",
            $rest
        )
    };
}

impl Store {
    /// Adds a broadcast with all its airings, in one commit. [`StoreError::Exists`] when its sender used the key before.
    pub async fn add_broadcast(
        &self,
        broadcast: &BroadcastRow,
        airings: &[AiringRow],
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO broadcasts (id, bulletin, areas, node, created_at, created_by, expires_at, idempotency_key, inbox_item)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(broadcast.id.as_str())
        .bind(&broadcast.bulletin)
        .bind(json(&broadcast.areas)?)
        .bind(broadcast.node.as_ref().map(NodeId::as_str))
        .bind(micros(broadcast.created_at))
        .bind(&broadcast.created_by.0)
        .bind(micros(broadcast.expires_at))
        .bind(&broadcast.idempotency_key)
        .bind(&broadcast.inbox_item)
        .execute(&mut *tx)
        .await?;
        for airing in airings {
            airing.insert(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// One broadcast.
    pub async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRow>, StoreError> {
        let row = sqlx::query(select!("WHERE b.id = ? AND b.timetable IS NULL"))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(BroadcastRow::read).transpose()
    }

    /// What a broadcast says, by timetable or not: the bulletin's id.
    pub async fn bulletin_of(&self, id: &BroadcastId) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT bulletin FROM broadcasts WHERE id = ?").bind(id.as_str());
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("bulletin")).transpose()?)
    }

    /// The title of what a broadcast says.
    pub async fn title_of(&self, id: &BroadcastId) -> Result<Option<String>, StoreError> {
        let title = sqlx::query(
            "SELECT m.title FROM broadcasts b JOIN bulletins m ON m.id = b.bulletin WHERE b.id = ?",
        );
        let row = title.bind(id.as_str()).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("title")).transpose()?)
    }

    /// The broadcast that a person sent under this key.
    pub async fn broadcast_by_key(
        &self,
        person: &str,
        key: &str,
    ) -> Result<Option<BroadcastRow>, StoreError> {
        let row =
            sqlx::query(select!("WHERE b.created_by = ? AND b.idempotency_key = ? AND b.timetable IS NULL"))
                .bind(person)
                .bind(key)
                .fetch_optional(&self.pool)
                .await?;
        row.as_ref().map(BroadcastRow::read).transpose()
    }

    /// The newest broadcasts made before an instant.
    pub async fn broadcasts(&self, before: Timestamp, limit: u32) -> Result<Vec<BroadcastRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE b.created_at < ? AND b.timetable IS NULL ORDER BY b.created_at DESC, b.id LIMIT ?"
        ))
        .bind(micros(before))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(BroadcastRow::read).collect()
    }

    /// MQTT has all of it.
    pub async fn broadcast_dispatched(&self, id: &BroadcastId, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE broadcasts SET dispatched_at = ? WHERE id = ?")
            .bind(micros(now))
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Broadcasts whose dispatch was cut short and which may still begin. Those made from `made_before` on are left to whoever makes them.
    pub async fn undispatched(
        &self,
        now: Timestamp,
        made_before: Timestamp,
    ) -> Result<Vec<BroadcastRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE b.timetable IS NULL AND b.dispatched_at IS NULL AND b.stopped_at IS NULL AND b.expires_at > ? AND b.created_at < ?"
        ))
        .bind(micros(now))
        .bind(micros(made_before))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(BroadcastRow::read).collect()
    }

    /// Broadcasts that may still begin somewhere, and have an airing that nothing was heard of since it was sent.
    pub async fn unheard(&self, now: Timestamp) -> Result<Vec<BroadcastRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE b.timetable IS NULL AND b.expires_at > ? AND EXISTS (SELECT 1 FROM airings a WHERE a.broadcast = b.id AND a.status = 'sent')
             ORDER BY b.created_at, b.id"
        ))
        .bind(micros(now))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(BroadcastRow::read).collect()
    }

    /// A person stopped it.
    pub async fn broadcast_stopped(&self, id: &BroadcastId, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE broadcasts SET stopped_at = coalesce(stopped_at, ?) WHERE id = ?")
            .bind(micros(now))
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
