//! A new password for whom nobody on the page can help, by whoever may read and write the data folder.

use jiff::{SignedDuration, Timestamp};

use crate::{
    secrets,
    store::{LinkRow, Store, StoreError},
};

/// A reset link is good for a day.
pub const RESET_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// Nobody signs in by this name.
    #[error("nobody who may sign in is called {0}")]
    Nobody(String),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] secrets::NoRandom),
}

/// The path, on the page, of a link that works once. The broker may be running.
pub async fn reset_link(
    store: &Store,
    username: &str,
    without_two_step: bool,
    now: Timestamp,
) -> Result<String, RescueError> {
    let username = username.trim().to_lowercase();
    let person = store.person_by_username(&username).await?;
    let person = person.ok_or(RescueError::Nobody(username))?;
    if without_two_step {
        store.drop_two_step(&person.id).await?;
    }
    let token = secrets::token()?;
    let link = LinkRow {
        id: secrets::id()?,
        person: Some(person.id.clone()),
        grants: Vec::new(),
        created_at: now,
        created_by: (person.id, person.display_name),
        expires_at: now.saturating_add(RESET_LIFE).unwrap_or(now),
    };
    store.add_link(&link, &secrets::hash(&token)).await?;
    Ok(format!("/reset#{token}"))
}
