//! The key that signs for the nodes is replaced by command: they obey the new one without being touched, and are deaf to a stolen old one for good.
//!
//! The thief holds the old key and a certificate that Mosquitto lets in: all there is to have but the authority's key.

use std::{ffi::OsStr, path::Path};

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use loa_fleet::{api::AiringStatus::Played, process};
use loa_mqtt::Publish;
use loa_protocol::{Class, topic};
use loa_tests::{
    judge,
    outsider::{self, Keys},
    world::{Hamlet, Mqtt, Wanted, World},
};
use tokio::process::Command;

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Runs `loa-broker keys ...` on a broker's data folder.
async fn keys(data: &Path, arguments: &[&OsStr]) -> Result<String> {
    let mut command = Command::new(process::find("loa-broker")?);
    command.arg("keys").arg(arguments[0]).arg("--data").arg(data).args(&arguments[1..]);
    let output = command.output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Replaces the key and waits until the node has heard of it: its plan comes anew.
async fn replaced(world: &mut World, arguments: &[&OsStr]) -> Result<String> {
    let node = world.hamlets[0].node.clone();
    let before = world.api.node(&node).await?.generation.held;
    let said = restarted(world, arguments).await?;
    world.node_until(&node, "a plan by the new key", |seen| seen.generation.held > before).await?;
    Ok(said)
}

async fn restarted(world: &mut World, arguments: &[&OsStr]) -> Result<String> {
    let said = keys(&world.broker_data(), arguments).await?;
    world.broker.stop().await;
    world.broker.start_again().await?;
    Ok(said)
}

fn only(world: &World) -> &Hamlet {
    &world.hamlets[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_obey_a_new_signing_key_at_once_and_a_revoked_one_never_again() -> Result<()> {
    let mut world = World::wanted(Wanted { hamlets: 1, mqtt: Mqtt::Mosquitto, ..Wanted::default() }).await?;
    let node = only(&world).node.clone();
    let (commands, server) = (topic::command(&node), world.mosquitto.as_ref().context("Mosquitto")?.url());
    let stolen = Keys::of_broker(&world.broker_data())?;
    let (thief, _overheard) =
        outsider::client(&server, "thief", outsider::certificate(&world.broker_data(), "loa-broker")?)?;
    outsider::connected(&thief).await?;
    let bulletin = world.tune(Class::Normal, 31, 1.0).await?;
    let (ogg, clip) = (world.api.clip(&bulletin.clip.hash).await?, world.decoded(&bulletin.clip).await?);
    let forged = |number| -> Result<Publish> {
        let play =
            outsider::play(&node, number, &ogg, bulletin.clip.duration_ms, SignedDuration::ZERO, MINUTE)?;
        Ok(Publish::new(commands.clone(), outsider::sealed(&stolen.signing(DAY)?, &play, &ogg)?))
    };

    // A planned replacement: nothing but the key changes.
    let said = replaced(&mut world, &["rotate".as_ref()]).await?;
    ensure!(said.contains("signing key 1"), "{said}");
    world.ready().await?;
    let done = world.over(&world.api.air(&bulletin.id, &[only(&world).code]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played);
    only(&world).rests().await?;
    judge::heard_whole(&only(&world).heard()?, &clip, VOLUME)?;

    // The old one was stolen.
    let said = replaced(&mut world, &["rotate".as_ref(), "--revoke-older".as_ref()]).await?;
    ensure!(said.contains("signing key 2"), "{said}");
    world.ready().await?;
    let starts = only(&world).starts()?;
    thief.publish(forged(1)?).await?;
    world.node_until(&node, "the thief is refused", |seen| seen.refused("key_revoked") == 1).await?;

    // Killed, it still knows.
    world.hamlets[0].agent.kill().await;
    world.hamlets[0].agent.start_again().await?;
    world.node_until(&node, "it counts anew", |seen| seen.refused("key_revoked") == 0).await?;
    world.ready().await?;
    thief.publish(forged(2)?).await?;
    world.node_until(&node, "the thief is refused again", |seen| seen.refused("key_revoked") == 1).await?;
    assert_eq!(only(&world).starts()?, starts, "the sound card was never started");

    // Without the authority's key the broker serves as before, and no key can be made.
    let safe = world.path().join("authority.json");
    restarted(&mut world, &["take-out".as_ref(), safe.as_os_str()]).await?;
    let refused = keys(&world.broker_data(), &["rotate".as_ref()]).await;
    ensure!(refused.unwrap_err().to_string().contains("--authority"));
    world.ready().await?;
    let done = world.over(&world.api.air(&bulletin.id, &[only(&world).code]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played);
    let shown = keys(&world.broker_data(), &["show".as_ref()]).await?;
    ensure!(shown.contains("kept elsewhere") && shown.contains("below number 2"), "{shown}");
    Ok(())
}
