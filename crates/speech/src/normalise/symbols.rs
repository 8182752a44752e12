//! Everything that is neither letter nor digit: punctuation as pauses, signs by name, and what is left by its kind.

use unicode_normalization::char::is_combining_mark;

use super::Certainty;
use super::letters::is_letter;
use super::place::{Found, Pause, Place, blanks, from, run, word};
use super::tables::SYMBOLS;

/// A sign, a blank or a pause at this place.
pub(super) fn symbol(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let first = text.chars().next()?;
    let same = run(text, |c| c == first);
    let count = same / first.len_utf8();
    let after = from(text, same);
    let digit_before = place.char_before().is_some_and(|c| c.is_ascii_digit());
    let digit_after = after.starts_with(|c: char| c.is_ascii_digit());
    Some(match first {
        ' ' | '\'' => Found::silent(same),
        '\n' => new_line(place),
        '.' if count == 1 && digit_before && digit_after => Found::said(1, "chấm"),
        '.' | '…' if count > 1 || first == '…' => ellipsis(place),
        '.' | '。' => Found::pause(same, Pause::Stop),
        ';' => Found::pause(same, Pause::Semicolon),
        ':' if count == 1 && digit_before && digit_after => Found::said(1, "trên"),
        ':' => Found::pause(same, Pause::Colon),
        '!' => Found::pause(same, Pause::Exclamation),
        '?' => Found::pause(same, Pause::Question),
        ',' | '、' | '，' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '“' | '”' | '„' | '«' | '»' | '|'
        | '‹' | '›' => Found::pause(same, Pause::Comma),
        '-' | '–' | '—' => dash(place, count),
        '/' => slash(place, count),
        '*' | '=' | '_' | '~' | '#' | '+' | '^' if count >= 3 => Found::pause(same, Pause::Comma),
        '*' | '~' | '_' if count == 2 => Found::silent(same),
        // A list's mark.
        '*'
        | '+'
        | '•'
        | '●'
        | '○'
        | '■'
        | '□'
        | '▪'
        | '►'
        | '➢'
        | '◦'
        | '·'
        | '→'
        | '⇒'
        | '➤'
        | '\u{f000}'..='\u{f0ff}'
            if place.at_line_start() && (after.starts_with(' ') || !first.is_ascii()) =>
        {
            Found::silent(same)
        }
        '•' | '●' | '○' | '■' | '□' | '▪' | '►' | '➢' | '◦' | '·' | '➤' => {
            Found::pause(same, Pause::Comma)
        }
        '\u{1f1e6}'..='\u{1f1ff}' => flag(text),
        _ => {
            let read = SYMBOLS.get(text.get(..first.len_utf8())?)?;
            let picture = !first.is_ascii() && first > '\u{2300}';
            let pause = picture.then_some(Pause::Comma);
            Found { lead: pause, pause, ..Found::said(same, *read) }
        }
    })
}

/// What nothing else knows: a foreign script, a sign without a name. Never silent, unless it has no sound of its own.
pub(super) fn unknown(place: &Place<'_>, first: char) -> Found {
    let text = place.rest();
    if is_combining_mark(first) && !first.is_alphanumeric() {
        return Found::silent(first.len_utf8());
    }
    let (len, read) = if first.is_alphanumeric() {
        let foreign =
            |c: char| (c.is_alphanumeric() && !is_letter(c) && !c.is_ascii_digit()) || is_combining_mark(c);
        (run(text, foreign), format!("một đoạn chữ {}", script(first)))
    } else {
        let nameless = |c: char| {
            !c.is_ascii()
                && !c.is_alphanumeric()
                && !c.is_whitespace()
                && !SYMBOLS.contains_key(c.to_string().as_str())
        };
        (run(text, nameless), "ký hiệu lạ".to_owned())
    };
    let pause = Some(Pause::Comma);
    Found { lead: pause, pause, certainty: Certainty::Unread, ..Found::said(len.max(first.len_utf8()), read) }
}

