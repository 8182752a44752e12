//! Systems that may send from above, each with a credential of its own.

use jiff::Timestamp;
use loa_protocol::AreaCode;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Kind, PersonRow, Store, StoreError, instant, micros, parsed, people::insert_person};

/// A source: a province's or the centre's system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Random.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// It may send to this area and those within.
    pub area: AreaCode,
    /// The person that stands in the records of what it airs. They can't sign in.
    pub person: String,
    /// When it was added.
    pub created_at: Timestamp,
}

impl SourceRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            area: parsed(row.try_get("area")?)?,
            person: row.try_get("person")?,
            created_at: instant(row.try_get("created_at")?)?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, name, area, person, created_at FROM sources ", $rest)
    };
}

impl Store {
    /// Adds a source, and the person of its records. [`StoreError::Dangling`] when its area isn't there.
    pub async fn add_source(&self, source: &SourceRow, token_hash: &str) -> Result<(), StoreError> {
        let person = PersonRow {
            id: source.person.clone(),
            // Nobody can choose a name with a colon.
            username: format!("source:{}", source.id),
            display_name: source.name.clone(),
            kind: Kind::Source,
            // No hash: no password is the right one.
            password_hash: String::new(),
            created_at: source.created_at,
            deactivated_at: None,
            two_step: false,
            grants: Vec::new(),
        };
        let mut tx = self.pool.begin().await?;
        insert_person(&mut tx, &person).await?;
        sqlx::query(
            "INSERT INTO sources (id, name, area, token_hash, person, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&source.id)
        .bind(&source.name)
        .bind(source.area.as_str())
        .bind(token_hash)
        .bind(&source.person)
        .bind(micros(source.created_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sources that may send, by name.
    pub async fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        let rows =
            sqlx::query(select!("WHERE revoked_at IS NULL ORDER BY name, id")).fetch_all(&self.pool).await?;
        rows.iter().map(SourceRow::read).collect()
    }

    /// One source, revoked or not.
    pub async fn source(&self, id: &str) -> Result<Option<SourceRow>, StoreError> {
        let row = sqlx::query(select!("WHERE id = ?")).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(SourceRow::read).transpose()
    }

    /// The source whose credential this is, if it may send.
    pub async fn source_of_token(&self, token_hash: &str) -> Result<Option<SourceRow>, StoreError> {
        let row = sqlx::query(select!("WHERE token_hash = ? AND revoked_at IS NULL"))
            .bind(token_hash)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(SourceRow::read).transpose()
    }

    /// Takes a source's credential away; whether it had one.
    pub async fn revoke_source(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE sources SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(micros(now))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
