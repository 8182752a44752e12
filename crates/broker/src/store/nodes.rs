//! Nodes, how they come to be trusted, and what they last said of themselves.

use jiff::Timestamp;
use loa_protocol::{AreaCode, NodeId, NodeState, health::Heartbeat, plan::Volume};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::{Store, StoreError, from_json, instant, json, maybe_instant, micros, parsed};

/// Rows in one statement.
const ROWS: usize = 500;

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRow {
    /// Its id, for life.
    pub id: NodeId,
    /// Where it stands.
    pub hamlet: AreaCode,
    /// What people call it.
    pub name: String,
    /// How loud it plays.
    pub volume: Volume,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was enrolled last.
    pub enrolled_at: Option<Timestamp>,
    /// Since when it may do nothing any more, until it is enrolled anew.
    pub revoked_at: Option<Timestamp>,
    /// Since when it is out of service; it is revoked as well.
    pub retired_at: Option<Timestamp>,
    /// Generation of the newest plan made for it.
    pub generation: u64,
    /// Generation of the newest plan handed to MQTT.
    pub published: u64,
    /// A digest of what the newest plan says, but for generation and time, to see a change.
    pub plan_body: String,
    /// What it last said of itself.
    pub state: Option<NodeState>,
    /// Its last health report.
    pub heartbeat: Option<Heartbeat>,
    /// When it was last heard of.
    pub last_seen: Option<Timestamp>,
}

impl NodeRow {
    /// A node that was just added.
    pub fn new(id: NodeId, hamlet: AreaCode, name: String, now: Timestamp) -> Self {
        Self {
            id,
            hamlet,
            name,
            volume: Volume::default(),
            created_at: now,
            enrolled_at: None,
            revoked_at: None,
            retired_at: None,
            generation: 0,
            published: 0,
            plan_body: String::new(),
            state: None,
            heartbeat: None,
            last_seen: None,
        }
    }

    /// Whether messages may go to it and be believed from it.
    pub fn is_trusted(&self) -> bool {
        self.enrolled_at.is_some() && self.revoked_at.is_none()
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let state: Option<String> = row.try_get("state")?;
        let heartbeat: Option<String> = row.try_get("heartbeat")?;
        Ok(Self {
            id: parsed(row.try_get("id")?)?,
            hamlet: parsed(row.try_get("hamlet")?)?,
            name: row.try_get("name")?,
            volume: Volume {
                percent: row.try_get("volume")?,
                emergency_percent: row.try_get("emergency_volume")?,
            },
            created_at: instant(row.try_get("created_at")?)?,
            enrolled_at: maybe_instant(row.try_get("enrolled_at")?)?,
            revoked_at: maybe_instant(row.try_get("revoked_at")?)?,
            retired_at: maybe_instant(row.try_get("retired_at")?)?,
            generation: row.try_get::<i64, _>("generation")?.unsigned_abs(),
            published: row.try_get::<i64, _>("published")?.unsigned_abs(),
            plan_body: row.try_get("plan_body")?,
            state: state.as_deref().map(from_json).transpose()?,
            heartbeat: heartbeat.as_deref().map(from_json).transpose()?,
            last_seen: maybe_instant(row.try_get("last_seen")?)?,
        })
    }
}

/// What a plan needs to know of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedNode {
    /// Its id.
    pub id: NodeId,
    /// Where it stands.
    pub hamlet: AreaCode,
    /// What people call it.
    pub name: String,
    /// How loud it plays.
    pub volume: Volume,
    /// When it got its certificate.
    pub enrolled_at: Timestamp,
    /// When it came to its hamlet from another.
    pub homed_at: Option<Timestamp>,
    /// Generation of the newest plan made for it.
    pub generation: u64,
    /// Generation of the newest plan handed to MQTT.
    pub published: u64,
    /// Digest of that newest plan.
    pub plan_body: String,
}

impl PlannedNode {
    /// Since when what is aired where it stands is its affair.
    pub fn here_since(&self) -> Timestamp {
        self.homed_at.map_or(self.enrolled_at, |homed_at| homed_at.max(self.enrolled_at))
    }
}

/// What came of showing a claim code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is good, and now used up.
    Node(NodeId),
    /// No such code.
    Unknown,
    /// Good once, but used.
    Used,
    /// Its time has passed, or its node was revoked after it was made.
    Expired,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, hamlet, name, volume, emergency_volume, created_at, enrolled_at, revoked_at, retired_at, generation, ",
            "published, plan_body, state, heartbeat, last_seen FROM nodes ",
            $rest
        )
    };
}

