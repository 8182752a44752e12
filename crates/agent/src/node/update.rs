//! Which release of the agent the plan wants, and when the node goes to it: only what a release key signed, for this machine, in time, newer,
//! and not what failed here before; and only while nothing sounds and nothing is about to.

use std::time::Duration;

use jiff::SignedDuration;
use loa_protocol::{
    ReleaseManifest, ReleaseState,
    release::{Doing, Step, Tried, Unfit},
};

use super::{Node, Request, VERSION};
use crate::{
    player::Plays,
    release::{Installed, PrepareError},
};

/// Nothing may be due for so long when the agent goes away to come back as another.
const QUIET: SignedDuration = SignedDuration::from_mins(3);
/// First wait after a release could not be prepared; doubles up to [`LAST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(30);
const LAST_RETRY: Duration = Duration::from_secs(60 * 60);

/// The node's way to another release.
#[derive(Debug)]
pub(super) struct Update {
    installed: Installed,
    /// How long the release that runs has to go on after it was ready, to prove itself.
    trial: Duration,
    /// When it has proved itself, once it was ready (monotonic).
    proved_at: Option<Duration>,
    wanted: Option<ReleaseManifest>,
    step: Option<Step>,
    /// When to try again to prepare it (monotonic), and the wait after that.
    retry: Option<Duration>,
    wait: Duration,
}

impl Update {
    pub(super) fn new(installed: Installed, trial: Duration) -> Self {
        let mut update = Self {
            installed,
            trial,
            proved_at: None,
            wanted: None,
            step: None,
            retry: None,
            wait: FIRST_RETRY,
        };
        if update.installed.on_trial {
            update.trying();
        }
        update
    }

    pub(super) fn state(&self) -> ReleaseState {
        ReleaseState {
            target: self.installed.program.target.to_owned(),
            step: self.step.clone(),
            last: self.installed.last.clone(),
        }
    }

    fn trying(&mut self) {
        let version = Some(self.installed.program.version);
        self.step = Some(Step { version, doing: Doing::Trying, reason: None });
    }

    fn is_ready(&self) -> bool {
        self.step.as_ref().is_some_and(|step| step.doing == Doing::Waiting)
    }

    fn go(&mut self, doing: Doing, reason: Option<&str>) {
        let version = self.wanted.as_ref().map(|wanted| wanted.version);
        self.step = Some(Step { version, doing, reason: reason.map(str::to_owned) });
    }
}

impl<P: Plays> Node<P> {
    /// The version of the program that runs.
    pub(super) fn version(&self) -> String {
        let installed = self.update.as_ref().map(|update| update.installed.program.version.to_string());
        installed.unwrap_or_else(|| VERSION.to_owned())
    }

    /// Looks at what release the plan held wants.
    pub(super) fn follow_release(&mut self) {
        let present = self.present();
        let Some(update) = &mut self.update else { return };
        if update.installed.on_trial {
            // One at a time.
            return;
        }
        let sealed = self.plan.held().and_then(|plan| plan.release.as_deref());
        let Some(sealed) = sealed else {
            update.step = None;
            return self.leave_off();
        };
        let read = self.trust.read_release(sealed, present);
        self.save_trust();
        let Some(update) = &mut self.update else { return };
        let judged = match &read {
            Ok(release) if update.installed.has_failed(release) => Err("failed_before"),
            Ok(release) => {
                let program = &update.installed.program;
                release.fits(program.version, program.target, present).map_err(Unfit::code)
            }
            Err(refusal) => Err(refusal.code()),
        };
        let release = read.ok();
        match judged {
            Ok(()) if release == update.wanted => {}
            Ok(()) => {
                tracing::info!(version = ?release.as_ref().map(|r| r.version.to_string()), "another release is wanted");
                update.wanted.clone_from(&release);
                (update.retry, update.wait) = (None, FIRST_RETRY);
                update.go(Doing::Fetching, None);
                self.requests.push(Request::Prepare(release.map(Box::new)));
            }
            Err(code) => {
                let runs = code == Unfit::Running.code();
                let version = release.map(|release| release.version);
                let reason = Some(code.to_owned());
                update.step = (!runs).then_some(Step { version, doing: Doing::Refused, reason });
                if !runs {
                    tracing::warn!(code, "the release that the plan wants is refused");
                }
                self.leave_off();
            }
        }
    }

