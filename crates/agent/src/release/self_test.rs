//! `loa-agent self-test`: whether this program could take over here, found out beside the one that runs, without a network, a sound, or a change
//! to anything that the other needs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use loa_protocol::{Clock, SystemClock};

use super::Program;
use crate::{
    config::Config,
    identity::{Identity, IdentityError},
    journal::Journal,
    output::{OutputError, Trouble},
    plan::PlanStore,
    trust::Trust,
};

/// What this program could not do. Each has its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Unwell {
    /// Who the node is.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The plan or the keys.
    #[error("{0} on disk can't be read by this version")]
    Unreadable(&'static str),
    /// The journal.
    #[error("the journal can't be read by this version")]
    Journal,
    /// Sound.
    #[error(transparent)]
    Sound(#[from] OutputError),
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Unwell {
    /// The exit code of `loa-agent self-test`; 2 is for settings that can't be read.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Identity(_) => 3,
            Self::Unreadable(_) => 4,
            Self::Journal => 5,
            Self::Sound(_) => SOUND,
            Self::Disk { .. } => 7,
        }
    }
}

/// The exit code for trouble with sound alone: a program that has the same trouble now may still be replaced.
pub const SOUND: u8 = 6;

/// Whether this program reads all that the node keeps.
pub fn reads_everything(data: &Path) -> Result<(), Unwell> {
    let identity = Identity::open(data)?;
    loa_mqtt::tls::client_config(&identity.tls(), None)
        .map_err(|_| IdentityError::Damaged { path: data.join("identity") })?;
    let copy = data.join("self-test");
    let disk = |source| Unwell::Disk { path: copy.clone(), source };
    clear(&copy).map_err(disk)?;
    let read = (|| {
        fs::create_dir(&copy).map_err(disk)?;
        for name in ["plan.json", "keys", "journal"] {
            match fs::copy(data.join(name), copy.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk(error)),
                _ => {}
            }
        }
        let enrolled = &identity.enrolled;
        let (_, damaged) = PlanStore::open(&copy, enrolled.node.clone(), enrolled.areas.clone());
        if damaged.is_some() {
            return Err(Unwell::Unreadable("the plan"));
        }
        let (_, damaged) = Trust::open(&copy, enrolled.authority);
        if damaged.is_some() {
            return Err(Unwell::Unreadable("the list of revoked keys"));
        }
        let now = SystemClock::new().now();
        // The end may be torn: the other program writes on while it is copied.
        let (_, recovered) = Journal::open(&copy, enrolled.now, now, false);
        if recovered.damage.unreadable || recovered.damage.corrupt_lines > 0 {
            return Err(Unwell::Journal);
        }
        Ok(())
    })();
    let cleared = clear(&copy).map_err(disk);
    read.and(cleared)
}

/// Whether sound could come out.
pub fn sounds(data: &Path, config: &Config) -> Result<(), Unwell> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let node = Identity::open(data)?.enrolled.node.clone();
    Ok(config.output.make(node.as_str(), Trouble::default(), clock).probe()?)
}

/// What a program says of itself when it reads everything; nothing else says it.
pub fn word(program: &Program) -> String {
    format!("loa-agent {} is fit", program.version)
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
