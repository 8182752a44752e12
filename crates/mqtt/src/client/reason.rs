//! Why there is no connection, told apart so that the installer on the pole knows whom to call.

use std::error::Error;
use std::io;

use rumqttc::{ConnectionError, DisconnectReasonCode, StateError};
use rustls::AlertDescription;

/// Why there is no connection now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectReason {
    /// Nothing was tried yet.
    #[error("starting")]
    Starting,
    /// The server's name has no address: wrong name, or no working DNS on this network.
    #[error("the name {host} can't be resolved: {detail}")]
    NameNotResolved {
        /// The name.
        host: String,
        /// The resolver's words.
        detail: String,
    },
    /// No TCP connection: no network, a firewall, or the server is down.
    #[error("the server can't be reached: {0}")]
    Unreachable(String),
    /// The server's certificate is not of our authority, not for this name, or out of date (or our clock is wrong).
    #[error("the server's certificate is not trusted: {0}")]
    ServerNotTrusted(String),
    /// The server refused our certificate in the handshake: enrol again.
    #[error("the server refused our certificate: {0}")]
    CertificateRefused(String),
    /// The TLS handshake failed otherwise; often it isn't a TLS server.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server refused the login: revoked, unknown, or another's client id.
    #[error("the server refused the login: {0}")]
    LoginRefused(String),
    /// Another connection with the same client id took the session: two nodes with one identity.
    #[error("another connection with the same identity took over")]
    TakenOver,
    /// The server closed the connection and said why.
    #[error("the server closed the connection: {0}")]
    ServerClosed(String),
    /// The connection broke, or the server went away without a word.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The peer doesn't keep to MQTT 5.
    #[error("protocol error: {0}")]
    Protocol(String),
    /// A new connection was asked for.
    #[error("reconnecting as asked")]
    Reconnecting,
    /// The link was shut down; nothing follows.
    #[error("stopped")]
    Stopped,
}

/// Carries a reason through an [`io::Error`], from our connector to the event loop's caller.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct WireError(pub(super) DisconnectReason);

impl From<WireError> for io::Error {
    fn from(error: WireError) -> Self {
        io::Error::other(error)
    }
}

impl DisconnectReason {
    pub(super) fn of(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::Io(error) => Self::of_io(error),
            ConnectionError::Timeout(_) => Self::TimedOut,
            ConnectionError::ConnectionRefused(code) => Self::LoginRefused(format!("{code:?}")),
            ConnectionError::MqttState(error) => Self::of_state(error),
            ConnectionError::RequestsDone => Self::Stopped,
            other => Self::Protocol(other.to_string()),
        }
    }

    fn of_state(error: &StateError) -> Self {
        match error {
            StateError::ServerDisconnect { reason_code, reason_string } => {
                Self::of_server(*reason_code, reason_string.as_deref())
            }
            StateError::AwaitPingResp => Self::TimedOut,
            StateError::ConnectionAborted => Self::Lost("closed by the peer".to_owned()),
            StateError::Io(error) | StateError::Deserialization(rumqttc::Error::Io(error)) => {
                Self::of_io(error)
            }
            other => Self::Protocol(other.to_string()),
        }
    }

    /// The server's own words.
    pub(super) fn of_server(code: DisconnectReasonCode, words: Option<&str>) -> Self {
        match (code, words) {
            (DisconnectReasonCode::SessionTakenOver, _) => Self::TakenOver,
            (code, Some(words)) => Self::ServerClosed(format!("{code:?}: {words}")),
            (code, None) => Self::ServerClosed(format!("{code:?}")),
        }
    }

    pub(super) fn of_io(error: &io::Error) -> Self {
        let inner = error.get_ref();
        if let Some(WireError(reason)) = inner.and_then(|inner| inner.downcast_ref()) {
            return reason.clone();
        }
        if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::of_tls(tls);
        }
        if error.kind() == io::ErrorKind::TimedOut { Self::TimedOut } else { Self::Lost(words(error)) }
    }

    pub(super) fn of_tls(error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        match error {
            rustls::Error::InvalidCertificate(detail) => Self::ServerNotTrusted(detail.to_string()),
            rustls::Error::AlertReceived(
                alert @ (Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::CertificateRequired
                | Alert::UnknownCA
                | Alert::DecryptError
                | Alert::AccessDenied),
            ) => Self::CertificateRefused(format!("{alert:?}")),
            other => Self::Tls(other.to_string()),
        }
    }
}

/// An error with the innermost cause, without repeating itself.
fn words(error: &io::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_an_installer_acts_on_are_told_apart() {
        let refused = io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::AlertReceived(AlertDescription::CertificateUnknown),
        );
        let wrapped = ConnectionError::MqttState(StateError::Deserialization(rumqttc::Error::Io(refused)));
        assert!(matches!(DisconnectReason::of(&wrapped), DisconnectReason::CertificateRefused(_)));

        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(matches!(DisconnectReason::of_tls(&untrusted), DisconnectReason::ServerNotTrusted(_)));

        let dns = DisconnectReason::NameNotResolved { host: "x".into(), detail: "none".into() };
        let carried = ConnectionError::Io(WireError(dns.clone()).into());
        assert_eq!(DisconnectReason::of(&carried), dns);

        let banned = ConnectionError::ConnectionRefused(rumqttc::ConnectReturnCode::Banned);
        assert_eq!(DisconnectReason::of(&banned), DisconnectReason::LoginRefused("Banned".into()));
    }
}
