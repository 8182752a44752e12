//! How punctual the timetable is: from the nominal instant of an airing to its first frame at the sound card.
//!
//! A real broker plans, a real agent plays, its clock synchronised; each airing finds the card closed, as on a quiet day.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_protocol::{Class, Clock as _, SystemClock};
use loa_tests::{
    judge,
    world::{AUDIBLE, PATIENCE, Wanted, World},
};
use serde_json::json;

use super::figure::{Sample, figure};

/// Repeats of each entry: the most that the broker takes.
const REPEATS: usize = 20;
/// Silence between them: the card closes after two seconds.
const GAP_S: u64 = 4;
/// Entries begin so many minutes apart: an entry takes a minute and a half.
const MINUTES_APART: i64 = 2;
/// A plan must have arrived before the first.
const AHEAD: SignedDuration = SignedDuration::from_secs(15);
/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f32 = 0.8;

/// So many entries of twenty airings each.
pub(crate) async fn start_error(entries: usize) -> Result<()> {
    let marks = tempfile::tempdir()?;
    let mark = marks.path().join("synchronized");
    std::fs::write(&mark, "")?;
    let agent_env = vec![("LOA_AGENT_SYNCHRONISED_MARK".into(), mark.into())];
    let world = World::wanted(Wanted { hamlets: 1, agent_env, ..Wanted::default() }).await?;
    let hamlet = &world.hamlets[0];
    world.api.allow_everything("31699").await?;
    let bulletin = world.tune(Class::Normal, 21, 0.5).await?;
    let clip = world.decoded(&bulletin.clip).await?;

    let clock = SystemClock::new();
    let minute = (clock.now() + AHEAD).as_second() / 60 + 1;
    let mut nominal = Vec::new();
    for entry in 0..i64::try_from(entries)? {
        let first = Timestamp::from_second((minute + MINUTES_APART * entry) * 60)?;
        let local = TimeZone::UTC.to_datetime(first);
        let time = format!("{:02}:{:02}", local.hour(), local.minute());
        let wanted = json!({
            "bulletin": bulletin.id, "areas": [hamlet.code], "time_zone": "UTC",
            "timetable": { "every": "once", "times": [time], "from": local.date().to_string() },
            "repeats": REPEATS, "gap_s": GAP_S,
        });
        world.api.add_to_programme(&wanted).await?;
        let step = Duration::from_millis(bulletin.clip.duration_ms) + Duration::from_secs(GAP_S);
        nominal.extend((0..REPEATS).map(|repeat| first + step * u32::try_from(repeat).unwrap_or(0)));
    }
    let last = *nominal.last().context("an airing")?;
    let wait = Duration::try_from(last.duration_since(clock.now()))? + PATIENCE / 5;
    tokio::time::sleep(wait).await;

    // From the clip's first frame, which is too soft to be told from silence, to the first that isn't.
    let soft = clip.iter().position(|sample| (sample * VOLUME).abs() >= AUDIBLE).context("a sound")?;
    let soft = SignedDuration::from_secs_f64(soft as f64 / 48_000.0);
    let heard = judge::stretches(&hamlet.heard()?, Duration::from_millis(200));
    ensure!(heard.len() == nominal.len(), "{} airings of {} were heard", heard.len(), nominal.len());
    let error = |(stretch, nominal): (&judge::Stretch, &Timestamp)| {
        (stretch.at.timestamp() - soft).duration_since(*nominal).as_secs_f64().abs() * 1e3
    };
    let sample = Sample::new(heard.iter().zip(&nominal).map(error).collect())?;
    sample.tell("airing by timetable, nominal instant to first frame, cards closed before", "ms");
    figure("airing_start_error_p50_ms", sample.median(), "ms");
    figure("airing_start_error_p99_ms", sample.percentile(99.0), "ms");
    Ok(())
}
