//! Releases of the agent: which node shall have which, and how far each is.
//!
//! The broker hands releases out and can make none: what nodes install is signed by a release key, which is not kept here ([`commands`]). It
//! decides who gets one when: first one node, then a share, then all, each step by a person. A node that went back from a release halts
//! the roll-out by itself: no further node gets it until a person says so.

pub mod commands;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use loa_protocol::{
    NodeId, NodeState, ReleaseHash, Version,
    release::{Doing, Outcome, Tried},
};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    audit,
    store::{RolloutRow, Stage, StoreError},
};

/// The folder of programs, in the data folder.
const FOLDER: &str = "releases";

/// Where a release's program is.
pub fn file_of(data: &std::path::Path, sha256: &ReleaseHash) -> PathBuf {
    data.join(FOLDER).join(sha256.as_str())
}

impl RolloutRow {
    /// Whether a node is to have the release by now.
    pub fn reaches(&self, node: &NodeId) -> bool {
        match self.stage {
            Stage::All => true,
            Stage::First => *node == self.first_node,
            Stage::Share => *node == self.first_node || share_of(self.version, node) < self.percent,
        }
    }
}

/// Where a node stands among a hundred: by its name and the version, so that not the same ones are always first.
fn share_of(version: Version, node: &NodeId) -> u8 {
    let drawn = digest(&SHA256, format!("{version}\n{node}").as_bytes());
    let first = drawn.as_ref().first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    u8::try_from((u64::from(first) * 100) >> 32).unwrap_or(99)
}

/// What goes into plans: the roll-out that goes on, and its manifests by kind of machine.
pub struct Offer {
    rollout: RolloutRow,
    manifests: BTreeMap<String, String>,
}

impl Offer {
    /// What is offered now. A halted roll-out offers nothing: who has the release keeps it.
    pub async fn load(app: &App) -> Result<Option<Self>, StoreError> {
        let Some(rollout) = app.store.rollout().await?.filter(|rollout| rollout.halted_at.is_none()) else {
            return Ok(None);
        };
        let manifests = app.store.manifests(rollout.version, app.now()).await?;
        Ok(Some(Self { rollout, manifests }))
    }

    /// The manifest for a node that last said this.
    pub fn to(&self, node: &NodeId, state: Option<&NodeState>) -> Option<&String> {
        let target = &state?.release.as_ref()?.target;
        self.manifests.get(target).filter(|_| self.rollout.reaches(node))
    }
}

/// How far a node is with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Its stage hasn't come.
    Later,
    /// It was told, and hasn't begun.
    Told,
    /// It fetches it, and lets it test itself.
    Fetching,
    /// It has it, and waits until nothing sounds and nothing is about to.
    Waiting,
    /// It runs it on trial.
    Trying,
    /// It runs it.
    Updated,
    /// It could not get it, and tries again.
    Failed,
    /// It doesn't take it.
    Refused,
    /// It tried it and went back.
    RolledBack,
    /// Its program can't be replaced, or there is none for its kind of machine.
    Impossible,
}

/// How far a node is, and why it goes no further, by code.
pub fn progress(
    rollout: &RolloutRow,
    has_program: impl Fn(&str) -> bool,
    node: &NodeId,
    state: Option<&NodeState>,
) -> (Progress, Option<String>) {
    let Some(said) = state else { return (Progress::Later, None) };
    let runs = said.version.parse() == Ok(rollout.version);
    let Some(release) = &said.release else {
        return (if runs { Progress::Updated } else { Progress::Impossible }, None);
    };
    if let Some(step) = release.step.as_ref().filter(|step| step.version == Some(rollout.version)) {
        let went_back = step.reason.as_deref() == Some("failed_before");
        match step.doing {
            Doing::Fetching => return (Progress::Fetching, None),
            Doing::Waiting => return (Progress::Waiting, None),
            Doing::Trying => return (Progress::Trying, None),
            Doing::Failed => return (Progress::Failed, step.reason.clone()),
            Doing::Refused if !went_back => return (Progress::Refused, step.reason.clone()),
            Doing::Refused | Doing::Other => {}
        }
    }
    if runs {
        return (Progress::Updated, None);
    }
    if let Some(tried) = went_back_from(rollout.version, said) {
        return (Progress::RolledBack, tried.reason.clone());
    }
    if !has_program(&release.target) {
        return (Progress::Impossible, None);
    }
    (if rollout.reaches(node) { Progress::Told } else { Progress::Later }, None)
}

/// What a node says of how it went back from this version, if it did.
pub(crate) fn went_back_from(version: Version, state: &NodeState) -> Option<&Tried> {
    let last = state.release.as_ref()?.last.as_ref()?;
    (last.version == version && last.outcome == Outcome::RolledBack).then_some(last)
}

/// A node said something new of its program: the roll-out is halted if it went back.
pub async fn heard(app: &Arc<App>, node: &NodeId, state: &NodeState) -> Result<(), StoreError> {
    let Some(rollout) = app.store.rollout().await? else { return Ok(()) };
    let Some(Tried { reason, .. }) = went_back_from(rollout.version, state) else { return Ok(()) };
    if !rollout.excused.contains(node) && app.store.halt_rollout(&rollout.id, Some(node), app.now()).await? {
        tracing::error!(%node, version = %rollout.version, ?reason, "a node went back from a release; its roll-out is halted");
        let details = serde_json::json!({ "version": rollout.version, "reason": reason });
        audit::happened(app, "loa-broker", "rollout.halted", format!("/nodes/{node}"), details).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
