//! Bulletins and clips as the API shows them.

use loa_protocol::Class;
use serde::Serialize;
use utoipa::ToSchema;

use super::PersonName;
use crate::store::{BulletinRow, ClipRow};

/// A clip.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Clip {
    /// SHA-256 of its bytes; `clips/HASH` has them.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// How long it sounds, milliseconds.
    pub duration_ms: u64,
    /// Integrated loudness, LUFS.
    pub loudness_lufs: f64,
    /// Highest true peak, dBTP.
    pub true_peak_dbtp: f64,
    /// Codes of what its maker should know.
    pub warnings: Vec<String>,
}

impl From<ClipRow> for Clip {
    fn from(clip: ClipRow) -> Self {
        Self {
            duration_ms: clip.duration_ms(),
            hash: clip.hash.to_string(),
            bytes: clip.bytes,
            loudness_lufs: clip.loudness,
            true_peak_dbtp: clip.true_peak,
            warnings: clip.warnings,
        }
    }
}

/// A bulletin.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Bulletin {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// BCP 47.
    pub language: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// What is said, when it was made from text.
    pub text: Option<String>,
    /// What sounds.
    pub clip: Clip,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: jiff::Timestamp,
    /// Who made it.
    pub created_by: PersonName,
}

impl From<BulletinRow> for Bulletin {
    fn from(row: BulletinRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            language: row.language,
            class: row.class,
            text: row.text,
            clip: row.clip.into(),
            created_at: row.created_at,
            created_by: row.created_by.into(),
        }
    }
}
