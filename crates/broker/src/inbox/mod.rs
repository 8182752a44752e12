//! What comes from above, from a province's or the centre's system, by its class (Circular 39/2020/TT-BTTTT): a *normal* item waits until a person picks a
//! time or declines it, a *priority* item is put into the programme, an *emergency* is put on air at once.
//!
//! An item is in the store before anything is done with it, and what is done is found again by the item's id: cut short anywhere, by a fault or
//! a power cut, [`advance`] goes on where it ended, and nothing airs twice. [`sweep`] calls it for what is open, and notes what came of it.
//!
//! Nothing here lifts a policy or a latch. Whoever decides holds [`App::inbox`]; never taken while [`App::programme`] is held.

mod queue;
mod receive;
mod sweep;

use std::sync::Arc;

use jiff::SignedDuration;
use loa_protocol::{BroadcastId, Class};

pub use self::{
    queue::schedule,
    receive::{Arrival, receive},
    sweep::keep,
};
use crate::{
    app::App,
    http::{
        problem::{Code, Problem},
        view::inbox::{self as view, InboxNews},
    },
    on_air::{self, Aired, Order},
    store::{BroadcastRow, BulletinRow, InboxMove, InboxRow, InboxStatus, PersonRow, StoreError},
};

/// Tells open pages how an item stands.
async fn tell(app: &Arc<App>, id: &str) {
    let shown = async {
        let row = app.store.inbox_item(id).await?;
        view::show(app, row.into_iter().collect()).await
    };
    match shown.await {
        Ok(items) => items.into_iter().for_each(|item| app.events.tell("inbox", &InboxNews { item })),
        Err(error) => tracing::warn!(%error, "open pages were not told of an item from above"),
    }
}

/// Moves an item on, and tells; whether it still was what the decision was made of.
async fn moved(app: &Arc<App>, item: &InboxRow, to: &InboxMove<'_>) -> Result<bool, StoreError> {
    let moved = app.store.move_inbox_item(&item.id, item.status, to).await?;
    if moved {
        tracing::info!(item = item.id, source = item.source.1, reference = item.reference, status = ?to.status,
            by = to.decided.map(|(person, _)| person), "an item from above moved on");
        tell(app, &item.id).await;
    }
    Ok(moved)
}

/// Takes an item as far as its class takes it without a person. May be called at any time, any number of times.
pub async fn advance(app: &Arc<App>, id: &str) -> Result<(), Problem> {
    let _turn = app.inbox.lock().await;
    let Some(item) = app.store.inbox_item(id).await? else { return Ok(()) };
    if item.status != InboxStatus::Waiting || link(app, &item).await? {
        return Ok(());
    }
    if item.is_past(app.now()) {
        moved(app, &item, &InboxMove::to(InboxStatus::Expired)).await?;
        return Ok(());
    }
    match item.class {
        Class::Normal => Ok(()),
        Class::Priority => queue::into_programme(app, &item).await,
        Class::Emergency => air_emergency(app, &item).await,
    }
}

/// Notes what airs an item, where that was cut short; whether it was.
async fn link(app: &Arc<App>, item: &InboxRow) -> Result<bool, StoreError> {
    let Some(broadcast) = app.store.broadcast_of_item(&item.id).await? else { return Ok(false) };
    let status = match app.store.programme_entry(&broadcast).await? {
        Some(entry) if entry.created_by.0 == item.sender => InboxStatus::Queued,
        Some(_) => InboxStatus::Scheduled,
        None => InboxStatus::Aired,
    };
    moved(app, item, &InboxMove { broadcast: Some(&broadcast), ..InboxMove::to(status) }).await
}

async fn bulletin_of(app: &Arc<App>, item: &InboxRow) -> Result<BulletinRow, Problem> {
    app.store.bulletin(&item.bulletin).await?.ok_or_else(|| Problem::new(Code::Internal))
}

/// The name under which an item is aired: once.
fn key(item: &InboxRow) -> String {
    format!("inbox {}", item.id)
}

