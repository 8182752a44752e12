//! The way to the broker, step by step: a route, its name, a connection, its certificate, and what it thinks of ours.

use std::{
    fs, io,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use loa_protocol::{ClipHash, Clock};
use rustls_pki_types::ServerName;
use tokio::{net::lookup_host, task::spawn_blocking, time::timeout};

use super::Finding;
use crate::{cache::client, clock::TlsTime, enrol::innermost, identity::Identity};

const PATIENCE: Duration = Duration::from_secs(10);
/// A server that means to refuse a certificate says so at once after the handshake; one that doesn't waits for us.
const REFUSAL_WITHIN: Duration = Duration::from_secs(2);

pub(super) async fn look(root: &Path, identity: &Identity, clock: &Arc<dyn Clock>) -> Option<Finding> {
    if !has_route(root) {
        return Some(Finding::new("no_route", ""));
    }
    let http = identity.enrolled.http.trim_start_matches("https://").trim_end_matches('/');
    for address in [identity.enrolled.mqtt.as_str(), http] {
        let addresses: Vec<_> = match timeout(PATIENCE, lookup_host(address)).await {
            Ok(Ok(addresses)) => addresses.collect(),
            _ => Vec::new(),
        };
        if addresses.is_empty() {
            return Some(Finding::new("no_name", address));
        }
        let (identity, clock, name) = (identity.clone(), Arc::clone(clock), address.to_owned());
        let shaken = spawn_blocking(move || handshake(&identity, &clock, &name, &addresses)).await;
        match shaken {
            Ok(Ok(())) => {}
            Ok(Err(Failure::NoConnection)) => return Some(Finding::new("no_connection", address)),
            Ok(Err(Failure::NoTrust(error))) => {
                return Some(Finding::new("no_trust", format!("{address}: {error}")));
            }
            Err(error) => return Some(Finding::new("no_connection", format!("{address}: {error}"))),
        }
    }
    accepted(identity, clock).await
}

/// Whether any interface but the loopback leads anywhere, so far as Linux tells.
fn has_route(root: &Path) -> bool {
    let lines = |name: &str| fs::read_to_string(root.join(name)).ok();
    let (Some(four), six) = (lines("proc/net/route"), lines("proc/net/ipv6_route")) else { return true };
    four.lines().skip(1).any(|line| !line.trim().is_empty())
        || six.unwrap_or_default().lines().any(|line| line.split_whitespace().last() != Some("lo"))
}

enum Failure {
    NoConnection,
    NoTrust(String),
}

/// A TLS handshake as the agent makes it, and a moment for the server to refuse our certificate. Nothing is sent after it, so that no
/// session of an agent that runs is taken over.
fn handshake(
    identity: &Identity,
    clock: &Arc<dyn Clock>,
    address: &str,
    addresses: &[SocketAddr],
) -> Result<(), Failure> {
    let trust = |error: &dyn std::error::Error| Failure::NoTrust(error.to_string());
    let config = loa_mqtt::tls::client_config(&identity.tls(), Some(&TlsTime::by(Arc::clone(clock))))
        .map_err(|error| trust(&error))?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let host = ServerName::try_from(host.to_owned()).map_err(|error| trust(&error))?;
    let mut tls = rustls::ClientConnection::new(config, host).map_err(|error| trust(&error))?;
    let mut tcp = addresses
        .iter()
        .find_map(|address| TcpStream::connect_timeout(address, PATIENCE).ok())
        .ok_or(Failure::NoConnection)?;
    let patience = |tcp: &TcpStream, wait| {
        tcp.set_read_timeout(Some(wait)).and_then(|()| tcp.set_write_timeout(Some(PATIENCE)))
    };
    patience(&tcp, PATIENCE).map_err(|_| Failure::NoConnection)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).map_err(|error| failure(&error))?;
    }
    patience(&tcp, REFUSAL_WITHIN).map_err(|_| Failure::NoConnection)?;
    let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
    stream.flush().map_err(|error| failure(&error))?;
    match stream.read(&mut [0; 1]) {
        Err(error) if of_tls(&error).is_some() => Err(trust(&error)),
        _ => Ok(()),
    }
}

