//! What a node that is left alone says and hears: bytes of its TLS connection, both ways, counted by a proxy in between.

use std::time::Duration;

use anyhow::{Context, Result};
use loa_protocol::{
    health::{FULL_EVERY, Heartbeat},
    topic,
};
use loa_tests::world::{Wanted, World};
use serde_json::Value;

use super::figure::{figure, monotonic_ns};

/// Never less.
const LEAST: Duration = Duration::from_secs(5 * 60);
/// What a message costs beyond its topic and payload: TLS 1.3 record header, content type and tag; MQTT header, topic length, no properties.
const OVERHEAD: usize = 5 + 1 + 16 + 5 + 1;

/// A node being left alone.
pub(crate) struct Idle {
    world: World,
    since_ns: i64,
    before: u64,
}

impl Idle {
    pub(crate) async fn begin() -> Result<Self> {
        let world = World::wanted(Wanted { hamlets: 1, proxied: true, ..Wanted::default() }).await?;
        // What it says on connecting is over when its first heartbeat has been seen.
        let node = world.hamlets[0].node.clone();
        world
            .until("the first heartbeat", || async {
                let known = heartbeat(&world, &node).await?;
                Ok((!known.is_null()).then_some(()))
            })
            .await?;
        let (up, down) = world.links()?.mqtt.passed();
        Ok(Self { since_ns: monotonic_ns()?, before: up + down, world })
    }

    pub(crate) async fn end(self) -> Result<()> {
        let so_far = Duration::from_nanos(u64::try_from(monotonic_ns()? - self.since_ns)?);
        tokio::time::sleep(LEAST.saturating_sub(so_far)).await;
        let (up, down) = self.world.links()?.mqtt.passed();
        let seconds = (monotonic_ns()? - self.since_ns) as f64 / 1e9;
        let bytes = (up + down - self.before) as f64;
        // A whole heartbeat is due less often than this is watched: it is added by its size.
        let node = &self.world.hamlets[0].node;
        let known = heartbeat(&self.world, node).await?;
        let whole = serde_json::to_vec(&serde_json::from_value::<Heartbeat>(known)?)?.len()
            + topic::heartbeat(node).len()
            + OVERHEAD;
        let wholes = (seconds / FULL_EVERY.as_secs_f64()).floor();
        let rest = (bytes - wholes * whole as f64) / seconds * 3_600.0;
        let an_hour = rest + whole as f64 * 3_600.0 / FULL_EVERY.as_secs_f64();
        println!(
            "idle node: {bytes} bytes of TLS in {seconds:.0} s, a whole heartbeat of {whole} bytes each {} min, one connection: {}",
            FULL_EVERY.as_secs() / 60,
            self.world.links()?.mqtt.connections() == 1
        );
        figure("enrolled_idle_bytes_per_hour", an_hour, "bytes");
        Ok(())
    }
}

async fn heartbeat(world: &World, node: &loa_protocol::NodeId) -> Result<Value> {
    let request = world.api.request(reqwest::Method::GET, &format!("/nodes/{node}"));
    let (_, body) = world.api.raw(request).await.context("the node")?;
    Ok(body.get("heartbeat").cloned().unwrap_or_default())
}
