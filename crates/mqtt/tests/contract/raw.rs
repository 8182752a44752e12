//! A peer that doesn't keep to the rules: bare TLS and hand-made packets.

use std::sync::Arc;

use loa_mqtt::TlsIdentity;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::server::Server;
use crate::soon;

pub(crate) async fn tcp(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.address.port)).await.unwrap()
}

pub(crate) async fn tls(server: &Server, identity: &TlsIdentity) -> TlsStream<TcpStream> {
    let config = loa_mqtt::tls::client_config(identity, None).unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(config).connect(name, tcp(server).await).await.unwrap()
}

/// Tries TLS without a certificate, then a login; true when the server answered the login.
pub(crate) async fn gets_in_without_a_certificate(server: &Server) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&server.pki.ca_pem()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connected = soon(TlsConnector::from(Arc::new(config)).connect(name, tcp(server).await)).await;
    let Ok(mut stream) = connected else { return false };
    let _ = stream.write_all(&login("n1")).await;
    matches!(soon(stream.read(&mut [0; 64])).await, Ok(1..))
}

/// A CONNECT packet (MQTT 5, section 3.1) with a clean start and a minute of keep-alive.
pub(crate) fn login(client_id: &str) -> Vec<u8> {
    let mut body = b"\0\x04MQTT\x05\x02\0\x3c\0".to_vec();
    body.extend(u16::try_from(client_id.len()).unwrap().to_be_bytes());
    body.extend(client_id.as_bytes());
    let mut packet = vec![0x10, u8::try_from(body.len()).unwrap()];
    packet.extend(body);
    packet
}

/// A PUBLISH packet (section 3.3) at QoS 1 with a body of `bytes` zeros.
pub(crate) fn publish(topic: &str, bytes: usize) -> Vec<u8> {
    let mut rest = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    rest.extend(topic.as_bytes());
    rest.extend([0, 1, 0]);
    rest.resize(rest.len() + bytes, 0);
    let mut packet = vec![0x32];
    let mut length = rest.len();
    loop {
        let more = length >= 128;
        packet.push((length % 128) as u8 | if more { 128 } else { 0 });
        length /= 128;
        if !more {
            break;
        }
    }
    packet.extend(rest);
    packet
}

/// Says that nothing more will come, and waits until the server closes too, however it does.
pub(crate) async fn part(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.shutdown().await;
    let _ = soon(stream.read_to_end(&mut Vec::new())).await;
}
