//! The audit log for who manages all areas there are: on the page, and as a file for those who keep it elsewhere.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    access::within_of,
    extract::{Query, SignedIn},
    problem::{Problem, ProblemBody},
    reports::LanguageQuery,
    view::log::{LogItem, show},
};
use crate::{
    app::App,
    people::Permission,
    programme::territory::Territory,
    reports::{BYTE_ORDER_MARK, harmless, lines_into},
    store::{LogFilter, PersonRow},
    words::Language,
};

/// Records of a file that are read together.
const AT_ONCE: u32 = 500;

/// Which records.
#[derive(Deserialize, IntoParams)]
pub struct FilterQuery {
    /// Only of this person or source.
    actor: Option<String>,
    /// Only of this action, done or refused.
    action: Option<String>,
    /// Only of this day, by the clock of the broker's zone: `2026-11-25`.
    day: Option<String>,
}

impl FilterQuery {
    fn filter(self, zone: &TimeZone) -> Result<LogFilter, Problem> {
        let named = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (from, to) = match named(self.day) {
            Some(day) => day_of(&day, zone).ok_or_else(|| Problem::field("day"))?,
            None => (None, None),
        };
        Ok(LogFilter { actor: named(self.actor), action: named(self.action), from, to })
    }
}

/// From its first instant up to but without the next day's.
fn day_of(day: &str, zone: &TimeZone) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let day: Date = day.parse().ok()?;
    let begin = |day: Date| zone.to_timestamp(day.to_datetime(jiff::civil::Time::MIN)).ok();
    Some((Some(begin(day)?), Some(begin(day.tomorrow().ok()?)?)))
}

/// Which part of the log.
#[derive(Deserialize, IntoParams)]
pub struct PartQuery {
    /// Only records before this number.
    before: Option<i64>,
    /// Most to give, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// A part of the log, newest first.
#[derive(Serialize, ToSchema)]
pub struct Log {
    /// The records.
    items: Vec<LogItem>,
    /// `before` for those that follow; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

async fn allowed(app: &App, person: &PersonRow) -> Result<(), Problem> {
    let territory = Territory::load(&app.store).await?;
    within_of(person, Permission::Manage, &territory.outermost(), &territory)
}

fn zone(app: &App) -> TimeZone {
    loa_schedule::programme::zone(&app.settings.time_zone)
}

/// The audit log, for who manages all areas there are.
#[utoipa::path(get, path = "/audit", tag = "audit", params(PartQuery, FilterQuery),
    responses((status = 200, body = Log), (status = "4XX", body = ProblemBody)))]
pub async fn log(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(part): Query<PartQuery>,
    Query(query): Query<FilterQuery>,
) -> Result<axum::Json<Log>, Problem> {
    allowed(&app, &person).await?;
    let filter = query.filter(&zone(&app))?;
    let limit = part.limit.unwrap_or(50).clamp(1, 200);
    let records = app.store.audit_before(part.before.unwrap_or(i64::MAX), &filter, limit).await?;
    let next = records.last().filter(|_| records.len() == limit as usize).map(|row| row.seq);
    Ok(axum::Json(Log { items: show(&app, records).await?, next }))
}

/// The same as CSV, whole, newest first, in UTF-8 with a byte order mark. Actions go by their stable names.
#[utoipa::path(get, path = "/audit.csv", tag = "audit", params(FilterQuery, LanguageQuery),
    responses((status = 200, content_type = "text/csv"), (status = "4XX", body = ProblemBody)))]
pub async fn log_csv(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(query): Query<FilterQuery>,
    Query(LanguageQuery { lang }): Query<LanguageQuery>,
) -> Result<Response, Problem> {
    allowed(&app, &person).await?;
    let zone = zone(&app);
    let filter = query.filter(&zone)?;
    let head = lines_of(Some(headings(lang)), &[], &zone).map_err(|error| Problem::internal(&error))?;
    let name = format!("attachment; filename=\"loa-audit-{}.csv\"", zone.to_datetime(app.now()).date());
    // A part at a time: the log of years fits into no memory. One that can't be read cuts the answer off, so that nobody takes it for whole.
    let parts = stream::try_unfold((app, Some(i64::MAX)), move |(app, before)| {
        let (filter, zone) = (filter.clone(), zone.clone());
        async move {
            let Some(before) = before else { return Ok::<_, std::io::Error>(None) };
            let records =
                app.store.audit_before(before, &filter, AT_ONCE).await.map_err(std::io::Error::other)?;
            let next = records.last().filter(|_| records.len() == AT_ONCE as usize).map(|row| row.seq);
            let items = show(&app, records).await.map_err(std::io::Error::other)?;
            let bytes = lines_of(None, &items, &zone).map_err(std::io::Error::other)?;
            Ok(Some((Bytes::from(bytes), (app, next))))
        }
    });
    let whole = futures_util::StreamExt::chain(stream::iter([Ok(Bytes::from(head))]), parts);
    let kind = "text/csv; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], Body::from_stream(whole))
        .into_response())
}

fn headings(language: Language) -> [&'static str; 10] {
    let words = &language.words().log;
    [
        &words.number,
        &words.time,
        &words.name,
        &words.actor,
        &words.address,
        &words.action,
        &words.about,
        &words.object,
        &words.details,
        &words.hash,
    ]
}

/// Lines of the file; with headings, its beginning.
fn lines_of(headings: Option<[&str; 10]>, items: &[LogItem], zone: &TimeZone) -> Result<Vec<u8>, csv::Error> {
    let mut writer = lines_into(headings.map(|_| BYTE_ORDER_MARK.to_vec()).unwrap_or_default());
    if let Some(headings) = headings {
        writer.write_record(headings)?;
    }
    for LogItem { record, about, .. } in items {
        let time = zone.to_datetime(record.at).strftime("%Y-%m-%d %H:%M:%S");
        let time = format!("{time} {}", zone.to_offset(record.at));
        let cells = [
            record.seq.to_string(),
            time,
            harmless(&record.name),
            harmless(record.actor.as_deref().unwrap_or_default()),
            harmless(record.address.as_deref().unwrap_or_default()),
            harmless(&record.action),
            harmless(&about.join("; ")),
            harmless(&record.object),
            harmless(&record.details.to_string()),
            record.hash.clone(),
        ];
        writer.write_record(&cells)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
