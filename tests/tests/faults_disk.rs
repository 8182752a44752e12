//! Disks without room: the node still plays and reports, the broker says no and keeps nothing by halves.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use jiff::Timestamp;
use loa_fleet::api::{
    AiringStatus::{Missed, Partial, Played, Playing},
    ApiError, Content, Node,
};
use loa_protocol::{Class, Reason};
use loa_tests::{
    journal, judge,
    world::{PATIENCE, Wanted, World},
};
use reqwest::Method;
use serde_json::Value;

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;
/// Of a node: its identity, plan and journal with its reserve take a quarter of it. There is room for one large clip, not for two.
const NODE_KIB: u32 = 512;
/// What three seconds of sound take on disk.
const CLIP_KIB: u64 = 16;
/// More than a command may carry: such a clip must be fetched. Two minutes at 24 kbit/s.
const FETCHED_SECONDS: f64 = 120.0;

fn faults(node: &Node, code: &str) -> u64 {
    node.heartbeat.as_ref().and_then(|beat| beat["faults"][code].as_u64()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_full_disk_plays_reports_and_says_so_and_is_well_when_there_is_room() -> Result<()> {
    let wanted = Wanted { hamlets: 1, node_disk_kib: Some(NODE_KIB), ..Wanted::default() };
    let mut world = World::wanted(wanted).await?;
    let hamlet = &world.hamlets[0];
    let reserve = hamlet.agent.options().data.join("journal.reserve");
    // What earlier airings would have used up: nothing more fits at all.
    fs::remove_file(&reserve).context("the journal has a reserve")?;
    hamlet.disk()?.fill()?;

    let mut airings = Vec::new();
    for seed in 30..33 {
        let bulletin = world.tune(Class::Normal, seed, 1.0).await?;
        let clip = world.decoded(&bulletin.clip).await?;
        let seen = hamlet.heard()?.segments.len();
        let done = world.over(&world.api.air(&bulletin.id, &[hamlet.code]).await?.id).await?;
        assert_eq!((done.airings[0].status, done.airings[0].reason), (Played, None));
        hamlet.rests().await?;
        let mut heard = hamlet.heard()?;
        heard.segments.drain(..seen);
        judge::heard_whole(&heard, &clip, VOLUME)?;
        airings.push(done.airings[0].id.clone());
    }
    assert_eq!(world.receipts_kept().await?, 3);
    world.node_until(&hamlet.node, "the fault is shown", |node| faults(node, "disk_full") == 1).await?;

    hamlet.disk()?.free()?;
    for airing in &airings {
        hamlet.reported_once(airing).await.context("written down later, once")?;
    }
    journal::wait_for(PATIENCE, "the reserve is back", || Ok(reserve.exists().then_some(()))).await?;

    // A start that finds all of it on disk has nothing more to say, and nothing to play.
    let starts = hamlet.starts()?;
    world.hamlets[0].agent.kill().await;
    world.hamlets[0].agent.start_again().await?;
    let since = Timestamp::UNIX_EPOCH;
    let well =
        |node: &Node| node.is_ready() && node.last_seen > Some(since) && faults(node, "disk_full") == 0;
    world.node_until(&world.hamlets[0].node, "it is well again", well).await?;
    let bulletin = world.tune(Class::Normal, 34, 1.0).await?;
    let hamlet = &world.hamlets[0];
    let done = world.over(&world.api.air(&bulletin.id, &[hamlet.code]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played);
    hamlet.reported_once(&done.airings[0].id).await?;
    assert_eq!(world.receipts_kept().await?, 4, "no receipt came twice");
    assert!(hamlet.starts()? > starts);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_for_which_there_is_no_room_is_reported_so_and_costs_no_traffic_until_there_is() -> Result<()>
{
    let wanted = Wanted { hamlets: 1, node_disk_kib: Some(NODE_KIB), proxied: true, ..Wanted::default() };
    let world = World::wanted(wanted).await?;
    let hamlet = &world.hamlets[0];
    let bulletin = world.tune(Class::Normal, 35, FETCHED_SECONDS).await?;
    assert!(bulletin.clip.bytes > 256 * 1024, "{} bytes would go with the command", bulletin.clip.bytes);

    hamlet.disk()?.fill()?;
    let (_, before) = world.links()?.https.passed();
    let done = world.over(&world.api.air_with(&bulletin.id, &[hamlet.code], 4, None).await?.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Missed, Some(Reason::DiskFull)));
    hamlet.reported_once(&done.airings[0].id).await?;
    let (_, after) = world.links()?.https.passed();
    assert!(after - before < 64 * 1024, "{} bytes were fetched to no avail", after - before);
    world.node_until(&hamlet.node, "the fault is shown", |node| faults(node, "disk_full") >= 1).await?;
    assert_eq!(hamlet.starts()?, 0);

    hamlet.disk()?.free()?;
    let again = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    world.airing(&again.id, hamlet.code, Playing).await?;
    hamlet.sounds().await?;
    world.api.stop(&again.id).await?;
    let done = world.over(&again.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Partial, Some(Reason::Stopped)));

    // Clips that nobody needs any more make room for one that is needed.
    let next = world.tune(Class::Normal, 36, FETCHED_SECONDS).await?;
    let clips = hamlet.agent.options().data.join("clips");
    assert!(clips.join(bulletin.clip.hash.as_str()).exists(), "the first is kept");
    let again = world.api.air(&next.id, &[hamlet.code]).await?;
    world.airing(&again.id, hamlet.code, Playing).await?;
    assert!(!clips.join(bulletin.clip.hash.as_str()).exists(), "there is room for one only");
    world.api.stop(&again.id).await?;
    world.over(&again.id).await?;
    Ok(())
}

/// Every file below a folder.
fn files(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.insert(entry.path().display().to_string());
        }
    }
    Ok(found)
}