/// How long an item may still begin when it is aired now.
fn life(app: &Arc<App>, item: &InboxRow) -> SignedDuration {
    let usual = on_air::usual_life(item.class);
    match item.expires_at {
        // An emergency's sender knows how long it is worth saying.
        Some(end) if item.class == Class::Emergency => end.duration_since(app.now()),
        Some(end) => end.duration_since(app.now()).min(usual),
        None => usual,
    }
}

async fn air(app: &Arc<App>, item: &InboxRow, by: (String, String)) -> Result<BroadcastRow, Problem> {
    let bulletin = bulletin_of(app, item).await?;
    let order = Order {
        bulletin: &bulletin,
        node: None,
        areas: item.areas.clone(),
        life: life(app, item),
        by,
        key: Some(key(item)),
        inbox_item: Some(item.id.clone()),
    };
    match on_air::now(app, order).await? {
        Aired::New(row) | Aired::Earlier(row) => Ok(row),
    }
}

/// An emergency passes the policy; a latch stands, on the node, and what it silences is reported.
async fn air_emergency(app: &Arc<App>, item: &InboxRow) -> Result<(), Problem> {
    let row = air(app, item, (item.sender.clone(), item.source.1.clone())).await?;
    let latched = queue::latched(app, &item.areas).await?;
    if latched.is_empty() {
        tracing::warn!(item = item.id, source = item.source.1, reference = item.reference, broadcast = %row.id, "an emergency from above is on air");
    } else {
        tracing::error!(item = item.id, source = item.source.1, reference = item.reference, broadcast = %row.id, ?latched,
            "AN EMERGENCY FROM ABOVE IS NOT HEARD where everything was stopped: release the stop");
    }
    let to = InboxMove { broadcast: Some(&row.id), ..InboxMove::to(InboxStatus::Aired) };
    moved(app, item, &to).await?;
    Ok(())
}

/// An item that a person may still decide about.
async fn undecided(app: &Arc<App>, id: &str, may: &[InboxStatus]) -> Result<InboxRow, Problem> {
    let item = app.store.inbox_item(id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    if item.status.is_open() && item.is_past(app.now()) {
        return Err(Problem::new(Code::Expired));
    }
    if !may.contains(&item.status) || (item.status == InboxStatus::Waiting && link(app, &item).await?) {
        let status = serde_json::to_value(item.status).unwrap_or_default();
        return Err(Problem::new(Code::AlreadyDecided).with("status", status));
    }
    Ok(item)
}

/// A person puts a waiting item on air now. Whether policy and latch allow it is asked as of anything they air.
pub async fn play(app: &Arc<App>, person: &PersonRow, id: &str) -> Result<BroadcastRow, Problem> {
    let _turn = app.inbox.lock().await;
    let item = undecided(app, id, &[InboxStatus::Waiting]).await?;
    queue::may_air_now(app, &item).await?;
    let row = air(app, &item, (person.id.clone(), person.display_name.clone())).await?;
    decided(app, &item, InboxStatus::Aired, Some(&row.id), person, None).await?;
    Ok(row)
}

/// A person declines an item that waits, or one that is queued: then it leaves the programme.
pub async fn decline(app: &Arc<App>, person: &PersonRow, id: &str, remark: &str) -> Result<(), Problem> {
    let _turn = app.inbox.lock().await;
    let item = undecided(app, id, &[InboxStatus::Waiting, InboxStatus::Queued]).await?;
    if let (InboxStatus::Queued, Some(entry)) = (item.status, &item.broadcast) {
        queue::take_out(app, entry, person).await?;
    }
    decided(app, &item, InboxStatus::Declined, None, person, Some(remark)).await
}

async fn decided(
    app: &Arc<App>,
    item: &InboxRow,
    status: InboxStatus,
    broadcast: Option<&BroadcastId>,
    person: &PersonRow,
    remark: Option<&str>,
) -> Result<(), Problem> {
    let to = InboxMove { status, broadcast, decided: Some((&person.id, app.now())), remark };
    moved(app, item, &to).await?;
    Ok(())
}
