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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::super::clean::clean;
    use super::super::letters::{is_letter, is_vowel};
    use super::super::normalise;
    use super::*;

    /// Text as it might be typed: fragments of bulletins, glued at random, with anything in between.
    fn typed() -> impl Strategy<Value = String> {
        let fragment = prop_oneof![
            prop::sample::select(vec![
                "15/3/2026",
                "7h30",
                "17:30",
                "1.500.000",
                "đồng",
                "25%",
                "5-10",
                " - ",
                "kg",
                "m²",
                "km/h",
                "0912 345 678",
                "QĐ-UBND",
                "/",
                "-",
                "XIII",
                "quý",
                "II",
                "thứ",
                "ngày",
                "tháng",
                "số",
                "ấp",
                "UBND",
                "TP.",
                "v.v.",
                "đ/c",
                "A/H5N1",
                "QL1A",
                "@",
                "gmail.com",
                "https://",
                ".",
                ",",
                "...",
                "(",
                ")",
                "\"",
                "\n",
                "THÔNG BÁO",
                "và",
                "xã",
                "I",
                "i",
                "P.",
                "K'",
                "Y",
                "👍",
                "🇻🇳",
                "ស",
                "½",
                "²",
                "T7",
                "CN",
                "x",
                "5",
                "0",
                "k",
                "tr",
            ])
            .prop_map(str::to_owned),
            "[ \n]",
            "[a-zA-Z0-9ĐđÊêẾ]{1,6}",
            "\\PC{1,4}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(2026), ..ProptestConfig::default() })]

        #[test]
        fn the_pieces_cover_the_text_and_whatever_can_be_read_is_said(text in typed()) {
            let cleaned = clean(&text);
            let pieces = pieces(&cleaned);
            let covered: String = pieces.iter().map(|piece| piece.from).collect();
            prop_assert_eq!(&covered, &cleaned);
            for piece in &pieces {
                let readable = piece.from.chars().any(char::is_alphanumeric);
                prop_assert!(!readable || piece.found.read.chars().any(is_letter), "{:?} is not said", piece);
            }
        }

        #[test]
        fn what_is_said_is_vietnamese_letters_and_pauses_alone(text in typed()) {
            let said = normalise(&text);
            for c in said.chars() {
                prop_assert!(is_letter(c) || " \n,;:.!?".contains(c), "{:?} in {:?}", c, said);
            }
            for run in said.split(|c| !is_letter(c)).filter(|run| !run.is_empty()) {
                prop_assert!(run.chars().any(is_vowel), "{:?} in {:?} can't be said", run, said);
            }
        }

        #[test]
        fn reading_a_reading_changes_nothing(text in typed()) {
            let said = normalise(&text);
            prop_assert_eq!(normalise(&said), said);
        }
    }
}
