//! What an MQTT server of the operator's own is given: access rules, and a certificate that nodes believe.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustls_pki_types::ServerName;

use crate::{
    identity::{Identity, IdentityError},
    mqtt::OWN_NAME,
    store::{Store, StoreError},
};

/// Why there is no certificate; whoever asked puts it right.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The folder is no broker's: a new CA made here would help nobody.
    #[error("{0} is not the data folder of a broker that was started before")]
    NoBroker(PathBuf),
    /// A certificate for no name.
    #[error("say with --name under which name or address nodes and broker reach the server")]
    NoName,
    /// Nobody could reach it under that.
    #[error("{0:?} is neither a host name nor an address")]
    NotAName(String),
    /// What is there may be in use.
    #[error("{0} is there already; move it away, or choose another folder")]
    Exists(PathBuf),
    /// The folder can't be written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The broker's identity can't be read, or a name isn't one.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Writes a certificate of the broker's CA for an MQTT server of these names: `ca.pem`, `server.pem`, and `server.key` for its owner's eyes
/// only. Overwrites nothing.
pub fn issue_certificate(
    data: &Path,
    names: &[String],
    out: &Path,
    now: Timestamp,
) -> Result<(), IssueError> {
    let identity = data.join("identity");
    if !identity.is_dir() {
        return Err(IssueError::NoBroker(data.to_owned()));
    }
    if names.is_empty() {
        return Err(IssueError::NoName);
    }
    if let Some(bad) = names.iter().find(|name| ServerName::try_from(name.as_str()).is_err()) {
        return Err(IssueError::NotAName(bad.clone()));
    }
    let identity = Identity::open_or_create(&identity, now)?;
    let credentials = identity.server_credentials(names, now)?;
    let files = [
        ("server.key", 0o600, credentials.key_pem.as_str()),
        ("server.pem", 0o644, &credentials.chain_pem),
        ("ca.pem", 0o644, &identity.trusted_pem()),
    ];
    if let Some(there) = files.iter().map(|(name, ..)| out.join(name)).find(|path| path.exists()) {
        return Err(IssueError::Exists(there));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| IssueError::File { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o755).create(out).map_err(failed(out))?;
    for (name, mode, pem) in files {
        let path = out.join(name);
        let written =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).and_then(|mut file| {
                file.write_all(pem.as_bytes())?;
                file.sync_all()
            });
        written.map_err(failed(&path))?;
    }
    Ok(())
}

/// Mosquitto's `acl_file` for the nodes in a store.
pub async fn access_rules(store: &Store) -> Result<String, StoreError> {
    let nodes = store.trusted_nodes().await?;
    let communes: Vec<_> = nodes
        .iter()
        .filter_map(|(node, hamlet)| Some((node.as_str(), hamlet.commune()?.to_string())))
        .collect();
    let communes = communes.iter().map(|(node, commune)| (*node, commune.as_str()));
    Ok(loa_mqtt::rules::mosquitto_acl(OWN_NAME, communes))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_certificate_is_issued_with_a_key_for_its_owner_alone_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let (data, out) = (folder.path().join("data"), folder.path().join("out"));
        let identity = Identity::open_or_create(&data.join("identity"), now()).unwrap();
        let names = ["mqtt.example.vn".to_owned(), "192.0.2.7".to_owned()];
        issue_certificate(&data, &names, &out, now()).unwrap();
        assert_eq!(fs::read_to_string(out.join("ca.pem")).unwrap(), identity.ca_pem());
        let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("server.key"), 0o600);

        let key = fs::read(out.join("server.key")).unwrap();
        let error = issue_certificate(&data, &names, &out, now()).unwrap_err();
        assert!(matches!(&error, IssueError::Exists(path) if path.ends_with("server.key")), "{error}");
        assert_eq!(fs::read(out.join("server.key")).unwrap(), key);
    }

    #[test]
    fn without_a_broker_or_a_name_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (data, out) = (folder.path().join("data"), folder.path().join("out"));
        let name = ["mqtt.example.vn".to_owned()];
        let error = issue_certificate(&data, &name, &out, now()).unwrap_err();
        assert!(matches!(error, IssueError::NoBroker(_)), "{error}");
        assert!(!data.exists(), "no new CA is made by the way");
        Identity::open_or_create(&data.join("identity"), now()).unwrap();
        for names in [&[][..], &["not a name".to_owned()]] {
            assert!(issue_certificate(&data, names, &out, now()).is_err(), "{names:?}");
        }
        assert!(!out.exists());
    }
}
