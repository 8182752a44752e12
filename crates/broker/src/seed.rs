//! A store full of nodes that exist nowhere, for measurements.

use jiff::Timestamp;
use loa_protocol::NodeId;

use crate::{
    config::Settings,
    store::{AreaRow, Given, NodeRow, Store},
};

/// Adds a province, communes of 25 nodes, and nodes that look enrolled.
pub async fn seed(settings: &Settings, count: u32, now: Timestamp) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.data)?;
    let store = Store::open(&settings.data.join("loa.db")).await?;
    store.add_area(&AreaRow { code: "99".parse()?, name: "Tỉnh thử".into(), parent: None }).await?;
    let mut nodes = Vec::new();
    for index in 0..count {
        let (commune, hamlet) = (format!("99{:03}", index / 25), index % 25 + 1);
        if hamlet == 1 {
            let parent = Some("99".parse()?);
            store
                .add_area(&AreaRow { code: commune.parse()?, name: format!("Xã {commune}"), parent })
                .await?;
        }
        let code = format!("{commune}-{hamlet:02}").parse::<loa_protocol::AreaCode>()?;
        let area =
            AreaRow { code: code.clone(), name: format!("Ấp {hamlet}"), parent: Some(commune.parse()?) };
        store.add_area(&area).await?;
        let id: NodeId = format!("seeded-{index}").parse()?;
        nodes.push(NodeRow::new(id, code, format!("Cụm loa {hamlet}"), now));
    }
    store.add_nodes(&nodes).await?;
    for node in &nodes {
        store.node_enrolled(&node.id, Given { serial: "00", ca: "", at: now }).await?;
    }
    store.close().await;
    Ok(())
}
