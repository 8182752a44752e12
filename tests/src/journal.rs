//! What a node has written down of its airings: the journal in its data folder, read as it grows.
//!
//! The proof that a receipt was made once, and forgotten only on the broker's word, is on the node's disk.

use std::{fs, io, path::Path, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use loa_protocol::{AiringId, Receipt};
use serde_json::Value;

/// Nobody tells when a file grows.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The journal of one node.
#[derive(Debug, Clone)]
pub struct NodeJournal {
    path: PathBuf,
}

impl NodeJournal {
    /// The journal in an agent's data folder.
    pub fn of(data: &Path) -> Self {
        Self { path: data.join("journal") }
    }

    /// Its whole records, in order. A line is a check of 16 digits, a blank, and JSON.
    fn records(&self) -> Result<Vec<Value>> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.context("the node's journal")?,
        };
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        whole
            .map(|line| {
                let (_, json) = line.split_once(' ').context("a line of the journal has no check")?;
                serde_json::from_str(json).context("a line of the journal is not JSON")
            })
            .collect()
    }

    /// The receipts made of an airing.
    pub fn receipts(&self, airing: &AiringId) -> Result<Vec<Receipt>> {
        let records = self.records()?;
        let settled = records.iter().filter(|record| record["is"] == "settled");
        let of_it = settled.filter(|record| record["receipt"]["airing"] == airing.as_str());
        Ok(of_it.map(|record| serde_json::from_value(record["receipt"].clone())).collect::<Result<_, _>>()?)
    }

    /// How often the broker's word came that it has the receipt of an airing.
    pub fn acknowledgements(&self, airing: &AiringId) -> Result<usize> {
        let names = |record: &Value| {
            record["is"] == "forgotten"
                && record["airings"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one == airing.as_str()))
        };
        Ok(self.records()?.iter().filter(|record| names(record)).count())
    }

    /// Waits until the airing has a receipt on disk.
    pub async fn settled(&self, airing: &AiringId, patience: Duration) -> Result<Receipt> {
        let look = || Ok(self.receipts(airing)?.into_iter().next());
        wait_for(patience, "a receipt on the node's disk", look).await
    }

    /// Waits until the broker has acknowledged the receipt, and holds that there was one receipt and one acknowledgement.
    pub async fn settled_once(&self, airing: &AiringId, patience: Duration) -> Result<Receipt> {
        let look = || Ok((self.acknowledgements(airing)? > 0).then_some(()));
        wait_for(patience, "the broker's acknowledgement on the node's disk", look).await?;
        let mut receipts = self.receipts(airing)?;
        let acknowledged = self.acknowledgements(airing)?;
        ensure!(receipts.len() == 1 && acknowledged == 1, "{receipts:?} acknowledged {acknowledged} times");
        receipts.pop().context("a receipt")
    }
}

/// Waits for something that is only to be seen by looking: a file, a process.
pub async fn wait_for<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let wait = async {
        loop {
            if let Some(found) = look()? {
                return anyhow::Ok(found);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(patience, wait).await.with_context(|| format!("waited in vain: {what}"))?
}
