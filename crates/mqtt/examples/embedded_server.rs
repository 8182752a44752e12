//! The embedded broker alone in a process, for tests that kill it: `embedded_server FOLDER CERTIFICATES`.
//!
//! CERTIFICATES holds `ca.pem`, `server.pem` and `server.key`. A certificate named `loa-broker` may do everything,
//! any other is a node of commune 31564. Prints the address listened on; ends when its input ends.
#![expect(clippy::print_stdout, reason = "its output is its interface")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use loa_mqtt::embedded::{Admission, Admitted, CertificateIdentity, EmbeddedBroker, EmbeddedConfig};
use loa_mqtt::{AccessRules, Action, Bus, NodeRules, ServerTls};
use tokio::io::AsyncReadExt;

struct Everyone;

impl Admission for Everyone {
    fn admit<'a>(&'a self, _: &'a CertificateIdentity) -> BoxFuture<'a, Admitted> {
        async { Admitted::Yes { commune: Some("31564".to_owned()) } }.boxed()
    }
}

struct Rules(NodeRules);

impl AccessRules for Rules {
    fn allowed(&self, node_id: &str, commune: Option<&str>, action: Action, topic: &str) -> bool {
        node_id == "loa-broker" || self.0.allowed(node_id, commune, action, topic)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(certificates)) = (arguments.next(), arguments.next()) else {
        return Err("usage: embedded_server FOLDER CERTIFICATES".into());
    };
    let tls = ServerTls {
        cert_pem: std::fs::read(certificates.join("server.pem"))?,
        key_pem: std::fs::read(certificates.join("server.key"))?,
        client_ca_pem: std::fs::read(certificates.join("ca.pem"))?,
    };
    let listen = "127.0.0.1:0".parse()?;
    let rules = Arc::new(Rules(NodeRules::default()));
    let broker =
        EmbeddedBroker::open(EmbeddedConfig::new(listen, folder, tls, Arc::new(Everyone), rules)).await?;
    println!("{}", broker.listen().await?);
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    broker.shutdown().await;
    Ok(())
}
