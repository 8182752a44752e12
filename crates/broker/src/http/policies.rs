//! *Quy chế* of areas: what is in force, setting an area's own, taking it away.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use loa_protocol::AreaCode;
use loa_schedule::{policy::loosened, programme::zone};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    access::within_of,
    extract::{Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    view::{AreaName, policies::PolicyBody, preview::BreachBody, programme::named},
};
use crate::{
    app::App,
    people::Permission,
    programme::{
        entry::{self, EntryError},
        is_over, judge,
        territory::Territory,
    },
    store::PolicyRow,
};

/// Breaches shown after a change.
const SHOWN: usize = 20;

/// What an area allows.
#[derive(Serialize, ToSchema)]
pub struct AreaPolicy {
    /// The area.
    area: AreaName,
    /// Its own, if it has one.
    own: Option<PolicyBody>,
    /// What follows from its own and those above.
    in_force: PolicyBody,
    /// What the areas above allow: its own may only be tighter.
    outer: PolicyBody,
    /// When its own last changed.
    #[schema(value_type = Option<String>, format = DateTime)]
    changed_at: Option<jiff::Timestamp>,
    /// Who changed it.
    changed_by: Option<String>,
    /// Only in answer to a change: airings of the programme that are refused from now on, the first twenty.
    #[serde(skip_serializing_if = "Option::is_none")]
    breaches: Option<Vec<PolicyBreach>>,
}

/// An airing of the programme that is refused.
#[derive(Serialize, ToSchema)]
pub struct PolicyBreach {
    /// The bulletin's title.
    title: String,
    /// The airing.
    #[serde(flatten)]
    breach: BreachBody,
}

fn known(territory: &Territory, code: &str) -> Result<AreaCode, Problem> {
    let code = code.parse().ok().filter(|code| territory.knows(code));
    code.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Who may approve their own by these areas' policies: who is named anywhere, may within.
fn own_approvers(territory: &Territory, areas: &[AreaCode]) -> Vec<String> {
    let rows = areas.iter().filter_map(|area| territory.own_policy(area));
    let mut named: Vec<_> = rows.flat_map(|row| row.own_approvers.iter().cloned()).collect();
    named.sort();
    named.dedup();
    named
}

fn show(territory: &Territory, area: &AreaCode) -> AreaPolicy {
    let own = territory.own_policy(area);
    let path = territory.path(area);
    let outer = path.split_last().map_or(&[][..], |(_, outer)| outer);
    let with = |policy: PolicyBody, areas: &[AreaCode]| PolicyBody {
        own_approvers: own_approvers(territory, areas),
        ..policy
    };
    AreaPolicy {
        area: named(territory, area),
        own: own.map(PolicyBody::from),
        in_force: with((&territory.policy(area)).into(), &path),
        outer: with((&territory.outer_policy(area)).into(), outer),
        changed_at: own.map(|row| row.changed_at),
        changed_by: own.map(|row| row.changed_by.1.clone()),
        breaches: None,
    }
}

/// What an area allows. Where no policy is set, 05:00 to 22:00 is in force.
#[utoipa::path(get, path = "/areas/{code}/policy", tag = "policy", params(("code" = String, Path)),
    responses((status = 200, body = AreaPolicy), (status = "4XX", body = ProblemBody)))]
pub async fn one(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(code): Path<String>,
) -> Result<axum::Json<AreaPolicy>, Problem> {
    let territory = Territory::load(&app.store).await?;
    let area = known(&territory, &code)?;
    within_of(&person, Permission::Read, std::slice::from_ref(&area), &territory)?;
    Ok(axum::Json(show(&territory, &area)))
}

/// Sets an area's own policy. It may only be tighter than what the areas above allow. What it forbids of the programme is refused by the
/// nodes from now on, and named in the answer.
#[utoipa::path(put, path = "/areas/{code}/policy", tag = "policy", request_body = PolicyBody, params(("code" = String, Path)),
    responses((status = 200, body = AreaPolicy), (status = "4XX", body = ProblemBody)))]
pub async fn set(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(code): Path<String>,
    Json(body): Json<PolicyBody>,
) -> Result<axum::Json<AreaPolicy>, Problem> {
    let territory = Territory::load(&app.store).await?;
    let area = known(&territory, &code)?;
    within_of(&person, Permission::Manage, std::slice::from_ref(&area), &territory)?;
    let policy = body.read().map_err(Problem::field)?;
    let exceeders = body.read_exceeders();
    let people = app.store.people().await?;
    let known_person = |id: &String| people.iter().any(|person| person.id == *id);
    if exceeders.iter().any(|e| !known_person(&e.person)) {
        return Err(Problem::field("exceeders"));
    }
    if !body.own_approvers.iter().all(known_person) {
        return Err(Problem::field("own_approvers"));
    }
    let looser = loosened(&territory.outer_policy(&area), &policy);
    if !looser.is_empty() {
        let limits = serde_json::to_value(looser).unwrap_or_default();
        return Err(Problem::new(Code::PolicyLoosens).with("limits", limits));
    }
    let changed_by = (person.id.clone(), person.display_name.clone());
    let row = PolicyRow {
        area: area.clone(),
        policy,
        exceeders,
        own_approvers: body.own_approvers,
        changed_at: app.now(),
        changed_by,
    };
    app.store.set_policy(&row).await?;
    tracing::info!(%area, by = person.username, "the policy was changed");
    entry::moved(&app);
    let territory = Territory::load(&app.store).await?;
    let mut shown = show(&territory, &area);
    shown.breaches = Some(breaches(&app, territory, area).await?);
    Ok(axum::Json(shown))
}

/// What is refused of the programme in an area.
async fn breaches(app: &App, territory: Territory, area: AreaCode) -> Result<Vec<PolicyBreach>, Problem> {
    let now = app.now();
    let mut programme = app.store.programme(jiff::Timestamp::MAX).await?;
    programme.retain(|entry| !is_over(entry, now));
    let zone = zone(&app.settings.time_zone);
    let judged = tokio::task::spawn_blocking(move || {
        let hamlets = territory.hamlets(&[area]);
        let groups = judge::neighbourhoods(&territory, &programme, &hamlets);
        let breaches = judge::breaches_of(&groups, &judge::planned(&programme), &zone, now);
        let title = |breached: &judge::Breached| {
            let entry = programme.iter().find(|entry| entry.id == breached.entry);
            entry.map(|entry| entry.bulletin.title.clone()).unwrap_or_default()
        };
        let show = |breached: &judge::Breached| PolicyBreach {
            title: title(breached),
            breach: BreachBody::new(breached, &territory),
        };
        breaches.iter().take(SHOWN).map(show).collect()
    });
    judged.await.map_err(|_| EntryError::Broken.into())
}

/// Takes an area's own policy away: that of the areas above is in force again.
#[utoipa::path(delete, path = "/areas/{code}/policy", tag = "policy", params(("code" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(code): Path<String>,
) -> Result<StatusCode, Problem> {
    let territory = Territory::load(&app.store).await?;
    let area = known(&territory, &code)?;
    within_of(&person, Permission::Manage, std::slice::from_ref(&area), &territory)?;
    if !app.store.remove_policy(&area).await? {
        return Err(Problem::new(Code::NotFound));
    }
    tracing::info!(%area, by = person.username, "the policy was taken away");
    entry::moved(&app);
    Ok(StatusCode::NO_CONTENT)
}
