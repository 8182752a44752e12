//! What came from above, and what was decided of it.

use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, Class};
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    BulletinRow, Store, StoreError, bulletins::insert_bulletin, from_json, from_word, instant, json,
    maybe_instant, micros, parsed, word,
};

/// How far an item from above is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboxStatus {
    /// For a person to decide.
    Waiting,
    /// In the programme, by the broker.
    Queued,
    /// In the programme, by a person.
    Scheduled,
    /// On air, or it was.
    Aired,
    /// A person said no.
    Declined,
    /// Its time passed and nothing of it sounded.
    Expired,
}

impl InboxStatus {
    /// Whether more will come of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Queued | Self::Scheduled)
    }
}

/// An item from above. What its bulletin says is repeated here, so that a list is one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Random.
    pub id: String,
    /// Who sent it: a source's id, and what people call it.
    pub source: (String, String),
    /// The person that stands in the records of what its source airs.
    pub sender: String,
    /// The sender's name for it.
    pub reference: String,
    /// Its bulletin's id.
    pub bulletin: String,
    /// Its bulletin's class.
    pub class: Class,
    /// Where it is meant to sound.
    pub areas: Vec<AreaCode>,
    /// When it came.
    pub received_at: Timestamp,
    /// It must not begin from then on.
    pub expires_at: Option<Timestamp>,
    /// How far it is.
    pub status: InboxStatus,
    /// What airs it.
    pub broadcast: Option<BroadcastId>,
    /// When a person decided.
    pub decided_at: Option<Timestamp>,
    /// Who: a person's id, and what others see of them.
    pub decided_by: Option<(String, String)>,
    /// Why it was declined.
    pub remark: Option<String>,
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy)]
pub struct InboxMove<'a> {
    /// It is this from now on.
    pub status: InboxStatus,
    /// What airs it; what was there stays when there is none.
    pub broadcast: Option<&'a BroadcastId>,
    /// The person who decided it, and when; nobody when the rules did.
    pub decided: Option<(&'a str, Timestamp)>,
    /// Why.
    pub remark: Option<&'a str>,
}

impl InboxMove<'_> {
    /// Nothing but another status.
    pub fn to(status: InboxStatus) -> Self {
        Self { status, broadcast: None, decided: None, remark: None }
    }
}

impl InboxRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let broadcast: Option<String> = row.try_get("broadcast")?;
        let decider: Option<String> = row.try_get("decided_by")?;
        Ok(Self {
            id: row.try_get("id")?,
            source: (row.try_get("source")?, row.try_get("source_name")?),
            sender: row.try_get("sender")?,
            reference: row.try_get("reference")?,
            bulletin: row.try_get("bulletin")?,
            class: from_word(row.try_get("class")?)?,
            areas: from_json(row.try_get("areas")?)?,
            received_at: instant(row.try_get("received_at")?)?,
            expires_at: maybe_instant(row.try_get("expires_at")?)?,
            status: from_word(row.try_get("status")?)?,
            broadcast: broadcast.as_deref().map(parsed).transpose()?,
            decided_at: maybe_instant(row.try_get("decided_at")?)?,
            decided_by: decider
                .map(|id| Ok::<_, StoreError>((id, row.try_get("display_name")?)))
                .transpose()?,
            remark: row.try_get("remark")?,
        })
    }

    /// Whether its time is over.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.source, s.name AS source_name, s.person AS sender, i.reference, i.bulletin, b.class, i.areas, i.received_at, i.expires_at, ",
            "i.status, i.broadcast, i.decided_at, i.decided_by, p.display_name, i.remark ",
            "FROM inbox i JOIN sources s ON s.id = i.source JOIN bulletins b ON b.id = i.bulletin ",
            "LEFT JOIN people p ON p.id = i.decided_by ",
            $rest
        )
    };
}

impl Store {
    /// Keeps an item that came, with its bulletin, in one commit. [`StoreError::Exists`] when its source sent this reference before.
    pub async fn add_inbox_item(&self, item: &InboxRow, bulletin: &BulletinRow) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        insert_bulletin(&mut tx, bulletin).await?;
        sqlx::query(
            "INSERT INTO inbox (id, source, reference, bulletin, areas, received_at, expires_at, status)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&item.id)
        .bind(&item.source.0)
        .bind(&item.reference)
        .bind(&item.bulletin)
        .bind(json(&item.areas)?)
        .bind(micros(item.received_at))
        .bind(item.expires_at.map(micros))
        .bind(word(&item.status)?)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// One item.
    pub async fn inbox_item(&self, id: &str) -> Result<Option<InboxRow>, StoreError> {
        let row = sqlx::query(select!("WHERE i.id = ?")).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(InboxRow::read).transpose()
    }

    /// The item that a source sent by this reference.
    pub async fn inbox_by_reference(
        &self,
        source: &str,
        reference: &str,
    ) -> Result<Option<InboxRow>, StoreError> {
        let row = sqlx::query(select!("WHERE i.source = ? AND i.reference = ?"))
            .bind(source)
            .bind(reference)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(InboxRow::read).transpose()
    }

    /// The newest items.
    pub async fn inbox(&self, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
        let rows = sqlx::query(select!("ORDER BY i.received_at DESC, i.id LIMIT ?"))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(InboxRow::read).collect()
    }

    /// Items of which more will come, in the order they came.
    pub async fn open_inbox(&self) -> Result<Vec<InboxRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE i.status IN ('waiting', 'queued', 'scheduled') ORDER BY i.received_at, i.id"
        ))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(InboxRow::read).collect()
    }

    /// Moves an item on, if it still is what the decision was made of; whether it was.
    pub async fn move_inbox_item(
        &self,
        id: &str,
        from: InboxStatus,
        to: &InboxMove<'_>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE inbox SET status = ?, broadcast = COALESCE(?, broadcast), decided_at = COALESCE(?, decided_at),
               decided_by = COALESCE(?, decided_by), remark = COALESCE(?, remark)
             WHERE id = ? AND status = ?",
        )
        .bind(word(&to.status)?)
        .bind(to.broadcast.map(BroadcastId::as_str))
        .bind(to.decided.map(|(_, at)| micros(at)))
        .bind(to.decided.map(|(person, _)| person))
        .bind(to.remark)
        .bind(id)
        .bind(word(&from)?)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// What airs an item, newest first: what the item itself names may have been cut short.
    pub async fn broadcast_of_item(&self, item: &str) -> Result<Option<BroadcastId>, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM broadcasts WHERE inbox_item = ? AND retired_at IS NULL ORDER BY created_at DESC LIMIT 1",
        )
        .bind(item)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| parsed(row.try_get("id")?)).transpose()
    }

    /// Who took an entry out of the programme: a person's id.
    pub async fn retired_by(&self, broadcast: &BroadcastId) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT retired_by FROM broadcasts WHERE id = ?").bind(broadcast.as_str());
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("retired_by")).transpose()?.flatten())
    }
}
