//! How a node comes to be trusted, and the listener that nodes talk HTTP to: TLS with the broker's own CA, four routes.
//!
//! `POST /enrolments` takes a claim code and gives a certificate; to a node that shows one in force `GET /clips/HASH` gives a clip, `GET
//! /releases/HASH` a program of the agent, and `POST /renew` a new certificate.

use std::{io::SeekFrom, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use loa_protocol::{
    ClipHash, ReleaseHash,
    enrolment::{EnrolmentRequest, EnrolmentResponse, RenewalRequest, RenewalResponse, canonical_code},
    version::VersionRange,
};
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt},
    net::TcpListener,
};
use tokio_util::{io::ReaderStream, sync::CancellationToken};

use crate::{
    app::App,
    audit,
    http::problem::{Code, Problem},
    https,
    identity::{IdentityError, NodePeer, node_of},
    people::network,
    releases, secrets,
    store::{Claimed, Given},
};

const REQUEST_BYTES: usize = 16 * 1024;

/// Where nodes are told to go; known once everything listens.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// `host:port` of MQTT.
    pub mqtt: String,
    /// `https://host:port/` of this listener.
    pub http: String,
}

/// Who asks, by certificate and by address.
#[derive(Clone)]
struct Peer {
    node: Option<NodePeer>,
    address: SocketAddr,
}

/// Serves nodes until told to stop.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    stop: CancellationToken,
) {
    let routes = Router::new()
        .route("/enrolments", post(enrol))
        .route("/renew", post(renew))
        .route("/clips/{hash}", get(clip))
        .route("/releases/{hash}", get(release))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES))
        .with_state(app);
    let for_peer = move |connection: &rustls::ServerConnection, address| {
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        routes.clone().layer(Extension(Peer { node: certificate.and_then(node_of), address }))
    };
    https::serve(listener, move || Arc::clone(&tls), for_peer, stop).await;
}

async fn enrol(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<EnrolmentRequest>,
) -> Result<Json<EnrolmentResponse>, Problem> {
    let who = network(peer.address.ip());
    if let Some(wait) = app.claims.wait(&who, app.clock.monotonic()) {
        return Err(too_soon(wait));
    }
    let Some(protocol) = VersionRange::OURS.common(request.protocol) else {
        return Err(Problem::new(Code::NoCommonVersion));
    };
    let now = app.now();
    // The request is tried before the code is used up: an agent's mistake must not cost the installer the code.
    let probe = "probe".parse().map_err(|_| Problem::new(Code::Internal))?;
    let life = app.settings.node_certificate_life();
    app.identity.sign_node(&request.csr_pem, &probe, now, life).map_err(refused)?;
    let attempt = app.claims.begin(&who, app.clock.monotonic()).map_err(too_soon)?;
    let node = match app.store.use_claim(&secrets::hash(&canonical_code(&request.code)), now).await? {
        Claimed::Node(node) => node,
        Claimed::Unknown => return Err(Problem::new(Code::ClaimUnknown)),
        known @ (Claimed::Used | Claimed::Expired) => {
            // Somebody was given it: no guess.
            app.claims.take_back(&attempt);
            let used = known == Claimed::Used;
            return Err(Problem::new(if used { Code::ClaimUsed } else { Code::ClaimExpired }));
        }
    };
    app.claims.succeeded(&who);
    let certificate = app.identity.sign_node(&request.csr_pem, &node, now, life).map_err(refused)?;
    let before = app.store.newest_certificate(&node).await?;
    let ca = app.identity.certifying_fingerprint();
    let given = Given { serial: &certificate.serial, ca: &ca, at: now };
    if !app.store.node_enrolled(&node, given).await? {
        // Revoked at this very moment.
        return Err(Problem::new(Code::ClaimExpired));
    }
    app.presence.forget(&node);
    // A certificate given before no longer counts; nor does a connection made with it.
    if let Err(error) = app.bus.disconnect_client(node.as_str()).await {
        tracing::debug!(%node, %error, "an earlier connection was not cut");
    }
    app.plans_changed.notify_one();
    let row = app.store.node(&node).await?.ok_or_else(|| Problem::new(Code::Internal))?;
    let areas = app.store.path_of(&row.hamlet).await?;
    tracing::info!(%node, name = row.name, "a node was enrolled");
    let details = serde_json::json!({ "serial": certificate.serial, "replaces": before });
    audit::happened(&app, &row.name, "node.enrolled", format!("/nodes/{node}"), details).await;
    if let Err(error) = crate::nodes::tell_node(&app, &node).await {
        tracing::debug!(%error, "open pages were not told");
    }
    Ok(Json(EnrolmentResponse {
        node,
        areas,
        certificate_pem: certificate.pem,
        ca_pem: app.identity.trusted_pem(),
        authority: app.identity.authority(),
        mqtt: app.addresses.mqtt.clone(),
        http: app.addresses.http.clone(),
        now,
        protocol,
    }))
}

