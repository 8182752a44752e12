//! The monthly report, on screen and as files.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use loa_protocol::AreaCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    access::within,
    extract::{Query, SignedIn},
    problem::{Problem, ProblemBody},
};
use crate::{
    app::App,
    people::Permission,
    reports::{self, Month, MonthReport},
    store::PersonRow,
    words::Language,
};

/// Which month of which area.
#[derive(Deserialize, IntoParams)]
pub struct MonthQuery {
    /// Code of the area; those within are in it.
    area: String,
    /// `2026-11`, by the clock of the broker's zone.
    month: String,
}

/// The language of a file.
#[derive(Deserialize, IntoParams)]
pub struct LanguageQuery {
    /// `vi` when absent.
    #[serde(default)]
    #[param(inline)]
    pub(super) lang: Language,
}

async fn report(app: &App, person: &PersonRow, query: &MonthQuery) -> Result<MonthReport, Problem> {
    let month = Month::parse(&query.month).ok_or_else(|| Problem::field("month"))?;
    let area: AreaCode = query.area.parse().map_err(|_| Problem::field("area"))?;
    app.store.area(&area).await?.ok_or_else(|| Problem::field("area"))?;
    within(app, person, Permission::Read, std::slice::from_ref(&area)).await?;
    Ok(reports::month(app, &area, month).await?)
}

fn file(report: &MonthReport, kind: &'static str, ending: &str, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"loa-{}-{}.{ending}\"", report.area.code, report.month);
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
}

/// What was heard in a month, by hamlet and class: what nodes reported, not what was sent.
#[utoipa::path(get, path = "/reports/month", tag = "reports", params(MonthQuery),
    responses((status = 200, body = MonthReport), (status = "4XX", body = ProblemBody)))]
pub async fn month(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<axum::Json<MonthReport>, Problem> {
    Ok(axum::Json(report(&app, &person, &query).await?))
}

/// The same as CSV, in UTF-8 with a byte order mark.
#[utoipa::path(get, path = "/reports/month.csv", tag = "reports", params(MonthQuery, LanguageQuery),
    responses((status = 200, content_type = "text/csv"), (status = "4XX", body = ProblemBody)))]
pub async fn month_csv(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(query): Query<MonthQuery>,
    Query(LanguageQuery { lang }): Query<LanguageQuery>,
) -> Result<Response, Problem> {
    let report = report(&app, &person, &query).await?;
    let bytes = reports::csv(&report, lang).map_err(|error| Problem::internal(&error))?;
    Ok(file(&report, "text/csv; charset=utf-8", "csv", bytes))
}

/// The same as a spreadsheet.
#[utoipa::path(get, path = "/reports/month.xlsx", tag = "reports", params(MonthQuery, LanguageQuery),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (status = "4XX", body = ProblemBody)))]
pub async fn month_xlsx(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Query(query): Query<MonthQuery>,
    Query(LanguageQuery { lang }): Query<LanguageQuery>,
) -> Result<Response, Problem> {
    let report = report(&app, &person, &query).await?;
    let bytes = reports::xlsx(&report, lang).map_err(|error| Problem::internal(&error))?;
    Ok(file(&report, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", bytes))
}