/// What a script is called.
fn script(c: char) -> &'static str {
    match c {
        '\u{370}'..='\u{3ff}' => "Hy Lạp",
        '\u{400}'..='\u{52f}' => "Nga",
        '\u{590}'..='\u{5ff}' => "Do Thái",
        '\u{600}'..='\u{6ff}' => "ả rập",
        '\u{900}'..='\u{dff}' => "Ấn Độ",
        '\u{e00}'..='\u{e7f}' => "Thái",
        '\u{e80}'..='\u{eff}' => "Lào",
        '\u{1000}'..='\u{109f}' => "Miến Điện",
        '\u{1780}'..='\u{17ff}' => "Khơ me",
        '\u{aa00}'..='\u{aa5f}' => "Chăm",
        '\u{3040}'..='\u{30ff}' => "Nhật",
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => "Hán",
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7ff}' => "Hàn",
        _ => "lạ",
    }
}

/// A new line ends the sentence, unless the sentence plainly goes on.
fn new_line(place: &Place<'_>) -> Found {
    let text = place.rest();
    let len = run(text, |c| matches!(c, '\n' | ' '));
    let blank_line = text.get(..len).is_some_and(|t| t.matches('\n').count() > 1);
    let next = from(text, len);
    let item = next.chars().nth(1).is_some_and(|c| matches!(c, ')' | '.' | '/'));
    let goes_on = next.starts_with(char::is_lowercase) && !item && !blank_line;
    let marked = place.before().trim_end_matches([' ', '\n']).ends_with([',', ';', ':', '.', '!', '?', '…']);
    if goes_on || marked { Found::silent(len) } else { Found::pause(len, Pause::Stop) }
}

/// Dots trailing off: the sentence ends if what follows starts one.
fn ellipsis(place: &Place<'_>) -> Found {
    let text = place.rest();
    let len = run(text, |c| matches!(c, '.' | '…'));
    let next = from(text, len).trim_start_matches(' ');
    let goes_on = next.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit() || c == ',');
    Found::pause(len, if goes_on { Pause::Comma } else { Pause::Stop })
}

/// A dash: "to" between figures, a join inside a word, a list's mark, or a pause.
fn dash(place: &Place<'_>, count: usize) -> Found {
    let text = place.rest();
    let len = run(text, |c| matches!(c, '-' | '–' | '—'));
    let after = from(text, len);
    let next = from(after, blanks(after));
    if count >= 3 {
        return Found::pause(len, Pause::Comma);
    }
    if place.at_line_start() {
        return Found::silent(len);
    }
    let digit_next = next.starts_with(|c: char| c.is_ascii_digit());
    let glued = place.glued() && after.starts_with(char::is_alphanumeric);
    let digit_before = place.char_before().is_some_and(|c| c.is_ascii_digit());
    let span_word = matches!(
        word(next).as_str(),
        "thứ" | "ngày" | "tháng" | "cn" | "chủ" | "hết" | "sáng" | "trưa" | "chiều" | "tối"
    );
    let weekday_next = next.starts_with('T') && from(next, 1).starts_with(|c: char| c.is_ascii_digit());
    if (place.after_count && (digit_next || span_word || weekday_next))
        || (glued && digit_before && digit_next)
    {
        return Found::count(len, "đến");
    }
    if glued && text.starts_with('-') { Found::silent(len) } else { Found::pause(len, Pause::Comma) }
}

/// A slash: "trên" between figures, "một" in a rate, a pause between alternatives.
fn slash(place: &Place<'_>, count: usize) -> Found {
    let text = place.rest();
    let after = from(text, count);
    let letter_after = after.starts_with(is_letter);
    if count > 1 || !place.glued() || !after.starts_with(char::is_alphanumeric) {
        return Found::pause(count, Pause::Comma);
    }
    let digit_before = place.char_before().is_some_and(|c| c.is_ascii_digit());
    if place.after_count && letter_after {
        return Found::said(1, "một");
    }
    if letter_after && !digit_before {
        // A/H5N1: one name.
        let before = place.before().trim_end_matches(is_letter);
        let single = place.before().len() - before.len() == 1;
        let code = from(after, 1).starts_with(|c: char| c.is_ascii_digit());
        return if single && code { Found::silent(1) } else { Found::pause(1, Pause::Comma) };
    }
    Found::said(1, "trên")
}

/// Two regional letters are a country's flag.
fn flag(text: &str) -> Found {
    let pair: String = text.chars().take(2).collect();
    let vietnam = pair == "\u{1f1fb}\u{1f1f3}";
    let len = if pair.chars().all(|c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}')) { pair.len() } else { 4 };
    let pause = Some(Pause::Comma);
    Found { lead: pause, pause, ..Found::said(len, if vietnam { "cờ Việt Nam" } else { "lá cờ" }) }
}
