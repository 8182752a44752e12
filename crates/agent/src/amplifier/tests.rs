use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::*;

/// A program that writes each word it is called with into a file, then does as `then` says.
fn program(folder: &Path, then: &str) -> Vec<String> {
    let path = folder.join("amplifier");
    let log = folder.join("log");
    fs::write(&path, format!("#!/bin/sh\necho \"$1\" >> {}\n{then}\n", log.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    vec![path.display().to_string()]
}

fn log(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn switched(command: Vec<String>, patience: Duration) -> Switched<ByCommand> {
    let mut switch = ByCommand::new(command);
    switch.patience = patience;
    Switched::new(switch, 0, 0)
}

/// Tends the amplifier until its program has ended, as time stands still.
fn settle(amplifier: &mut Switched<ByCommand>, now: Duration) {
    let by = real_time() + Duration::from_secs(60);
    while amplifier.begun {
        amplifier.tend(now);
        assert!(real_time() < by, "the program never ended");
        thread::sleep(LOOK);
    }
}

#[test]
fn a_program_is_run_with_on_and_with_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut amplifier = switched(program(folder.path(), ""), Duration::from_secs(30));
    for on in [true, false] {
        amplifier.set(on);
        settle(&mut amplifier, Duration::ZERO);
        assert_eq!((amplifier.fault(), amplifier.busy()), (None, false));
    }
    assert_eq!(log(folder.path()), ["on", "off"]);
}

#[test]
fn a_program_that_hangs_is_ended_told_and_tried_again_until_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut amplifier = switched(program(folder.path(), "exec sleep 600"), Duration::from_millis(300));
    amplifier.on();
    settle(&mut amplifier, Duration::ZERO);
    assert_eq!(amplifier.fault().map(Fault::code), Some("amplifier_program_hangs"));
    assert!(amplifier.switch.running.is_none(), "it was ended");
    program(folder.path(), "");
    amplifier.switch.patience = Duration::from_secs(30);
    amplifier.tend(FIRST_RETRY / 2);
    assert!(!amplifier.begun, "not before its time");
    amplifier.tend(FIRST_RETRY);
    settle(&mut amplifier, FIRST_RETRY);
    assert_eq!((amplifier.fault(), amplifier.busy()), (None, false));
    assert_eq!(log(folder.path()), ["on", "on"]);
}

#[test]
fn a_program_that_fails_or_is_not_there_is_told_and_the_waits_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut failing = switched(program(folder.path(), "exit 3"), Duration::from_secs(30));
    failing.on();
    let mut now = Duration::ZERO;
    let mut waits = Vec::new();
    for _ in 0..3 {
        settle(&mut failing, now);
        assert_eq!(failing.fault().map(Fault::code), Some("amplifier_program_failed"));
        let since = now;
        while !failing.begun {
            now += Duration::from_millis(500);
            failing.tend(now);
        }
        waits.push(now.saturating_sub(since).as_millis());
    }
    assert_eq!(waits, [1000, 2000, 4000]);
    let mut missing = switched(vec!["/nowhere/amplifier".into()], Duration::from_secs(30));
    missing.on();
    assert_eq!(missing.fault().map(Fault::code), Some("amplifier_not_run"));
}

#[test]
fn an_amplifier_that_is_dropped_while_on_is_off_before_anything_else_happens() {
    let folder = tempfile::tempdir().unwrap();
    let mut amplifier = switched(program(folder.path(), ""), Duration::from_secs(30));
    amplifier.on();
    settle(&mut amplifier, Duration::ZERO);
    drop(amplifier);
    assert_eq!(log(folder.path()), ["on", "off"]);
}

#[test]
fn the_order_to_switch_off_after_a_crash_waits_until_it_is_done_and_says_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let config = |command| AmplifierConfig::Command { command, lead_ms: 0, linger_ms: 0 };
    config(program(folder.path(), "")).switch_off().unwrap();
    assert_eq!(log(folder.path()), ["off"]);
    let fault = config(program(folder.path(), "exit 1")).switch_off().unwrap_err();
    assert_eq!(fault.code(), "amplifier_program_failed");
    let line = AmplifierConfig::Gpio {
        chip: Some("no-such-chip".into()),
        line: LineName::Name("GPIO17".into()),
        active_low: true,
        lead_ms: 0,
        linger_ms: 0,
    };
    assert_eq!(line.switch_off().unwrap_err().code(), "amplifier_no_chip");
    AmplifierConfig::None.switch_off().unwrap();
}
