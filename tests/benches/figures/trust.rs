//! How long an installer waits for a node to be trusted, and how long a node that isn't any more goes on hearing.

use anyhow::{Context, Result, ensure};
use loa_fleet::{
    Agent, AgentOptions, Api, Broker, BrokerOptions,
    agent::Output,
    api::{Event, Events},
};
use loa_mqtt::{Connection, DisconnectReason};
use loa_protocol::NodeId;
use loa_tests::outsider;

use super::figure::{Sample, figure, monotonic_ns};

const HAMLET: &str = "31699-01";

/// The next event that shows this node's health.
async fn heartbeat(events: &mut Events, id: &NodeId) -> Result<()> {
    loop {
        match events.next().await? {
            Event::Node(node) if node.id == *id && node.heartbeat.is_some() => return Ok(()),
            _ => {}
        }
    }
}

/// `enrol_ms_p99`: `loa-agent enrol` is started with a code, and `loa-agent run` after it, as their units do → the page is told of the
/// node's first heartbeat. `revoke_to_cut_ms_p99`: the request to revoke → whoever holds that node's certificate is cut off, and then
/// refused.
pub(crate) async fn given_and_taken(runs: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(BrokerOptions::on_loopback(folder.path())).await?;
    let api = Api::new(&broker.url())?;
    let link = broker.setup_link().context("a new broker offers a set-up link")?.to_owned();
    api.set_up(&link, "canbo", "Cán bộ", "mot hai ba bon nam").await?;
    for (code, name, parent) in
        [("94", "Sóc Trăng", None), ("31699", "Đại Ân 2", Some("94")), (HAMLET, "Ấp Chợ", Some("31699"))]
    {
        api.add_area(code, name, parent).await?;
    }
    let (mut given, mut taken) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let node = api.add_node(HAMLET, &format!("Cụm loa số {run}")).await?;
        let claim = api.claim(&node.id).await?;
        let options = AgentOptions::below(
            folder.path(),
            &format!("{run}"),
            Output::Wav(folder.path().join(format!("heard-{run}"))),
        );
        let data = options.data.clone();
        let mut events = api.events().await?;
        let begun = monotonic_ns()?;
        options.enrol(&claim).await?;
        let mut agent = Agent::start(options)?;
        heartbeat(&mut events, &node.id).await?;
        given.push((monotonic_ns()? - begun) as f64 / 1e6);

        agent.kill().await;
        let (identity, told) = outsider::stolen_from(&data)?;
        let (client, _incoming) = outsider::client(&told.mqtt, node.id.as_str(), identity)?;
        outsider::connected(&client).await?;
        let mut connection = client.connection();
        let begun = monotonic_ns()?;
        api.revoke(&node.id).await?;
        connection.wait_for(|state| !state.is_connected()).await?;
        taken.push((monotonic_ns()? - begun) as f64 / 1e6);
        // It tries again by itself, and is told why not.
        let refused = |state: &Connection| {
            matches!(
                state,
                Connection::Disconnected {
                    reason: DisconnectReason::CertificateRefused(_) | DisconnectReason::LoginRefused(_)
                }
            ) || state.is_connected()
        };
        let again = connection.wait_for(refused).await?.clone();
        ensure!(!again.is_connected(), "a revoked node was let in again");
    }
    let given = Sample::new(given)?;
    given.tell("code entered to first heartbeat on the page", "ms");
    figure("enrol_ms_p99", given.percentile(99.0), "ms");
    let taken = Sample::new(taken)?;
    taken.tell("revoked to cut off", "ms");
    figure("revoke_to_cut_ms_p99", taken.percentile(99.0), "ms");
    Ok(())
}
