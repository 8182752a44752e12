//! The link: carries between the MQTT client and the [`Node`], and knows nothing of what the messages mean.

use std::{future, pin::pin, sync::Arc, time::Duration};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use loa_mqtt::{
    Client, ClientConfig, ClientError, Connection, Delivery, Incoming, Qos, ServerAddress, Subscription, Will,
};
use loa_protocol::{ClipHash, Clock, ReleaseManifest};
use tokio::sync::{
    mpsc::{Receiver, UnboundedReceiver},
    watch,
};

use crate::{
    alive::Question,
    cache::{FetchError, Fetcher},
    clock::TlsTime,
    node::{Node, Request},
    player::{Event, Plays},
    release::{PrepareError, ReleaseMeans},
    renew::News,
};

/// Longest that an orderly end waits for the last words.
const FAREWELL: Duration = Duration::from_secs(2);

/// The wall clock may be put right while the node waits for an instant of it.
const LOOK_AT_THE_CLOCK: Duration = Duration::from_secs(10);

/// Why the agent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was told to by the system.
    Stopped,
    /// It was told to restart.
    Restart,
    /// Another release is to be started, by whoever supervises it.
    Switched,
}

/// Starts the MQTT client of a node. The node's own subscriptions follow from its requests.
pub fn connect<P: Plays>(
    node: &Node<P>,
    clock: &Arc<dyn Clock>,
    seed: u64,
) -> Result<(Client, Receiver<Incoming>), ClientError> {
    let enrolled = &node.identity().enrolled;
    let server: ServerAddress = format!("mqtts://{}", enrolled.mqtt).parse()?;
    let mut config = ClientConfig::new(server, node.id().as_str(), seed);
    config.identity = Some(node.identity().tls());
    config.tls_time = Some(TlsTime::by(Arc::clone(clock)));
    let will = node.last_will();
    config.will = Some(Will::new(will.topic, will.payload));
    Client::start(&config)
}

/// What a node hears from beside its connection.
pub struct Heard {
    /// Messages of the broker.
    pub incoming: Receiver<Incoming>,
    /// The player.
    pub events: UnboundedReceiver<Event>,
    /// What becomes of its certificate.
    pub certificate: UnboundedReceiver<News>,
    /// Tells whoever renews it which CAs the plan names.
    pub wanted_cas: watch::Sender<Vec<String>>,
    /// Whether this loop turns.
    pub questions: UnboundedReceiver<Question>,
    /// That every part of the agent turns.
    pub ready: UnboundedReceiver<()>,
}

/// What a node's requests are met with.
pub struct Means {
    /// Fetches clips and releases.
    pub fetcher: Fetcher,
    /// Where releases are kept, and the settings that a new one is tested with; none: this program is not replaced.
    pub releases: Option<ReleaseMeans>,
}

/// Runs a node until `stop` resolves or it is told to restart.
pub async fn run<P: Plays>(
    mut node: Node<P>,
    client: Client,
    heard: Heard,
    means: Means,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()>,
) -> End {
    let Heard { mut incoming, mut events, mut certificate, wanted_cas, mut questions, mut ready } = heard;
    let mut connection = client.connection();
    let mut running = Running {
        client: client.clone(),
        fetcher: means.fetcher,
        wanted_cas,
        releases: means.releases,
        preparing: None,
        receipts: None,
        fetches: FuturesUnordered::new(),
        seed: 0,
    };
    let mut stop = pin!(stop);
    let mut end = None;
    while end.is_none() {
        let due = node.tick();
        let wait = due.saturating_sub(clock.monotonic()).min(LOOK_AT_THE_CLOCK);
        let requests = node.requests();
        end = running.do_as_asked(&mut node, requests);
        if end.is_some() {
            break;
        }
        tokio::select! {
            () = &mut stop => end = Some(End::Stopped),
            Some(event) = events.recv() => {
                node.played(event);
                while let Ok(event) = events.try_recv() {
                    node.played(event);
                }
            }
            Some(message) = incoming.recv() => {
                node.heard(&message.topic, &message.payload);
                message.ack.ack();
            }
            changed = connection.changed() => match changed {
                Ok(()) => follow(&mut node, &connection.borrow_and_update()),
                Err(_) => end = Some(End::Stopped),
            },
            Some(question) = questions.recv() => question.answer(),
            Some(()) = ready.recv() => node.ready(),
            Some(news) = certificate.recv() => running.follow_certificate(&mut node, news),
            result = prepared(&mut running.preparing) => node.prepared(result),
            () = receipts_sent(&mut running.receipts) => node.receipts_sent(),
            Some((hash, result)) = running.fetches.next() => node.fetched(&hash, result),
            () = tokio::time::sleep(wait) => {}
        }
    }
    say_farewell(node, client, events).await;
    end.unwrap_or(End::Stopped)
}

fn follow<P: Plays>(node: &mut Node<P>, connection: &Connection) {
    match connection {
        Connection::Connected { session_present, refused } => {
            tracing::info!(session_present, "connected to the broker");
            for filter in refused {
                tracing::error!(%filter, "the broker refused a subscription");
            }
            node.connected();
        }
        Connection::Disconnected { reason } => {
            tracing::warn!(%reason, "not connected to the broker; trying again");
            node.disconnected();
        }
    }
}