/// What TLS had against the peer, or the peer against us.
fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// A peer that hangs up, or says nothing, is no peer.
fn failure(error: &io::Error) -> Failure {
    of_tls(error).map_or(Failure::NoConnection, |error| Failure::NoTrust(error.to_string()))
}

/// Asks for a clip that there is not: a node whose certificate counts is told so, another is sent away.
async fn accepted(identity: &Identity, clock: &Arc<dyn Clock>) -> Option<Finding> {
    let no_trust =
        |error: String| Some(Finding::new("no_trust", format!("{}: {error}", identity.enrolled.http)));
    let client = match client(identity, clock) {
        Ok(client) => client,
        Err(error) => return no_trust(error.to_string()),
    };
    let none = format!("{}/clips/{}", identity.enrolled.http.trim_end_matches('/'), ClipHash::of(b""));
    match client.head(none).send().await {
        Ok(answer) if answer.status() == reqwest::StatusCode::FORBIDDEN => Some(Finding::new("revoked", "")),
        Ok(_) => None,
        Err(error) => no_trust(innermost(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::tests::{clock, folder},
        test_server::{Answer, Ca, Server},
    };

    /// Enrolled where both addresses are the same server.
    fn both_at(identity: &Identity, address: &str) -> Identity {
        let mut enrolled = (*identity.enrolled).clone();
        address.clone_into(&mut enrolled.mqtt);
        enrolled.http = format!("https://{address}/");
        Identity::new(enrolled, std::str::from_utf8(&identity.tls().key_pem).unwrap())
    }

    async fn code(identity: &Identity) -> Option<&'static str> {
        look(Path::new("/nowhere"), identity, &clock()).await.map(|finding| finding.code)
    }

    fn at(server: &Server) -> String {
        server.url().trim_start_matches("https://").trim_end_matches('/').to_owned()
    }

    #[tokio::test]
    async fn a_broker_is_believed_by_its_own_authority_only_and_believes_its_own_nodes() {
        let (ca, other) = (Ca::new(), Ca::new());
        let server = Server::start(&ca, &ca, true, |_| Answer::new("404 Not Found", "", b"")).await;
        assert_eq!(code(&both_at(&ca.node(""), &at(&server))).await, None);
        assert_eq!(code(&both_at(&other.node(""), &at(&server))).await, Some("no_trust"));
    }

    #[tokio::test]
    async fn a_node_whose_certificate_counts_no_more_is_told_so() {
        let ca = Ca::new();
        let server = Server::start(&ca, &ca, true, |_| Answer::new("403 Forbidden", "", b"")).await;
        assert_eq!(code(&both_at(&ca.node(""), &at(&server))).await, Some("revoked"));
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_and_a_server_that_does_not_answer_are_told_apart() {
        let node = Ca::new().node("");
        assert_eq!(code(&both_at(&node, "no-such-host.invalid:8883")).await, Some("no_name"));
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(
            code(&both_at(&node, &format!("localhost:{}", unused.port()))).await,
            Some("no_connection")
        );
    }

    #[tokio::test]
    async fn what_is_no_tls_server_is_not_believed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("localhost:{}", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            }
        });
        assert_eq!(code(&both_at(&Ca::new().node(""), &address)).await, Some("no_trust"));
    }

    #[test]
    fn a_machine_without_any_route_is_cut_off() {
        let header = "Iface\tDestination\tGateway\n";
        let lo = "00000000000000000000000000000001 80 0 00 0 0 0 80200001       lo\n";
        let cut_off = folder(&[("proc/net/route", header), ("proc/net/ipv6_route", lo)]);
        assert!(!has_route(cut_off.path()));
        let wired = folder(&[("proc/net/route", "h\neth0 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0\n")]);
        assert!(has_route(wired.path()));
        let six =
            folder(&[("proc/net/route", header), ("proc/net/ipv6_route", "0 0 0 00 fe80 400 1 0 3 eth0\n")]);
        assert!(has_route(six.path()));
        assert!(has_route(folder(&[]).path()), "nothing can be said");
    }
}
