//! Provinces, communes, hamlets.

use loa_protocol::AreaCode;
use sqlx::{FromRow, Row, sqlite::SqliteRow};

use super::{Store, StoreError, parsed};

/// An area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaRow {
    /// Official code.
    pub code: AreaCode,
    /// What people call it.
    pub name: String,
    /// The area it lies in.
    pub parent: Option<AreaCode>,
}

impl AreaRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let parent: Option<String> = row.try_get("parent")?;
        Ok(Self {
            code: parsed(row.try_get("code")?)?,
            name: row.try_get("name")?,
            parent: parent.as_deref().map(parsed).transpose()?,
        })
    }
}

#[derive(FromRow)]
struct Code(String);

impl Store {
    /// All areas, by code: each after the one it lies in.
    pub async fn areas(&self) -> Result<Vec<AreaRow>, StoreError> {
        let rows =
            sqlx::query("SELECT code, name, parent FROM areas ORDER BY code").fetch_all(&self.pool).await?;
        rows.iter().map(AreaRow::read).collect()
    }

    /// One area.
    pub async fn area(&self, code: &AreaCode) -> Result<Option<AreaRow>, StoreError> {
        let row = sqlx::query("SELECT code, name, parent FROM areas WHERE code = ?")
            .bind(code.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(AreaRow::read).transpose()
    }

    /// Adds an area. [`StoreError::Dangling`] when its parent isn't there.
    pub async fn add_area(&self, area: &AreaRow) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO areas (code, name, parent) VALUES (?, ?, ?)")
            .bind(area.code.as_str())
            .bind(&area.name)
            .bind(area.parent.as_ref().map(AreaCode::as_str))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Renames an area; whether it was there.
    pub async fn rename_area(&self, code: &AreaCode, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE areas SET name = ? WHERE code = ?")
            .bind(name)
            .bind(code.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The areas an area lies in, itself last: province, commune, hamlet.
    pub async fn path_of(&self, code: &AreaCode) -> Result<Vec<AreaCode>, StoreError> {
        let rows: Vec<Code> = sqlx::query_as(
            "WITH RECURSIVE up (code, parent) AS (
               SELECT code, parent FROM areas WHERE code = ?
               UNION ALL SELECT a.code, a.parent FROM areas a JOIN up ON a.code = up.parent)
             SELECT code FROM up ORDER BY length(code), code",
        )
        .bind(code.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|Code(code)| parsed(code)).collect()
    }
}
