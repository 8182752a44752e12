//! What the broker and the agents agree on, and nothing else: topics, message types, the signed envelope, limits.
//!
//! No I/O happens here. The wire format is described for other implementations in `docs/protocol.md`;
//! the tests of this crate hold the two together.

pub mod clock;
pub mod command;
pub mod enrolment;
pub mod envelope;
pub mod guard;
pub mod health;
pub mod id;
pub mod keys;
pub mod limits;
pub mod plan;
pub mod policy;
pub mod receipt;
pub mod release;
pub mod state;
pub mod timetable;
pub mod topic;
pub mod version;

pub use clock::{Clock, ClockTrust, SystemClock};
pub use command::{Action, Audience, Class, ClipRef, Command, Play};
pub use envelope::{Refusal, open, seal};
pub use guard::ReplayGuard;
pub use id::{AiringId, AreaCode, BroadcastId, ClipHash, CommandId, NodeId, ReleaseHash};
pub use keys::{AuthorityKey, AuthorityPublicKey, SigningKey};
pub use plan::{Latch, Plan, Planned};
pub use policy::{Limit, Policy};
pub use receipt::{Outcome, Reason, Receipt, ReceiptBatch};
pub use release::{ReleaseKey, ReleaseManifest, ReleaseState, Version};
pub use state::NodeState;
pub use timetable::{Every, Repeats, Timetable};
