//! A place in the text, and what can be asked of it: what follows, what came before.

use super::letters::is_letter;

/// What a rule found at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes of the text it covers.
    pub len: usize,
    /// Pause before the words.
    pub lead: Option<Pause>,
    /// Words to say; empty if it is only a pause or is silent.
    pub read: String,
    /// Pause after the words.
    pub pause: Option<Pause>,
    /// Whether it counts or dates something, so that a dash after it means "to".
    pub counts: bool,
    /// How sure the reading is.
    pub certainty: super::Certainty,
}

impl Found {
    /// Words by rule.
    pub(super) fn said(len: usize, read: impl Into<String>) -> Self {
        Self {
            len,
            lead: None,
            read: read.into(),
            pause: None,
            counts: false,
            certainty: super::Certainty::Rule,
        }
    }

    /// A number, date, time or quantity.
    pub(super) fn count(len: usize, read: impl Into<String>) -> Self {
        Self { counts: true, ..Self::said(len, read) }
    }

    /// Letters or figures read one by one for want of a rule.
    pub(super) fn spelt(len: usize, read: impl Into<String>) -> Self {
        Self { certainty: super::Certainty::Spelt, ..Self::said(len, read) }
    }

    /// Only a pause.
    pub(super) fn pause(len: usize, pause: Pause) -> Self {
        Self { pause: Some(pause), ..Self::said(len, "") }
    }

    /// Neither words nor a pause: a blank, a join inside a word.
    pub(super) fn silent(len: usize) -> Self {
        Self::said(len, "")
    }
}

/// A pause, weakest first: of several in a row the strongest stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pause {
    Comma,
    Semicolon,
    Colon,
    Stop,
    Exclamation,
    Question,
}

impl Pause {
    pub(super) fn sign(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Colon => ':',
            Self::Stop => '.',
            Self::Exclamation => '!',
            Self::Question => '?',
        }
    }
}

/// A place in the cleaned text.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    text: &'a str,
    at: usize,
    /// Whether the piece before it (blanks aside) counted something.
    pub after_count: bool,
    /// Whether the whole text was typed without Vietnamese marks.
    pub unmarked: bool,
}

impl<'a> Place<'a> {
    pub(super) fn new(text: &'a str, at: usize, after_count: bool, unmarked: bool) -> Self {
        Self { text, at, after_count, unmarked }
    }

    /// The text from here.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The text up to here.
    pub(super) fn before(&self) -> &'a str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The place `len` bytes on.
    pub(super) fn skip(&self, len: usize) -> Place<'a> {
        Place { at: self.at + len, ..*self }
    }

    /// The character right before.
    pub(super) fn char_before(&self) -> Option<char> {
        self.before().chars().next_back()
    }

    /// Whether a letter or digit touches this place from the left.
    pub(super) fn glued(&self) -> bool {
        self.char_before().is_some_and(char::is_alphanumeric)
    }

    /// Whether only blanks separate this place from the start of its line.
    pub(super) fn at_line_start(&self) -> bool {
        self.before().trim_end_matches(' ').chars().next_back().is_none_or(|c| c == '\n')
    }

    /// The `n`th word before (0 is the nearest), lower case; only blanks and the signs in `across` may lie between.
    pub(super) fn word_before(&self, n: usize, across: &[char]) -> Option<String> {
        let mut before = self.before();
        for left in (0..=n).rev() {
            before = before.trim_end_matches(|c| c == ' ' || across.contains(&c));
            let word = before.trim_end_matches(|c: char| is_letter(c));
            if word.len() == before.len() {
                return None;
            }
            if left == 0 {
                return before.get(word.len()..).map(str::to_lowercase);
            }
            before = word;
        }
        None
    }

    /// Whether the nearest word before is one of `words`.
    pub(super) fn follows(&self, words: &[&str]) -> bool {
        self.word_before(0, &[]).is_some_and(|w| words.contains(&w.as_str()))
    }

    /// Whether one of `words` is among the last `reach` words of this sentence; a word may be two with a blank between.
    pub(super) fn near(&self, reach: usize, words: &[&str]) -> bool {
        let sentence = self.before().rsplit(['\n', '!', '?', ';']).next().unwrap_or_default();
        let mut last: Vec<String> = sentence
            .rsplit(|c: char| !is_letter(c))
            .filter(|w| !w.is_empty())
            .take(reach)
            .map(str::to_lowercase)
            .collect();
        last.reverse();
        words.iter().any(|word| {
            let wanted: Vec<&str> = word.split(' ').collect();
            last.windows(wanted.len()).any(|window| window.iter().zip(&wanted).all(|(a, b)| a == b))
        })
    }
}

/// The bytes of `text` that match from its start.
pub(super) fn run(text: &str, matches: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !matches(c)).unwrap_or(text.len())
}

/// The digits `text` starts with.
pub(super) fn digits(text: &str) -> &str {
    text.get(..run(text, |c| c.is_ascii_digit())).unwrap_or_default()
}

/// The text after its first `len` bytes; empty if there is none.
pub(super) fn from(text: &str, len: usize) -> &str {
    text.get(len..).unwrap_or_default()
}

/// Whether nothing readable continues `text` from its start: a word or number ends here.
pub(super) fn ends(text: &str) -> bool {
    !text.starts_with(char::is_alphanumeric)
}

/// The word `text` starts with, lower case.
pub(super) fn word(text: &str) -> String {
    text.get(..run(text, is_letter)).unwrap_or_default().to_lowercase()
}

/// Bytes of the blanks `text` starts with.
pub(super) fn blanks(text: &str) -> usize {
    run(text, |c| c == ' ')
}

/// Bytes of a dash that joins two figures, blanks around it included; 0 if there is none.
pub(super) fn dash(text: &str) -> usize {
    let lead = blanks(text);
    let Some(c) = from(text, lead).chars().next().filter(|c| matches!(c, '-' | '–' | '—')) else {
        return 0;
    };
    let end = lead + c.len_utf8();
    end + blanks(from(text, end))
}

/// Whether a plain number may end before `text`: not in the middle of a date, a time or a code.
pub(super) fn number_ends(text: &str) -> bool {
    let mut signs = text.chars();
    match signs.next() {
        Some('/' | ':') => !signs.next().is_some_and(char::is_alphanumeric),
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}
