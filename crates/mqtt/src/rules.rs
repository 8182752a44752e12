//! What a node may do on the bus: the one table, for the embedded broker and for the documentation of others.
//!
//! A node speaks under its own id and hears its own topics, its commune's commands and the live sessions it
//! was told of. Everything else is refused, wildcards included: exact topics keep a burst to thousands cheap,
//! and a wildcard would let one stolen certificate listen to a province.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::topic;

/// Every topic starts so; the number is the protocol's version.
pub const PREFIX: &str = "loa/1/";

/// What a connection wants to do with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send to it, or leave a last will on it.
    Publish,
    /// Hear it.
    Subscribe,
}

/// Decides for one connected node. Asked for each subscription and each message a node publishes, so it must be
/// quick and must not block.
pub trait AccessRules: Send + Sync {
    /// True when `node_id`, now of `commune` (if it has one), may do `action` on exactly this `topic`.
    fn allowed(&self, node_id: &str, commune: Option<&str>, action: Action, topic: &str) -> bool;
}

/// Says whether a node (first argument) was told of a live session (second argument).
pub type MayHear = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// The rules of Loa's own topics: [`allowed`], and `live/S` by a predicate (default: no session).
#[derive(Clone)]
pub struct NodeRules {
    may_hear: MayHear,
}

impl NodeRules {
    /// Rules that ask `may_hear` about live sessions.
    pub fn with_live(may_hear: MayHear) -> Self {
        Self { may_hear }
    }
}

impl Default for NodeRules {
    fn default() -> Self {
        Self { may_hear: Arc::new(|_, _| false) }
    }
}

impl AccessRules for NodeRules {
    fn allowed(&self, node_id: &str, commune: Option<&str>, action: Action, topic: &str) -> bool {
        allowed(node_id, commune, action, topic)
            || action == Action::Subscribe
                && live_session(topic).is_some_and(|session| (self.may_hear)(node_id, session))
    }
}

/// The session of a `live/S` topic, if it is exactly that.
fn live_session(topic: &str) -> Option<&str> {
    let session = topic.strip_prefix(PREFIX)?.strip_prefix("live/")?;
    (is_plain_id(session)).then_some(session)
}

/// An id that can stand as one topic level without changing its meaning.
fn is_plain_id(id: &str) -> bool {
    topic::is_valid_name(id) && !id.contains('/')
}

/// The table itself, live sessions aside.
///
/// | topic after `loa/1/` | publish | subscribe |
/// |---|---|---|
/// | `node/N/plan` | – | own |
/// | `node/N/command` | – | own |
/// | `commune/C/command` | – | own commune's |
/// | `node/N/state`, `node/N/heartbeat`, `node/N/receipt` | own | – |
pub fn allowed(node_id: &str, commune: Option<&str>, action: Action, topic: &str) -> bool {
    if !is_plain_id(node_id) {
        return false;
    }
    let Some(rest) = topic.strip_prefix(PREFIX) else { return false };
    let mut levels = rest.split('/');
    let (Some(kind), Some(id), Some(leaf), None) =
        (levels.next(), levels.next(), levels.next(), levels.next())
    else {
        return false;
    };
    match (action, kind, leaf) {
        (Action::Subscribe, "node", "plan" | "command")
        | (Action::Publish, "node", "state" | "heartbeat" | "receipt") => id == node_id,
        (Action::Subscribe, "commune", "command") => is_plain_id(id) && commune == Some(id),
        _ => false,
    }
}

/// Access rules for Mosquitto's `acl_file`, when `use_identity_as_username` makes the certificate's name the
/// user name and `use_username_as_clientid` makes it the client id.
///
/// `server` is the certificate name of the cloud broker. `communes` gives each node's commune, because
/// Mosquitto can't look it up: write the file again and signal the process when a node moves. Mosquitto can't
/// ask about live sessions either, so every node may hear them; they are public announcements, signed.
///
/// A node id or commune that could not stand as one topic level is left out.
pub fn mosquitto_acl<'a>(server: &str, communes: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut acl = String::from("# Written by Loa. A node is named by its certificate (%u).\n");
    for leaf in ["state", "heartbeat", "receipt"] {
        let _ = writeln!(acl, "pattern write {PREFIX}node/%u/{leaf}");
    }
    for leaf in ["plan", "command"] {
        let _ = writeln!(acl, "pattern read {PREFIX}node/%u/{leaf}");
    }
    let _ = writeln!(acl, "pattern read {PREFIX}live/+");
    if is_acl_word(server) {
        let _ = writeln!(acl, "\nuser {server}\ntopic readwrite {PREFIX}#");
    }
    for (node_id, commune) in communes {
        if is_acl_word(node_id) && is_acl_word(commune) {
            let _ = writeln!(acl, "\nuser {node_id}\ntopic read {PREFIX}commune/{commune}/command");
        }
    }
    acl
}

