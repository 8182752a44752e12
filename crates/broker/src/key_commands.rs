//! `loa-broker keys`: what signs the messages to nodes, and how that is replaced. For whoever has the broker's data folder; nothing here needs the
//! broker to run, and a running one takes a new key at its next start.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    audit,
    backup::DATABASE,
    identity::{Identity, IdentityError},
    store::{Store, StoreError},
};

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
    /// Begin to replace the CA. Restart the broker; nodes get certificates of the new one by themselves
    NewCa {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
    },
    /// End that, when all nodes have. Restart the broker; the old CA's certificates count no more
    DropOldCa {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// Also when nodes still have certificates of the old one; they must be enrolled anew
        #[arg(long)]
        leave_behind: bool,
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
    /// Nodes that would be cut off.
    #[error(
        "these nodes have shown no certificate of the new CA yet: {0}. Wait until they have been connected, or use --leave-behind and enrol them anew"
    )]
    Behind(String),
    /// The database can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See there.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Does it, records it in the audit log, and gives what there is to say.
pub async fn run(command: &KeyCommand, now: Timestamp) -> Result<String, KeyError> {
    let (data, action, details, said) = match command {
        KeyCommand::Show { data } => return show(&folder(data)?, now),
        KeyCommand::Rotate { data, authority, revoke_older } => {
            let folder = folder(data)?;
            let key = Identity::rotate_signing_key(&folder, authority.as_deref(), *revoke_older, now)?;
            let older = if *revoke_older {
                "Nodes believe the older keys no more as soon as they hear from this one."
            } else {
                "Nodes believe the older keys as well; with --revoke-older they don't."
            };
            let number = key.certificate().standing.number;
            let said =
                format!("signing key {number}: {}\n{older}\nRestart loa-broker now to use it.", key.kid());
            (data, "keys.rotated", json!({ "kid": key.kid(), "revoke_older": revoke_older }), said)
        }
        KeyCommand::NewCa { data } => {
            let folder = folder(data)?;
            Identity::add_ca(&folder, now)?;
            let ca = Identity::open_or_create(&folder, now)?.certifying_fingerprint();
            let said = format!(
                "new CA {ca}\nRestart loa-broker now. Nodes get certificates of it by themselves.\n\
                When all have, run `loa-broker keys drop-old-ca`."
            );
            (data, "keys.ca_added", json!({ "ca": ca }), said)
        }
        KeyCommand::DropOldCa { data, leave_behind } => {
            let folder = folder(data)?;
            let identity = Identity::open_or_create(&folder, now)?;
            if identity.replaces_ca() && !leave_behind {
                none_behind(data, &identity.certifying_fingerprint()).await?;
            }
            Identity::drop_old_ca(&folder, now)?;
            let said = "The old CA is gone. Restart loa-broker now; its certificates count no more.";
            (data, "keys.ca_dropped", json!({ "leave_behind": leave_behind }), said.to_owned())
        }
        KeyCommand::TakeOut { data, to } => {
            Identity::take_authority_out(&folder(data)?, to, now)?;
            let said = format!(
                "The authority's key is in {} and no longer in the data folder.\n\
                Keep it off this machine, twice: without it no signing key can be replaced, and every node must be enrolled anew.",
                to.display()
            );
            (data, "keys.authority_taken_out", json!({}), said)
        }
    };
    Ok(match audit::by_command(data, "loa-broker keys", action, "/keys", details, now).await {
        Ok(()) => said,
        // What was done stands, and may have been urgent.
        Err(error) => format!("{said}\nThis could not be recorded in the audit log: {error}"),
    })
}

async fn none_behind(data: &Path, ca: &str) -> Result<(), KeyError> {
    let store = Store::open(&data.join(DATABASE)).await?;
    let behind = store.nodes_without_certificate_of(ca).await?;
    if behind.is_empty() { Ok(()) } else { Err(KeyError::Behind(behind.join(", "))) }
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
        "CA fingerprint   {}{}\nauthority        {} ({authority})\nsigning key      {} (number {}, good until {})\nrevoked keys     {revoked}",
        identity.ca_fingerprint(),
        if identity.replaces_ca() {
            format!(" (being replaced by {})", identity.certifying_fingerprint())
        } else {
            String::new()
        },
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
