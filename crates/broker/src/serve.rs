//! Starting, serving, stopping in order.
//!
//! Everything that can refuse to start does so before anybody is told to come. The last thing before *ready* is to let nodes in, when
//! somebody already listens to what they say.

use std::{
    fs::DirBuilder, net::SocketAddr, num::NonZeroUsize, os::unix::fs::DirBuilderExt, sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::{Extension, Router, extract::ConnectInfo};
use loa_mqtt::Subscription;
use loa_protocol::{Clock, SystemClock, topic};
use loa_speech::{Espeak, Speech};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    alive::{Supervisor, Vital},
    app::App,
    audit::HeadFile,
    clips::ClipFolder,
    config::Settings,
    disk::{self, Disk},
    dispatch,
    enrolment::{self, Addresses},
    events::Events,
    http, https,
    identity::Identity,
    mqtt::Opened,
    nodes::{self, Presence, Word},
    page_certificate::PageCertificate,
    people::{Throttle, TotpKey},
    plans, programme, secrets,
    store::Store,
};

/// Open answers get this long to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
#[allow(clippy::print_stdout)] // the two lines that whoever started it waits for
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let now = clock.now();
    let certificate = PageCertificate::open(settings.http_cert.as_deref(), settings.http_key.as_deref())?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&settings.data)
        .with_context(|| format!("the data folder {}", settings.data.display()))?;
    let identity = Identity::open_or_create(&settings.data.join("identity"), now)?;
    let totp = TotpKey::open_or_create(&settings.data.join("identity/two-step.key"))?;
    let store = Store::open(&settings.data.join("loa.db")).await?;
    let clips = ClipFolder::open(&settings.data.join("clips"))?;
    let photos = ClipFolder::of_photos(&settings.data.join("photos"))?;
    let metrics = PrometheusBuilder::new().install_recorder()?;

    let http = listen(settings.http).await?;
    let node_http = listen(settings.node_http).await?;
    let node_tls = identity.node_listener_tls(&settings.public_names, now)?;
    let opened = Opened::open(&settings, &identity, &store, now).await?;
    let bus = opened.bus();
    let heard = bus.subscribe(topic::FROM_NODES.map(Subscription::new).into()).await?;
    let public_name = settings.public_names.first().cloned().unwrap_or_else(|| "localhost".into());
    let presence = remembered(&store).await?;
    let (mqtt, mqtt_listening) = opened.let_nodes_in(&public_name).await?;
    let addresses =
        Addresses { mqtt, http: format!("https://{public_name}:{}/", node_http.local_addr()?.port()) };

    let stop = CancellationToken::new();
    let app = Arc::new(App {
        speech: Speech::new(vec![Box::new(Espeak::default())], NonZeroUsize::MIN.saturating_add(1)),
        sound_work: tokio::sync::Semaphore::new(2),
        stopping: stop.clone(),
        events: Events::default(),
        totp,
        sessions_changed: tokio::sync::watch::Sender::new(()),
        sign_ins: Throttle::default(),
        addresses_tried: Throttle::of_addresses(),
        claims: Throttle::default(),
        strangers: Throttle::default(),
        inbox: tokio::sync::Mutex::default(),
        plans_changed: tokio::sync::Notify::new(),
        programme: tokio::sync::Mutex::new(()),
        alarms_due: tokio::sync::Notify::new(),
        store,
        disk: Disk::of(&settings.data),
        clips,
        photos,
        audit_head: HeadFile::of(&settings.data),
        identity,
        bus,
        clock,
        settings,
        addresses,
        presence,
    });

    let tasks = TaskTracker::new();
    let (ask_listening, questions) = mpsc::channel(1);
    tasks.spawn(nodes::listen(Arc::clone(&app), heard, questions, stop.clone()));
    tasks.spawn(disk::watch(Arc::clone(&app), stop.clone()));
    if app.settings.mqtt_url.is_none()
        && let Err(error) = dispatch::after_restart(&app).await
    {
        tracing::error!(%error, "what was on its way before the restart could not be given again");
    }
    tasks.spawn(plans::reconcile(Arc::clone(&app), stop.clone()));
    tasks.spawn(programme::expect::keep(Arc::clone(&app), stop.clone()));
    tasks.spawn(programme::alarms::keep(Arc::clone(&app), stop.clone()));
    tasks.spawn(crate::inbox::keep(Arc::clone(&app), stop.clone()));
    let nodes_at = node_http.local_addr()?;
    tasks.spawn(enrolment::serve(Arc::clone(&app), node_http, node_tls, stop.clone()));

    let http_at = http.local_addr()?;
    let scheme = app.settings.page_scheme();
    if certificate.is_none() && !http_at.ip().is_loopback() {
        tracing::warn!(%http_at, "people's passwords cross the network in the clear; see http_cert");
    }
    if !app.store.has_people().await? {
        let token = secrets::token()?;
        app.store.replace_setup_link(&secrets::hash(&token), app.now()).await?;
        let page = app.settings.page_url(http_at);
        println!("loa-broker setup {page}/setup#{token}");
    }
    let mut serving =
        tokio::spawn(page(http, certificate, http::router(Arc::clone(&app), metrics), stop.clone()));
    let mqtt_at = mqtt_listening.map_or_else(|| app.addresses.mqtt.clone(), |address| address.to_string());
    println!(
        "loa-broker ready {scheme}={http_at} nodes={nodes_at} mqtt={mqtt_at} ca={}",
        app.identity.ca_fingerprint()
    );

    let supervisor = Supervisor::of_environment();
    supervisor.ready();
    let vital = Vital { app: &app, listening: ask_listening, loops: &tasks, started: tasks.len() };
    tokio::select! {
        () = asked_to_stop()? => tracing::info!("stopping"),
        ended = supervisor.feed(async || vital.answers().await) => return Err(ended.into()),
        ended = &mut serving => anyhow::bail!("the HTTP server ended by itself: {ended:?}"),
    }
    supervisor.stopping();
    stop.cancel();
    tasks.close();
    if tokio::time::timeout(PATIENCE, async {
        drop(serving.await);
        tasks.wait().await;
    })
    .await
    .is_err()
    {
        tracing::warn!("some answers were cut short");
    }
    app.bus.shutdown().await;
    app.store.close().await;
    Ok(())
}

/// Serves people until told to stop.
async fn page(
    listener: TcpListener,
    certificate: Option<PageCertificate>,
    routes: Router,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    if let Some(certificate) = certificate {
        let for_peer = move |_: &rustls::ServerConnection, address: SocketAddr| {
            routes.clone().layer(Extension(ConnectInfo(address)))
        };
        https::serve(listener, move || certificate.config(), for_peer, stop).await;
    } else {
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await?;
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))
}

async fn remembered(store: &Store) -> anyhow::Result<Presence> {
    let presence = Presence::default();
    for node in store.nodes().await? {
        presence
            .remember(node.id, Word { state: node.state, heartbeat: node.heartbeat, seen: node.last_seen });
    }
    Ok(presence)
}

/// Completes at SIGTERM or SIGINT.
fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
