//! The TLS door: accept, prove the certificate in time, ask for consent, hand over to the MQTT engine.
//!
//! Each connection is a task of its own from the first byte: a silent or slow one delays nobody else.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use mqtt5::broker::client_handler::ClientHandler;
use mqtt5::broker::tls_acceptor::TlsStreamWrapper;
use mqtt5::broker::transport::BrokerTransport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::Place;
use super::provider::NodeProvider;
use super::{CertificateIdentity, Core};

/// Pause after the system refused to accept (out of file handles, mostly), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a refused peer may take to read why.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) async fn keep(core: Arc<Core>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = core.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, address)) => {
                let Some(place) = core.connections.enter(address.ip()) else {
                    tracing::warn!(%address, "connection refused: no place left");
                    continue;
                };
                core.tasks.spawn(receive(Arc::clone(&core), tcp, address, place));
            }
            Err(error) => {
                tracing::warn!(%error, "the system accepts no connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn receive(core: Arc<Core>, tcp: TcpStream, address: SocketAddr, mut place: Place) {
    let shaken = tokio::select! {
        () = core.stop.cancelled() => return,
        shaken = tokio::time::timeout(core.config.handshake_limit, shake_hands(&core, tcp)) => shaken,
    };
    let stream = match shaken {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(%address, %error, "TLS handshake failed"),
        Err(_) => return tracing::info!(%address, "TLS handshake not finished in time"),
    };
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let Some(who) = leaf.and_then(CertificateIdentity::read) else {
        return tracing::warn!(%address, "login refused: the certificate names no node");
    };
    let ending = place.name(&who.node_id);
    let engine = serve(&core, stream, address, who, ending.polite.subscribe());
    let ask_to_end = async {
        core.stop.cancelled().await;
        // The engine says goodbye and writes the session down; shutdown waits for that, but not for ever.
        let _ = ending.polite.send(());
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = engine => {}
        () = ending.torn.cancelled() => tracing::warn!(%address, "connection torn down"),
        () = ask_to_end => {}
    }
    drop(place);
}

async fn shake_hands(core: &Core, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    tcp.set_nodelay(true)?;
    let config = Arc::clone(&core.tls.read().unwrap_or_else(PoisonError::into_inner));
    match TlsAcceptor::from(config).accept(tcp).into_fallible().await {
        Ok(stream) => Ok(stream),
        Err((error, tcp)) => {
            let _ = tokio::time::timeout(LAST_WORDS, let_read(tcp)).await;
            Err(error)
        }
    }
}

/// Closes so that the peer can read the alert: what it sent meanwhile, unread, would reset the connection.
async fn let_read(mut tcp: TcpStream) {
    let mut rest = [0; 4096];
    if tcp.shutdown().await.is_ok() {
        while matches!(tcp.read(&mut rest).await, Ok(1..)) {}
    }
}

async fn serve(
    core: &Core,
    stream: TlsStream<TcpStream>,
    address: SocketAddr,
    who: CertificateIdentity,
    end: tokio::sync::broadcast::Receiver<()>,
) {
    let admitted = core.config.admission.admit(&who).await;
    let provider = NodeProvider { who, admitted, rules: Arc::clone(&core.config.rules) };
    let node = provider.who.node_id.clone();
    let handler = ClientHandler::new(
        BrokerTransport::tls(TlsStreamWrapper::new(stream)),
        address,
        Arc::clone(&core.broker),
        Arc::clone(&core.router),
        Arc::new(provider),
        Some(Arc::clone(&core.storage)),
        Arc::clone(&core.stats),
        Arc::clone(&core.monitor),
        end,
    );
    match handler.run().await {
        Ok(()) => tracing::debug!(node, "connection ended"),
        Err(error) => tracing::debug!(node, %error, "connection ended"),
    }
}
