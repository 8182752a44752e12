//! What speaks for the present, and how far: pure, so that each rule can be tested by moving clocks by hand.
//!
//! Everything is said as an *offset*: what is to be added to the monotonic clock. Between two pieces of evidence the time therefore goes on by
//! the monotonic clock alone, whatever anybody does to the machine's wall clock. In this order:
//!
//! - the machine's time daemon, while its mark was renewed after the wall clock's last step, and while the broker doesn't contradict it;
//! - the broker's signed answer to a question that the node had just asked;
//! - at the start, the machine's wall clock, if a battery kept it;
//! - nothing: then the floor under the clock is all that is known.

use std::time::Duration;

use loa_protocol::ClockTrust;

/// Microseconds: since 1970, or of the monotonic clock.
type Micros = i64;

const SECOND: Micros = 1_000_000;
/// The wall clock moved against the monotonic one by more than reading both one after the other explains.
const STEP: Micros = SECOND / 10;
/// A step after which what the machine said before is doubted as well.
const DOUBTFUL_STEP: Micros = 5 * SECOND;
/// What two honest clocks may differ by.
const AGREEMENT: Micros = 2 * SECOND;
/// Answers that took longer say too little.
const SLOWEST_ANSWER: Duration = Duration::from_secs(5);
/// After so long a newer answer is better even if it took longer.
const ANSWER_AGES: Micros = 3_600 * SECOND;
/// How much a board's quartz may be wrong: 100 ppm.
const DRIFT: Micros = 10_000;

/// The machine's clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// The wall clock.
    pub(super) wall: Micros,
    /// The monotonic clock.
    pub(super) monotonic: Micros,
    /// When the time daemon last renewed its mark, by the wall clock of that moment.
    pub(super) mark: Option<Micros>,
}

impl Reading {
    fn offset(&self) -> Micros {
        self.wall - self.monotonic
    }
}

/// Where the estimate in force comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Daemon,
    Broker,
    Battery,
}

/// What the broker said.
#[derive(Debug, Clone, Copy)]
struct Answer {
    offset: Micros,
    error: Micros,
    /// Monotonic.
    at: Micros,
}

impl Answer {
    /// What another clock may differ from it by, at `monotonic`, and still be right.
    fn tolerance(&self, monotonic: Micros) -> Micros {
        AGREEMENT + self.error + (monotonic - self.at) / DRIFT
    }
}

/// The evidence so far.
#[derive(Debug)]
pub(super) struct Evidence {
    estimate: Option<(Source, Micros)>,
    /// The last reading.
    last: Reading,
    /// A mark that says nothing of the wall clock as it is now, because it was set before its last step.
    void: Option<Micros>,
    answer: Option<Answer>,
    /// The time daemon is believed now.
    disciplined: bool,
    /// The machine's clock was stepped far, while it was believed.
    doubt: bool,
}

impl Evidence {
    /// At the start. `kept`: the wall clock ran on while the machine was off.
    pub(super) fn new(reading: Reading, kept: bool) -> Self {
        let mut evidence = Self {
            estimate: kept.then(|| (Source::Battery, reading.offset())),
            last: reading,
            // A mark from the future was set before a step back.
            void: reading.mark.filter(|mark| *mark > reading.wall + STEP),
            answer: None,
            disciplined: false,
            doubt: false,
        };
        evidence.look(reading);
        evidence
    }

    /// What to add to the monotonic clock, if anything says so.
    pub(super) fn offset(&self) -> Option<Micros> {
        self.estimate.map(|(_, offset)| offset)
    }

    /// How far the estimate is to be believed, above a floor.
    pub(super) fn trust(&self, floor: Micros) -> ClockTrust {
        let Some((source, offset)) = self.estimate else { return ClockTrust::Unknown };
        let error = match (source, &self.answer) {
            (Source::Broker, Some(answer)) => answer.error,
            _ => 0,
        };
        if self.doubt || offset + AGREEMENT + error < floor {
            ClockTrust::Unknown
        } else if self.disciplined {
            ClockTrust::Synchronised
        } else {
            ClockTrust::Set
        }
    }

    /// Looks at the machine again.
    pub(super) fn look(&mut self, reading: Reading) {
        let stepped = (reading.offset() - self.last.offset()).abs();
        if stepped > STEP {
            let renewed = reading.mark.filter(|mark| {
                let touched = mark - reading.offset();
                reading.mark != self.last.mark
                    && (self.last.monotonic - STEP..=reading.monotonic + STEP).contains(&touched)
            });
            self.void = if renewed.is_some() { None } else { reading.mark };
            let believed = self.estimate.is_some_and(|(source, _)| source == Source::Daemon);
            self.doubt |= believed && renewed.is_none() && stepped > DOUBTFUL_STEP;
        }
        self.last = reading;
        self.disciplined =
            reading.mark.is_some() && reading.mark != self.void && !self.contradicted(reading.offset());
        if self.disciplined {
            // Not each microsecond that a reading is off by.
            if self.estimate.is_none_or(|(_, offset)| (offset - reading.offset()).abs() > SECOND / 1_000) {
                self.estimate = Some((Source::Daemon, reading.offset()));
            }
            self.estimate = self.estimate.map(|(_, offset)| (Source::Daemon, offset));
            self.doubt = false;
        }
    }

    fn contradicted(&self, offset: Micros) -> bool {
        self.answer
            .is_some_and(|answer| (offset - answer.offset).abs() > answer.tolerance(self.last.monotonic))
    }

    /// The broker said that it was `now` when it answered a question that had been asked `round_trip` before `reading`.
    pub(super) fn told(&mut self, reading: Reading, now: Micros, round_trip: Duration) {
        if round_trip > SLOWEST_ANSWER {
            return;
        }
        let half = i64::try_from(round_trip.as_micros() / 2).unwrap_or(i64::MAX);
        let said = Answer { offset: now + half - reading.monotonic, error: half, at: reading.monotonic };
        let better = self.answer.is_none_or(|held| {
            said.error < held.error
                || said.at - held.at > ANSWER_AGES
                || (said.offset - held.offset).abs() > held.tolerance(said.at) + said.error
        });
        if better {
            self.answer = Some(said);
        }
        self.look(reading);
        if let (false, Some(answer)) = (self.disciplined, self.answer) {
            self.estimate = Some((Source::Broker, answer.offset));
            self.doubt = false;
        }
    }
}
