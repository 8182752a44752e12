//! People who may sign in, what they may do where, and the one-time set-up link of the first of them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, from_word, instant, maybe_instant, micros, parsed, word};
use crate::people::{Grant, Role};

/// Who stands in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody who can sign in.
    Person,
    /// A system that sends from above, and can't.
    Source,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Random, for life.
    pub id: String,
    /// What they type to sign in.
    pub username: String,
    /// What others see.
    pub display_name: String,
    /// Whether it is one.
    pub kind: Kind,
    /// Argon2id, in the PHC string format.
    pub password_hash: String,
    /// When they were added.
    pub created_at: Timestamp,
    /// Since when they can't sign in any more.
    pub deactivated_at: Option<Timestamp>,
    /// Whether signing in takes a second step.
    pub two_step: bool,
    /// What they may do where.
    pub grants: Vec<Grant>,
}

impl PersonRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            username: row.try_get("username")?,
            display_name: row.try_get("display_name")?,
            kind: from_word(row.try_get("kind")?)?,
            password_hash: row.try_get("password_hash")?,
            created_at: instant(row.try_get("created_at")?)?,
            deactivated_at: maybe_instant(row.try_get("deactivated_at")?)?,
            two_step: row.try_get::<Option<i64>, _>("totp_since")?.is_some(),
            grants: Vec::new(),
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.username, p.display_name, p.kind, p.password_hash, p.created_at, p.deactivated_at, p.totp_since FROM people p ",
            $rest
        )
    };
}

fn read_grant(row: &SqliteRow) -> Result<Grant, StoreError> {
    let area: Option<String> = row.try_get("area")?;
    Ok(Grant { role: from_word(row.try_get("role")?)?, area: area.as_deref().map(parsed).transpose()? })
}

/// Whether an active admin of everywhere is left: without one nobody could add people any more.
const ADMIN_LEFT: &str = "SELECT 1 FROM grants g JOIN people p ON p.id = g.person \
     WHERE g.role = 'admin' AND g.area IS NULL AND p.kind = 'person' AND p.deactivated_at IS NULL LIMIT 1";

impl Store {
    /// Whether anybody can sign in yet.
    pub async fn has_people(&self) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT 1 FROM people WHERE kind = 'person' LIMIT 1");
        Ok(found.fetch_optional(&self.pool).await?.is_some())
    }

    /// One person, or the one that stands for a source.
    pub async fn person(&self, id: &str) -> Result<Option<PersonRow>, StoreError> {
        let row = sqlx::query(select!("WHERE p.id = ?")).bind(id).fetch_optional(&self.pool).await?;
        self.with_grants(row).await
    }

    /// Everybody who can sign in, or could, by what others see of them.
    pub async fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        let rows = sqlx::query(select!("WHERE p.kind = 'person' ORDER BY p.display_name, p.id"))
            .fetch_all(&self.pool)
            .await?;
        let mut grants: HashMap<String, Vec<Grant>> = HashMap::new();
        for row in sqlx::query("SELECT person, role, area FROM grants").fetch_all(&self.pool).await? {
            grants.entry(row.try_get("person")?).or_default().push(read_grant(&row)?);
        }
        let person = |row: &SqliteRow| {
            let mut person = PersonRow::read(row)?;
            person.grants = grants.remove(&person.id).unwrap_or_default();
            person.grants.sort();
            Ok(person)
        };
        rows.iter().map(person).collect()
    }

    async fn with_grants(&self, row: Option<SqliteRow>) -> Result<Option<PersonRow>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut person = PersonRow::read(&row)?;
        let rows = sqlx::query("SELECT role, area FROM grants WHERE person = ?").bind(&person.id);
        let rows = rows.fetch_all(&self.pool).await?;
        person.grants = rows.iter().map(read_grant).collect::<Result<_, _>>()?;
        person.grants.sort();
        Ok(Some(person))
    }

    /// Makes this the only set-up link that works.
    pub async fn replace_setup_link(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("DELETE FROM setup_links").execute(&mut *tx).await?;
        sqlx::query("INSERT INTO setup_links (token_hash, created_at) VALUES (?, ?)")
            .bind(token_hash)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Adds the first person, if the link is the one that works and nobody is there yet. Uses the link up.
    pub async fn set_up(&self, token_hash: &str, person: &PersonRow) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let used =
            sqlx::query("DELETE FROM setup_links WHERE token_hash = ? AND NOT EXISTS (SELECT 1 FROM people WHERE kind = 'person')")
                .bind(token_hash)
                .execute(&mut *tx)
                .await?;
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        insert_person(&mut tx, person).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The person who signs in by this name. A source has a name as well, and is none; nor is who was deactivated.
    pub async fn person_by_username(&self, username: &str) -> Result<Option<PersonRow>, StoreError> {
        let row =
            sqlx::query(select!("WHERE p.username = ? AND p.kind = 'person' AND p.deactivated_at IS NULL"))
                .bind(username)
                .fetch_optional(&self.pool)
                .await?;
        self.with_grants(row).await
    }

    /// Gives somebody these grants instead of theirs; false, and nothing changed, when no admin of everywhere would be left.
    pub async fn set_grants(&self, person: &str, grants: &[Grant]) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM grants WHERE person = ?").bind(person).execute(&mut *tx).await?;
        insert_grants(&mut tx, person, grants).await?;
        let left = sqlx::query(ADMIN_LEFT).fetch_optional(&mut *tx).await?.is_some();
        if left {
            tx.commit().await?;
        }
        Ok(left)
    }

    /// Lets somebody in no more, ends their sessions and takes their invitations back; false, and nothing changed, when no admin of everywhere would be left.
    pub async fn deactivate(&self, person: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE people SET deactivated_at = ? WHERE id = ? AND deactivated_at IS NULL")
            .bind(micros(now))
            .bind(person)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE person = ?").bind(person).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM person_links WHERE person = ? OR created_by = ?")
            .bind(person)
            .bind(person)
            .execute(&mut *tx)
            .await?;
        let left = sqlx::query(ADMIN_LEFT).fetch_optional(&mut *tx).await?.is_some();
        if left {
            tx.commit().await?;
        }
        Ok(left)
    }

    /// Lets somebody in again.
    pub async fn reactivate(&self, person: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE people SET deactivated_at = NULL WHERE id = ?")
            .bind(person)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Changes a password, and ends all sessions of its person but one.
    pub async fn change_password(
        &self,
        person: &str,
        password_hash: &str,
        keep: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("UPDATE people SET password_hash = ? WHERE id = ?")
            .bind(password_hash)
            .bind(person)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE person = ? AND id <> ?")
            .bind(person)
            .bind(keep.unwrap_or_default())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

pub(super) async fn insert_person(
    tx: &mut sqlx::SqliteConnection,
    person: &PersonRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO people (id, username, display_name, kind, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&person.id)
    .bind(&person.username)
    .bind(&person.display_name)
    .bind(word(&person.kind)?)
    .bind(&person.password_hash)
    .bind(micros(person.created_at))
    .execute(&mut *tx)
    .await?;
    insert_grants(tx, &person.id, &person.grants).await
}

async fn insert_grants(
    tx: &mut sqlx::SqliteConnection,
    person: &str,
    grants: &[Grant],
) -> Result<(), StoreError> {
    for Grant { role, area } in grants {
        sqlx::query("INSERT INTO grants (person, role, area) VALUES (?, ?, ?)")
            .bind(person)
            .bind(word::<Role>(role)?)
            .bind(area.as_ref().map(loa_protocol::AreaCode::as_str))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
