//! Debian's Snapcast as the peer: one server that is fed a sound, one client that plays it to a test sound card.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use anyhow::{Context, Result};
use loa_fleet::ports;
use loa_tests::soundcard::SoundCard;
use nix::{sys::stat::Mode, unistd::mkfifo};
use tokio::process::{Child, Command};

/// How the server sends the sound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    /// Name in what is printed.
    pub(crate) name: &'static str,
    /// By Snapcast's name, with its options.
    pub(crate) codec: &'static str,
    /// Channels; Snapcast's Opus takes two only.
    pub(crate) channels: u16,
}

/// A server and a client, playing. Dropped, they are killed.
pub(crate) struct Snapcast {
    client: Child,
    _server: Child,
    feeding: Arc<AtomicBool>,
    feeder: Option<JoinHandle<std::io::Result<()>>>,
}

impl Snapcast {
    /// Plays `samples` over and over, to `card`. Everything lies in `folder`.
    pub(crate) fn start(folder: &Path, stream: Stream, samples: &[f32], card: &SoundCard) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let pipe = folder.join("pipe");
        mkfifo(&pipe, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let port = ports::any(ports::LOOPBACK)?;
        let settings = folder.join("snapserver.conf");
        std::fs::write(
            &settings,
            format!(
                "[server]\ndatadir = {}\n[http]\nenabled = false\n[tcp]\nenabled = false\n[stream]\n\
                 bind_to_address = 127.0.0.1\nport = {port}\n\
                 source = pipe://{}?name=bench&mode=read&sampleformat=48000:16:{}&codec={}\n",
                folder.display(),
                pipe.display(),
                stream.channels,
                stream.codec
            ),
        )?;
        let run = |program: &str, log: &str| -> Result<Command> {
            let log = File::create(folder.join(log))?;
            let mut command = Command::new(program);
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
            Ok(command)
        };
        let server = run("snapserver", "server.log")?
            .arg("-c")
            .arg(&settings)
            .args(["--logging.sink", "stderr"])
            .spawn()
            .context("Debian's package snapserver is installed")?;
        let feeding = Arc::new(AtomicBool::new(true));
        let feeder = feed(pipe, as_pcm(samples, stream.channels), Arc::clone(&feeding));
        let client = run("snapclient", "client.log")?
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--soundcard", card.pcm_name()])
            .args(["--hostID", stream.name, "--logsink", "stderr"])
            .envs(card.env())
            .spawn()
            .context("Debian's package snapclient is installed")?;
        Ok(Self { client, _server: server, feeding, feeder: Some(feeder) })
    }

    /// Process id of the client.
    pub(crate) fn client(&self) -> Result<u32> {
        self.client.id().context("snapclient ended by itself")
    }

    /// Ends feeding, and tells what went wrong with it.
    pub(crate) fn end(mut self) -> Result<()> {
        self.feeding.store(false, Ordering::Release);
        match self.feeder.take().map(JoinHandle::join) {
            Some(Ok(fed)) => Ok(fed?),
            _ => Ok(()),
        }
    }
}

/// 16 bit, each channel the same.
fn as_pcm(samples: &[f32], channels: u16) -> Vec<u8> {
    let sample = |value: &f32| ((value * 32_767.0) as i16).to_le_bytes().repeat(usize::from(channels));
    samples.iter().flat_map(sample).collect()
}

/// Writes into the pipe for as long as is wanted; the server reads it in real time.
fn feed(pipe: PathBuf, pcm: Vec<u8>, wanted: Arc<AtomicBool>) -> JoinHandle<std::io::Result<()>> {
    std::thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(pipe)?;
        while wanted.load(Ordering::Acquire) {
            for piece in pcm.chunks(3_840) {
                if !wanted.load(Ordering::Acquire) {
                    break;
                }
                pipe.write_all(piece)?;
            }
        }
        Ok(())
    })
}
