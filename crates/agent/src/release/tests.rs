use std::{fs, os::unix::fs::PermissionsExt};

use loa_protocol::ReleaseHash;
use ring::digest::{SHA256, digest};
use rstest::rstest;

use super::{
    start::{Choice, choose},
    *,
};

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn release_of(version: &str, program: &[u8]) -> ReleaseManifest {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, program).as_ref());
    ReleaseManifest {
        version: v(version),
        minimum_version: v("0.1.0"),
        target: env!("LOA_TARGET").into(),
        sha256: ReleaseHash::from_sha256(sha256),
        bytes: program.len() as u64,
        issued_at: "2026-11-24T05:00:00Z".parse().unwrap(),
        not_after: "2027-11-24T05:00:00Z".parse().unwrap(),
        rollback: false,
    }
}

fn release(version: &str) -> ReleaseManifest {
    release_of(version, version.as_bytes())
}

struct Bench {
    data: tempfile::TempDir,
    releases: Releases,
    /// The package's version.
    packaged: Version,
    boot: &'static str,
}

impl Bench {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let releases = Releases::of(data.path());
        Self { data, releases, packaged: v("0.1.0"), boot: "first" }
    }

    /// What is started.
    fn start(&self) -> Option<Version> {
        match choose(&self.releases, self.packaged, self.boot).unwrap() {
            Choice::Package => None,
            Choice::Release(version) => Some(version),
        }
    }

    fn prepare(&self, release: &ReleaseManifest) {
        let partial = self.data.path().join("arrived");
        fs::write(&partial, release.version.to_string()).unwrap();
        self.releases.make_folder(&self.releases.folder).unwrap();
        self.releases.place(release, &partial).unwrap();
    }

    /// A release is put in its place, and switched to from what runs.
    fn switch(&self, version: &str, running: Option<&str>) {
        self.prepare(&release(version));
        self.releases.switch(&release(version), running.map(v)).unwrap();
    }

    /// A node that runs 0.2.0, proved.
    fn proved() -> Self {
        let bench = Self::new();
        bench.switch("0.2.0", None);
        assert_eq!(bench.start(), Some(v("0.2.0")));
        bench.releases.confirm(v("0.2.0")).unwrap();
        bench
    }

    fn installed(&self, version: &str) -> Installed {
        let program = Program { version: v(version), target: "", arguments: Vec::new() };
        self.releases.installed(program, version != "0.1.0")
    }

    fn last(&self) -> (Version, Outcome, Option<String>) {
        let last = self.releases.read().last.unwrap();
        (last.version, last.outcome, last.reason)
    }
}

#[test]
fn without_a_release_the_packages_program_runs_and_nothing_is_written() {
    let bench = Bench::new();
    assert_eq!(bench.start(), None);
    assert!(!bench.data.path().join("releases").exists());
    assert!(!bench.installed("0.1.0").on_trial);
}

#[test]
fn a_release_that_proves_itself_is_started_ever_after() {
    let bench = Bench::new();
    bench.switch("0.2.0", None);
    assert_eq!(bench.start(), Some(v("0.2.0")));
    assert!(bench.installed("0.2.0").on_trial);
    bench.releases.confirm(v("0.2.0")).unwrap();
    assert!(!bench.installed("0.2.0").on_trial);
    for _ in 0..3 {
        assert_eq!(bench.start(), Some(v("0.2.0")));
    }
    assert_eq!(bench.last(), (v("0.2.0"), Outcome::Updated, None));
}

#[rstest]
#[case::to_the_package(None)]
#[case::to_a_release(Some("0.2.0"))]
fn a_release_that_ends_before_it_has_proved_itself_is_gone_back_from_at_the_next_start(
    #[case] before: Option<&str>,
) {
    let bench = before.map_or_else(Bench::new, |_| Bench::proved());
    bench.switch("0.3.0", before);
    assert_eq!(bench.start(), Some(v("0.3.0")));
    for _ in 0..2 {
        assert_eq!(bench.start(), before.map(v));
    }
    assert_eq!(bench.last(), (v("0.3.0"), Outcome::RolledBack, Some("not_ready".into())));
    let installed = bench.installed(before.unwrap_or("0.1.0"));
    assert!(!installed.on_trial && installed.has_failed(&release("0.3.0")));
    assert!(!installed.has_failed(&release("0.3.1")), "the next one has its own trial");
    let mended = release_of("0.3.0", b"other bytes");
    assert!(!installed.has_failed(&mended), "it is the program that failed, not the number");
}

