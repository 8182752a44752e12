//! A node renews its certificate by itself, with the real programs and lives of seconds.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use loa_fleet::api::{AiringStatus::Played, Node, NodeStatus};
use loa_protocol::Class;
use loa_tests::{
    journal::wait_for,
    world::{PATIENCE, Wanted, World},
};

/// Of a certificate. It is renewed after two thirds; the last third is for a slow machine.
const LIFE: Duration = Duration::from_secs(24);

/// Waits until the node has a renewed certificate other than `before`.
async fn renewed(world: &World, before: Option<&str>) -> Result<String> {
    let file = world.hamlets[0].agent.options().data.join("identity/renewed.json");
    wait_for(LIFE + PATIENCE, "a renewed certificate", || {
        Ok(fs::read_to_string(&file).ok().filter(|found| Some(found.as_str()) != before))
    })
    .await
    .with_context(|| fs::read_to_string(&world.hamlets[0].agent.options().log).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_outlives_its_certificates_and_a_kill_in_the_middle_of_a_renewal_until_it_is_revoked()
-> Result<()> {
    let broker_args = vec!["--node-certificate-life-s".into(), LIFE.as_secs().to_string().into()];
    let mut world =
        World::wanted(Wanted { hamlets: 1, proxied: true, broker_args, ..Wanted::default() }).await?;
    let node = world.hamlets[0].node.clone();
    let first = renewed(&world, None).await?;

    let asked = world.links()?.https.connections();
    world.links()?.https.hold();
    world.links()?.https.connected(asked + 1, LIFE + PATIENCE).await?;
    world.hamlets[0].agent.kill().await;
    world.links()?.https.restore();
    world.hamlets[0].agent.start_again().await?;
    let second = renewed(&world, Some(&first)).await?;
    renewed(&world, Some(&second)).await?;

    // By now its first certificates have ended: a new connection takes a renewed one.
    world.links()?.mqtt.cut();
    world.node_until(&node, "the node is away", |node| node.status != NodeStatus::Online).await?;
    world.links()?.mqtt.restore();
    world.node_until(&node, "the node is back", Node::is_ready).await?;
    let bulletin = world.tune(Class::Normal, 1, 1.0).await?;
    let broadcast = world.api.air(&bulletin.id, &["31699-01"]).await?;
    assert_eq!(world.over(&broadcast.id).await?.airings[0].status, Played);

    world.api.revoke(&node).await?;
    let log = world.hamlets[0].agent.options().log.clone();
    let told = |log: &str| log.contains("the broker answers 403").then_some(());
    wait_for(LIFE + PATIENCE, "the renewal is refused", || Ok(told(&fs::read_to_string(&log)?))).await?;
    assert_eq!(world.api.node(&node).await?.status, NodeStatus::Revoked);
    Ok(())
}
