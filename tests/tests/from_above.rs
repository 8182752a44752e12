//! What comes from above is heard by its class: an emergency at once, a priority item by itself in the commune's order, a normal one when a person wants it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use loa_protocol::{Clock as _, SystemClock};
use loa_tests::{
    judge,
    soundcard::EventKind,
    source::{Source, broadcast_of},
    tune,
    world::World,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A priority item waits for the next full minute, and for its turn.
const A_TURN: Duration = Duration::from_secs(150);

fn item(reference: &str, class: &str, areas: &[&str]) -> Value {
    json!({ "reference": reference, "class": class, "title": "Tin tỉnh", "areas": areas })
}

async fn ask(world: &World, receipt: &Value, what: &str, body: &Value) -> Result<(StatusCode, Value)> {
    let path = format!("/inbox/{}/{what}", receipt["id"].as_str().context("an id")?);
    Ok(world.api.raw(world.api.request(Method::POST, &path).json(body)).await?)
}

/// Asks for the outcome, after each event of the page, until it has this status and all its airings are settled.
async fn becomes(
    world: &World,
    source: &Source,
    receipt: &Value,
    status: &str,
    counts: &Value,
) -> Result<()> {
    let mut events = world.api.events().await?;
    let follow = async {
        loop {
            let outcome = source.outcome(receipt).await?;
            if outcome["status"] == status && (counts.is_null() || outcome["counts"] == *counts) {
                return anyhow::Ok(());
            }
            events.next().await?;
        }
    };
    let followed = tokio::time::timeout(A_TURN, follow).await;
    let now = source.outcome(receipt).await?;
    followed.with_context(|| format!("it is {now}, not {status} with {counts}"))?
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_from_above_is_heard_at_once_in_its_hamlets_and_never_after_its_time() -> Result<()> {
    let mut world = World::of(2).await?;
    let source = Source::of(&world.api, "31699").await?;
    let sound = tune::wav(41, 2.0);
    let clip = world.api.upload("tune.wav", sound.clone()).await?;
    let clip = world.decoded(&clip).await?;

    let receipt = source.send(&item("kc/1", "emergency", &["31699-01"]), Some(sound.clone())).await?;
    ensure!(receipt["status"] == "aired", "{receipt}");
    world.over(&broadcast_of(&receipt)?).await?;
    judge::heard_whole(&world.hamlets[0].heard()?, &clip, 1.0)?;
    let starts = world.hamlets[1].card.events()?.into_iter().filter(|e| e.kind == EventKind::Start).count();
    ensure!(starts == 0, "the other hamlet's card was never started");
    becomes(&world, &source, &receipt, "aired", &json!({ "played": 1 })).await?;

    // A node that is away until it is over says nothing any more.
    world.hamlets[1].agent.stop().await;
    let end = SystemClock::new().now() + SignedDuration::from_secs(3);
    let mut brief = item("kc/2", "emergency", &["31699-02"]);
    brief["expires_at"] = end.to_string().into();
    let receipt = source.send(&brief, Some(sound)).await?;
    world.over(&broadcast_of(&receipt)?).await?;
    world.hamlets[1].agent.start_again().await?;
    world.ready().await?;
    becomes(&world, &source, &receipt, "aired", &json!({ "missed": 1 })).await?;
    judge::heard_nothing(&world.hamlets[1].heard()?)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_items_are_heard_by_themselves_in_the_order_of_the_commune() -> Result<()> {
    let world = World::of(1).await?;
    world.api.allow_everything("31699").await?;
    let source = Source::of(&world.api, "31699").await?;
    let mut receipts = Vec::new();
    for (reference, seed) in [("ut/1", 51), ("ut/2", 52)] {
        let item = item(reference, "priority", &["31699-01"]);
        let receipt = source.send(&item, Some(tune::wav(seed, 2.0))).await?;
        ensure!(receipt["status"] == "queued", "{receipt}");
        receipts.push(receipt);
    }
    let order = json!({ "ids": [receipts[1]["broadcast"], receipts[0]["broadcast"]] });
    let request = world.api.request(Method::PUT, "/programme/order").json(&order);
    ensure!(world.api.raw(request).await?.0 == StatusCode::NO_CONTENT);
    for receipt in &receipts {
        becomes(&world, &source, receipt, "aired", &json!({ "played": 1 })).await?;
    }
    let today = world.api.raw(world.api.request(Method::GET, "/programme/day?area=31699")).await?.1;
    let started = |receipt: &Value| -> Result<jiff::Timestamp> {
        let runs = today["runs"].as_array().context("runs")?;
        let run = runs.iter().find(|run| run["entry"] == receipt["broadcast"]).context("a run")?;
        Ok(run["nodes"][0]["started_at"].as_str().context("it started")?.parse()?)
    };
    ensure!(started(&receipts[1])? < started(&receipts[0])?, "{today}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_normal_item_is_silent_until_a_person_wants_it_and_the_source_reads_why_not() -> Result<()> {
    let world = World::of(1).await?;
    world.api.allow_everything("31699").await?;
    let source = Source::of(&world.api, "31699").await?;
    let wanted = item("tt/1", "normal", &["31699-01"]);
    let wanted = source.send(&wanted, Some(tune::wav(61, 1.0))).await?;
    let unwanted = item("tt/2", "normal", &["31699-01"]);
    let unwanted = source.send(&unwanted, Some(tune::wav(62, 1.0))).await?;
    ensure!(wanted["status"] == "waiting" && unwanted["status"] == "waiting");
    judge::heard_nothing(&world.hamlets[0].heard()?)?;

    let remark = json!({ "remark": "Không phải việc của xã" });
    ensure!(ask(&world, &unwanted, "decline", &remark).await?.0 == StatusCode::NO_CONTENT);
    let outcome = source.outcome(&unwanted).await?;
    ensure!(outcome["status"] == "declined" && outcome["remark"] == remark["remark"], "{outcome}");

    // The next full minute that leaves time for the plan.
    let at = SystemClock::new().now() + SignedDuration::from_secs(70);
    let at = jiff::tz::TimeZone::UTC.to_datetime(at);
    let when = json!({ "time_zone": "UTC", "timetable": { "every": "once", "times": [at.strftime("%H:%M").to_string()],
        "from": at.date().to_string() } });
    let (status, entry) = ask(&world, &wanted, "schedule", &when).await?;
    ensure!(status == StatusCode::CREATED, "{entry}");
    becomes(&world, &source, &wanted, "aired", &json!({ "played": 1 })).await?;
    Ok(())
}
