//! Releases of the agent as an operator makes them: by `loa-broker releases`, with a key of their own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use loa_agent::release::Program;
use loa_fleet::{Api, process};
use loa_protocol::NodeId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

/// Where releases are signed.
pub struct Workshop {
    folder: PathBuf,
    broker: PathBuf,
}

/// A release that the broker has.
pub struct Added {
    /// Its program, in the broker's folder.
    pub file: PathBuf,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Workshop {
    /// One whose key the broker's authority has certified.
    pub async fn of(world: &World) -> Result<Self> {
        let workshop = Self { folder: world.path().join("workshop"), broker: world.broker_data() };
        fs::create_dir(&workshop.folder)?;
        let authority = workshop.broker.join("identity/authority.json");
        workshop.run(&["make-key", "--authority", text(&authority)?, text(&workshop.key())?]).await?;
        Ok(workshop)
    }

    fn key(&self) -> PathBuf {
        self.folder.join("release-key.json")
    }

    /// Signs a program as this version and gives it to the broker.
    pub async fn add(&self, program: &Path, version: &str) -> Result<Added> {
        let manifest = self.folder.join(format!("{version}.manifest"));
        let (program, target) = (text(program)?, Program::this().target);
        let key = self.key();
        let signed = ["--key", text(&key)?, "--version", version, "--target", target];
        self.run(&[&["sign", program, "--out", text(&manifest)?], &signed[..]].concat()).await?;
        self.run(&["add", "--data", text(&self.broker)?, program, text(&manifest)?]).await?;
        let bytes = fs::metadata(program)?.len();
        let sha256 = loa_protocol::ClipHash::of(&fs::read(program)?);
        Ok(Added { file: self.broker.join("releases").join(sha256.as_str()), bytes })
    }

    /// A program that says of itself that it is fit, and runs as `does`, in the shell's words.
    pub fn script(&self, version: &str, does: &str) -> Result<PathBuf> {
        let path = self.folder.join(format!("agent-{version}"));
        let fit = format!("[ \"$1\" = self-test ] && {{ echo loa-agent {version} is fit; exit 0; }}");
        fs::write(&path, format!("#!/bin/sh\n{fit}\n{does}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    async fn run(&self, arguments: &[&str]) -> Result<()> {
        let mut command = tokio::process::Command::new(process::find("loa-broker")?);
        let output = command.arg("releases").args(arguments).output().await?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

/// The real agent under a later version, as small as a release is.
pub fn later_agent(workshop: &Workshop) -> Result<PathBuf> {
    let to = workshop.folder.join("agent-0.2.0");
    let from = process::find("later-agent")?;
    let stripped = std::process::Command::new("strip").arg("-o").arg(&to).arg(from).status()?;
    if !stripped.success() {
        bail!("strip failed");
    }
    Ok(to)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is text")
}

/// Begins to roll a version out, to this node first.
pub async fn roll_out(api: &Api, version: &str, first: &NodeId) -> Result<()> {
    let body = json!({ "version": version, "first": first, "percent": 10 });
    api.request(Method::POST, "/releases/rollout").json(&body).send().await?.error_for_status()?;
    Ok(())
}

/// Ends the roll-out.
pub async fn end(api: &Api) -> Result<()> {
    let body = json!({ "to": "end" });
    api.request(Method::POST, "/releases/rollout/steps").json(&body).send().await?.error_for_status()?;
    Ok(())
}

/// Everything about releases, as the page sees it.
pub async fn seen(api: &Api) -> Result<Value> {
    Ok(api.request(Method::GET, "/releases").send().await?.error_for_status()?.json().await?)
}

/// Waits until the only node is this far with the roll-out; what is seen then.
pub async fn reaches(world: &World, progress: &str) -> Result<Value> {
    let what = format!("the node is {progress}");
    world
        .until(&what, || async {
            let seen = seen(&world.api).await?;
            Ok((seen["nodes"][0]["progress"] == progress).then_some(seen))
        })
        .await
}
