//! The `loa-fleet` command.

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use loa_fleet::{
    demo::{Demo, DemoOptions, Sound},
    year::{self, Years},
};
use tokio::signal::unix::{SignalKind, signal};

/// Starts brokers and agents of Loa on one machine.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A broker and the five hamlets of commune Đại Ân 2, ready to be tried
    Demo {
        /// Folder of everything the demo keeps
        #[arg(long, default_value = "./demo")]
        data: PathBuf,
        /// Port of the page; the next free one if it is taken
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Address of the page: 0.0.0.0 lets other machines of the network in (browsers then refuse the microphone without HTTPS)
        #[arg(long, default_value = "127.0.0.1")]
        listen: IpAddr,
        /// Where the sound goes
        #[arg(long, value_enum, default_value_t = Sound::Auto)]
        sound: Sound,
    },
    /// Simulated years of a commune: is anything lost, doubled, late or against the policy, whatever happens?
    Year {
        /// How many years, each from its own seed
        #[arg(long, default_value_t = 200)]
        seeds: u64,
        /// The first seed
        #[arg(long, default_value_t = 1)]
        from_seed: u64,
        /// Nodes of the commune
        #[arg(long, default_value_t = 25)]
        nodes: usize,
        /// Days of each year
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(8..))]
        days: i64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("loa-fleet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Demo { data, port, listen, sound } => {
            demo(DemoOptions { data, listen, port, sound }).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Year { seeds, from_seed, nodes, days } => simulate(Years { from_seed, seeds, nodes, days }),
    }
}

fn simulate(years: Years) -> anyhow::Result<ExitCode> {
    let total = year::simulate(years, &|year| say(&year.to_string()))?;
    say(&format!("{} years: {total}", years.seeds));
    Ok(if total.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn demo(options: DemoOptions) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::pin!(stop);
    let mut line = |text: &str| say(text);
    let demo = tokio::select! {
        started = Demo::start(&options, &mut line) => started?,
        // Dropping what has been started kills it; the next start takes up where this one stopped.
        () = &mut stop => return Ok(()),
    };
    demo.run(stop, &mut line).await
}

#[allow(clippy::print_stdout)] // the program speaks to the person who started it
fn say(text: &str) {
    println!("{text}");
}
