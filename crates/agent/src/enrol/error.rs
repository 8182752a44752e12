//! What can keep a node from being enrolled, in words for whoever stands at the pole, and as exit codes for whoever starts the program.
//!
//! The codes are documented in `docs/installer.md` and never change their meaning; `deploy/loa-agent-enrol.service` tries again after those that may
//! mend themselves.

use std::{error::Error, io};

use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError};

use crate::identity::IdentityError;

/// Why a node wasn't enrolled. Each says what the installer can do.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The server's address can't be used.
    #[error("{0:?} is not an address of the form https://HOST:PORT; copy the one on the page of the node")]
    BadAddress(String),
    /// Neither a claim file nor all of server, fingerprint and code.
    #[error(
        "there is no claim: give --server, --ca-fingerprint and --code as on the page of the node, or put the file loa-claim on the boot partition"
    )]
    NoClaim,
    /// Done before; nothing was changed.
    #[error(
        "this node is enrolled already, as {0}; nothing was changed. To enrol it anew, remove the folder `identity` in its data folder"
    )]
    AlreadyEnrolled(String),
    /// The broker doesn't know the code.
    #[error(
        "the broker doesn't know this claim code; compare it with the page of the node and type it again"
    )]
    WrongCode,
    /// The code was used.
    #[error("this claim code has been used; make a new one on the page of the node")]
    UsedCode,
    /// The code is too old, or a newer one was made.
    #[error("this claim code has expired, or a newer one was made; make a new one on the page of the node")]
    ExpiredCode,
    /// Another server answered, or the fingerprint was typed wrongly.
    #[error(
        "the server is not the one with this fingerprint, so the code was not sent. Compare fingerprint and address with the page of the node (its port is not that of the page). If both are right, someone else answers here: a Wi-Fi with a sign-in page, a filter, or an attacker"
    )]
    WrongFingerprint,
    /// The line broke.
    #[error("the connection to {server} broke: {why}. Look at the signal, and try again")]
    Broken {
        /// Where.
        server: String,
        /// What happened.
        why: String,
    },
    /// No protocol version that both know.
    #[error("this agent and the broker have no protocol version in common; update the older of the two")]
    Version,
    /// Too many tries.
    #[error("too many wrong codes were tried from here; wait a few minutes and try again")]
    TooManyAttempts,
    /// Any other answer.
    #[error("the broker refused: {0}. Its log says more")]
    Refused(String),
    /// The data folder can't be written, or its identity can't be read.
    #[error(
        "{0}. Look at the card, its free space and who owns the folder. The code is still good unless the broker says otherwise"
    )]
    Folder(#[from] IdentityError),
    /// A fault of this program or of the system's random numbers.
    #[error("the node's key can't be made: {0}")]
    Key(String),
    /// The name isn't found.
    #[error(
        "the name {name} can't be looked up: {why}. If the name is right, there is no network, or its DNS doesn't answer"
    )]
    NoName {
        /// Of the server.
        name: String,
        /// What the system says.
        why: String,
    },
    /// No way there.
    #[error("there is no network that leads to {server}: {why}. Look at cable, Wi-Fi or SIM")]
    NoNetwork {
        /// Where.
        server: String,
        /// What the system says.
        why: String,
    },
    /// Nothing listens.
    #[error(
        "nothing listens at {server}. Compare host and port with the page of the node; the broker may be off"
    )]
    NothingListens {
        /// Where.
        server: String,
    },
    /// No answer.
    #[error(
        "{server} doesn't answer. A firewall may stand in the way, the signal may be too weak, or the address is wrong"
    )]
    NoAnswer {
        /// Where.
        server: String,
    },
    /// The certificate isn't in force by this clock.
    #[error(
        "by this node's clock it is {now}, and then the server's certificate is not in force. If the clock is wrong, set it (it sets itself with a network: timedatectl); if it is right, the broker needs a restart for a new certificate"
    )]
    WrongClock {
        /// What this node takes the time to be.
        now: Timestamp,
    },
    /// Something answers that nodes don't enrol with.
    #[error(
        "what answers at {server} is not where nodes enrol: {why}. Copy the server from the page of the node; mind its port"
    )]
    NotForNodes {
        /// Where.
        server: String,
        /// How it is known.
        why: String,
    },
    /// The right broker, which doesn't go by this name.
    #[error(
        "the broker at {server} doesn't go by this name; copy the server from the page of the node, or give the broker this name with --public-name"
    )]
    OtherName {
        /// Where.
        server: String,
    },
    /// The claim file can't be used.
    #[error("the claim file {file} can't be used: {why}. Download it again from the page of the node")]
    BadClaimFile {
        /// Which.
        file: String,
        /// What is wrong.
        why: String,
    },
}

impl EnrolError {
    /// Exit code of the process: each cause has its own.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadAddress(_) | Self::NoClaim => 2,
            Self::AlreadyEnrolled(_) => 3,
            Self::WrongCode => 4,
            Self::UsedCode => 5,
            Self::ExpiredCode => 6,
            Self::WrongFingerprint => 7,
            Self::Broken { .. } => 8,
            Self::Version => 9,
            Self::TooManyAttempts => 10,
            Self::Refused(_) => 11,
            Self::Folder(_) | Self::Key(_) => 12,
            Self::NoName { .. } => 13,
            Self::NoNetwork { .. } => 14,
            Self::NothingListens { .. } => 15,
            Self::NoAnswer { .. } => 16,
            Self::WrongClock { .. } => 17,
            Self::NotForNodes { .. } => 18,
            Self::BadClaimFile { .. } => 19,
            Self::OtherName { .. } => 20,
        }
    }

    /// What became of a connection to `server` at `now`.
    pub(super) fn of_connection(error: &reqwest::Error, server: &str, now: Timestamp) -> Self {
        let server = server.to_owned();
        if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::of_tls(tls, server, now);
        }
        if error.is_timeout() {
            return Self::NoAnswer { server };
        }
        let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
        match io {
            Some(io) => Self::of_io(io, server),
            None => Self::Broken { server, why: innermost(error) },
        }
    }

    fn of_tls(error: &rustls::Error, server: String, now: Timestamp) -> Self {
        use CertificateError as C;
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. } => {
                    Self::WrongClock { now }
                }
                C::NotValidForName | C::NotValidForNameContext { .. } => Self::OtherName { server },
                _ => Self::WrongFingerprint,
            },
            rustls::Error::InvalidMessage(_) => {
                Self::NotForNodes { server, why: "it doesn't speak TLS".into() }
            }
            rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
                Self::NotForNodes { server, why: "it asks for a certificate; it may be the MQTT port".into() }
            }
            other => Self::NotForNodes { server, why: other.to_string() },
        }
    }

    fn of_io(error: &io::Error, server: String) -> Self {
        use io::ErrorKind as K;
        let why = error.to_string();
        match error.kind() {
            K::ConnectionRefused => Self::NothingListens { server },
            K::NetworkUnreachable | K::HostUnreachable | K::NetworkDown | K::AddrNotAvailable => {
                Self::NoNetwork { server, why }
            }
            K::TimedOut => Self::NoAnswer { server },
            _ => Self::Broken { server, why },
        }
    }
}

/// An error and all that it wraps, also what an [`io::Error`] holds without calling it its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// The cause that says most: `reqwest` wraps it thrice.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