impl Store {
    /// All nodes, by hamlet and name.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let rows = sqlx::query(select!("ORDER BY hamlet, name, id")).fetch_all(&self.pool).await?;
        rows.iter().map(NodeRow::read).collect()
    }

    /// One node.
    pub async fn node(&self, id: &NodeId) -> Result<Option<NodeRow>, StoreError> {
        let row = sqlx::query(select!("WHERE id = ?")).bind(id.as_str()).fetch_optional(&self.pool).await?;
        row.as_ref().map(NodeRow::read).transpose()
    }

    /// Nodes that are enrolled and not revoked, with their hamlets.
    pub async fn trusted_nodes(&self) -> Result<Vec<(NodeId, AreaCode)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, hamlet FROM nodes WHERE enrolled_at IS NOT NULL AND revoked_at IS NULL ORDER BY hamlet, id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok((parsed(row.try_get("id")?)?, parsed(row.try_get("hamlet")?)?))).collect()
    }

    /// Adds nodes, all or none.
    pub async fn add_nodes(&self, nodes: &[NodeRow]) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for node in nodes {
            sqlx::query(
                "INSERT INTO nodes (id, hamlet, name, volume, emergency_volume, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(node.id.as_str())
            .bind(node.hamlet.as_str())
            .bind(&node.name)
            .bind(node.volume.percent)
            .bind(node.volume.emergency_percent)
            .bind(micros(node.created_at))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Changes name and volume; whether the node was there.
    pub async fn change_node(&self, id: &NodeId, name: &str, volume: Volume) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE nodes SET name = ?, volume = ?, emergency_volume = ? WHERE id = ?")
            .bind(name)
            .bind(volume.percent)
            .bind(volume.emergency_percent)
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Adds a claim code for a node; codes made for it before stop working.
    pub async fn add_claim(
        &self,
        code_hash: &str,
        node: &NodeId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("UPDATE claims SET expires_at = ? WHERE node = ? AND used_at IS NULL AND expires_at > ?")
            .bind(micros(now))
            .bind(node.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO claims (code_hash, node, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(code_hash)
            .bind(node.as_str())
            .bind(micros(now))
            .bind(micros(expires_at))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Uses a claim code up. Of two who show it at once, one gets the node.
    pub async fn use_claim(&self, code_hash: &str, now: Timestamp) -> Result<Claimed, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row = sqlx::query(
            "SELECT c.node, c.created_at, c.expires_at, c.used_at, n.revoked_at FROM claims c JOIN nodes n ON n.id = c.node
             WHERE c.code_hash = ?",
        )
        .bind(code_hash)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(Claimed::Unknown) };
        if row.try_get::<Option<i64>, _>("used_at")?.is_some() {
            return Ok(Claimed::Used);
        }
        let made: i64 = row.try_get("created_at")?;
        let revoked = row.try_get::<Option<i64>, _>("revoked_at")?.is_some_and(|revoked| made <= revoked);
        if revoked || row.try_get::<i64, _>("expires_at")? <= micros(now) {
            return Ok(Claimed::Expired);
        }
        sqlx::query("UPDATE claims SET used_at = ? WHERE code_hash = ?")
            .bind(micros(now))
            .bind(code_hash)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Claimed::Node(parsed(row.try_get("node")?)?))
    }

    /// All trusted nodes, as far as plans need to know them, by id.
    pub async fn planned_nodes(&self) -> Result<Vec<PlannedNode>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, hamlet, name, volume, emergency_volume, enrolled_at, homed_at, generation, published, plan_body FROM nodes
             WHERE enrolled_at IS NOT NULL AND revoked_at IS NULL ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &SqliteRow| {
            Ok(PlannedNode {
                id: parsed(row.try_get("id")?)?,
                hamlet: parsed(row.try_get("hamlet")?)?,
                name: row.try_get("name")?,
                volume: Volume {
                    percent: row.try_get("volume")?,
                    emergency_percent: row.try_get("emergency_volume")?,
                },
                enrolled_at: instant(row.try_get("enrolled_at")?)?,
                homed_at: maybe_instant(row.try_get("homed_at")?)?,
                generation: row.try_get::<i64, _>("generation")?.unsigned_abs(),
                published: row.try_get::<i64, _>("published")?.unsigned_abs(),
                plan_body: row.try_get("plan_body")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// New plans, all or none: `(node, generation, digest)`.
    pub async fn keep_plans(&self, plans: &[(NodeId, u64, String)]) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for chunk in plans.chunks(ROWS) {
            let mut update = QueryBuilder::<Sqlite>::new("WITH plan (node, generation, body) AS (");
            update.push_values(chunk, |mut values, (node, generation, body)| {
                values.push_bind(node.as_str()).push_bind(generation.cast_signed()).push_bind(body);
            });
            update.push(
                ") UPDATE nodes SET generation = plan.generation, plan_body = plan.body FROM plan WHERE nodes.id = plan.node",
            );
            update.build().execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// These generations have been handed to MQTT.
    pub async fn plans_published(&self, plans: &[(NodeId, u64)]) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for chunk in plans.chunks(ROWS) {
            let mut update = QueryBuilder::<Sqlite>::new("WITH plan (node, generation) AS (");
            update.push_values(chunk, |mut values, (node, generation)| {
                values.push_bind(node.as_str()).push_bind(generation.cast_signed());
            });
            update.push(
                ") UPDATE nodes SET published = plan.generation FROM plan WHERE nodes.id = plan.node AND published < plan.generation",
            );
            update.build().execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The node holds generation `held`, which is not the newest that MQTT was given: the next pass publishes again. When it holds a newer
    /// one than was ever made here (the database is an old copy), the next plan gets a newer number still.
    pub async fn plan_not_held(&self, id: &NodeId, held: u64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE nodes SET published = 0, plan_body = CASE WHEN generation < ? THEN '' ELSE plan_body END,
             generation = CASE WHEN generation < ? THEN ? ELSE generation END WHERE id = ?",
        )
        .bind(held.cast_signed())
        .bind(held.cast_signed())
        .bind(held.cast_signed())
        .bind(id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What nodes said, many at a time: a commit for each of 10,000 heartbeats would wear out a disk.
    pub async fn keep_words(
        &self,
        words: &[(NodeId, Option<NodeState>, Option<Heartbeat>, Timestamp)],
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for (node, state, heartbeat, seen) in words {
            sqlx::query(
                "UPDATE nodes SET state = coalesce(?, state), heartbeat = coalesce(?, heartbeat), last_seen = ? WHERE id = ?",
            )
            .bind(state.as_ref().map(json).transpose()?)
            .bind(heartbeat.as_ref().map(json).transpose()?)
            .bind(micros(*seen))
            .bind(node.as_str())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
