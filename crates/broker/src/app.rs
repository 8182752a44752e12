//! What every part of the running broker shares.

use std::sync::Arc;

use jiff::Timestamp;
use loa_mqtt::Bus;
use loa_protocol::Clock;
use loa_speech::Speech;

use crate::{
    audit::HeadFile, clips::ClipFolder, config::Settings, events::Events, identity::Identity,
    nodes::Presence, people::Throttle, store::Store,
};

/// The running broker. Shared by reference.
pub struct App {
    /// What it remembers.
    pub store: Store,
    /// How its disk is.
    pub disk: crate::disk::Disk,
    /// Where clips are.
    pub clips: ClipFolder,
    /// Where photos of poles are.
    pub photos: ClipFolder,
    /// Who it is.
    pub identity: Identity,
    /// Beside the database: the newest record of the audit log.
    pub audit_head: HeadFile,
    /// The way to the nodes.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The way to open pages.
    pub events: Events,
    /// Voices.
    pub speech: Speech,
    /// How it was started.
    pub settings: Settings,
    /// Where nodes are told to go.
    pub addresses: crate::enrolment::Addresses,
    /// What nodes last said.
    pub presence: Presence,
    /// What the secrets of people's second step are derived from.
    pub totp: crate::people::TotpKey,
    /// Told when sessions end or rights change, so that open streams look again.
    pub sessions_changed: tokio::sync::watch::Sender<()>,
    /// Brake on guessing a person's password.
    pub sign_ins: Throttle,
    /// Brake on guessing anybody's from one address.
    pub addresses_tried: Throttle,
    /// Brake on guessing claim codes.
    pub claims: Throttle,
    /// Brake on guessing what opens a door without a session: a source's credential, a calendar's address.
    pub strangers: Throttle,
    /// Held by whoever decides what becomes of an item from above: one decision at a time.
    pub inbox: tokio::sync::Mutex<()>,
    /// Wakes the reconciliation of plans.
    pub plans_changed: tokio::sync::Notify,
    /// Held by whoever changes the programme, or writes down what of it is due.
    pub programme: tokio::sync::Mutex<()>,
    /// Wakes the look-out for airings in danger.
    pub alarms_due: tokio::sync::Notify,
    /// Cancelled when the broker stops, so that endless answers end.
    pub stopping: tokio_util::sync::CancellationToken,
    /// How many sounds may be worked on at once: each takes a processor.
    pub sound_work: tokio::sync::Semaphore,
}

impl App {
    /// The present, in whole microseconds: as the store keeps it, so that nothing reads otherwise after a restart.
    pub fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
