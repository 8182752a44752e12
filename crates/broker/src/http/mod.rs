//! HTTP for people: the API under `/api/v1`, the page, and what operators watch.
//!
//! This module is the whole route table; [`access`] says who may call what of it, and a test enumerates all.

pub mod access;
pub mod account;
pub mod approvals;
pub mod areas;
pub mod audit;
pub mod bearer;
pub mod broadcasts;
pub mod bulletins;
pub mod calendars;
pub mod commissioning;
pub mod days;
pub mod events;
pub mod extract;
pub mod form;
pub mod inbox;
pub mod latches;
pub mod log;
pub mod members;
pub mod nodes;
pub mod page;
pub mod people;
pub mod policies;
pub mod problem;
pub mod programme;
pub mod releases;
pub mod reports;
pub mod sessions;
pub mod sound;
pub mod sources;
pub mod view;
pub mod watch;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::problem::{Code, Problem};
use crate::app::App;

/// No script, style or frame but our own; sound from our own addresses.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For a year from each visit a browser comes by HTTPS only (RFC 6797), for this host and no other.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Loa",
        description = "A commune's loudspeakers: bulletins, broadcasts, nodes. Times are RFC 3339 in UTC. \
        Errors are application/problem+json with a stable code. Sign in for a session cookie.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(view::broadcasts::AiringProgress))
)]
struct Description;

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::setup_state, sessions::set_up))
        .routes(routes!(sessions::session, sessions::sign_in, sessions::sign_out))
        .routes(routes!(people::list))
        .routes(routes!(people::invitations, people::invite))
        .routes(routes!(people::uninvite))
        .routes(routes!(members::set_grants))
        .routes(routes!(members::deactivate))
        .routes(routes!(members::reactivate))
        .routes(routes!(members::reset))
        .routes(routes!(members::drop_two_step))
        .routes(routes!(members::sessions, members::end_sessions))
        .routes(routes!(account::change_password))
        .routes(routes!(account::sessions))
        .routes(routes!(account::end_session))
        .routes(routes!(account::begin_two_step))
        .routes(routes!(account::confirm_two_step))
        .routes(routes!(account::drop_two_step))
        .routes(routes!(account::reset))
        .routes(routes!(people::look))
        .routes(routes!(people::accept))
        .routes(routes!(areas::list, areas::add))
        .routes(routes!(areas::rename))
        .routes(routes!(nodes::list, nodes::add))
        .routes(routes!(nodes::one, nodes::change))
        .routes(routes!(nodes::claim))
        .routes(routes!(nodes::revoke))
        .routes(routes!(nodes::retire))
        .routes(routes!(nodes::identify))
        .routes(routes!(nodes::test_tone))
        .routes(routes!(commissioning::one, commissioning::write))
        .routes(routes!(commissioning::photo, commissioning::take_photo))
        .routes(routes!(commissioning::spoken_test))
        .routes(routes!(commissioning::sign))
        .routes(routes!(sound::voices))
        .routes(routes!(sound::reading))
        .routes(routes!(sound::speak))
        .routes(routes!(sound::clip))
        .routes(routes!(bulletins::list, bulletins::add))
        .routes(routes!(bulletins::one))
        .routes(routes!(approvals::waiting))
        .routes(routes!(approvals::submit))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::give_back))
        .routes(routes!(broadcasts::list, broadcasts::add))
        .routes(routes!(broadcasts::one))
        .routes(routes!(broadcasts::stop))
        .routes(routes!(latches::stop_everything))
        .routes(routes!(latches::list))
        .routes(routes!(latches::release))
        .routes(routes!(programme::preview))
        .routes(routes!(programme::list, programme::add))
        .routes(routes!(programme::one, programme::change, programme::remove))
        .routes(routes!(programme::order))
        .routes(routes!(days::week))
        .routes(routes!(days::day))
        .routes(routes!(days::alarms))
        .routes(routes!(policies::one, policies::set, policies::remove))
        .routes(routes!(events::events))
        .routes(routes!(inbox::list))
        .routes(routes!(inbox::outcome))
        .routes(routes!(inbox::schedule))
        .routes(routes!(inbox::play))
        .routes(routes!(inbox::decline))
        .routes(routes!(sources::list, sources::add))
        .routes(routes!(sources::revoke))
        .routes(routes!(releases::list))
        .routes(routes!(releases::begin))
        .routes(routes!(releases::step))
        .routes(routes!(reports::month))
        .routes(routes!(reports::month_csv))
        .routes(routes!(reports::month_xlsx))
        .routes(routes!(calendars::list, calendars::add))
        .routes(routes!(calendars::revoke))
        .routes(routes!(log::log))
        .routes(routes!(log::log_csv))
        .layer(DefaultBodyLimit::max(extract::BODY_BYTES))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(sound::upload))
                .routes(routes!(inbox::receive))
                // They count for themselves, so that they can let a sender finish before they say no.
                .layer(DefaultBodyLimit::disable()),
        )
}

/// The description of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    // Nesting keeps the outer description, so that is where the words are.
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", api()).into_openapi()
}

/// Everything people's browsers and operators' tools can ask.
pub fn router(app: Arc<App>, metrics: metrics_exporter_prometheus::PrometheusHandle) -> Router {
    let (api, _) = api().split_for_parts();
    let gate = middleware::from_fn_with_state(Arc::clone(&app), access::gate);
    let kept = middleware::from_fn_with_state(Arc::clone(&app), audit::keep);
    let api = api.method_not_allowed_fallback(not_this_way).layer(kept).layer(gate);
    let secure = app.settings.page_is_secure().then(|| HeaderValue::from_static(TRANSPORT_SECURITY));
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    Router::new()
        .nest("/api/v1", api)
        .merge(watch::routes(metrics))
        .merge(calendars::feed_routes())
        .fallback(page::page)
        .with_state(app)
        .layer(middleware::from_fn(own_pages_only))
        .layer(CompressionLayer::new())
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::STRICT_TRANSPORT_SECURITY,
            move |_: &Response| secure.clone(),
        ))
        .layer(fixed(
            HeaderName::from_static("permissions-policy"),
            "microphone=(self), geolocation=(self), camera=()",
        ))
}

async fn not_this_way() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}

/// Whatever may change something must come from our own page, or from no page at all.
async fn own_pages_only(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || extract::is_same_origin(&request) {
        next.run(request).await
    } else {
        Problem::new(Code::ForeignOrigin).into_response()
    }
}

/// A text a person typed: trimmed, not empty, at most so many characters, no control characters.
fn text_field(name: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    let characters = text.chars().count();
    if characters == 0 || characters > most || text.chars().any(char::is_control) {
        return Err(Problem::field(name).with("most", most));
    }
    Ok(text.to_owned())
}
