//! Server-sent events: what happens, as it happens.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{self, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt, stream};
use tokio_stream::wrappers::BroadcastStream;

use super::{extract::SignedIn, problem::ProblemBody};
use crate::app::App;

/// Short enough for a carrier's address translation to keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events `node` (Node), `airing` (`AiringProgress`), `broadcast` (Broadcast), `latches` (Latches), `alarms` (Alarms), `inbox` (an `InboxItem` as `item`), and `programme`, which is
/// empty: something of the programme, a policy or a latch changed, or airings are due. The first is `hello`; after it, ask for everything
/// once. The stream ends when the page is too slow to follow; the browser then comes back by itself.
#[utoipa::path(get, path = "/events", tag = "events",
    responses((status = 200, content_type = "text/event-stream"), (status = 401, body = ProblemBody)))]
pub async fn events(
    State(app): State<Arc<App>>,
    _: SignedIn,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>> + use<>> {
    let hello = stream::iter([Ok(sse::Event::default().event("hello").data("{}"))]);
    let happening = BroadcastStream::new(app.events.listen())
        .take_while(|event| std::future::ready(event.is_ok()))
        .filter_map(|event| std::future::ready(event.ok()))
        .map(|event| Ok(sse::Event::default().event(event.name).data(event.body.to_string())))
        .take_until(app.stopping.clone().cancelled_owned());
    Sse::new(hello.chain(happening)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
