//! A file that somebody uploads as sound. Whatever it is, it becomes a clip that can be read again, or a named error.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use loa_audio::{Limits, Target, opus_file::Reader};

fuzz_target!(|data: &[u8]| {
    // Short, so that a run tries many files.
    let limits = Limits { max_duration: Duration::from_secs(3), max_bytes: 1 << 20, ..Limits::default() };
    if let Ok(clip) = loa_audio::ingest(data, &limits, &Target::default()) {
        assert!(clip.samples <= 3 * 48_000, "longer than is allowed");
        assert!(Reader::new(clip.ogg.as_slice()).is_ok(), "a clip of our own can't be read");
    }
});
