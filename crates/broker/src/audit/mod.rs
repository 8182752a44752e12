//! The audit log: who did what to what, when, from where; a chain that shows when it was tampered with.
//!
//! Each record's hash covers the one before, so that nothing in it can be edited, removed or moved without breaking the chain from there on.
//! Cutting off its end breaks nothing; so the newest record's number and hash also stand, signed, in a file beside the database, and can be noted down
//! elsewhere. Whoever has the database and the broker's keys can write another history that holds together: only a head noted down elsewhere
//! shows that.
//!
//! What a person asks for is recorded before it is done: a record too many says that something was tried; an action without a record says
//! nothing. Only a stop is recorded afterwards, because nothing may hold it up.

mod actions;
mod commands;
mod head;

use std::path::Path;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::Value;

pub use actions::{ACTIONS, Action, When, action_of};
pub use commands::{AuditCommand, run};
pub use head::{Head, HeadFile};

use crate::{
    app::App,
    backup::DATABASE,
    identity::Identity,
    secrets::hex,
    store::{AuditRow, Entry, Store, StoreError},
};

/// Records looked at together.
const AT_ONCE: u32 = 1000;

/// What is wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampered {
    /// A record isn't what was written.
    #[error("record {0} was changed")]
    Changed(i64),
    /// Some are missing.
    #[error("records are missing before number {0}")]
    Missing(i64),
    /// A record follows another than the one it was written after.
    #[error("record {0} does not follow the one before it")]
    Moved(i64),
    /// The newest are gone.
    #[error("the log ends with record {last}, but record {head} was written")]
    Cut {
        /// The last there is.
        last: i64,
        /// The newest there was.
        head: i64,
    },
    /// The file that names the newest record is gone, or isn't what the broker signed.
    #[error("the file {0} is missing, damaged or not signed by this broker")]
    Head(String),
}

/// A record in its place.
pub fn link(entry: &Entry, seq: i64, previous: String) -> AuditRow {
    let Entry { at, actor, name, address, action, object, details } = entry.clone();
    let mut row =
        AuditRow { seq, at, actor, name, address, action, object, details, previous, hash: String::new() };
    row.hash = hash_of(&row);
    row
}

/// SHA-256 over a JSON list of all that a record says, and the hash before.
fn hash_of(row: &AuditRow) -> String {
    let said: [Value; 9] = [
        row.seq.into(),
        row.at.as_microsecond().into(),
        row.actor.clone().into(),
        row.name.clone().into(),
        row.address.clone().into(),
        row.action.clone().into(),
        row.object.clone().into(),
        row.details.clone(),
        row.previous.clone().into(),
    ];
    let text = Value::from(said.to_vec()).to_string();
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

/// Walks the chain; how many records there are, or the first thing that is wrong. `head`: what is known of the newest.
pub async fn verify(store: &Store, head: Option<&Head>) -> Result<Result<i64, Tampered>, StoreError> {
    let (mut last, mut previous) = (0, String::new());
    loop {
        let rows = store.audit_from(last + 1, AT_ONCE).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != last + 1 {
                return Ok(Err(Tampered::Missing(row.seq)));
            }
            if row.previous != previous {
                return Ok(Err(Tampered::Moved(row.seq)));
            }
            if hash_of(&row) != row.hash || head.is_some_and(|h| h.seq == row.seq && h.hash != row.hash) {
                return Ok(Err(Tampered::Changed(row.seq)));
            }
            (last, previous) = (row.seq, row.hash);
        }
    }
    match head {
        Some(head) if head.seq > last => Ok(Err(Tampered::Cut { last, head: head.seq })),
        _ => Ok(Ok(last)),
    }
}

/// Records something, and notes the newest record beside the database.
pub async fn record(app: &App, entry: &Entry) -> Result<AuditRow, StoreError> {
    let row = app.store.record(entry).await?;
    app.audit_head.note(&row, app.identity.signing_key());
    Ok(row)
}

/// The same of what nobody asked the broker for over HTTP: a node, or what it does by itself. A failure is logged; what happened, happened.
pub async fn happened(app: &App, name: &str, action: &str, object: String, details: Value) {
    let entry = Entry {
        at: app.now(),
        actor: None,
        name: name.to_owned(),
        address: None,
        action: action.to_owned(),
        object,
        details,
    };
    if let Err(error) = record(app, &entry).await {
        tracing::error!(%error, action, object = entry.object, "this could not be recorded in the audit log");
    }
}

/// Records what somebody did by a command of this program; the broker may be running beside it.
pub async fn by_command(
    data: &Path,
    command: &str,
    action: &str,
    object: &str,
    details: Value,
    now: Timestamp,
) -> anyhow::Result<()> {
    let store = Store::open(&data.join(DATABASE)).await?;
    let entry = Entry {
        at: now,
        actor: None,
        name: command.to_owned(),
        address: None,
        action: action.to_owned(),
        object: object.to_owned(),
        details,
    };
    let row = store.record(&entry).await?;
    let identity = Identity::open_or_create(&data.join("identity"), now)?;
    HeadFile::of(data).note(&row, identity.signing_key());
    Ok(())
}

#[cfg(test)]
mod tests;
