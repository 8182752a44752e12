//! Releases of the agent, and the one that nodes are on their way to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use loa_protocol::{NodeId, ReleaseHash, Version};
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};
use utoipa::ToSchema;

use super::{Store, StoreError, from_json, from_word, instant, json, maybe_instant, micros, parsed, word};

/// A version's program for one kind of machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// The version.
    pub version: Version,
    /// The kind of machine.
    pub target: String,
    /// The program.
    pub sha256: ReleaseHash,
    /// Its size.
    pub bytes: u64,
    /// The manifest as it was signed.
    pub manifest: String,
    /// Not installed from then on.
    pub not_after: Timestamp,
    /// When it was added.
    pub added_at: Timestamp,
    /// Since when it is offered no more.
    pub withdrawn_at: Option<Timestamp>,
}

/// How far a roll-out is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To one node.
    First,
    /// To a share of the nodes.
    Share,
    /// To all.
    All,
}

/// A release on its way to the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutRow {
    /// Random.
    pub id: String,
    /// Which.
    pub version: Version,
    /// The node that gets it first.
    pub first_node: NodeId,
    /// The share of the second stage.
    pub percent: u8,
    /// How far it is to go.
    pub stage: Stage,
    /// When it began.
    pub started_at: Timestamp,
    /// Who began it: id, and what others see.
    pub started_by: (String, String),
    /// Since when it goes no further.
    pub halted_at: Option<Timestamp>,
    /// The node that went back, if that is why.
    pub halted_for: Option<NodeId>,
    /// Nodes whose going back halts it no more.
    pub excused: BTreeSet<NodeId>,
}

fn read_release(row: &SqliteRow) -> Result<ReleaseRow, StoreError> {
    Ok(ReleaseRow {
        version: parsed(row.try_get("version")?)?,
        target: row.try_get("target")?,
        sha256: parsed(row.try_get("sha256")?)?,
        bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
        manifest: row.try_get("manifest")?,
        not_after: instant(row.try_get("not_after")?)?,
        added_at: instant(row.try_get("added_at")?)?,
        withdrawn_at: maybe_instant(row.try_get("withdrawn_at")?)?,
    })
}

fn read_rollout(row: &SqliteRow) -> Result<RolloutRow, StoreError> {
    let halted_for: Option<&str> = row.try_get("halted_for")?;
    Ok(RolloutRow {
        id: row.try_get("id")?,
        version: parsed(row.try_get("version")?)?,
        first_node: parsed(row.try_get("first_node")?)?,
        percent: row.try_get("percent")?,
        stage: from_word(row.try_get("stage")?)?,
        started_at: instant(row.try_get("started_at")?)?,
        started_by: (row.try_get("started_by")?, row.try_get("display_name")?),
        halted_at: maybe_instant(row.try_get("halted_at")?)?,
        halted_for: halted_for.map(parsed).transpose()?,
        excused: from_json(row.try_get("excused")?)?,
    })
}

impl Store {
    /// Adds a release. The same one again changes nothing, but takes a withdrawal back; another program under the same version is refused: a
    /// number names one program for ever.
    pub async fn add_release(&self, release: &ReleaseRow) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO releases (version, target, sha256, bytes, manifest, not_after, added_at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (version, target) DO UPDATE SET manifest = excluded.manifest, not_after = excluded.not_after, withdrawn_at = NULL
             WHERE sha256 = excluded.sha256",
        )
        .bind(release.version.to_string())
        .bind(&release.target)
        .bind(release.sha256.as_str())
        .bind(release.bytes.cast_signed())
        .bind(&release.manifest)
        .bind(micros(release.not_after))
        .bind(micros(release.added_at))
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Exists) } else { Ok(()) }
    }

    /// All releases, the newest first.
    pub async fn releases(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM releases ORDER BY added_at DESC, target")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read_release).collect()
    }

    /// A version's manifests that are offered at `now`, by kind of machine.
    pub async fn manifests(
        &self,
        version: Version,
        now: Timestamp,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = sqlx::query(
            "SELECT target, manifest FROM releases WHERE version = ? AND withdrawn_at IS NULL AND not_after > ?",
        )
        .bind(version.to_string())
        .bind(micros(now))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok((row.try_get("target")?, row.try_get("manifest")?))).collect()
    }

    /// Offers a version no more; whether there was one. A roll-out of it ends.
    pub async fn withdraw_release(&self, version: Version, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done =
            sqlx::query("UPDATE releases SET withdrawn_at = ? WHERE version = ? AND withdrawn_at IS NULL")
                .bind(micros(now))
                .bind(version.to_string())
                .execute(&mut *tx)
                .await?;
        sqlx::query("UPDATE rollouts SET ended_at = ? WHERE version = ? AND ended_at IS NULL")
            .bind(micros(now))
            .bind(version.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Begins a roll-out. One that goes on is not replaced.
    pub async fn begin_rollout(&self, rollout: &RolloutRow) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO rollouts (id, version, first_node, percent, stage, started_at, started_by)
             SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM rollouts WHERE ended_at IS NULL)",
        )
        .bind(&rollout.id)
        .bind(rollout.version.to_string())
        .bind(rollout.first_node.as_str())
        .bind(rollout.percent)
        .bind(word(&rollout.stage)?)
        .bind(micros(rollout.started_at))
        .bind(&rollout.started_by.0)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Exists) } else { Ok(()) }
    }

    /// The roll-out that goes on.
    pub async fn rollout(&self) -> Result<Option<RolloutRow>, StoreError> {
        let row = sqlx::query(
            "SELECT r.*, p.display_name FROM rollouts r JOIN people p ON p.id = r.started_by
             WHERE r.ended_at IS NULL ORDER BY r.started_at DESC LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(read_rollout).transpose()
    }

    /// Sends a roll-out to this stage; only from the one before, and not while it is halted. Whether it was done.
    pub async fn advance_rollout(&self, id: &str, from: Stage, to: Stage) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE rollouts SET stage = ? WHERE id = ? AND stage = ? AND halted_at IS NULL AND ended_at IS NULL",
        )
        .bind(word(&to)?)
        .bind(id)
        .bind(word(&from)?)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Halts a roll-out, for a node that went back, or because a person wants it. Whether it was going on.
    pub async fn halt_rollout(
        &self,
        id: &str,
        node: Option<&NodeId>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE rollouts SET halted_at = ?, halted_for = ? WHERE id = ? AND halted_at IS NULL AND ended_at IS NULL",
        )
        .bind(micros(now))
        .bind(node.map(NodeId::as_str))
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Lets a roll-out go on; these nodes' going back halts it no more. Whether it was halted.
    pub async fn resume_rollout(&self, id: &str, excused: &BTreeSet<NodeId>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE rollouts SET halted_at = NULL, halted_for = NULL, excused = ?
             WHERE id = ? AND halted_at IS NOT NULL AND ended_at IS NULL",
        )
        .bind(json(excused)?)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// These nodes' going back doesn't halt a roll-out.
    pub async fn excuse(&self, id: &str, nodes: &BTreeSet<NodeId>) -> Result<(), StoreError> {
        sqlx::query("UPDATE rollouts SET excused = ? WHERE id = ?")
            .bind(json(nodes)?)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Ends a roll-out: nodes that haven't got it by now don't.
    pub async fn end_rollout(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE rollouts SET ended_at = ? WHERE id = ? AND ended_at IS NULL")
            .bind(micros(now))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
