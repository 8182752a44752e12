//! Holds what sounded, and what was said of it, against what was ordered. It knows the rules from `loa_schedule` and the year from
//! outside; it never asks a node.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::AddAssign,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_protocol::{AiringId, Class, Limit, NodeId, Outcome, Policy, Receipt, plan::Volume};
use loa_schedule::{
    Spell, Wish,
    policy::{ceiling, judge as allowed},
};

use super::clock::later;

/// From the decision to begin until the first frame leaves a device, and back: nobody hears the difference.
const TOLERANCE: SignedDuration = SignedDuration::from_millis(500);
/// A clock that is wrong by less than this is right.
const RIGHT: SignedDuration = SignedDuration::from_secs(2);
/// Violations that are told in words.
const TOLD: usize = 20;

/// One sound that left a device.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) airing: AiringId,
    /// Frames of the clip that were left out at its beginning.
    pub(super) skip: u64,
    /// Frames that it was to have, 48,000 a second.
    pub(super) whole: u64,
    /// Frames that left the device.
    pub(super) frames: u64,
    /// By the node's clock as it was when the sound was ordered.
    pub(super) began: Timestamp,
    /// By the node's clock.
    pub(super) ended: Timestamp,
    /// What that clock showed more than the truth when it was ordered.
    pub(super) error: SignedDuration,
    /// Whether that clock was to be believed, as far as the node could know.
    pub(super) trusted: bool,
    /// The node died while it sounded, or before it had written down that it was over.
    pub(super) cut: bool,
    pub(super) gain: f32,
    /// The node had been told that everything is stopped.
    pub(super) latched: bool,
    /// The plan that the node held when it ordered the sound, at most a second before it begins.
    pub(super) generation: Option<u64>,
}

impl Heard {
    /// When it really began.
    fn truly(&self) -> Timestamp {
        later(self.began, -self.error)
    }
}

/// A receipt that the broker got.
#[derive(Debug, Clone)]
pub(super) struct Got {
    /// When, truly.
    pub(super) at: Timestamp,
    pub(super) receipt: Receipt,
}

/// What an airing's order says of it.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    pub(super) start: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) class: Class,
    pub(super) exceeds: Vec<Limit>,
    /// Whether a timetable brought it.
    pub(super) by_plan: bool,
}

/// One node's year, as it was.
pub(super) struct Case<'a> {
    pub(super) node: &'a NodeId,
    /// In the order in which it sounded.
    pub(super) heard: &'a [Heard],
    /// Everything the node was ever ordered to air; more than once what was changed and kept its instant.
    pub(super) ordered: &'a HashMap<AiringId, Vec<Ordered>>,
    /// What it knew that it was to air, or to report.
    pub(super) owed: &'a [AiringId],
    /// What the broker expected and the node never learnt: the broker reports it as not heard of.
    pub(super) untold: usize,
    /// The first receipt of each airing that got through.
    pub(super) receipts: &'a HashMap<AiringId, Got>,
    /// Policy and volume of each plan, the first of generation 1.
    pub(super) rules: &'a [(&'a Policy, Volume)],
    pub(super) zone: &'a TimeZone,
}

/// What came of it. Down to `untrue` all must be zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Airings that a node was to air, and that nobody heard of again.
    pub missed_unreported: usize,
    /// Airings of which some part sounded twice.
    pub doubled: usize,
    /// Sounds that began outside their airing's window, or by a clock that was not to be believed.
    pub late: usize,
    /// Sounds that the policy or the stop latch forbade, or that were too loud.
    pub outside_policy: usize,
    /// Sounds that nobody ordered.
    pub unordered: usize,
    /// Airings reported as not played that sounded.
    pub untrue: usize,
    /// Airings reported as not played while a clock was ahead, that sounded when it had been put back.
    pub denied_before: usize,
    /// Airings that the node never learnt of in time.
    pub untold: usize,
    /// Sounds in all.
    pub sounds: usize,
    /// Bytes that journals were written, being written anew included.
    pub journal_bytes: u64,
    /// Airings by what their receipts say.
    pub outcomes: BTreeMap<String, usize>,
    /// The first violations, in words.
    pub words: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        let wrong = [
            self.missed_unreported,
            self.doubled,
            self.late,
            self.outside_policy,
            self.unordered,
            self.untrue,
        ];
        wrong.iter().all(|count| *count == 0)
    }

    fn tell(&mut self, what: &str, about: &dyn std::fmt::Debug) {
        if self.words.len() < TOLD {
            self.words.push(format!("{what}: {about:?}"));
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "missed_unreported {} doubled {} late {} outside_policy {} unordered {} untrue {}; {} sounds, {} untold, {} denied before;",
            self.missed_unreported,
            self.doubled,
            self.late,
            self.outside_policy,
            self.unordered,
            self.untrue,
            self.sounds,
            self.untold,
            self.denied_before,
        )?;
        for (index, (outcome, count)) in self.outcomes.iter().enumerate() {
            write!(to, "{} {outcome} {count}", if index == 0 { "" } else { "," })?;
        }
        self.words.iter().try_for_each(|words| write!(to, "\n  {words}"))
    }
}

