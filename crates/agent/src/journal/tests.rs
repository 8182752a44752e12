use std::fs;

use loa_protocol::{Action, Audience, BroadcastId, Class, ClipHash, ClipRef, CommandId};
use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn node() -> NodeId {
    "n1".parse().unwrap()
}

fn accepted(name: u8) -> Accepted {
    let broadcast = BroadcastId::from_bits([name; 16]);
    Accepted {
        airing: AiringId::derive(&broadcast, &node(), at(0)),
        broadcast,
        class: Class::Normal,
        title: "Lịch cắt nước".into(),
        start: at(0),
        expires_at: at(600),
        clip: ClipRef { hash: ClipHash::of(&[name]), bytes: 1, duration_ms: 8_000, attached: true },
        planned: None,
    }
}

fn receipt(name: u8) -> Receipt {
    let accepted = accepted(name);
    Receipt {
        airing: accepted.airing.clone(),
        broadcast: accepted.broadcast.clone(),
        start: None,
        outcome: Outcome::Played,
        reason: None,
        started_at: Some(at(1)),
        ended_at: at(9),
        frames: 384_000,
        clip_frames: 384_000,
        clip: accepted.clip.hash,
    }
}

fn command(id: u8) -> Command {
    Command {
        id: CommandId::from_bits([id; 16]),
        issued_at: at(0),
        expires_at: at(600),
        audience: Audience::node(node()),
        action: Action::Identify,
    }
}

fn open(data: &Path) -> (Journal, Recovered) {
    Journal::open(data, at(-1000), at(10), false)
}

#[test]
fn the_reserve_is_missed_until_there_is_room_for_it_again() {
    let data = tempfile::tempdir().unwrap();
    let reserve = data.path().join("journal.reserve");
    fs::create_dir(&reserve).unwrap();
    let (mut journal, _) = open(data.path());
    assert!(journal.no_reserve().is_none(), "something is there");
    fs::remove_dir(&reserve).unwrap();
    journal.keep_reserve();
    assert!(journal.no_reserve().is_none() && reserve.is_file());

    // As on a full disk: it can't be made.
    fs::remove_file(&reserve).unwrap();
    std::os::unix::fs::symlink("/nowhere/reserve", &reserve).unwrap();
    journal.keep_reserve();
    assert_eq!(journal.no_reserve().unwrap().kind(), io::ErrorKind::NotFound);
    journal.keep_reserve();
    assert!(journal.no_reserve().is_none() && reserve.is_file(), "made at the next try");
}

#[test]
fn a_command_admitted_before_a_restart_is_a_replay_after_it() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    journal.admit(&command(1), &node(), &[], at(1)).unwrap();
    journal.remember(&command(1));
    journal.save().unwrap();
    drop(journal);
    let (mut journal, recovered) = open(data.path());
    assert_eq!(recovered.damage, Damage::default());
    assert_eq!(journal.admit(&command(1), &node(), &[], at(2)), Err(Refusal::Replayed));
    assert_eq!(journal.admit(&command(2), &node(), &[], at(2)), Ok(()));
}

#[test]
fn an_airing_cut_short_is_reported_once_with_the_frames_known() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    journal.accept(accepted(1));
    journal.begin(&accepted(1).airing, at(1));
    journal.save().unwrap();
    let progress = Progress { started_at: Some(at(2)), frames: 96_000, at: at(4) };
    journal.progress(&accepted(1).airing, progress);
    journal.save_lazily().unwrap();
    drop(journal);

    let (mut journal, recovered) = open(data.path());
    assert_eq!((recovered.cut_short, recovered.waiting.len()), (1, 0));
    let owed: Vec<_> = journal.receipts().cloned().collect();
    assert_eq!(owed.len(), 1);
    assert_eq!((owed[0].outcome, owed[0].reason), (Outcome::Partial, Some(Reason::AgentRestarted)));
    assert_eq!((owed[0].frames, owed[0].started_at, owed[0].ended_at), (96_000, Some(at(2)), at(4)));
    journal.save().unwrap();

    let (journal, recovered) = open(data.path());
    assert_eq!(recovered.cut_short, 0);
    assert_eq!(journal.receipts().cloned().collect::<Vec<_>>(), owed);
}

#[test]
fn an_airing_killed_before_its_start_sounds_if_the_clock_is_exact() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    let ahead = Accepted { start: at(11), ..accepted(1) };
    journal.accept(ahead.clone());
    journal.begin(&ahead.airing, at(10));
    journal.save().unwrap();
    drop(journal);
    let reopen = |now, exact| {
        let copy = tempfile::tempdir().unwrap();
        fs::copy(data.path().join("journal"), copy.path().join("journal")).unwrap();
        let (_, recovered) = Journal::open(copy.path(), at(-1000), at(now), exact);
        (recovered.waiting.len(), recovered.cut_short)
    };
    assert_eq!(reopen(10, true), (1, 0));
    assert_eq!(reopen(10, false), (0, 1), "a clock that is behind would have it twice");
    assert_eq!(reopen(9, true), (0, 1), "a time daemon that lies would have it twice");
    assert_eq!(reopen(11, true), (0, 1), "it may have begun");
}

