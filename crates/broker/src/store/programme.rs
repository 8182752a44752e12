//! The daily programme: broadcasts with a timetable. Those without one are in `broadcasts`.

use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, Class, ClipRef, Limit, Planned, Repeats, Timetable};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, from_json, from_word, instant, json, maybe_instant, micros, parsed};

/// A broadcast by timetable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeRow {
    /// Random.
    pub id: BroadcastId,
    /// What is said.
    pub bulletin: ProgrammeBulletin,
    /// Where.
    pub areas: Vec<AreaCode>,
    /// When it was put into the programme.
    pub created_at: Timestamp,
    /// Who did: a person's id, and what others see of them.
    pub created_by: (String, String),
    /// The sender's name for the intent, so that a second tap is not a second entry.
    pub idempotency_key: Option<String>,
    /// When it sounds.
    pub timetable: Timetable,
    /// IANA zone of the timetable.
    pub time_zone: String,
    /// How often each time.
    pub repeats: Repeats,
    /// How long after its nominal start an airing may still begin, seconds.
    pub catch_up_s: u32,
    /// No airing begins from then on.
    pub expires_at: Option<Timestamp>,
    /// Among waiting equals the least goes first.
    pub position: u32,
    /// Pre-empted, it goes on where it was interrupted.
    pub resume: bool,
    /// Limits lifted for it.
    pub exceeds: Vec<Limit>,
    /// Airings before this instant are none of it as it is now.
    pub since: Timestamp,
    /// When anything of it last changed.
    pub changed_at: Timestamp,
    /// When it was taken out of the programme.
    pub retired_at: Option<Timestamp>,
    /// The item from above that it airs.
    pub inbox_item: Option<String>,
}

/// What of its bulletin a programme needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeBulletin {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// BCP 47.
    pub language: String,
    /// Class.
    pub class: Class,
    /// What sounds.
    pub clip: ClipRef,
}

impl From<&super::BulletinRow> for ProgrammeBulletin {
    fn from(bulletin: &super::BulletinRow) -> Self {
        let clip = &bulletin.clip;
        Self {
            id: bulletin.id.clone(),
            title: bulletin.title.clone(),
            language: bulletin.language.clone(),
            class: bulletin.class,
            clip: ClipRef {
                hash: clip.hash.clone(),
                bytes: clip.bytes,
                duration_ms: clip.duration_ms(),
                attached: false,
            },
        }
    }
}

/// `expires_at` of an entry without one: the column knows no absence.
const NEVER: i64 = i64::MAX;

impl ProgrammeRow {
    /// As a plan has it.
    pub fn planned(&self) -> Planned {
        let bulletin = &self.bulletin;
        Planned {
            id: self.id.clone(),
            since: self.since,
            class: bulletin.class,
            title: bulletin.title.clone(),
            language: bulletin.language.clone(),
            clip: bulletin.clip.clone(),
            timetable: self.timetable.clone(),
            time_zone: Some(self.time_zone.clone()),
            repeats: self.repeats,
            catch_up_s: self.catch_up_s,
            expires_at: self.expires_at,
            order: self.position,
            resume: self.resume,
            exceeds: self.exceeds.clone(),
        }
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let expires_at = Some(row.try_get::<i64, _>("expires_at")?).filter(|at| *at != NEVER);
        let created_at = instant(row.try_get("created_at")?)?;
        let since = maybe_instant(row.try_get("since")?)?.unwrap_or(created_at);
        Ok(Self {
            id: parsed(row.try_get("id")?)?,
            bulletin: ProgrammeBulletin {
                id: row.try_get("bulletin")?,
                title: row.try_get("title")?,
                language: row.try_get("language")?,
                class: from_word(row.try_get("class")?)?,
                clip: ClipRef {
                    hash: parsed(row.try_get("hash")?)?,
                    bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
                    duration_ms: row.try_get::<i64, _>("frames")?.unsigned_abs().div_ceil(48),
                    attached: false,
                },
            },
            areas: from_json(row.try_get("areas")?)?,
            created_at,
            created_by: (row.try_get("created_by")?, row.try_get("display_name")?),
            idempotency_key: row.try_get("idempotency_key")?,
            timetable: from_json(row.try_get("timetable")?)?,
            time_zone: row.try_get("time_zone")?,
            repeats: Repeats { count: row.try_get("repeats")?, gap_s: row.try_get("gap_s")? },
            catch_up_s: row.try_get("catch_up_s")?,
            expires_at: maybe_instant(expires_at)?,
            position: row.try_get("position")?,
            resume: row.try_get::<i64, _>("resume")? != 0,
            exceeds: from_json(row.try_get("exceeds")?)?,
            since,
            changed_at: maybe_instant(row.try_get("changed_at")?)?.unwrap_or(since),
            retired_at: maybe_instant(row.try_get("retired_at")?)?,
            inbox_item: row.try_get("inbox_item")?,
        })
    }

