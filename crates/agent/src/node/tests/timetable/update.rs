//! Releases that the plan wants: which the node takes, and when.

use loa_protocol::{
    ReleaseHash, Version,
    keys::Standing,
    release::{self, Doing, Step, Tried},
};

use super::*;
use crate::{
    cache::FetchError,
    release::{Failed, Installed, PrepareError, Program},
};

const TRIAL: Duration = Duration::from_secs(120);
const TARGET: &str = "aarch64-unknown-linux-gnu";

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn release(version: &str) -> ReleaseManifest {
    ReleaseManifest {
        version: v(version),
        minimum_version: v("0.1.0"),
        target: TARGET.into(),
        sha256: ReleaseHash::from_sha256([7; 32]),
        bytes: 9_000_000,
        issued_at: at(0),
        not_after: at(1_000_000),
        rollback: false,
    }
}

fn signed_by(authority: &AuthorityKey, release: &ReleaseManifest) -> String {
    let (from, until) = (at(-1_000_000), at(1_000_000_000));
    let key = authority.certify_release_key(Standing::default(), &[5; 32], from, until).unwrap();
    key.seal(release).unwrap()
}

impl Bench {
    /// A node that runs 0.2.0.
    fn replaceable(failed: Vec<Failed>, on_trial: bool) -> Self {
        let mut bench = Self::planned(vec![]);
        let program = Program { version: v("0.2.0"), target: TARGET, arguments: Vec::new() };
        let installed = Installed { program, on_trial, last: None, failed };
        bench.node.update = Some(Update::new(installed, TRIAL));
        bench.work();
        bench
    }

    fn sign(&self, release: &ReleaseManifest) -> String {
        signed_by(&self.broker.authority, release)
    }

    fn want(&mut self, generation: u64, release: impl Into<Option<String>>) {
        self.asked.clear();
        self.hold(&Plan { release: release.into(), ..plan(generation, 0, vec![]) });
    }

    fn step(&self) -> Option<Step> {
        self.node.update.as_ref().unwrap().state().step
    }

    /// What was asked about releases since the last look.
    fn orders(&mut self) -> Vec<String> {
        let orders = self.asked.drain(..).filter_map(|request| match request {
            Request::Prepare(None) => Some("leave off".to_owned()),
            Request::Prepare(Some(release)) => Some(format!("prepare {}", release.version)),
            Request::Switch(release) => Some(format!("switch {}", release.version)),
            Request::Confirm => Some("confirm".to_owned()),
            _ => None,
        });
        orders.collect()
    }
}

fn doing(version: &str, doing: Doing, reason: Option<&str>) -> Step {
    Step { version: Some(v(version)), doing, reason: reason.map(str::to_owned) }
}

#[test]
fn a_newer_release_is_prepared_once_and_gone_to_when_it_is_fit() {
    let mut bench = Bench::replaceable(vec![], false);
    let wanted = bench.sign(&release("0.3.0"));
    bench.want(2, wanted.clone());
    assert_eq!(bench.orders(), ["prepare 0.3.0"]);
    assert_eq!(bench.step().unwrap(), doing("0.3.0", Doing::Fetching, None));
    bench.want(3, wanted);
    bench.pass(600);
    assert_eq!(bench.orders(), [""; 0], "it is on its way already");
    bench.node.prepared(Ok(()));
    assert_eq!(bench.step().unwrap(), doing("0.3.0", Doing::Waiting, None));
    bench.work();
    assert_eq!(bench.orders(), ["switch 0.3.0"]);
}

#[test]
fn nobody_goes_away_while_something_sounds_or_is_about_to() {
    let mut bench = Bench::replaceable(vec![], false);
    let wanted = bench.sign(&release("0.3.0"));
    // At 60 and at 120 s.
    let twice = Planned { repeats: Repeats { count: 2, gap_s: 58 }, ..daily(1, 1) };
    bench.hold(&Plan { release: Some(wanted), ..plan(2, 0, vec![twice]) });
    bench.node.prepared(Ok(()));
    while bench.outcomes().len() < 2 {
        assert!(!bench.orders().contains(&"switch 0.3.0".into()), "{:?}", bench.outcomes());
        bench.live(1);
    }
    assert_eq!(bench.outcomes(), [PLAYED, PLAYED]);
    bench.live(3);
    assert!(bench.orders().contains(&"switch 0.3.0".into()));
}

#[test]
fn what_is_not_signed_for_this_node_now_is_refused_by_its_own_word() {
    let other = AuthorityKey::from_seed(&[9; 32]).unwrap();
    let mut bench = Bench::replaceable(vec![], false);
    let by_signing_key = seal(&bench.broker.key, &release("0.3.0")).unwrap();
    let good = bench.sign(&release("0.3.0"));
    let mut changed = good.clone();
    changed.replace_range(changed.len() - 4.., "AAAA");
    let own = |release: ReleaseManifest| bench.sign(&release);
    let cases = [
        (signed_by(&other, &release("0.3.0")), "unknown_key"),
        (by_signing_key, "wrong_type"),
        (changed, "bad_signature"),
        (String::new(), "malformed"),
        (own(release("0.1.9")), "downgrade"),
        (
            own(ReleaseManifest { target: "x86_64-unknown-linux-gnu".into(), ..release("0.3.0") }),
            "wrong_target",
        ),
        (own(ReleaseManifest { not_after: at(-1), ..release("0.3.0") }), "expired"),
        (own(ReleaseManifest { minimum_version: v("0.2.1"), ..release("0.3.0") }), "too_old"),
        (own(ReleaseManifest { bytes: u64::MAX, ..release("0.3.0") }), "size"),
    ];
    for (generation, (sealed, code)) in (2..).zip(cases) {
        bench.want(generation, Some(sealed));
        let step = bench.step().unwrap();
        assert_eq!((step.doing, step.reason.as_deref()), (Doing::Refused, Some(code)));
        assert_eq!(bench.orders(), [""; 0], "{code}");
    }
    // The one that runs is no news, and an older one may be meant.
    let (same, back) =
        (bench.sign(&release("0.2.0")), bench.sign(&ReleaseManifest { rollback: true, ..release("0.1.9") }));
    bench.want(20, same);
    assert_eq!((bench.step(), bench.orders()), (None, vec![]));
    bench.want(21, back);
    assert_eq!(bench.orders(), ["prepare 0.1.9"]);
}

