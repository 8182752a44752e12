//! The commune that the demo, the tests and the benches speak to: Đại Ân 2, five hamlets with a node each.

use loa_protocol::NodeId;

use crate::api::{Api, ApiError, Node};

/// An area of the demo: code, name.
pub type NamedArea = (&'static str, &'static str);

/// A commune to be.
#[derive(Debug, Clone, Copy)]
pub struct Commune {
    /// The province it lies in.
    pub province: NamedArea,
    /// Itself.
    pub commune: NamedArea,
    /// Its hamlets; each gets one node.
    pub hamlets: &'static [NamedArea],
}

/// Đại Ân 2 with its five hamlets. The codes are examples: merged communes are being given new ones.
pub const DAI_AN_2: Commune = Commune {
    province: ("94", "Sóc Trăng"),
    commune: ("31699", "Đại Ân 2"),
    hamlets: &[
        ("31699-01", "Ấp Chợ"),
        ("31699-02", "Ấp Ngan Rô 1"),
        ("31699-03", "Ấp Ngan Rô 2"),
        ("31699-04", "Ấp Tầm Vu"),
        ("31699-05", "Ấp Lâm Dồ"),
    ],
};

impl Commune {
    /// Makes whatever of it isn't there yet. Gives its nodes in the order of the hamlets.
    pub async fn found(&self, api: &Api) -> Result<Vec<Node>, ApiError> {
        let known = api.areas().await?;
        let (province, commune) = (self.province, self.commune);
        let mut wanted = vec![(province, None), (commune, Some(province.0))];
        wanted.extend(self.hamlets.iter().map(|hamlet| (*hamlet, Some(commune.0))));
        for ((code, name), parent) in wanted {
            if !known.iter().any(|area| area.code.as_str() == code) {
                api.add_area(code, name, parent).await?;
                if parent.is_none() {
                    // It is tried out at night as well.
                    api.allow_everything(code).await?;
                }
            }
        }
        let mut known = api.nodes().await?;
        let mut nodes = Vec::with_capacity(self.hamlets.len());
        for (code, name) in self.hamlets {
            let found = known.iter().position(|node| node.hamlet.code.as_str() == *code);
            nodes.push(match found {
                Some(index) => known.swap_remove(index),
                None => api.add_node(code, &format!("Cụm loa {name}")).await?,
            });
        }
        Ok(nodes)
    }
}

/// Waits until all these nodes are online and hold their plans.
pub async fn ready(api: &Api, nodes: &[NodeId]) -> Result<(), ApiError> {
    // The stream is opened first, so that nothing that happens after the first look is missed.
    let mut events = api.events().await?;
    loop {
        let known = api.nodes().await?;
        let is_ready = |id: &NodeId| known.iter().any(|node| node.id == *id && node.is_ready());
        if nodes.iter().all(is_ready) {
            return Ok(());
        }
        while !matches!(events.next().await?, crate::api::Event::Node(_)) {}
    }
}
