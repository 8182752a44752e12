//! The `loa-broker` command.

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use loa_broker::{
    audit::{self, AuditCommand},
    backup,
    config::{Arguments, Settings},
    http,
    key_commands::{self, KeyCommand},
    mosquitto, people,
    releases::commands::{self as release_commands, ReleaseCommand},
    seed, serve,
    store::Store,
};
use loa_protocol::{Clock, SystemClock};
use tracing_subscriber::EnvFilter;

/// The broker of Loa: a commune's loudspeakers from a phone.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve people and nodes until told to stop
    Serve(Arguments),
    /// Print the description of the API (`OpenAPI`)
    Openapi,
    /// Write everything the broker is into one file, while it runs
    Backup {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// The file; it must not exist yet. It holds the keys: keep it as you keep them
        file: PathBuf,
    },
    /// Make a data folder of a backup
    Restore {
        /// The file
        file: PathBuf,
        /// The data folder; it must not exist yet, or be empty
        #[arg(long)]
        data: PathBuf,
    },
    /// Check, note down or export the log of who did what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show, replace or take out the keys that nodes believe
    #[command(subcommand)]
    Keys(KeyCommand),
    /// Sign releases of the agent, and give them to the broker
    #[command(subcommand)]
    Releases(ReleaseCommand),
    /// Print Mosquitto's access rules for the nodes in the store
    MosquittoAcl(Arguments),
    /// Issue a certificate for an MQTT server of your own: `ca.pem`, `server.pem`, `server.key`
    MosquittoCert {
        /// The broker's data folder
        #[arg(long)]
        data: PathBuf,
        /// Host name or address that nodes and broker reach the server at; may be repeated
        #[arg(long = "name", value_name = "HOST", required = true)]
        names: Vec<String>,
        /// Folder to write to; nothing in it is overwritten
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Print a link by which somebody chooses a new password: for the last administrator, whom nobody else can help
    ResetLink {
        #[command(flatten)]
        arguments: Arguments,
        /// Whose: the user name
        #[arg(long, value_name = "USERNAME")]
        username: String,
        /// Ask them for no second step any more
        #[arg(long)]
        without_two_step: bool,
    },
    /// Fill a store with nodes that exist nowhere, for measurements
    #[command(hide = true)]
    Seed {
        #[command(flatten)]
        arguments: Arguments,
        /// How many
        #[arg(long)]
        nodes: u32,
    },
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder
        folder: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loa-broker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Cli::parse().command {
        Command::Serve(arguments) => serve::serve(Settings::gather(&arguments)?).await,
        Command::Openapi => {
            print(&http::openapi().to_pretty_json()?);
            Ok(())
        }
        Command::Backup { data, file } => {
            let files = backup::back_up(&data, &file, SystemClock::new().now()).await?;
            print(&format!("{files} files are in {}", file.display()));
            Ok(())
        }
        Command::Restore { file, data } => {
            let files = backup::restore(&file, &data).await?;
            print(&format!("{files} files were restored to {}", data.display()));
            Ok(())
        }
        Command::Audit(command) => {
            audit::run(&command, SystemClock::new().now(), &mut std::io::stdout().lock()).await
        }
        Command::Keys(command) => {
            print(&key_commands::run(&command, SystemClock::new().now()).await?);
            Ok(())
        }
        Command::Releases(command) => {
            print(&release_commands::run(&command, SystemClock::new().now()).await?);
            Ok(())
        }
        Command::MosquittoAcl(arguments) => {
            let store = Store::open(&Settings::gather(&arguments)?.data.join("loa.db")).await?;
            print(&mosquitto::access_rules(&store).await?);
            Ok(())
        }
        Command::MosquittoCert { data, names, out } => {
            Ok(mosquitto::issue_certificate(&data, &names, &out, SystemClock::new().now())?)
        }
        Command::ResetLink { arguments, username, without_two_step } => {
            let settings = Settings::gather(&arguments)?;
            let store = Store::open(&settings.data.join("loa.db")).await?;
            let now = SystemClock::new().now();
            let path = people::reset_link(&store, &username, without_two_step, now).await?;
            let details = serde_json::json!({ "username": username, "without_two_step": without_two_step });
            audit::by_command(
                &settings.data,
                "loa-broker reset-link",
                "people.reset_link",
                "/people",
                details,
                now,
            )
            .await?;
            print(&format!("{}{path}", settings.page_url(settings.http)));
            Ok(())
        }
        Command::Seed { arguments, nodes } => {
            seed::seed(&Settings::gather(&arguments)?, nodes, SystemClock::new().now()).await
        }
        Command::Man { folder } => Ok(clap_mangen::generate_to(Cli::command(), folder)?),
    }
}

#[allow(clippy::print_stdout)] // what was asked for
fn print(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_unit_starts_the_broker_by_a_command_that_there_is() {
        let unit = include_str!("../../../deploy/loa-broker.service");
        let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let cli = Cli::try_parse_from(command.split(' ')).unwrap();
        assert!(matches!(cli.command, Command::Serve(Arguments { config: Some(_), .. })));
    }
}
