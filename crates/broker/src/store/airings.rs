//! What becomes of a broadcast on each node: from *sent* to the outcome that the node's receipt gives.

use jiff::Timestamp;
use loa_protocol::{AiringId, AreaCode, BroadcastId, NodeId, Outcome, Reason, Receipt};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, from_word, instant, maybe_instant, micros, parsed, word};

/// How far an airing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AiringStatus {
    /// On its way to the node, which hasn't said anything of it yet.
    Sent,
    /// The node has it, and waits for its turn.
    Waiting,
    /// It sounds.
    Playing,
    /// Every frame was taken by the sound device.
    Played,
    /// Some of it was.
    Partial,
    /// A stronger item took the output.
    PreEmpted,
    /// None of it sounded.
    Missed,
    /// The node would not play it.
    Refused,
    /// Its time is over, its node is away and hasn't told yet what came of it.
    Unreported,
}

impl AiringStatus {
    /// Whether nothing more is expected.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Sent | Self::Waiting | Self::Playing | Self::Unreported)
    }
}

impl From<Outcome> for AiringStatus {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Played => Self::Played,
            Outcome::Partial => Self::Partial,
            Outcome::PreEmpted => Self::PreEmpted,
            Outcome::Missed => Self::Missed,
            Outcome::Refused => Self::Refused,
        }
    }
}

/// One airing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AiringRow {
    /// Derived: [`AiringId::derive`].
    pub id: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// On this node.
    pub node: NodeId,
    /// Where the node stood, if it has moved since.
    pub hamlet: Option<AreaCode>,
    /// How far it is.
    pub status: AiringStatus,
    /// Why, where there is more to say.
    pub reason: Option<Reason>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When its first frame sounded.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Frames that the sound device took.
    pub frames: Option<u64>,
}

impl AiringRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let reason: Option<String> = row.try_get("reason")?;
        Ok(Self {
            id: parsed(row.try_get("id")?)?,
            broadcast: parsed(row.try_get("broadcast")?)?,
            node: parsed(row.try_get("node")?)?,
            hamlet: row.try_get::<Option<&str>, _>("hamlet")?.map(parsed).transpose()?,
            status: from_word(row.try_get("status")?)?,
            reason: reason.as_deref().map(from_word).transpose()?,
            sent_at: instant(row.try_get("sent_at")?)?,
            started_at: maybe_instant(row.try_get("started_at")?)?,
            ended_at: maybe_instant(row.try_get("ended_at")?)?,
            frames: row.try_get::<Option<i64>, _>("frames")?.map(i64::unsigned_abs),
        })
    }

    pub(super) async fn insert(&self, tx: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO airings (id, broadcast, node, status, sent_at) VALUES (?, ?, ?, ?, ?)")
            .bind(self.id.as_str())
            .bind(self.broadcast.as_str())
            .bind(self.node.as_str())
            .bind(word(&self.status)?)
            .bind(micros(self.sent_at))
            .execute(tx)
            .await?;
        Ok(())
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, broadcast, node, hamlet, status, reason, sent_at, started_at, ended_at, frames FROM airings ",
            $rest
        )
    };
}

