//! Bounds that both sides hold each other to. Beyond one of them a message is refused, never truncated.

use std::time::Duration;

/// Largest compact envelope, bytes. A plan of 40 broadcasts and 30 clips is under 24,000.
pub const ENVELOPE_BYTES: usize = 256 * 1024;
/// Largest audio that may travel inside a command, bytes: 85 s of speech at 24 kbit/s.
pub const ATTACHMENT_BYTES: usize = 256 * 1024;
/// Largest MQTT packet either side sends or accepts, bytes: envelope, attachment and some room.
pub const PACKET_BYTES: usize = 1024 * 1024;
/// Largest clip a node fetches, bytes: two hours at 32 kbit/s with room to spare.
pub const CLIP_BYTES: u64 = 64 * 1024 * 1024;
/// Largest program that a node installs, bytes.
pub const RELEASE_BYTES: u64 = 64 * 1024 * 1024;
/// A command may not be good for longer than this; it bounds what a node must remember against replay.
pub const COMMAND_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Receipts in one message.
pub const RECEIPTS_PER_BATCH: usize = 50;
/// How often a node reports its health.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// A node not heard of for this long is shown as lost.
pub const NODE_LOST_AFTER: Duration = Duration::from_secs(45);
/// Clips that a node's state names as lacking.
pub const LACKING_TOLD: usize = 16;
/// Broadcasts in one plan.
pub const PLANNED_BROADCASTS: usize = 200;
