//! Numbers of official documents: 15/QĐ-UBND, 39/2020/TT-BTTTT, 05-NQ/ĐU, 31/2024/QH15.
//!
//! Read as officials do: "số mười lăm, Quyết định, Ủy ban nhân dân".

use super::Certainty;
use super::letters::{is_letter, spell};
use super::numbers::{cardinal, written_whole};
use super::place::{Found, Place, digits, ends, from, run};
use super::tables::{ABBREVIATIONS, DOCUMENTS};

/// A document's number at this place.
pub(super) fn number(place: &Place<'_>) -> Option<Found> {
    if place.glued() || place.char_before() == Some('/') {
        return None;
    }
    let text = place.rest();
    let number = digits(text);
    if number.is_empty() || number.len() > 6 {
        return None;
    }
    let mut end = number.len();
    let mut read = written_whole(number);
    // 15a/QĐ-UBND
    if let Some(c) = from(text, end)
        .chars()
        .next()
        .filter(|c| is_letter(*c) && from(text, end + c.len_utf8()).starts_with('/'))
    {
        read = format!("{read} {}", super::letters::name(c));
        end += c.len_utf8();
    }
    let year = from(text, end).strip_prefix('/').map(digits).filter(|y| y.len() == 4);
    if let Some(year) = year.filter(|_| from(text, end + 5).starts_with('/')) {
        read = format!("{read} năm {}", written_whole(year));
        end += 5;
    }
    let sign = from(text, end).chars().next().filter(|c| matches!(c, '/' | '-'))?;
    let mut parts = Vec::new();
    let mut certainty = Certainty::Rule;
    let mut issuer_known = false;
    while let Some(part) = from(text, end).strip_prefix(['/', '-']).and_then(part) {
        if parts.is_empty() && !part.kind {
            return None;
        }
        if !part.known {
            certainty = Certainty::Spelt;
        }
        issuer_known |= !parts.is_empty();
        end += 1 + part.len;
        parts.push(part.read);
    }
    // With a dash first ("05-NQ/ĐU") only the issuer makes it a document.
    let is_one = !parts.is_empty() && (sign == '/' || issuer_known) && ends(from(text, end));
    let word = if place.word_before(0, &[':']).is_some_and(|w| w == "số") { "" } else { "số " };
    is_one.then(|| Found { certainty, ..Found::said(end, format!("{word}{read}, {}", parts.join(", "))) })
}

/// A part between signs.
struct Part {
    read: String,
    len: usize,
    /// Whether it is a kind of document, or a body that numbers by itself (QH15).
    kind: bool,
    known: bool,
}

fn part(text: &str) -> Option<Part> {
    let len = run(text, |c| is_letter(c) || c == '&');
    let letters = text.get(..len)?.trim_end_matches('&');
    let len = letters.len();
    if !letters.chars().any(char::is_uppercase) {
        return None;
    }
    let term = digits(from(text, len));
    let known = DOCUMENTS.get(letters).or_else(|| ABBREVIATIONS.get(letters));
    let mut read = known.map_or_else(|| spell(letters), |r| (*r).to_owned());
    if let Ok(term) = term.parse::<u64>() {
        let word = if letters.ends_with("QH") { " khóa" } else { "" };
        read = format!("{read}{word} {}", cardinal(term));
    }
    Some(Part { read, len: len + term.len(), kind: DOCUMENTS.contains_key(letters), known: known.is_some() })
}
