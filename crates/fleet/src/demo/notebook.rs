//! What the demo remembers from one start to the next.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use loa_protocol::NodeId;
use rand::{TryRngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};

/// Ports and nodes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Notebook {
    /// Where the nodes know the broker: HTTPS, MQTT.
    pub(super) ports: Option<(u16, u16)>,
    /// Nodes whose agents are enrolled, by hamlet.
    #[serde(default)]
    pub(super) enrolled: BTreeMap<String, NodeId>,
    #[serde(skip)]
    path: PathBuf,
}

impl Notebook {
    pub(super) fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("fleet.json");
        let mut notebook = match std::fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        notebook.path = path;
        Ok(notebook)
    }

    pub(super) fn save(&self) -> anyhow::Result<()> {
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&beside, &self.path)?;
        Ok(())
    }
}

/// The administrator of the demo, kept in a file for the user's eyes only.
pub(super) struct SignIn {
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) password: String,
}

/// 32 letters and digits that can't be mistaken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// 80 random bits, in four groups.
fn invent_password() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    OsRng.try_fill_bytes(&mut bytes).context("no random numbers from the system")?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

impl SignIn {
    pub(super) fn path(data: &Path) -> PathBuf {
        data.join("sign-in.txt")
    }

    pub(super) fn open_or_invent(data: &Path) -> anyhow::Result<Self> {
        let path = Self::path(data);
        let (username, display_name) = ("canbo".to_owned(), "Cán bộ văn hoá".to_owned());
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let (Some(username), Some(password)) = (field("username:"), field("password:")) else {
                    bail!("{} is damaged", path.display());
                };
                Ok(Self { username: username.into(), display_name, password: password.into() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let password = invent_password()?;
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                writeln!(file, "username: {username}\npassword: {password}")?;
                file.sync_all()?;
                Ok(Self { username, display_name, password })
            }
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_password_is_invented_once_and_for_one_pair_of_eyes() {
        let data = tempfile::tempdir().unwrap();
        let first = SignIn::open_or_invent(data.path()).unwrap();
        let again = SignIn::open_or_invent(data.path()).unwrap();
        assert_eq!(first.password, again.password);
        assert_eq!(first.password.len(), 19);
        let mode = std::fs::metadata(SignIn::path(data.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(first.password, SignIn::open_or_invent(other.path()).unwrap().password);
    }

    #[test]
    fn the_notebook_is_read_back() {
        let data = tempfile::tempdir().unwrap();
        let mut notebook = Notebook::open(data.path()).unwrap();
        notebook.ports = Some((1, 2));
        notebook.enrolled.insert("31699-01".into(), "n1".parse().unwrap());
        notebook.save().unwrap();
        let again = Notebook::open(data.path()).unwrap();
        assert_eq!((again.ports, again.enrolled), (notebook.ports, notebook.enrolled));
    }
}
