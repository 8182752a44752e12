//! `loa-broker audit`: whether the log is whole, its newest record, and all of it for somebody else to keep.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;

use super::{AT_ONCE, HeadFile, verify};
use crate::{
    identity::Identity,
    store::{LogFilter, Store},
};

/// What to do with the log.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Walk the whole log and say whether anything in it was changed, removed or cut off
    Verify {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// A number and hash that `audit head` printed earlier: NUMBER:HASH
        #[arg(long, value_name = "NUMBER:HASH")]
        noted: Option<String>,
    },
    /// Print the newest record's number and hash, to be noted down elsewhere
    Head {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
    },
    /// Write all records as lines of JSON
    Export {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// From this record on
        #[arg(long, default_value_t = 1)]
        from: i64,
    },
}

/// Does it, and writes what there is to say.
pub async fn run(command: &AuditCommand, now: Timestamp, to: &mut impl Write) -> anyhow::Result<()> {
    match command {
        AuditCommand::Verify { data, noted } => {
            let store = open(data).await?;
            let identity = Identity::open_or_create(&data.join("identity"), now)?;
            let head = HeadFile::of(data).read(&identity.authority(), now)?;
            let records = verify(&store, head.as_ref()).await??;
            if records > 0 && head.is_none() {
                bail!("the file that names the newest record is missing");
            }
            if let Some(noted) = noted {
                compare(&store, noted).await?;
            }
            writeln!(to, "{records} records, whole and in order")?;
        }
        AuditCommand::Head { data } => {
            let store = open(data).await?;
            match store.audit_before(i64::MAX, &LogFilter::default(), 1).await?.pop() {
                Some(row) => writeln!(to, "{}:{}", row.seq, row.hash)?,
                None => bail!("nothing was recorded yet"),
            }
        }
        AuditCommand::Export { data, from } => {
            let store = open(data).await?;
            let mut next = *from;
            loop {
                let rows = store.audit_from(next, AT_ONCE).await?;
                let Some(last) = rows.last().map(|row| row.seq) else { break };
                for row in &rows {
                    writeln!(to, "{}", serde_json::to_string(row)?)?;
                }
                next = last + 1;
            }
        }
    }
    Ok(())
}

async fn compare(store: &Store, noted: &str) -> anyhow::Result<()> {
    let (seq, hash) = noted.split_once(':').context("--noted is NUMBER:HASH")?;
    let seq: i64 = seq.parse().context("--noted is NUMBER:HASH")?;
    match store.audit_from(seq, 1).await?.pop().filter(|row| row.seq == seq) {
        Some(row) if row.hash == hash => Ok(()),
        Some(_) => bail!("record {seq} is not the one that was noted: the log was written anew"),
        None => bail!("record {seq}, which was noted, is gone"),
    }
}

async fn open(data: &Path) -> anyhow::Result<Store> {
    let file = data.join("loa.db");
    if !file.is_file() {
        bail!("{} is not the data folder of a broker that has run", data.display());
    }
    Ok(Store::open(&file).await?)
}
