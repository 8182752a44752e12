//! A node's commissioning as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{AreaName, AreaNames, nodes};
use crate::{
    app::App,
    commissioning::{self, Item, Missing, NodeFigures, Position, Sounded},
    store::{AiringStatus, CommissioningRow, NodeRow, Signed, StoreError},
};

/// One item of the checklist.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Check {
    /// Which.
    pub item: Item,
    /// When it was ticked; absent: it wasn't.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<jiff::Timestamp>,
    /// Who ticked it.
    pub by: Option<String>,
}

/// What became of the spoken test.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpokenTest {
    /// Its broadcast.
    pub broadcast: String,
    /// What the node reported.
    pub status: AiringStatus,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub sent_at: jiff::Timestamp,
    /// From there to its first sound, milliseconds, by the clocks of broker and node.
    pub sound_after_ms: Option<i64>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Signature {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    /// Who.
    pub by: String,
    /// How the node was.
    pub figures: NodeFigures,
}

/// What was found at a pole, heard, ticked and signed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Commissioning {
    /// The node's id.
    pub node: String,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub hamlet: AreaName,
    /// The commune of that hamlet.
    pub commune: Option<AreaName>,
    /// Where exactly.
    pub position: Option<Position>,
    /// How many horns it has.
    pub horns: Option<u8>,
    /// What each of them takes, watts.
    pub horn_watts: Option<u16>,
    /// How long the amplifier takes to wake, milliseconds. The node has it from its own settings.
    pub lead_ms: Option<u16>,
    /// Whether that was measured rather than taken from its papers.
    pub lead_measured: bool,
    /// Anything else.
    pub remark: String,
    /// The checklist.
    pub checks: Vec<Check>,
    /// SHA-256 of the photo.
    pub photo: Option<String>,
    /// What the spoken test says.
    pub sentence: String,
    /// The last spoken test.
    pub spoken_test: Option<SpokenTest>,
    /// What has to be there before it can be signed.
    pub missing: Vec<Missing>,
    /// Its signature; from then on it doesn't change.
    pub signed: Option<Signature>,
    /// When it last changed; absent when nothing was written yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed_at: Option<jiff::Timestamp>,
    /// Who changed it.
    pub changed_by: Option<String>,
}

/// What became of the test that a sheet names.
pub async fn test_of(app: &App, row: &CommissioningRow) -> Result<Option<Sounded>, StoreError> {
    match &row.test {
        Some(test) => commissioning::sounded(app, test).await,
        None => Ok(None),
    }
}

/// A node's newest sheet; `written`: whether anything was ever written.
pub async fn show(
    app: &App,
    node: &NodeRow,
    row: CommissioningRow,
    written: bool,
) -> Result<Commissioning, StoreError> {
    let names = AreaNames::load(app).await?;
    let sounded = test_of(app, &row).await?;
    let missing =
        if row.signed.is_some() { Vec::new() } else { commissioning::missing(&row, sounded.as_ref()) };
    let check = |item: &Item| {
        let ticked = row.sheet.ticks.iter().find(|ticked| ticked.item == *item);
        Check {
            item: *item,
            at: ticked.map(|ticked| ticked.at),
            by: ticked.map(|ticked| ticked.by.1.clone()),
        }
    };
    let test = row.test.as_ref().zip(sounded).map(|(broadcast, sounded)| SpokenTest {
        broadcast: broadcast.to_string(),
        status: sounded.status,
        sent_at: sounded.sent_at,
        sound_after_ms: sounded.after_ms(),
    });
    let signature = |signed: Signed| Signature { at: signed.at, by: signed.by.1, figures: signed.figures };
    Ok(Commissioning {
        node: node.id.to_string(),
        name: node.name.clone(),
        hamlet: names.of(&node.hamlet),
        commune: node.hamlet.commune().map(|code| names.of(&code)),
        position: row.sheet.position,
        horns: row.sheet.horns,
        horn_watts: row.sheet.horn_watts,
        lead_ms: row.sheet.lead_ms,
        lead_measured: row.sheet.lead_measured,
        checks: Item::ALL.iter().map(check).collect(),
        remark: row.sheet.remark,
        photo: row.photo.map(|photo| photo.to_string()),
        sentence: commissioning::sentence(app, node).await?,
        spoken_test: test,
        missing,
        signed: row.signed.map(signature),
        changed_at: written.then_some(row.changed_at),
        changed_by: written.then_some(row.changed_by.1),
    })
}

/// How a node is now.
pub async fn figures(
    app: &App,
    node: &NodeRow,
    sounded: Option<&Sounded>,
) -> Result<NodeFigures, StoreError> {
    let shown = nodes::one(app, &node.id).await?;
    let heartbeat = shown.as_ref().and_then(|node| node.heartbeat.as_ref());
    let network = heartbeat.and_then(|heartbeat| heartbeat.network.as_ref());
    let word = |clock| serde_json::to_value(clock).ok().and_then(|word| word.as_str().map(str::to_owned));
    Ok(NodeFigures {
        volume_percent: node.volume.percent,
        emergency_percent: node.volume.emergency_percent,
        version: shown.as_ref().and_then(|node| node.version.clone()),
        clock: shown.as_ref().and_then(|node| node.clock).and_then(word),
        interface: network.map(|network| network.interface.clone()),
        signal_dbm: network.and_then(|network| network.signal_dbm),
        cpu_temperature_c: heartbeat.and_then(|heartbeat| heartbeat.cpu_temperature_c),
        sound_after_ms: sounded.and_then(Sounded::after_ms),
    })
}