#[test]
fn an_airing_that_still_waited_is_offered_again_unless_it_expired() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    journal.accept(accepted(1));
    journal.accept(Accepted { expires_at: at(5), ..accepted(2) });
    journal.save().unwrap();
    let (journal, recovered) = open(data.path());
    assert_eq!(recovered.waiting, [accepted(1)]);
    let owed: Vec<_> = journal.receipts().map(|r| (r.airing.clone(), r.outcome, r.reason)).collect();
    assert_eq!(owed, [(accepted(2).airing, Outcome::Missed, Some(Reason::AgentRestarted))]);
}

#[test]
fn a_receipt_stays_until_it_is_acknowledged_and_the_first_one_stands() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    for name in [3, 1, 2] {
        assert!(journal.settle(receipt(name)));
    }
    assert!(!journal.settle(Receipt { frames: 1, ..receipt(1) }));
    journal.save().unwrap();
    let (mut journal, _) = open(data.path());
    assert_eq!(journal.receipts().cloned().collect::<Vec<_>>(), [3, 1, 2].map(receipt));
    assert_eq!(journal.forget(&[receipt(1).airing, receipt(9).airing]), 1);
    journal.save().unwrap();
    let (journal, _) = open(data.path());
    assert_eq!(journal.receipts().cloned().collect::<Vec<_>>(), [3, 2].map(receipt));
    assert!(journal.knows(&receipt(1).airing), "it must not be aired again");
}

#[test]
fn a_file_torn_at_any_byte_keeps_every_line_before_it() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    let mut ends = vec![0];
    for name in 1..=3 {
        journal.settle(receipt(name));
        journal.save().unwrap();
        ends.push(journal.lines.length());
    }
    let path = data.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    let near_an_end = |cut: usize| ends.iter().any(|end| end.abs_diff(cut as u64) <= 2);
    for cut in (0..whole.len()).filter(|cut| cut % 29 == 0 || near_an_end(*cut)) {
        fs::write(&path, &whole[..cut]).unwrap();
        let (mut journal, recovered) = open(data.path());
        let kept = ends.iter().filter(|end| **end <= cut as u64).count() - 1;
        assert_eq!(journal.owed(), kept, "cut at {cut}");
        assert_eq!(recovered.damage.torn, !ends.contains(&(cut as u64)), "cut at {cut}");
        journal.settle(receipt(9));
        journal.save().unwrap();
        let (journal, recovered) = open(data.path());
        assert_eq!((journal.owed(), recovered.damage), (kept + 1, Damage::default()), "cut at {cut}");
    }
}

#[test]
fn a_tail_of_zeros_after_a_power_cut_is_cut_off() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    journal.settle(receipt(1));
    journal.save().unwrap();
    let path = data.path().join(FILE);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0; 4096]);
    fs::write(&path, bytes).unwrap();
    let (journal, recovered) = open(data.path());
    assert!(recovered.damage.torn);
    assert_eq!(journal.owed(), 1);
    assert_eq!(fs::read(data.path().join("journal.corrupt-1")).unwrap(), [0; 4096]);
}

#[test]
fn damage_in_the_middle_costs_only_its_line_and_is_kept_aside() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    for name in 1..=3 {
        journal.settle(receipt(name));
    }
    journal.save().unwrap();
    let path = data.path().join(FILE);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&path, &bytes).unwrap();
    let (journal, recovered) = open(data.path());
    assert_eq!(recovered.damage, Damage { corrupt_lines: 1, ..Damage::default() });
    assert_eq!(journal.receipts().cloned().collect::<Vec<_>>(), [1, 3].map(receipt));
    assert_eq!(fs::read(data.path().join("journal.corrupt-1")).unwrap(), bytes);
    assert_eq!(open(data.path()).1.damage, Damage::default());
}

#[test]
fn what_the_disk_refuses_is_kept_in_memory_and_written_when_it_can_be() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    let path = data.path().join(FILE);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap(); // a folder in the file's place: every write fails
    journal.close();
    journal.settle(receipt(1));
    assert!(journal.save().is_err());
    assert!(journal.unsaved());
    assert_eq!(journal.owed(), 1);
    fs::remove_dir(&path).unwrap();
    journal.settle(receipt(2));
    journal.save().unwrap();
    assert!(!journal.unsaved());
    assert_eq!(open(data.path()).0.receipts().cloned().collect::<Vec<_>>(), [1, 2].map(receipt));
}

