//! Broker and agent killed at once, as a power cut does it: what was begun is finished or reported, once.

use std::time::Duration;

use anyhow::{Context, Result};
use loa_fleet::api::AiringStatus::{Partial, Played};
use loa_protocol::{Class, Outcome, Reason};
use loa_tests::{
    judge,
    soundcard::Capture,
    world::{Hamlet, PATIENCE, Wanted, World},
};
use rstest::rstest;

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;

/// What has sounded in a hamlet after the first `seen` stretches.
fn heard_since(hamlet: &Hamlet, seen: usize) -> Result<Capture> {
    let mut capture = hamlet.heard()?;
    capture.segments.drain(..seen);
    Ok(capture)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Back {
    /// While the nodes still play.
    Soon,
    /// When they have finished.
    Late,
}

#[rstest]
#[case::and_is_back_while_they_play(Back::Soon)]
#[case::and_is_back_when_they_have_finished(Back::Late)]
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_the_middle_leaves_the_nodes_playing_and_gets_each_receipt_once(
    #[case] back: Back,
) -> Result<()> {
    let mut world = World::of(3).await?;
    let bulletin = world.tune(Class::Normal, 1, 6.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let broadcast = world.api.air(&bulletin.id, &["31699-01", "31699-02", "31699-03"]).await?;
    for hamlet in &world.hamlets {
        hamlet.sounds().await?;
    }

    world.broker.kill().await;
    if back == Back::Late {
        for (hamlet, airing) in world.hamlets.iter().zip(&broadcast.airings) {
            hamlet.falls_silent().await?;
            hamlet.journal().settled(&airing.id, PATIENCE).await?;
        }
    }
    world.broker.start_again().await?;

    let done = world.over(&broadcast.id).await?;
    for hamlet in &world.hamlets {
        let airing = done.airing_in(hamlet.code).context("an airing")?;
        assert_eq!((airing.status, airing.reason), (Played, None), "{}", hamlet.code);
        assert_eq!(airing.heard_ms, Some(clip.len() as u64 / 48), "{}", hamlet.code);
        let receipt = hamlet.reported_once(&airing.id).await?;
        assert_eq!((receipt.outcome, receipt.frames), (Outcome::Played, clip.len() as u64));
        judge::heard_whole(&hamlet.heard()?, &clip, VOLUME).context(hamlet.code)?;
    }
    assert_eq!(world.receipts_kept().await?, 3, "each receipt was kept once");
    let node = world.hamlets[0].node.clone();
    world.node_until(&node, "the node is there again", loa_fleet::api::Node::is_ready).await?;
    Ok(())
}

/// What a killed agent had noted may lag behind what sounded: a note each 2 s at first, told each second, and the card's
/// buffer. Frames.
const LAG: usize = 48 * 3_200;

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_in_the_middle_reports_once_how_much_was_heard_and_plays_no_more_of_it() -> Result<()>
{
    let mut world = World::of(1).await?;
    let bulletin = world.tune(Class::Normal, 2, 12.0).await?;
    let broadcast = world.api.air(&bulletin.id, &["31699-01"]).await?;
    let hamlet = &mut world.hamlets[0];
    hamlet.has_taken(Duration::from_secs(5)).await?;

    hamlet.agent.kill().await;
    let taken = hamlet.heard()?;
    hamlet.agent.start_again().await?;

    let airing = world.over(&broadcast.id).await?.airings.pop().context("an airing")?;
    assert_eq!((airing.status, airing.reason), (Partial, Some(Reason::AgentRestarted)));
    let hamlet = &world.hamlets[0];
    let receipt = hamlet.reported_once(&airing.id).await?;
    let (frames, reported) = (taken.frames(), usize::try_from(receipt.frames)?);
    assert!((frames - LAG..=frames).contains(&reported), "{reported} frames reported, {frames} taken");
    let started = receipt.started_at.context("it had started")?;
    let first = taken.segments[0].moment_of(0).timestamp();
    assert!(started.duration_since(first).as_secs_f64().abs() < 0.2, "{started} reported, {first} heard");
    assert_eq!(world.receipts_kept().await?, 1);

    // The next one sounds, alone: nothing of the first comes after the restart.
    world.ready().await?;
    let next = world.tune(Class::Normal, 3, 1.0).await?;
    let clip = world.decoded(&next.clip).await?;
    let done = world.over(&world.api.air(&next.id, &["31699-01"]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played);
    judge::heard_whole(&heard_since(hamlet, taken.segments.len())?, &clip, VOLUME)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_only_on_disk_when_the_agent_is_killed_arrives_once_when_the_link_is_back()
-> Result<()> {
    let mut world = World::wanted(Wanted { hamlets: 1, proxied: true, ..Wanted::default() }).await?;
    let bulletin = world.tune(Class::Normal, 4, 2.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let broadcast = world.api.air(&bulletin.id, &["31699-01"]).await?;
    let airing = &broadcast.airings[0].id;
    world.hamlets[0].sounds().await?;

    world.links()?.cut();
    world.hamlets[0].journal().settled(airing, PATIENCE).await?;
    world.hamlets[0].agent.kill().await;
    world.hamlets[0].agent.start_again().await?;
    world.links()?.restore();

    let done = world.over(&broadcast.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Played, None));
    assert_eq!(done.airings[0].heard_ms, Some(clip.len() as u64 / 48));
    world.hamlets[0].reported_once(airing).await?;
    assert_eq!(world.receipts_kept().await?, 1);
    judge::heard_whole(&world.hamlets[0].heard()?, &clip, VOLUME)?;
    Ok(())
}
