//! Putting something into the programme, changing it, taking it out.

use std::sync::Arc;

use jiff::Timestamp;
use loa_protocol::{AreaCode, BroadcastId, Limit, Repeats, Timetable, limits};
use loa_schedule::{
    programme::{known_zone, zone},
    timetable::{self, TimetableError},
};

use super::{
    expect, is_over,
    judge::{self, Breached},
    territory::Territory,
};
use crate::{
    app::App,
    secrets,
    store::{BulletinRow, PersonRow, ProgrammeRow, StoreError},
};

/// Most repeats of one time: each is an airing on each node.
pub const MOST_REPEATS: u8 = 20;
/// Longest silence between repeats, seconds.
pub const LONGEST_GAP_S: u32 = 6 * 3600;
/// Bounds of the catch-up window, seconds.
pub const CATCH_UP_S: std::ops::RangeInclusive<u32> = 10..=86_400;

/// What is to be in the programme.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What is said.
    pub bulletin: BulletinRow,
    /// Where.
    pub areas: Vec<AreaCode>,
    /// When.
    pub timetable: Timetable,
    /// IANA zone of the timetable; the broker's when absent.
    pub time_zone: Option<String>,
    /// How often each time.
    pub repeats: Repeats,
    /// Catch-up window, seconds.
    pub catch_up_s: u32,
    /// No airing begins from then on.
    pub expires_at: Option<Timestamp>,
    /// Pre-empted, it goes on where it was interrupted.
    pub resume: bool,
    /// Limits to be lifted for it.
    pub exceeds: Vec<Limit>,
    /// The item from above that it airs.
    pub inbox_item: Option<String>,
}

