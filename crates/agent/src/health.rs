//! What the machine says of itself, from `/proc` and `/sys`. A figure that can't be read is absent.

use std::{fs, path::Path};

use loa_protocol::health::Network;
use nix::sys::statvfs::statvfs;

/// Figures of the machine and of this process, rounded so that they rarely change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Machine {
    /// Degrees Celsius.
    pub cpu_temperature_c: Option<i16>,
    /// Load average over one minute.
    pub load: Option<f32>,
    /// Resident memory of this process, MiB.
    pub agent_rss_mib: Option<u32>,
    /// Memory that programs could still get, MiB.
    pub memory_free_mib: Option<u32>,
    /// Free space for `data`, MiB, to ten.
    pub disk_free_mib: Option<u32>,
    /// The interface of the default route.
    pub network: Option<Network>,
}

impl Machine {
    /// Reads everything; `data` is the folder whose disk is meant.
    pub fn measure(data: &Path) -> Self {
        Self::measure_below(Path::new("/"), data)
    }

    pub(crate) fn measure_below(root: &Path, data: &Path) -> Self {
        let read = |name: &str| fs::read_to_string(root.join(name)).ok();
        Self {
            cpu_temperature_c: read("sys/class/thermal/thermal_zone0/temp")
                .and_then(|text| Some((text.trim().parse::<f32>().ok()? / 1000.0).round() as i16)),
            load: read("proc/loadavg").and_then(|text| load(&text)),
            agent_rss_mib: read("proc/self/status").and_then(|text| kib(&text, "VmRSS:")).map(mib),
            memory_free_mib: read("proc/meminfo").and_then(|text| kib(&text, "MemAvailable:")).map(mib),
            disk_free_mib: disk_free_mib(data),
            network: network(root),
        }
    }
}

fn load(loadavg: &str) -> Option<f32> {
    let load: f32 = loadavg.split(' ').next()?.parse().ok()?;
    Some((load * 10.0).round() / 10.0)
}

/// A line such as `VmRSS:   14336 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?.parse().ok()
}

fn mib(kib: u64) -> u32 {
    u32::try_from(kib / 1024).unwrap_or(u32::MAX)
}

/// Bytes that the disk which holds `path` could still take.
#[allow(clippy::useless_conversion)] // the counts are 32 bits wide on small machines
pub fn disk_free(path: &Path) -> Option<u64> {
    let disk = statvfs(path).ok()?;
    Some(u64::from(disk.blocks_available()).saturating_mul(disk.fragment_size()))
}

fn disk_free_mib(data: &Path) -> Option<u32> {
    u32::try_from(disk_free(data)? / (1024 * 1024) / 10 * 10).ok()
}

fn network(root: &Path) -> Option<Network> {
    let route = fs::read_to_string(root.join("proc/net/route")).ok()?;
    let interface = default_route(&route)?;
    let counter = |name: &str| {
        let path = root.join("sys/class/net").join(interface).join("statistics").join(name);
        fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    let wireless = fs::read_to_string(root.join("proc/net/wireless")).ok();
    Some(Network {
        interface: interface.to_owned(),
        received_bytes: counter("rx_bytes")?,
        sent_bytes: counter("tx_bytes")?,
        signal_dbm: wireless.and_then(|text| signal_dbm(&text, interface)),
    })
}

/// The interface with destination and mask zero and the least metric (`/proc/net/route`).
fn default_route(table: &str) -> Option<&str> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [interface, destination, _, _, _, _, metric, mask, ..] = fields[..] else { return None };
            let plain = interface.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b));
            let default = destination == "00000000" && mask == "00000000" && plain;
            default.then(|| Some((metric.parse::<u32>().ok()?, interface)))?
        })
        .min()
        .map(|(_, interface)| interface)
}

/// Signal level of an interface (`/proc/net/wireless`: name, status, link, level, noise, ...).
fn signal_dbm(table: &str, interface: &str) -> Option<i32> {
    let line = table.lines().find_map(|line| line.trim_start().strip_prefix(interface)?.strip_prefix(':'))?;
    let level: f32 = line.split_whitespace().nth(2)?.trim_end_matches('.').parse().ok()?;
    (level < 0.0).then_some(level as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
        wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
        wwan0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
        eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
    const WIRELESS: &str = "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n\
        \u{20}face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n\
        \u{20}wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n";

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_machine_is_read_as_the_kernel_writes_it() {
        let root = machine(&[
            ("sys/class/thermal/thermal_zone0/temp", "51540\n"),
            ("proc/loadavg", "0.17 0.25 0.31 1/123 4567\n"),
            ("proc/self/status", "Name:\tloa-agent\nVmRSS:\t   14848 kB\n"),
            ("proc/meminfo", "MemTotal:  948304 kB\nMemAvailable:     721920 kB\n"),
            ("proc/net/route", ROUTE),
            ("sys/class/net/wwan0/statistics/rx_bytes", "1200\n"),
            ("sys/class/net/wwan0/statistics/tx_bytes", "340\n"),
        ]);
        let found = Machine::measure_below(root.path(), root.path());
        assert_eq!(found.cpu_temperature_c, Some(52));
        assert_eq!(found.load, Some(0.2));
        assert_eq!(found.agent_rss_mib, Some(14));
        assert_eq!(found.memory_free_mib, Some(705));
        assert!(found.disk_free_mib.unwrap().is_multiple_of(10));
        let network =
            Network { interface: "wwan0".into(), received_bytes: 1200, sent_bytes: 340, signal_dbm: None };
        assert_eq!(found.network, Some(network));
    }

    #[test]
    fn what_a_machine_does_not_have_is_absent() {
        let root = machine(&[]);
        assert_eq!(Machine::measure_below(root.path(), Path::new("/nowhere")), Machine::default());
    }

    #[test]
    fn a_wireless_signal_is_read_for_its_interface_only() {
        assert_eq!(signal_dbm(WIRELESS, "wlan0"), Some(-56));
        assert_eq!(signal_dbm(WIRELESS, "wlan"), None);
        assert_eq!(signal_dbm(WIRELESS, "eth0"), None);
    }

    #[test]
    fn this_machine_can_be_read() {
        let found = Machine::measure(Path::new("/"));
        assert!(found.load.is_some() && found.agent_rss_mib.is_some() && found.memory_free_mib.is_some());
    }
}
