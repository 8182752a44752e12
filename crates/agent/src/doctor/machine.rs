//! Disk, heat, voltage, signal.

use std::{fs, io, path::Path};

use super::Finding;
use crate::health::{Machine, disk_free};

/// Below this a day's clips may not fit.
const LEAST_FREE_MIB: u64 = 64;
/// A Raspberry Pi slows itself down at 80 °C.
const HOT_C: i16 = 80;
/// Below this Wi-Fi loses packets.
const WEAK_DBM: i32 = -75;

pub(super) fn look(root: &Path, data: &Path) -> Vec<Finding> {
    let measured = Machine::measure_below(root, data);
    let signal = measured.network.and_then(|network| network.signal_dbm);
    [
        can_write(data).err().map(|error| Finding::new("data_not_writable", error)),
        disk_free(data).and_then(little),
        measured
            .cpu_temperature_c
            .filter(|degrees| *degrees >= HOT_C)
            .map(|degrees| Finding::new("hot", degrees)),
        signal.filter(|dbm| *dbm < WEAK_DBM).map(|dbm| Finding::new("weak_signal", dbm)),
        under_voltage(root).then(|| Finding::new("under_voltage", "")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn little(free: u64) -> Option<Finding> {
    let mib = free / (1024 * 1024);
    (mib < LEAST_FREE_MIB).then(|| Finding::new("disk_full", mib))
}

fn can_write(data: &Path) -> io::Result<()> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    let written = fs::OpenOptions::new().write(true).create_new(true).open(&path);
    written.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", data.display())))?;
    fs::remove_file(path)
}

/// The Raspberry Pi's firmware tells its voltage monitor, and that keeps it until the next start.
fn under_voltage(root: &Path) -> bool {
    let Ok(folders) = fs::read_dir(root.join("sys/class/hwmon")) else { return false };
    folders.flatten().any(|folder| {
        let says = |name: &str, value: &str| {
            fs::read_to_string(folder.path().join(name)).is_ok_and(|text| text.trim() == value)
        };
        says("name", "rpi_volt") && says("in0_lcrit_alarm", "1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::tests::{codes, folder};

    #[test]
    fn heat_weak_signal_and_low_voltage_are_found() {
        let root = folder(&[
            ("sys/class/thermal/thermal_zone0/temp", "84000\n"),
            ("sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"),
            ("proc/net/route", "h\nwlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0\n"),
            ("sys/class/net/wlan0/statistics/rx_bytes", "1\n"),
            ("sys/class/net/wlan0/statistics/tx_bytes", "1\n"),
            ("proc/net/wireless", " wlan0: 0000 20. -85. -256 0 0 0 0 0 0\n"),
        ]);
        assert_eq!(codes(&look(root.path(), root.path())), ["hot", "weak_signal", "under_voltage"]);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn a_cool_board_with_a_good_signal_has_nothing_wrong() {
        let root = folder(&[
            ("sys/class/thermal/thermal_zone0/temp", "79400\n"),
            ("sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n"),
            ("proc/net/route", "h\nwlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0\n"),
            ("sys/class/net/wlan0/statistics/rx_bytes", "1\n"),
            ("sys/class/net/wlan0/statistics/tx_bytes", "1\n"),
            ("proc/net/wireless", " wlan0: 0000 20. -75. -256 0 0 0 0 0 0\n"),
        ]);
        assert_eq!(look(root.path(), root.path()), []);
    }

    #[test]
    fn a_disk_is_full_before_a_days_clips_no_longer_fit() {
        assert_eq!(little(64 * 1024 * 1024), None);
        assert_eq!(little(64 * 1024 * 1024 - 1), Some(Finding::new("disk_full", 63)));
    }
}