impl Store {
    /// A broadcast's airings.
    pub async fn airings(&self, broadcast: &BroadcastId) -> Result<Vec<AiringRow>, StoreError> {
        let rows = sqlx::query(select!("WHERE broadcast = ? ORDER BY node"))
            .bind(broadcast.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(AiringRow::read).collect()
    }

    /// One airing.
    pub async fn airing(&self, id: &AiringId) -> Result<Option<AiringRow>, StoreError> {
        let row = sqlx::query(select!("WHERE id = ?")).bind(id.as_str()).fetch_optional(&self.pool).await?;
        row.as_ref().map(AiringRow::read).transpose()
    }

    /// The node says the airing sounds, or waits. An outcome that is already there stays; so does *playing* when a late *waiting* comes.
    /// Whether anything changed.
    pub async fn airing_progress(
        &self,
        id: &AiringId,
        node: &NodeId,
        status: AiringStatus,
        started_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE airings SET status = ?, started_at = coalesce(?, started_at)
             WHERE id = ? AND node = ? AND (status = 'sent' OR (status = 'waiting' AND ? = 'playing'))",
        )
        .bind(word(&status)?)
        .bind(started_at.map(micros))
        .bind(id.as_str())
        .bind(node.as_str())
        .bind(word(&status)?)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Keeps receipts of one node, all or none. The first receipt of an airing stands, over anything the broker had guessed. Returns the
    /// airings that changed. A receipt of an airing that isn't this node's changes nothing. One of an airing by timetable that isn't written
    /// down (the broker was away at its start, or the node held an older plan) is written down by it, unless it was not heard and had been
    /// taken out of the programme.
    pub async fn keep_receipts(
        &self,
        node: &NodeId,
        receipts: &[Receipt],
    ) -> Result<Vec<AiringId>, StoreError> {
        let mut changed = Vec::new();
        let mut tx = self.pool.begin().await?;
        for receipt in receipts {
            let done = sqlx::query(
                "UPDATE airings SET status = ?, reason = ?, started_at = ?, ended_at = ?, frames = ?, settled = 1
                 WHERE id = ? AND node = ? AND settled = 0",
            )
            .bind(word(&AiringStatus::from(receipt.outcome))?)
            .bind(receipt.reason.as_ref().map(word).transpose()?)
            .bind(receipt.started_at.map(micros))
            .bind(micros(receipt.ended_at))
            .bind(receipt.frames.cast_signed())
            .bind(receipt.airing.as_str())
            .bind(node.as_str())
            .execute(&mut *tx)
            .await?;
            if done.rows_affected() > 0 || insert_receipt(&mut tx, node, receipt).await? {
                changed.push(receipt.airing.clone());
            }
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Airings at once without a receipt whose broadcast expired before `expired_before`. What hadn't begun is *missed*; what was said to sound is
    /// *partial* once its clip must be over too. Either way for the silence of its node, until a receipt says better. Returns them.
    pub async fn give_up_silent(
        &self,
        expired_before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<AiringId>, StoreError> {
        // 48 frames a millisecond, 1000 microseconds: 125 / 6.
        let rows = sqlx::query(
            "UPDATE airings SET status = CASE status WHEN 'playing' THEN 'partial' ELSE 'missed' END, reason = ?, ended_at = ?
             WHERE status IN ('sent', 'waiting', 'playing') AND start_at IS NULL AND broadcast IN (
               SELECT b.id FROM broadcasts b JOIN bulletins m ON m.id = b.bulletin JOIN clips c ON c.hash = m.clip
               WHERE b.expires_at < ? - CASE airings.status WHEN 'playing' THEN c.frames * 125 / 6 ELSE 0 END)
             RETURNING id",
        )
        .bind(word(&Reason::NodeSilent)?)
        .bind(micros(now))
        .bind(micros(expired_before))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| parsed(row.try_get("id")?)).collect()
    }
}

/// Writes down an airing by timetable that nobody expected, by its receipt; whether it is one and new.
async fn insert_receipt(
    tx: &mut SqliteConnection,
    node: &NodeId,
    receipt: &Receipt,
) -> Result<bool, StoreError> {
    let Some(start) = receipt.start else { return Ok(false) };
    if AiringId::derive(&receipt.broadcast, node, start) != receipt.airing {
        return Ok(false);
    }
    let done = sqlx::query(
        "INSERT INTO airings (id, broadcast, node, status, reason, settled, sent_at, start_at, expires_at, started_at, ended_at, frames)
         SELECT ?, b.id, n.id, ?, ?, 1, ?, ?, ? + b.catch_up_s * 1000000, ?, ?, ?
         FROM broadcasts b JOIN nodes n ON n.id = ? WHERE b.id = ? AND b.timetable IS NOT NULL
           AND (? > 0 OR b.retired_at IS NULL OR b.retired_at > ?)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(receipt.airing.as_str())
    .bind(word(&AiringStatus::from(receipt.outcome))?)
    .bind(receipt.reason.as_ref().map(word).transpose()?)
    .bind(micros(start))
    .bind(micros(start))
    .bind(micros(start))
    .bind(receipt.started_at.map(micros))
    .bind(micros(receipt.ended_at))
    .bind(receipt.frames.cast_signed())
    .bind(node.as_str())
    .bind(receipt.broadcast.as_str())
    .bind(receipt.frames.cast_signed())
    .bind(micros(start))
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}
