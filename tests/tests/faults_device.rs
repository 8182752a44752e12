//! The sound device pulled out and put back: what sounds goes on where it would be by then, and only what was heard is reported.

use std::time::Duration;

use anyhow::{Context, Result};
use loa_fleet::api::{
    AiringStatus::{Missed, Partial, Played},
    Node,
};
use loa_protocol::{Class, Reason, Receipt, state::OutputState};
use loa_tests::{
    judge::{self, Part},
    listen,
    soundcard::{Capture, Ending, EventKind},
    world::{AUDIBLE, PATIENCE, World},
};

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;
/// What the card may hold when it is pulled out, frames (two periods of 40 ms): some of it has sounded, none of it is counted.
const HELD: usize = 2 * 1920;
/// How exactly a sound goes on where it would have been, seconds: opening a device has no exact instant.
const IN_PLACE: f64 = 0.1;

/// Nine seconds of speech.
const LONG: &str = "Ủy ban nhân dân xã thông báo lịch tiêm phòng cho trẻ em dưới năm tuổi tại trạm y tế. Đề nghị phụ huynh mang theo sổ \
    tiêm chủng và đưa các cháu đến đúng giờ.";

/// What of the clip was heard, stretch by stretch; and which of them are behind the loss of the card.
fn parts(clip: &[f32], heard: &Capture) -> Result<Vec<(Part, bool)>> {
    let mut lost = false;
    let mut parts = Vec::new();
    for stretch in &heard.segments {
        if listen::sounding(&stretch.mono(), AUDIBLE).is_some() {
            parts.push((judge::part_of(clip, stretch)?, lost));
        }
        lost |= stretch.ending == Ending::Unplugged;
    }
    Ok(parts)
}

/// How much more than was heard may be reported: of a card that runs dry a period may be lost that it was given.
fn lost_late(heard: &Capture) -> usize {
    1920 * heard.segments.iter().filter(|stretch| stretch.ending == Ending::Xrun).count()
}

/// Holds that a receipt counts the frames that were heard: at most so many fewer or more.
fn told_as_heard(receipt: &Receipt, parts: &[(Part, bool)], fewer: usize, more: usize) -> Result<()> {
    let taken: usize = parts.iter().map(|(part, _)| part.frames).sum();
    let reported = usize::try_from(receipt.frames)?;
    assert!((taken - fewer..=taken + more).contains(&reported), "{taken} frames heard, {reported} reported");
    Ok(())
}

fn output_is(state: OutputState) -> impl Fn(&Node) -> bool {
    move |node| node.output == Some(state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_away_for_three_seconds_takes_the_airing_up_in_its_place() -> Result<()> {
    let world = World::of(1).await?;
    let hamlet = &world.hamlets[0];
    let bulletin = world.spoken(Class::Normal, LONG).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let broadcast = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    hamlet.has_taken(Duration::from_secs(2)).await?;

    hamlet.card.unplug()?;
    let away = tokio::time::sleep(Duration::from_secs(3));
    world.node_until(&hamlet.node, "the loss is shown", output_is(OutputState::Lost)).await?;
    away.await;
    hamlet.card.replug()?;
    world.node_until(&hamlet.node, "the return is shown", output_is(OutputState::Ready)).await?;

    let done = world.over(&broadcast.id).await?;
    let airing = &done.airings[0];
    assert_eq!((airing.status, airing.reason), (Partial, Some(Reason::OutputLost)));
    let receipt = hamlet.reported_once(&airing.id).await?;
    let heard = hamlet.heard()?;
    let parts = parts(&clip, &heard)?;
    let (first, _) = parts.first().context("before")?;
    let (resumed, _) = parts.iter().find(|(_, lost)| *lost).context("after")?;
    assert_eq!(first.from, 0, "it began at its beginning");
    let late = (resumed.origin_ns - first.origin_ns) as f64 / 1e9;
    assert!(late.abs() < IN_PLACE, "it went on {late:.3} s from where it would have been");
    let before: usize = parts.iter().filter(|(_, lost)| !lost).map(|(part, _)| part.frames).sum();
    let gap = (resumed.from - before) as f64 / 48_000.0;
    assert!((2.9..4.5).contains(&gap), "{gap:.2} s were lost");

    told_as_heard(&receipt, &parts, HELD, lost_late(&heard))?;
    assert_eq!(receipt.clip_frames, clip.len() as u64);
    assert_eq!(airing.heard_ms, Some(receipt.frames / 48));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_airing_for_which_the_device_returns_is_heard_from_where_it_would_be() -> Result<()> {
    let world = World::of(1).await?;
    let hamlet = &world.hamlets[0];
    let bulletin = world.spoken(Class::Normal, LONG).await?;
    let clip = world.decoded(&bulletin.clip).await?;

    hamlet.card.unplug()?;
    let broadcast = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    world.node_until(&hamlet.node, "the loss is shown", output_is(OutputState::Lost)).await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    hamlet.card.replug()?;

    let done = world.over(&broadcast.id).await?;
    let airing = &done.airings[0];
    assert_eq!((airing.status, airing.reason), (Partial, Some(Reason::OutputLost)));
    let receipt = hamlet.reported_once(&airing.id).await?;
    let heard = hamlet.heard()?;
    let parts = parts(&clip, &heard)?;
    let (first, _) = parts.first().context("something was heard")?;
    assert!(first.from as f64 / 48_000.0 > 1.4, "it began {} frames in", first.from);
    told_as_heard(&receipt, &parts, 48, 48 + lost_late(&heard))?;
    world.node_until(&hamlet.node, "the return is shown", output_is(OutputState::Ready)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_airing_without_a_device_is_missed_and_the_next_with_one_is_played() -> Result<()> {
    let world = World::of(1).await?;
    let hamlet = &world.hamlets[0];
    let bulletin = world.tune(Class::Normal, 12, 2.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;

    hamlet.card.unplug()?;
    let done = world.over(&world.api.air(&bulletin.id, &[hamlet.code]).await?.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Missed, Some(Reason::OutputLost)));
    assert_eq!(done.airings[0].heard_ms, Some(0));
    hamlet.reported_once(&done.airings[0].id).await?;
    world.node_until(&hamlet.node, "the loss is shown", output_is(OutputState::Lost)).await?;
    assert_eq!(hamlet.starts()?, 0);

    hamlet.card.replug()?;
    world.node_until(&hamlet.node, "the return is shown", output_is(OutputState::Ready)).await?;
    let done = world.over(&world.api.air(&bulletin.id, &[hamlet.code]).await?.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Played, None));
    hamlet.card.wait_for_event(EventKind::Start, 1, PATIENCE)?;
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME)?;
    Ok(())
}
