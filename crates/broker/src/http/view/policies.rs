//! Policies as the API shows them and takes them: times of day as `HH:MM`.

use loa_protocol::{
    Limit, Policy,
    policy::{Ceiling, DAY_MINUTES, Span},
};
use loa_schedule::policy::is_sound;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::{Exceeder, PolicyRow};

/// Some time of each day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SpanBody {
    /// `HH:MM`.
    #[schema(example = "05:00")]
    pub from: String,
    /// `HH:MM`, up to `24:00`.
    #[schema(example = "22:00")]
    pub to: String,
}

/// A ceiling on the volume for some time of each day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CeilingBody {
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`, up to `24:00`.
    pub to: String,
    /// Percent of full scale by voltage.
    #[schema(maximum = 100)]
    pub percent: u8,
}

/// A person who may lift some limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExceederBody {
    /// The person's id.
    pub person: String,
    /// Which: `hours`, `session_minutes`, `sessions_per_day`, `volume`.
    #[schema(value_type = Vec<String>)]
    pub limits: Vec<Limit>,
}

/// What an area allows. What isn't limited is allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyBody {
    /// Allowed hours of the seven days, Monday first; a day without any is silent.
    pub hours: Vec<Vec<SpanBody>>,
    /// Longest session, minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_minutes: Option<u16>,
    /// Most sessions a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions_per_day: Option<u16>,
    /// How loud at most, by hour.
    #[serde(default)]
    pub ceilings: Vec<CeilingBody>,
    /// What a broadcast may be allowed to exceed at all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub exceedable: Vec<Limit>,
    /// Who may allow it.
    #[serde(default)]
    pub exceeders: Vec<ExceederBody>,
    /// Ids of people who may approve what they made themselves, here and within.
    #[serde(default)]
    pub own_approvers: Vec<String>,
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|_| text.len() == 5)?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY_MINUTES).then_some(at)
}

fn text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl PolicyBody {
    /// As the plan has it, with spans in order; the name of a field that can't be otherwise.
    pub fn read(&self) -> Result<Policy, &'static str> {
        let span = |span: &SpanBody| Some(Span { from: minute(&span.from)?, to: minute(&span.to)? });
        let day = |spans: &Vec<SpanBody>| {
            let mut spans = spans.iter().map(span).collect::<Option<Vec<_>>>()?;
            spans.sort_unstable();
            Some(spans)
        };
        let hours = self.hours.iter().map(day).collect::<Option<Vec<_>>>().ok_or("hours")?;
        let ceiling = |c: &CeilingBody| {
            Some(Ceiling { from: minute(&c.from)?, to: minute(&c.to)?, percent: c.percent })
        };
        let only_hours = Policy { hours: hours.try_into().map_err(|_| "hours")?, ..Policy::unlimited() };
        if !is_sound(&only_hours) {
            return Err("hours");
        }
        let ceilings = self.ceilings.iter().map(ceiling).collect::<Option<Vec<_>>>().ok_or("ceilings")?;
        let with_ceilings = Policy { ceilings, ..only_hours };
        if !is_sound(&with_ceilings) || with_ceilings.ceilings.len() > 24 {
            return Err("ceilings");
        }
        let mut exceedable = self.exceedable.clone();
        exceedable.sort_unstable();
        exceedable.dedup();
        let policy = Policy {
            session_minutes: self.session_minutes,
            sessions_per_day: self.sessions_per_day,
            exceedable,
            ..with_ceilings
        };
        if is_sound(&policy) { Ok(policy) } else { Err("session_minutes") }
    }

    /// Who may lift what.
    pub fn read_exceeders(&self) -> Vec<Exceeder> {
        let read = |e: &ExceederBody| Exceeder { person: e.person.clone(), limits: e.limits.clone() };
        self.exceeders.iter().map(read).collect()
    }
}

impl From<&Policy> for PolicyBody {
    fn from(policy: &Policy) -> Self {
        let span = |span: &Span| SpanBody { from: text(span.from), to: text(span.to) };
        Self {
            hours: policy.hours.iter().map(|day| day.iter().map(span).collect()).collect(),
            session_minutes: policy.session_minutes,
            sessions_per_day: policy.sessions_per_day,
            ceilings: policy
                .ceilings
                .iter()
                .map(|c| CeilingBody { from: text(c.from), to: text(c.to), percent: c.percent })
                .collect(),
            exceedable: policy.exceedable.clone(),
            exceeders: Vec::new(),
            own_approvers: Vec::new(),
        }
    }
}

impl From<&PolicyRow> for PolicyBody {
    fn from(row: &PolicyRow) -> Self {
        let show = |e: &Exceeder| ExceederBody { person: e.person.clone(), limits: e.limits.clone() };
        Self {
            exceeders: row.exceeders.iter().map(show).collect(),
            own_approvers: row.own_approvers.clone(),
            ..(&row.policy).into()
        }
    }
}
