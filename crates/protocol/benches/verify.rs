//! What it costs to open a signed envelope: two Ed25519 signatures (of the message, and of the authority under its key) and the JSON.
//! Alone in a program, so that it also runs where the rest isn't built: under qemu for arm64.

#![allow(clippy::print_stdout)] // figures are what it is asked for
#![allow(clippy::disallowed_methods)] // it measures this machine's time
#![allow(clippy::expect_used)] // a bench that can't begin has nothing to tell

use std::{hint::black_box, time::Instant};

use jiff::Timestamp;
use loa_protocol::{
    Action, Audience, AuthorityKey, BroadcastId, Class, ClipHash, ClipRef, Command, CommandId, Play, open,
    seal,
};

const RUNS: usize = 2_000;
const WARM: usize = 200;

fn command(now: Timestamp) -> Command {
    let hash = ClipHash::of(b"sound");
    Command {
        id: CommandId::from_bits([9; 16]),
        issued_at: now,
        expires_at: now,
        audience: Audience::node("dai-an-1".parse().expect("an id")),
        action: Action::Play(Play {
            broadcast: BroadcastId::from_bits([1; 16]),
            class: Class::Priority,
            title: "Thông báo lịch tiêm chủng mở rộng cho trẻ em tháng 12".into(),
            language: "vi".into(),
            clip: ClipRef { hash, bytes: 40_000, duration_ms: 12_000, attached: true },
        }),
    }
}

fn main() {
    // `cargo bench` says how it calls; `cargo test` only wants to know that it runs.
    let runs = if std::env::args().any(|argument| argument == "--bench") { RUNS } else { 1 };
    let now = Timestamp::UNIX_EPOCH;
    let authority = AuthorityKey::from_seed(&[1; 32]).expect("a seed");
    let key = authority.certify(&[2; 32], Timestamp::MIN, Timestamp::MAX).expect("a seed");
    let envelope = seal(&key, &command(now)).expect("it fits");
    let pinned = authority.public_key();
    let mut micros: Vec<f64> = (0..WARM.min(runs) + runs)
        .map(|_| {
            let begun = Instant::now();
            let opened = open::<Command>(black_box(&envelope), black_box(&pinned), now);
            let taken = begun.elapsed();
            assert!(black_box(opened).is_ok());
            taken.as_secs_f64() * 1e6
        })
        .skip(WARM.min(runs))
        .collect();
    micros.sort_by(f64::total_cmp);
    let at = |percent: usize| micros[(micros.len() * percent).div_ceil(100).max(1) - 1];
    println!(
        "envelope of {} bytes opened: {runs} runs, median {:.1}, p99 {:.1} us",
        envelope.len(),
        at(50),
        at(99)
    );
    println!("figure envelope_verify_us {:.1} us", at(50));
    println!("figure envelope_verify_p99_us {:.1} us", at(99));
}
