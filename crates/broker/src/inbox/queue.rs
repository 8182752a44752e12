//! An item and the programme: a priority item is put there by the broker, any other by a person.

use std::sync::Arc;

use jiff::SignedDuration;
use loa_protocol::{AreaCode, BroadcastId, Every, Repeats, Timetable};
use loa_schedule::programme::zone;

use super::{bulletin_of, decided, key, moved, undecided};
use crate::{
    app::App,
    http::problem::{Code, Problem},
    programme::{
        entry::{self, Wanted},
        now,
        territory::Territory,
    },
    store::{InboxMove, InboxRow, InboxStatus, PersonRow, ProgrammeRow, StoreError},
};

/// Time for the nodes to get their plans.
const LEAD: SignedDuration = SignedDuration::from_secs(10);
/// A priority item may begin so much later than its minute: whatever kept it from sounding shall not make it unheard.
const CATCH_UP_S: u32 = 4 * 3600;

/// Puts a priority item where the policies first allow it. Where they never do it stays, for a person to decide.
pub(super) async fn into_programme(app: &Arc<App>, item: &InboxRow) -> Result<(), Problem> {
    let bulletin = bulletin_of(app, item).await?;
    let sender = app.store.person(&item.sender).await?.ok_or_else(|| Problem::new(Code::Internal))?;
    let from = app.now().saturating_add(LEAD).unwrap_or(app.now());
    let Some(at) = entry::next_allowed(app, &bulletin, &item.areas, from, item.expires_at).await? else {
        tracing::error!(
            item = item.id,
            source = item.source.1,
            "no policy allows a priority item from above; a person must decide"
        );
        return Ok(());
    };
    let local = zone(&app.settings.time_zone).to_datetime(at);
    let wanted = Wanted {
        bulletin,
        areas: item.areas.clone(),
        timetable: Timetable {
            every: Every::Once,
            days: Vec::new(),
            times: vec![local.time()],
            from: local.date(),
            until: None,
            except: Vec::new(),
        },
        time_zone: None,
        repeats: Repeats::default(),
        catch_up_s: CATCH_UP_S,
        expires_at: item.expires_at,
        resume: false,
        exceeds: Vec::new(),
        inbox_item: Some(item.id.clone()),
    };
    let entry = entry::save(app, &sender, wanted, None, Some(key(item))).await?;
    let to = InboxMove { broadcast: Some(&entry.id), ..InboxMove::to(InboxStatus::Queued) };
    moved(app, item, &to).await?;
    Ok(())
}

/// A person puts a waiting item into the programme. `wanted` says what of it, given the item's own.
pub async fn schedule(
    app: &Arc<App>,
    person: &PersonRow,
    id: &str,
    wanted: impl FnOnce(&InboxRow, crate::store::BulletinRow) -> Wanted,
) -> Result<ProgrammeRow, Problem> {
    let _turn = app.inbox.lock().await;
    let item = undecided(app, id, &[InboxStatus::Waiting]).await?;
    let bulletin = bulletin_of(app, &item).await?;
    let wanted = Wanted { inbox_item: Some(item.id.clone()), ..wanted(&item, bulletin) };
    let entry = entry::save(app, person, wanted, None, Some(key(&item))).await?;
    decided(app, &item, InboxStatus::Scheduled, Some(&entry.id), person, None).await?;
    Ok(entry)
}

/// Takes an item out of the programme.
pub(super) async fn take_out(app: &Arc<App>, entry: &BroadcastId, person: &PersonRow) -> Result<(), Problem> {
    Ok(entry::retire(app, person, entry).await?)
}

/// Asks of a waiting item what is asked of anything that a person airs now.
pub(super) async fn may_air_now(app: &Arc<App>, item: &InboxRow) -> Result<(), Problem> {
    let (bulletin, now) = (bulletin_of(app, item).await?, app.now());
    match now::hindrance(app, &bulletin, &item.areas, now).await? {
        Some(hindrance) => Err(Problem::hindrance(&hindrance, now)),
        None => Ok(()),
    }
}

/// Where of these areas everything was stopped.
pub(super) async fn latched(app: &App, areas: &[AreaCode]) -> Result<Vec<AreaCode>, StoreError> {
    let territory = Territory::load(&app.store).await?;
    let hamlets = territory.hamlets(areas).into_iter();
    Ok(hamlets.filter(|hamlet| territory.latch(hamlet).is_some()).collect())
}