/// What the broker has recorded, as the API shows it.
async fn recorded(world: &World) -> Result<Vec<Value>> {
    let mut lists = Vec::new();
    for path in ["/areas", "/bulletins?limit=100"] {
        lists.push(world.api.raw(world.api.request(Method::GET, path)).await?.1);
    }
    let broadcasts = world.api.broadcasts().await?;
    lists.push(broadcasts.iter().map(|broadcast| broadcast.id.as_str()).collect());
    Ok(lists)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_with_a_full_disk_says_so_keeps_nothing_by_halves_and_still_stops_everything() -> Result<()>
{
    let wanted = Wanted { hamlets: 2, broker_disk_kib: Some(16 * 1024), ..Wanted::default() };
    let mut world = World::wanted(wanted).await?;
    let (hamlet, other) = (&world.hamlets[0], &world.hamlets[1]);
    let short = world.tune(Class::Normal, 37, 1.0).await?;
    let long = world.tune(Class::Normal, 38, 20.0).await?;
    let on_air = world.api.air(&long.id, &[hamlet.code]).await?;
    world.airing(&on_air.id, hamlet.code, Playing).await?;
    let disk = world.broker_disk.as_ref().context("a disk of its own")?;
    let clips = world.broker_data().join("clips");
    let before = (recorded(&world).await?, files(&clips)?);

    disk.fill()?;
    let full = |error: Option<ApiError>| error.as_ref().and_then(ApiError::code) == Some("disk_full");
    let upload = world.api.upload("tune.wav", loa_tests::tune::wav(39, 3.0)).await;
    assert!(full(upload.err()), "an upload");
    let voice = world.api.voices().await?.first().context("a voice")?.id.clone();
    let text = Content::Text { text: "Đĩa đầy thì không lưu được gì.".into(), voice };
    assert!(full(world.api.add_bulletin("Lời", Class::Normal, &text).await.err()), "a text");
    let sound = Content::Clip(short.clip.hash.clone());
    assert!(full(world.api.add_bulletin("Nhạc", Class::Normal, &sound).await.err()), "a bulletin");
    assert!(full(world.api.air(&short.id, &[other.code]).await.err()), "a broadcast");
    assert_eq!((recorded(&world).await?, files(&clips)?), before, "something was kept");
    // Room for a clip's sound, but not for the record of it.
    disk.give_back(CLIP_KIB)?;
    assert!(full(world.api.upload("tune.wav", loa_tests::tune::wav(40, 3.0)).await.err()), "a record");
    assert_eq!((recorded(&world).await?, files(&clips)?), before, "something was kept by half");
    disk.fill()?;

    // Silence needs no disk.
    assert_eq!(world.api.stop_everything(None).await?.nodes, 2);
    let airing = &on_air.airings[0].id;
    let receipt = hamlet.journal().settled(airing, PATIENCE).await?;
    assert_eq!(receipt.reason, Some(Reason::Stopped));
    assert_eq!(hamlet.journal().acknowledgements(airing)?, 0, "the broker can't keep it yet");
    assert_eq!(other.starts()?, 0, "nothing that isn't recorded was aired");

    disk.free()?;
    let done = world.over(&world.api.air(&short.id, &[other.code]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played, "the broker works again");
    world.api.add_bulletin("Nhạc", Class::Normal, &sound).await?;
    world.broker.stop().await;
    world.broker.start_again().await?;
    let done = world.over(&on_air.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Partial, Some(Reason::Stopped)));
    assert_eq!(done.airings[0].heard_ms, Some(receipt.frames / 48));
    world.hamlets[0].reported_once(airing).await?;
    Ok(())
}
