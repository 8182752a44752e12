//! Which MQTT server the broker uses, and who may log in to the embedded one.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use futures_util::future::BoxFuture;
use loa_mqtt::{
    Bus, ClientConfig, NodeRules, ServerAddress, ServerTls, TlsIdentity,
    embedded::{Admission, Admitted, CertificateIdentity, EmbeddedBroker, EmbeddedConfig},
    external::ExternalBus,
};

use loa_protocol::{AreaCode, NodeId};

use crate::{
    config::Settings,
    identity::Identity,
    secrets,
    store::{Store, StoreError},
};

/// The broker's name at an external MQTT server.
pub const OWN_NAME: &str = "loa-broker";

/// Longest wait between two attempts to reach an external MQTT server.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Lets in enrolled nodes that show the certificate in force.
struct EnrolledNodes(Store);

impl EnrolledNodes {
    /// Where a node stands, if its certificate counts.
    async fn hamlet_of(&self, id: &NodeId, serial: &str) -> Result<Option<AreaCode>, StoreError> {
        if !self.0.certificate_counts(id, serial).await? {
            return Ok(None);
        }
        Ok(self.0.node(id).await?.map(|node| node.hamlet))
    }
}

impl Admission for EnrolledNodes {
    fn admit<'a>(&'a self, who: &'a CertificateIdentity) -> BoxFuture<'a, Admitted> {
        Box::pin(async move {
            let Ok(id) = who.node_id.parse() else { return Admitted::No };
            match self.hamlet_of(&id, &who.serial).await {
                Ok(Some(hamlet)) => {
                    Admitted::Yes { commune: hamlet.commune().map(|commune| commune.to_string()) }
                }
                Ok(None) => {
                    tracing::warn!(
                        node = who.node_id,
                        serial = who.serial,
                        "a certificate not in force was refused"
                    );
                    Admitted::No
                }
                Err(error) => {
                    tracing::error!(%error, "a login could not be checked");
                    Admitted::No
                }
            }
        })
    }
}

/// A bus that isn't open to nodes yet.
pub enum Opened {
    /// In this process.
    Embedded(Arc<EmbeddedBroker>),
    /// Elsewhere, at `host:port`.
    External(Arc<ExternalBus>, String),
}

impl Opened {
    /// Opens the MQTT server that the settings name.
    pub async fn open(
        settings: &Settings,
        identity: &Identity,
        store: &Store,
        now: jiff::Timestamp,
    ) -> anyhow::Result<Self> {
        match &settings.mqtt_url {
            None => {
                let server = identity.server_credentials(&settings.public_names, now)?;
                let tls = ServerTls {
                    cert_pem: server.chain_pem.into(),
                    key_pem: server.key_pem.into(),
                    client_ca_pem: identity.trusted_pem().into(),
                };
                let config = EmbeddedConfig::new(
                    settings.mqtt_listen,
                    settings.data.join("mqtt"),
                    tls,
                    Arc::new(EnrolledNodes(store.clone())),
                    Arc::new(NodeRules::default()),
                );
                Ok(Self::Embedded(Arc::new(EmbeddedBroker::open(config).await?)))
            }
            Some(url) => {
                let server: ServerAddress = url.parse()?;
                let address = format!("{}:{}", server.host, server.port);
                let seed = u64::from_le_bytes(secrets::random()?);
                let mut config = ClientConfig::new(server, OWN_NAME, seed);
                config.identity = Some(client_identity(settings, identity, now)?);
                // It is alone, and a province waits for it: no need to spread attempts over a minute.
                config.backoff.most = LONGEST_WAIT;
                Ok(Self::External(Arc::new(ExternalBus::start(&config)?), address))
            }
        }
    }

    /// The bus itself.
    pub fn bus(&self) -> Arc<dyn Bus> {
        match self {
            Self::Embedded(bus) => Arc::clone(bus) as Arc<dyn Bus>,
            Self::External(bus, _) => Arc::clone(bus) as Arc<dyn Bus>,
        }
    }

    /// Lets nodes in; where they find it: `host:port`, and the address listened on, if it is this process that listens.
    pub async fn let_nodes_in(&self, public_name: &str) -> anyhow::Result<(String, Option<SocketAddr>)> {
        match self {
            Self::Embedded(bus) => {
                let address = bus.listen().await?;
                Ok((format!("{public_name}:{}", address.port()), Some(address)))
            }
            Self::External(_, address) => Ok((address.clone(), None)),
        }
    }
}

/// Certificates for the external server: those of the settings, or ones the broker makes itself.
fn client_identity(
    settings: &Settings,
    identity: &Identity,
    now: jiff::Timestamp,
) -> anyhow::Result<TlsIdentity> {
    let read = |file: &std::path::PathBuf| std::fs::read(file).with_context(|| file.display().to_string());
    let ca_pem = match &settings.mqtt_ca {
        Some(file) => read(file)?,
        None => identity.trusted_pem().into(),
    };
    let (cert_pem, key_pem) = match (&settings.mqtt_cert, &settings.mqtt_key) {
        (Some(certificate), Some(key)) => (read(certificate)?, read(key)?),
        (None, None) => {
            let own = identity.client_credentials(OWN_NAME, now)?;
            (own.chain_pem.into(), own.key_pem.into())
        }
        _ => anyhow::bail!("mqtt_cert and mqtt_key go together: give both, or neither"),
    };
    Ok(TlsIdentity { ca_pem, cert_pem, key_pem })
}
