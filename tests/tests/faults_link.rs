//! The nodes' link cut, restored, and held: what was begun plays on, what was sent meanwhile plays once or is reported.

use std::time::Duration;

use anyhow::{Context, Result};
use loa_fleet::api::{
    AiringStatus::{Missed, Played, Playing},
    NodeStatus,
};
use loa_protocol::{Class, Reason};
use loa_tests::{
    journal, judge,
    world::{PATIENCE, Wanted, World},
};
use rstest::rstest;

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;

async fn world() -> Result<World> {
    World::wanted(Wanted { hamlets: 1, proxied: true, ..Wanted::default() }).await
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Spoilt {
    /// Connections are closed, and none can be made.
    Cut,
    /// Nothing comes through and nothing is said; then everything held back does.
    Held,
    /// Nothing comes through and nothing is said; then the connection is gone.
    Forgotten,
}

#[rstest]
#[case::cut(Spoilt::Cut)]
#[case::held(Spoilt::Held)]
#[case::held_and_then_forgotten(Spoilt::Forgotten)]
#[tokio::test(flavor = "multi_thread")]
async fn an_airing_outlives_a_spoilt_link_and_is_reported_once(#[case] spoilt: Spoilt) -> Result<()> {
    let world = world().await?;
    let hamlet = &world.hamlets[0];
    let links = world.links()?;
    let bulletin = world.tune(Class::Normal, 5, 6.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let broadcast = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    let airing = &broadcast.airings[0].id;
    world.airing(&broadcast.id, hamlet.code, Playing).await?;
    hamlet.sounds().await?;
    let before = links.mqtt.connections();

    match spoilt {
        Spoilt::Cut => {
            links.cut();
            let gone = |node: &loa_fleet::api::Node| node.status == NodeStatus::Lost;
            world.node_until(&hamlet.node, "the broker notices the loss", gone).await?;
            links.restore();
        }
        Spoilt::Held | Spoilt::Forgotten => {
            links.mqtt.hold();
            hamlet.journal().settled(airing, PATIENCE).await?;
            if spoilt == Spoilt::Forgotten {
                links.cut();
                let gone = || Ok((links.mqtt.open() == 0).then_some(()));
                journal::wait_for(PATIENCE, "the connection is gone", gone).await?;
            }
            links.restore();
        }
    }

    let done = world.over(&broadcast.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Played, None));
    assert_eq!(done.airings[0].heard_ms, Some(clip.len() as u64 / 48));
    hamlet.reported_once(airing).await?;
    assert_eq!(world.receipts_kept().await?, 1);
    hamlet.falls_silent().await?;
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME)?;
    world.ready().await?;
    assert_eq!(links.mqtt.connections() > before, spoilt != Spoilt::Held, "it connected anew if it had to");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_the_link_is_down_plays_once_when_it_is_back() -> Result<()> {
    let world = world().await?;
    let hamlet = &world.hamlets[0];
    let bulletin = world.tune(Class::Normal, 6, 2.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;

    world.links()?.cut();
    let broadcast = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    let gone = |node: &loa_fleet::api::Node| node.status == NodeStatus::Lost;
    world.node_until(&hamlet.node, "the broker notices the loss", gone).await?;
    assert_eq!(hamlet.starts()?, 0, "it can't have come");
    world.links()?.restore();

    let done = world.over(&broadcast.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Played, None));
    hamlet.reported_once(&done.airings[0].id).await?;
    assert_eq!(world.receipts_kept().await?, 1);
    hamlet.falls_silent().await?;
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expires_while_the_link_is_down_is_reported_missed_and_never_plays() -> Result<()> {
    let world = world().await?;
    let hamlet = &world.hamlets[0];
    let stale = world.tune(Class::Emergency, 7, 2.0).await?;
    let fresh = world.tune(Class::Normal, 8, 1.0).await?;
    let clip = world.decoded(&fresh.clip).await?;

    world.links()?.cut();
    let broadcast = world.api.air_with(&stale.id, &[hamlet.code], 1, None).await?;
    let done = world.over(&broadcast.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Missed, Some(Reason::NodeSilent)));
    world.links()?.restore();
    world.ready().await?;

    // Whatever waited for the node has come when something newer has.
    let next = world.over(&world.api.air(&fresh.id, &[hamlet.code]).await?.id).await?;
    assert_eq!(next.airings[0].status, Played);
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME).context("only the fresh one")?;
    Ok(())
}

/// A node whose clock is right takes an expired command for what it is, even when MQTT delivers it.
#[tokio::test(flavor = "multi_thread")]
async fn what_expires_on_a_slow_link_is_refused_by_the_node_and_reported() -> Result<()> {
    let world = world().await?;
    let hamlet = &world.hamlets[0];
    let bulletin = world.tune(Class::Emergency, 9, 2.0).await?;

    // The server has handed it to a connection that is dead, and takes it for sent.
    world.links()?.mqtt.hold();
    let broadcast = world.api.air_with(&bulletin.id, &[hamlet.code], 1, None).await?;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    world.links()?.mqtt.restore();

    let done = world.over(&broadcast.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Missed, Some(Reason::Expired)));
    hamlet.reported_once(&done.airings[0].id).await?;
    world.node_until(&hamlet.node, "it is counted", |node| node.refused("expired") == 1).await?;
    assert_eq!(hamlet.starts()?, 0);
    Ok(())
}
