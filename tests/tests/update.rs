//! The agent replaces itself: real programs, signed by the real command, rolled out by the API, under a supervisor that does what systemd does.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use loa_fleet::{Agent, Gone, Patience, api::AiringStatus};
use loa_protocol::Class;
use loa_tests::{
    journal,
    release::{Workshop, end, later_agent, reaches, roll_out, seen},
    world::{Hamlet, PATIENCE, Wanted, World},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rstest::rstest;

/// Of the program that the tests start: the package's, on a real node.
const PACKAGED: &str = env!("CARGO_PKG_VERSION");
const TRIAL_S: &str = "2";

/// One node whose agent may replace itself, and what the test needs of it beside its agent.
async fn supervised(patience: Patience, proxied: bool) -> Result<(World, Hamlet)> {
    supervised_for(TRIAL_S, patience, proxied).await
}

async fn supervised_for(trial_s: &str, patience: Patience, proxied: bool) -> Result<(World, Hamlet)> {
    let env = [("LOA_AGENT_RELEASE_TRIAL_S", trial_s), ("LOA_AGENT_FETCH_KBIT_S", "0")];
    let agent_env = env.map(|(name, value)| (name.into(), value.into())).into();
    let wanted = Wanted { hamlets: 1, proxied, agent_env, supervised: Some(patience), ..Wanted::default() };
    let mut world = World::wanted(wanted).await?;
    let hamlet = world.hamlets.remove(0);
    Ok((world, hamlet))
}

/// Keeps the agent running while the story is told; how often it was gone, why, and whether it had been ready.
async fn meanwhile<T>(
    agent: &mut Agent,
    story: impl Future<Output = Result<T>>,
) -> Result<(T, Vec<(Gone, bool)>)> {
    let mut gone = Vec::new();
    let told = {
        let mut say = |why, ready| gone.push((why, ready));
        tokio::select! {
            told = story => told?,
            kept = agent.keep(&mut say) => match kept? {},
        }
    };
    Ok((told, gone))
}

fn current(data: &Path) -> Option<PathBuf> {
    fs::read_link(data.join("releases/current")).ok()
}

/// It plays, and says so.
async fn plays(world: &World, code: &str, seed: u32) -> Result<()> {
    let bulletin = world.tune(Class::Normal, seed, 1.0).await?;
    let done = world.over(&world.api.air(&bulletin.id, &[code]).await?.id).await?;
    ensure!(done.airings[0].status == AiringStatus::Played, "{:?}", done.airings[0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_release_takes_over_proves_itself_and_is_started_from_then_on() -> Result<()> {
    let (world, mut hamlet) = supervised(Patience::default(), false).await?;
    let (code, node, data) = (hamlet.code, hamlet.node.clone(), hamlet.agent.options().data.clone());
    let workshop = Workshop::of(&world).await?;
    workshop.add(&later_agent(&workshop)?, "0.2.0").await?;
    plays(&world, code, 1).await?;
    let story = async {
        roll_out(&world.api, "0.2.0", &node).await?;
        let seen = reaches(&world, "updated").await?;
        assert_eq!(seen["nodes"][0]["version"], "0.2.0");
        assert_eq!(current(&data), Some("0.2.0".into()));
        plays(&world, code, 2).await
    };
    let ((), gone) = meanwhile(&mut hamlet.agent, story).await?;
    assert_eq!(gone, [(Gone::Ended, true)], "it went away once, to come back as another");
    hamlet.agent.kill().await;
    hamlet.agent.start_again().await?;
    world
        .node_until(&node, "the release runs again", |node| node.version.as_deref() == Some("0.2.0"))
        .await?;
    assert_eq!(reaches(&world, "updated").await?["rollout"]["halted_at"], serde_json::Value::Null);
    Ok(())
}

#[rstest]
#[case::that_ends("exit 1", (Gone::Ended, false))]
#[case::that_hangs("exec sleep 1000", (Gone::NotReady, false))]
#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_gone_back_from_and_halts_its_roll_out(
    #[case] does: &str,
    #[case] end: (Gone, bool),
) -> Result<()> {
    let patience = Patience { start: Duration::from_secs(5), ..Patience::default() };
    let (world, mut hamlet) = supervised(patience, false).await?;
    let (code, node, data) = (hamlet.code, hamlet.node.clone(), hamlet.agent.options().data.clone());
    let workshop = Workshop::of(&world).await?;
    workshop.add(&workshop.script("0.3.0", does)?, "0.3.0").await?;
    let story = async {
        roll_out(&world.api, "0.3.0", &node).await?;
        let seen = reaches(&world, "rolled_back").await?;
        assert_eq!(seen["nodes"][0]["reason"], "not_ready");
        assert_eq!(seen["nodes"][0]["version"], PACKAGED);
        assert_eq!(seen["rollout"]["halted_for"], node.as_str());
        assert_eq!(current(&data), None);
        plays(&world, code, 3).await
    };
    let ((), gone) = meanwhile(&mut hamlet.agent, story).await?;
    assert_eq!(gone, [(Gone::Ended, true), end], "it was started once and never again");
    Ok(())
}

/// The process that runs this program.
fn process_of(program: &Path) -> Result<Option<Pid>> {
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let (Some(pid), Ok(runs)) = (pid, fs::read_link(entry.path().join("exe")))
            && runs == program
        {
            return Ok(Some(Pid::from_raw(pid)));
        }
    }
    Ok(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_release_that_dies_on_trial_after_it_was_ready_is_gone_back_from() -> Result<()> {
    let (world, mut hamlet) = supervised_for("600", Patience::default(), false).await?;
    let (code, node, data) = (hamlet.code, hamlet.node.clone(), hamlet.agent.options().data.clone());
    let workshop = Workshop::of(&world).await?;
    workshop.add(&later_agent(&workshop)?, "0.2.0").await?;
    let story = async {
        roll_out(&world.api, "0.2.0", &node).await?;
        let seen = reaches(&world, "trying").await?;
        assert_eq!(seen["nodes"][0]["version"], "0.2.0");
        let program = data.canonicalize()?.join("releases/0.2.0/loa-agent");
        let process = process_of(&program)?.context("the release runs")?;
        kill(process, Signal::SIGKILL)?;
        let seen = reaches(&world, "rolled_back").await?;
        assert_eq!(seen["nodes"][0]["version"], PACKAGED);
        assert_eq!(seen["rollout"]["halted_for"], node.as_str());
        plays(&world, code, 4).await
    };
    let ((), gone) = meanwhile(&mut hamlet.agent, story).await?;
    assert_eq!(gone, [(Gone::Ended, true), (Gone::Ended, true)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_its_self_test_is_never_started() -> Result<()> {
    let (world, mut hamlet) = supervised(Patience::default(), false).await?;
    let node = hamlet.node.clone();
    let workshop = Workshop::of(&world).await?;
    // It says of itself that it is another version than it was signed as.
    let liar = workshop.script("0.9.9", "exit 1")?;
    workshop.add(&liar, "0.3.0").await?;
    let story = async {
        roll_out(&world.api, "0.3.0", &node).await?;
        let seen = reaches(&world, "failed").await?;
        assert_eq!(seen["nodes"][0]["reason"], "self_test");
        Ok(())
    };
    let ((), gone) = meanwhile(&mut hamlet.agent, story).await?;
    assert_eq!(gone, []);
    assert_eq!(current(&hamlet.agent.options().data), None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_proves_itself_without_a_network() -> Result<()> {
    let (world, mut hamlet) = supervised(Patience::default(), true).await?;
    let (node, data) = (hamlet.node.clone(), hamlet.agent.options().data.clone());
    let workshop = Workshop::of(&world).await?;
    workshop.add(&later_agent(&workshop)?, "0.2.0").await?;
    let story = async {
        roll_out(&world.api, "0.2.0", &node).await?;
        let switched = || Ok(current(&data).map(drop));
        journal::wait_for(PATIENCE, "the release is switched to", switched).await?;
        // Before it is started, two seconds later.
        world.links()?.cut();
        let record = || {
            let record = fs::read_to_string(data.join("releases/record"))?;
            Ok(record.contains("\"confirmed\":\"0.2.0\"").then_some(()))
        };
        journal::wait_for(PATIENCE, "the release has proved itself", record).await?;
        let seen = seen(&world.api).await?;
        assert_ne!(seen["nodes"][0]["version"], "0.2.0", "the broker can't know yet");
        world.links()?.restore();
        reaches(&world, "updated").await.map(drop)
    };
    let ((), gone) = meanwhile(&mut hamlet.agent, story).await?;
    assert_eq!(gone, [(Gone::Ended, true)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrived_damaged_is_never_run_and_a_download_goes_on_after_a_kill() -> Result<()> {
    let (world, mut hamlet) = supervised(Patience::default(), true).await?;
    let (node, data) = (hamlet.node.clone(), hamlet.agent.options().data.clone());
    let workshop = Workshop::of(&world).await?;
    let added = workshop.add(&later_agent(&workshop)?, "0.2.0").await?;
    let whole = fs::read(&added.file)?;
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&added.file, &damaged)?;
    let first = hamlet.agent.pid().context("the agent runs")?;
    let arriving = data.join("releases/arriving").join(added.file.file_name().unwrap_or_default());
    let story = async {
        roll_out(&world.api, "0.2.0", &node).await?;
        let seen = reaches(&world, "failed").await?;
        assert_eq!(seen["nodes"][0]["reason"], "corrupt");
        assert!(!arriving.exists() && current(&data).is_none());

        fs::write(&added.file, &whole)?;
        world.links()?.https.slow(Duration::from_millis(5));
        let killed_at = || {
            let arrived = fs::metadata(&arriving).map_or(0, |about| about.len());
            Ok((arrived > added.bytes / 4).then_some(arrived))
        };
        // Rather than wait until it tries again by itself.
        end(&world.api).await?;
        roll_out(&world.api, "0.2.0", &node).await?;
        let half = journal::wait_for(PATIENCE, "a part has arrived", killed_at).await?;
        let before = world.links()?.https.passed().1;
        kill(Pid::from_raw(first.cast_signed()), Signal::SIGKILL)?;
        ensure!(half < added.bytes, "it was killed too late");
        world.links()?.https.restore();
        reaches(&world, "updated").await?;
        Ok((half, world.links()?.https.passed().1 - before))
    };
    let ((half, came), gone) = meanwhile(&mut hamlet.agent, story).await?;
    // With what TLS and HTTP add.
    assert!(came < (added.bytes - half) * 11 / 10 + 500_000, "{came} of {} after {half}", added.bytes);
    assert_eq!(gone.len(), 2, "killed once, and gone once to come back as another");
    Ok(())
}
