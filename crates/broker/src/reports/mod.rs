//! The monthly report: what was really heard, by hamlet and class.
//!
//! It counts what nodes reported, never what was sent. An airing belongs to the month of its nominal start, by the clock of the broker's zone. One whose
//! time isn't over yet is not in it.

mod csv;
mod xlsx;

use std::collections::BTreeMap;

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use loa_protocol::{AreaCode, Class};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{
    csv::{BYTE_ORDER_MARK, csv, harmless, lines_into},
    xlsx::xlsx,
};
use crate::{
    app::App,
    http::view::{AreaName, AreaNames},
    store::{AiringStatus, Heard, StoreError},
    words::Language,
};

/// Frames of a minute.
const MINUTE: f64 = 48_000.0 * 60.0;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    first: Date,
}

impl Month {
    /// The month that a text names: `2026-11`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
        ((2000..=9000).contains(&year) && (1..=12).contains(&month))
            .then(|| Self { first: date(year, month, 1) })
    }

    /// From its first instant in a zone up to but without the first of the next.
    pub fn span(self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let next = self.first.last_of_month().tomorrow().unwrap_or(Date::MAX);
        let begin =
            |day: Date| zone.to_timestamp(day.to_datetime(jiff::civil::Time::MIN)).unwrap_or(Timestamp::MAX);
        (begin(self.first), begin(next))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// Sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// All whose time is over: the sum of those that follow.
    pub airings: u64,
    /// Minutes that sound devices really took, to a tenth.
    pub minutes: f64,
    /// Heard whole.
    pub played: u64,
    /// Heard in part.
    pub partial: u64,
    /// Interrupted by something stronger.
    pub pre_empted: u64,
    /// Not heard.
    pub missed: u64,
    /// Refused by the node.
    pub refused: u64,
    /// The node hasn't told yet.
    pub unreported: u64,
}

#[derive(Default)]
struct Sum {
    figures: Figures,
    frames: u64,
}

impl Sum {
    fn add(&mut self, heard: &Heard) {
        let figures = &mut self.figures;
        let count = match heard.status {
            AiringStatus::Played => &mut figures.played,
            AiringStatus::Partial => &mut figures.partial,
            AiringStatus::PreEmpted => &mut figures.pre_empted,
            AiringStatus::Missed => &mut figures.missed,
            AiringStatus::Refused => &mut figures.refused,
            AiringStatus::Unreported => &mut figures.unreported,
            AiringStatus::Sent | AiringStatus::Waiting | AiringStatus::Playing => return,
        };
        *count += heard.airings;
        figures.airings += heard.airings;
        self.frames += heard.frames;
        figures.minutes = (self.frames as f64 / MINUTE * 10.0).round() / 10.0;
    }
}

/// One hamlet and class.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReportRow {
    /// Where.
    pub hamlet: AreaName,
    /// `normal`, `priority`, `emergency`.
    #[schema(value_type = String, example = "normal")]
    pub class: Class,
    /// How much.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A month of an area.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MonthReport {
    /// `2026-11`.
    pub month: String,
    /// The area asked for.
    pub area: AreaName,
    /// By hamlet, weakest class first.
    pub rows: Vec<ReportRow>,
    /// All of it.
    pub total: Figures,
}

/// The report of an area's month.
pub async fn month(app: &App, area: &AreaCode, month: Month) -> Result<MonthReport, StoreError> {
    let (from, to) = month.span(&loa_schedule::programme::zone(&app.settings.time_zone));
    let heard = app.store.heard_in(area, from, to).await?;
    Ok(add_up(&heard, month, area, &AreaNames::load(app).await?))
}

fn add_up(heard: &[Heard], month: Month, area: &AreaCode, names: &AreaNames) -> MonthReport {
    let mut rows: BTreeMap<(&AreaCode, Class), Sum> = BTreeMap::new();
    let mut total = Sum::default();
    for heard in heard {
        rows.entry((&heard.hamlet, heard.class)).or_default().add(heard);
        total.add(heard);
    }
    let row = |((hamlet, class), sum): ((&AreaCode, Class), Sum)| ReportRow {
        hamlet: names.of(hamlet),
        class,
        figures: sum.figures,
    };
    MonthReport {
        month: month.to_string(),
        area: names.of(area),
        rows: rows.into_iter().filter(|(_, sum)| sum.figures.airings > 0).map(row).collect(),
        total: total.figures,
    }
}

/// The headings of the columns.
fn headings(language: Language) -> [&'static str; 11] {
    let words = &language.words().report;
    [
        &words.code,
        &words.hamlet,
        &words.class,
        &words.airings,
        &words.minutes,
        &words.played,
        &words.partial,
        &words.pre_empted,
        &words.missed,
        &words.refused,
        &words.unreported,
    ]
}

/// A line of the files.
struct Line<'a> {
    /// Code, name, class.
    words: [&'a str; 3],
    figures: &'a Figures,
}

impl Line<'_> {
    fn outcomes(&self) -> [u64; 6] {
        let Figures { played, partial, pre_empted, missed, refused, unreported, .. } = *self.figures;
        [played, partial, pre_empted, missed, refused, unreported]
    }
}

/// All lines, the sums last.
fn lines(report: &MonthReport, language: Language) -> impl Iterator<Item = Line<'_>> {
    let words = language.words();
    let rows = report.rows.iter().map(|row| Line {
        words: [&row.hamlet.code, &row.hamlet.name, words.class(row.class)],
        figures: &row.figures,
    });
    rows.chain([Line { words: ["", &words.report.total, ""], figures: &report.total }])
}

#[cfg(test)]
mod tests;