async fn say_farewell<P: Plays>(mut node: Node<P>, client: Client, mut events: UnboundedReceiver<Event>) {
    node.farewell();
    let silence = async {
        while !node.silent() {
            let Some(event) = events.recv().await else { return };
            node.played(event);
        }
    };
    let _ = tokio::time::timeout(FAREWELL, silence).await;
    let last_words = node.last_words();
    if let Err(error) = client.shutdown(Some(last_words), FAREWELL).await {
        tracing::debug!(%error, "no farewell to the broker");
    }
}

type Fetched = future::Ready<(ClipHash, Result<(), FetchError>)>;

struct Running {
    client: Client,
    fetcher: Fetcher,
    wanted_cas: watch::Sender<Vec<String>>,
    releases: Option<ReleaseMeans>,
    preparing: Option<BoxFuture<'static, Result<(), PrepareError>>>,
    receipts: Option<Delivery>,
    fetches: FuturesUnordered<BoxFuture<'static, <Fetched as Future>::Output>>,
    seed: u64,
}

impl Running {
    /// The new certificate is shown from the next connection on; the one in use stays good until it ends.
    fn follow_certificate<P: Plays>(&mut self, node: &mut Node<P>, news: News) {
        match news {
            News::Renewed(identity) => {
                if let Err(error) = self.client.set_identity(&identity.tls()) {
                    tracing::error!(%error, "the renewed certificate can't be used before a restart");
                }
                self.fetcher.set_identity(identity);
            }
            News::EndsSoon => node.certificate_ends_soon(),
        }
    }

    fn do_as_asked<P: Plays>(&mut self, node: &mut Node<P>, requests: Vec<Request>) -> Option<End> {
        let mut end = None;
        for request in requests {
            match request {
                Request::Publish(publish) => self.publish(publish),
                Request::Receipts(publish) => match self.client.try_publish(publish) {
                    Ok(delivery) => self.receipts = Some(delivery),
                    Err(error) => {
                        tracing::warn!(%error, "receipts can't be sent now");
                        self.receipts = None;
                    }
                },
                Request::Subscribe(topic) => {
                    if let Err(error) = self.client.subscribe(Subscription::new(topic)) {
                        tracing::error!(%error, "can't subscribe");
                    }
                }
                Request::Unsubscribe(topic) => self.client.unsubscribe(&topic),
                Request::Fetch { clip, partial, until, hurry } => {
                    let fetcher = self.fetcher.clone();
                    self.seed += 1;
                    let seed = self.seed;
                    self.fetches.push(Box::pin(async move {
                        let result = fetcher.fetch(&clip, &partial, until, &hurry, seed).await;
                        (clip.hash, result)
                    }));
                }
                Request::Trust(cas) => drop(self.wanted_cas.send_replace(cas)),
                Request::Restart => end = Some(End::Restart),
                Request::Prepare(release) => self.prepare(release),
                Request::Switch(release) => match self.switch(&release) {
                    Ok(()) => end = Some(End::Switched),
                    Err(error) => node.prepared(Err(error.into())),
                },
                Request::Confirm => {
                    if let Some(means) = &self.releases {
                        node.confirmed(means.releases.confirm(means.program.version));
                    }
                }
            }
        }
        end
    }

    fn prepare(&mut self, release: Option<Box<ReleaseManifest>>) {
        let (Some(means), Some(release)) = (&self.releases, release) else {
            self.preparing = None;
            return;
        };
        let (means, fetcher) = (means.clone(), self.fetcher.clone());
        self.preparing = Some(Box::pin(async move {
            let ReleaseMeans { releases, program, data, config, .. } = means;
            releases.prepare(&release, &fetcher, &program, &data, &config).await
        }));
    }

    fn switch(&self, release: &ReleaseManifest) -> std::io::Result<()> {
        let Some(means) = &self.releases else { return Ok(()) };
        means.releases.switch(release, means.released.then_some(means.program.version))
    }

    fn publish(&self, publish: loa_mqtt::Publish) {
        let important = publish.qos == Qos::AtLeastOnce;
        match self.client.try_publish(publish) {
            Ok(_) => {}
            Err(error) if important => tracing::warn!(%error, "a message can't be sent"),
            Err(error) => tracing::debug!(%error, "a heartbeat was not sent"),
        }
    }
}

/// Resolves when a release is prepared, or can't be.
async fn prepared(
    preparing: &mut Option<BoxFuture<'static, Result<(), PrepareError>>>,
) -> Result<(), PrepareError> {
    match preparing {
        Some(future) => {
            let result = future.await;
            *preparing = None;
            result
        }
        None => future::pending().await,
    }
}

/// Resolves when the server has the receipts on their way.
async fn receipts_sent(on_their_way: &mut Option<Delivery>) {
    match on_their_way {
        Some(delivery) => {
            if let Err(error) = delivery.await {
                tracing::warn!(%error, "receipts were not sent; they will be again");
            }
            *on_their_way = None;
        }
        None => future::pending().await,
    }
}