    fn leave_off(&mut self) {
        let Some(update) = &mut self.update else { return };
        update.retry = None;
        if update.wanted.take().is_some() {
            self.requests.push(Request::Prepare(None));
        }
    }

    /// A release was prepared, or could not be.
    pub fn prepared(&mut self, result: Result<(), PrepareError>) {
        let now = self.clock.monotonic();
        let Some(update) = &mut self.update else { return };
        if update.wanted.is_none() {
            return;
        }
        match result {
            Ok(()) => {
                tracing::info!("the wanted release is here and fit; waiting for quiet");
                update.go(Doing::Waiting, None);
            }
            Err(error) => {
                tracing::warn!(%error, wait_s = update.wait.as_secs(), "the wanted release can't be prepared; trying again");
                update.go(Doing::Failed, Some(error.code()));
                update.retry = Some(now + update.wait);
                update.wait = (update.wait * 2).min(LAST_RETRY);
            }
        }
    }

    /// Every part of the agent turns: a release on trial has become ready.
    pub fn ready(&mut self) {
        let now = self.clock.monotonic();
        if let Some(update) = &mut self.update {
            let trial = update.trial;
            update.proved_at.get_or_insert(now + trial);
        }
    }

    /// That the release that runs has proved itself was noted, or could not be.
    pub fn confirmed(&mut self, noted: std::io::Result<Tried>) {
        let now = self.clock.monotonic();
        let Some(update) = &mut self.update else { return };
        match noted {
            Ok(tried) => {
                tracing::info!(version = %tried.version, "the release has proved itself");
                update.installed.on_trial = false;
                update.installed.last = Some(tried);
                update.step = None;
                self.follow_release();
            }
            Err(error) => {
                update.proved_at = Some(now + FIRST_RETRY);
                self.disk_failed(&error);
            }
        }
    }

    /// Does what is due of an update, and says when something is next (monotonic).
    pub(super) fn update_due(&mut self, now: Duration) -> Option<Duration> {
        let quiet = self.is_quiet();
        let present = self.present();
        let update = self.update.as_mut()?;
        if update.installed.on_trial {
            if update.proved_at.is_some_and(|at| at <= now) {
                // Again after a while, if it can't be noted.
                update.proved_at = Some(now + FIRST_RETRY);
                self.requests.push(Request::Confirm);
            }
            return update.proved_at;
        }
        if update.is_ready() && quiet {
            let program = &update.installed.program;
            let wanted = update.wanted.clone()?;
            match wanted.fits(program.version, program.target, present) {
                Ok(()) => {
                    tracing::warn!(version = %wanted.version, "ends, to be started as another release");
                    self.requests.push(Request::Switch(Box::new(wanted)));
                }
                Err(unfit) => {
                    // It has expired while there was no quiet.
                    update.go(Doing::Refused, Some(unfit.code()));
                    self.leave_off();
                }
            }
            return None;
        }
        if update.retry.is_some_and(|at| at <= now) {
            update.retry = None;
            update.go(Doing::Fetching, None);
            let wanted = update.wanted.clone().map(Box::new);
            self.requests.push(Request::Prepare(wanted));
            return None;
        }
        update.retry
    }

    fn is_quiet(&self) -> bool {
        let present = self.present();
        let soon = present.saturating_add(QUIET).unwrap_or(present);
        self.sounds.is_empty()
            && self.airings.is_empty()
            && self.arbiter.on_air().is_none()
            && self.timetable.is_quiet_until(soon)
    }
}