#[test]
fn a_journal_that_cannot_be_read_is_set_aside() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join(FILE)).unwrap();
    let (mut journal, recovered) = open(data.path());
    assert!(recovered.damage.unreadable);
    assert!(data.path().join("journal.corrupt-1").is_dir());
    journal.settle(receipt(1));
    journal.save().unwrap();
    assert_eq!(open(data.path()).0.owed(), 1);
}

#[test]
fn years_of_airings_do_not_fill_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    journal.settle(receipt(0));
    for n in 0..3_000_u32 {
        // Twenty a day.
        let start = at(i64::from(n) * 4_320);
        let mut bits = [1; 16];
        bits[..4].copy_from_slice(&n.to_be_bytes());
        let broadcast = BroadcastId::from_bits(bits);
        let airing = AiringId::derive(&broadcast, &node(), start);
        journal.accept(Accepted { airing: airing.clone(), broadcast, start, ..accepted(1) });
        journal.settle(Receipt { airing: airing.clone(), start: Some(start), ..receipt(1) });
        journal.forget(&[airing]);
        journal.consider(start);
        journal.prune(&[], start);
        journal.save_lazily().unwrap();
    }
    assert!(journal.lines.length() < 2 * SMALL, "{}", journal.lines.length());
    assert_eq!(open(data.path()).0.receipts().cloned().collect::<Vec<_>>(), [receipt(0)]);
}

#[test]
fn an_airing_of_an_hour_costs_at_most_8_kib() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(data.path());
    let before = journal.lines.length();
    journal.admit(&command(1), &node(), &[], at(1)).unwrap();
    journal.accept(accepted(1));
    journal.remember(&command(1));
    journal.begin(&accepted(1).airing, at(1));
    for _ in 0..crate::node::checkpoints(3_600) {
        let progress = Progress { started_at: Some(at(1)), frames: 172_800_000, at: at(3_600) };
        journal.progress(&accepted(1).airing, progress);
    }
    journal.settle(receipt(1));
    journal.forget(&[receipt(1).airing]);
    journal.save().unwrap();
    assert!(journal.lines.length() - before < 8 * 1024, "{}", journal.lines.length() - before);
}

#[derive(Debug, Clone)]
enum Step {
    Accept(u8),
    Begin(u8),
    Settle(u8),
    Forget(u8),
    Save,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u8..6).prop_map(Step::Accept),
        (0u8..6).prop_map(Step::Begin),
        (0u8..6).prop_map(Step::Settle),
        (0u8..6).prop_map(Step::Forget),
        Just(Step::Save),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is done, and wherever the file is torn, what was saved before the tear is owed or offered again, once.
    #[test]
    fn nothing_saved_is_lost_or_doubled_by_a_tear(
        steps in prop::collection::vec(step(), 1..40),
        tear in 0.0f64..1.0,
    ) {
        let data = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(data.path());
        let mut safe = (Vec::new(), 0);
        let mut forgotten_since = std::collections::BTreeSet::new();
        for step in steps {
            match step {
                Step::Accept(n) if !journal.knows(&accepted(n).airing) => journal.accept(accepted(n)),
                Step::Begin(n) if journal.knows(&accepted(n).airing) => journal.begin(&accepted(n).airing, at(1)),
                Step::Settle(n) if journal.knows(&accepted(n).airing) => { journal.settle(receipt(n)); }
                Step::Forget(n) => {
                    journal.forget(&[accepted(n).airing]);
                    forgotten_since.insert(n);
                }
                Step::Save => {
                    journal.save().unwrap();
                    let known: Vec<_> = (0..6).filter(|n| journal.entries.contains_key(&accepted(*n).airing)).collect();
                    safe = (known, journal.lines.length());
                    forgotten_since.clear();
                }
                _ => {}
            }
        }
        let _ = journal.save_lazily();
        drop(journal);
        let path = data.path().join(FILE);
        let bytes = fs::read(&path).unwrap();
        let unsafe_bytes = (bytes.len() as u64 - safe.1) as f64;
        let cut = safe.1 as usize + (unsafe_bytes * tear) as usize;
        fs::write(&path, &bytes[..cut]).unwrap();

        let (journal, recovered) = open(data.path());
        let waiting: Vec<_> = recovered.waiting.iter().map(|a| a.airing.clone()).collect();
        let owed: Vec<_> = journal.receipts().map(|r| r.airing.clone()).collect();
        for n in safe.0 {
            let airing = accepted(n).airing;
            let found = waiting.iter().chain(&owed).filter(|a| **a == airing).count();
            // What was forgotten after the save may be forgotten by what of the file is left.
            prop_assert!(found == 1 || (found == 0 && forgotten_since.contains(&n)));
        }
        let mut all: Vec<_> = waiting.iter().chain(&owed).collect();
        all.sort();
        all.dedup();
        prop_assert_eq!(all.len(), waiting.len() + owed.len());
    }
}
