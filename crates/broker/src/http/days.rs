//! The programme by days: the week to come, the run of a day, what is in danger.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::extract::State;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use loa_protocol::{AreaCode, BroadcastId};
use loa_schedule::programme::{slots, zone};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    access::{Sight, within_of},
    extract::{Query, SignedIn},
    problem::{Code, Problem, ProblemBody},
    programme::touches,
    view::{
        AreaNames,
        days::{self, Alarms, Day, DayRun, RunNode, RunState, Week, WeekAiring, WeekDay},
    },
};
use crate::{
    app::App,
    people::Permission,
    programme::{alarms, midnight, territory::Territory},
    store::{AiringStatus, HeardRow, PersonRow, PlannedNode, ProgrammeRow, Standing},
};

/// Which week, where.
#[derive(Deserialize, IntoParams)]
pub struct WeekQuery {
    /// Code of an area.
    area: String,
    /// The first day, `YYYY-MM-DD`; today when absent.
    from: Option<String>,
}

/// Which day, where.
#[derive(Deserialize, IntoParams)]
pub struct DayQuery {
    /// Code of an area.
    area: String,
    /// `YYYY-MM-DD`; today when absent.
    date: Option<String>,
}

/// What a day or a week is asked of.
struct Asked {
    area: AreaCode,
    hamlets: BTreeSet<AreaCode>,
    territory: Territory,
    zone: TimeZone,
    now: Timestamp,
    first: Date,
}

impl Asked {
    async fn read(
        app: &App,
        person: &PersonRow,
        area: &str,
        day: Option<&str>,
        name: &str,
    ) -> Result<Self, Problem> {
        let area: AreaCode = area.parse().map_err(|_| Problem::field("area"))?;
        let territory = Territory::load(&app.store).await?;
        if !territory.knows(&area) {
            return Err(Problem::new(Code::NotFound));
        }
        within_of(person, Permission::Read, std::slice::from_ref(&area), &territory)?;
        let (zone, now) = (zone(&app.settings.time_zone), app.now());
        let first = match day {
            Some(text) => text.parse().map_err(|_| Problem::field(name))?,
            None => zone.to_datetime(now).date(),
        };
        let hamlets = territory.hamlets(std::slice::from_ref(&area)).into_iter().collect();
        Ok(Self { area, hamlets, territory, zone, now, first })
    }

    /// From the first midnight, and up to the one so many days later.
    fn span(&self, days: i32) -> Result<(Timestamp, Timestamp), Problem> {
        let last = self.first.checked_add(days.days()).ok();
        let from = midnight(self.first, &self.zone);
        from.zip(last.and_then(|last| midnight(last, &self.zone))).ok_or_else(|| Problem::field("date"))
    }

    /// The programme here, and what was taken out of it since `from`.
    async fn programme(&self, app: &App, from: Timestamp) -> Result<Vec<ProgrammeRow>, Problem> {
        let mut programme = app.store.programme(from).await?;
        programme.retain(|row| touches(&self.territory, row, &self.area));
        Ok(programme)
    }

    /// The hamlets here that an entry is for.
    fn hamlets_of(&self, row: &ProgrammeRow) -> Vec<AreaCode> {
        self.hamlets.iter().filter(|hamlet| self.territory.lies_in(hamlet, &row.areas)).cloned().collect()
    }
}

fn word(status: AiringStatus) -> String {
    match serde_json::to_value(status) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// Which of the repeats starts then, as the entry is now.
fn repeat_of(row: &ProgrammeRow, start: Timestamp) -> u8 {
    let mut planned = row.planned();
    planned.since = Timestamp::MIN;
    let to = start.saturating_add(1.microsecond()).unwrap_or(start);
    slots(&planned, &zone(&row.time_zone), start, to).first().map_or(0, |slot| slot.repeat)
}

/// Seven local days of an area's programme: what has started by what became of it, the rest as planned.
#[utoipa::path(get, path = "/programme/week", tag = "programme", params(WeekQuery),
    responses((status = 200, body = Week), (status = "4XX", body = ProblemBody)))]