/// An id that can't break out of its line in an access file.
fn is_acl_word(word: &str) -> bool {
    is_plain_id(word) && !word.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_may_do_exactly_what_the_table_says() {
        use Action::{Publish, Subscribe};
        let table = [
            (Subscribe, "loa/1/node/n1/plan", true),
            (Subscribe, "loa/1/node/n1/command", true),
            (Subscribe, "loa/1/commune/31564/command", true),
            (Publish, "loa/1/node/n1/state", true),
            (Publish, "loa/1/node/n1/heartbeat", true),
            (Publish, "loa/1/node/n1/receipt", true),
            // The other way round.
            (Publish, "loa/1/node/n1/plan", false),
            (Publish, "loa/1/node/n1/command", false),
            (Publish, "loa/1/commune/31564/command", false),
            (Subscribe, "loa/1/node/n1/state", false),
            // Another's.
            (Subscribe, "loa/1/node/n2/plan", false),
            (Publish, "loa/1/node/n2/state", false),
            (Subscribe, "loa/1/commune/31567/command", false),
            // Wildcards, shared subscriptions, near misses.
            (Subscribe, "loa/1/node/+/plan", false),
            (Subscribe, "loa/1/node/n1/#", false),
            (Subscribe, "loa/1/node/n1/+", false),
            (Subscribe, "#", false),
            (Subscribe, "$SYS/#", false),
            (Subscribe, "$share/g/loa/1/node/n1/plan", false),
            (Subscribe, "loa/2/node/n1/plan", false),
            (Subscribe, "loa/1/node/n1/plan/", false),
            (Subscribe, "loa/1/node//plan", false),
            (Subscribe, "/loa/1/node/n1/plan", false),
            (Subscribe, "loa/1/live/s1", false),
            (Publish, "", false),
        ];
        for (action, topic, expected) in table {
            assert_eq!(allowed("n1", Some("31564"), action, topic), expected, "{action:?} {topic}");
        }
    }

    #[test]
    fn a_node_without_a_commune_hears_no_commune() {
        assert!(!allowed("n1", None, Action::Subscribe, "loa/1/commune/31564/command"));
        assert!(!allowed("n1", None, Action::Subscribe, "loa/1/commune//command"));
        assert!(!allowed("n1", Some(""), Action::Subscribe, "loa/1/commune//command"));
        assert!(!allowed("n1", Some("+"), Action::Subscribe, "loa/1/commune/+/command"));
    }

    #[test]
    fn an_id_that_is_no_single_level_may_do_nothing() {
        for id in ["", "+", "#", "a/b", "n1\0"] {
            assert!(!allowed(id, None, Action::Subscribe, &format!("loa/1/node/{id}/plan")), "{id:?}");
        }
    }

    #[test]
    fn live_sessions_are_heard_only_when_told_of() {
        let rules = NodeRules::with_live(Arc::new(|node, session| node == "n1" && session == "s1"));
        assert!(rules.allowed("n1", None, Action::Subscribe, "loa/1/live/s1"));
        assert!(!rules.allowed("n1", None, Action::Publish, "loa/1/live/s1"));
        assert!(!rules.allowed("n2", None, Action::Subscribe, "loa/1/live/s1"));
        assert!(!rules.allowed("n1", None, Action::Subscribe, "loa/1/live/s2"));
        assert!(!rules.allowed("n1", None, Action::Subscribe, "loa/1/live/+"));
        assert!(!NodeRules::default().allowed("n1", None, Action::Subscribe, "loa/1/live/s1"));
    }

    #[test]
    fn an_access_file_can_not_be_broken_out_of() {
        let acl = mosquitto_acl(
            "loa-broker",
            [("n1", "31564"), ("n2\nuser x", "31564"), ("n3", "+"), ("a b", "1")],
        );
        assert!(acl.contains("user n1\ntopic read loa/1/commune/31564/command\n"));
        assert!(acl.contains("user loa-broker\ntopic readwrite loa/1/#\n"));
        assert!(!acl.contains("user x") && !acl.contains("n3") && !acl.contains("a b"));
    }
}
