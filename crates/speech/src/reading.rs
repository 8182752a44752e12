//! How a text will be read.

/// A fragment that is read otherwise than it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As written.
    pub from: String,
    /// As read.
    pub to: String,
}

/// How a text will be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The words for the voice.
    pub text: String,
    /// What was changed, in the order of the text.
    pub changes: Vec<Change>,
}

/// Reads a text as it stands.
pub fn read(text: &str) -> Reading {
    Reading { text: text.to_owned(), changes: Vec::new() }
}
