//! The `loa-agent` command.

use std::{
    io::IsTerminal,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory, Parser, Subcommand};
use jiff::Timestamp;
use loa_agent::{
    clock::{BatteryClock, NodeClock, SYNCHRONISED},
    config::Config,
    doctor::{self, Finding},
    enrol,
    link::End,
    output::OutputName,
    release::{Program, Releases, self_test, start},
    run,
    words::{Language, Words},
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
    /// Say what is wrong on this node and what to do; ends with 1 if anything is.
    Doctor {
        /// Folder that the node keeps everything in.
        #[arg(long, env = "LOA_AGENT_DATA")]
        data: PathBuf,
        /// File of settings.
        #[arg(long, env = "LOA_AGENT_CONFIG")]
        config: Option<PathBuf>,
        /// The language to say it in; by default the environment's.
        #[arg(long)]
        language: Option<Language>,
        /// Answer with JSON: the codes of what was found, and details.
        #[arg(long)]
        json: bool,
        /// Where /proc and /sys are.
        #[arg(long, default_value = "/", hide = true)]
        root: PathBuf,
    },
    /// Say whether this program could run this node, beside one that does. A new release is asked before it takes over.
    SelfTest {
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
    /// Go back by hand to the release before, at the next start.
    Rollback {
        /// Folder that the node keeps everything in.
        #[arg(long, env = "LOA_AGENT_DATA")]
        data: PathBuf,
    },
    /// Switch the configured amplifier by hand, or after a crash.
    Amplifier {
        /// How it shall be.
        state: Wanted,
        /// File of settings.
        #[arg(long, env = "LOA_AGENT_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Man {
        /// The folder.
        folder: PathBuf,
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
            start::hand_over(&data, Program::this().version);
            let mut config = match Config::read(config.as_deref()) {
                Ok(config) => config,
                Err(error) => return complain(&error, 2),
            };
            config.output = output.unwrap_or(config.output);
            match runtime.block_on(async { run::run(&data, &config, told_to_stop()?).await }) {
                Ok(End::Stopped | End::Switched) => ExitCode::SUCCESS,
                Ok(End::Restart) => restart(),
                Err(error) => complain(&error, 1),
            }
        }
        Command::Doctor { data, config, language, json, root } => {
            let found = runtime.block_on(doctor::examine(&root, &data, config.as_deref()));
            let language =
                language.unwrap_or_else(|| Language::of_environment(|name| std::env::var(name).ok()));
            tell(&found, Words::of(language), json);
            ExitCode::from(u8::from(!found.is_empty()))
        }
        Command::SelfTest { data, config, output } => self_test(&data, config.as_deref(), output),
        Command::Rollback { data } => match Releases::of(&data).roll_back() {
            Ok(gone) => {
                #[allow(clippy::print_stdout)] // what was asked for
                match gone {
                    Some((from, Some(to))) => println!("back from {from} to {to} at the next start"),
                    Some((from, None)) => {
                        println!("back from {from} to the package's program at the next start");
                    }
                    None => println!("the package's program runs; there is nothing to go back from"),
                }
                ExitCode::SUCCESS
            }
            Err(error) => complain(&error, 1),
        },
        Command::Amplifier { state: Wanted::Off, config } => match Config::read(config.as_deref()) {
            Ok(config) => match config.amplifier.switch_off() {
                Ok(()) => ExitCode::SUCCESS,
                Err(fault) => complain(&fault, 1),
            },
            Err(error) => complain(&error, 2),
        },
        Command::Man { folder } => match clap_mangen::generate_to(Arguments::command(), folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&error, 1),
        },
    }
}

fn self_test(data: &Path, config: Option<&Path>, output: Option<OutputName>) -> ExitCode {
    let mut config = match Config::read(config) {
        Ok(config) => config,
        Err(error) => return complain(&error, 2),
    };
    config.output = output.unwrap_or(config.output);
    let tested = self_test::reads_everything(data).and_then(|()| {
        #[allow(clippy::print_stdout)] // the line that whoever asks looks for
        {
            println!("{}", self_test::word(&Program::this()));
        }
        self_test::sounds(data, &config)
    });
    match tested {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error, error.exit_code()),
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

/// One line for each finding.
#[allow(clippy::print_stdout)] // it is what is asked for
fn tell(found: &[Finding], words: &Words, json: bool) {
    if json {
        println!("{}", serde_json::json!({ "findings": found }));
    } else if found.is_empty() {
        println!("{}", words.nothing_found);
    } else {
        for finding in found {
            println!("[{}] {}", finding.code, finding.say(words));
        }
    }
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
