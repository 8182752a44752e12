//! Nothing listens that the documentation doesn't name: three ports of the broker, none of the agent.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use loa_tests::world::World;

/// State of a TCP socket that listens (`include/net/tcp_states.h`).
const LISTENS: &str = "0A";

/// The sockets that a process has open, by inode.
fn sockets(pid: u32) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // One may be closed between the two looks.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let target = target.to_string_lossy();
        if let Some(inode) = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')) {
            found.insert(inode.to_owned());
        }
    }
    Ok(found)
}

/// Ports at which a process takes connections, or datagrams from anybody.
fn open_ports(pid: u32) -> Result<BTreeSet<u16>> {
    let own = sockets(pid)?;
    let mut ports = BTreeSet::new();
    for (table, tcp) in [("tcp", true), ("tcp6", true), ("udp", false), ("udp6", false)] {
        let path = format!("/proc/{pid}/net/{table}");
        if !Path::new(&path).exists() {
            continue;
        }
        for line in fs::read_to_string(path)?.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, state, _, _, _, _, _, inode, ..] = fields[..] else { continue };
            // A socket that has a peer hears nobody else.
            let open = if tcp { state == LISTENS } else { remote.ends_with(":0000") };
            if open && own.contains(inode) {
                let port = local.rsplit_once(':').context("a port")?.1;
                ports.insert(u16::from_str_radix(port, 16)?);
            }
        }
    }
    Ok(ports)
}

fn port(address: &str) -> Result<u16> {
    Ok(address.rsplit_once(':').context("a port")?.1.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens_but_what_the_documentation_names() -> Result<()> {
    let mut world = World::of(1).await?;
    let ready = world.broker.ready();
    let named = BTreeSet::from([ready.http.port(), port(&ready.nodes)?, port(&ready.mqtt)?]);
    assert_eq!(named.len(), 3);
    assert_eq!(open_ports(world.broker.process().pid().context("it runs")?)?, named);
    let agent = world.hamlets[0].agent.pid().context("it runs")?;
    assert!(!sockets(agent)?.is_empty(), "its connection is seen");
    assert_eq!(open_ports(agent)?, BTreeSet::new());
    Ok(())
}
