//! Words: what can be said as it stands, loanwords, and letters that have to be spelt.

use super::letters::{has_marked_vowel, is_letter, is_syllable, is_vowel, name, spell};
use super::place::{Found, Place, from, run};
use super::tables::{ABBREVIATIONS, LOANWORDS, UNITS};

/// A run of letters at this place, apostrophes inside it included.
pub(super) fn word(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if !text.starts_with(is_letter) {
        return None;
    }
    let mut len = run(text, is_letter);
    while from(text, len).starts_with('\'') && from(text, len + 1).starts_with(is_letter) {
        len += 1 + run(from(text, len + 1), is_letter);
    }
    let written = text.get(..len)?;
    if let Some(read) = LOANWORDS.get(written.to_lowercase().as_str()) {
        return Some(Found::said(len, *read));
    }
    if written == "đ" && place.follows(&["trăm", "nghìn", "ngàn", "triệu", "tỷ", "tỉ"]) {
        return Some(Found::said(len, "đồng"));
    }
    let product =
        from(text, len).strip_prefix(' ').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if written == "x" && product && place.char_before() == Some(' ') {
        return Some(Found::said(len, "nhân"));
    }
    if written.contains('\'') {
        return Some(Found::said(len, with_apostrophes(written, place.unmarked)));
    }
    Some(plain(written, place.unmarked))
}

/// A run of letters alone.
fn plain(written: &str, unmarked: bool) -> Found {
    let len = written.len();
    let mut letters = written.chars();
    if let (Some(only), None) = (letters.next(), letters.next()) {
        return Found::said(len, if is_vowel(only) { written.to_lowercase() } else { name(only) });
    }
    // A part of a run of capitals and small letters may be known by itself.
    if let Some(read) = LOANWORDS.get(written.to_lowercase().as_str()) {
        return Found::said(len, *read);
    }
    if let Some(read) =
        ABBREVIATIONS.get(written.to_uppercase().as_str()).filter(|_| !is_syllable(written, true))
    {
        return Found::said(len, *read);
    }
    let rest_small = written.chars().skip(1).all(char::is_lowercase);
    if rest_small && written.chars().any(is_vowel) {
        return Found::said(len, written);
    }
    if written.chars().all(char::is_uppercase) && (said_as_word(written, unmarked)) {
        return Found::said(len, written.to_lowercase());
    }
    // A unit without its number: "tính theo kg".
    if let Some(read) = UNITS.get(written).filter(|_| !matches!(written, "ph" | "ms" | "hp" | "HP")) {
        return Found::said(len, *read);
    }
    let parts = camel(written);
    if parts.len() > 1 {
        let read: Vec<Found> = parts.into_iter().map(|part| plain(part, unmarked)).collect();
        let all = read.iter().map(|f| f.read.as_str()).collect::<Vec<_>>().join(" ");
        return Found::spelt(len, all);
    }
    Found::spelt(len, spell(written))
}

/// Whether capitals are a word being shouted, not an abbreviation: marks, the shape of a syllable, or a long
/// foreign name that can be pronounced.
fn said_as_word(written: &str, unmarked: bool) -> bool {
    let clusters_fit = || written.split(is_vowel).all(|consonants| consonants.chars().count() <= 3);
    let vowels = || written.chars().filter(|c| is_vowel(*c)).count();
    is_syllable(written, unmarked)
        || has_marked_vowel(written) && clusters_fit()
        || written.chars().count() >= 5 && vowels() >= 2 && clusters_fit()
}

/// Cuts at the turn from small letters to capitals, and before the last of several capitals: `YouTube`, `VNPay`.
fn camel(written: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = written.char_indices().collect();
    let mut cuts = vec![0];
    for three in letters.windows(2) {
        if let [(_, a), (at, b)] = three
            && a.is_lowercase()
            && b.is_uppercase()
        {
            cuts.push(*at);
        }
    }
    for three in letters.windows(3) {
        if let [(_, a), (at, b), (after, c)] = three
            && a.is_uppercase()
            && b.is_uppercase()
            && c.is_lowercase()
            && from(written, *after).chars().any(is_vowel)
        {
            cuts.push(*at);
        }
    }
    cuts.push(written.len());
    cuts.sort_unstable();
    cuts.windows(2)
        .filter_map(|w| written.get(*w.first()?..*w.last()?))
        .filter(|part| !part.is_empty())
        .collect()
}

/// K'Ho, R'lấp: a consonant before the apostrophe gets a short vowel.
fn with_apostrophes(written: &str, unmarked: bool) -> String {
    let parts: Vec<String> = written
        .split('\'')
        .filter(|part| !part.is_empty())
        .map(|part| match part.to_lowercase().as_str() {
            "k" => "cờ".to_owned(),
            single @ ("b" | "d" | "h" | "l" | "m" | "n" | "r" | "s" | "t" | "v") => format!("{single}ờ"),
            _ => plain(part, unmarked).read,
        })
        .collect();
    parts.join(" ")
}
