//! Bulletins, and the clips they are made of. The clips' bytes are in the clip folder, not here.

use jiff::Timestamp;
use loa_protocol::{Class, ClipHash};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, from_json, from_word, instant, json, micros, parsed, word};

/// A clip's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipRow {
    /// SHA-256 of its bytes.
    pub hash: ClipHash,
    /// Its size.
    pub bytes: u64,
    /// How long it sounds, in frames at 48 kHz.
    pub frames: u64,
    /// Integrated loudness, LUFS.
    pub loudness: f64,
    /// Highest true peak, dBTP.
    pub true_peak: f64,
    /// Codes of what its maker should know.
    pub warnings: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ClipRow {
    /// How long it sounds, milliseconds, rounded up.
    pub fn duration_ms(&self) -> u64 {
        self.frames.div_ceil(48)
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            hash: parsed(row.try_get("hash")?)?,
            bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
            frames: row.try_get::<i64, _>("frames")?.unsigned_abs(),
            loudness: row.try_get("loudness")?,
            true_peak: row.try_get("true_peak")?,
            warnings: from_json(row.try_get("warnings")?)?,
            created_at: instant(row.try_get("clip_created_at")?)?,
        })
    }
}

/// A bulletin with its clip.
#[derive(Debug, Clone, PartialEq)]
pub struct BulletinRow {
    /// Random.
    pub id: String,
    /// Its title.
    pub title: String,
    /// BCP 47.
    pub language: String,
    /// Its class.
    pub class: Class,
    /// What is said, when it was made from text.
    pub text: Option<String>,
    /// What sounds.
    pub clip: ClipRow,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: a person's id, and what others see of them.
    pub created_by: (String, String),
}

impl BulletinRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            language: row.try_get("language")?,
            class: from_word(row.try_get("class")?)?,
            text: row.try_get("text")?,
            clip: ClipRow::read(row)?,
            created_at: instant(row.try_get("created_at")?)?,
            created_by: (row.try_get("created_by")?, row.try_get("display_name")?),
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.title, b.language, b.class, b.text, b.created_at, b.created_by, p.display_name, c.hash, c.bytes, ",
            "c.frames, c.loudness, c.true_peak, c.warnings, c.created_at AS clip_created_at ",
            "FROM bulletins b JOIN clips c ON c.hash = b.clip JOIN people p ON p.id = b.created_by ",
            $rest
        )
    };
}

impl Store {
    /// Remembers a clip; the same bytes twice are one clip.
    pub async fn add_clip(&self, clip: &ClipRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO clips (hash, bytes, frames, loudness, true_peak, warnings, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(clip.hash.as_str())
        .bind(clip.bytes.cast_signed())
        .bind(clip.frames.cast_signed())
        .bind(clip.loudness)
        .bind(clip.true_peak)
        .bind(json(&clip.warnings)?)
        .bind(micros(clip.created_at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A clip's figures.
    pub async fn clip(&self, hash: &ClipHash) -> Result<Option<ClipRow>, StoreError> {
        let row = sqlx::query(
            "SELECT hash, bytes, frames, loudness, true_peak, warnings, created_at AS clip_created_at FROM clips WHERE hash = ?",
        )
        .bind(hash.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(ClipRow::read).transpose()
    }

    /// Adds a bulletin. [`StoreError::Dangling`] when its clip isn't known.
    pub async fn add_bulletin(&self, bulletin: &BulletinRow) -> Result<(), StoreError> {
        insert_bulletin(&mut *self.pool.acquire().await?, bulletin).await
    }

    /// One bulletin.
    pub async fn bulletin(&self, id: &str) -> Result<Option<BulletinRow>, StoreError> {
        let row = sqlx::query(select!("WHERE b.id = ?")).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(BulletinRow::read).transpose()
    }

    /// The newest bulletins made before an instant.
    pub async fn bulletins(&self, before: Timestamp, limit: u32) -> Result<Vec<BulletinRow>, StoreError> {
        let rows = sqlx::query(select!("WHERE b.created_at < ? ORDER BY b.created_at DESC, b.id LIMIT ?"))
            .bind(micros(before))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(BulletinRow::read).collect()
    }
}

impl Store {
    /// Bulletins that wait for a decision, the longest first.
    pub async fn submitted_bulletins(&self, limit: u32) -> Result<Vec<BulletinRow>, StoreError> {
        let rows = sqlx::query(select!(
            "JOIN approvals a ON a.bulletin = b.id WHERE a.state = 'submitted' ORDER BY a.submitted_at, b.id LIMIT ?"
        ))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(BulletinRow::read).collect()
    }
}

pub(super) async fn insert_bulletin(
    to: &mut SqliteConnection,
    bulletin: &BulletinRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bulletins (id, title, language, class, text, clip, created_at, created_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&bulletin.id)
    .bind(&bulletin.title)
    .bind(&bulletin.language)
    .bind(word(&bulletin.class)?)
    .bind(&bulletin.text)
    .bind(bulletin.clip.hash.as_str())
    .bind(micros(bulletin.created_at))
    .bind(&bulletin.created_by.0)
    .execute(to)
    .await?;
    Ok(())
}
