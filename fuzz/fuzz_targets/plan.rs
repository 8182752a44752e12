//! A plan whose signature held, from a broker that is broken: the node must come through whatever it says, in bounded time.
#![no_main]

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use loa_protocol::Plan;
use loa_schedule::programme;

/// 2026-11-25, an ordinary day.
const NOW: i64 = 1_795_600_000;

fuzz_target!(|data: &[u8]| {
    let Ok(plan) = serde_json::from_slice::<Plan>(data) else { return };
    let now = Timestamp::from_second(NOW).expect("in range");
    let to = now.saturating_add(SignedDuration::from_hours(48)).expect("in range");
    let zoned: Vec<_> =
        plan.broadcasts.iter().map(|planned| (planned, programme::zone_of(&plan, planned))).collect();
    for (planned, zone) in &zoned {
        let slots = programme::slots(planned, zone, now, to);
        assert!(slots.is_sorted(), "airings out of order");
        assert!(
            slots.iter().all(|slot| now <= slot.start && slot.start < to),
            "an airing outside what was asked for"
        );
        if programme::is_over(planned, zone, now) {
            assert!(slots.is_empty(), "an airing of what is over");
        }
    }
    let zone = programme::zone(&plan.time_zone);
    let _ = programme::refusals(&zoned, &plan.policy, &zone, now, to);
    let written = serde_json::to_vec(&plan).expect("a plan can be written");
    assert_eq!(serde_json::from_slice::<Plan>(&written).expect("and read again"), plan);
});
