//! Airings by timetable: written down when their nominal start comes, given up when nothing comes of them, and counted by day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use loa_protocol::{AiringId, AreaCode, BroadcastId, Class, NodeId, Reason};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::{AiringStatus, Store, StoreError, from_word, instant, maybe_instant, micros, parsed, word};

/// Rows in one statement.
const ROWS: usize = 500;
/// The mark until which airings were written down.
const EXPECTED_UNTIL: &str = "expected_until";

/// An airing whose nominal start has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRow {
    /// Derived: [`AiringId::derive`].
    pub id: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// On this node.
    pub node: NodeId,
    /// Its nominal start.
    pub start_at: Timestamp,
    /// It may not begin from then on.
    pub expires_at: Timestamp,
}

/// An airing by timetable that nothing came of in its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentAiring {
    /// Itself.
    pub id: AiringId,
    /// Its node.
    pub node: NodeId,
    /// How far it is said to be.
    pub status: AiringStatus,
}

/// One airing, with what a day's account needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardRow {
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Title of the bulletin.
    pub title: String,
    /// Class of the bulletin.
    pub class: Class,
    /// How long the clip is, milliseconds.
    pub duration_ms: u64,
    /// Its nominal start.
    pub start_at: Timestamp,
    /// The node.
    pub node: NodeId,
    /// What people call the node.
    pub node_name: String,
    /// Where the node stands.
    pub hamlet: AreaCode,
    /// What came of it.
    pub status: AiringStatus,
    /// Why.
    pub reason: Option<Reason>,
    /// When it began to sound.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

impl HeardRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let reason: Option<String> = row.try_get("reason")?;
        Ok(Self {
            broadcast: parsed(row.try_get("broadcast")?)?,
            title: row.try_get("title")?,
            class: from_word(row.try_get("class")?)?,
            duration_ms: row.try_get::<i64, _>("frames")?.unsigned_abs().div_ceil(48),
            start_at: instant(row.try_get("start")?)?,
            node: parsed(row.try_get("node")?)?,
            node_name: row.try_get("name")?,
            hamlet: parsed(row.try_get("hamlet")?)?,
            status: from_word(row.try_get("status")?)?,
            reason: reason.as_deref().map(from_word).transpose()?,
            started_at: maybe_instant(row.try_get("started_at")?)?,
            ended_at: maybe_instant(row.try_get("ended_at")?)?,
        })
    }
}

/// How airings of one start stand: by hamlet and status, how many.
pub type Standing = BTreeMap<(BroadcastId, Timestamp), Vec<(AreaCode, AiringStatus, u32)>>;

