//! When a policy first lets something sound: what comes from above with priority is put there without a person looking for a place.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Time, tz::TimeZone};
use loa_protocol::{Class, Policy};

use crate::policy::{Spell, Wish, day_of, judge};

/// Days looked at: the hours of a week come again, and each is met once more should a jump of the clock leave one out.
const DAYS: i64 = 15;

/// The first instant from `after` on at which something that lasts so long may sound from beginning to end; none when the policy never allows it. What
/// else sounds on that day is not looked at: that is [`crate::programme::refusals`]' affair.
pub fn next_allowed(
    policy: &Policy,
    zone: &TimeZone,
    duration: SignedDuration,
    after: Timestamp,
) -> Option<Timestamp> {
    let allowed = |from: &Timestamp| {
        let spell = Spell { from: *from, to: from.saturating_add(duration).unwrap_or(Timestamp::MAX) };
        judge(policy, zone, &Wish { class: Class::Normal, spell, exceeds: &[] }, &[]).is_ok()
    };
    // Whatever is allowed at all is allowed from `after`, from the beginning of some span, or from where the clock jumps into one.
    let today = day_of(after, zone);
    let mut begins = vec![after];
    for day in (0..DAYS).filter_map(|days| today.checked_add(days.days()).ok()) {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        for span in policy.hours.get(weekday).into_iter().flatten() {
            let Some(time) = time_of(span.from) else { continue };
            let begin = zone.to_ambiguous_timestamp(day.to_datetime(time));
            begins.extend([begin.clone().earlier(), begin.later()].into_iter().flatten());
        }
    }
    let far = after.saturating_add(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MAX);
    begins.extend(zone.following(after).map(|jump| jump.timestamp()).take_while(|at| *at < far));
    begins.sort_unstable();
    begins.into_iter().filter(|at| *at >= after).find(allowed)
}

fn time_of(minute: u16) -> Option<Time> {
    Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use loa_protocol::policy::Span;

    use super::*;

    fn zone() -> TimeZone {
        crate::programme::zone("Asia/Ho_Chi_Minh")
    }

    fn at(local: &str) -> Timestamp {
        zone().to_timestamp(local.parse().unwrap()).unwrap()
    }

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    /// Monday to Friday 05:00 to 06:30 and 16:30 to 18:00, Saturday 05:00 to 06:00, silent on Sunday.
    fn policy() -> Policy {
        let span = |from: u16, to: u16| Span { from, to };
        let weekday = vec![span(300, 390), span(990, 1080)];
        let mut hours = std::array::from_fn(|_| weekday.clone());
        hours[5] = vec![span(300, 360)];
        hours[6] = Vec::new();
        Policy { hours, ..Policy::default() }
    }

    fn next(duration: i64, after: &str) -> Option<Timestamp> {
        next_allowed(&policy(), &zone(), minutes(duration), at(after))
    }

    #[test]
    fn within_the_hours_it_is_at_once() {
        assert_eq!(next(10, "2026-11-25T05:20"), Some(at("2026-11-25T05:20")));
        assert_eq!(next(10, "2026-11-25T06:20"), Some(at("2026-11-25T06:20")));
    }

    #[test]
    fn outside_it_waits_for_the_next_opening_that_it_fits_into() {
        assert_eq!(next(10, "2026-11-25T03:15"), Some(at("2026-11-25T05:00")));
        assert_eq!(next(11, "2026-11-25T06:20"), Some(at("2026-11-25T16:30")));
        assert_eq!(next(10, "2026-11-25T18:00"), Some(at("2026-11-26T05:00")));
        // Friday evening, longer than Saturday allows: over the silent Sunday to Monday.
        assert_eq!(next(75, "2026-11-27T18:00"), Some(at("2026-11-30T05:00")));
    }

    #[test]
    fn hours_that_meet_at_midnight_are_one_opening() {
        let all_day = Policy::unlimited();
        assert_eq!(
            next_allowed(&all_day, &zone(), minutes(90), at("2026-11-25T23:30")),
            Some(at("2026-11-25T23:30"))
        );
    }

    #[test]
    fn what_fits_nowhere_has_no_instant() {
        assert_eq!(next(91, "2026-11-25T03:15"), None);
        let none = Policy { hours: std::array::from_fn(|_| Vec::new()), ..Policy::default() };
        assert_eq!(next_allowed(&none, &zone(), minutes(1), at("2026-11-25T03:15")), None);
        for limited in [
            Policy { session_minutes: Some(5), ..policy() },
            Policy { sessions_per_day: Some(0), ..policy() },
        ] {
            assert_eq!(next_allowed(&limited, &zone(), minutes(10), at("2026-11-25T05:20")), None);
        }
    }

    #[test]
    fn nothing_earlier_would_have_been_allowed() {
        let policy =
            Policy { hours: std::array::from_fn(|_| vec![Span { from: 150, to: 200 }]), ..Policy::default() };
        // Without a jump of the clock, and over one that leaves out the beginning of the hours.
        for (zone, begin) in
            [("Asia/Ho_Chi_Minh", "2026-11-25T00:00:00Z"), ("Europe/Berlin", "2026-03-28T00:00:00Z")]
        {
            let zone = crate::programme::zone(zone);
            let begin: Timestamp = begin.parse().unwrap();
            let allowed = |from: Timestamp| {
                let spell = Spell { from, to: from + minutes(15) };
                judge(&policy, &zone, &Wish { class: Class::Normal, spell, exceeds: &[] }, &[]).is_ok()
            };
            for after in (0..3 * 24 * 60).step_by(7).map(|minute| begin + minutes(minute)) {
                let later = std::iter::successors(Some(after), |at| Some(*at + minutes(1)));
                let first = later.take(3 * 24 * 60).find(|at| allowed(*at));
                assert_eq!(next_allowed(&policy, &zone, minutes(15), after), first, "after {after}");
            }
        }
    }
}
