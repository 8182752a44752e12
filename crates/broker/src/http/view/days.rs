//! What sounds on which day, and what stands in its way, as the API shows it.

use std::collections::BTreeMap;

use loa_protocol::{Class, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AreaName, AreaNames};
use crate::{
    app::App,
    programme::alarms::{self, AlarmKind},
    store::{HeardRow, StoreError},
};

/// A node that is concerned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConcernedNode {
    /// Id.
    pub node: String,
    /// What people call it.
    pub node_name: String,
    /// Where it stands.
    pub hamlet: AreaName,
}

/// An airing of the next half hour that is in danger on some nodes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alarm {
    /// By what.
    pub kind: AlarmKind,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    pub start: jiff::Timestamp,
    /// Its entry in the programme.
    pub entry: String,
    /// The bulletin's title.
    pub title: String,
    /// On these nodes.
    pub nodes: Vec<ConcernedNode>,
}

/// All alarms.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alarms {
    /// By start.
    pub items: Vec<Alarm>,
}

/// Alarms with names.
pub async fn alarms(app: &App, alarms: Vec<alarms::Alarm>) -> Result<Alarms, StoreError> {
    let names = AreaNames::load(app).await?;
    let show = |alarm: alarms::Alarm| Alarm {
        kind: alarm.kind,
        start: alarm.start,
        entry: alarm.entry.to_string(),
        title: alarm.title,
        nodes: alarm
            .nodes
            .into_iter()
            .map(|(node, node_name, hamlet)| ConcernedNode {
                node: node.to_string(),
                node_name,
                hamlet: names.of(&hamlet),
            })
            .collect(),
    };
    Ok(Alarms { items: alarms.into_iter().map(show).collect() })
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// To come.
    Due,
    /// Something of it is still open.
    Running,
    /// All nodes have settled it.
    Over,
}

/// What became of a run on one node.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunNode {
    /// Id.
    pub node: String,
    /// What people call it.
    pub node_name: String,
    /// Where it stands.
    pub hamlet: AreaName,
    /// `due`, or as an airing's.
    #[schema(value_type = String, example = "played")]
    pub status: String,
    /// Why, where there is more to say.
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
    /// When it began to sound.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<jiff::Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<jiff::Timestamp>,
    /// How long after its nominal start it began, seconds.
    pub late_s: Option<f64>,
}

/// One start of one broadcast on all its nodes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DayRun {
    /// The broadcast.
    pub entry: String,
    /// The bulletin's title.
    pub title: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// Its nominal start.
    #[schema(value_type = String, format = DateTime)]
    pub start: jiff::Timestamp,
    /// How long the clip is, seconds.
    pub duration_s: u64,
    /// Which of the repeats, from 0.
    pub repeat: u8,
    /// How far it is.
    pub state: RunState,
    /// How many nodes, by status.
    pub counts: BTreeMap<String, usize>,
    /// Node by node.
    pub nodes: Vec<RunNode>,
}

/// A day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Day {
    /// Local.
    pub date: String,
    /// What sounds, by start.
    pub runs: Vec<DayRun>,
    /// What stands in the way of the next half hour.
    pub alarms: Vec<Alarm>,
}

/// A start in the week's programme.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WeekAiring {
    /// The entry.
    pub entry: String,
    /// The bulletin's title.
    pub title: String,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// Its nominal start.
    #[schema(value_type = String, format = DateTime)]
    pub start: jiff::Timestamp,
    /// How long the clip is, seconds.
    pub duration_s: u64,
    /// Which of the repeats, from 0.
    pub repeat: u8,
    /// Where.
    pub hamlets: Vec<AreaName>,
    /// Whether that is all of the area asked for.
    pub whole: bool,
    /// How many nodes, by status; only of what has started.
    pub status: Option<BTreeMap<String, usize>>,
}

/// A local day of a week.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WeekDay {
    /// Local.
    pub date: String,
    /// By start.
    pub airings: Vec<WeekAiring>,
}

/// Seven days.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Week {
    /// The first day.
    pub from: String,
    /// The days.
    pub days: Vec<WeekDay>,
    /// The zone of the days.
    pub time_zone: String,
    /// What is allowed in the area.
    pub policy: super::policies::PolicyBody,
}

impl RunNode {
    /// Of an airing that has started.
    pub(in crate::http) fn heard(row: &HeardRow, names: &AreaNames, status: String) -> Self {
        Self {
            node: row.node.to_string(),
            node_name: row.node_name.clone(),
            hamlet: names.of(&row.hamlet),
            status,
            reason: row.reason,
            started_at: row.started_at,
            ended_at: row.ended_at,
            late_s: row.started_at.map(|at| at.duration_since(row.start_at).as_secs_f64()),
        }
    }
}