#[test]
fn a_power_cut_during_the_trial_is_not_the_releases_fault_but_three_are() {
    let mut bench = Bench::proved();
    bench.switch("0.3.0", Some("0.2.0"));
    for boot in ["first", "second", "third"] {
        bench.boot = boot;
        assert_eq!(bench.start(), Some(v("0.3.0")), "{boot}");
    }
    bench.boot = "fourth";
    assert_eq!(bench.start(), Some(v("0.2.0")));
}

#[test]
fn a_release_whose_program_is_gone_is_gone_back_from() {
    let bench = Bench::proved();
    bench.switch("0.3.0", Some("0.2.0"));
    fs::remove_file(bench.releases.program(v("0.3.0"))).unwrap();
    assert_eq!(bench.start(), Some(v("0.2.0")));
    assert!(!bench.installed("0.2.0").has_failed(&release("0.3.0")), "it may come again");
    fs::remove_file(bench.releases.program(v("0.2.0"))).unwrap();
    assert_eq!(bench.start(), None);
    assert_eq!(bench.last(), (v("0.2.0"), Outcome::RolledBack, Some("missing".into())));
}

#[test]
fn a_release_that_a_failing_card_changed_is_not_started_and_may_be_fetched_again() {
    let bench = Bench::proved();
    bench.switch("0.3.0", Some("0.2.0"));
    fs::write(bench.releases.program(v("0.3.0")), "0.3.O").unwrap();
    assert_eq!(bench.start(), Some(v("0.2.0")), "not even tried");
    bench.switch("0.3.0", Some("0.2.0"));
    assert_eq!(bench.start(), Some(v("0.3.0")));
    bench.releases.confirm(v("0.3.0")).unwrap();
    fs::write(bench.releases.program(v("0.3.0")), "0.3.O").unwrap();
    assert_eq!(bench.start(), Some(v("0.2.0")));
    assert_eq!(bench.last(), (v("0.3.0"), Outcome::RolledBack, Some("damaged".into())));
    assert!(!bench.installed("0.2.0").has_failed(&release("0.3.0")));
    fs::write(bench.releases.program(v("0.2.0")), "0.2.O").unwrap();
    assert_eq!(bench.start(), None);
}

#[test]
fn a_package_that_is_no_older_takes_over_and_one_that_is_older_does_not() {
    let mut bench = Bench::proved();
    bench.packaged = v("0.1.9");
    assert_eq!(bench.start(), Some(v("0.2.0")));
    bench.packaged = v("0.2.0");
    assert_eq!(bench.start(), None);
    assert_eq!(bench.releases.current(), None);
}

#[test]
fn a_release_meant_to_go_below_the_package_runs_until_there_is_another_package() {
    let mut bench = Bench::proved();
    bench.packaged = v("0.4.0");
    assert_eq!(bench.start(), None);
    bench.switch("0.2.0", None);
    assert_eq!(bench.start(), None, "an older one is not run by mistake");
    let back = ReleaseManifest { rollback: true, ..release("0.2.0") };
    bench.releases.switch(&back, None).unwrap();
    assert_eq!(bench.start(), Some(v("0.2.0")));
    bench.releases.confirm(v("0.2.0")).unwrap();
    assert_eq!(bench.start(), Some(v("0.2.0")));
    bench.packaged = v("0.4.1");
    assert_eq!(bench.start(), None);
}

#[test]
fn going_back_by_hand_refuses_the_release_from_then_on() {
    let bench = Bench::proved();
    bench.switch("0.3.0", Some("0.2.0"));
    assert_eq!(bench.start(), Some(v("0.3.0")));
    bench.releases.confirm(v("0.3.0")).unwrap();
    assert_eq!(bench.releases.roll_back().unwrap(), Some((v("0.3.0"), Some(v("0.2.0")))));
    assert_eq!(bench.start(), Some(v("0.2.0")));
    assert!(bench.installed("0.2.0").has_failed(&release("0.3.0")));
    assert_eq!(bench.releases.roll_back().unwrap(), Some((v("0.2.0"), None)));
    assert_eq!(bench.releases.roll_back().unwrap(), None);
}

