//! Releases of the agent: what there is, and the roll-out, step by step. Who sees a part of the nodes sees how far those are; only who may
//! manage everything moves it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{extract::State, http::StatusCode};
use loa_protocol::{NodeId, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::Sight,
    extract::{Json, SignedIn},
    problem::{Code, Problem, ProblemBody},
    view::{AreaName, AreaNames},
};
use crate::{
    app::App,
    people::{Permission, Reach},
    releases::{self, Progress},
    secrets,
    store::{NodeRow, PersonRow, RolloutRow, Stage, StoreError},
};

/// A version of the agent.
#[derive(Serialize, ToSchema)]
pub struct Release {
    /// The version.
    version: String,
    /// The kinds of machine there is a program for.
    targets: Vec<String>,
    /// When the first of them was added.
    #[schema(value_type = String, format = DateTime)]
    added_at: jiff::Timestamp,
    /// Not installed from then on.
    #[schema(value_type = String, format = DateTime)]
    not_after: jiff::Timestamp,
}

/// A release on its way to the nodes.
#[derive(Serialize, ToSchema)]
pub struct Rollout {
    /// Which.
    version: String,
    /// How far it is to go.
    stage: Stage,
    /// The share of the second stage, percent of the nodes.
    percent: u8,
    /// The node that gets it first.
    first: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: jiff::Timestamp,
    /// Who began it.
    started_by: String,
    /// Since when it goes no further.
    #[schema(value_type = Option<String>, format = DateTime)]
    halted_at: Option<jiff::Timestamp>,
    /// The node that went back, if that is why.
    halted_for: Option<String>,
}

/// How far a node is.
#[derive(Serialize, ToSchema)]
pub struct NodeRelease {
    /// The node.
    id: String,
    /// What people call it.
    name: String,
    /// Where it stands.
    hamlet: AreaName,
    /// The version that it last said it runs.
    version: Option<String>,
    /// How far it is with the roll-out; none: there is none.
    progress: Option<Progress>,
    /// Why it goes no further, by code.
    reason: Option<String>,
}

/// Everything about releases.
#[derive(Serialize, ToSchema)]
pub struct Releases {
    /// Those that can be rolled out, the newest first.
    items: Vec<Release>,
    /// The roll-out that goes on.
    rollout: Option<Rollout>,
    /// The nodes in sight.
    nodes: Vec<NodeRelease>,
    /// Whether whoever asks may move the roll-out.
    may_move: bool,
}

/// A roll-out to be begun.
#[derive(Deserialize, ToSchema)]
pub struct NewRollout {
    /// Which version.
    version: String,
    /// The node that gets it first.
    first: String,
    /// The share of the second stage, percent of the nodes.
    #[schema(minimum = 1, maximum = 99)]
    percent: u8,
}

/// What becomes of the roll-out.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// To a share of the nodes, after the first.
    ToShare,
    /// To all, after the share.
    ToAll,
    /// No further node gets it for now.
    Halt,
    /// It goes on, although a node went back.
    Resume,
    /// It is over: nodes that haven't got it don't.
    End,
}

/// A step.
#[derive(Deserialize, ToSchema)]
pub struct RolloutStep {
    /// Which.
    to: Move,
}

/// Releases of the agent lie in no area: only who manages everything decides about them.
fn manages_everything(person: &PersonRow) -> Result<(), Problem> {
    if person.reach(Permission::Manage) == Reach::Everywhere {
        Ok(())
    } else {
        Err(Problem::new(Code::AreaNotYours).with("area", "").with("area_name", ""))
    }
}

async fn show(app: &App, person: &PersonRow) -> Result<Releases, Problem> {
    let sight = Sight::of(app, person, Permission::Read).await?;
    let (now, rollout) = (app.now(), app.store.rollout().await?);
    let mut shown: Vec<Release> = Vec::new();
    let rows = app.store.releases().await?;
    for row in rows.iter().filter(|row| row.withdrawn_at.is_none() && row.not_after > now) {
        let version = row.version.to_string();
        match shown.iter_mut().find(|release| release.version == version) {
            Some(release) => {
                release.targets.push(row.target.clone());
                release.added_at = release.added_at.min(row.added_at);
                release.not_after = release.not_after.min(row.not_after);
            }
            None => shown.push(Release {
                version,
                targets: vec![row.target.clone()],
                added_at: row.added_at,
                not_after: row.not_after,
            }),
        }
    }
    let manifests = match &rollout {
        Some(rollout) => app.store.manifests(rollout.version, now).await?,
        None => BTreeMap::new(),
    };
    let names = AreaNames::load(app).await?;
    let of_node = |row: NodeRow| {
        let state = app.presence.word(&row.id).map_or(row.state, |word| word.state);
        let progress = rollout.as_ref().map(|rollout| {
            let has_program = |target: &str| manifests.contains_key(target);
            releases::progress(rollout, has_program, &row.id, state.as_ref())
        });
        let (progress, reason) = progress.map_or((None, None), |(progress, reason)| (Some(progress), reason));
        NodeRelease {
            id: row.id.to_string(),
            hamlet: names.of(&row.hamlet),
            name: row.name,
            version: state.map(|state| state.version),
            progress,
            reason,
        }
    };
    let nodes = app.store.nodes().await?;
    let seen = nodes.into_iter().filter(|row| row.is_trusted() && sight.covers(&row.hamlet));
    Ok(Releases {
        items: shown,
        nodes: seen.map(of_node).collect(),
        may_move: manages_everything(person).is_ok(),
        rollout: rollout.map(|rollout| Rollout {
            version: rollout.version.to_string(),
            stage: rollout.stage,
            percent: rollout.percent,
            first: rollout.first_node.to_string(),
            started_at: rollout.started_at,
            started_by: rollout.started_by.1,
            halted_at: rollout.halted_at,
            halted_for: rollout.halted_for.map(|node| node.to_string()),
        }),
    })
}

