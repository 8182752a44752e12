//! What came from above, as the API shows it to people.

use std::collections::BTreeMap;

use loa_protocol::Class;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AreaName, AreaNames};
use crate::{
    app::App,
    store::{InboxRow, InboxStatus, StoreError},
};

/// The bulletin of an item.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InboxBulletin {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// BCP 47.
    pub language: String,
    /// How long it sounds, seconds, rounded up.
    pub duration_s: u64,
    /// SHA-256 of what sounds; `clips/HASH` has it.
    pub clip: String,
    /// What is said, when the sender gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An item from above.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InboxItem {
    /// Id.
    pub id: String,
    /// What people call the system that sent it.
    pub source: String,
    /// That system's name for it.
    pub reference: String,
    /// What is said.
    pub bulletin: InboxBulletin,
    /// Where it is meant to sound.
    pub areas: Vec<AreaName>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: jiff::Timestamp,
    /// It must not begin from then on.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<jiff::Timestamp>,
    /// How far it is.
    pub status: InboxStatus,
    /// What airs it: a broadcast, or an entry of the programme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<String>,
    /// When a person decided. Absent when the rules of its class did.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<jiff::Timestamp>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// How many of its airings stand where, by status. Absent while there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

/// An item that moved on, as an event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InboxNews {
    /// Itself.
    pub item: InboxItem,
}

/// How many airings of an item stand where.
pub async fn counts(app: &App, row: &InboxRow) -> Result<BTreeMap<String, u64>, StoreError> {
    match &row.broadcast {
        Some(broadcast) => app.store.outcomes(broadcast).await,
        None => Ok(BTreeMap::new()),
    }
}

/// Items, in the order given.
pub async fn show(app: &App, rows: Vec<InboxRow>) -> Result<Vec<InboxItem>, StoreError> {
    let names = AreaNames::load(app).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(bulletin) = app.store.bulletin(&row.bulletin).await? else { continue };
        let counts = counts(app, &row).await?;
        items.push(InboxItem {
            id: row.id,
            source: row.source.1,
            reference: row.reference,
            bulletin: InboxBulletin {
                duration_s: bulletin.clip.duration_ms().div_ceil(1000),
                clip: bulletin.clip.hash.to_string(),
                id: bulletin.id,
                title: bulletin.title,
                class: bulletin.class,
                language: bulletin.language,
                text: bulletin.text,
            },
            areas: row.areas.iter().map(|area| names.of(area)).collect(),
            received_at: row.received_at,
            expires_at: row.expires_at,
            status: row.status,
            broadcast: row.broadcast.map(|id| id.to_string()),
            decided_at: row.decided_at,
            decided_by: row.decided_by.map(|(_, name)| name),
            remark: row.remark,
            counts,
        });
    }
    Ok(items)
}