#[test]
fn a_release_key_that_was_revoked_is_believed_no_more_also_after_a_restart() {
    let signed = |bench: &Bench, number: u32, version: &str| {
        let standing = Standing { number, floor: number };
        let (from, until) = (at(-1_000_000), at(1_000_000_000));
        let seed = [u8::try_from(number).unwrap(); 32];
        let key = bench.broker.authority.certify_release_key(standing, &seed, from, until).unwrap();
        key.seal(&release(version)).ok()
    };
    let mut bench = Bench::replaceable(vec![], false);
    let (newer, older) = (signed(&bench, 7, "0.3.0"), signed(&bench, 6, "0.3.1"));
    bench.want(2, newer);
    assert_eq!(bench.orders(), ["prepare 0.3.0"]);
    bench.restart();
    let program = Program { version: v("0.2.0"), target: TARGET, arguments: Vec::new() };
    let installed = Installed { program, on_trial: false, last: None, failed: vec![] };
    bench.node.update = Some(Update::new(installed, TRIAL));
    bench.want(3, older);
    assert_eq!(bench.step().unwrap().reason.as_deref(), Some("key_revoked"));
    assert_eq!(bench.orders(), [""; 0]);
}

#[test]
fn a_release_that_failed_here_is_not_tried_again() {
    let failed: Failed =
        serde_json::from_value(serde_json::json!({ "version": "0.3.0", "sha256": "07".repeat(32) })).unwrap();
    let mut bench = Bench::replaceable(vec![failed], false);
    let (same, mended) = (
        bench.sign(&release("0.3.0")),
        bench.sign(&ReleaseManifest { sha256: ReleaseHash::from_sha256([8; 32]), ..release("0.3.1") }),
    );
    bench.want(2, same);
    assert_eq!(bench.step().unwrap(), doing("0.3.0", Doing::Refused, Some("failed_before")));
    assert_eq!(bench.orders(), [""; 0]);
    bench.want(3, mended);
    assert_eq!(bench.orders(), ["prepare 0.3.1"]);
}

#[test]
fn a_release_that_can_not_be_had_is_tried_again_after_growing_waits() {
    let mut bench = Bench::replaceable(vec![], false);
    let wanted = bench.sign(&release("0.3.0"));
    bench.want(2, wanted);
    for wait in [30, 60, 120] {
        bench.orders();
        bench.node.prepared(Err(PrepareError::Fetch(FetchError::Corrupt)));
        assert_eq!(bench.step().unwrap(), doing("0.3.0", Doing::Failed, Some("corrupt")));
        bench.pass(wait - 1);
        assert_eq!(bench.orders(), [""; 0]);
        bench.pass(1);
        assert_eq!(bench.orders(), ["prepare 0.3.0"]);
    }
    bench.want(3, None);
    assert_eq!((bench.orders(), bench.step()), (vec!["leave off".to_owned()], None));
    // Too late to matter.
    bench.node.prepared(Ok(()));
    bench.pass(600);
    assert_eq!(bench.orders(), [""; 0]);
}

#[test]
fn a_release_that_expires_while_it_waits_for_quiet_is_not_gone_to() {
    let mut bench = Bench::replaceable(vec![], false);
    let wanted = bench.sign(&ReleaseManifest { not_after: at(50), ..release("0.3.0") });
    bench.hold(&Plan { release: Some(wanted), ..plan(2, 0, vec![daily(1, 1)]) });
    bench.node.prepared(Ok(()));
    bench.live(300);
    assert!(!bench.orders().contains(&"switch 0.3.0".into()));
    assert_eq!(bench.step().unwrap().reason.as_deref(), Some("expired"));
}

#[test]
fn a_trial_counts_from_when_everything_turns_and_needs_no_network() {
    let mut bench = Bench::replaceable(vec![], true);
    bench.node.disconnected();
    let newer = bench.sign(&release("0.3.0"));
    bench.want(2, newer);
    bench.pass(1_000);
    assert_eq!(bench.step().unwrap(), doing("0.2.0", Doing::Trying, None));
    assert_eq!(bench.orders(), [""; 0], "it was never ready, and one release is tried at a time");
    bench.node.ready();
    bench.pass(119);
    bench.node.ready();
    assert_eq!(bench.orders(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.orders(), ["confirm"]);
    let tried = Tried { version: v("0.2.0"), outcome: release::Outcome::Updated, reason: None };
    bench.node.confirmed(Ok(tried.clone()));
    bench.work();
    assert_eq!(bench.orders(), ["prepare 0.3.0"], "now the next one may be");
    assert_eq!(bench.node.update.as_ref().unwrap().state().last, Some(tried));
}
