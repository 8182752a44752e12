//! Puts a whole agent together and runs it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use loa_mqtt::ClientError;
use loa_protocol::{Clock, SystemClock};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{mpsc::unbounded_channel, watch};

use crate::{
    alive::{self, Part, Supervisor},
    cache::{Fetcher, Pace},
    clock::{NodeClock, built_at},
    config::Config,
    identity::{Identity, IdentityError},
    link::{self, End, Heard, Means},
    node::{Node, Parts},
    output::Trouble,
    player::{Player, Settings},
    release::{Program, ReleaseMeans, Releases, self_test, start},
    renew,
};

/// Why the agent can't run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Not enrolled, or the identity is damaged.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The data folder is in use: another agent runs.
    #[error("another agent runs with {0}")]
    Busy(PathBuf),
    /// The data folder or the system.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// The addresses or certificates from enrolment can't be used: enrol again.
    #[error("the broker's address or the node's certificate can't be used; enrol again: {0}")]
    Link(#[from] ClientError),
    /// A release on trial can't read what the node keeps.
    #[error("this release can't take over: {0}")]
    Unwell(#[from] self_test::Unwell),
    /// No random numbers.
    #[error("no random numbers from the system")]
    Random,
}

/// Runs an agent on `data` until `stop` resolves, the broker has it restarted, or another release is to take over.
pub async fn run(data: &Path, config: &Config, stop: impl Future<Output = ()>) -> Result<End, RunError> {
    run_as(Program::this(), data, config, stop).await
}

/// The same as another program than this library's own version.
pub async fn run_as(
    program: Program,
    data: &Path,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<End, RunError> {
    // What goes away to come back as another, and may fail then, needs somebody who starts it again.
    let means = alive::is_supervised().then(|| ReleaseMeans {
        releases: Releases::of(data),
        released: start::is_released(data),
        program,
        data: data.to_owned(),
        config: config.clone(),
    });
    Box::pin(run_with(SystemClock::new(), means, data, config, stop)).await
}

/// The same on another machine's clock, and never replaced.
pub async fn run_on(
    machine: impl Clock,
    data: &Path,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<End, RunError> {
    Box::pin(run_with(machine, None, data, config, stop)).await
}

async fn run_with(
    machine: impl Clock,
    releases: Option<ReleaseMeans>,
    data: &Path,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<End, RunError> {
    let identity = Identity::open(data)?;
    let _lock = lock(data)?;
    let installed =
        releases.as_ref().map(|means| means.releases.installed(means.program.clone(), means.released));
    if installed.as_ref().is_some_and(|installed| installed.on_trial) {
        // Before it touches anything: what it can't read the one before must still find.
        self_test::reads_everything(data)?;
    }
    let version =
        installed.as_ref().map_or_else(|| crate::node::VERSION.to_owned(), |i| i.program.version.to_string());
    let trial = Duration::from_secs(config.release_trial_s.into());
    let floor = identity.enrolled.now.max(built_at());
    let battery = config.battery_clock.is_there();
    let clock: Arc<dyn Clock> = Arc::new(NodeClock::on(machine, floor, battery, &config.synchronised_mark));
    let mut boot = [0; 16];
    SystemRandom::new().fill(&mut boot).map_err(|_| RunError::Random)?;
    let seed = u64::from_be_bytes([boot[0], boot[1], boot[2], boot[3], boot[4], boot[5], boot[6], boot[7]]);

    let node_id = identity.enrolled.node.clone();
    let trouble = Trouble::default();
    let output = config.output.make(node_id.as_str(), trouble.clone(), clock.clone());
    let settings = Settings { linger: Duration::from_millis(config.output_linger_ms), seed };
    let (player, events) =
        Player::spawn(output, trouble, config.amplifier.make(), clock.clone(), settings)
            .map_err(|source| RunError::System { what: "the player can't be started".into(), source })?;
    let player_part = player.part();
    let node = Node::open(Parts {
        data: data.to_owned(),
        identity: identity.clone(),
        clock: clock.clone(),
        player,
        cache_bytes: config.cache_mib.saturating_mul(1024 * 1024),
        boot,
        installed: installed.map(|installed| (installed, trial)),
    });
    let (client, incoming) = link::connect(&node, &clock, seed)?;
    tracing::info!(node = %node_id, version, output = ?config.output, "runs");
    let jitter = Duration::from_secs(config.fetch_jitter_s.into());
    let renewed = identity.clone();
    let fetcher = Fetcher::new(identity, clock.clone(), Pace { kbit_s: config.fetch_kbit_s, jitter, seed });
    let means = Means { fetcher, releases };
    let (news, certificate) = unbounded_channel();
    let (wanted_cas, wanted) = watch::channel(Vec::new());
    let renewing = tokio::spawn(renew::keep(renewed, data.to_owned(), clock.clone(), seed, wanted, news));
    let (ask_link, questions) = unbounded_channel();
    let link_part = Part::new("link", move |question| {
        let _ = ask_link.send(question);
    });
    let supervisor = Supervisor::of_environment();
    // Asked last, and first when the others have answered: what READY says, the release on trial counts from.
    let (say_ready, ready) = unbounded_channel();
    let release_part = Part::new("release", move |question| {
        let _ = say_ready.send(());
        question.answer();
    });
    let parts = vec![player_part, link_part, release_part];
    let living = tokio::spawn(alive::keep(parts, supervisor.clone()));
    let stop = async {
        stop.await;
        supervisor.stopping();
    };
    let heard = Heard { incoming, events, certificate, wanted_cas, questions, ready };
    let end = link::run(node, client, heard, means, clock, stop).await;
    living.abort();
    renewing.abort();
    Ok(end)
}

/// Two agents on one folder would play everything twice.
pub(crate) fn lock(data: &Path) -> Result<File, RunError> {
    let path = data.join("lock");
    let system = |source| RunError::System { what: path.display().to_string(), source };
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(system)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RunError::Busy(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(system(source)),
    }
}