pub async fn week(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(query): Query<WeekQuery>,
) -> Result<axum::Json<Week>, Problem> {
    let asked = Asked::read(&app, &person, &query.area, query.from.as_deref(), "from").await?;
    let (from, to) = asked.span(7)?;
    let programme = asked.programme(&app, from).await?;
    let begun = asked.now.min(to);
    let mut airings = started(&asked, &programme, &app.store.standing(from, begun.max(from)).await?);
    for row in programme.iter().filter(|row| row.retired_at.is_none()) {
        let hamlets = asked.hamlets_of(row);
        for slot in slots(&row.planned(), &zone(&row.time_zone), from.max(asked.now), to) {
            airings.push(week_airing(&asked, row, slot.start, slot.repeat, &hamlets, None));
        }
    }
    airings.sort_by(|a, b| (a.start, &a.entry).cmp(&(b.start, &b.entry)));
    let mut days: Vec<_> = (0..7)
        .filter_map(|day| asked.first.checked_add(day.days()).ok())
        .map(|day| WeekDay { date: day.to_string(), airings: Vec::new() })
        .collect();
    for airing in airings {
        let date = asked.zone.to_datetime(airing.start).date().to_string();
        if let Some(day) = days.iter_mut().find(|day| day.date == date) {
            day.airings.push(airing);
        }
    }
    Ok(axum::Json(Week {
        from: asked.first.to_string(),
        days,
        time_zone: app.settings.time_zone.clone(),
        policy: (&asked.territory.policy(&asked.area)).into(),
    }))
}

fn started(asked: &Asked, programme: &[ProgrammeRow], standing: &Standing) -> Vec<WeekAiring> {
    let mut airings = Vec::new();
    for ((broadcast, start), standing) in standing {
        let Some(row) = programme.iter().find(|row| row.id == *broadcast) else { continue };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut hamlets = BTreeSet::new();
        for (hamlet, status, many) in standing.iter().filter(|(hamlet, _, _)| asked.hamlets.contains(hamlet))
        {
            *counts.entry(word(*status)).or_default() += *many as usize;
            hamlets.insert(hamlet.clone());
        }
        if !hamlets.is_empty() {
            let hamlets: Vec<_> = hamlets.into_iter().collect();
            airings.push(week_airing(asked, row, *start, repeat_of(row, *start), &hamlets, Some(counts)));
        }
    }
    airings
}

fn week_airing(
    asked: &Asked,
    row: &ProgrammeRow,
    start: Timestamp,
    repeat: u8,
    hamlets: &[AreaCode],
    status: Option<BTreeMap<String, usize>>,
) -> WeekAiring {
    WeekAiring {
        entry: row.id.to_string(),
        title: row.bulletin.title.clone(),
        class: row.bulletin.class,
        start,
        duration_s: row.bulletin.clip.duration_ms.div_ceil(1000),
        repeat,
        whole: hamlets.len() == asked.hamlets.len(),
        hamlets: hamlets
            .iter()
            .map(|hamlet| super::view::programme::named(&asked.territory, hamlet))
            .collect(),
        status,
    }
}

/// The run of a local day in an area: what has started node by node, by timetable or at once, and what is due.
#[utoipa::path(get, path = "/programme/day", tag = "programme", params(DayQuery),
    responses((status = 200, body = Day), (status = "4XX", body = ProblemBody)))]
