//! `loa-broker keys`: what signs the messages to nodes, and how that is replaced. For whoever has the broker's data folder; nothing here needs the
//! broker to run, and a running one takes a new key at its next start.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;

use crate::identity::{Identity, IdentityError};

/// What to do with the keys.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Say which keys there are, and until when they are good
    Show {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
    },
    /// Make a new signing key. Restart the broker to use it; nodes need nothing
    Rotate {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// Where the authority's key is kept, if it was taken out
        #[arg(long, value_name = "FILE")]
        authority: Option<PathBuf>,
        /// The older keys were stolen, or may have been: nodes that hear the new one believe them no more
        #[arg(long)]
        revoke_older: bool,
    },
    /// Move the authority's key into a file, to be kept off this machine. It is needed only for `keys rotate`
    TakeOut {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// The file; it must not exist yet
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no identity: the wrong folder, or a broker that never started.
    #[error("{0} is not the data folder of a broker that has run")]
    NoBroker(PathBuf),
    /// See there.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Does it, and gives what there is to say.
pub fn run(command: &KeyCommand, now: Timestamp) -> Result<String, KeyError> {
    match command {
        KeyCommand::Show { data } => show(&folder(data)?, now),
        KeyCommand::Rotate { data, authority, revoke_older } => {
            let folder = folder(data)?;
            let key = Identity::rotate_signing_key(&folder, authority.as_deref(), *revoke_older, now)?;
            let older = if *revoke_older {
                "Nodes believe the older keys no more as soon as they hear from this one."
            } else {
                "Nodes believe the older keys as well; with --revoke-older they don't."
            };
            let number = key.certificate().standing.number;
            Ok(format!("signing key {number}: {}\n{older}\nRestart loa-broker now to use it.", key.kid()))
        }
        KeyCommand::TakeOut { data, to } => {
            Identity::take_authority_out(&folder(data)?, to, now)?;
            let to = to.display();
            Ok(format!(
                "The authority's key is in {to} and no longer in the data folder.\n\
                Keep it off this machine, twice: without it no signing key can be replaced, and every node must be enrolled anew."
            ))
        }
    }
}

fn show(folder: &Path, now: Timestamp) -> Result<String, KeyError> {
    let identity = Identity::open_or_create(folder, now)?;
    let key = identity.signing_key();
    let certificate = key.certificate();
    let revoked = match certificate.standing.floor {
        0 => "none".to_owned(),
        floor => format!("those below number {floor}"),
    };
    let authority = if identity.has_authority_key() { "in the data folder" } else { "kept elsewhere" };
    Ok(format!(
        "CA fingerprint   {}\nauthority        {} ({authority})\nsigning key      {} (number {}, good until {})\nrevoked keys     {revoked}",
        identity.ca_fingerprint(),
        identity.authority().kid(),
        key.kid(),
        certificate.standing.number,
        certificate.not_after,
    ))
}

fn folder(data: &Path) -> Result<PathBuf, KeyError> {
    let folder = data.join("identity");
    if folder.is_dir() { Ok(folder) } else { Err(KeyError::NoBroker(data.to_owned())) }
}
