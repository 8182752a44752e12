//! What a service manager does for a program, as the agent's unit asks for it (`Type=notify`, `TimeoutStartSec=`, `WatchdogSec=`): hears whether it is
//! ready and lives, and ends it when it doesn't become ready or hangs. Starting it again is for whoever started it.

use std::{ffi::OsString, io, time::Duration};

use tempfile::TempDir;
use tokio::{
    net::UnixDatagram,
    time::{Instant, sleep_until},
};

/// How patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// It must be ready within this.
    pub start: Duration,
    /// Then it must give a sign of life within this, again and again.
    pub watchdog: Duration,
}

impl Default for Patience {
    /// As in the agent's unit.
    fn default() -> Self {
        Self { start: Duration::from_secs(90), watchdog: Duration::from_secs(30) }
    }
}

/// The ear for one start of one program.
pub(crate) struct Supervision {
    socket: UnixDatagram,
    folder: TempDir,
    patience: Patience,
    ready: bool,
    /// It must have said something by then.
    due: Instant,
}

impl Supervision {
    pub(crate) fn new(patience: Patience) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let socket = UnixDatagram::bind(folder.path().join("notify"))?;
        Ok(Self { socket, folder, patience, ready: false, due: Instant::now() + patience.start })
    }

    /// What the program's environment must say.
    pub(crate) fn environment(&self) -> [(OsString, OsString); 2] {
        [
            ("NOTIFY_SOCKET".into(), self.folder.path().join("notify").into()),
            ("WATCHDOG_USEC".into(), self.patience.watchdog.as_micros().to_string().into()),
        ]
    }

    /// Whether it has said that it is ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Listens until it has said nothing for too long. Says whether it was ready by then.
    pub(crate) async fn loses_patience(&mut self) -> bool {
        let mut datagram = [0; 1024];
        loop {
            tokio::select! {
                () = sleep_until(self.due) => return self.ready,
                heard = self.socket.recv(&mut datagram) => {
                    let Ok(length) = heard else { continue };
                    let said = String::from_utf8_lossy(&datagram[..length]).into_owned();
                    self.hear(&said);
                }
            }
        }
    }

    fn hear(&mut self, said: &str) {
        for line in said.lines() {
            match line {
                "READY=1" => self.ready = true,
                "WATCHDOG=1" => {}
                // It ends by itself now, in its own time.
                "STOPPING=1" => self.due += self.patience.start,
                _ => continue,
            }
            if self.ready {
                self.due = self.due.max(Instant::now() + self.patience.watchdog);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { start: Duration::from_millis(300), watchdog: Duration::from_millis(150) };

    fn told() -> (Supervision, std::os::unix::net::UnixDatagram) {
        let supervision = Supervision::new(PATIENCE).unwrap();
        let program = std::os::unix::net::UnixDatagram::unbound().unwrap();
        program.connect(&supervision.environment()[0].1).unwrap();
        (supervision, program)
    }

    #[tokio::test]
    async fn a_program_that_never_becomes_ready_tries_its_patience() {
        let (mut supervision, program) = told();
        program.send(b"STATUS=thinking").unwrap();
        assert!(!supervision.loses_patience().await);
        assert!(!supervision.is_ready());
    }

    #[tokio::test]
    async fn a_program_that_lives_is_left_alone_and_one_that_falls_silent_is_not() {
        let (mut supervision, program) = told();
        program.send(b"READY=1").unwrap();
        let began = Instant::now();
        let lives = async {
            for _ in 0..6 {
                tokio::time::sleep(PATIENCE.watchdog / 2).await;
                program.send(b"WATCHDOG=1").unwrap();
            }
        };
        let (was_ready, ()) = tokio::join!(supervision.loses_patience(), lives);
        assert!(was_ready);
        assert!(began.elapsed() >= PATIENCE.watchdog * 4);
    }
}
