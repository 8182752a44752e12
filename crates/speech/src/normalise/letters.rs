//! Letters: which ones Vietnamese has, what each is called, and what can be said as a syllable.

use unicode_normalization::UnicodeNormalization;

/// The Vietnamese letters beyond ASCII, lower case.
const MARKED: &str = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";

/// Whether `c` is a letter that Vietnamese text is written with, ASCII included.
pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (!c.is_ascii() && c.to_lowercase().next().is_some_and(|l| MARKED.contains(l)))
}

/// Whether `c` is a vowel, with whatever marks.
pub(super) fn is_vowel(c: char) -> bool {
    let base = std::iter::once(c).nfd().next().unwrap_or(c).to_ascii_lowercase();
    matches!(base, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// Whether `word` has a mark that only Vietnamese puts on a vowel (*đ* alone says nothing: HĐND).
pub(super) fn has_marked_vowel(word: &str) -> bool {
    word.chars().any(|c| !c.is_ascii() && is_vowel(c))
}

/// The name of a letter, as it is spelt aloud; a marked vowel is its own name. G is *gờ*, because *giê* and *dê* sound alike
/// in the north.
pub(super) fn name(c: char) -> String {
    let lower: String = c.to_lowercase().collect();
    let named = match lower.as_str() {
        "b" => "bê",
        "c" => "xê",
        "d" => "dê",
        "đ" => "đê",
        "f" => "ép",
        "g" => "gờ",
        "h" => "hát",
        "j" => "gi",
        "k" => "ca",
        "l" => "e lờ",
        "m" => "em mờ",
        "n" => "en nờ",
        "p" => "pê",
        "q" => "quy",
        "r" => "e rờ",
        "s" => "ét sì",
        "t" => "tê",
        "v" => "vê",
        "w" => "vê kép",
        "x" => "ích xì",
        "y" => "i dài",
        "z" => "dét",
        _ => return lower,
    };
    named.to_owned()
}

/// Letters by their names: "UBND" is "u bê en nờ dê".
pub(super) fn spell(word: &str) -> String {
    let names: Vec<String> = word.chars().map(name).collect();
    names.join(" ")
}

/// Whether `word` can be a Vietnamese syllable. With `unmarked`, tone marks are not asked for (text typed without
/// them); otherwise a syllable that ends in a stop needs one (*BOT* and *SAT* are no words, *BÁT* is).
pub(super) fn is_syllable(word: &str, unmarked: bool) -> bool {
    let lower = word.to_lowercase();
    let toned = lower.nfd().any(|c| matches!(c, '\u{301}' | '\u{323}'));
    let plain: String =
        lower.nfd().map(|c| if c == 'đ' { 'd' } else { c }).filter(char::is_ascii_alphabetic).collect();
    let Some(rime) =
        ONSETS.iter().find_map(|onset| plain.strip_prefix(onset).filter(|rime| RIMES.contains(rime)))
    else {
        return false;
    };
    let stopped = rime.ends_with(['c', 'p', 't']) || rime.ends_with("ch");
    !stopped || toned || unmarked
}

/// Initial consonants, longest first, so that the whole of one is taken; the empty one last.
const ONSETS: &[&str] = &[
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr", "b", "c", "d", "g", "h", "k", "l",
    "m", "n", "p", "r", "s", "t", "v", "x", "q", "",
];

/// What may follow, without marks.
const RIMES: &[&str] = &[
    "a", "ac", "ach", "ai", "am", "an", "ang", "anh", "ao", "ap", "at", "au", "ay", "e", "ec", "em", "en",
    "eo", "ep", "et", "ech", "enh", "eu", "i", "ia", "ich", "iec", "iem", "ien", "ieng", "iep", "iet", "ieu",
    "im", "in", "inh", "ip", "it", "iu", "o", "oa", "oac", "oach", "oai", "oam", "oan", "oang", "oanh",
    "oao", "oap", "oat", "oay", "oc", "oe", "oen", "oeo", "oet", "oi", "om", "on", "ong", "ooc", "oong",
    "op", "ot", "u", "ua", "uan", "uang", "uat", "uay", "uc", "ue", "uech", "uenh", "ui", "um", "un", "ung",
    "uo", "uoc", "uoi", "uom", "uon", "uong", "uop", "uot", "uou", "up", "ut", "uu", "uy", "uya", "uych",
    "uyen", "uyet", "uynh", "uyt", "uyu", "y", "yem", "yen", "yet", "yeu", "ym", "yn", "ynh", "yp", "yt",
    "uau", "ych", "eng",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("THÔNG", false, true)]
    #[case("BÁO", false, true)]
    #[case("NGHIÊNG", false, true)]
    #[case("QUYẾT", false, true)]
    #[case("GIẾNG", false, true)]
    #[case("ĐƯỢC", false, true)]
    #[case("KHUYA", false, true)]
    #[case("BAN", false, true)]
    #[case("BOT", false, false)]
    #[case("BOT", true, true)]
    #[case("UBND", true, false)]
    #[case("HTX", true, false)]
    #[case("SOS", true, false)]
    #[case("K", true, false)]
    fn a_syllable_is_known_by_its_shape(#[case] word: &str, #[case] unmarked: bool, #[case] is_one: bool) {
        assert_eq!(is_syllable(word, unmarked), is_one);
    }

    #[test]
    fn every_letter_is_called_something_with_a_vowel() {
        for c in ('a'..='z').chain(MARKED.chars()) {
            let called = name(c);
            assert!(
                called.split(' ').all(|syllable| syllable.chars().any(is_vowel)),
                "{c} is called {called:?}"
            );
        }
    }
}
