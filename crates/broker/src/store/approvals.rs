//! What people decided about bulletins. A bulletin never changes, so a decision never goes stale; it names the clip all the same.

use std::collections::HashMap;

use jiff::Timestamp;
use loa_protocol::{AreaCode, ClipHash};
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};
use utoipa::ToSchema;

use super::{
    BulletinRow, Store, StoreError, from_json, from_word, json, maybe_instant, micros, parsed, word,
};

/// How far a bulletin is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Made, and shown to nobody.
    #[default]
    Draft,
    /// Waits for a decision.
    Submitted,
    /// May air.
    Approved,
    /// May not, with a reason.
    Returned,
}

/// What was decided about a bulletin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalRow {
    /// How far it is.
    pub state: ApprovalState,
    /// Where its maker means it to air.
    pub areas: Vec<AreaCode>,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Who decided: a person's id, and what others see of them.
    pub decided_by: Option<(String, String)>,
    /// What was approved.
    pub clip: Option<ClipHash>,
    /// Where it is approved; none: everywhere.
    pub reach: Option<Vec<AreaCode>>,
    /// Why it was returned.
    pub remark: Option<String>,
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It may air, in these areas; none: everywhere.
    Approve(Option<&'a [AreaCode]>),
    /// It may not.
    Return(&'a str),
}

impl ApprovalRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let by: (Option<String>, Option<String>) = (row.try_get("decided_by")?, row.try_get("display_name")?);
        let reach: Option<String> = row.try_get("reach")?;
        let clip: Option<String> = row.try_get("clip")?;
        Ok(Self {
            state: from_word(row.try_get("state")?)?,
            areas: from_json(row.try_get("areas")?)?,
            submitted_at: maybe_instant(row.try_get("submitted_at")?)?,
            decided_at: maybe_instant(row.try_get("decided_at")?)?,
            decided_by: by.0.zip(by.1),
            clip: clip.as_deref().map(parsed).transpose()?,
            reach: reach.as_deref().map(from_json).transpose()?,
            remark: row.try_get("remark")?,
        })
    }
}

impl Store {
    /// What was decided about a bulletin; a draft where nothing was.
    pub async fn approval(&self, bulletin: &str) -> Result<ApprovalRow, StoreError> {
        let mut found = self.approvals(&[bulletin.to_owned()]).await?;
        Ok(found.remove(bulletin).unwrap_or_default())
    }

    /// The same of many. Drafts are left out.
    pub async fn approvals(&self, bulletins: &[String]) -> Result<HashMap<String, ApprovalRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.*, p.display_name FROM approvals a LEFT JOIN people p ON p.id = a.decided_by
             WHERE a.bulletin IN (SELECT value FROM json_each(?))",
        )
        .bind(json(&bulletins)?)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok((row.try_get("bulletin")?, ApprovalRow::read(row)?))).collect()
    }

    /// Hands a draft, or one that was returned, in; whether it was one.
    pub async fn submit(
        &self,
        bulletin: &str,
        areas: &[AreaCode],
        by: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO approvals (bulletin, state, areas, submitted_at, submitted_by) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (bulletin) DO UPDATE SET state = excluded.state, areas = excluded.areas,
               submitted_at = excluded.submitted_at, submitted_by = excluded.submitted_by, remark = NULL
             WHERE approvals.state = 'returned'",
        )
        .bind(bulletin)
        .bind(word(&ApprovalState::Submitted)?)
        .bind(json(&areas)?)
        .bind(micros(at))
        .bind(by)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Decides about a bulletin and the clip that it has. Whether there was something to decide: what is approved stays so.
    pub async fn decide(
        &self,
        bulletin: &BulletinRow,
        decision: Decision<'_>,
        by: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (state, reach, remark) = match decision {
            Decision::Approve(reach) => (ApprovalState::Approved, reach, None),
            Decision::Return(remark) => (ApprovalState::Returned, None, Some(remark)),
        };
        let done = sqlx::query(
            "INSERT INTO approvals (bulletin, state, decided_at, decided_by, clip, reach, remark)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (bulletin) DO UPDATE SET state = excluded.state, decided_at = excluded.decided_at,
               decided_by = excluded.decided_by, clip = excluded.clip, reach = excluded.reach, remark = excluded.remark
             WHERE approvals.state <> 'approved'",
        )
        .bind(&bulletin.id)
        .bind(word(&state)?)
        .bind(micros(at))
        .bind(by)
        .bind(bulletin.clip.hash.as_str())
        .bind(reach.map(|areas| json(&areas)).transpose()?)
        .bind(remark)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}
