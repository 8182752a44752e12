//! The second step of people at sign-in: the salt of their secret, the newest code used, and hashes of recovery codes.

use jiff::Timestamp;
use sqlx::Row;

use super::{Store, StoreError, maybe_instant, micros};

/// A person's second step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoStepRow {
    /// What the secret is derived from.
    pub salt: String,
    /// Since when it is asked for; none: not confirmed yet.
    pub since: Option<Timestamp>,
    /// Step of the newest code that was used.
    pub step: i64,
}

impl Store {
    /// A person's second step, if they have begun one.
    pub async fn two_step(&self, person: &str) -> Result<Option<TwoStepRow>, StoreError> {
        let row = sqlx::query(
            "SELECT totp_salt, totp_since, totp_step FROM people WHERE id = ? AND totp_salt IS NOT NULL",
        )
        .bind(person)
        .fetch_optional(&self.pool)
        .await?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            Ok(TwoStepRow {
                salt: row.try_get("totp_salt")?,
                since: maybe_instant(row.try_get("totp_since")?)?,
                step: row.try_get("totp_step")?,
            })
        };
        row.map(read).transpose()
    }

    /// Begins one; whether there was none in force.
    pub async fn begin_two_step(&self, person: &str, salt: &str) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE people SET totp_salt = ?, totp_step = 0 WHERE id = ? AND totp_since IS NULL")
                .bind(salt)
                .bind(person)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Puts the one that was begun into force, with these recovery codes; whether it was not yet.
    pub async fn confirm_two_step(
        &self,
        person: &str,
        step: i64,
        recovery_hashes: &[String],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "UPDATE people SET totp_since = ?, totp_step = ? WHERE id = ? AND totp_salt IS NOT NULL AND totp_since IS NULL",
        )
        .bind(micros(now))
        .bind(step)
        .bind(person)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM recovery_codes WHERE person = ?").bind(person).execute(&mut *tx).await?;
        for hash in recovery_hashes {
            sqlx::query("INSERT INTO recovery_codes (code_hash, person) VALUES (?, ?)")
                .bind(hash)
                .bind(person)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that the code of a step was used; whether it and all newer ones were unused.
    pub async fn use_step(&self, person: &str, step: i64) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE people SET totp_step = ? WHERE id = ? AND totp_step < ?")
            .bind(step)
            .bind(person)
            .bind(step)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Uses a recovery code up; whether it was one.
    pub async fn use_recovery_code(&self, person: &str, code_hash: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM recovery_codes WHERE person = ? AND code_hash = ?")
            .bind(person)
            .bind(code_hash)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Asks for no second step any more.
    pub async fn drop_two_step(&self, person: &str) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("UPDATE people SET totp_salt = NULL, totp_since = NULL, totp_step = 0 WHERE id = ?")
            .bind(person)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM recovery_codes WHERE person = ?").bind(person).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
