//! The MQTT server is gone when a person taps *Phát ngay*: the broadcast is kept, and airs once when the server is back, if it still may.

use anyhow::{Context, Result};
use loa_fleet::api::{AiringStatus, Bulletin};
use loa_protocol::Class;
use loa_tests::{
    judge, listen,
    mosquitto::Mosquitto,
    world::{Mqtt, Wanted, World},
};

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;

async fn world() -> Result<(World, Mosquitto)> {
    let wanted = Wanted { hamlets: 1, mqtt: Mqtt::Mosquitto, ..Wanted::default() };
    let mut world = World::wanted(wanted).await?;
    let mosquitto = world.mosquitto.take().context("a Mosquitto")?;
    Ok((world, mosquitto))
}

async fn spoken(world: &World, text: &str) -> Result<(Bulletin, Vec<f32>)> {
    let bulletin = world.spoken(Class::Normal, text).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    Ok((bulletin, clip))
}

/// The server is back, and the agent, which may be waiting for half a minute, comes at once.
async fn is_back(world: &mut World, mosquitto: &mut Mosquitto) -> Result<()> {
    mosquitto.start_again().await?;
    world.hamlets[0].agent.start_again().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_mqtt_can_not_take_is_kept_and_airs_exactly_once() -> Result<()> {
    let (mut world, mut mosquitto) = world().await?;
    let (kept, kept_clip) = spoken(&world, "Chiều nay cắt nước từ 14 giờ.").await?;
    let (next, next_clip) = spoken(&world, "Mời bà con ra nhà văn hoá.").await?;
    let code = world.hamlets[0].code;

    mosquitto.kill().await?;
    let broadcast = world.api.air_with(&kept.id, &[code], 120, Some("tap")).await?;
    assert_eq!(broadcast.dispatched_at, None, "it says that it waits to be sent");
    assert_eq!(broadcast.airing_in(code).context("an airing")?.status, AiringStatus::Sent);
    let again = world.api.air_with(&kept.id, &[code], 120, Some("tap")).await?;
    assert_eq!(again.id, broadcast.id, "a second tap is the same broadcast");

    is_back(&mut world, &mut mosquitto).await?;
    let done = world.over(&broadcast.id).await?;
    assert_eq!(done.airing_in(code).context("an airing")?.status, AiringStatus::Played);
    world.broadcast_until(&broadcast.id, "it is known to be sent", |b| b.dispatched_at.is_some()).await?;
    let fresh = world.api.air(&next.id, &[code]).await?;
    assert!(fresh.dispatched_at.is_some());
    world.over(&fresh.id).await?;

    let heard = world.hamlets[0].heard()?.mono();
    let first = listen::find(&kept_clip, &heard).context("the one that was kept")?;
    let end = usize::try_from(first.offset)? + kept_clip.len();
    let second = listen::find(&next_clip, &heard[end..]).context("the one after it")?;
    let begin = end + usize::try_from(second.offset)?;
    assert!(first.similarity > 0.99 && second.similarity > 0.99, "{first:?} {second:?}");
    for outside in [&heard[..end - kept_clip.len()], &heard[end..begin], &heard[begin + next_clip.len()..]] {
        let loudest = listen::peak_dbfs(outside);
        assert!(loudest < -60.0, "something else sounded, at {loudest:.1} dBFS");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_or_was_stopped_while_mqtt_was_gone_never_airs() -> Result<()> {
    let (mut world, mut mosquitto) = world().await?;
    let (late, _) = spoken(&world, "Tin này đã quá giờ.").await?;
    let (unwanted, _) = spoken(&world, "Tin này đã bị dừng.").await?;
    let (next, next_clip) = spoken(&world, "Mời bà con ra nhà văn hoá.").await?;
    let code = world.hamlets[0].code;

    mosquitto.kill().await?;
    let late = world.api.air_with(&late.id, &[code], 1, None).await?;
    let one = world.api.air_with(&unwanted.id, &[code], 600, None).await?;
    let all = world.api.air_with(&unwanted.id, &[code], 600, None).await?;
    // That no node could be told is said; that they won't air is certain all the same.
    assert!(world.api.stop(&one.id).await.is_err());
    assert!(world.api.stop_everything(None).await.is_err());
    let done = world.over(&late.id).await?;
    assert_eq!(done.airing_in(code).context("an airing")?.status, AiringStatus::Missed);

    is_back(&mut world, &mut mosquitto).await?;
    world.api.release_all().await?;
    world.ready().await?;
    let fresh = world.api.air(&next.id, &[code]).await?;
    world.over(&fresh.id).await?;
    judge::heard_whole(&world.hamlets[0].heard()?, &next_clip, VOLUME)?;
    for stopped in [one, all] {
        let now = world.api.broadcast(&stopped.id).await?;
        assert_eq!((now.dispatched_at, now.airings[0].heard_ms), (None, None));
    }
    Ok(())
}
