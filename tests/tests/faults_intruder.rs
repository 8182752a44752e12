//! A node, or whoever has its certificate, that reaches for what isn't its own; and one that may do nothing any more.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::SignedDuration;
use loa_fleet::api::{AiringStatus::Played, ApiError, NodeStatus};
use loa_mqtt::{Connection, DisconnectReason, Publish, PublishError, Subscription};
use loa_protocol::{Class, Clock, SystemClock, topic};
use loa_tests::{
    judge,
    outsider::{self, Keys},
    world::{Mqtt, Wanted, World},
};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a client was not let in.
async fn refusal(client: &loa_mqtt::Client) -> Result<DisconnectReason> {
    let mut connection = client.connection();
    let tried =
        |state: &Connection| *state != Connection::Disconnected { reason: DisconnectReason::Starting };
    let state = tokio::time::timeout(PATIENCE, connection.wait_for(tried)).await??.clone();
    match state {
        Connection::Disconnected { reason } => Ok(reason),
        Connection::Connected { .. } => anyhow::bail!("it got in"),
    }
}

#[rstest]
#[case::embedded(Mqtt::Embedded)]
#[case::mosquitto(Mqtt::Mosquitto)]
#[tokio::test(flavor = "multi_thread")]
async fn a_node_can_speak_for_no_other_and_hears_nothing_meant_for_others(#[case] mqtt: Mqtt) -> Result<()> {
    let mut world = World::wanted(Wanted { hamlets: 2, mqtt, ..Wanted::default() }).await?;
    // The second hamlet's agent has fallen into wrong hands.
    world.hamlets[1].agent.kill().await;
    let (identity, told) = outsider::stolen_from(&world.hamlets[1].agent.options().data)?;
    let (thief, victim) = (told.node.clone(), world.hamlets[0].node.clone());
    let (client, mut overheard) = outsider::client(&told.mqtt, thief.as_str(), identity)?;
    outsider::connected(&client).await?;
    let everything = [
        topic::command(&victim),
        topic::plan(&victim),
        topic::state(&victim),
        "loa/1/commune/31700/command".into(),
        "loa/1/commune/+/command".into(),
        "loa/1/node/+/command".into(),
        "loa/1/#".into(),
        "#".into(),
    ];
    for filter in &everything {
        client.subscribe(Subscription::new(filter.as_str()))?;
    }
    client.settled().await;
    if mqtt == Mqtt::Embedded {
        // Mosquitto takes such a subscription and lets nothing through it.
        let Connection::Connected { refused, .. } = client.connection().borrow().clone() else {
            anyhow::bail!("the connection was lost");
        };
        assert_eq!(refused.len(), everything.len(), "only {refused:?} were refused");
    }

    // It speaks for another node, the broker, the commune.
    let bulletin = world.tune(Class::Normal, 14, 2.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let ogg = world.api.clip(&bulletin.clip.hash).await?;
    let forged =
        outsider::play(&victim, 9, &ogg, 2_000, SignedDuration::ZERO, SignedDuration::from_secs(60))?;
    let forged = outsider::sealed(
        &Keys::of_broker(&world.broker_data())?.signing(SignedDuration::from_hours(1))?,
        &forged,
        &ogg,
    )?;
    let offline = json!({"online": false, "at": SystemClock::new().now(), "version": "0", "protocol": {"min": 1, "max": 1},
        "boot": "00", "clock": "set", "output": "lost"});
    for (onto, payload) in [
        (topic::command(&victim), forged.clone()),
        ("loa/1/commune/31699/command".into(), forged),
        (topic::plan(&victim), b"{}".to_vec()),
        (topic::state(&victim), offline.to_string().into_bytes()),
        (topic::heartbeat(&victim), b"{}".to_vec()),
    ] {
        let refused = client.publish(Publish::new(onto.as_str(), payload)).await;
        assert!(matches!(refused, Err(PublishError::Refused(_))), "{onto}: {refused:?}");
    }

    // It settles another's airing, on the other's topic and on its own.
    let broadcast = world.api.air(&bulletin.id, &["31699-01"]).await?;
    let airing = &broadcast.airings[0].id;
    let receipts = json!({"receipts": [{"airing": airing, "broadcast": broadcast.id, "outcome": "refused",
        "ended_at": broadcast.created_at, "frames": 0, "clip_frames": 1, "clip": bulletin.clip.hash}]});
    let refused = client.publish(Publish::new(topic::receipt(&victim), receipts.to_string())).await;
    assert!(matches!(refused, Err(PublishError::Refused(_))), "{refused:?}");
    client.publish(Publish::new(topic::receipt(&thief), receipts.to_string())).await?;
    let done = world.over(&broadcast.id).await?;
    assert_eq!((done.airings[0].status, done.airings[0].reason), (Played, None));
    world.hamlets[0].reported_once(airing).await?;
    assert_eq!(world.receipts_kept().await?, 1, "the thief's receipts settled nothing");
    judge::heard_whole(&world.hamlets[0].heard()?, &clip, VOLUME)?;
    assert_eq!(world.api.node(&victim).await?.status, NodeStatus::Online);

    let own = [topic::command(&thief), topic::plan(&thief)];
    while let Ok(message) = overheard.try_recv() {
        assert!(own.contains(&message.topic), "it overheard {}", message.topic);
    }
    Ok(())
}

#[rstest]
#[case::embedded(Mqtt::Embedded)]
#[case::mosquitto(Mqtt::Mosquitto)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_neither_messages_nor_clips(#[case] mqtt: Mqtt) -> Result<()> {
    let world = World::wanted(Wanted { hamlets: 1, mqtt, ..Wanted::default() }).await?;
    let (_, told) = outsider::stolen_from(&world.hamlets[0].agent.options().data)?;
    let name = told.node.as_str();

    let unknown = outsider::unknown_certificate(&world.broker_data(), name)?;
    let (stranger, _incoming) = outsider::client(&told.mqtt, name, unknown)?;
    let reason = refusal(&stranger).await?;
    assert!(matches!(reason, DisconnectReason::CertificateRefused(_)), "{reason:?}");
    if mqtt == Mqtt::Embedded {
        // Rightly signed, but not the certificate in force; and one for a node that there isn't.
        for name in [name, "nobody"] {
            let (stranger, _incoming) =
                outsider::client(&told.mqtt, name, outsider::certificate(&world.broker_data(), name)?)?;
            assert_eq!(refusal(&stranger).await?, DisconnectReason::LoginRefused("Banned".into()), "{name}");
        }
    }

    let bulletin = world.tune(Class::Normal, 15, 1.0).await?;
    let ca = reqwest::Certificate::from_pem(told.ca_pem.as_bytes())?;
    let anonymous = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build()?;
    let no_mqtt = anonymous.get(format!("https://{}/", told.mqtt)).send().await;
    assert!(no_mqtt.is_err(), "MQTT without a certificate: {no_mqtt:?}");
    let clip = anonymous.get(format!("{}clips/{}", told.http, bulletin.clip.hash)).send().await?;
    assert_eq!(clip.status(), StatusCode::FORBIDDEN);
    assert!(world.api.node(&told.node).await?.is_ready(), "the node itself was not disturbed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_node_is_cut_off_at_once_and_gets_nothing_more() -> Result<()> {
    let world = World::of(2).await?;
    let (hamlet, other) = (&world.hamlets[0], &world.hamlets[1]);
    let bulletin = world.tune(Class::Normal, 16, 1.0).await?;
    let (identity, told) = outsider::stolen_from(&hamlet.agent.options().data)?;

    world.api.revoke(&hamlet.node).await?;
    assert_eq!(world.api.node(&hamlet.node).await?.status, NodeStatus::Revoked);
    let nobody = world.api.air(&bulletin.id, &[hamlet.code]).await;
    assert_eq!(nobody.err().as_ref().and_then(ApiError::code), Some("no_nodes"));
    let done = world.over(&world.api.air(&bulletin.id, &["31699"]).await?.id).await?;
    assert_eq!(done.airings.len(), 1, "the revoked node has no airing");
    assert_eq!(done.airing_in(other.code).context("the other's")?.status, Played);
    assert_eq!(hamlet.starts()?, 0, "the revoked node stayed silent");
    // A code for new hardware changes nothing for the old.
    world.api.claim(&hamlet.node).await?;

    // Its agent is out, and whoever has its certificate stays out: of MQTT and of the clips.
    let log = std::fs::read_to_string(&hamlet.agent.options().log)?;
    assert!(log.contains("not connected to the broker"), "its session was cut: {log}");
    let (client, _incoming) = outsider::client(&told.mqtt, told.node.as_str(), identity.clone())?;
    assert_eq!(refusal(&client).await?, DisconnectReason::LoginRefused("Banned".into()));
    let pem = [identity.cert_pem, identity.key_pem].concat();
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(told.ca_pem.as_bytes())?])
        .identity(reqwest::Identity::from_pem(&pem)?)
        .no_proxy()
        .build()?;
    let clip = http.get(format!("{}clips/{}", told.http, bulletin.clip.hash)).send().await?;
    assert_eq!(clip.status(), StatusCode::FORBIDDEN);
    Ok(())
}

