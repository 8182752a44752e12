//! Who this node is and whom it believes: what enrolment left in `DATA/identity`.
//!
//! The folder appears whole or not at all. The private key is made here, is readable by the agent's user alone, and never leaves.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use loa_mqtt::TlsIdentity;
use loa_protocol::enrolment::EnrolmentResponse;
use ring::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};

use crate::files;

const FOLDER: &str = "identity";
const HALF: &str = "identity.tmp";
const KEY: &str = "key.pem";
const NODE: &str = "node.json";
/// Key and certificate of the last renewal, in one file so that both are new or neither is.
const RENEWED: &str = "renewed.json";

/// Why the identity can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Nobody enrolled this node: `loa-agent enrol`.
    #[error("this node is not enrolled; run `loa-agent enrol` with a claim code first")]
    NotEnrolled,
    /// The folder's permissions or the disk; for the installer.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is damaged: remove the folder and enrol again with a new code.
    #[error("{path} is damaged; remove the folder it is in and enrol again with a new claim code")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
}

/// An enrolled node.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What the broker answered.
    pub enrolled: Arc<EnrolmentResponse>,
    /// When this hardware became the node, by the broker's clock; no renewal changes it. What was to be done before was another's to do.
    pub since: Timestamp,
    key_pem: Arc<str>,
}

#[derive(Serialize, Deserialize)]
struct Renewed {
    key_pem: String,
    certificate_pem: String,
    /// The CAs to trust since then; as enrolled, if absent.
    #[serde(default)]
    ca_pem: Option<String>,
    now: Timestamp,
}

impl Identity {
    /// An identity from its parts, for simulated nodes that keep theirs elsewhere.
    pub fn new(enrolled: EnrolmentResponse, key_pem: &str) -> Self {
        Self { since: enrolled.now, enrolled: Arc::new(enrolled), key_pem: key_pem.into() }
    }

    /// Whether there is an identity in this data folder.
    pub fn exists(data: &Path) -> bool {
        data.join(FOLDER).exists()
    }

    /// Reads the identity from the data folder.
    pub fn open(data: &Path) -> Result<Self, IdentityError> {
        if !Self::exists(data) {
            return Err(IdentityError::NotEnrolled);
        }
        let read = |name: &str| {
            let path = data.join(FOLDER).join(name);
            fs::read_to_string(&path).map_err(|source| IdentityError::File { path, source })
        };
        let enrolled = serde_json::from_str(&read(NODE)?)
            .map_err(|_| IdentityError::Damaged { path: data.join(FOLDER).join(NODE) })?;
        let first = Self::new(enrolled, &read(KEY)?);
        let Ok(text) = fs::read_to_string(data.join(FOLDER).join(RENEWED)) else { return Ok(first) };
        let Ok(Renewed { key_pem, certificate_pem, ca_pem, now }) = serde_json::from_str(&text) else {
            tracing::error!("the renewed certificate is damaged; the first one may still be good");
            return Ok(first);
        };
        Ok(first.renewed(certificate_pem, ca_pem, &key_pem, now))
    }

    /// The same node with another key and certificate, given at `now`, and other CAs, if any are named.
    #[must_use]
    pub fn renewed(
        &self,
        certificate_pem: String,
        ca_pem: Option<String>,
        key_pem: &str,
        now: Timestamp,
    ) -> Self {
        let ca_pem = ca_pem.unwrap_or_else(|| self.enrolled.ca_pem.clone());
        let enrolled = EnrolmentResponse { certificate_pem, ca_pem, now, ..(*self.enrolled).clone() };
        Self { enrolled: Arc::new(enrolled), since: self.since, key_pem: key_pem.into() }
    }

    /// The same node that trusts only those of its CAs whose fingerprints are `wanted`.
    #[must_use]
    pub fn trusting_only(&self, wanted: &[String]) -> Self {
        let kept = cas(&self.enrolled.ca_pem).filter(|(print, _)| wanted.contains(print));
        let ca_pem = kept.map(|(_, block)| block).collect();
        let enrolled = EnrolmentResponse { ca_pem, ..(*self.enrolled).clone() };
        Self { enrolled: Arc::new(enrolled), ..self.clone() }
    }

