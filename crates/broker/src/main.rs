//! The `loa-broker` command.

use clap::{Parser, Subcommand};
use loa_broker::{
    config::{Arguments, Settings},
    http, mqtt, seed, serve,
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
    /// Print Mosquitto's access rules for the nodes in the store
    MosquittoAcl(Arguments),
    /// Fill a store with nodes that exist nowhere, for measurements
    #[command(hide = true)]
    Seed {
        #[command(flatten)]
        arguments: Arguments,
        /// How many
        #[arg(long)]
        nodes: u32,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Cli::parse().command {
        Command::Serve(arguments) => serve::serve(Settings::gather(&arguments)?).await,
        Command::Openapi => {
            print(&http::openapi().to_pretty_json()?);
            Ok(())
        }
        Command::MosquittoAcl(arguments) => {
            let store = Store::open(&Settings::gather(&arguments)?.data.join("loa.db")).await?;
            let nodes = store.trusted_nodes().await?;
            let communes: Vec<_> = nodes
                .iter()
                .filter_map(|(node, hamlet)| Some((node.as_str(), hamlet.commune()?.to_string())))
                .collect();
            let communes = communes.iter().map(|(node, commune)| (*node, commune.as_str()));
            print(&loa_mqtt::rules::mosquitto_acl(mqtt::OWN_NAME, communes));
            Ok(())
        }
        Command::Seed { arguments, nodes } => {
            seed::seed(&Settings::gather(&arguments)?, nodes, SystemClock::new().now()).await
        }
    }
}

#[allow(clippy::print_stdout)] // what was asked for
fn print(text: &str) {
    println!("{text}");
}