pub async fn day(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(query): Query<DayQuery>,
) -> Result<axum::Json<Day>, Problem> {
    let asked = Asked::read(&app, &person, &query.area, query.date.as_deref(), "date").await?;
    let (from, to) = asked.span(1)?;
    let names = AreaNames::load(&app).await?;
    let programme = asked.programme(&app, from).await?;
    let mut heard: BTreeMap<(Timestamp, BroadcastId), Vec<HeardRow>> = BTreeMap::new();
    for row in app.store.heard(from, to).await? {
        if asked.hamlets.contains(&row.hamlet) {
            heard.entry((row.start_at, row.broadcast.clone())).or_default().push(row);
        }
    }
    let mut runs: Vec<_> = heard
        .iter()
        .filter_map(|((start, broadcast), rows)| {
            let entry = programme.iter().find(|row| row.id == *broadcast);
            run(rows, entry.map_or(0, |entry| repeat_of(entry, *start)), &names)
        })
        .collect();
    let nodes = app.store.planned_nodes().await?;
    for row in programme.iter().filter(|row| row.retired_at.is_none()) {
        for slot in slots(&row.planned(), &zone(&row.time_zone), from.max(asked.now), to) {
            if !heard.contains_key(&(slot.start, row.id.clone())) {
                runs.push(due(&asked, row, slot.start, slot.repeat, &nodes, &names));
            }
        }
    }
    runs.sort_by(|a, b| (a.start, &a.entry).cmp(&(b.start, &b.entry)));
    let is_here = |alarm: &mut alarms::Alarm| {
        alarm.nodes.retain(|(_, _, hamlet)| asked.hamlets.contains(hamlet));
        !alarm.nodes.is_empty()
    };
    let mut current = alarms::current(&app).await?;
    current.retain_mut(is_here);
    let alarms = days::alarms(&app, current).await?.items;
    Ok(axum::Json(Day { date: asked.first.to_string(), runs, alarms }))
}

fn run(rows: &[HeardRow], repeat: u8, names: &AreaNames) -> Option<DayRun> {
    let first = rows.first()?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(word(row.status)).or_default() += 1;
    }
    let open = |row: &HeardRow| !row.status.is_settled() && row.status != AiringStatus::Unreported;
    Some(DayRun {
        entry: first.broadcast.to_string(),
        title: first.title.clone(),
        class: first.class,
        start: first.start_at,
        duration_s: first.duration_ms.div_ceil(1000),
        repeat,
        state: if rows.iter().any(open) { RunState::Running } else { RunState::Over },
        counts,
        nodes: rows.iter().map(|row| RunNode::heard(row, names, word(row.status))).collect(),
    })
}

fn due(
    asked: &Asked,
    row: &ProgrammeRow,
    start: Timestamp,
    repeat: u8,
    nodes: &[PlannedNode],
    names: &AreaNames,
) -> DayRun {
    let here = |node: &&PlannedNode| {
        asked.hamlets.contains(&node.hamlet) && asked.territory.lies_in(&node.hamlet, &row.areas)
    };
    let nodes: Vec<_> = nodes
        .iter()
        .filter(here)
        .map(|node| RunNode {
            node: node.id.to_string(),
            node_name: node.name.clone(),
            hamlet: names.of(&node.hamlet),
            status: "due".into(),
            reason: None,
            started_at: None,
            ended_at: None,
            late_s: None,
        })
        .collect();
    DayRun {
        entry: row.id.to_string(),
        title: row.bulletin.title.clone(),
        class: row.bulletin.class,
        start,
        duration_s: row.bulletin.clip.duration_ms.div_ceil(1000),
        repeat,
        state: RunState::Due,
        counts: BTreeMap::from([("due".to_owned(), nodes.len())]),
        nodes,
    }
}

/// Airings of the next half hour that are in danger. Told as event `alarms` when they change.
#[utoipa::path(get, path = "/programme/alarms", tag = "programme", responses((status = 200, body = Alarms)))]
pub async fn alarms(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Alarms>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Read).await?;
    let mut current = alarms::current(&app).await?;
    current.retain_mut(|alarm| {
        alarm.nodes.retain(|(_, _, hamlet)| sight.covers(hamlet));
        !alarm.nodes.is_empty()
    });
    Ok(axum::Json(days::alarms(&app, current).await?))
}
