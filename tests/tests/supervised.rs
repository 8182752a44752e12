//! What the programs tell the service manager (`Type=notify`, `WatchdogSec=`), heard by one that the test plays itself.

use std::time::Duration;

use anyhow::{Context, Result};
use loa_fleet::{Broker, BrokerOptions};
use loa_tests::{
    supervisor::{Ear, Held},
    world::{PATIENCE, Wanted, World},
};

/// Short, so that its end is seen soon; a third of it passes between two signs of life.
const WATCHDOG: Duration = Duration::from_millis(1500);

fn next(ear: &Ear) -> Result<String> {
    ear.hears(PATIENCE)?.context("nothing is said")
}

/// A node whose agent reports to the ear.
async fn supervised(ear: &Ear) -> Result<World> {
    let agent_env = ear.environment(WATCHDOG);
    World::wanted(Wanted { hamlets: 1, agent_env, ..Wanted::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_says_ready_lives_and_says_when_it_stops() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ear = Ear::below(folder.path())?;
    let mut world = supervised(&ear).await?;
    assert_eq!(next(&ear)?, "READY=1");
    for _ in 0..4 {
        assert_eq!(next(&ear)?, "WATCHDOG=1");
    }
    world.hamlets[0].agent.stop().await;
    let mut last = None;
    while let Some(said) = ear.hears(Duration::from_millis(1))? {
        last = Some(said);
    }
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_ready_and_lives_without_a_sound_card_and_without_a_broker() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ear = Ear::below(folder.path())?;
    let mut world = supervised(&ear).await?;
    world.hamlets[0].agent.kill().await;
    world.hamlets[0].card.unplug()?;
    world.broker.kill().await;
    ear.forget()?;
    world.hamlets[0].agent.start_again().await?;
    assert_eq!(next(&ear)?, "READY=1");
    for _ in 0..4 {
        assert_eq!(next(&ear)?, "WATCHDOG=1");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_player_hangs_gives_no_sign_of_life_until_it_plays_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ear = Ear::below(folder.path())?;
    let world = supervised(&ear).await?;
    assert_eq!(next(&ear)?, "READY=1");
    let process = world.hamlets[0].agent.pid().context("the agent runs")?;
    {
        let _hangs = Held::thread(process, "loa-sound")?;
        // It may have answered once more just before.
        ear.forget()?;
        let late = ear.hears(WATCHDOG)?;
        assert!(late.is_none_or(|said| said == "WATCHDOG=1"));
        assert_eq!(ear.hears(WATCHDOG * 2)?, None);
    }
    assert_eq!(next(&ear)?, "WATCHDOG=1");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_says_ready_when_everything_listens_and_lives() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ear = Ear::below(folder.path())?;
    let env = ear.environment(WATCHDOG);
    let mut broker =
        Broker::start(BrokerOptions { env, ..BrokerOptions::on_loopback(folder.path()) }).await?;
    assert_eq!(next(&ear)?, "READY=1");
    for _ in 0..4 {
        assert_eq!(next(&ear)?, "WATCHDOG=1");
    }
    broker.stop().await;
    let mut last = None;
    while let Some(said) = ear.hears(Duration::from_millis(1))? {
        last = Some(said);
    }
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    Ok(())
}
