//! The broker's CA is replaced by two commands, and no node is touched: each gets a certificate of the new one by itself, and a certificate of
//! the old one opens nothing any more.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use loa_fleet::{api::AiringStatus::Played, process};
use loa_mqtt::{Connection, DisconnectReason};
use loa_protocol::{Class, Clock, SystemClock};
use loa_tests::{
    journal::wait_for,
    outsider,
    world::{PATIENCE, Wanted, World},
};
use tokio::process::Command;

/// Of a certificate: far from being due by itself while the test runs. A node asks within a forty-eighth of it, so that not all ask at once.
const LIFE: Duration = Duration::from_secs(600);

/// Runs `loa-broker keys ...`; what it says, and whether it did it.
async fn keys(world: &World, arguments: &[&str]) -> Result<(bool, String)> {
    let mut command = Command::new(process::find("loa-broker")?);
    command.arg("keys").arg(arguments[0]).arg("--data").arg(world.broker_data()).args(&arguments[1..]);
    let output = command.output().await?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.success(), said))
}

async fn restart(world: &mut World) -> Result<()> {
    world.broker.stop().await.context("it stops in order")?;
    Ok(world.broker.start_again().await?)
}

/// How many CAs each agent trusts.
fn trusted(world: &World) -> Result<Vec<usize>> {
    let of = |hamlet: &loa_tests::world::Hamlet| {
        let file = hamlet.agent.options().data.join("identity/renewed.json");
        Ok(fs::read_to_string(file).map_or(0, |text| text.matches("BEGIN CERTIFICATE").count() - 1))
    };
    world.hamlets.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_is_replaced_without_touching_a_node() -> Result<()> {
    let broker_args = vec!["--node-certificate-life-s".into(), LIFE.as_secs().to_string().into()];
    let mut world = World::wanted(Wanted { hamlets: 2, broker_args, ..Wanted::default() }).await?;
    let (stolen, told) = outsider::stolen_from(&world.hamlets[0].agent.options().data)?;

    // One node is away while it begins.
    world.hamlets[1].agent.kill().await;
    let (done, said) = keys(&world, &["new-ca"]).await?;
    assert!(done, "{said}");
    restart(&mut world).await?;
    wait_for(LIFE / 48 + PATIENCE, "the first node trusts both", || {
        Ok((trusted(&world)? == [2, 0]).then_some(()))
    })
    .await?;
    // Its new certificate counts as arrived when it has shown it.
    world.hamlets[0].agent.kill().await;
    world.hamlets[0].agent.start_again().await?;
    let first = world.hamlets[0].node.clone();
    world.node_until(&first, "the first node is back", loa_fleet::api::Node::is_ready).await?;
    let (done, said) = keys(&world, &["drop-old-ca"]).await?;
    assert!(!done && said.contains("Ngan Rô 1") && !said.contains("Ấp Chợ"), "{said}");

    world.hamlets[1].agent.start_again().await?;
    wait_for(LIFE / 48 + PATIENCE, "both trust both", || Ok((trusted(&world)? == [2, 2]).then_some(())))
        .await?;
    world.broker.stop().await.context("it stops in order")?;
    let stopped = SystemClock::new().now();
    world.broker.start_again().await?;
    let second = world.hamlets[1].node.clone();
    world.node_until(&second, "the second node is back", |node| node.last_seen > Some(stopped)).await?;
    let (done, said) = keys(&world, &["drop-old-ca"]).await?;
    assert!(done, "{said}");
    restart(&mut world).await?;
    world.ready().await?;
    wait_for(PATIENCE, "both trust the new one alone", || Ok((trusted(&world)? == [1, 1]).then_some(())))
        .await?;

    let bulletin = world.tune(Class::Normal, 3, 1.0).await?;
    let broadcast = world.api.air(&bulletin.id, &["31699-01", "31699-02"]).await?;
    assert!(world.over(&broadcast.id).await?.airings.iter().all(|airing| airing.status == Played));

    // What was a good certificate of the first node isn't one any more, in the handshake already.
    let (thief, _overheard) = outsider::client(&told.mqtt, told.node.as_str(), stolen)?;
    let mut connection = thief.connection();
    let tried =
        |state: &Connection| *state != Connection::Disconnected { reason: DisconnectReason::Starting };
    let state = tokio::time::timeout(PATIENCE, connection.wait_for(tried)).await??.clone();
    assert!(!state.is_connected(), "{state:?}");

    let audit = Command::new(process::find("loa-broker")?)
        .args(["audit", "export", "--data"])
        .arg(world.broker_data())
        .output()
        .await?;
    let audit = String::from_utf8(audit.stdout)?;
    for action in ["keys.ca_added", "keys.ca_dropped"] {
        assert!(audit.contains(action), "{action} is on record");
    }
    Ok(())
}