impl AddAssign for Verdict {
    fn add_assign(&mut self, other: Self) {
        self.missed_unreported += other.missed_unreported;
        self.doubled += other.doubled;
        self.late += other.late;
        self.outside_policy += other.outside_policy;
        self.unordered += other.unordered;
        self.untrue += other.untrue;
        self.denied_before += other.denied_before;
        self.untold += other.untold;
        self.sounds += other.sounds;
        self.journal_bytes += other.journal_bytes;
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        self.words.extend(other.words);
        self.words.truncate(TOLD);
    }
}

/// Judges one node's year.
pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict { untold: case.untold, sounds: case.heard.len(), ..Verdict::default() };
    for airing in case.owed.iter().filter(|airing| !case.receipts.contains_key(*airing)) {
        verdict.missed_unreported += 1;
        verdict.tell("missed and not reported", &(case.node, airing, case.ordered.get(airing)));
    }
    for Got { receipt, .. } in case.receipts.values() {
        let reason = receipt.reason.map(|reason| format!(" {reason:?}")).unwrap_or_default();
        *verdict.outcomes.entry(format!("{:?}{reason}", receipt.outcome)).or_default() += 1;
    }
    let mut so_far: HashMap<&AiringId, u64> = HashMap::new();
    for (index, heard) in case.heard.iter().enumerate() {
        let Some(ordered) = case.ordered.get(&heard.airing) else {
            verdict.unordered += 1;
            verdict.tell("nobody ordered it", &(case.node, heard));
            continue;
        };
        let before = so_far.entry(&heard.airing).or_default();
        if heard.skip < *before {
            verdict.doubled += 1;
            let earlier: Vec<_> =
                case.heard[..index].iter().filter(|earlier| earlier.airing == heard.airing).collect();
            verdict.tell("sounded twice", &(case.node, earlier, heard, ordered));
        }
        *before = (*before).max(heard.skip + heard.frames);
        if !ordered.iter().any(|ordered| in_time(heard, ordered)) {
            verdict.late += 1;
            verdict.tell("out of time", &(case.node, heard, ordered));
        }
        let why = ordered.iter().map(|ordered| permitted(case, index, heard, ordered)).reduce(Result::or);
        if let Some(Err(why)) = why {
            verdict.outside_policy += 1;
            verdict.tell(&why, &(case.node, heard, ordered));
        }
        let Some(Got { at, receipt }) = case.receipts.get(&heard.airing) else { continue };
        let denied = matches!(receipt.outcome, Outcome::Missed | Outcome::Refused);
        if heard.frames > 0 && denied && *at < heard.truly() {
            verdict.denied_before += 1;
        } else if heard.frames > 0 && denied {
            verdict.untrue += 1;
            verdict.tell("reported as silent", &(case.node, heard, ordered, receipt));
        }
    }
    verdict
}

fn in_time(heard: &Heard, ordered: &Ordered) -> bool {
    let window = |at: Timestamp, tolerance| {
        at < later(ordered.expires_at, tolerance) && later(at, tolerance) >= ordered.start
    };
    let by_its_clock = window(heard.began, TOLERANCE);
    // What a node can't know isn't held against it, but a right clock is no excuse.
    let by_the_truth = heard.error.abs() >= RIGHT || window(heard.truly(), TOLERANCE + RIGHT);
    by_its_clock && by_the_truth && (heard.trusted || !ordered.by_plan)
}

