//! MQTT topic names. Exact names only: a node never needs a wildcard.

use crate::id::{AreaCode, NodeId};

/// What every topic of this version starts with.
pub const PREFIX: &str = "loa/1/";

/// Where a node's retained plan is.
pub fn plan(node: &NodeId) -> String {
    format!("{PREFIX}node/{node}/plan")
}

/// Commands for one node.
pub fn command(node: &NodeId) -> String {
    format!("{PREFIX}node/{node}/command")
}

/// Commands for nodes of a commune; the envelope's audience says which.
pub fn commune_command(commune: &AreaCode) -> String {
    format!("{PREFIX}commune/{commune}/command")
}

/// A node's retained state, and its last will.
pub fn state(node: &NodeId) -> String {
    format!("{PREFIX}node/{node}/state")
}

/// A node's health figures.
pub fn heartbeat(node: &NodeId) -> String {
    format!("{PREFIX}node/{node}/heartbeat")
}

/// A node's receipts.
pub fn receipt(node: &NodeId) -> String {
    format!("{PREFIX}node/{node}/receipt")
}

/// What the broker listens to, for all nodes.
pub const FROM_NODES: [&str; 3] = ["loa/1/node/+/state", "loa/1/node/+/heartbeat", "loa/1/node/+/receipt"];

/// What a node said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromNode {
    /// [`crate::NodeState`].
    State,
    /// [`crate::health::Heartbeat`].
    Heartbeat,
    /// [`crate::ReceiptBatch`].
    Receipt,
}

/// Which node said what on this topic; `None` when it is not a topic that nodes speak on.
pub fn parse_from_node(topic: &str) -> Option<(NodeId, FromNode)> {
    let (node, kind) = topic.strip_prefix(PREFIX)?.strip_prefix("node/")?.split_once('/')?;
    let kind = match kind {
        "state" => FromNode::State,
        "heartbeat" => FromNode::Heartbeat,
        "receipt" => FromNode::Receipt,
        _ => return None,
    };
    Some((node.parse().ok()?, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_is_known_by_its_topic() {
        let node: NodeId = "dai-an-1".parse().unwrap();
        assert_eq!(parse_from_node(&state(&node)), Some((node.clone(), FromNode::State)));
        assert_eq!(parse_from_node(&heartbeat(&node)), Some((node.clone(), FromNode::Heartbeat)));
        assert_eq!(parse_from_node(&receipt(&node)), Some((node.clone(), FromNode::Receipt)));
        for topic in [plan(&node), command(&node), "loa/2/node/a/state".into(), "loa/1/node/a/b/state".into()]
        {
            assert_eq!(parse_from_node(&topic), None, "{topic}");
        }
    }
}
