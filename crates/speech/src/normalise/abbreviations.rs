//! Abbreviations that officials write, from the table; the few whose meaning depends on what follows are decided here.

use super::letters::{is_letter, is_syllable};
use super::place::{Found, Pause, Place, blanks, ends, from, run, word};
use super::tables::{ABBREVIATIONS, LONGEST_ABBREVIATION};

/// An abbreviation at this place.
pub(super) fn abbreviation(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if place.glued() || !text.starts_with(is_letter) {
        return None;
    }
    by_context(place).or_else(|| by_table(place)).or_else(|| typed_small(place))
}

/// The longest entry that stands here whole.
fn by_table(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    (1..=text.len().min(*LONGEST_ABBREVIATION)).rev().find_map(|len| {
        let written = text.get(..len)?;
        let read = ABBREVIATIONS.get(written)?;
        let rest = from(text, len);
        let whole = if written.ends_with('.') { place_name_follows(written, rest) } else { ends(rest) };
        (whole && !is_word_among_capitals(place, written)).then(|| Found {
            pause: (*read == "vân vân" && sentence_ends(written, rest)).then_some(Pause::Stop),
            ..Found::said(len, *read)
        })
    })
}

/// Whether the point of an abbreviation that may end a sentence ("v.v.") ends one.
fn sentence_ends(written: &str, rest: &str) -> bool {
    let next = from(rest, blanks(rest)).chars().next();
    written.ends_with(['.', '…']) && next.is_none_or(|c| c == '\n' || c.is_uppercase())
}

/// A letter or two with a point (P., TT.) stands for a kind of place only before its name or number.
fn place_name_follows(written: &str, rest: &str) -> bool {
    if written.chars().count() > 3
        || matches!(written, "TP." | "Tp." | "tp." | "TX." | "Tx." | "tx." | "BS." | "TS.")
    {
        return true;
    }
    from(rest, blanks(rest)).starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
}

/// "CA" in "CA SĨ" is a word like its neighbours, in "CA xã" an abbreviation.
fn is_word_among_capitals(place: &Place<'_>, written: &str) -> bool {
    if !is_syllable(written, true) {
        return false;
    }
    let shouted = |w: &str| {
        w.chars().count() > 1 && w.chars().all(|c| !is_letter(c) || c.is_uppercase()) && is_syllable(w, true)
    };
    let rest = from(place.rest(), written.len());
    let next = from(rest, blanks(rest));
    let next = next.get(..run(next, is_letter)).unwrap_or_default();
    let before = place.before().trim_end_matches(' ');
    let previous = before.get(before.trim_end_matches(is_letter).len()..).unwrap_or_default();
    shouted(next) || shouted(previous)
}

/// "ubnd", "Sđt": an entry of three letters or more typed in small letters that make no word.
fn typed_small(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let len = run(text, is_letter);
    let written = text.get(..len)?;
    let small = written.chars().skip(1).all(char::is_lowercase) && written.chars().count() >= 3;
    if !small || is_syllable(written, true) || !ends(from(text, len)) {
        return None;
    }
    ABBREVIATIONS.get(written.to_uppercase().as_str()).map(|read| Found::said(len, *read))
}

/// Abbreviations with two meanings.
fn by_context(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let len = run(text, is_letter);
    let written = text.get(..len)?;
    let rest = from(text, len);
    if !ends(rest) {
        return None;
    }
    let after = from(rest, run(rest, |c| matches!(c, ' ' | ':' | '.')));
    let next = word(after);
    let next_is = |words: &[&str]| words.contains(&next.as_str());
    let number_next = after.starts_with(|c: char| c.is_ascii_digit() || c == '(' || c == '+');
    let read = match written {
        "BCH" if next_is(&["pctt", "phòng", "quân", "qs", "biên", "bđbp", "công", "pccc"]) => {
            "Ban Chỉ huy"
        }
        "BCH" => "Ban Chấp hành",
        "CT" if next_is(&["ubnd", "hđnd", "ubmttq", "mttq", "nước", "hội", "hnd", "hlhpn"]) => {
            "Chủ tịch"
        }
        "CT" if number_next || next_is(&["số"]) => "Chỉ thị",
        "TT" if number_next || next_is(&["số"]) => "Thông tư",
        "ĐT" if number_next || next_is(&["liên"]) => "điện thoại",
        "KH" if number_next || next_is(&["số"]) => "Kế hoạch",
        "TB" if number_next || next_is(&["số"]) => "Thông báo",
        "CV" if number_next || next_is(&["số"]) => "Công văn",
        "TW" | "TƯ" if !is_word_among_capitals(place, written) => "Trung ương",
        "CN" if place.after_count
            || place.follows(&["ngày", "sáng", "trưa", "chiều", "tối", "và", "hoặc"]) =>
        {
            "chủ nhật"
        }
        "T" if rest.starts_with('.') && place.follows(&["thứ"]) => return None,
        _ => return None,
    };
    Some(Found::said(len, read))
}