fn permitted(case: &Case<'_>, index: usize, heard: &Heard, ordered: &Ordered) -> Result<(), String> {
    if heard.latched {
        return Err("sounded while everything was stopped".into());
    }
    let held = heard.generation.and_then(|generation| usize::try_from(generation).ok()?.checked_sub(1));
    let unplanned = Policy::default();
    let (policy, volume) =
        held.and_then(|index| case.rules.get(index)).map_or((&unplanned, Volume::default()), |rules| *rules);
    let most = match ordered.class {
        Class::Emergency => volume.emergency_percent,
        class => volume.percent.min(ceiling(policy, case.zone, class, &ordered.exceeds, heard.began)),
    };
    if heard.gain > f32::from(most) / 100.0 + 1e-4 {
        return Err(format!("louder than {most} %"));
    }
    // What goes on after an interruption goes on with its session.
    let mut earlier: HashMap<&AiringId, Spell> = HashMap::new();
    for other in case.heard[..index].iter().rev().take(100) {
        let orders = case.ordered.get(&other.airing);
        let counts = orders.is_some_and(|orders| orders.iter().all(|order| order.class != Class::Emergency));
        if let Some(spell) = spell(other, case.receipts).filter(|_| counts) {
            let whole = earlier.entry(&other.airing).or_insert(spell);
            *whole = Spell { from: whole.from.min(spell.from), to: whole.to.max(spell.to) };
        }
    }
    let earlier: Vec<_> = earlier.into_values().collect();
    let to = later(heard.began, lasts(heard.whole) - TOLERANCE).max(heard.began);
    let wish =
        Wish { class: ordered.class, spell: Spell { from: heard.began, to }, exceeds: &ordered.exceeds };
    allowed(policy, case.zone, &wish, &earlier)
        .map_err(|breach| format!("against the policy ({breach:?}), after {:?}", last_day(&earlier, &wish)))
}

/// What the verdict rests on, in order.
fn last_day(earlier: &[Spell], wish: &Wish<'_>) -> Vec<Spell> {
    let day = SignedDuration::from_hours(24);
    let mut last: Vec<_> =
        earlier.iter().copied().filter(|s| wish.spell.from.duration_since(s.to) < day).collect();
    last.sort_unstable();
    last
}

/// When it sounded, as far as anyone can know after a power cut.
fn spell(heard: &Heard, receipts: &HashMap<AiringId, Got>) -> Option<Spell> {
    let to = if heard.cut {
        let receipt = &receipts.get(&heard.airing)?.receipt;
        if receipt.frames <= heard.skip {
            return None;
        }
        receipt.ended_at.min(heard.ended)
    } else {
        heard.ended
    };
    (heard.frames > 0 && heard.began < to).then_some(Spell { from: heard.began, to })
}

/// How long so many frames sound.
pub(super) fn lasts(frames: u64) -> SignedDuration {
    SignedDuration::from_micros((frames.saturating_mul(125) / 6).cast_signed())
}

#[cfg(test)]
mod tests {
    use loa_protocol::{BroadcastId, ClipHash, Reason};

    use super::*;

    fn at(second: i64) -> Timestamp {
        // Noon in Vietnam.
        Timestamp::from_second(1_800_000_000 - 3 * 3_600 + second).unwrap()
    }

    fn airing(start: i64) -> AiringId {
        let node: NodeId = "n1".parse().unwrap();
        AiringId::derive(&BroadcastId::from_bits([1; 16]), &node, at(start))
    }

    /// Ten seconds at noon.
    fn heard(start: i64) -> Heard {
        Heard {
            airing: airing(start),
            skip: 0,
            whole: 480_000,
            frames: 480_000,
            began: at(start),
            ended: at(start + 10),
            error: SignedDuration::ZERO,
            trusted: true,
            cut: false,
            gain: 0.8,
            latched: false,
            generation: Some(1),
        }
    }

    fn receipt(start: i64, outcome: Outcome) -> Got {
        let receipt = Receipt {
            airing: airing(start),
            broadcast: BroadcastId::from_bits([1; 16]),
            start: Some(at(start)),
            outcome,
            reason: (outcome != Outcome::Played).then_some(Reason::NodeOff),
            started_at: Some(at(start)),
            ended_at: at(start + 10),
            frames: 480_000,
            clip_frames: 480_000,
            clip: ClipHash::of(b""),
        };
        Got { at: at(start + 11), receipt }
    }

