//! `loa-agent doctor` beside a node that works, and after each of several things went wrong with it.

use std::process::Output;

use anyhow::{Context, Result};
use loa_fleet::process;
use loa_tests::world::{Hamlet, Wanted, World};
use serde_json::Value;

/// Runs the doctor as whoever stands at the pole does, on the machine that the tests run on.
async fn doctor(hamlet: &Hamlet, arguments: &[&str]) -> Result<Output> {
    let options = hamlet.agent.options();
    let output = tokio::process::Command::new(process::find("loa-agent")?)
        .args(["doctor", "--data"])
        .arg(&options.data)
        .args(arguments)
        .envs(hamlet.card.env())
        .env("LOA_AGENT_OUTPUT", format!("alsa:{}", hamlet.card.pcm_name()))
        // The machine of the tests may have no time daemon.
        .env("LOA_AGENT_BATTERY_CLOCK", "yes")
        .output();
    Ok(output.await?)
}

/// The codes of what it finds.
async fn found(hamlet: &Hamlet) -> Result<Vec<String>> {
    let output = doctor(hamlet, &["--json"]).await?;
    let said: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{}{}", String::from_utf8_lossy(&output.stderr), output.status))?;
    let findings = said["findings"].as_array().context("a list")?;
    let codes: Vec<_> =
        findings.iter().filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect();
    assert_eq!(output.status.code(), Some(i32::from(!codes.is_empty())), "{said}");
    Ok(codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_wrong_and_leaves_a_working_node_alone() -> Result<()> {
    let mut world = World::wanted(Wanted { hamlets: 1, proxied: true, ..Wanted::default() }).await?;
    let hamlet = &world.hamlets[0];
    hamlet.rests().await?;
    let (starts, connections) = (hamlet.starts()?, world.links()?.mqtt.connections());
    let none: [&str; 0] = [];
    assert_eq!(found(hamlet).await?, none);
    let said = doctor(hamlet, &["--language", "vi"]).await?;
    assert_eq!(String::from_utf8(said.stdout)?, "Không thấy có gì hỏng.\n");
    // The agent's own connection is the first and the only one that lasts; nothing sounded.
    world.ready().await?;
    assert_eq!(world.links()?.mqtt.open(), 1);
    assert_eq!(world.links()?.mqtt.connections(), connections + 2, "each time it looked once");
    assert_eq!(hamlet.starts()?, starts);

    hamlet.card.unplug()?;
    assert_eq!(found(hamlet).await?, ["no_sound_card"]);
    let said = doctor(hamlet, &["--language", "vi"]).await?;
    let said = String::from_utf8(said.stdout)?;
    assert!(said.starts_with("[no_sound_card] Không thấy card âm thanh: "), "{said}");
    hamlet.card.replug()?;
    assert_eq!(found(hamlet).await?, none);

    world.api.revoke(&hamlet.node).await?;
    assert_eq!(found(hamlet).await?, ["revoked"]);

    world.broker.stop().await.context("it stops in order")?;
    world.links()?.cut();
    assert_eq!(found(&world.hamlets[0]).await?, ["no_connection"]);
    Ok(())
}
