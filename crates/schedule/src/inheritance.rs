//! How the policies of areas, from the province down to the hamlet, become one. What is below may only tighten.

use std::collections::BTreeSet;

use loa_protocol::{
    Limit, Policy,
    policy::{Ceiling, DAY_MINUTES, Span},
};

/// Whether a policy can be meant: spans and ceilings within a day, not empty, spans in order and apart.
pub fn is_sound(policy: &Policy) -> bool {
    let within = |from: u16, to: u16| from < to && to <= DAY_MINUTES;
    let hours = policy.hours.iter().all(|spans| {
        spans.iter().all(|s| within(s.from, s.to)) && spans.windows(2).all(|w| w[0].to < w[1].from)
    });
    let ceilings = policy.ceilings.iter().all(|c| within(c.from, c.to) && c.percent <= 100);
    hours && ceilings && policy.session_minutes != Some(0)
}

/// What both policies allow: the outer area's, tightened by the inner one's. Its spans and ceilings are in order and apart, with as few of
/// them as can be.
pub fn tightened(outer: &Policy, inner: &Policy) -> Policy {
    let least = |a: Option<u16>, b: Option<u16>| a.into_iter().chain(b).min();
    let outer_too = |limit: &&Limit| outer.exceedable.contains(limit);
    Policy {
        hours: std::array::from_fn(|day| common(&outer.hours[day], &inner.hours[day])),
        session_minutes: least(outer.session_minutes, inner.session_minutes),
        sessions_per_day: least(outer.sessions_per_day, inner.sessions_per_day),
        ceilings: lowest(&[outer.ceilings.as_slice(), &inner.ceilings].concat()),
        exceedable: inner.exceedable.iter().filter(outer_too).copied().collect(),
    }
}

/// What of `inner` would allow more than `outer` does: a policy is only tightened downwards. None exactly when [`tightened`] changes nothing of it.
pub fn loosened(outer: &Policy, inner: &Policy) -> Vec<Limit> {
    let both = tightened(outer, inner);
    let hours = (0..7).any(|day| both.hours[day] != joined(&inner.hours[day]));
    let kept = [
        (Limit::Hours, !hours),
        (Limit::SessionMinutes, both.session_minutes == inner.session_minutes),
        (Limit::SessionsPerDay, both.sessions_per_day == inner.sessions_per_day),
        (Limit::Volume, both.ceilings == lowest(&inner.ceilings)),
    ];
    let may_be_lifted = |limit| inner.exceedable.contains(&limit) && !outer.exceedable.contains(&limit);
    kept.into_iter().filter(|(limit, kept)| !kept || may_be_lifted(*limit)).map(|(limit, _)| limit).collect()
}

/// The same time of day by spans that are in order and apart.
fn joined(spans: &[Span]) -> Vec<Span> {
    let mut spans: Vec<_> = spans.iter().copied().filter(|span| span.from < span.to).collect();
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (a, b) = (joined(a), joined(b));
    let meet = |a: &Span, b: &Span| Span { from: a.from.max(b.from), to: a.to.min(b.to) };
    joined(&a.iter().flat_map(|a| b.iter().map(|b| meet(a, b))).collect::<Vec<_>>())
}

/// The lowest of all ceilings at each time of day, by ceilings that are in order and apart.
fn lowest(ceilings: &[Ceiling]) -> Vec<Ceiling> {
    let edges: Vec<u16> =
        ceilings.iter().flat_map(|c| [c.from, c.to]).collect::<BTreeSet<_>>().into_iter().collect();
    let mut lowest: Vec<Ceiling> = Vec::new();
    for (&from, &to) in edges.iter().zip(edges.iter().skip(1)) {
        let there = ceilings.iter().filter(|c| c.from <= from && to <= c.to);
        let Some(percent) = there.map(|c| c.percent).min().filter(|percent| *percent < 100) else { continue };
        match lowest.last_mut() {
            Some(last) if last.to == from && last.percent == percent => last.to = to,
            _ => lowest.push(Ceiling { from, to, percent }),
        }
    }
    lowest
}