/// Why something isn't put into the programme.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The timetable can't be meant; its maker corrects the field.
    #[error("the timetable can't be meant: {0}")]
    Timetable(&'static str),
    /// No such zone.
    #[error("no such time zone")]
    ZoneUnknown,
    /// A field has a value that can't be used.
    #[error("{0} has a value that can't be used")]
    Field(&'static str),
    /// A policy would refuse it.
    #[error("the policy of an area would refuse {count} airings")]
    Breached {
        /// The first of them.
        first: Box<Breached>,
        /// What its hamlet is called.
        hamlet: String,
        /// How many airings.
        count: usize,
    },
    /// Somebody else has the right to lift this limit.
    #[error("this person may not lift {0:?}")]
    LimitNotYours(Limit),
    /// A node would have more broadcasts than a plan holds.
    #[error("more broadcasts than a plan holds")]
    TooMany,
    /// It isn't in the programme, or no longer.
    #[error("not in the programme")]
    NotThere,
    /// The store fails, or the sender used the key before.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] secrets::NoRandom),
    /// A fault of this program.
    #[error("the judgement broke off")]
    Broken,
}

/// The entry that follows from what is wanted, if it can be meant at all. Judges nothing.
pub fn row(
    app: &App,
    person: &PersonRow,
    wanted: Wanted,
    replaces: Option<&ProgrammeRow>,
    key: Option<String>,
) -> Result<ProgrammeRow, EntryError> {
    timetable::check(&wanted.timetable).map_err(|error| {
        EntryError::Timetable(match error {
            TimetableError::Times => "times",
            TimetableError::Days => "days",
            TimetableError::Until => "until",
            TimetableError::Except => "except",
        })
    })?;
    let time_zone = wanted.time_zone.unwrap_or_else(|| app.settings.time_zone.clone());
    known_zone(&time_zone).ok_or(EntryError::ZoneUnknown)?;
    if !(1..=MOST_REPEATS).contains(&wanted.repeats.count) {
        return Err(EntryError::Field("repeats"));
    }
    if wanted.repeats.gap_s > LONGEST_GAP_S {
        return Err(EntryError::Field("gap_s"));
    }
    if !CATCH_UP_S.contains(&wanted.catch_up_s) {
        return Err(EntryError::Field("catch_up_s"));
    }
    if wanted.areas.is_empty() {
        return Err(EntryError::Field("areas"));
    }
    let now = app.now();
    let mut exceeds = wanted.exceeds;
    exceeds.sort_unstable();
    exceeds.dedup();
    let mut entry = ProgrammeRow {
        id: match replaces {
            Some(old) => old.id.clone(),
            None => BroadcastId::from_bits(secrets::random()?),
        },
        bulletin: (&wanted.bulletin).into(),
        areas: wanted.areas,
        created_at: replaces.map_or(now, |old| old.created_at),
        created_by: replaces
            .map_or_else(|| (person.id.clone(), person.display_name.clone()), |old| old.created_by.clone()),
        idempotency_key: key,
        timetable: wanted.timetable,
        time_zone,
        repeats: wanted.repeats,
        catch_up_s: wanted.catch_up_s,
        expires_at: wanted.expires_at,
        position: replaces.map_or(0, |old| old.position),
        resume: wanted.resume,
        exceeds,
        since: next_second(now),
        changed_at: now,
        retired_at: None,
        inbox_item: replaces.map_or(wanted.inbox_item, |old| old.inbox_item.clone()),
    };
    if let Some(old) = replaces.filter(|old| has_the_same_airings(old, &entry)) {
        entry.since = old.since;
    }
    Ok(entry)
}

/// Airings begin at full seconds, so nothing is between; and a plan is shorter by the fractions.
fn next_second(at: Timestamp) -> Timestamp {
    let seconds = (at.as_microsecond() + 999_999).div_euclid(1_000_000);
    Timestamp::from_second(seconds).unwrap_or(at)
}

/// Whether a change leaves all airings as they were: when, where, and what sounds in them.
fn has_the_same_airings(old: &ProgrammeRow, new: &ProgrammeRow) -> bool {
    let makes = |entry: &ProgrammeRow| {
        (entry.bulletin.clip.hash.clone(), entry.areas.clone(), entry.time_zone.clone(), entry.expires_at)
    };
    makes(old) == makes(new)
        && (&old.timetable, old.repeats, old.catch_up_s) == (&new.timetable, new.repeats, new.catch_up_s)
}

/// Puts it into the programme, or changes the entry that it replaces. Nothing is saved that a policy would refuse, or that makes a policy
/// refuse something else. The nodes have it a moment later.
pub async fn save(
    app: &Arc<App>,
    person: &PersonRow,
    wanted: Wanted,
    replaces: Option<&BroadcastId>,
    key: Option<String>,
) -> Result<ProgrammeRow, EntryError> {
    let _programme = app.programme.lock().await;
    // By the programme as it was up to now.
    expect::pass(&app.store, app.now()).await?;
    let old = match replaces {
        Some(id) => Some(living(app, id).await?),
        None => None,
    };
    let entry = row(app, person, wanted, old.as_ref(), key)?;
    let judged = judged(app, entry, replaces).await?;
    if let Some(area) = judged.entry.areas.iter().find(|area| !judged.territory.knows(area)) {
        tracing::debug!(%area, "an area that there isn't");
        return Err(EntryError::Field("areas"));
    }
    if judged.fullest > limits::PLANNED_BROADCASTS {
        return Err(EntryError::TooMany);
    }
    let lifted = judged.territory.lifted(&person.id, &judged.hamlets);
    if let Some(limit) = judged.entry.exceeds.iter().find(|limit| !lifted.contains(limit)) {
        return Err(EntryError::LimitNotYours(*limit));
    }
    if let Some(first) = judged.breaches.first() {
        return Err(EntryError::Breached {
            first: Box::new(first.clone()),
            hamlet: judged.territory.name(&first.hamlet),
            count: judged.breaches.len(),
        });
    }
    let mut entry = judged.entry;
    if replaces.is_none() && entry.inbox_item.is_some() {
        // What comes from above goes by arrival, until the commune orders it otherwise.
        let last = judged.others.iter().map(|other| other.position).max().unwrap_or(0);
        entry.position = last.saturating_add(1);
    }
    if replaces.is_none() {
        app.store.add_to_programme(&entry).await?;
    } else if !app.store.change_programme(&entry).await? {
        return Err(EntryError::NotThere);
    }
    tracing::info!(entry = %entry.id, title = entry.bulletin.title, by = person.username, changed = replaces.is_some(), "in the programme");
    moved(app);
    Ok(entry)
}

/// An entry that is in the programme.
pub async fn living(app: &App, id: &BroadcastId) -> Result<ProgrammeRow, EntryError> {
    let entry = app.store.programme_entry(id).await?.filter(|entry| entry.retired_at.is_none());
    entry.ok_or(EntryError::NotThere)
}

/// Takes it out of the programme. What it has aired stays.
pub async fn retire(app: &Arc<App>, person: &PersonRow, id: &BroadcastId) -> Result<(), EntryError> {
    let _programme = app.programme.lock().await;
    expect::pass(&app.store, app.now()).await?;
    if !app.store.retire_from_programme(id, &person.id, app.now()).await? {
        return Err(EntryError::NotThere);
    }
    tracing::info!(entry = %id, by = person.username, "out of the programme");
    moved(app);
    Ok(())
}

/// The nodes get new plans, and pages look again.
pub fn moved(app: &App) {
    app.plans_changed.notify_one();
    app.alarms_due.notify_one();
    app.events.tell("programme", &serde_json::json!({}));
}

/// An entry with what it would do to the programme.
pub struct Judged {
    /// The entry.
    pub entry: ProgrammeRow,
    /// The areas.
    pub territory: Territory,
    /// The rest of the programme, without what is over.
    pub others: Vec<ProgrammeRow>,
    /// The hamlets it is for.
    pub hamlets: Vec<AreaCode>,
    /// What would be refused because of it.
    pub breaches: Vec<Breached>,
    /// Most broadcasts that one of its nodes would have.
    pub fullest: usize,
}

/// Judges an entry against the policies and the rest of the programme, on a thread of its own.
pub async fn judged(
    app: &App,
    entry: ProgrammeRow,
    replaces: Option<&BroadcastId>,
) -> Result<Judged, EntryError> {
    let territory = Territory::load(&app.store).await?;
    let mut others = app.store.programme(Timestamp::MAX).await?;
    let now = app.now();
    others.retain(|other| Some(&other.id) != replaces && !is_over(other, now));
    let zone_here = zone(&app.settings.time_zone);
    let judge = move || {
        let hamlets = territory.hamlets(&entry.areas);
        let groups = judge::neighbourhoods(&territory, &others, &hamlets);
        let fullest = groups.iter().map(|group| group.entries.len() + 1).max().unwrap_or(0);
        let programme = judge::planned(&others);
        let ours = (entry.planned(), zone(&entry.time_zone));
        let breaches = judge::breaches_by((&ours.0, &ours.1), &groups, &programme, &zone_here, now);
        Judged { entry, territory, others, hamlets, breaches, fullest }
    };
    tokio::task::spawn_blocking(judge).await.map_err(|_| EntryError::Broken)
}

/// The first full minute from `from` on, and before `until`, at which a bulletin may sound in all of these areas besides the programme.
/// Searches eight days.
pub async fn next_allowed(
    app: &App,
    bulletin: &BulletinRow,
    areas: &[AreaCode],
    from: Timestamp,
    until: Option<Timestamp>,
) -> Result<Option<Timestamp>, EntryError> {
    let territory = Territory::load(&app.store).await?;
    let mut others = app.store.programme(Timestamp::MAX).await?;
    let now = app.now();
    others.retain(|other| !is_over(other, now));
    let zone_here = zone(&app.settings.time_zone);
    let length = jiff::SignedDuration::from_millis(bulletin.clip.duration_ms().cast_signed());
    let (class, areas) = (bulletin.class, areas.to_vec());
    let search = move || {
        let groups = judge::neighbourhoods(&territory, &others, &territory.hamlets(&areas));
        judge::next_allowed(class, length, &groups, &judge::planned(&others), &zone_here, (from, until))
    };
    tokio::task::spawn_blocking(search).await.map_err(|_| EntryError::Broken)
}
