//! What operators' tools ask: is it well, how is it doing, what can be asked.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;

use super::problem::{Code, Problem};
use crate::app::App;

/// `/healthz`, `/metrics`, `/openapi.json`.
pub fn routes(metrics: PrometheusHandle) -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(health))
        .route("/openapi.json", get(|| async { axum::Json(super::openapi()) }))
        .route(
            "/metrics",
            get(move |peer, headers: HeaderMap| std::future::ready(figures(peer, &headers, &metrics))),
        )
}

async fn health(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    app.store.ping().await?;
    if *app.bus.connected().borrow() {
        let status = if app.disk.takes() { "ok" } else { "degraded" };
        Ok(axum::Json(serde_json::json!({ "status": status })).into_response())
    } else {
        Err(Problem::new(Code::NodesUnreachable))
    }
}

/// Only for the machine itself, and not for what a proxy on it passes on: figures tell strangers much.
fn figures(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: &HeaderMap,
    metrics: &PrometheusHandle,
) -> Result<String, Problem> {
    let passed_on = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    if peer.ip().is_loopback() && !passed_on {
        Ok(metrics.render())
    } else {
        Err(Problem::new(Code::Forbidden))
    }
}
