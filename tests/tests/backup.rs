//! Everything in one file while the broker runs, and back on an empty disk: nodes notice nothing but a restart.

use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, Result, ensure};
use loa_fleet::{api::AiringStatus::Played, process};
use loa_protocol::Class;
use loa_tests::{judge, world::World};
use tokio::process::Command;

/// A node's volume for normal bulletins, unless it is set.
const VOLUME: f64 = 0.8;

async fn broker(arguments: &[&OsStr]) -> Result<Result<String, String>> {
    let output = Command::new(process::find("loa-broker")?).args(arguments).output().await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) })
}

/// Whether nobody but their owner can read what is below a folder.
fn kept_to_its_owner(folder: &Path) -> Result<()> {
    let mode = |path: &Path| Ok::<_, std::io::Error>(fs::metadata(path)?.permissions().mode() & 0o777);
    ensure!(mode(folder)? == 0o700, "{}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            kept_to_its_owner(&path)?;
        } else {
            ensure!(mode(&path)? == 0o600, "{}", path.display());
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_restored_from_its_backup_is_the_one_its_nodes_know() -> Result<()> {
    let mut world = World::of(1).await?;
    let bulletin = world.tune(Class::Normal, 41, 1.0).await?;
    let clip = world.decoded(&bulletin.clip).await?;
    let code = world.hamlets[0].code;
    assert_eq!(world.over(&world.api.air(&bulletin.id, &[code]).await?.id).await?.airings[0].status, Played);

    let (data, file) = (world.broker_data(), world.path().join("loa.backup"));
    let back_up = ["backup".as_ref(), "--data".as_ref(), data.as_os_str(), file.as_os_str()];
    broker(&back_up).await?.map_err(anyhow::Error::msg)?;
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    ensure!(broker(&back_up).await?.is_err_and(|said| said.contains("not overwritten")));
    let restore = ["restore".as_ref(), file.as_os_str(), "--data".as_ref(), data.as_os_str()];
    ensure!(broker(&restore).await?.is_err_and(|said| said.contains("not overwritten")));

    // The disk is gone.
    world.broker.kill().await;
    fs::remove_dir_all(&data)?;
    let whole = fs::read(&file)?;
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for bytes in [&damaged, &whole[..whole.len() / 2].to_vec()] {
        fs::write(&file, bytes)?;
        ensure!(broker(&restore).await?.is_err_and(|said| said.contains("nothing was restored")));
        ensure!(!data.exists());
    }
    fs::write(&file, &whole)?;
    broker(&restore).await?.map_err(anyhow::Error::msg)?;
    kept_to_its_owner(&data)?;
    let verify = ["audit".as_ref(), "verify".as_ref(), "--data".as_ref(), data.as_os_str()];
    broker(&verify).await?.map_err(anyhow::Error::msg).context("the audit log is whole")?;

    world.broker.start_again().await?;
    world.ready().await?;
    world.hamlets[0].rests().await?;
    let done = world.over(&world.api.air(&bulletin.id, &[code]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played);
    let mut heard = world.hamlets[0].heard()?;
    heard.segments.drain(..1);
    judge::heard_whole(&heard, &clip, VOLUME)?;
    Ok(())
}
