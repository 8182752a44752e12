//! The real agent, whole, as a release of a later version: `later-agent run --data DATA --output OUTPUT`, and `self-test` with the same.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use loa_agent::{
    config::Config,
    release::{Program, self_test},
    run,
};
use tokio::signal::unix::{SignalKind, signal};

const VERSION: &str = "0.2.0";

fn main() -> Result<()> {
    let program = Program { version: VERSION.parse()?, ..Program::this() };
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().context("a command")?;
    let (mut data, mut config) = (None, Config::read(None)?);
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        match name.as_str() {
            "--data" => data = Some(PathBuf::from(value)),
            "--output" => config.output = value.parse().map_err(anyhow::Error::msg)?,
            other => bail!("unknown argument {other}"),
        }
    }
    let data = data.context("--data")?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    match command.as_str() {
        "self-test" => {
            self_test::reads_everything(&data)?;
            println(&self_test::word(&program));
            if let Err(error) = self_test::sounds(&data, &config) {
                std::process::exit(error.exit_code().into());
            }
        }
        "run" => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
                let mut terminate = signal(SignalKind::terminate())?;
                let stop = async {
                    terminate.recv().await;
                };
                anyhow::Ok(run::run_as(program, &data, &config, stop).await?)
            })?;
        }
        other => bail!("unknown command {other}"),
    }
    Ok(())
}

#[allow(clippy::print_stdout)] // the line that whoever asks looks for
fn println(text: &str) {
    println!("{text}");
}
