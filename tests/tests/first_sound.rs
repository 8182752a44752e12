//! The whole chain: a sentence typed becomes sound in the hamlets that were chosen, and in no other.

use anyhow::{Context, Result};
use loa_fleet::api::AiringStatus::{Played, Playing, Sent};
use loa_protocol::Class;
use loa_tests::{
    judge,
    soundcard::EventKind,
    world::{Mqtt, Wanted, World},
};
use rstest::rstest;

const SENTENCE: &str = "Kính mời bà con ra nhà văn hoá họp lúc 19 giờ tối nay.";
/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;

#[rstest]
#[case::embedded(Mqtt::Embedded)]
#[case::mosquitto(Mqtt::Mosquitto)]
#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_is_heard_whole_in_three_hamlets_and_two_stay_silent(#[case] mqtt: Mqtt) -> Result<()> {
    let world = World::wanted(Wanted { mqtt, ..Wanted::default() }).await?;
    let bulletin = world.spoken(Class::Normal, SENTENCE).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let chosen = ["31699-01", "31699-03", "31699-04"];
    let mut events = world.api.events().await?;

    let broadcast = world.api.air(&bulletin.id, &chosen).await?;

    let progress = World::progress(&mut events, &broadcast).await?;
    assert_eq!(progress.len(), 3, "one airing a hamlet");
    for (hamlet, statuses) in &progress {
        assert!(chosen.contains(&hamlet.as_str()));
        assert_eq!(statuses, &[Sent, Playing, Played], "{hamlet}");
    }
    let done = world.api.broadcast(&broadcast.id).await?;
    for hamlet in &world.hamlets {
        let capture = hamlet.heard()?;
        let Some(airing) = done.airing_in(hamlet.code) else {
            judge::heard_nothing(&capture).context(hamlet.code)?;
            let starts = hamlet.card.events()?.iter().filter(|event| event.kind == EventKind::Start).count();
            assert_eq!(starts, 0, "{} never had its sound card started", hamlet.code);
            continue;
        };
        judge::heard_whole(&capture, &clip, VOLUME).context(hamlet.code)?;
        assert_eq!(
            airing.heard_ms,
            Some(clip.len() as u64 / 48),
            "the receipt counts every frame of the clip"
        );
        assert_eq!(airing.reason, None);
        let (started, ended) = (airing.started_at.context("start")?, airing.ended_at.context("end")?);
        let lasted = ended.duration_since(started).as_secs_f64();
        let exact = clip.len() as f64 / 48_000.0;
        assert!((lasted - exact).abs() < 0.1, "{lasted} s reported of {exact} s");
    }
    Ok(())
}
