//! A node's life with the real programs: how enrolment is refused, new hardware at the same place, and another hamlet.

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, tz::TimeZone};
use loa_fleet::{
    Agent, AgentOptions,
    agent::{EnrolError, Output},
    api::{AiringStatus, Claim, Node, NodeStatus},
};
use loa_protocol::{Class, Clock as _, Reason, SystemClock};
use loa_tests::{
    journal::wait_for,
    soundcard::{EventKind, SoundCard},
    world::{PATIENCE, World},
};
use serde_json::json;

/// Why the program would not enrol: its exit code.
async fn refusal(agent: &AgentOptions, claim: &Claim) -> Result<i32> {
    match agent.enrol(claim).await {
        Err(EnrolError::Refused { code, said }) => {
            assert!(!said.contains(&claim.code), "the code is nobody's business: {said}");
            code.with_context(|| format!("no exit code: {said}"))
        }
        other => bail!("it was to be refused: {other:?}"),
    }
}

fn with_port(claim: &Claim, port: u16) -> Claim {
    let host = claim.server.rsplit_once(':').map_or("", |(host, _)| host);
    Claim { server: format!("{host}:{port}"), ..claim.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cause_of_a_refusal_has_its_exit_code_and_a_claim_file_is_gone_once_used() -> Result<()> {
    let world = World::of(0).await?;
    let node = world.nodes[0].id.clone();
    let agent = |name: &str| AgentOptions::below(world.path(), name, Output::Wav(world.path().join("heard")));
    let board = agent("board");
    let older = world.api.claim(&node).await?;
    let claim = world.api.claim(&node).await?;

    let ready = world.broker.ready();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let altered = |change: &dyn Fn(&mut Claim)| {
        let mut altered = claim.clone();
        change(&mut altered);
        altered
    };
    for (what, wrong, code) in [
        ("no https", altered(&|claim| claim.server = claim.server.replace("https", "http")), 2),
        ("a code that there isn't", altered(&|claim| claim.code = "AAAAA-AAAAA".into()), 4),
        ("a code that a newer one voided", older, 6),
        ("another CA", altered(&|claim| claim.ca_fingerprint = "ab".repeat(32)), 7),
        ("a name that there isn't", altered(&|claim| claim.server = "https://loa.invalid:8443".into()), 13),
        ("no way there", altered(&|claim| claim.server = "https://224.0.0.1:8443".into()), 14),
        ("nobody there", with_port(&claim, nobody), 15),
        ("the MQTT port", with_port(&claim, ready.mqtt_port().context("MQTT's port")?), 18),
        ("the page's port", with_port(&claim, ready.http.port()), 18),
    ] {
        assert_eq!(refusal(&board, &wrong).await?, code, "{what}");
    }
    let unwritable = AgentOptions { data: world.path().join("a file/loa"), ..agent("unwritable") };
    std::fs::write(world.path().join("a file"), "")?;
    // Its parent can't be made either, so the program itself is asked.
    let run = tokio::process::Command::new(loa_fleet::process::find("loa-agent")?)
        .args([
            "enrol",
            "--server",
            &claim.server,
            "--ca-fingerprint",
            &claim.ca_fingerprint,
            "--code",
            &claim.code,
        ])
        .arg("--data")
        .arg(&unwritable.data)
        .output()
        .await?;
    assert_eq!(run.status.code(), Some(12), "a disk that takes nothing");

    let file = world.path().join("loa-claim");
    std::fs::write(&file, "server = 1")?;
    match board.enrol_by_file(&file).await {
        Err(EnrolError::Refused { code, said }) => assert_eq!(code, Some(19), "{said}"),
        other => bail!("a broken claim file was taken: {other:?}"),
    }
    let Claim { server, ca_fingerprint, code, .. } = &claim;
    let text = format!("server = \"{server}\"\nca_fingerprint = \"{ca_fingerprint}\"\ncode = \"{code}\"\n");
    std::fs::write(&file, text)?;
    assert_eq!(board.enrol_by_file(&file).await?, format!("enrolled as {node}"));
    assert!(!file.exists(), "the claim file is gone");
    assert_eq!(refusal(&board, &claim).await?, 3, "enrolled already");
    assert_eq!(refusal(&agent("other"), &claim).await?, 5, "a code that was used");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn new_hardware_goes_on_where_the_old_stopped_and_airs_nothing_of_before() -> Result<()> {
    let mut world = World::of(1).await?;
    let (node, code) = (world.hamlets[0].node.clone(), world.hamlets[0].code);
    let bulletin = world.tune(Class::Normal, 41, 1.0).await?;
    let tomorrow = TimeZone::UTC.to_datetime(SystemClock::new().now() + SignedDuration::from_hours(24));
    let entry = json!({ "bulletin": bulletin.id, "areas": [code], "time_zone": "UTC",
        "timetable": { "every": "once", "times": ["12:00"], "from": tomorrow.date().to_string() } });
    world.api.add_to_programme(&entry).await?;
    let first = world.over(&world.api.air(&bulletin.id, &[code]).await?.id).await?;
    assert_eq!(first.airings[0].status, AiringStatus::Played);

    // The old board fails; what is sent to it now waits for it at the MQTT server.
    world.hamlets[0].agent.kill().await;
    let waiting = world.api.air(&bulletin.id, &[code]).await?;
    let card = SoundCard::new(world.path().join("cards/new"))?;
    let mut options = AgentOptions::below(world.path(), "new", Output::Alsa(card.pcm_name().into()));
    options.env.extend(card.env().into_iter().map(|(name, value)| (name.into(), value.into())));
    options.enrol(&world.api.claim(&node).await?).await?;
    let data = options.data.clone();
    let _new = Agent::start(options)?;
    world
        .node_until(&node, "the new board is ready, with the programme's clip", |node: &Node| {
            node.is_ready() && node.lacking == 0
        })
        .await?;
    assert!(data.join("clips").join(bulletin.clip.hash.as_str()).exists(), "the programme goes on");

    let settled = world.over(&waiting.id).await?;
    assert_eq!(
        (settled.airings[0].status, settled.airings[0].reason),
        (AiringStatus::Missed, Some(Reason::NodeSilent))
    );
    let next = world.over(&world.api.air(&bulletin.id, &[code]).await?.id).await?;
    assert_eq!(next.airings[0].status, AiringStatus::Played);
    let starts = || -> Result<usize> {
        Ok(card.events()?.iter().filter(|event| event.kind == EventKind::Start).count())
    };
    assert_eq!(starts()?, 1, "what was sent before it came did not sound");
    assert_eq!(
        world.api.broadcast(&first.id).await?.airings[0].status,
        AiringStatus::Played,
        "history stays"
    );

    // Somebody plugs the old board in again: it stays out, and hears nothing.
    let log = world.hamlets[0].agent.options().log.clone();
    world.hamlets[0].agent.start_again().await?;
    wait_for(PATIENCE, "the old board is turned away", || {
        Ok(std::fs::read_to_string(&log)?.contains("not connected to the broker").then_some(()))
    })
    .await?;
    let last = world.over(&world.api.air(&bulletin.id, &[code]).await?.id).await?;
    assert_eq!(last.airings[0].status, AiringStatus::Played);
    assert_eq!((world.receipts_kept().await?, world.hamlets[0].starts()?), (3, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_moved_to_another_commune_sounds_there_and_no_longer_here_without_a_hand_on_it() -> Result<()>
{
    let world = World::of(2).await?;
    let (moving, staying) = (&world.hamlets[0], &world.hamlets[1]);
    world.api.add_area("31700", "Trung Bình", Some("94")).await?;
    world.api.add_area("31700-01", "Ấp Mỏ Ó", None).await?;
    let bulletin = world.tune(Class::Normal, 42, 1.0).await?;
    let before = world.over(&world.api.air(&bulletin.id, &["31699"]).await?.id).await?;
    assert_eq!(before.airings.len(), 2);
    moving.rests().await?;
    staying.rests().await?;

    let moved = world.api.rehome(&moving.node, "31700-01").await?;
    assert_eq!(moved.hamlet.code.as_str(), "31700-01");
    world
        .node_until(&moving.node, "it is back with the plan of its new place", |node: &Node| {
            node.is_ready()
                && node.generation.held == Some(node.generation.wanted)
                && node.generation.wanted > moved.generation.wanted
        })
        .await?;
    let there = world.over(&world.api.air(&bulletin.id, &["31700"]).await?.id).await?;
    assert_eq!(there.airings.len(), 1);
    assert_eq!((there.airings[0].status, &there.airings[0].node.id), (AiringStatus::Played, &moving.node));
    let here = world.over(&world.api.air(&bulletin.id, &["31699"]).await?.id).await?;
    assert_eq!(here.airings.len(), 1, "only who stayed");
    assert_eq!((moving.starts()?, staying.starts()?, world.receipts_kept().await?), (2, 2, 4));

    world.api.retire(&moving.node).await?;
    assert_eq!(world.api.node(&moving.node).await?.status, NodeStatus::Retired);
    let log = moving.agent.options().log.clone();
    wait_for(PATIENCE, "the retired node is turned away", || {
        Ok(std::fs::read_to_string(&log)?.contains("Banned").then_some(()))
    })
    .await?;
    Ok(())
}
