//! From a server's name to a byte stream: DNS, TCP, TLS, each failure with its own reason, every byte counted.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::time_provider::TimeProvider;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::{TlsConnector, rustls::ClientConfig};

use super::config::{ClientError, ServerAddress};
use super::reason::{DisconnectReason, WireError};
use super::{Traffic, lock};
use crate::tls::{self, TlsIdentity};

/// Longest TCP handshake with one address before the next is tried.
const ADDRESS_LIMIT: Duration = Duration::from_secs(8);
/// Sent bytes unacknowledged for so long mean a dead path; the kernel then ends the connection (RFC 5482).
#[cfg(target_os = "linux")]
const DEAD_PATH: Duration = Duration::from_secs(30);

/// Bytes since start, over all connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters(Arc<(AtomicU64, AtomicU64)>);

impl Counters {
    pub(super) fn read(&self) -> Traffic {
        Traffic { sent: self.0.0.load(Ordering::Relaxed), received: self.0.1.load(Ordering::Relaxed) }
    }
}

/// The TLS configuration in force; may be replaced between connections.
#[derive(Clone)]
pub(super) struct Identity {
    config: Arc<Mutex<Option<Arc<ClientConfig>>>>,
    time: Option<Arc<dyn TimeProvider>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn new(
        identity: Option<&TlsIdentity>,
        time: Option<Arc<dyn TimeProvider>>,
    ) -> Result<Self, ClientError> {
        let config = identity.map(|identity| tls::client_config(identity, time.as_ref())).transpose()?;
        Ok(Self { config: Arc::new(Mutex::new(config)), time })
    }

    pub(super) fn replace(&self, identity: &TlsIdentity) -> Result<(), ClientError> {
        let config = tls::client_config(identity, self.time.as_ref())?;
        *lock(&self.config) = Some(config);
        Ok(())
    }

    fn current(&self) -> Option<Arc<ClientConfig>> {
        lock(&self.config).clone()
    }
}

pub(super) async fn connect(
    server: ServerAddress,
    identity: Identity,
    counters: Counters,
) -> io::Result<Wire> {
    let tcp = connect_tcp(&server).await.map_err(WireError)?;
    let tcp = Counted { tcp, counters };
    if !server.tls {
        return Ok(Wire::new(tcp));
    }
    let unusable = |detail: &str| WireError(DisconnectReason::Tls(detail.to_owned()));
    let config = identity.current().ok_or_else(|| unusable("no certificate"))?;
    let name = ServerName::try_from(server.host).map_err(|_| unusable("the server's name is not one"))?;
    match TlsConnector::from(config).connect(name, tcp).await {
        Ok(tls) => Ok(Wire::new(tls)),
        Err(error) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            let reason = match tls {
                Some(tls) => DisconnectReason::of_tls(tls),
                None => DisconnectReason::Tls(error.to_string()),
            };
            Err(WireError(reason).into())
        }
    }
}

async fn connect_tcp(server: &ServerAddress) -> Result<TcpStream, DisconnectReason> {
    let unresolved = |detail: String| DisconnectReason::NameNotResolved { host: server.host.clone(), detail };
    let addresses =
        lookup_host((server.host.as_str(), server.port)).await.map_err(|e| unresolved(e.to_string()))?;
    let mut last = unresolved("no address".to_owned());
    for address in addresses {
        last = match tokio::time::timeout(ADDRESS_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => match tune(&tcp) {
                Ok(()) => return Ok(tcp),
                Err(error) => DisconnectReason::Unreachable(error.to_string()),
            },
            Ok(Err(error)) => DisconnectReason::Unreachable(format!("{address}: {error}")),
            Err(_) => DisconnectReason::Unreachable(format!("{address}: no answer")),
        };
    }
    Err(last)
}

fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(tcp).set_tcp_user_timeout(Some(DEAD_PATH))?;
    Ok(())
}

/// A TCP stream that counts.
#[derive(Debug)]
pub(super) struct Counted {
    tcp: TcpStream,
    counters: Counters,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buf);
        self.counters.0.1.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = polled {
            self.counters.0.0.fetch_add(written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// What the event loop reads and writes. It also remembers the server's last words: the event loop overlooks a
/// DISCONNECT without properties (three bytes, which section 3.14.2.2 allows), and with it the reason of the end.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    last: [u8; 3],
}

impl Wire {
    fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), last: [0; 3] }
    }

    fn note(&mut self, read: &[u8]) {
        for byte in &read[read.len().saturating_sub(self.last.len())..] {
            self.last.rotate_left(1);
            self.last[2] = *byte;
        }
    }

    /// The reason of the end, when the last thing read was such a DISCONNECT.
    fn last_words(&self) -> Option<WireError> {
        const DISCONNECT: u8 = 0xE0;
        let [DISCONNECT, 1, code] = self.last else { return None };
        let code = rumqttc::DisconnectReasonCode::try_from(code).ok()?;
        Some(WireError(DisconnectReason::of_server(code, None)))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        let read = &buf.filled()[before..];
        let ended = match &polled {
            Ok(()) => read.is_empty() && buf.remaining() > 0,
            Err(_) => true,
        };
        self.note(read);
        match self.last_words() {
            Some(reason) if ended => Poll::Ready(Err(reason.into())),
            _ => Poll::Ready(polled),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn end_after(words: &[&[u8]]) -> io::Result<usize> {
        let (mut server, client) = tokio::io::duplex(64);
        let mut wire = Wire::new(client);
        for word in words {
            server.write_all(word).await.unwrap();
        }
        drop(server);
        wire.read_to_end(&mut Vec::new()).await
    }

    #[tokio::test]
    async fn the_servers_last_words_are_remembered_however_they_come() {
        for words in [&[&[0xE0, 1, 0x8E][..]][..], &[&[0x30, 2, 9, 9, 0xE0], &[1], &[0x8E]]] {
            let error = end_after(words).await.unwrap_err();
            assert_eq!(DisconnectReason::of_io(&error), DisconnectReason::TakenOver);
        }
        assert_eq!(end_after(&[&[0x30, 2, 9, 9]]).await.unwrap(), 4, "an end without a word is just an end");
    }
}