impl Store {
    /// Until when airings by timetable were written down; none before the first time.
    pub async fn expected_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT at FROM marks WHERE name = ?")
            .bind(EXPECTED_UNTIL)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| instant(row.try_get("at")?)).transpose()
    }

    /// Writes airings down, and that all that start before `until` are; both or neither. Those that are there already stay as they are.
    pub async fn expect_airings(
        &self,
        airings: &[ExpectedRow],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sent = word(&AiringStatus::Sent)?;
        let mut tx = self.pool.begin().await?;
        for chunk in airings.chunks(ROWS) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO airings (id, broadcast, node, status, sent_at, start_at, expires_at) ",
            );
            insert.push_values(chunk, |mut values, airing| {
                values
                    .push_bind(airing.id.as_str())
                    .push_bind(airing.broadcast.as_str())
                    .push_bind(airing.node.as_str())
                    .push_bind(&sent)
                    .push_bind(micros(now))
                    .push_bind(micros(airing.start_at))
                    .push_bind(micros(airing.expires_at));
            });
            insert.push(" ON CONFLICT (id) DO NOTHING");
            insert.build().execute(&mut *tx).await?;
        }
        sqlx::query(
            "INSERT INTO marks (name, at) VALUES (?, ?)
             ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE marks.at < excluded.at",
        )
        .bind(EXPECTED_UNTIL)
        .bind(micros(until))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Airings by timetable without a receipt that could not begin any more at `expired_before`, nor, if they were said to sound, still
    /// sound then.
    pub async fn silent_airings(&self, expired_before: Timestamp) -> Result<Vec<SilentAiring>, StoreError> {
        // 48 frames a millisecond, 1000 microseconds: 125 / 6.
        let rows = sqlx::query(
            "SELECT a.id, a.node, a.status FROM airings a JOIN broadcasts b ON b.id = a.broadcast
             JOIN bulletins m ON m.id = b.bulletin JOIN clips c ON c.hash = m.clip
             WHERE a.status IN ('sent', 'waiting', 'playing') AND a.start_at IS NOT NULL AND a.sent_at < ?
               AND a.expires_at < ? - CASE a.status WHEN 'playing' THEN c.frames * 125 / 6 ELSE 0 END",
        )
        .bind(micros(expired_before))
        .bind(micros(expired_before))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &SqliteRow| {
            Ok(SilentAiring {
                id: parsed(row.try_get("id")?)?,
                node: parsed(row.try_get("node")?)?,
                status: from_word(row.try_get("status")?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Gives these up: *unreported* for the nodes that are away, otherwise *missed*, or *partial* if it was said to sound, for the silence
    /// of its node. One that has a receipt by now keeps it. A receipt that comes later replaces any of these.
    pub async fn give_up(&self, silent: &[(SilentAiring, bool)], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for (airing, away) in silent {
            let (status, reason) = match (away, airing.status) {
                (true, _) => (AiringStatus::Unreported, None),
                (false, AiringStatus::Playing) => (AiringStatus::Partial, Some(Reason::NodeSilent)),
                (false, _) => (AiringStatus::Missed, Some(Reason::NodeSilent)),
            };
            sqlx::query(
                "UPDATE airings SET status = ?, reason = ?, ended_at = ?
                 WHERE id = ? AND settled = 0 AND status IN ('sent', 'waiting', 'playing')",
            )
            .bind(word(&status)?)
            .bind(reason.as_ref().map(word).transpose()?)
            .bind((!*away).then_some(micros(now)))
            .bind(airing.id.as_str())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Airings still unreported that expired before `expired_before` are *missed* for good; how many.
    pub async fn give_up_unreported(
        &self,
        expired_before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE airings SET status = 'missed', reason = ?, ended_at = ?
             WHERE status = 'unreported' AND settled = 0 AND expires_at < ?",
        )
        .bind(word(&Reason::NodeSilent)?)
        .bind(micros(now))
        .bind(micros(expired_before))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// All airings that nominally start in `from..to`, by timetable or at once, by start.
    pub async fn heard(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HeardRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.broadcast, m.title, m.class, c.frames, coalesce(a.start_at, b.created_at) AS start, a.node, n.name,
               coalesce(a.hamlet, n.hamlet) AS hamlet,
               a.status, a.reason, a.started_at, a.ended_at
             FROM airings a JOIN broadcasts b ON b.id = a.broadcast JOIN bulletins m ON m.id = b.bulletin
             JOIN clips c ON c.hash = m.clip JOIN nodes n ON n.id = a.node
             WHERE (a.start_at >= ? AND a.start_at < ?)
                OR (a.start_at IS NULL AND a.sent_at >= ? AND a.sent_at < ?)
             ORDER BY start, a.broadcast, coalesce(a.hamlet, n.hamlet), n.name, a.node",
        )
        .bind(micros(from))
        .bind(micros(to))
        .bind(micros(from))
        .bind(micros(to))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(HeardRow::read).collect()
    }

    /// How airings by timetable that start in `from..to` stand.
    pub async fn standing(&self, from: Timestamp, to: Timestamp) -> Result<Standing, StoreError> {
        let rows = sqlx::query(
            "SELECT a.broadcast, a.start_at, coalesce(a.hamlet, n.hamlet) AS place, a.status, count(*) AS many
             FROM airings a JOIN nodes n ON n.id = a.node
             WHERE a.start_at >= ? AND a.start_at < ? GROUP BY a.broadcast, a.start_at, coalesce(a.hamlet, n.hamlet), a.status",
        )
        .bind(micros(from))
        .bind(micros(to))
        .fetch_all(&self.pool)
        .await?;
        let mut standing = Standing::new();
        for row in &rows {
            let key = (parsed(row.try_get("broadcast")?)?, instant(row.try_get("start_at")?)?);
            let status = from_word(row.try_get("status")?)?;
            standing.entry(key).or_default().push((
                parsed(row.try_get("place")?)?,
                status,
                row.try_get("many")?,
            ));
        }
        Ok(standing)
    }
}