/// Mosquitto can't be told to cut a node off; with the access rules written anew, as the operations guide says, nothing reaches it.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_node_at_mosquitto_hears_no_more_of_its_commune() -> Result<()> {
    let mut world = World::wanted(Wanted { hamlets: 2, mqtt: Mqtt::Mosquitto, ..Wanted::default() }).await?;
    let bulletin = world.tune(Class::Normal, 17, 1.0).await?;
    world.api.revoke(&world.hamlets[0].node).await?;
    world.tell_mosquitto().await?;

    let (hamlet, other) = (&world.hamlets[0], &world.hamlets[1]);
    let server = world.mosquitto.as_ref().context("Mosquitto")?.url();
    let (broker, _) =
        outsider::client(&server, "x", outsider::certificate(&world.broker_data(), "loa-broker")?)?;
    outsider::connected(&broker).await?;
    // Rightly signed and for the whole commune: were it heard, it would sound.
    let ogg = world.api.clip(&bulletin.clip.hash).await?;
    let minute = SignedDuration::from_secs(60);
    let mut play = outsider::play(&other.node, 1, &ogg, 1_000, SignedDuration::ZERO, minute)?;
    play.audience = loa_protocol::Audience { nodes: Vec::new(), areas: vec!["31699".parse()?] };
    let sealed = outsider::sealed(&Keys::of_broker(&world.broker_data())?.signing(minute)?, &play, &ogg)?;
    broker.publish(Publish::new("loa/1/commune/31699/command", sealed)).await?;
    other.sounds().await?;
    other.falls_silent().await?;
    assert_eq!(hamlet.starts()?, 0, "the revoked node heard its commune");
    Ok(())
}
