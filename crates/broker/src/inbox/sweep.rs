//! Looks after items of which more will come: takes up what was cut short, and notes what became of what is in the programme, and what nobody
//! decided in time.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{advance, moved};
use crate::{
    app::App,
    store::{InboxMove, InboxRow, InboxStatus, StoreError},
};

/// How often.
const PERIOD: Duration = Duration::from_secs(2);
/// An airing is written down within moments of its start; until then nothing can be said of it.
const GRACE: SignedDuration = SignedDuration::from_secs(30);
/// In this many rounds once, a priority item that found no place in the programme is tried again.
const ROUNDS: u32 = 30;

/// Sweeps until told to stop.
pub async fn keep(app: Arc<App>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in (0..ROUNDS).cycle() {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = sweep(&app, round == 0).await {
            tracing::warn!(%error, "items from above can't be looked after; trying again");
        }
    }
}

async fn sweep(app: &Arc<App>, unplaced_too: bool) -> Result<(), StoreError> {
    for item in app.store.open_inbox().await? {
        match item.status {
            InboxStatus::Queued | InboxStatus::Scheduled => follow(app, &item).await?,
            _ => {
                let emergency = item.class == loa_protocol::Class::Emergency;
                let past = item.is_past(app.now());
                if (unplaced_too || emergency || past)
                    && let Err(problem) = advance(app, &item.id).await
                {
                    tracing::warn!(
                        item = item.id,
                        ?problem,
                        "an item from above could not be taken further yet"
                    );
                }
            }
        }
    }
    Ok(())
}

/// What became of an item that is in the programme.
async fn follow(app: &Arc<App>, item: &InboxRow) -> Result<(), StoreError> {
    let _turn = app.inbox.lock().await;
    // It may have moved while the turn was waited for.
    let Some(item) = app.store.inbox_item(&item.id).await?.filter(|now| now.status == item.status) else {
        return Ok(());
    };
    let Some(broadcast) = &item.broadcast else { return Ok(()) };
    let counts = app.store.outcomes(broadcast).await?;
    let any = |statuses: &[&str]| statuses.iter().any(|status| counts.contains_key(*status));
    if any(&["playing", "played", "partial", "pre_empted"]) {
        moved(app, &item, &InboxMove::to(InboxStatus::Aired)).await?;
        return Ok(());
    }
    let Some(entry) = app.store.programme_entry(broadcast).await? else { return Ok(()) };
    if let Some(retired_at) = entry.retired_at {
        // A person took it out of the programme: that is a no.
        let by = app.store.retired_by(broadcast).await?;
        let to = InboxMove {
            decided: by.as_deref().map(|by| (by, retired_at)),
            ..InboxMove::to(InboxStatus::Declined)
        };
        moved(app, &item, &to).await?;
        return Ok(());
    }
    let a_moment_ago = app.now().saturating_sub(GRACE).unwrap_or(app.now());
    let outstanding = any(&["sent", "waiting", "unreported"]);
    let over = item.is_past(a_moment_ago) || crate::programme::is_over(&entry, a_moment_ago);
    if over && !outstanding {
        moved(app, &item, &InboxMove::to(InboxStatus::Expired)).await?;
    }
    Ok(())
}
