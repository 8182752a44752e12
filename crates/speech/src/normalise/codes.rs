//! Letters and digits together: roads (QL1A), classes (6A), strains (H5N1), weekdays (T2), marks and models.

use super::figures::in_threes;
use super::letters::{is_letter, is_vowel, name, spell};
use super::numbers::{cardinal, digits as one_by_one};
use super::place::{Found, Place, digits, ends, from, run};
use super::tables::{ABBREVIATIONS, LOANWORDS, UNITS};

/// Kinds of roads. `spaced`: also with a blank before the number.
const ROADS: &[(&str, &str, bool)] = &[
    ("QL", "quốc lộ", true),
    ("ĐT", "đường tỉnh", true),
    ("TL", "tỉnh lộ", true),
    ("ĐH", "đường huyện", false),
    ("HL", "hương lộ", true),
    ("ĐX", "đường xã", false),
    ("CT", "cao tốc", false),
];

/// QL1A, QL.60, ĐT 934B at this place.
pub(super) fn road(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if place.glued() {
        return None;
    }
    let (kind, read, spaced) = ROADS.iter().find(|(kind, ..)| text.starts_with(kind))?;
    let mut end = kind.len();
    if from(text, end).starts_with(['.', '-']) || (*spaced && from(text, end).starts_with(' ')) {
        end += 1;
    }
    let number = digits(from(text, end));
    let n: u64 = number.parse().ok().filter(|_| number.len() <= 3 && !number.starts_with('0'))?;
    end += number.len();
    let mut read = format!("{read} {}", cardinal(n));
    if let Some(suffix) = from(text, end).chars().next().filter(char::is_ascii_uppercase) {
        read = format!("{read} {}", name(suffix));
        end += suffix.len_utf8();
    }
    let continued =
        from(text, end).starts_with(['/', '.']) && from(text, end + 1).starts_with(char::is_alphanumeric);
    (ends(from(text, end)) && !continued).then(|| Found::said(end, read))
}

/// Letters and digits in one run at this place.
pub(super) fn code(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if !text.starts_with(|c: char| is_letter(c) || c.is_ascii_digit()) || place.glued() {
        return None;
    }
    let len = run(text, |c| is_letter(c) || c.is_ascii_digit());
    let written = text.get(..len)?;
    let has_digit = written.contains(|c: char| c.is_ascii_digit());
    let has_letter = written.contains(is_letter);
    if !has_digit {
        return None;
    }
    if !has_letter {
        // Digits that no other rule took, because something touches them.
        return Some(Found::said(len, digit_run(written)));
    }
    if let Some(found) = weekday(place, written) {
        return Some(found);
    }
    if let Some(read) = UNITS.get(written).or_else(|| ABBREVIATIONS.get(written)) {
        return Some(Found::said(len, *read));
    }
    let mut words = Vec::new();
    let mut spelt = false;
    let mut at = 0;
    while at < written.len() {
        let rest = from(written, at);
        let number = digits(rest);
        if number.is_empty() {
            let letters = rest.get(..run(rest, is_letter)).unwrap_or_default();
            let (read, was_spelt) = letter_run(letters);
            spelt |= was_spelt;
            words.push(read);
            at += letters.len().max(1);
        } else {
            words.push(digit_run(number));
            at += number.len();
        }
    }
    let read = words.join(" ");
    Some(if spelt { Found::spelt(len, read) } else { Found::said(len, read) })
}

/// T2, T7 as days of the week: after a part of the day, or in a span of days.
fn weekday(place: &Place<'_>, written: &str) -> Option<Found> {
    let day: u64 =
        written.strip_prefix('T')?.parse().ok().filter(|d| (2..=7).contains(d) && written.len() == 2)?;
    let rest = from(place.rest(), 2);
    let other = |text: &str| {
        text.starts_with("CN")
            || text.starts_with('T') && from(text, 1).starts_with(|c| matches!(c, '2'..='7'))
    };
    let joined = super::place::dash(rest);
    let in_span = (joined > 0 && other(from(rest, joined)))
        || (rest.starts_with(", ") && other(from(rest, 2)))
        || place
            .before()
            .trim_end()
            .trim_end_matches(['-', '–', ','])
            .trim_end()
            .ends_with(|c: char| c.is_ascii_digit())
            && place.after_count;
    (in_span || place.follows(&["sáng", "trưa", "chiều", "tối", "đêm", "ngày", "hôm", "đến"]))
        .then(|| Found::count(2, format!("thứ {}", super::numbers::ordinal(day))))
}

/// Digits of a code: a number up to four of them, one by one beyond.
fn digit_run(run: &str) -> String {
    if run.len() <= 4 && (!run.starts_with('0') || run == "0") {
        run.parse().map_or_else(|_| one_by_one(run), cardinal)
    } else {
        in_threes(run)
    }
}

/// Letters of a code, and whether they are many and had to be spelt.
fn letter_run(letters: &str) -> (String, bool) {
    if let Some(read) = ABBREVIATIONS.get(letters).or_else(|| LOANWORDS.get(letters.to_lowercase().as_str()))
    {
        return ((*read).to_owned(), false);
    }
    let count = letters.chars().count();
    let small = letters.chars().skip(1).all(char::is_lowercase);
    let capital = letters.chars().any(char::is_uppercase);
    let word = count >= 2 && small && letters.chars().any(is_vowel) && !(count == 2 && capital);
    if word { (letters.to_owned(), false) } else { (spell(letters), count > 3) }
}
