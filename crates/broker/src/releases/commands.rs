//! `loa-broker releases`: making the key that signs releases, signing one, and handing it to a broker. The first two are for the machine where releases
//! are built, and need no broker; the others are for whoever has the broker's data folder. Rolling out is done on the page, by a person
//! whom the audit log can name.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use loa_protocol::{ReleaseHash, ReleaseManifest, Version, limits, release};
use ring::digest::{Context as Hash, SHA256};

use super::file_of;
use crate::{
    audit::HeadFile,
    identity::{Identity, release_keys},
    store::{Entry, ReleaseRow, Store, StoreError},
};

/// What to do with releases.
#[derive(Subcommand)]
pub enum ReleaseCommand {
    /// Make a key that signs releases; it takes the place of the ones before. Keep it where releases are built, not here
    MakeKey {
        /// The authority's key: where it was taken out to, or `identity/authority.json` in the broker's data folder
        #[arg(long, value_name = "FILE")]
        authority: PathBuf,
        /// The file of the new key; it must not exist yet
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
    /// Sign a program as a release
    Sign {
        /// The agent's program
        program: PathBuf,
        /// The key that signs releases
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Its version
        #[arg(long)]
        version: Version,
        /// The machine it is built for, as `rustc` names it: `aarch64-unknown-linux-gnu`
        #[arg(long)]
        target: String,
        /// The oldest version that may go to it in one step
        #[arg(long, default_value = "0.1.0")]
        minimum_version: Version,
        /// How long it may be installed
        #[arg(long, default_value_t = 180)]
        days: u16,
        /// It may take the place of a newer version
        #[arg(long)]
        rollback: bool,
        /// The file of the signed manifest
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Give a signed release to the broker, which may run. No node gets it yet
    Add {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// The agent's program
        program: PathBuf,
        /// Its signed manifest
        manifest: PathBuf,
    },
    /// List the releases that the broker has
    List {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
    },
    /// Offer a version no more, and end its roll-out
    Withdraw {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// Which
        #[arg(long)]
        version: Version,
    },
}

/// Does it, and gives what there is to say.
pub async fn run(command: &ReleaseCommand, now: Timestamp) -> anyhow::Result<String> {
    match command {
        ReleaseCommand::MakeKey { authority, to } => {
            let key = release_keys::make(authority, to, now)?;
            let until = key.certificate().not_after;
            Ok(format!(
                "release key {} is in {}, good until {until}.\nNodes that see a release of it believe the older ones no more.",
                key.kid(),
                to.display()
            ))
        }
        ReleaseCommand::Sign { program, key, version, target, minimum_version, days, rollback, out } => {
            let key = release_keys::read(key)?;
            let (sha256, bytes) = measure(program)?;
            let life = SignedDuration::from_hours(24 * i64::from(*days));
            let manifest = ReleaseManifest {
                version: *version,
                minimum_version: *minimum_version,
                target: target.clone(),
                sha256,
                bytes,
                issued_at: now,
                not_after: now.saturating_add(life)?,
                rollback: *rollback,
            };
            ensure!(manifest.not_after <= key.certificate().not_after, "the key's own time ends before that");
            fs::write(out, key.seal(&manifest)?).with_context(|| out.display().to_string())?;
            Ok(format!(
                "{version} for {target}, to be installed until {}: {}",
                manifest.not_after, manifest.sha256
            ))
        }
        ReleaseCommand::Add { data, program, manifest } => add(data, program, manifest, now).await,
        ReleaseCommand::List { data } => {
            let rows = open(data).await?.releases().await?;
            let line = |row: &ReleaseRow| {
                let state = match row.withdrawn_at {
                    Some(at) => format!("withdrawn {at}"),
                    None => format!("until {}", row.not_after),
                };
                format!("{}  {}  {}  {state}", row.version, row.target, row.sha256)
            };
            Ok(rows.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        ReleaseCommand::Withdraw { data, version } => {
            let store = open(data).await?;
            ensure!(store.withdraw_release(*version, now).await?, "there is no release {version} on offer");
            record(&store, data, now, "release.withdraw", *version, serde_json::json!({})).await?;
            Ok(format!("{version} is offered no more. Nodes that run it keep it."))
        }
    }
}

async fn add(data: &Path, program: &Path, manifest: &Path, now: Timestamp) -> anyhow::Result<String> {
    let store = open(data).await?;
    let authority = Identity::open_or_create(&data.join("identity"), now)?.authority();
    let sealed = fs::read_to_string(manifest).with_context(|| manifest.display().to_string())?;
    let sealed = sealed.trim().to_owned();
    let (signed, _) = release::open(&sealed, &authority, 0, now).with_context(|| {
        format!("{} is not signed by a release key of this broker's authority", manifest.display())
    })?;
    ensure!(now < signed.not_after, "the release has expired");
    let (sha256, bytes) = measure(program)?;
    if (&sha256, bytes) != (&signed.sha256, signed.bytes) {
        bail!("{} is not the program that was signed", program.display());
    }
    let to = file_of(data, &sha256);
    keep(program, &to).with_context(|| to.display().to_string())?;
    let row = ReleaseRow {
        version: signed.version,
        target: signed.target.clone(),
        sha256: sha256.clone(),
        bytes,
        manifest: sealed,
        not_after: signed.not_after,
        added_at: now,
        withdrawn_at: None,
    };
    match store.add_release(&row).await {
        Ok(()) => {}
        Err(StoreError::Exists) => {
            bail!(
                "there is another program {} for {}; a version's number is used once",
                row.version,
                row.target
            )
        }
        Err(error) => return Err(error.into()),
    }
    let details = serde_json::json!({ "target": row.target, "sha256": sha256 });
    record(&store, data, now, "release.add", row.version, details).await?;
    Ok(format!("{} for {} is here. Roll it out on the page.", row.version, row.target))
}

/// Into the audit log, as done by whoever has the data folder.
async fn record(
    store: &Store,
    data: &Path,
    now: Timestamp,
    action: &str,
    version: Version,
    details: serde_json::Value,
) -> anyhow::Result<()> {
    let entry = Entry {
        at: now,
        actor: None,
        name: "loa-broker releases".into(),
        address: None,
        action: action.into(),
        object: format!("/releases/{version}"),
        details,
    };
    let row = store.record(&entry).await?;
    let identity = Identity::open_or_create(&data.join("identity"), now)?;
    HeadFile::of(data).note(&row, identity.signing_key());
    Ok(())
}

/// What a program's bytes are, and how many.
fn measure(program: &Path) -> anyhow::Result<(ReleaseHash, u64)> {
    let named = || program.display().to_string();
    let file = File::open(program).with_context(named)?;
    let (mut hash, mut bytes, mut buffer) = (Hash::new(&SHA256), 0, vec![0; 64 * 1024]);
    let mut file = file.take(limits::RELEASE_BYTES + 1);
    loop {
        let count = file.read(&mut buffer).with_context(named)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
    ensure!(
        (1..=limits::RELEASE_BYTES).contains(&bytes),
        "{} is empty, or larger than nodes take ({} bytes)",
        named(),
        limits::RELEASE_BYTES
    );
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    Ok((ReleaseHash::from_sha256(sha256), bytes))
}

/// Copies a program beside its place and renames it.
fn keep(program: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = to.with_extension("new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    io::copy(&mut File::open(program)?, &mut file)?;
    file.flush()?;
    file.sync_all()?;
    fs::rename(&beside, to)?;
    File::open(folder)?.sync_all()
}

async fn open(data: &Path) -> anyhow::Result<Store> {
    let file = data.join("loa.db");
    if !file.is_file() {
        bail!("{} is not the data folder of a broker that has run", data.display());
    }
    Ok(Store::open(&file).await?)
}
