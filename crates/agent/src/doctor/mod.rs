//! Says in words what is wrong on a node and what to do about it: `loa-agent doctor`, for whoever stands at the pole.
//!
//! It looks only: it plays nothing, switches nothing, disturbs no agent that runs beside it, and leaves nothing behind. What a machine
//! doesn't have (a thermometer, Wi-Fi) is not a fault.

mod broker;
mod machine;
mod sound;
mod time;

use std::{fmt, path::Path, sync::Arc};

use jiff::Timestamp;
use loa_protocol::{Clock, SystemClock};
use serde::Serialize;

use crate::{
    clock::{BatteryClock, NodeClock, SYNCHRONISED},
    config::Config,
    identity::Identity,
    words::Words,
};

/// Everything that can be found.
pub const CODES: [&str; 20] = [
    "amplifier",
    "certificate_damaged",
    "certificate_ended",
    "certificate_ends_soon",
    "clock_behind",
    "clock_unknown",
    "configuration",
    "data_not_writable",
    "disk_full",
    "enrolment",
    "hot",
    "no_connection",
    "no_name",
    "no_route",
    "no_sound_card",
    "no_trust",
    "revoked",
    "sound",
    "under_voltage",
    "weak_signal",
];

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its stable name, for programs and for the catalogues: one of [`CODES`].
    pub code: &'static str,
    /// What was measured, or what the system said.
    pub detail: String,
}

impl Finding {
    fn new(code: &'static str, detail: impl fmt::Display) -> Self {
        Self { code, detail: format!("{detail}") }
    }

    /// What is wrong and what to do, each a sentence or two.
    pub fn say(&self, words: &Words) -> String {
        match words.finding(self.code) {
            Some(finding) => format!("{} {}", finding.what(&self.detail), finding.advice),
            None => format!("{}: {}", self.code, self.detail),
        }
    }
}

/// Looks at everything. `root` is where `/proc` and `/sys` are.
pub async fn examine(root: &Path, data: &Path, config: Option<&Path>) -> Vec<Finding> {
    let mut found = machine::look(root, data);
    let config = match Config::read(config) {
        Ok(config) => Some(config),
        Err(error) => {
            found.push(Finding::new("configuration", error));
            None
        }
    };
    let machine: Arc<dyn Clock> = Arc::new(SystemClock::new());
    if let Some(config) = &config {
        found.extend(sound::look(config, &machine));
    }
    let (battery, mark) = config.as_ref().map_or((BatteryClock::Auto, SYNCHRONISED.as_ref()), |config| {
        (config.battery_clock, config.synchronised_mark.as_path())
    });
    let clock = |floor: Timestamp| Arc::new(NodeClock::new(floor, battery, mark));
    match Identity::open(data) {
        Ok(identity) => {
            let clock: Arc<dyn Clock> = clock(identity.enrolled.now);
            found.extend(time::clock(identity.enrolled.now, machine.now(), clock.trust()));
            found.extend(time::certificate(&identity, clock.now()));
            found.extend(broker::look(root, &identity, &clock).await);
        }
        Err(error) => {
            found.extend(time::clock(Timestamp::MIN, machine.now(), clock(Timestamp::MIN).trust()));
            found.push(Finding::new("enrolment", error));
        }
    }
    found
}

#[cfg(test)]
mod tests;
