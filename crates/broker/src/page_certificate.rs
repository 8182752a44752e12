//! The page's own certificate: read from two files, read again when they change, so that a renewal needs no restart.
//!
//! A pair that can't be used stops the broker at its start. Later it is logged and the old pair stays: whoever renews writes one file
//! after the other, and between the two they don't fit.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Why the pair can't be used; whoever supplied the files puts it right.
#[derive(Debug, thiserror::Error)]
pub enum PageCertificateError {
    /// One without the other.
    #[error("http_cert and http_key go together: give both, or neither")]
    Half,
    /// A file can't be read: its name, its permissions.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file isn't what it should be.
    #[error("{path} holds no {what} in PEM")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// Two halves of different pairs, or a kind of key that can't be used.
    #[error("the certificate in {certificate} can't be used with the key in {key}: {why}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS says.
        why: rustls::Error,
    },
}

/// What tells one version of a file from the next: inode, length, change of content and of attributes, nanoseconds.
type Version = [(u64, u64, i64, i64); 2];

/// The pair in force.
pub struct PageCertificate {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<(Version, Arc<ServerConfig>)>,
}

impl PageCertificate {
    /// Reads the pair that the settings name, if they name one.
    pub fn open(
        certificate: Option<&Path>,
        key: Option<&Path>,
    ) -> Result<Option<Self>, PageCertificateError> {
        let (certificate, key) = match (certificate, key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate.to_owned(), key.to_owned()),
            _ => return Err(PageCertificateError::Half),
        };
        // The version before the content: what changes in between is seen at the next look.
        let version = version(&certificate, &key)?;
        let config = read(&certificate, &key)?;
        Ok(Some(Self { certificate, key, current: Mutex::new((version, config)) }))
    }

    /// TLS with the pair as it is on disk now, or with the last that could be used.
    pub fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = match version(&self.certificate, &self.key) {
            Ok(seen) if seen == current.0 => return Arc::clone(&current.1),
            // In the middle of being replaced; looked at again with the next connection.
            Err(_) => return Arc::clone(&current.1),
            Ok(seen) => seen,
        };
        current.0 = seen;
        match read(&self.certificate, &self.key) {
            Ok(config) => {
                tracing::info!(file = %self.certificate.display(), "the page has a new certificate");
                current.1 = config;
            }
            Err(error) => tracing::warn!(%error, "the page keeps its old certificate"),
        }
        Arc::clone(&current.1)
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> PageCertificateError + '_ {
    move |source| PageCertificateError::File { path: path.to_owned(), source }
}

fn version(certificate: &Path, key: &Path) -> Result<Version, PageCertificateError> {
    let of = |path: &Path| {
        let file = fs::metadata(path).map_err(file_error(path))?;
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        let content = nanoseconds(file.mtime(), file.mtime_nsec());
        Ok((file.ino(), file.size(), content, nanoseconds(file.ctime(), file.ctime_nsec())))
    };
    Ok([of(certificate)?, of(key)?])
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, PageCertificateError> {
    let content = |path: &Path| fs::read(path).map_err(file_error(path));
    let unreadable = |path: &Path, what| PageCertificateError::Unreadable { path: path.to_owned(), what };
    let chain = CertificateDer::pem_slice_iter(&content(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| unreadable(certificate, "certificate"))?;
    let private =
        PrivateKeyDer::from_pem_slice(&content(key)?).map_err(|_| unreadable(key, "private key"))?;
    let unusable = |why| PageCertificateError::Unusable {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["loa.test".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn half_a_pair_is_refused_and_none_is_none() {
        let file = Path::new("/nowhere.pem");
        assert!(PageCertificate::open(None, None).unwrap().is_none());
        for (certificate, key) in [(Some(file), None), (None, Some(file))] {
            let error = PageCertificate::open(certificate, key).err().unwrap();
            assert!(error.to_string().contains("go together"), "{error}");
        }
    }

    #[test]
    fn a_pair_that_can_not_be_used_is_refused_with_the_name_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("page.pem"), folder.path().join("page.key"));
        let refused = |words: &[&str]| {
            let error = PageCertificate::open(Some(&certificate), Some(&key)).err().unwrap().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        };
        refused(&["page.pem", "No such file"]);
        let (pem, right_key) = pair();
        fs::write(&certificate, &pem).unwrap();
        fs::write(&key, "rubbish").unwrap();
        refused(&["page.key", "no private key"]);
        fs::write(&key, pair().1).unwrap();
        refused(&["page.pem", "page.key", "can't be used"]);
        fs::write(&key, &right_key).unwrap();
        fs::write(&certificate, &right_key).unwrap();
        refused(&["page.pem", "no certificate"]);
        fs::write(&certificate, &pem).unwrap();
        assert!(PageCertificate::open(Some(&certificate), Some(&key)).unwrap().is_some());
    }

    #[test]
    fn a_renewal_is_used_once_both_files_fit_and_the_old_pair_until_then() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("page.pem"), folder.path().join("page.key"));
        let write = |(pem, secret): (&str, &str)| {
            fs::write(&certificate, pem).unwrap();
            fs::write(&key, secret).unwrap();
        };
        let (old, new) = (pair(), pair());
        write((&old.0, &old.1));
        let page = PageCertificate::open(Some(&certificate), Some(&key)).unwrap().unwrap();
        let first = page.config();
        assert!(Arc::ptr_eq(&first, &page.config()), "nothing changed, nothing is read");
        fs::write(&certificate, &new.0).unwrap();
        assert!(Arc::ptr_eq(&first, &page.config()), "the key doesn't fit yet");
        fs::write(&key, &new.1).unwrap();
        let second = page.config();
        assert!(!Arc::ptr_eq(&first, &second));
        fs::remove_file(&key).unwrap();
        assert!(Arc::ptr_eq(&second, &page.config()), "a file that is gone changes nothing");
    }
}
