//! Clips of the programme are on the node long before they sound, over a link that breaks and an agent that is killed, without being fetched twice.

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, tz::TimeZone};
use loa_fleet::api::Node;
use loa_protocol::{Class, Clock as _, SystemClock};
use loa_tests::{
    journal::wait_for,
    tune,
    world::{PATIENCE, Wanted, World},
};
use serde_json::json;

/// 25 kB a second.
const KBIT_S: &str = "200";
/// What is asked for at a time.
const SLICE: u64 = 32 * 1024;
/// Certificates, handshakes and headers of four connections.
const BESIDES: u64 = 40_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_of_the_programme_comes_ahead_in_pieces_and_only_once() -> Result<()> {
    let agent_env = vec![("LOA_AGENT_FETCH_KBIT_S".into(), KBIT_S.into())];
    let wanted = Wanted { hamlets: 1, proxied: true, agent_env, ..Wanted::default() };
    let mut world = World::wanted(wanted).await?;
    world.api.allow_everything("31699").await?;
    // Long, so that it can be caught on its way.
    let clip = world.api.upload("tune.wav", tune::wav(31, 120.0)).await?;
    let content = loa_fleet::api::Content::Clip(clip.hash.clone());
    let bulletin = world.api.add_bulletin("Nhạc thử", Class::Normal, &content).await?;
    ensure!(clip.bytes > 200_000, "{} bytes are too few to be caught on the way", clip.bytes);

    let (_, before) = world.links()?.https.passed();
    let tomorrow = TimeZone::UTC.to_datetime(SystemClock::new().now() + SignedDuration::from_hours(24));
    let entry = json!({
        "bulletin": bulletin.id, "areas": ["31699-01"], "time_zone": "UTC",
        "timetable": { "every": "once", "times": ["12:00"], "from": tomorrow.date().to_string() },
    });
    world.api.add_to_programme(&entry).await?;

    let data = world.hamlets[0].agent.options().data.clone();
    let (partial, whole) = (data.join("clips/partial").join(clip.hash.as_str()), data.join("clips"));
    let arrived = || std::fs::metadata(&partial).map_or(0, |about| about.len());
    let more_than = async |bytes: u64| {
        wait_for(PATIENCE, "more of the clip", || Ok(Some(arrived()).filter(|now| *now > bytes))).await
    };
    let first = more_than(0).await?;
    let node = world.hamlets[0].node.clone();
    world.node_until(&node, "the page can tell what it lacks", |node: &Node| node.lacking == 1).await?;

    world.links()?.https.cut();
    world.links()?.https.restore();
    let second = more_than(first).await.context("after the link was cut")?;
    world.hamlets[0].agent.kill().await;
    ensure!(arrived() >= second, "what arrived outlives the agent");
    world.hamlets[0].agent.start_again().await?;

    let there = whole.join(clip.hash.as_str());
    wait_for(PATIENCE, "the whole clip", || Ok(there.exists().then_some(()))).await?;
    world.node_until(&node, "it lacks nothing", |node: &Node| node.lacking == 0).await?;
    let (_, after) = world.links()?.https.passed();
    let passed = after - before;
    // What was under way when the link was cut and when the agent was killed is fetched again.
    ensure!(passed >= clip.bytes, "{passed} bytes of {}", clip.bytes);
    ensure!(passed <= clip.bytes + 3 * SLICE + BESIDES, "{passed} bytes for a clip of {}", clip.bytes);
    Ok(())
}
