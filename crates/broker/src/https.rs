//! HTTP over TLS: accept, shake hands in time, serve. Each connection has its own task from the first byte, so that a silent client
//! holds up nobody.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::{ServerConfig, ServerConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Longest TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Longest wait for the next request of a connection, and for the whole of its head.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after the system refused to accept (out of file handles, mostly), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until told to stop; then no new request is taken, and answers that have begun are ended. `tls` is asked for each connection
/// anew; `routes` learns who it is.
pub async fn serve(
    listener: TcpListener,
    tls: impl Fn() -> Arc<ServerConfig>,
    routes: impl Fn(&ServerConnection, SocketAddr) -> Router + Clone + Send + 'static,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                connections.spawn(connection(tls(), stream, address, routes.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(
    tls: Arc<ServerConfig>,
    stream: TcpStream,
    address: SocketAddr,
    routes: impl Fn(&ServerConnection, SocketAddr) -> Router,
    stop: CancellationToken,
) {
    // Without it the last packet of an answer waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)) => shaken,
        () = stop.cancelled() => return,
    };
    let Ok(Ok(stream)) = shaken else {
        tracing::debug!(%address, "no TLS with a client");
        return;
    };
    let service = TowerToHyperService::new(routes(stream.get_ref().1, address));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(IDLE);
    let serving = server.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%address, %error, "a connection broke");
    }
}
