//! Vietnamese reading rules: from text as officials write it to words as they are said.
//!
//! The text is cleaned ([`clean`]), then cut into pieces from left to right: at each place the first rule that knows what
//! stands there says how it is read, and what no rule knows is spelt. The pieces cover the text without a gap, so nothing
//! written is dropped unsaid. The result holds only Vietnamese letters, blanks, newlines and `, ; : . ! ?`, and reading it
//! again changes nothing.
//!
//! Which words an abbreviation or a unit stands for is in the tables under `tables/`, one line each.

mod abbreviations;
mod clean;
mod codes;
mod dates;
mod documents;
mod figures;
mod join;
mod letters;
pub mod numbers;
mod phones;
mod pieces;
mod place;
mod quantities;
mod roman;
mod symbols;
mod tables;
mod times;
mod web;
mod words;

use serde::Serialize;

/// How a text will be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The words to say, with the punctuation that makes the pauses.
    pub text: String,
    /// What is read otherwise than it is written, in the order of the text.
    pub changes: Vec<Change>,
}

/// One fragment that is read otherwise than it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The fragment as written, after look-alike characters were given one spelling.
    pub from: String,
    /// The words said for it.
    pub to: String,
    /// How sure the reading is; a page may ask the official to look at anything but [`Certainty::Rule`].
    pub certainty: Certainty,
}

/// How sure a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// A rule or a table says so.
    Rule,
    /// Nothing is known of it; it is read letter by letter.
    Spelt,
    /// It can't be said in Vietnamese (another script, an unknown sign); only its kind is named.
    Unread,
}

/// Reads `text`: the words to say and what differs from the writing. Never fails; an empty reading means that there was nothing
/// to say.
pub fn read(text: &str) -> Reading {
    let cleaned = clean::clean(text);
    let pieces = pieces::pieces(&cleaned);
    Reading { text: join::join(&pieces), changes: join::changes(&pieces) }
}

/// The words to say for `text`; see [`read`].
pub fn normalise(text: &str) -> String {
    read(text).text
}
