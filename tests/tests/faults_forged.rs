//! Commands that the broker didn't give, or gave once and not again: silence, and a count that the page can show.
//!
//! They are published for real, with the certificate that the broker itself uses at Mosquitto: whoever has captured the MQTT server can
//! do no more.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use loa_fleet::api::AiringStatus::Played;
use loa_mqtt::{Publish, Subscription};
use loa_protocol::{Class, NodeId, plan::Volume, topic};
use loa_tests::{
    judge,
    outsider::{self, Keys},
    world::{Mqtt, Wanted, World},
};

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;
const NOW: SignedDuration = SignedDuration::ZERO;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_broker_makes_a_node_speak_and_each_try_is_counted() -> Result<()> {
    let world = World::wanted(Wanted { hamlets: 1, mqtt: Mqtt::Mosquitto, ..Wanted::default() }).await?;
    let hamlet = &world.hamlets[0];
    let node = &hamlet.node;
    let server = world.mosquitto.as_ref().context("Mosquitto")?.url();
    let identity = outsider::certificate(&world.broker_data(), "loa-broker")?;
    let (attacker, mut overheard) = outsider::client(&server, "attacker", identity)?;
    outsider::connected(&attacker).await?;
    let (commands, plans) = (topic::command(node), topic::plan(node));
    for heard in [&commands, &plans] {
        attacker.subscribe(Subscription::new(heard.as_str()))?;
    }
    let old_plan = outsider::next_on(&plans, &mut overheard).await?;

    // One that is right, overheard; and a newer plan, so that the first is old.
    let bulletin = world.tune(Class::Normal, 13, 1.0).await?;
    let ogg = world.api.clip(&bulletin.clip.hash).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let broadcast = world.api.air(&bulletin.id, &[hamlet.code]).await?;
    let caught = outsider::next_on(&commands, &mut overheard).await?;
    assert_eq!(world.over(&broadcast.id).await?.airings[0].status, Played);
    world.api.set_volume(node, Volume { percent: 80, emergency_percent: 90 }).await?;
    world.ready().await?;
    hamlet.rests().await?;
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME)?;
    let starts = hamlet.starts()?;

    let (own, another) = (Keys::of_broker(&world.broker_data())?, Keys::of_another()?);
    let other: NodeId = "another-node".parse()?;
    let play = |number, node: &NodeId, ago, life| {
        outsider::play(node, number, &ogg, bulletin.clip.duration_ms, ago, life)
    };
    let right = outsider::sealed(&own.signing(DAY)?, &play(1, node, NOW, MINUTE)?, &ogg)?;
    let flipped = |at: usize| {
        let mut bytes = right.clone();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        bytes
    };
    let line_end = right.iter().position(|byte| *byte == b'\n').context("an attachment")?;
    let signature = right[..line_end].iter().rposition(|byte| *byte == b'.').context("a signature")?;
    let body = right.iter().position(|byte| *byte == b'.').context("a body")? + 40;
    ensure!(body < signature);
    // Bytes that were signed, but end with another's sound.
    let wrong_sound = outsider::sealed(&own.signing(DAY)?, &play(2, node, NOW, MINUTE)?, &ogg)?;
    let wrong_sound =
        [&wrong_sound[..wrong_sound.len() - 1], &[!wrong_sound[wrong_sound.len() - 1]]].concat();

    let signed_by_another = outsider::sealed(&another.signing(DAY)?, &play(3, node, NOW, MINUTE)?, &ogg)?;
    let tries: Vec<(&str, &str, Vec<u8>)> = vec![
        ("unknown_key", &commands, signed_by_another.clone()),
        ("unknown_key", "loa/1/commune/31699/command", signed_by_another.clone()),
        ("replayed", &commands, caught.clone()),
        ("replayed", "loa/1/commune/31699/command", caught.clone()),
        ("expired", &commands, outsider::sealed(&own.signing(DAY)?, &play(4, node, MINUTE, MINUTE)?, &ogg)?),
        (
            "not_for_this_node",
            &commands,
            outsider::sealed(&own.signing(DAY)?, &play(5, &other, NOW, MINUTE)?, &ogg)?,
        ),
        ("bad_signature", &commands, flipped(signature + 20)),
        ("bad_signature", &commands, flipped(body)),
        ("wrong_attachment", &commands, wrong_sound),
        ("newer_version", &commands, outsider::with_header(&right, "loa1+command", "loa2+command")?),
        (
            "key_not_in_force",
            &commands,
            outsider::sealed(&own.signing(-MINUTE)?, &play(6, node, NOW, MINUTE)?, &ogg)?,
        ),
        (
            "malformed",
            &commands,
            outsider::sealed(&own.signing(DAY)?, &play(7, node, NOW, DAY + MINUTE)?, &ogg)?,
        ),
        ("malformed", &commands, b"play something".to_vec()),
        ("wrong_type", &plans, right.clone()),
        ("wrong_type", &commands, old_plan.clone()),
        ("old_generation", &plans, old_plan.clone()),
        ("too_large", &commands, vec![b'x'; 300_000]),
    ];
    for (_, topic, payload) in &tries {
        attacker.publish(Publish::new(*topic, payload.clone())).await?;
    }
    let count = |code: &str| tries.iter().filter(|(expected, ..)| *expected == code).count() as u64;
    let all_counted =
        |seen: &loa_fleet::api::Node| tries.iter().all(|(code, ..)| seen.refused(code) == count(code));
    world.node_until(node, "each try is counted under its code", all_counted).await?;
    assert_eq!(hamlet.starts()?, starts, "the sound card was never started");
    judge::heard_whole(&hamlet.heard()?, &clip, VOLUME).context("nothing came after the right one")?;

    // The node isn't deaf: what the broker says is still obeyed.
    let done = world.over(&world.api.air(&bulletin.id, &[hamlet.code]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played);
    Ok(())
}
