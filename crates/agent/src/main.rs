//! The `loa-agent` command.

use std::{io::IsTerminal, os::unix::process::CommandExt, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use loa_agent::{
    clock::{BatteryClock, NodeClock, SYNCHRONISED},
    config::Config,
    enrol,
    link::End,
    output::OutputName,
    run,
};
use loa_protocol::Clock;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The agent of Loa: obeys, plays, reports.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Enrol this node with a claim code or claim file from the broker's page.
    Enrol(enrol::Arguments),
    /// Run this node.
    Run {
        /// Folder that the node keeps everything in.
        #[arg(long, env = "LOA_AGENT_DATA")]
        data: PathBuf,
        /// File of settings.
        #[arg(long, env = "LOA_AGENT_CONFIG")]
        config: Option<PathBuf>,
        /// Where sound goes: alsa:NAME, wav:FOLDER or default.
        #[arg(long)]
        output: Option<OutputName>,
    },
    /// Switch the configured amplifier by hand, or after a crash.
    Amplifier {
        /// How it shall be.
        state: Wanted,
        /// File of settings.
        #[arg(long, env = "LOA_AGENT_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// What `loa-agent amplifier` can do. Not `on`: a line is let go when the command ends, and then nobody knows how it is.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Wanted {
    /// Off; done when the command ends.
    Off,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("LOA_AGENT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // One thread is enough for one node, and spares memory.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, 1),
    };
    match arguments.command {
        Command::Enrol(arguments) => {
            let clock: Arc<dyn Clock> =
                Arc::new(NodeClock::new(Timestamp::MIN, BatteryClock::Auto, SYNCHRONISED.as_ref()));
            let enrolled = arguments.claim().and_then(|(claim, file)| {
                let identity = runtime.block_on(enrol::enrol(&arguments.data, &claim, &clock))?;
                file.into_iter().for_each(enrol::discard);
                Ok(identity)
            });
            match enrolled {
                Ok(identity) => {
                    // The one line that scripts wait for.
                    #[allow(clippy::print_stdout)]
                    {
                        println!("enrolled as {}", identity.enrolled.node);
                    }
                    ExitCode::SUCCESS
                }
                Err(error) => complain(&error, error.exit_code()),
            }
        }
        Command::Run { data, config, output } => {
            let mut config = match Config::read(config.as_deref()) {
                Ok(config) => config,
                Err(error) => return complain(&error, 2),
            };
            config.output = output.unwrap_or(config.output);
            match runtime.block_on(async { run::run(&data, &config, told_to_stop()?).await }) {
                Ok(End::Stopped) => ExitCode::SUCCESS,
                Ok(End::Restart) => restart(),
                Err(error) => complain(&error, 1),
            }
        }
        Command::Amplifier { state: Wanted::Off, config } => match Config::read(config.as_deref()) {
            Ok(config) => match config.amplifier.switch_off() {
                Ok(()) => ExitCode::SUCCESS,
                Err(fault) => complain(&fault, 1),
            },
            Err(error) => complain(&error, 2),
        },
    }
}

/// Resolves at SIGTERM or SIGINT.
fn told_to_stop() -> Result<impl Future<Output = ()>, run::RunError> {
    let listen = |kind| {
        signal(kind)
            .map_err(|source| run::RunError::System { what: "can't listen for signals".into(), source })
    };
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Becomes a new process of the same command; what supervises it sees no end.
fn restart() -> ExitCode {
    let Ok(program) = std::env::current_exe() else { return ExitCode::SUCCESS };
    let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).exec();
    complain(&error, 1)
}

fn complain(error: &dyn std::error::Error, code: u8) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "loa-agent: {error}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_unit_starts_the_agent_by_a_command_that_there_is() {
        let unit = include_str!("../../../deploy/loa-agent.service");
        let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let arguments = Arguments::try_parse_from(command.split(' ')).unwrap();
        assert!(matches!(arguments.command, Command::Run { config: Some(_), .. }));
    }

    #[test]
    fn the_unit_that_enrols_does_it_by_a_command_that_there_is_and_then_starts_the_agent() {
        let unit = include_str!("../../../deploy/loa-agent-enrol.service");
        let value = |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let arguments = Arguments::try_parse_from(value("ExecStart=").split(' ')).unwrap();
        let Command::Enrol(arguments) = arguments.command else { panic!("it doesn't enrol") };
        assert!(arguments.claim.is_some() && arguments.keep_claim);
        assert_eq!(value("OnSuccess="), "loa-agent.service");
    }

    #[test]
    fn the_example_unit_switches_the_amplifier_off_after_a_crash() {
        let unit = include_str!("../../../deploy/loa-agent.service");
        let command = unit.lines().find_map(|line| line.strip_prefix("ExecStopPost=-")).unwrap();
        let arguments = Arguments::try_parse_from(command.split(' ')).unwrap();
        assert!(matches!(arguments.command, Command::Amplifier { state: Wanted::Off, config: Some(_) }));
    }
}
