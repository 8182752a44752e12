//! Cuts a cleaned text into pieces, each with its reading.

use super::letters::has_marked_vowel;
use super::place::{Found, Place};
use super::{abbreviations, codes, dates, documents, phones, quantities, roman, symbols, times, web, words};

/// A fragment of the text and how it is read.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub from: &'a str,
    pub found: Found,
}

/// A rule: what stands at this place, if it is the rule's business.
type Rule = fn(&Place<'_>) -> Option<Found>;

/// In the order they are asked: what is more particular comes first.
const RULES: [Rule; 12] = [
    web::address,
    documents::number,
    phones::number,
    dates::date,
    times::time,
    quantities::quantity,
    codes::road,
    abbreviations::abbreviation,
    roman::numeral,
    codes::code,
    words::word,
    symbols::symbol,
];

/// The pieces of `text`, in order, without a gap: their `from`s joined are the text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let unmarked = !has_marked_vowel(text);
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut after_count = false;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let place = Place::new(text, at, after_count, unmarked);
        let found = RULES
            .iter()
            .find_map(|rule| rule(&place))
            .filter(|found| found.len > 0 && text.is_char_boundary(at + found.len))
            .unwrap_or_else(|| symbols::unknown(&place, first));
        if !(first == ' ' && found.read.is_empty()) {
            after_count = found.counts;
        }
        if let Some(from) = text.get(at..at + found.len) {
            at += found.len;
            pieces.push(Piece { from, found });
        } else {
            break;
        }
    }
    pieces
}

/// Whether `text` has a letter or digit that somebody would expect to hear.
#[cfg(test)]
fn has_content(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}
