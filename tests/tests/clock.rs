//! A board without a battery, with the real programs.

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use loa_fleet::api::{AiringStatus, Node};
use loa_protocol::{Class, ClockTrust};
use loa_tests::{
    judge,
    world::{Wanted, World},
    wrong_clock,
};

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;

#[tokio::test(flavor = "multi_thread")]
async fn a_board_that_believes_it_is_1970_enrols_connects_and_plays_what_is_sent_now() -> Result<()> {
    // The world is there when the agent has enrolled, and is online with its plan: all of it by TLS.
    let agent_env = wrong_clock::believing(Timestamp::from_second(7)?)?;
    let world = World::wanted(Wanted { hamlets: 1, agent_env, ..Wanted::default() }).await?;
    let hamlet = &world.hamlets[0];
    let told = |node: &Node| node.clock == Some(ClockTrust::Set);
    world.node_until(&hamlet.node, "it has the time from the broker", told).await?;

    let bulletin = world.spoken(Class::Normal, "Mời bà con ra nhà văn hoá.").await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let broadcast = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    let done = world.over(&broadcast.id).await?;

    let airing = done.airing_in(hamlet.code).context("an airing")?;
    assert_eq!((airing.status, airing.reason), (AiringStatus::Played, None));
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME)?;
    // What it reports is dated by what the broker told it, not by 1970.
    let late = airing.started_at.context("a start")?.duration_since(done.created_at);
    assert!(late.abs() < SignedDuration::from_secs(30), "reported {late} after it was sent");
    Ok(())
}
