//! Free TCP ports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// Whether nobody listens there, as far as can be seen without keeping it.
pub fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}

/// `wanted` if it is free on `ip`, else the next free of the hundred above it, else any.
pub fn free_from(ip: IpAddr, wanted: u16) -> std::io::Result<u16> {
    let near = wanted..=wanted.saturating_add(100);
    match near.into_iter().find(|port| *port != 0 && is_free((ip, *port).into())) {
        Some(port) => Ok(port),
        None => any(ip),
    }
}

/// A port that was free a moment ago.
pub fn any(ip: IpAddr) -> std::io::Result<u16> {
    Ok(TcpListener::bind((ip, 0))?.local_addr()?.port())
}

/// The loopback address.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_passed_over() {
        let held = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let busy = held.local_addr().unwrap().port();
        assert!(!is_free((LOOPBACK, busy).into()));
        let found = free_from(LOOPBACK, busy).unwrap();
        assert_ne!(found, busy);
        assert!(is_free((LOOPBACK, found).into()));
    }
}