    /// Airings each hour from noon, all owed, and all played according to their receipts.
    fn verdict(sounds: &[Heard], policy: &Policy) -> Verdict {
        let starts = [0, 3_600];
        let receipts: HashMap<_, _> =
            starts.iter().map(|start| (airing(*start), receipt(*start, Outcome::Played))).collect();
        of(sounds, policy, &receipts)
    }

    fn of(sounds: &[Heard], policy: &Policy, receipts: &HashMap<AiringId, Got>) -> Verdict {
        let ordered = |start| Ordered {
            start: at(start),
            expires_at: at(start + 600),
            class: Class::Normal,
            exceeds: Vec::new(),
            by_plan: true,
        };
        judge(&Case {
            node: &"n1".parse().unwrap(),
            heard: sounds,
            ordered: &[0, 3_600].map(|start| (airing(start), vec![ordered(start)])).into(),
            owed: &[airing(0), airing(3_600)],
            untold: 0,
            receipts,
            rules: &[(policy, Volume::default())],
            zone: &loa_schedule::programme::zone("Asia/Ho_Chi_Minh"),
        })
    }

    #[test]
    fn a_year_as_it_should_be_is_clean() {
        let verdict = verdict(&[heard(0), heard(3_600)], &Policy::default());
        assert!(verdict.is_clean(), "{verdict:?}");
        assert_eq!((verdict.sounds, verdict.outcomes["Played"]), (2, 2));
    }

    #[test]
    fn an_airing_without_a_receipt_is_missed_and_unreported() {
        let verdict = of(&[heard(0)], &Policy::default(), &[(airing(0), receipt(0, Outcome::Played))].into());
        assert_eq!((verdict.missed_unreported, verdict.is_clean()), (1, false));
    }

    #[test]
    fn what_sounds_again_is_doubled_and_what_goes_on_is_not() {
        let part = |skip, frames| Heard { skip, frames, ..heard(0) };
        assert_eq!(verdict(&[heard(0), heard(0)], &Policy::default()).doubled, 1);
        assert_eq!(verdict(&[part(0, 96_000), part(96_000, 384_000)], &Policy::default()).doubled, 0);
        assert_eq!(verdict(&[part(0, 96_000), part(95_999, 384_001)], &Policy::default()).doubled, 1);
    }

    #[test]
    fn what_begins_outside_its_window_is_late() {
        let begun = |began| Heard { began: at(began), ended: at(began + 10), ..heard(0) };
        for (began, late) in [(-2, 1), (0, 0), (599, 0), (601, 1)] {
            assert_eq!(verdict(&[begun(began)], &Policy::default()).late, late, "{began}");
        }
        let distrusted = Heard { trusted: false, ..heard(0) };
        assert_eq!(verdict(&[distrusted], &Policy::default()).late, 1);
        // Its clock says that it is in time, the truth that it isn't.
        let slow = |error| Heard { error: SignedDuration::from_secs(error), ..begun(599) };
        assert_eq!(verdict(&[slow(-3_600)], &Policy::default()).late, 0, "it couldn't know");
    }

    #[test]
    fn what_the_policy_forbids_is_outside_it() {
        let silent = Policy { hours: std::array::from_fn(|_| Vec::new()), ..Policy::default() };
        assert_eq!(verdict(&[heard(0)], &silent).outside_policy, 1);
        let one = Policy { sessions_per_day: Some(1), ..Policy::default() };
        assert_eq!(verdict(&[heard(0), heard(3_600)], &one).outside_policy, 1);
        assert_eq!(verdict(&[Heard { gain: 0.9, ..heard(0) }], &Policy::default()).outside_policy, 1);
        assert_eq!(verdict(&[Heard { latched: true, ..heard(0) }], &Policy::default()).outside_policy, 1);
    }

    #[test]
    fn what_nobody_ordered_and_what_is_denied_is_found() {
        assert_eq!(verdict(&[heard(7_200)], &Policy::default()).unordered, 1);
        let denied =
            [(airing(0), receipt(0, Outcome::Missed)), (airing(3_600), receipt(3_600, Outcome::Missed))];
        let denied = denied.into();
        assert_eq!(of(&[heard(0)], &Policy::default(), &denied).untrue, 1);
        let later = Heard { began: at(20), ended: at(30), ..heard(0) };
        let verdict = of(&[later], &Policy::default(), &denied);
        assert_eq!((verdict.untrue, verdict.denied_before), (0, 1), "by a clock that was ahead");
    }
}
