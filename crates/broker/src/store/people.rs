//! People who may sign in, their sessions, and the one-time set-up link of the first of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, from_word, instant, micros, word};

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// A system that sends from above. It stands in records, and can't sign in.
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
    /// What they may do.
    pub role: Role,
    /// Argon2id, in the PHC string format.
    pub password_hash: String,
    /// When they were added.
    pub created_at: Timestamp,
}

impl PersonRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            username: row.try_get("username")?,
            display_name: row.try_get("display_name")?,
            role: from_word(row.try_get("role")?)?,
            password_hash: row.try_get("password_hash")?,
            created_at: instant(row.try_get("created_at")?)?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.username, p.display_name, p.role, p.password_hash, p.created_at FROM people p ",
            $rest
        )
    };
}

impl Store {
    /// Whether anybody can sign in yet.
    pub async fn has_people(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query("SELECT 1 FROM people WHERE role <> 'source' LIMIT 1")
            .fetch_optional(&self.pool)
            .await?
            .is_some())
    }

    /// One person, or the one that stands for a source.
    pub async fn person(&self, id: &str) -> Result<Option<PersonRow>, StoreError> {
        let row = sqlx::query(select!("WHERE p.id = ?")).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(PersonRow::read).transpose()
    }

    /// Everybody who can sign in, by what others see of them.
    pub async fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        let rows = sqlx::query(select!("WHERE p.role <> 'source' ORDER BY p.display_name, p.id"))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(PersonRow::read).collect()
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
            sqlx::query("DELETE FROM setup_links WHERE token_hash = ? AND NOT EXISTS (SELECT 1 FROM people WHERE role <> 'source')")
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

    /// The person who signs in by this name. A source has a name as well, and is none.
    pub async fn person_by_username(&self, username: &str) -> Result<Option<PersonRow>, StoreError> {
        let row = sqlx::query(select!("WHERE p.username = ? AND p.role <> 'source'"))
            .bind(username)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(PersonRow::read).transpose()
    }

    /// Opens a session, and sweeps those that are over.
    pub async fn open_session(
        &self,
        token_hash: &str,
        person: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?").bind(micros(now)).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO sessions (token_hash, person, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(token_hash)
            .bind(person)
            .bind(micros(now))
            .bind(micros(expires_at))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whose session this is, if it is not over.
    pub async fn person_of_session(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<PersonRow>, StoreError> {
        let row = sqlx::query(select!(
            "JOIN sessions s ON s.person = p.id WHERE s.token_hash = ? AND s.expires_at > ? AND p.role <> 'source'"
        ))
        .bind(token_hash)
        .bind(micros(now))
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(PersonRow::read).transpose()
    }

    /// Ends a session.
    pub async fn close_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?").bind(token_hash).execute(&self.pool).await?;
        Ok(())
    }
}

pub(super) async fn insert_person(
    tx: &mut sqlx::SqliteConnection,
    person: &PersonRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO people (id, username, display_name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&person.id)
    .bind(&person.username)
    .bind(&person.display_name)
    .bind(word(&person.role)?)
    .bind(&person.password_hash)
    .bind(micros(person.created_at))
    .execute(tx)
    .await?;
    Ok(())
}
