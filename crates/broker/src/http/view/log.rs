//! Records of the audit log for people: with the names of what they are about, as it is called now.

use loa_protocol::{AreaCode, BroadcastId, Class, NodeId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::AreaNames;
use crate::{
    app::App,
    store::{AuditRow, StoreError},
};

/// A record, and what it is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogItem {
    /// The record.
    #[serde(flatten)]
    pub record: AuditRow,
    /// What it is about, by the names that it has now: a bulletin's title, a node, a person; then areas.
    pub about: Vec<String>,
    /// Whether that is an emergency, or a bulletin for one.
    pub emergency: bool,
}

/// Records for people.
pub async fn show(app: &App, records: Vec<AuditRow>) -> Result<Vec<LogItem>, StoreError> {
    let names = AreaNames::load(app).await?;
    let mut items = Vec::with_capacity(records.len());
    for record in records {
        items.push(item(app, &names, record).await?);
    }
    Ok(items)
}

async fn item(app: &App, names: &AreaNames, record: AuditRow) -> Result<LogItem, StoreError> {
    let said = |field: &str| record.details.get(field).and_then(Value::as_str);
    let mut path = record.object.split('/').skip(1);
    let (kind, id) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
    let (mut about, mut emergency) = (Vec::new(), said("class") == Some("emergency"));
    match bulletin_of(app, kind, id, said("bulletin")).await? {
        Some((title, class)) => {
            about.push(title);
            emergency |= class == Class::Emergency;
        }
        None => about.extend(thing(app, names, kind, id).await?.or_else(|| {
            ["title", "name", "display_name"].iter().find_map(|field| said(field)).map(str::to_owned)
        })),
    }
    let listed = record.details.get("areas").and_then(Value::as_array).into_iter().flatten();
    let one = ["area", "hamlet"].iter().filter_map(|field| record.details.get(*field));
    let areas = listed.chain(one).filter_map(|code| code.as_str()?.parse::<AreaCode>().ok());
    about.extend(areas.map(|code| names.of(&code).name));
    Ok(LogItem { record, about, emergency })
}

/// Title and class of the bulletin that it is about, if it is about one.
async fn bulletin_of(
    app: &App,
    kind: &str,
    id: &str,
    said: Option<&str>,
) -> Result<Option<(String, Class)>, StoreError> {
    let broadcast = || id.parse::<BroadcastId>().ok();
    let bulletin = match (said, kind) {
        (Some(bulletin), _) => Some(bulletin.to_owned()),
        (None, "bulletins") => Some(id.to_owned()),
        (None, "inbox") => app.store.inbox_item(id).await?.map(|item| item.bulletin),
        (None, "broadcasts" | "programme") => match broadcast() {
            Some(broadcast) => app.store.bulletin_of(&broadcast).await?,
            None => None,
        },
        _ => None,
    };
    let Some(bulletin) = bulletin else { return Ok(None) };
    Ok(app.store.bulletin(&bulletin).await?.map(|bulletin| (bulletin.title, bulletin.class)))
}

/// What anything else is called.
async fn thing(app: &App, names: &AreaNames, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
    Ok(match kind {
        "nodes" => match id.parse::<NodeId>() {
            Ok(node) => app.store.node(&node).await?.map(|node| node.name),
            Err(_) => None,
        },
        "people" => app.store.person(id).await?.map(|person| person.display_name),
        "sources" => app.store.source(id).await?.map(|source| source.name),
        "latches" => app.store.latch_by_id(id).await?.map(|latch| names.of(&latch.area).name),
        "areas" => id.parse::<AreaCode>().ok().map(|code| names.of(&code).name),
        _ => None,
    })
}
