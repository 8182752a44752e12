//! Roman numerals, told from words by what stands around them: "khoá XV", "quý II", "II. Nội dung"; not "TRẦN VI".

use super::letters::is_syllable;
use super::numbers::{cardinal, ordinal};
use super::place::{Found, Place, from, run};

/// After these words capital letters that make a numeral are one.
const NUMBERED: &[&str] = &[
    "thứ", "quý", "khoá", "khóa", "kỳ", "kì", "chương", "phần", "mục", "lần", "kỷ", "cấp", "loại", "hạng",
    "nhóm", "tập", "đoạn", "vực", "vùng", "đợt", "lục", "điều", "bậc", "giải", "khu", "khoản", "họp", "hội",
    "tầng", "bảng", "quyển", "số", "lớp", "tiết", "phương", "tuyến", "đệ", "bước", "tháng", "và", "đến",
    "trung",
];

/// A numeral at this place.
pub(super) fn numeral(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if place.glued() {
        return None;
    }
    let len = run(text, char::is_alphanumeric);
    let written = text.get(..len)?;
    let n = value(written)?;
    let rest = from(text, len);
    let joined = place.follows(&["và", "đến", "trung"]);
    let after_number_word = place.follows(NUMBERED) && (!joined || near_numeral(place));
    let heading = place.at_line_start() && (rest.starts_with(['.', ')', '/', '-']) || rest.starts_with(" -"));
    let range = place.char_before() == Some('-') && place.after_count;
    let unmistakable = written.len() >= 2
        && written.chars().all(|c| matches!(c, 'I' | 'V' | 'X'))
        && !is_syllable(written, true);
    (after_number_word || heading || range || unmistakable).then(|| {
        let read = if place.follows(&["thứ"]) {
            ordinal(n)
        } else if n == 4 && place.follows(&["quý"]) {
            "tư".to_owned()
        } else {
            cardinal(n)
        };
        // "quý II/2026"
        let year =
            from(rest, 1).get(..4).filter(|y| rest.starts_with('/') && y.bytes().all(|b| b.is_ascii_digit()));
        if let Some(year) = year.filter(|_| super::place::ends(from(rest, 5))) {
            return Found::count(len + 5, format!("{read} năm {}", super::numbers::written_whole(year)));
        }
        Found { pause: heading.then_some(super::place::Pause::Comma), ..Found::count(len, read) }
    })
}

/// Whether the text shortly before has a numeral's word, so that "I và II" is two numerals.
fn near_numeral(place: &Place<'_>) -> bool {
    place.near(
        5,
        &["thứ", "quý", "khoá", "khóa", "kỳ", "chương", "phần", "mục", "loại", "nhóm", "cấp", "hạng", "đợt"],
    )
}

/// The value of a well-formed numeral in capitals, 1 to 3999.
fn value(written: &str) -> Option<u64> {
    const PARTS: [(&str, u64); 13] = [
        ("M", 1000),
        ("CM", 900),
        ("D", 500),
        ("CD", 400),
        ("C", 100),
        ("XC", 90),
        ("L", 50),
        ("XL", 40),
        ("X", 10),
        ("IX", 9),
        ("V", 5),
        ("IV", 4),
        ("I", 1),
    ];
    let (mut rest, mut n) = (written, 0);
    for (part, worth) in PARTS {
        let most = if matches!(part, "M" | "C" | "X" | "I") { 3 } else { 1 };
        for _ in 0..most {
            if let Some(after) = rest.strip_prefix(part) {
                rest = after;
                n += worth;
            }
        }
    }
    (rest.is_empty() && n > 0 && well_formed(written, n)).then_some(n)
}

/// Whether `written` is how `n` is written; taking parts greedily accepts too much (VIV).
fn well_formed(written: &str, n: u64) -> bool {
    const ONES: [&str; 10] = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    const TENS: [&str; 10] = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"];
    const HUNDREDS: [&str; 10] = ["", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"];
    let digit = |table: &[&'static str; 10], unit: u64| {
        table.get((n / unit % 10) as usize).copied().unwrap_or_default()
    };
    let thousands = "M".repeat((n / 1000) as usize);
    written == format!("{thousands}{}{}{}", digit(&HUNDREDS, 100), digit(&TENS, 10), digit(&ONES, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_numeral_has_a_value() {
        let good = [("I", 1), ("IV", 4), ("XIII", 13), ("XV", 15), ("XIX", 19), ("XL", 40), ("MMXXVI", 2026)];
        for (written, n) in good {
            assert_eq!(value(written), Some(n), "{written}");
        }
        for bad in ["", "IIII", "VIV", "IC", "VX", "A", "Xi", "XIIV"] {
            assert_eq!(value(bad), None, "{bad}");
        }
    }
}
