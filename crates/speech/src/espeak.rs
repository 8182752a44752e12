//! espeak-ng as a child process: small, everywhere, three Vietnamese accents. It is GPL, so it is run, never linked.
//!
//! The text goes in by standard input and the sound comes out by standard output; there is no shell, and nothing that a person typed is
//! ever an argument. A child that doesn't finish is ended.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

use crate::{
    voice::{Speaking, SpeechError, Voice, VoiceEntry},
    wav,
};

/// Words a minute at rate 1: espeak's own 175 is hurried for an echo between houses.
const WORDS_PER_MINUTE: f32 = 150.0;
/// An hour of speech takes it seven seconds; a minute means it hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// An hour of its 22,050 Hz, 16 bit mono, and half as much again.
const MOST_BYTES: u64 = 240 << 20;

const VOICES: [VoiceEntry; 4] = [
    VoiceEntry {
        id: "vi", label_vi: "Giọng miền Bắc", label_en: "Northern Vietnamese", language: "vi"
    },
    VoiceEntry {
        id: "vi-vn-x-central",
        label_vi: "Giọng miền Trung",
        label_en: "Central Vietnamese",
        language: "vi",
    },
    VoiceEntry {
        id: "vi-vn-x-south",
        label_vi: "Giọng miền Nam",
        label_en: "Southern Vietnamese",
        language: "vi",
    },
    VoiceEntry { id: "en", label_vi: "Tiếng Anh", label_en: "English", language: "en" },
];

/// The program.
#[derive(Debug, Clone)]
pub struct Espeak {
    program: PathBuf,
    limit: Duration,
}

impl Default for Espeak {
    fn default() -> Self {
        Self::new("espeak-ng", LIMIT)
    }
}

impl Espeak {
    /// Another program, or another limit of time.
    pub fn new(program: impl Into<PathBuf>, limit: Duration) -> Self {
        Self { program: program.into(), limit }
    }

    async fn run(&self, voice: &VoiceEntry, text: &str, rate: f32) -> Result<Vec<u8>, SpeechError> {
        let speed = (WORDS_PER_MINUTE * rate).round().clamp(80.0, 450.0);
        let mut child = Command::new(&self.program)
            .args(["--stdin", "--stdout", "-b", "1", "-v", voice.id, "-s", &format!("{speed:.0}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| SpeechError::Missing { program: self.program.display().to_string(), source })?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(SpeechError::Failed("no pipes".into()));
        };
        let (mut sound, mut words) = (Vec::new(), Vec::new());
        let conversation = async {
            // Written and read at once: either pipe may fill first.
            let write = async {
                let written = stdin.write_all(text.as_bytes()).await;
                drop(stdin);
                written
            };
            let mut stdout = stdout.take(MOST_BYTES);
            let mut stderr = stderr.take(4096);
            let (written, read, _) =
                tokio::join!(write, stdout.read_to_end(&mut sound), stderr.read_to_end(&mut words));
            read.map_err(|error| SpeechError::Failed(error.to_string()))?;
            if stdout.limit() == 0 {
                // Half an announcement is worse than none.
                return Err(SpeechError::Failed("more sound than an hour and a half".into()));
            }
            let status = child.wait().await.map_err(|error| SpeechError::Failed(error.to_string()))?;
            Ok((status, written))
        };
        let (status, written) =
            timeout(self.limit, conversation).await.map_err(|_| SpeechError::TimedOut)??;
        if !status.success() {
            let words = String::from_utf8_lossy(&words);
            return Err(SpeechError::Failed(format!("{status}: {}", words.trim())));
        }
        // Asked after the exit: a program that refuses closes its input early, and its own words say more.
        written.map_err(|error| SpeechError::Failed(error.to_string()))?;
        wav::mend(&sound)
    }
}

impl Voice for Espeak {
    fn voices(&self) -> &[VoiceEntry] {
        &VOICES
    }

    fn speak<'a>(&'a self, voice: &'a VoiceEntry, text: &'a str, rate: f32) -> Speaking<'a> {
        Box::pin(self.run(voice, text, rate))
    }
}
