//! Files made and measured by ffmpeg, for the tests that check us against it.

use std::io::{Read as _, Seek as _, Write as _};
use std::process::{Command, Stdio};

/// Speech of about 12 s from ffmpeg's own synthesiser, as an input option list.
pub(crate) const SPEECH: &str = "flite=voice=slt:text='The people of hamlet three are asked to come to the house of culture \
    at half past seven this evening. Please bring your health insurance card. Children under six \
    will be vaccinated free of charge. The meeting ends at nine.'";

/// Its length at 48 kHz.
pub(crate) const SPEECH_SAMPLES: usize = 595_680;

/// The input options for a lavfi source. Speech is synthesised once for all tests of a build, as it takes seconds.
fn input(source: &str) -> [String; 4] {
    if source != SPEECH {
        return ["-f", "lavfi", "-i", source].map(String::from);
    }
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("speech.wav");
    if !path.exists() {
        // Under a name of our own first: another test may be doing the same.
        let ours = path.with_extension(format!("{}.wav", std::process::id()));
        let mut command = ffmpeg();
        command.args(["-f", "lavfi", "-i", SPEECH]).arg(&ours);
        run(command, &[]);
        std::fs::rename(ours, &path).unwrap();
    }
    ["-f", "wav", "-i", path.to_str().unwrap()].map(String::from)
}

/// Runs ffmpeg on a lavfi source and gives the file it makes. `extension` chooses the container.
pub(crate) fn make(source: &str, options: &[&str], extension: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(format!("made.{extension}"));
    let mut command = ffmpeg();
    command.args(input(source)).args(options).arg(&path);
    run(command, &[]);
    std::fs::read(path).unwrap()
}

/// The same, written to a pipe: ffmpeg cannot go back to fill in lengths, as a browser's recorder cannot.
pub(crate) fn make_piped(source: &str, options: &[&str], format: &str) -> Vec<u8> {
    let mut command = ffmpeg();
    command.args(input(source)).args(options).args(["-f", format, "-"]);
    run(command, &[]).0
}

/// Converts one file to another by ffmpeg.
pub(crate) fn convert(file: &[u8], options: &[&str], extension: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join(format!("to.{extension}")));
    std::fs::write(&from, file).unwrap();
    let mut command = ffmpeg();
    command.arg("-i").arg(&from).args(options).arg(&to);
    run(command, &[]);
    std::fs::read(to).unwrap()
}

/// What ffmpeg decodes a file to: 48 kHz mono samples, resampled by soxr where needed, the channels' average. Opus
/// through libopus: ffmpeg's own decoder differs from it by about -21 dB in the speech modes.
pub(crate) fn pcm(file: &[u8]) -> Vec<f32> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, file).unwrap();
    let mut command = ffmpeg();
    if file.windows(8).any(|w| w == b"OpusHead" || &w[..4] == b"dOps") {
        command.args(["-c:a", "libopus"]);
    }
    let rate = "aresample=48000:resampler=soxr:precision=28";
    command.arg("-i").arg(&path).args(["-map", "0:a:0", "-af", rate, "-f", "f32le", "-"]);
    let (bytes, _) = run(command, &[]);
    let samples: Vec<f32> =
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    // ffmpeg's own mix would be 3 dB louder.
    let mut probe = Command::new("ffprobe");
    probe.args([
        "-v",
        "error",
        "-select_streams",
        "a:0",
        "-show_entries",
        "stream=channels",
        "-of",
        "csv=p=0",
    ]);
    let (channels, _) = run(
        {
            probe.arg(&path);
            probe
        },
        &[],
    );
    let channels: usize = String::from_utf8(channels).unwrap().trim().parse().unwrap();
    samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect()
}

/// Integrated loudness in LUFS and true peak in dBTP by ffmpeg's `ebur128` filter.
pub(crate) fn loudness(samples: &[f32]) -> (f64, f64) {
    let mut command = ffmpeg();
    command.args(["-v", "info", "-f", "f32le", "-ar", "48000", "-ac", "1", "-i", "-"]);
    command.args(["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]);
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let (_, log) = run(command, &bytes);
    let value = |after: &str, label: &str| -> f64 {
        let summary = log.split("Summary:").nth(1).unwrap_or_else(|| panic!("no summary in {log}"));
        let section = summary.split(after).nth(1).unwrap();
        let line = section.split(label).nth(1).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    (value("Integrated loudness:", "I:"), value("True peak:", "Peak:"))
}

/// A 32-bit float WAV file of 48 kHz mono samples.
pub(crate) fn wav(samples: &[f32]) -> Vec<u8> {
    wav_of(samples, 1, 48_000)
}

/// A 32-bit float WAV file of interleaved samples.
pub(crate) fn wav_of(samples: &[f32], channels: u16, sample_rate: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut out = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
    out.into_inner()
}

/// Power of `wanted` over that of its difference to `found`, in dB, over their common length.
pub(crate) fn snr(found: &[f32], wanted: &[f32]) -> f64 {
    let (mut power, mut error) = (0.0, 0.0);
    for (f, w) in found.iter().zip(wanted) {
        power += f64::from(*w).powi(2);
        error += (f64::from(*f) - f64::from(*w)).powi(2);
    }
    10.0 * (power / error.max(1e-30)).log10()
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-v", "error", "-y", "-bitexact"]);
    command
}

fn run(mut command: Command, input: &[u8]) -> (Vec<u8>, String) {
    // Input and log go through files, so that no pipe can fill and block.
    let mut stdin = tempfile::tempfile().unwrap();
    stdin.write_all(input).unwrap();
    stdin.rewind().unwrap();
    let mut log = tempfile::tempfile().unwrap();
    let output = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(log.try_clone().unwrap())
        .output()
        .expect("ffmpeg must be installed: `make tools`");
    let mut text = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut text).unwrap();
    assert!(output.status.success(), "{command:?}: {text}");
    (output.stdout, text)
}
