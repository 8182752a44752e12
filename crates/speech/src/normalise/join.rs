//! Puts the pieces together again: the text to say, and what changed.

use super::letters::is_letter;
use super::pieces::Piece;
use super::place::Pause;
use super::{Certainty, Change};

/// The text to say. Of pauses that meet, the strongest stays; a newline stays only after the end of a sentence.
pub(super) fn join(pieces: &[Piece<'_>]) -> String {
    let mut out = String::new();
    let mut pause: Option<Pause> = None;
    let mut new_line = false;
    for Piece { from, found } in pieces {
        if !found.read.is_empty() {
            pause = pause.max(found.lead);
            if !out.is_empty() {
                out.extend(pause.map(Pause::sign));
                out.push(if new_line { '\n' } else { ' ' });
            }
            let starts = out.is_empty() || pause >= Some(Pause::Stop);
            push_words(&mut out, &found.read, starts);
            (pause, new_line) = (None, false);
        }
        pause = pause.max(found.pause);
        new_line |= from.contains('\n') && pause >= Some(Pause::Stop);
    }
    if !out.is_empty() {
        // A text that breaks off in a comma still ends.
        out.extend(pause.map(|p| p.max(Pause::Stop).sign()));
    }
    out
}

/// Appends words, with a capital at the start of a sentence; a letter that stands alone stays small, or it might be taken for a
/// numeral when the text is read again.
fn push_words(out: &mut String, words: &str, starts: bool) {
    let mut letters = words.chars();
    match letters.next() {
        Some(first) if starts && letters.clone().next().is_some_and(is_letter) => {
            out.extend(first.to_uppercase());
            out.push_str(letters.as_str());
        }
        _ => out.push_str(words),
    }
}

/// What is read otherwise than written, apart from capitals and pauses. Fragments that touch are one change.
pub(super) fn changes(pieces: &[Piece<'_>]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut touching = false;
    for Piece { from, found } in pieces {
        let same = found.certainty == Certainty::Rule && from.to_lowercase() == found.read.to_lowercase();
        if found.read.is_empty() || same {
            touching = false;
            continue;
        }
        match changes.last_mut().filter(|_| touching) {
            Some(last) => {
                last.from.push_str(from);
                last.to.push(' ');
                last.to.push_str(&found.read);
                last.certainty = last.certainty.least(found.certainty);
            }
            None => changes.push(Change {
                from: from.trim().to_owned(),
                to: found.read.clone(),
                certainty: found.certainty,
            }),
        }
        touching = true;
    }
    changes
}

impl Certainty {
    /// The less sure of two.
    fn least(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unread, _) | (_, Self::Unread) => Self::Unread,
            (Self::Spelt, _) | (_, Self::Spelt) => Self::Spelt,
            _ => Self::Rule,
        }
    }
}
