//! Whether the broker's disk takes what is written. The embedded MQTT server doesn't say when it can't keep a message, so this looks.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// As often as this.
const PERIOD: Duration = Duration::from_secs(5);
/// More than a command with its sound takes, so that it is noticed before one is lost, bytes.
const ROOM: usize = 1 << 20;

/// What was last found.
#[derive(Debug)]
pub struct Disk {
    probe: PathBuf,
    takes: AtomicBool,
}

impl Disk {
    /// The disk of this folder, believed to be well.
    pub fn of(folder: &Path) -> Self {
        Self { probe: folder.join("probe.tmp"), takes: AtomicBool::new(true) }
    }

    /// Whether it took what was last written.
    pub fn takes(&self) -> bool {
        self.takes.load(Ordering::Relaxed)
    }

    fn look(&self) {
        let found = try_to_write(&self.probe);
        let takes = found.is_ok();
        metrics::gauge!("loa_disk_writable").set(if takes { 1.0 } else { 0.0 });
        let took = self.takes.swap(takes, Ordering::Relaxed);
        match found {
            Err(error) if took => {
                tracing::error!(%error, "the disk takes nothing more: what waits for nodes would not survive a restart");
            }
            Ok(()) if !took => tracing::info!("the disk takes what is written again"),
            _ => {}
        }
    }
}

fn try_to_write(path: &Path) -> io::Result<()> {
    let written = File::create(path).and_then(|mut file| file.write_all(&vec![0; ROOM]));
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => written.and(Err(error)),
        _ => written,
    }
}

/// Looks until told to stop.
pub async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        let looking = Arc::clone(&app);
        if let Err(error) = tokio::task::spawn_blocking(move || looking.disk.look()).await {
            tracing::warn!(%error, "the disk could not be looked at");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_takes_nothing_is_noticed_and_so_is_its_recovery() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path());
        disk.look();
        assert!(disk.takes());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
        // A write to it fails as it does on a full disk.
        std::os::unix::fs::symlink("/dev/full", &disk.probe).unwrap();
        disk.look();
        assert!(!disk.takes());
        disk.look();
        assert!(disk.takes());
    }
}