    async fn insert(&self, tx: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO broadcasts (id, bulletin, areas, created_at, created_by, expires_at, idempotency_key, timetable,
               time_zone, repeats, gap_s, catch_up_s, position, resume, exceeds, since, changed_at, inbox_item)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.id.as_str())
        .bind(&self.bulletin.id)
        .bind(json(&self.areas)?)
        .bind(micros(self.created_at))
        .bind(&self.created_by.0)
        .bind(self.expires_at.map_or(NEVER, micros))
        .bind(&self.idempotency_key)
        .bind(json(&self.timetable)?)
        .bind(&self.time_zone)
        .bind(self.repeats.count)
        .bind(self.repeats.gap_s)
        .bind(self.catch_up_s)
        .bind(self.position)
        .bind(self.resume)
        .bind(json(&self.exceeds)?)
        .bind(micros(self.since))
        .bind(micros(self.changed_at))
        .bind(&self.inbox_item)
        .execute(tx)
        .await?;
        Ok(())
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.bulletin, b.areas, b.created_at, b.created_by, p.display_name, b.expires_at, b.idempotency_key, ",
            "b.timetable, b.time_zone, b.repeats, b.gap_s, b.catch_up_s, b.position, b.resume, b.exceeds, b.since, b.changed_at, ",
            "b.retired_at, b.inbox_item, m.title, m.language, m.class, c.hash, c.bytes, c.frames ",
            "FROM broadcasts b JOIN people p ON p.id = b.created_by JOIN bulletins m ON m.id = b.bulletin ",
            "JOIN clips c ON c.hash = m.clip WHERE b.timetable IS NOT NULL AND ",
            $rest
        )
    };
}

impl Store {
    /// Puts a broadcast into the programme. [`StoreError::Exists`] when its sender used the key before.
    pub async fn add_to_programme(&self, entry: &ProgrammeRow) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        entry.insert(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes an entry to what is given, but for who made it when; whether it was there and not retired.
    pub async fn change_programme(&self, entry: &ProgrammeRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE broadcasts SET bulletin = ?, areas = ?, expires_at = ?, timetable = ?, time_zone = ?, repeats = ?, gap_s = ?,
               catch_up_s = ?, resume = ?, exceeds = ?, since = ?, changed_at = ?
             WHERE id = ? AND timetable IS NOT NULL AND retired_at IS NULL",
        )
        .bind(&entry.bulletin.id)
        .bind(json(&entry.areas)?)
        .bind(entry.expires_at.map_or(NEVER, micros))
        .bind(json(&entry.timetable)?)
        .bind(&entry.time_zone)
        .bind(entry.repeats.count)
        .bind(entry.repeats.gap_s)
        .bind(entry.catch_up_s)
        .bind(entry.resume)
        .bind(json(&entry.exceeds)?)
        .bind(micros(entry.since))
        .bind(micros(entry.changed_at))
        .bind(entry.id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes an entry out of the programme; whether it was in it. What it has aired stays.
    pub async fn retire_from_programme(
        &self,
        id: &BroadcastId,
        person: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE broadcasts SET retired_at = ?, retired_by = ?, changed_at = ?
             WHERE id = ? AND timetable IS NOT NULL AND retired_at IS NULL",
        )
        .bind(micros(now))
        .bind(person)
        .bind(micros(now))
        .bind(id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Gives entries their places: 1 for the first, and so on. All or none; [`StoreError::Dangling`] when one isn't in the programme.
    pub async fn order_programme(&self, ids: &[BroadcastId]) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        for (place, id) in (1_u32..).zip(ids) {
            let done = sqlx::query(
                "UPDATE broadcasts SET position = ? WHERE id = ? AND timetable IS NOT NULL AND retired_at IS NULL",
            )
            .bind(place)
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
            if done.rows_affected() == 0 {
                return Err(StoreError::Dangling);
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The programme: all that is not retired, and what was retired at or after `retired_since`, by id.
    pub async fn programme(&self, retired_since: Timestamp) -> Result<Vec<ProgrammeRow>, StoreError> {
        let rows = sqlx::query(select!("(b.retired_at IS NULL OR b.retired_at >= ?) ORDER BY b.id"))
            .bind(micros(retired_since))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(ProgrammeRow::read).collect()
    }

    /// One entry, retired or not.
    pub async fn programme_entry(&self, id: &BroadcastId) -> Result<Option<ProgrammeRow>, StoreError> {
        let row = sqlx::query(select!("b.id = ?")).bind(id.as_str()).fetch_optional(&self.pool).await?;
        row.as_ref().map(ProgrammeRow::read).transpose()
    }

    /// The entry that a person made under this key.
    pub async fn programme_by_key(
        &self,
        person: &str,
        key: &str,
    ) -> Result<Option<ProgrammeRow>, StoreError> {
        let row = sqlx::query(select!("b.created_by = ? AND b.idempotency_key = ?"))
            .bind(person)
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(ProgrammeRow::read).transpose()
    }
}