#[test]
fn a_lost_record_starts_what_was_before_and_the_release_may_come_again() {
    for damage in [None, Some(&b""[..]), Some(b"{}"), Some(b"\0\0")] {
        let bench = Bench::proved();
        bench.switch("0.3.0", Some("0.2.0"));
        assert_eq!(bench.start(), Some(v("0.3.0")));
        bench.releases.confirm(v("0.3.0")).unwrap();
        let record = bench.releases.folder.join(RECORD);
        match damage {
            None => fs::remove_file(record).unwrap(),
            Some(bytes) => fs::write(record, bytes).unwrap(),
        }
        assert_eq!(bench.start(), Some(v("0.2.0")));
        assert!(!bench.installed("0.2.0").has_failed(&release("0.3.0")));
    }
}

/// Every place where the power may go while a release is switched to, tried or gone back from: whatever was on disk then, something that works is
/// started, and a release that was gone back from is not started again.
#[test]
fn a_power_cut_between_any_two_steps_leaves_the_old_program_or_the_new_one() {
    let states = |act: fn(&Bench)| -> Vec<tempfile::TempDir> {
        let bench = Bench::proved();
        bench.prepare(&release("0.3.0"));
        let before = copy(bench.data.path());
        act(&bench);
        mixtures(before.path(), bench.data.path())
    };
    let switch: fn(&Bench) = |bench| bench.releases.switch(&release("0.3.0"), Some(v("0.2.0"))).unwrap();
    let mut started = Vec::new();
    for state in states(switch) {
        let bench =
            Bench { releases: Releases::of(state.path()), data: state, packaged: v("0.1.0"), boot: "second" };
        started.push(bench.start().unwrap().to_string());
    }
    assert_eq!(started, ["0.2.0", "0.2.0", "0.2.0", "0.3.0"]);

    let fail: fn(&Bench) = |bench| {
        bench.releases.switch(&release("0.3.0"), Some(v("0.2.0"))).unwrap();
        assert_eq!(bench.start(), Some(v("0.3.0")));
    };
    let bench = Bench::proved();
    bench.prepare(&release("0.3.0"));
    fail(&bench);
    let before = copy(bench.data.path());
    assert_eq!(bench.start(), Some(v("0.2.0")));
    for state in mixtures(before.path(), bench.data.path()) {
        let bench =
            Bench { releases: Releases::of(state.path()), data: state, packaged: v("0.1.0"), boot: "first" };
        assert_eq!(bench.start(), Some(v("0.2.0")));
        assert!(bench.installed("0.2.0").has_failed(&release("0.3.0")));
    }
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp").arg("-a").arg(from.join(FOLDER)).arg(to.path()).status();
    assert!(copied.unwrap().success());
    to
}

/// The states on disk between two: of what is changed in order (the record, `previous`, `current`) so much is new, the rest old.
fn mixtures(before: &Path, after: &Path) -> Vec<tempfile::TempDir> {
    let steps = [RECORD, PREVIOUS, CURRENT];
    let mixture = |done: usize| {
        let state = copy(before);
        for step in &steps[..done] {
            let to = state.path().join(FOLDER).join(step);
            let _ = fs::remove_file(&to);
            let from = after.join(FOLDER).join(step);
            if from.symlink_metadata().is_ok() {
                let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
                assert!(copied.unwrap().success());
            }
        }
        state
    };
    (0..=steps.len()).map(mixture).collect()
}

#[test]
fn a_program_is_put_in_its_place_whole_executable_and_alone() {
    let bench = Bench::proved();
    bench.prepare(&release("0.3.0"));
    let program = bench.releases.program(v("0.3.0"));
    assert_eq!(fs::read(&program).unwrap(), b"0.3.0");
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(bench.releases.holds(&release("0.3.0")));
    assert!(!bench.releases.holds(&release_of("0.3.0", b"other")));
    // What a power cut left half done stands in nobody's way, and goes when the next release has proved itself.
    fs::create_dir_all(bench.releases.folder.join("0.3.1.new")).unwrap();
    fs::create_dir_all(bench.releases.folder.join(ARRIVING)).unwrap();
    bench.prepare(&release("0.3.1"));
    bench.releases.switch(&release("0.3.1"), Some(v("0.2.0"))).unwrap();
    bench.releases.confirm(v("0.3.1")).unwrap();
    let left: std::collections::BTreeSet<_> = fs::read_dir(&bench.releases.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["0.2.0", "0.3.1", CURRENT, PREVIOUS, RECORD].map(str::to_owned).into());
}

#[test]
fn this_program_has_a_version_that_releases_can_be_compared_with() {
    assert_eq!(Program::this().version.to_string(), VERSION);
    assert!(Program::this().target.contains("linux"));
}
