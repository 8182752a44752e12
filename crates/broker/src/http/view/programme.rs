//! Entries of the programme as the API shows them and takes them.

use jiff::{Timestamp, civil::Time};
use loa_protocol::{AreaCode, Class, Every, Limit, Timetable};
use loa_schedule::programme::zone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AreaName, bulletins::Clip};
use crate::{
    app::App,
    http::problem::{Code, Problem},
    programme::{is_over, next_slots, territory::Territory},
    store::{PlannedNode, ProgrammeRow, StoreError},
};

/// Days and times of day, local.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimetableBody {
    /// `once`, `day`, `week`, `month`.
    #[schema(value_type = String, example = "week")]
    pub every: Every,
    /// Weekly: 1 to 7, Monday first. Monthly: 1 to 31, and -1 for the last.
    #[serde(default)]
    pub days: Vec<i8>,
    /// `HH:MM`.
    #[schema(example = json!(["05:00"]))]
    pub times: Vec<String>,
    /// The first day, `YYYY-MM-DD`; once: the only one.
    pub from: String,
    /// The last day; none: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Days left out.
    #[serde(default)]
    pub except: Vec<String>,
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':').filter(|_| text.len() == 5)?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl TimetableBody {
    /// As the plan has it; the name of a field that can't be read otherwise.
    pub fn read(&self) -> Result<Timetable, &'static str> {
        let mut times =
            self.times.iter().map(|text| time(text)).collect::<Option<Vec<_>>>().ok_or("times")?;
        times.sort_unstable();
        times.dedup();
        let mut days = self.days.clone();
        days.sort_unstable();
        days.dedup();
        let mut except = self
            .except
            .iter()
            .map(|text| text.parse())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "except")?;
        except.sort_unstable();
        except.dedup();
        Ok(Timetable {
            every: self.every,
            days,
            times,
            from: self.from.parse().map_err(|_| "from")?,
            until: self.until.as_ref().map(|text| text.parse()).transpose().map_err(|_| "until")?,
            except,
        })
    }
}

impl From<&Timetable> for TimetableBody {
    fn from(timetable: &Timetable) -> Self {
        Self {
            every: timetable.every,
            days: timetable.days.clone(),
            times: timetable.times.iter().map(|time| time.strftime("%H:%M").to_string()).collect(),
            from: timetable.from.to_string(),
            until: timetable.until.map(|day| day.to_string()),
            except: timetable.except.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A bulletin in the programme.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryBulletin {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// BCP 47.
    pub language: String,
    /// How long it is, seconds, rounded up.
    pub duration_s: u64,
    /// What sounds.
    pub clip: Clip,
}

/// A broadcast by timetable.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProgrammeEntry {
    /// Id.
    pub id: String,
    /// What is said.
    pub bulletin: EntryBulletin,
    /// Where.
    pub areas: Vec<AreaName>,
    /// When.
    pub timetable: TimetableBody,
    /// IANA zone of the timetable.
    pub time_zone: String,
    /// How often each time.
    pub repeats: u8,
    /// Silence between repeats, seconds.
    pub gap_s: u32,
    /// How long after its nominal start an airing may still begin, seconds.
    pub catch_up_s: u32,
    /// No airing begins from then on.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Among waiting equals the least goes first.
    pub position: u32,
    /// Pre-empted, it goes on where it was interrupted.
    pub resume: bool,
    /// Limits lifted for it: `hours`, `session_minutes`, `sessions_per_day`, `volume`.
    #[schema(value_type = Vec<String>)]
    pub exceeds: Vec<Limit>,
    /// How many nodes air it.
    pub nodes: usize,
    /// The next airing, if there is one.
    #[schema(value_type = Vec<String>)]
    pub next: Vec<Timestamp>,
    /// Whether nothing of it is to come any more.
    pub over: bool,
    /// When it was put into the programme.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// The item from above that it airs.
    pub inbox_item: Option<String>,
}

/// How many of these nodes are in some areas.
pub fn nodes_within(territory: &Territory, nodes: &[PlannedNode], areas: &[AreaCode]) -> usize {
    nodes.iter().filter(|node| territory.lies_in(&node.hamlet, areas)).count()
}

/// An area by code and name.
pub fn named(territory: &Territory, code: &AreaCode) -> AreaName {
    AreaName { code: code.to_string(), name: territory.name(code) }
}

/// Entries, in the order given.
pub async fn show(app: &App, rows: Vec<ProgrammeRow>) -> Result<Vec<ProgrammeEntry>, StoreError> {
    let territory = Territory::load(&app.store).await?;
    let nodes = app.store.planned_nodes().await?;
    let now = app.now();
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(clip) = app.store.clip(&row.bulletin.clip.hash).await? else { continue };
        let next = next_slots(&row.planned(), &zone(&row.time_zone), now, 1);
        entries.push(ProgrammeEntry {
            id: row.id.to_string(),
            areas: row.areas.iter().map(|area| named(&territory, area)).collect(),
            timetable: (&row.timetable).into(),
            repeats: row.repeats.count,
            gap_s: row.repeats.gap_s,
            catch_up_s: row.catch_up_s,
            expires_at: row.expires_at,
            position: row.position,
            resume: row.resume,
            nodes: nodes_within(&territory, &nodes, &row.areas),
            next: next.iter().map(|slot| slot.start).collect(),
            over: row.retired_at.is_some() || is_over(&row, now),
            created_at: row.created_at,
            created_by: row.created_by.1,
            changed_at: row.changed_at,
            bulletin: EntryBulletin {
                id: row.bulletin.id,
                title: row.bulletin.title,
                class: row.bulletin.class,
                language: row.bulletin.language,
                duration_s: row.bulletin.clip.duration_ms.div_ceil(1000),
                clip: clip.into(),
            },
            time_zone: row.time_zone,
            exceeds: row.exceeds,
            inbox_item: row.inbox_item,
        });
    }
    Ok(entries)
}

/// One entry.
pub async fn one(app: &App, row: ProgrammeRow) -> Result<ProgrammeEntry, Problem> {
    show(app, vec![row]).await?.pop().ok_or_else(|| Problem::new(Code::NotFound))
}
