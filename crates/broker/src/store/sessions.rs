//! Sessions: who is signed in, from where, since when. Of the token only a hash is kept.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, instant, micros};

/// Somebody is signed in somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its name in lists; opens nothing.
    pub id: String,
    /// Whose.
    pub person: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub seen_at: Timestamp,
    /// Over from then on, however it is used.
    pub expires_at: Timestamp,
    /// Where it was opened from.
    pub address: String,
    /// What the browser said it is.
    pub browser: String,
}

impl SessionRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            person: row.try_get("person")?,
            created_at: instant(row.try_get("created_at")?)?,
            seen_at: instant(row.try_get("seen_at")?)?,
            expires_at: instant(row.try_get("expires_at")?)?,
            address: row.try_get("address")?,
            browser: row.try_get("browser")?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, person, created_at, seen_at, expires_at, address, browser FROM sessions ", $rest)
    };
}

impl Store {
    /// Opens a session, ends the one that it replaces, and sweeps those that are over or unused since `seen_since`.
    pub async fn open_session(
        &self,
        session: &SessionRow,
        token_hash: &str,
        replaces: Option<&str>,
        seen_since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ? OR token_hash = ?")
            .bind(micros(session.created_at))
            .bind(micros(seen_since))
            .bind(replaces.unwrap_or_default())
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (id, token_hash, person, created_at, seen_at, expires_at, address, browser) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&session.id)
        .bind(token_hash)
        .bind(&session.person)
        .bind(micros(session.created_at))
        .bind(micros(session.seen_at))
        .bind(micros(session.expires_at))
        .bind(&session.address)
        .bind(&session.browser)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The session that a token opens, if it is not over, and was used since `seen_since`.
    pub async fn session_of_token(
        &self,
        token_hash: &str,
        now: Timestamp,
        seen_since: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query(select!("WHERE token_hash = ? AND expires_at > ? AND seen_at > ?"))
            .bind(token_hash)
            .bind(micros(now))
            .bind(micros(seen_since))
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(SessionRow::read).transpose()
    }

    /// The sessions of a person that are not over, the last used first.
    pub async fn sessions(
        &self,
        person: &str,
        now: Timestamp,
        seen_since: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE person = ? AND expires_at > ? AND seen_at > ? ORDER BY seen_at DESC, id"
        ))
        .bind(person)
        .bind(micros(now))
        .bind(micros(seen_since))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(SessionRow::read).collect()
    }

    /// Notes that a session is in use.
    pub async fn session_seen(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET seen_at = ? WHERE id = ?")
            .bind(micros(now))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Ends a session of a person; whether there was one.
    pub async fn end_session(&self, person: &str, id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE person = ? AND id = ?")
            .bind(person)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends all sessions of a person.
    pub async fn end_sessions(&self, person: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE person = ?").bind(person).execute(&self.pool).await?;
        Ok(())
    }

    /// Ends the session that a token opens.
    pub async fn close_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?").bind(token_hash).execute(&self.pool).await?;
        Ok(())
    }
}
