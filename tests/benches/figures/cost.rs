//! What an agent that plays costs its board, beside snapclient playing the same sound at the same time on the same kind of card.
//!
//! Processor time is the operating system's account of the whole process (`clock_getcpuclockid`), from before the command is sent until
//! the receipt has arrived, and of snapclient over the same span. That both run at once makes the ratio of each run hold on a noisy
//! machine.

use anyhow::{Context, Result};
use loa_protocol::Class;
use loa_tests::{
    soundcard::SoundCard,
    world::{AUDIBLE, PATIENCE, World},
};
use nix::{time::clock_getcpuclockid, time::clock_gettime, unistd::Pid};

use super::{
    figure::{Sample, figure},
    snapcast::{Snapcast, Stream},
};

/// Length of what is played.
const SECONDS: f64 = 60.0;
/// Snapcast at the agent's bit rate, and without decoding worth the name.
const STREAMS: [Stream; 2] = [
    Stream { name: "opus_stereo", codec: "opus:BITRATE:32000", channels: 2 },
    Stream { name: "flac_mono", codec: "flac", channels: 1 },
];

fn cpu_ms(pid: u32) -> Result<f64> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed()))?;
    let used = clock_gettime(clock)?;
    Ok(used.tv_sec() as f64 * 1e3 + used.tv_nsec() as f64 / 1e6)
}

fn rss_mib(pid: u32, field: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such line")?;
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// `agent_rss_mib`, `agent_cpu_vs_snapclient`.
pub(crate) async fn against_snapclient(runs: usize) -> Result<()> {
    let mut world = World::of(1).await?;
    let bulletin = world.tune(Class::Normal, 3, SECONDS).await?;
    let sound = world.decoded(&bulletin.clip).await?;
    let mut peers = Vec::new();
    for stream in STREAMS {
        let card = SoundCard::new(world.path().join("cards").join(stream.name))?;
        let peer = Snapcast::start(&world.path().join(stream.name), stream, &sound, &card)?;
        tokio::task::spawn_blocking(move || card.wait_for_sound(AUDIBLE, PATIENCE))
            .await?
            .with_context(|| format!("snapclient ({}) plays", stream.name))?;
        peers.push(peer);
    }
    let agent = world.hamlets[0].agent.process().pid().context("the agent runs")?;
    let clients = peers.iter().map(Snapcast::client).collect::<Result<Vec<_>>>()?;
    let (mut own, mut others, mut ratios) =
        (Vec::new(), [const { Vec::new() }; 2], [const { Vec::new() }; 2]);
    let mut memory = Vec::new();
    for _ in 0..runs {
        let before = (cpu_ms(agent)?, cpu_ms(clients[0])?, cpu_ms(clients[1])?);
        let broadcast = world.api.air(&bulletin.id, &[world.hamlets[0].code]).await?;
        world.hamlets[0].sounds().await?;
        // Half of it has been played by then, and nothing has been given back yet.
        tokio::time::sleep(std::time::Duration::from_secs_f64(SECONDS / 2.0)).await;
        memory.push(rss_mib(agent, "VmRSS")?);
        tokio::time::sleep(std::time::Duration::from_secs_f64(SECONDS / 2.0)).await;
        world.over(&broadcast.id).await?;
        let after = (cpu_ms(agent)?, cpu_ms(clients[0])?, cpu_ms(clients[1])?);
        let used = after.0 - before.0;
        own.push(used);
        for (index, theirs) in [after.1 - before.1, after.2 - before.2].into_iter().enumerate() {
            others[index].push(theirs);
            ratios[index].push(used / theirs);
        }
        world.hamlets[0].card.skip()?;
    }
    for peer in peers {
        peer.end()?;
    }
    Sample::new(own)?.tell("agent, processor time for a minute of Opus", "ms");
    for (stream, theirs) in STREAMS.iter().zip(others) {
        Sample::new(theirs)?.tell(&format!("snapclient ({}), the same minute", stream.name), "ms");
    }
    let memory = Sample::new(memory)?;
    memory.tell("agent, resident memory while playing", "MiB");
    println!("agent, most resident memory ever: {:.1} MiB", rss_mib(agent, "VmHWM")?);
    figure("agent_rss_mib", memory.percentile(100.0), "MiB");
    let [opus, flac] = ratios;
    figure("agent_cpu_vs_snapclient", Sample::new(opus)?.median(), "ratio");
    figure("agent_cpu_vs_snapclient_flac_mono", Sample::new(flac)?.median(), "ratio");
    Ok(())
}
