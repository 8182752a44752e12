//! *Quy chế* of areas, as people wrote them down. What is in force follows from all of them: see [`crate::programme`].

use jiff::Timestamp;
use loa_protocol::{AreaCode, Limit, Policy};
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, from_json, instant, json, micros, parsed};

/// A person who may lift some limits in an area and those within.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceeder {
    /// The person's id.
    pub person: String,
    /// Which limits.
    pub limits: Vec<Limit>,
}

/// An area's own policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// The area.
    pub area: AreaCode,
    /// What it allows.
    pub policy: Policy,
    /// Who may lift which of its limits.
    pub exceeders: Vec<Exceeder>,
    /// Ids of people who may approve what they made themselves.
    pub own_approvers: Vec<String>,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Who changed it: a person's id, and what others see of them.
    pub changed_by: (String, String),
}

impl PolicyRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            area: parsed(row.try_get("area")?)?,
            policy: from_json(row.try_get("policy")?)?,
            exceeders: from_json(row.try_get("exceeders")?)?,
            own_approvers: from_json(row.try_get("own_approvers")?)?,
            changed_at: instant(row.try_get("changed_at")?)?,
            changed_by: (row.try_get("changed_by")?, row.try_get("display_name")?),
        })
    }
}

impl Store {
    /// The policies of all areas that have one of their own.
    pub async fn policies(&self) -> Result<Vec<PolicyRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT o.area, o.policy, o.exceeders, o.own_approvers, o.changed_at, o.changed_by, p.display_name
             FROM policies o JOIN people p ON p.id = o.changed_by ORDER BY o.area",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(PolicyRow::read).collect()
    }

    /// Gives an area a policy of its own, or another one. [`StoreError::Dangling`] when there is no such area.
    pub async fn set_policy(&self, row: &PolicyRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO policies (area, policy, exceeders, own_approvers, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (area) DO UPDATE SET policy = excluded.policy, exceeders = excluded.exceeders, own_approvers = excluded.own_approvers,
               changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        )
        .bind(row.area.as_str())
        .bind(json(&row.policy)?)
        .bind(json(&row.exceeders)?)
        .bind(json(&row.own_approvers)?)
        .bind(micros(row.changed_at))
        .bind(&row.changed_by.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes an area's own policy away; whether it had one.
    pub async fn remove_policy(&self, area: &AreaCode) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM policies WHERE area = ?")
            .bind(area.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
