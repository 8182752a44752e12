//! Whoever shouldn't speak: stolen certificates, foreign keys, messages that were caught and are sent again.
//!
//! It stands where an attacker would: at the MQTT server with a certificate, or with the keys of another broker. What a test needs that no
//! attacker has, the broker's own signing key, comes from the broker's data folder.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::SignedDuration;
use loa_mqtt::{Client, ClientConfig, Connection, Incoming, ServerAddress, TlsIdentity};
use loa_protocol::{
    Action, Audience, AuthorityKey, BroadcastId, Class, ClipHash, ClipRef, Clock, Command, CommandId, NodeId,
    Play, SigningKey, SystemClock, enrolment::EnrolmentResponse, envelope,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The keys of a broker: its own from its data folder, or those of some other.
pub struct Keys {
    authority: AuthorityKey,
    seed: Vec<u8>,
}

impl Keys {
    /// The broker's own.
    pub fn of_broker(data: &Path) -> Result<Self> {
        let read = |file: &str, name: &str| -> Result<Vec<u8>> {
            let keys: Value = serde_json::from_slice(&fs::read(data.join("identity").join(file))?)?;
            Ok(B64.decode(keys[name].as_str().with_context(|| name.to_owned())?)?)
        };
        Ok(Self {
            authority: AuthorityKey::from_seed(&read("authority.json", "authority_seed")?)?,
            seed: read("signing.json", "signing_seed")?,
        })
    }

    /// Another broker's: rightly made, but not those that the nodes pinned.
    pub fn of_another() -> Result<Self> {
        Ok(Self { authority: AuthorityKey::from_seed(&[0x51; 32])?, seed: vec![0x52; 32] })
    }

    /// A signing key in force from a day ago until so long from now.
    pub fn signing(&self, life: SignedDuration) -> Result<SigningKey> {
        let now = SystemClock::new().now();
        let day = SignedDuration::from_hours(24);
        Ok(self.authority.certify(&self.seed, now.checked_sub(day)?, now.checked_add(life)?)?)
    }
}

/// A certificate of the broker's CA for any name, as if it had been stolen.
pub fn certificate(broker_data: &Path, name: &str) -> Result<TlsIdentity> {
    let identity = broker_data.join("identity");
    let ca_pem = fs::read_to_string(identity.join("ca.pem"))?;
    let ca_key = KeyPair::from_pem(&fs::read_to_string(identity.join("ca.key.pem"))?)?;
    issue(&Issuer::from_ca_cert_pem(&ca_pem, ca_key)?, ca_pem.clone(), name)
}

/// A certificate for a name of a CA that nobody knows; it trusts the broker's.
pub fn unknown_certificate(broker_data: &Path, name: &str) -> Result<TlsIdentity> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Loa CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let issuer = Issuer::new(params, KeyPair::generate()?);
    issue(&issuer, fs::read_to_string(broker_data.join("identity/ca.pem"))?, name)
}

fn issue(issuer: &Issuer<'_, KeyPair>, ca_pem: String, name: &str) -> Result<TlsIdentity> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(&key, issuer)?;
    Ok(TlsIdentity {
        ca_pem: ca_pem.into(),
        cert_pem: certificate.pem().into(),
        key_pem: key.serialize_pem().into(),
    })
}

/// The certificate that an agent got at its enrolment, taken from its data folder; and what it was told.
pub fn stolen_from(agent_data: &Path) -> Result<(TlsIdentity, EnrolmentResponse)> {
    let identity = agent_data.join("identity");
    let told: EnrolmentResponse = serde_json::from_slice(&fs::read(identity.join("node.json"))?)?;
    let key_pem = fs::read(identity.join("key.pem"))?;
    let (ca_pem, cert_pem) = (told.ca_pem.clone().into(), told.certificate_pem.clone().into());
    Ok((TlsIdentity { ca_pem, cert_pem, key_pem }, told))
}

/// An MQTT client with such a certificate.
pub fn client(server: &str, id: &str, identity: TlsIdentity) -> Result<(Client, Receiver<Incoming>)> {
    let server: ServerAddress = format!("mqtts://{}", server.trim_start_matches("mqtts://")).parse()?;
    let mut config = ClientConfig::new(server, id, 7);
    config.identity = Some(identity);
    Ok(Client::start(&config)?)
}

/// Waits until it is connected.
pub async fn connected(client: &Client) -> Result<()> {
    let mut connection = client.connection();
    let up = tokio::time::timeout(PATIENCE, connection.wait_for(Connection::is_connected));
    up.await.context("the outsider was not let in")??;
    Ok(())
}

/// The next message that arrives on a topic; it is acknowledged.
pub async fn next_on(topic: &str, incoming: &mut Receiver<Incoming>) -> Result<Vec<u8>> {
    let wait = async {
        loop {
            let message = incoming.recv().await.context("the client ended")?;
            let caught = (message.topic == topic).then(|| message.payload.to_vec());
            message.ack.ack();
            if let Some(payload) = caught {
                return anyhow::Ok(payload);
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.with_context(|| format!("nothing came on {topic}"))?
}

/// A command to air an attached clip now, on one node; good from `issued_ago` ago for `life`.
pub fn play(
    node: &NodeId,
    number: u8,
    clip: &[u8],
    duration_ms: u64,
    issued_ago: SignedDuration,
    life: SignedDuration,
) -> Result<Command> {
    let issued_at = SystemClock::new().now().checked_sub(issued_ago)?;
    Ok(Command {
        id: CommandId::from_bits([number; 16]),
        issued_at,
        expires_at: issued_at.checked_add(life)?,
        audience: Audience::node(node.clone()),
        action: Action::Play(Play {
            broadcast: BroadcastId::from_bits([number; 16]),
            class: Class::Emergency,
            title: "Giả mạo".into(),
            language: "vi".into(),
            clip: ClipRef { hash: ClipHash::of(clip), bytes: clip.len() as u64, duration_ms, attached: true },
        }),
    })
}

/// Seals a command and puts the clip behind it.
pub fn sealed(key: &SigningKey, command: &Command, clip: &[u8]) -> Result<Vec<u8>> {
    Ok(envelope::frame(&loa_protocol::seal(key, command)?, Some(clip))?)
}

/// The same message with one part of its header replaced; what it says is no longer what was signed.
pub fn with_header(message: &[u8], from: &str, to: &str) -> Result<Vec<u8>> {
    let dot = message.iter().position(|byte| *byte == b'.').context("a header")?;
    let header = String::from_utf8(B64.decode(&message[..dot])?)?;
    ensure!(header.contains(from), "{header}");
    let mut changed = B64.encode(header.replace(from, to)).into_bytes();
    changed.extend_from_slice(&message[dot..]);
    Ok(changed)
}