/// What releases there are, and how far each node is with the one that is rolled out.
#[utoipa::path(get, path = "/releases", tag = "releases", responses((status = 200, body = Releases)))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Releases>, Problem> {
    Ok(axum::Json(show(&app, &person).await?))
}

/// Begins to roll a release out: one node gets it. For who manages everything.
#[utoipa::path(post, path = "/releases/rollout", tag = "releases", request_body = NewRollout,
    responses((status = 201, body = Releases), (status = "4XX", body = ProblemBody)))]
pub async fn begin(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewRollout>,
) -> Result<(StatusCode, axum::Json<Releases>), Problem> {
    manages_everything(&person)?;
    let version: Version = new.version.parse().map_err(|_| Problem::field("version"))?;
    if !(1..=99).contains(&new.percent) {
        return Err(Problem::field("percent"));
    }
    let now = app.now();
    if app.store.manifests(version, now).await?.is_empty() {
        return Err(Problem::field("version"));
    }
    let first: NodeId = new.first.parse().map_err(|_| Problem::field("first"))?;
    if !app.store.node(&first).await?.is_some_and(|row| row.is_trusted()) {
        return Err(Problem::field("first"));
    }
    let rollout = RolloutRow {
        id: secrets::hex(&secrets::random::<16>()?),
        version,
        first_node: first,
        percent: new.percent,
        stage: Stage::First,
        started_at: now,
        started_by: (person.id.clone(), person.display_name.clone()),
        halted_at: None,
        halted_for: None,
        excused: BTreeSet::new(),
    };
    match app.store.begin_rollout(&rollout).await {
        Ok(()) => {}
        Err(StoreError::Exists) => return Err(Problem::new(Code::RolloutOpen)),
        Err(error) => return Err(error.into()),
    }
    // What nodes said of this version before is no news of this roll-out.
    let failed = gone_back(&app, version).await?;
    if !failed.is_empty() {
        app.store.excuse(&rollout.id, &failed).await?;
    }
    tracing::info!(%version, by = person.username, "a release is rolled out");
    app.plans_changed.notify_one();
    Ok((StatusCode::CREATED, axum::Json(show(&app, &person).await?)))
}

/// The nodes that say that they went back from this version.
async fn gone_back(app: &App, version: Version) -> Result<BTreeSet<NodeId>, Problem> {
    let states = app.store.nodes().await?.into_iter().filter_map(|row| {
        let state = app.presence.word(&row.id).map_or(row.state, |word| word.state)?;
        releases::went_back_from(version, &state).map(|_| row.id)
    });
    Ok(states.collect())
}

/// Moves the roll-out: to a share of the nodes, to all; halts it, lets it go on, ends it. For who manages everything.
#[utoipa::path(post, path = "/releases/rollout/steps", tag = "releases", request_body = RolloutStep,
    responses((status = 200, body = Releases), (status = "4XX", body = ProblemBody)))]
pub async fn step(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(step): Json<RolloutStep>,
) -> Result<axum::Json<Releases>, Problem> {
    manages_everything(&person)?;
    let rollout = app.store.rollout().await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let (id, now) = (&rollout.id, app.now());
    let done = match step.to {
        Move::ToShare => app.store.advance_rollout(id, Stage::First, Stage::Share).await?,
        Move::ToAll => app.store.advance_rollout(id, Stage::Share, Stage::All).await?,
        Move::Halt => app.store.halt_rollout(id, None, now).await?,
        Move::Resume => app.store.resume_rollout(id, &gone_back(&app, rollout.version).await?).await?,
        Move::End => app.store.end_rollout(id, now).await?,
    };
    if !done {
        // It was halted, or is elsewhere than whoever asks saw it.
        return Err(Problem::new(Code::RolloutElsewhere));
    }
    app.plans_changed.notify_one();
    Ok(axum::Json(show(&app, &person).await?))
}