fn too_soon(wait: Duration) -> Problem {
    Problem::new(Code::TooManyTries).with("retry_after_s", wait.as_secs().max(1))
}

fn refused(error: IdentityError) -> Problem {
    match error {
        IdentityError::Request(_) => Problem::new(Code::InvalidCertificateRequest),
        error => Problem::internal(&error),
    }
}

/// The node that asks, if it shows a certificate in force.
async fn in_force<'a>(app: &App, peer: &'a Peer) -> Result<&'a NodePeer, Problem> {
    let forbidden = || Problem::new(Code::Forbidden);
    let peer = peer.node.as_ref().ok_or_else(forbidden)?;
    if app.store.certificate_counts(&peer.node, &peer.serial).await? { Ok(peer) } else { Err(forbidden()) }
}

/// A new certificate for a new key. The one shown stays good until it ends, so that an answer lost on the way strands nobody.
async fn renew(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<RenewalRequest>,
) -> Result<Json<RenewalResponse>, Problem> {
    let peer = in_force(&app, &peer).await?;
    let (now, life) = (app.now(), app.settings.node_certificate_life());
    let certificate = app.identity.sign_node(&request.csr_pem, &peer.node, now, life).map_err(refused)?;
    let ca = app.identity.certifying_fingerprint();
    let given = Given { serial: &certificate.serial, ca: &ca, at: now };
    if !app.store.node_renewed(&peer.node, given).await? {
        return Err(Problem::new(Code::Forbidden));
    }
    tracing::info!(node = %peer.node, "a node renewed its certificate");
    let ca_pem = Some(app.identity.trusted_pem());
    Ok(Json(RenewalResponse { certificate_pem: certificate.pem, ca_pem, now }))
}

async fn clip(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    in_force(&app, &peer).await?;
    let hash: ClipHash = hash.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let common = [(header::CONTENT_TYPE, "audio/ogg"), (header::ACCEPT_RANGES, "bytes")];
    let Some((first, last)) = range(&headers) else {
        return Ok((StatusCode::OK, common, app.clips.read(&hash).await?).into_response());
    };
    let whole = app.clips.size(&hash).await?;
    let Some(end) = end(first, last, whole) else { return Ok(unsatisfiable(whole)) };
    let part = app.clips.read_part(&hash, first..end).await?;
    let place = [
        (header::CONTENT_RANGE, format!("bytes {first}-{}/{whole}", end - 1)),
        (header::CONTENT_LENGTH, (end - first).to_string()),
    ];
    Ok((StatusCode::PARTIAL_CONTENT, common, place, Body::from_stream(part)).into_response())
}

/// A release's program. Read from the disk part by part, and checked by the node.
async fn release(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    in_force(&app, &peer).await?;
    let hash: ReleaseHash = hash.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let path = releases::file_of(&app.settings.data, &hash);
    let mut file = tokio::fs::File::open(path).await.map_err(|_| Problem::new(Code::NotFound))?;
    let failed = |error: std::io::Error| Problem::internal(&error);
    let whole = file.metadata().await.map_err(failed)?.len();
    let common = [(header::CONTENT_TYPE, "application/octet-stream"), (header::ACCEPT_RANGES, "bytes")];
    let (first, last) = range(&headers).unwrap_or((0, None));
    let Some(end) = end(first, last, whole) else { return Ok(unsatisfiable(whole)) };
    file.seek(SeekFrom::Start(first)).await.map_err(failed)?;
    let part = Body::from_stream(ReaderStream::new(file.take(end - first)));
    let length = [(header::CONTENT_LENGTH, (end - first).to_string())];
    if range(&headers).is_none() {
        return Ok((StatusCode::OK, common, length, part).into_response());
    }
    let place = [(header::CONTENT_RANGE, format!("bytes {first}-{}/{whole}", end - 1))];
    Ok((StatusCode::PARTIAL_CONTENT, common, length, place, part).into_response())
}

/// Where the bytes asked for end, of so many; none when they would begin after all there is.
fn end(first: u64, last: Option<u64>, whole: u64) -> Option<u64> {
    (first < whole).then(|| last.map_or(whole, |last| last.saturating_add(1).min(whole)))
}

fn unsatisfiable(whole: u64) -> Response {
    let place = [(header::CONTENT_RANGE, format!("bytes */{whole}"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, place).into_response()
}

/// Which bytes a node that has the beginning of a clip wants: `bytes=N-` or `bytes=N-M`. Other ranges are not understood and get the whole
/// (RFC 9110, section 14.2).
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (first, last) = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok()?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    last.is_none_or(|last| first <= last).then_some((first, last))
}
