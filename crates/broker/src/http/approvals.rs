//! Handing bulletins in, approving them, returning them. The rules are in [`crate::approval`].

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Sight, within_of},
    broadcasts::area_codes,
    extract::{Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    text_field,
    view::bulletins::{self as view, Bulletin},
};
use crate::{
    app::App,
    approval::{Approvers, may_approve_own, reach_of},
    people::Permission,
    programme::territory::Territory,
    store::{ApprovalRow, ApprovalState, BulletinRow, Decision},
};

/// Most that wait at once are shown.
const SHOWN: u32 = 100;

/// Where a bulletin is meant to air.
#[derive(Deserialize, ToSchema)]
pub struct Submission {
    /// Codes of areas.
    areas: Vec<String>,
}

/// A no.
#[derive(Deserialize, ToSchema)]
pub struct Remark {
    /// Why, for its maker, up to 500 characters.
    remark: String,
}

/// Bulletins that wait for a decision.
#[derive(Serialize, ToSchema)]
pub struct Waiting {
    /// The longest waiting first.
    items: Vec<Bulletin>,
}

/// What waits for a decision of whoever asks.
#[utoipa::path(get, path = "/approvals", tag = "bulletins", responses((status = 200, body = Waiting)))]
pub async fn waiting(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Waiting>, Problem> {
    let sight = Sight::of(&app, &person, Permission::Approve).await?;
    let mut items = view::show(&app, app.store.submitted_bulletins(SHOWN).await?).await?;
    items.retain(|bulletin| sight.touches(&bulletin.approval.areas));
    Ok(axum::Json(Waiting { items }))
}

async fn found(app: &App, id: &str) -> Result<(BulletinRow, ApprovalRow), Problem> {
    let row = app.store.bulletin(id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let approval = app.store.approval(id).await?;
    Ok((row, approval))
}

fn decided(approval: &ApprovalRow) -> Problem {
    let state = serde_json::to_value(approval.state).unwrap_or_default();
    Problem::new(Code::AlreadyDecided).with("status", state)
}

async fn told(app: &App, row: BulletinRow) -> Result<Bulletin, Problem> {
    app.events.tell("programme", &serde_json::json!({}));
    view::show(app, vec![row]).await?.pop().ok_or_else(|| Problem::new(Code::NotFound))
}

/// Hands a bulletin in for approval.
#[utoipa::path(post, path = "/bulletins/{id}/submit", tag = "bulletins", request_body = Submission, params(("id" = String, Path)),
    responses((status = 200, body = Bulletin), (status = "4XX", body = ProblemBody)))]
pub async fn submit(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(submission): Json<Submission>,
) -> Result<axum::Json<Bulletin>, Problem> {
    let areas = area_codes(&submission.areas)?;
    let territory = Territory::load(&app.store).await?;
    if areas.is_empty() || areas.iter().any(|area| !territory.knows(area)) {
        return Err(Problem::field("areas"));
    }
    within_of(&person, Permission::Compose, &areas, &territory)?;
    let (row, approval) = found(&app, &id).await?;
    if !app.store.submit(&id, &areas, &person.id, app.now()).await? {
        return Err(decided(&approval));
    }
    tracing::info!(bulletin = id, title = row.title, by = person.username, "handed in for approval");
    Ok(axum::Json(told(&app, row).await?))
}

/// Approves a bulletin: this very sound, where whoever approves may. One's own only where the policy says so, or where nobody else could.
#[utoipa::path(post, path = "/bulletins/{id}/approve", tag = "bulletins", params(("id" = String, Path)),
    responses((status = 200, body = Bulletin), (status = "4XX", body = ProblemBody)))]
pub async fn approve(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
) -> Result<axum::Json<Bulletin>, Problem> {
    let (row, approval) = found(&app, &id).await?;
    let territory = Territory::load(&app.store).await?;
    within_of(&person, Permission::Approve, &approval.areas, &territory)?;
    let approvers = Approvers::load(&app).await?;
    if row.created_by.0 == person.id && !may_approve_own(&person, &approval.areas, &approvers, &territory) {
        return Err(Problem::new(Code::OwnBulletin));
    }
    let reach = reach_of(&person);
    if !app.store.decide(&row, Decision::Approve(reach.as_deref()), &person.id, app.now()).await? {
        return Err(decided(&approval));
    }
    tracing::info!(bulletin = id, title = row.title, by = person.username, "approved");
    Ok(axum::Json(told(&app, row).await?))
}

/// Returns a bulletin that waits, with the reason. Its maker makes another, or hands it in again.
#[utoipa::path(post, path = "/bulletins/{id}/return", tag = "bulletins", request_body = Remark, params(("id" = String, Path)),
    responses((status = 200, body = Bulletin), (status = "4XX", body = ProblemBody)))]
pub async fn give_back(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(id): Path<String>,
    Json(Remark { remark }): Json<Remark>,
) -> Result<axum::Json<Bulletin>, Problem> {
    let remark = text_field("remark", &remark, 500)?;
    let (row, approval) = found(&app, &id).await?;
    within_of(&person, Permission::Approve, &approval.areas, &Territory::load(&app.store).await?)?;
    let waits = approval.state == ApprovalState::Submitted;
    if !waits || !app.store.decide(&row, Decision::Return(&remark), &person.id, app.now()).await? {
        return Err(decided(&approval));
    }
    tracing::info!(bulletin = id, title = row.title, by = person.username, "returned");
    Ok(axum::Json(told(&app, row).await?))
}
