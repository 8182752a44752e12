//! One-time links by which people come: an invitation makes a person, a reset gives one a new password. Of the token only a hash is kept.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{PersonRow, Store, StoreError, from_json, instant, json, micros, people::insert_person};
use crate::people::Grant;

/// A link that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Its name in lists; opens nothing.
    pub id: String,
    /// Whose password it changes; none: it is an invitation.
    pub person: Option<String>,
    /// What whoever accepts may do.
    pub grants: Vec<Grant>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: id, and what others see of them.
    pub created_by: (String, String),
    /// It works until then.
    pub expires_at: Timestamp,
}

impl LinkRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            person: row.try_get("person")?,
            grants: from_json(row.try_get("grants")?)?,
            created_at: instant(row.try_get("created_at")?)?,
            created_by: (row.try_get("created_by")?, row.try_get("maker")?),
            expires_at: instant(row.try_get("expires_at")?)?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.person, l.grants, l.created_at, l.created_by, p.display_name AS maker, l.expires_at ",
            "FROM person_links l JOIN people p ON p.id = l.created_by ",
            $rest
        )
    };
}

impl Store {
    /// Keeps a link, instead of an earlier one for the same person, and sweeps those whose time is over.
    pub async fn add_link(&self, link: &LinkRow, token_hash: &str) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("DELETE FROM person_links WHERE person = ? OR expires_at <= ?")
            .bind(&link.person)
            .bind(micros(link.created_at))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO person_links (id, token_hash, person, grants, created_at, created_by, expires_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&link.id)
        .bind(token_hash)
        .bind(&link.person)
        .bind(json(&link.grants)?)
        .bind(micros(link.created_at))
        .bind(&link.created_by.0)
        .bind(micros(link.expires_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The link that a token opens, if it still works.
    pub async fn link_of_token(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<LinkRow>, StoreError> {
        let row = sqlx::query(select!("WHERE l.token_hash = ? AND l.expires_at > ?"))
            .bind(token_hash)
            .bind(micros(now))
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(LinkRow::read).transpose()
    }

    /// Invitations that still work, newest first.
    pub async fn invitations(&self, now: Timestamp) -> Result<Vec<LinkRow>, StoreError> {
        let rows =
            sqlx::query(select!("WHERE l.person IS NULL AND l.expires_at > ? ORDER BY l.created_at DESC"))
                .bind(micros(now))
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(LinkRow::read).collect()
    }

    /// Makes a link useless; whether it was there.
    pub async fn remove_link(&self, id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM person_links WHERE id = ?").bind(id).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Adds who was invited, and uses the invitation up; whether it was still there. [`StoreError::Exists`], and the invitation stays, when somebody
    /// has the name.
    pub async fn accept(&self, link: &str, person: &PersonRow) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let used = sqlx::query("DELETE FROM person_links WHERE id = ? AND person IS NULL")
            .bind(link)
            .execute(&mut *tx)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        insert_person(&mut tx, person).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Gives the person of a reset a new password, ends their sessions and uses the link up; whether it was still there.
    pub async fn reset_password(
        &self,
        link: &str,
        person: &str,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let used = sqlx::query("DELETE FROM person_links WHERE id = ? AND person = ?")
            .bind(link)
            .bind(person)
            .execute(&mut *tx)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE people SET password_hash = ? WHERE id = ?")
            .bind(password_hash)
            .bind(person)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE person = ?").bind(person).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }
}
