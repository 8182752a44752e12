//! One spelling for what looks the same: the text as every later rule expects it.
//!
//! After [`clean`] a Vietnamese letter is one code point however it was typed, look-alikes are what they look like (the
//! eth that passes for *Đ*, full-width and "bold" letters, circled digits), invisible characters are gone, and white space is
//! a blank or a newline. Nothing that can be seen or heard is dropped here.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::letters::is_letter;

/// See the module.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_letter = false;
    for c in text.chars().flat_map(|c| Dressed(c).undressed()).nfc() {
        let before = out.len();
        fold(c, after_letter, &mut out);
        if out.len() > before {
            after_letter = out.chars().next_back().is_some_and(char::is_alphanumeric);
        }
    }
    out
}

/// A letter or digit that may be a full-width or "bold" variant of a plain one.
struct Dressed(char);

impl Dressed {
    /// The plain one, before marks that follow are composed with it.
    fn undressed(self) -> impl Iterator<Item = char> {
        let plain = matches!(self.0, '\u{1d400}'..='\u{1d7ff}' | '\u{ff01}'..='\u{ff5e}')
            .then(|| std::iter::once(self.0).nfkc().next())
            .flatten();
        std::iter::once(plain.unwrap_or(self.0))
    }
}

/// Appends what `c` stands for. `after_letter`: a letter, digit or sign of a script comes right before.
fn fold(c: char, after_letter: bool, out: &mut String) {
    match c {
        '\n' | '\u{2028}' | '\u{2029}' => out.push('\n'),
        '\r' => {}
        // Known as it is: ASCII, Vietnamese, signs with a meaning that compatibility folding would lose.
        ' '..='~' | '²' | '³' | '½' | '¼' | '¾' | '…' | '°' | '№' | '™' | '℃' | '℉' => {
            out.push(c);
        }
        _ if is_letter(c) => out.push(c),
        // Looks like Đ, and some keyboards type it.
        'Ð' => out.push('Đ'),
        'ð' => out.push('đ'),
        'ß' => out.push_str("ss"),
        'æ' => out.push_str("ae"),
        'Æ' => out.push_str("AE"),
        'œ' => out.push_str("oe"),
        'Œ' => out.push_str("OE"),
        'ø' => out.push('o'),
        'Ø' => out.push('O'),
        'ł' => out.push('l'),
        'Ł' => out.push('L'),
        'ı' => out.push('i'),
        'º' | '˚' => out.push('°'),
        '’' | '‘' | 'ʼ' | '′' | '´' => out.push('\''),
        '−' | '‐' | '‑' | '‒' => out.push('-'),
        '⁄' | '∕' => out.push('/'),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => out.push(' '),
        _ if c.is_whitespace() => out.push(' '),
        '\u{0}' => out.push(' '),
        _ if c.is_control() || is_invisible(c) => {}
        // A mark that belongs to a foreign script stays with it; a stray one over nothing is not heard.
        _ if is_combining_mark(c) => {
            if after_letter && !out.chars().next_back().is_some_and(|p| is_letter(p) || p.is_ascii_digit()) {
                out.push(c);
            }
        }
        _ => fold_compatible(c, out),
    }
}

/// Variants of plain letters and digits, and Latin letters with marks that Vietnamese doesn't use.
fn fold_compatible(c: char, out: &mut String) {
    let plain: String = std::iter::once(c).nfkc().collect();
    let readable = |p: char| is_letter(p) || p.is_ascii_graphic() || p == ' ';
    if plain.chars().all(readable) && plain.chars().any(char::is_alphanumeric) {
        // A circled or bracketed number is a word of its own.
        let apart = matches!(c, '\u{2150}'..='\u{217f}' | '\u{2460}'..='\u{24ff}' | '\u{1f100}'..='\u{1f1ff}' | '\u{2776}'..='\u{2793}');
        if apart {
            out.push(' ');
        }
        out.push_str(&plain);
        if apart {
            out.push(' ');
        }
        return;
    }
    let stripped: String = plain.nfd().filter(|p| !is_combining_mark(*p)).collect();
    if !stripped.is_empty() && stripped.chars().all(|p| p.is_ascii_alphanumeric()) {
        out.push_str(&stripped);
    } else if plain.chars().count() == 1 && c.is_alphanumeric() {
        out.push_str(&plain);
    } else {
        out.push(c);
    }
}

/// Format characters: joiners, direction marks, variation selectors, skin tones, the keycap's box.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::decomposed("Tie\u{302}\u{301}ng Vie\u{323}\u{302}t", "Tiếng Việt")]
    #[case::half_composed("Vi\u{ea}\u{323}t", "Việt")]
    #[case::eth("Ðại Ân", "Đại Ân")]
    #[case::full_width("２０２６　ｋｇ", "2026 kg")]
    #[case::bold("𝐓𝐇𝐎̂𝐍𝐆 𝐁𝐀́𝐎", "THÔNG BÁO")]
    #[case::circled("①Rửa tay", " 1 Rửa tay")]
    #[case::superscript("5 m²", "5 m²")]
    #[case::foreign_marks("Müller, François, Łódź", "Muller, Francois, Lódz")]
    #[case::invisible("a\u{200b}b\u{feff}c\u{fe0f}", "abc")]
    #[case::nul("a\u{0}b", "a b")]
    #[case::windows_lines("a\r\nb", "a\nb")]
    fn look_alikes_get_one_spelling(#[case] typed: &str, #[case] cleaned: &str) {
        assert_eq!(clean(typed), cleaned);
    }
}
