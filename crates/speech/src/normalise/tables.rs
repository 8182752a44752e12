//! The tables under `tables/`: what is written, a tab, what is read; `#` starts a comment.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A table by what is written, as it is written.
pub(super) type Table = HashMap<&'static str, &'static str>;

/// Abbreviations, in their own capitals.
pub(super) static ABBREVIATIONS: LazyLock<Table> =
    LazyLock::new(|| parse(include_str!("../../tables/abbreviations.tsv")));
/// The parts of a document's number: what kind it is, who issued it.
pub(super) static DOCUMENTS: LazyLock<Table> =
    LazyLock::new(|| parse(include_str!("../../tables/documents.tsv")));
/// Units after a number.
pub(super) static UNITS: LazyLock<Table> = LazyLock::new(|| parse(include_str!("../../tables/units.tsv")));
/// Foreign words, lower case, by how Vietnamese speakers say them.
pub(super) static LOANWORDS: LazyLock<Table> =
    LazyLock::new(|| parse(include_str!("../../tables/loanwords.tsv")));
/// Signs and pictures.
pub(super) static SYMBOLS: LazyLock<Table> =
    LazyLock::new(|| parse(include_str!("../../tables/symbols.tsv")));

/// Bytes of the longest entry, so that nobody looks further.
pub(super) static LONGEST_ABBREVIATION: LazyLock<usize> =
    LazyLock::new(|| ABBREVIATIONS.keys().map(|written| written.len()).max().unwrap_or(0));
/// The same of the units.
pub(super) static LONGEST_UNIT: LazyLock<usize> =
    LazyLock::new(|| UNITS.keys().map(|written| written.len()).max().unwrap_or(0));

fn parse(file: &'static str) -> Table {
    file.lines()
        .filter(|line| !line.starts_with("# "))
        .filter_map(|line| line.split_once('\t'))
        .map(|(written, read)| (written, read.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_table_is_an_entry_or_a_comment_and_none_is_twice() {
        for (name, file) in [
            ("abbreviations", include_str!("../../tables/abbreviations.tsv")),
            ("documents", include_str!("../../tables/documents.tsv")),
            ("units", include_str!("../../tables/units.tsv")),
            ("loanwords", include_str!("../../tables/loanwords.tsv")),
            ("symbols", include_str!("../../tables/symbols.tsv")),
        ] {
            let lines: Vec<&str> = file.lines().filter(|l| !l.is_empty() && !l.starts_with("# ")).collect();
            for line in &lines {
                assert_eq!(line.matches('\t').count(), 1, "{name}: {line:?}");
            }
            let mut written: Vec<&str> = lines.iter().filter_map(|l| l.split('\t').next()).collect();
            written.sort_unstable();
            let twice: Vec<_> = written.windows(2).filter(|w| w[0] == w[1]).collect();
            assert!(twice.is_empty(), "{name} has twice: {twice:?}");
        }
    }

    #[test]
    fn what_a_table_says_is_read_as_it_stands() {
        for table in [&ABBREVIATIONS, &DOCUMENTS, &UNITS, &LOANWORDS, &SYMBOLS] {
            for (written, read) in table.iter() {
                let again = super::super::normalise(read);
                assert_eq!(again.to_lowercase(), read.to_lowercase(), "the reading of {written:?}");
            }
        }
    }
}
