//! Addresses of the web and of mail, said as a listener would type them.

use super::letters::{has_marked_vowel, is_syllable, is_vowel, spell};
use super::numbers::digits as one_by_one;
use super::place::{Found, Place, from, run};

/// Bytes of the longest address that is read as one; longer ones are read piece by piece.
const LONGEST: usize = 300;
/// Ends of a name that make a bare word with points an address.
const ENDS: &[&str] = &["vn", "com", "net", "org", "info", "gov", "edu", "io", "me", "asia", "app"];

/// A mail or web address at this place.
pub(super) fn address(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if place.glued() || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    // Asked at every word of a text, so it looks no further than an address goes.
    let part_of_one = |c: char| c.is_ascii_alphanumeric() || "./:@-_%?=&#~+".contains(c);
    let len = text.bytes().take(LONGEST + 1).take_while(|b| part_of_one(char::from(*b))).count();
    if len > LONGEST {
        return None;
    }
    let whole = text.get(..len)?;
    let whole =
        whole.trim_end_matches(['.', ',', ':', '?', '-', '&', '=', '/']).to_owned() + trailing_slash(whole);
    if has_marked_vowel(&whole) || from(text, whole.len()).starts_with(char::is_alphanumeric) {
        return None;
    }
    let (scheme, rest) = ["https://", "http://"]
        .into_iter()
        .find_map(|s| {
            whole.get(..s.len()).filter(|w| w.eq_ignore_ascii_case(s)).map(|w| (w, from(&whole, w.len())))
        })
        .unwrap_or(("", &whole));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let site = host.rsplit_once('@').map_or(host, |(_, site)| site);
    let last = site.rsplit('.').next().unwrap_or_default().to_lowercase();
    let named =
        site.contains('.') && site.starts_with(|c: char| c.is_ascii_alphanumeric()) && !site.contains("..");
    let known = named
        && (ENDS.contains(&last.as_str())
            || host.contains('@')
            || !scheme.is_empty()
            || site.starts_with("www."));
    let letters = site.chars().any(|c| c.is_ascii_alphabetic());
    if !(known && letters) && (scheme.is_empty() || rest.is_empty()) {
        return None;
    }
    let mut words = Vec::new();
    if !scheme.is_empty() {
        words.push("trang".to_owned());
    }
    say(rest, &mut words);
    Some(Found::said(whole.len(), words.join(" ")))
}

/// A slash at the end belongs to the address.
fn trailing_slash(whole: &str) -> &'static str {
    if whole.ends_with('/') && !whole.ends_with("//") { "/" } else { "" }
}

/// Says the parts between signs, and the signs.
fn say(address: &str, words: &mut Vec<String>) {
    let mut at = 0;
    while let Some(c) = from(address, at).chars().next() {
        let sign = match c {
            '.' => "chấm",
            '@' => "a còng",
            '/' => "xẹt",
            '-' => "gạch ngang",
            '_' => "gạch dưới",
            ':' => "hai chấm",
            '?' => "chấm hỏi",
            '=' => "bằng",
            '&' => "và",
            '%' => "phần trăm",
            '#' => "thăng",
            '~' => "ngã",
            '+' => "cộng",
            _ => "",
        };
        if !sign.is_empty() {
            // The last slash adds nothing.
            if !(c == '/' && at + 1 == address.len()) {
                words.push(sign.to_owned());
            }
            at += 1;
            continue;
        }
        let same = |first: char| {
            move |c: char| c.is_ascii_digit() == first.is_ascii_digit() && c.is_ascii_alphanumeric()
        };
        let len = run(from(address, at), same(c)).max(1);
        words.push(part(from(address, at).get(..len).unwrap_or_default()));
        at += len;
    }
}

/// A part of an address: known, cut into syllables, or spelt.
fn part(written: &str) -> String {
    let lower = written.to_lowercase();
    match lower.as_str() {
        "www" => return "vê kép vê kép vê kép".to_owned(),
        "com" => return "com".to_owned(),
        "vn" => return "vê en nờ".to_owned(),
        "gov" => return "gốp".to_owned(),
        "org" => return "o rờ gờ".to_owned(),
        "edu" => return "e đu".to_owned(),
        "net" => return "nét".to_owned(),
        "gmail" => return "gờ meo".to_owned(),
        "yahoo" => return "gia hu".to_owned(),
        "facebook" => return "phây búc".to_owned(),
        "zalo" => return "da lô".to_owned(),
        "youtube" => return "diu túp".to_owned(),
        "fb" => return "ép bê".to_owned(),
        _ => {}
    }
    if lower.starts_with(|c: char| c.is_ascii_digit()) {
        return one_by_one(&lower);
    }
    syllables(&lower).unwrap_or_else(|| {
        if lower.chars().any(is_vowel) && lower.len() > 3 && pronounceable(&lower) {
            lower.clone()
        } else {
            spell(&lower)
        }
    })
}

/// Whether no more than three consonants stand together.
fn pronounceable(word: &str) -> bool {
    word.split(is_vowel).all(|consonants| consonants.len() <= 3)
}

/// `word` as the fewest Vietnamese syllables of two letters or more, if it is made of them: "dichvucong" is "dich vu cong".
fn syllables(word: &str) -> Option<String> {
    const LONGEST_SYLLABLE: usize = 7;
    let n = word.len();
    if n > 63 {
        return None;
    }
    // best[i]: the fewest syllables that make the first i letters, and where the last of them starts.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; n + 1];
    if let Some(first) = best.first_mut() {
        *first = Some((0, 0));
    }
    for end in 2..=n {
        let found = (end.saturating_sub(LONGEST_SYLLABLE)..end - 1)
            .filter_map(|start| {
                let (count, _) = (*best.get(start)?)?;
                is_syllable(word.get(start..end)?, true).then_some((count + 1, start))
            })
            .min_by_key(|(count, _)| *count);
        if let Some(slot) = best.get_mut(end) {
            *slot = found;
        }
    }
    let mut parts = Vec::new();
    let mut end = n;
    while end > 0 {
        let (_, start) = (*best.get(end)?)?;
        parts.push(word.get(start..end)?);
        end = start;
    }
    parts.reverse();
    Some(parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_made_of_syllables_is_cut_into_them() {
        assert_eq!(part("dichvucong"), "dich vu cong");
        assert_eq!(part("soctrang"), "soc trang");
        assert_eq!(part("xyz"), "ích xì i dài dét");
    }
}