    /// Fingerprints of the CAs that it trusts, first the one that made its certificate.
    pub fn cas(&self) -> Vec<String> {
        cas(&self.enrolled.ca_pem).map(|(print, _)| print).collect()
    }

    /// Keeps a renewed key and certificate in the data folder of an enrolled node; after a power cut both are there or neither.
    pub fn save_renewed(&self, data: &Path) -> Result<(), IdentityError> {
        let path = data.join(FOLDER).join(RENEWED);
        let renewed = Renewed {
            key_pem: self.key_pem.to_string(),
            certificate_pem: self.enrolled.certificate_pem.clone(),
            ca_pem: Some(self.enrolled.ca_pem.clone()),
            now: self.enrolled.now,
        };
        serde_json::to_vec(&renewed)
            .map_err(io::Error::from)
            .and_then(|bytes| files::write_atomically(&path, &bytes, 0o600))
            .map_err(|source| IdentityError::File { path, source })
    }

    /// Tries whether an identity could be written here: makes the folder that [`Self::save`] fills.
    pub fn make_room(data: &Path) -> Result<(), IdentityError> {
        (|| {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(data)?;
            match fs::remove_dir_all(data.join(HALF)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::DirBuilder::new().mode(0o700).create(data.join(HALF))?;
            let trial = data.join(HALF).join(KEY);
            fs::write(&trial, [0; 4096]).and_then(|()| fs::File::open(&trial)?.sync_all())?;
            fs::remove_file(trial)
        })()
        .map_err(|source| IdentityError::File { path: data.to_owned(), source })
    }

    /// Writes the identity into the data folder, whole or not at all. It belongs to the folder's owner, whoever writes it.
    pub fn save(&self, data: &Path) -> Result<(), IdentityError> {
        Self::make_room(data)?;
        let temporary = data.join(HALF);
        let written = (|| {
            let node = serde_json::to_vec_pretty(&*self.enrolled)?;
            for (name, bytes) in [(KEY, self.key_pem.as_bytes()), (NODE, &node)] {
                let mut file = fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(temporary.join(name))?;
                file.write_all(bytes)?;
                file.sync_all()?;
            }
            give_to_owner(data, &temporary)?;
            files::sync_folder_of(&temporary.join(KEY))?;
            fs::rename(&temporary, data.join(FOLDER))?;
            files::sync_folder_of(&temporary)
        })();
        written.map_err(|source| IdentityError::File { path: data.join(FOLDER), source })
    }

    /// What TLS needs.
    pub fn tls(&self) -> TlsIdentity {
        TlsIdentity {
            ca_pem: self.enrolled.ca_pem.clone().into(),
            cert_pem: self.enrolled.certificate_pem.clone().into(),
            key_pem: self.key_pem.as_bytes().to_vec(),
        }
    }
}

/// The certificates in a PEM, each with its fingerprint (SHA-256, hexadecimal). What is none is passed over.
pub(crate) fn cas(pem: &str) -> impl Iterator<Item = (String, String)> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    pem.split(BEGIN).skip(1).filter_map(|rest| {
        let block = format!("{BEGIN}{}\n", rest.trim_end());
        let der = CertificateDer::from_pem_slice(block.as_bytes()).ok()?;
        Some((files::hex(digest(&SHA256, &der).as_ref()), block))
    })
}

/// An installer enrols as root what runs as somebody else.
fn give_to_owner(data: &Path, folder: &Path) -> io::Result<()> {
    let (owner, own) = (fs::metadata(data)?, fs::metadata(folder)?);
    if (owner.uid(), owner.gid()) == (own.uid(), own.gid()) {
        return Ok(());
    }
    for path in [folder.to_owned(), folder.join(KEY), folder.join(NODE)] {
        chown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}
