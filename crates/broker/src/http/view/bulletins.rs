//! Bulletins and clips as the API shows them.

use loa_protocol::{AreaCode, Class};
use serde::Serialize;
use utoipa::ToSchema;

use super::PersonName;
use crate::{
    app::App,
    store::{ApprovalRow, ApprovalState, BulletinRow, ClipRow, StoreError},
};

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
    /// Whether it may air.
    pub approval: Approval,
}

/// What was decided about a bulletin.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Approval {
    /// How far it is.
    pub state: ApprovalState,
    /// Codes of the areas that its maker means.
    #[schema(value_type = Vec<String>)]
    pub areas: Vec<AreaCode>,
    /// When it was handed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<jiff::Timestamp>,
    /// When it was decided.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<jiff::Timestamp>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<PersonName>,
    /// Why it was returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl From<ApprovalRow> for Approval {
    fn from(row: ApprovalRow) -> Self {
        Self {
            state: row.state,
            areas: row.areas,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
            decided_by: row.decided_by.map(PersonName::from),
            remark: row.remark,
        }
    }
}

/// Bulletins with what was decided about each.
pub async fn show(app: &App, rows: Vec<BulletinRow>) -> Result<Vec<Bulletin>, StoreError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let mut approvals = app.store.approvals(&ids).await?;
    let with = |row: BulletinRow| {
        let approval = approvals.remove(&row.id).unwrap_or_default();
        Bulletin::new(row, approval)
    };
    Ok(rows.into_iter().map(with).collect())
}

impl Bulletin {
    /// A bulletin with what was decided about it.
    pub fn new(row: BulletinRow, approval: ApprovalRow) -> Self {
        Self {
            approval: approval.into(),
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
