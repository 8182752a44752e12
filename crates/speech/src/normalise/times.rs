//! Times of day and spans in hours: 7h30, 7g30, 17:30, 7h30', 24h.

use super::numbers::cardinal;
use super::place::{Found, Place, blanks, digits, ends, from};

/// A time at this place.
pub(super) fn time(place: &Place<'_>) -> Option<Found> {
    if place.glued() {
        return None;
    }
    by_letter(place).or_else(|| by_colon(place))
}

/// "7h", "7h30", "7h30'", "7 h 30", "7g30", "7 giờ 30'".
fn by_letter(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let hours = digits(text);
    let hour: u64 = number(hours, 3)?;
    let gap = blanks(from(text, hours.len()));
    let mark = hours.len() + gap;
    let (letter, glued_minutes_only) = match from(text, mark).chars().next()? {
        c @ ('h' | 'H') => (c, false),
        // A gram, unless two digits of minutes touch it.
        c @ 'g' if gap == 0 => (c, true),
        _ => return None,
    };
    let after = mark + letter.len_utf8();
    let rest = from(text, after);
    // "7 h 30" but not "24h 15 người".
    let space = if gap > 0 { blanks(rest) } else { 0 };
    let written = digits(from(rest, space));
    let minute = number(written, 2).filter(|m| *m < 60 && hour <= 24);
    match minute {
        Some(minute) if !glued_minutes_only || written.len() == 2 => {
            let end = after + space + written.len();
            let end = end + minutes_sign(from(text, end));
            let whole = ends(from(text, end));
            whole.then(|| Found::count(end, clock(hour, minute, None)))
        }
        _ if glued_minutes_only => None,
        _ if written.is_empty() || space > 0 => {
            ends(rest).then(|| Found::count(after, format!("{} giờ", cardinal(hour))))
        }
        _ => None,
    }
}

/// "17:30", "17:30:15", with AM or PM after it.
fn by_colon(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let hours = digits(text);
    let hour = number(hours, 2).filter(|h| *h <= 24)?;
    let (minute, mut end) = after_colon(text, hours.len())?;
    let second = after_colon(text, end);
    if let Some((_, after)) = second {
        end = after;
    }
    if from(text, end).starts_with(':') && from(text, end + 1).starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut read = clock(hour, minute, second.map(|(s, _)| s));
    let gap = blanks(from(text, end));
    let half = from(text, end + gap).get(..2).map(str::to_ascii_lowercase);
    if let (Some(half @ ("am" | "pm")), true) = (half.as_deref(), ends(from(text, end + gap + 2))) {
        read.push_str(if half == "am" { " sáng" } else { " chiều" });
        end += gap + 2;
    } else if !ends(from(text, end)) {
        return None;
    }
    Some(Found::count(end, read))
}

/// Two digits under 60 after a colon at `at`, and where they end.
fn after_colon(text: &str, at: usize) -> Option<(u64, usize)> {
    let written = digits(from(text, at).strip_prefix(':')?);
    let value = number(written, 2).filter(|v| written.len() == 2 && *v < 60)?;
    Some((value, at + 1 + written.len()))
}

/// Bytes of what marks minutes: ', p, ph or the word itself.
fn minutes_sign(text: &str) -> usize {
    if text.starts_with("''") {
        return 0;
    }
    if text.starts_with('\'') {
        return 1;
    }
    let gap = blanks(text);
    for (sign, glued) in [("phút", false), ("ph", true), ("p", true)] {
        let at = if glued { 0 } else { gap };
        if from(text, at).starts_with(sign) && ends(from(text, at + sign.len())) {
            return at + sign.len();
        }
    }
    0
}

fn clock(hour: u64, minute: u64, second: Option<u64>) -> String {
    let mut read = format!("{} giờ", cardinal(hour));
    if minute > 0 || second.is_some_and(|s| s > 0) {
        read = format!("{read} {} phút", cardinal(minute));
    }
    if let Some(second) = second.filter(|s| *s > 0) {
        read = format!("{read} {} giây", cardinal(second));
    }
    read
}

/// Up to `longest` digits as a number.
fn number(written: &str, longest: usize) -> Option<u64> {
    (written.len() <= longest).then(|| written.parse().ok()).flatten()
}
