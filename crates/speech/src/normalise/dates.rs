//! Dates: 15/3/2026, 15-03-2026, 15.3.2026, 2026-03-15, ngày 5/4, tháng 3/2026, 3-5/4, năm học 2026-2027.
//!
//! The first ten days of a month are *mùng*. A day and month without a year is told from a fraction (3/4 of the
//! people) and a count (15/19 criteria) by what stands around it.

use super::numbers::{cardinal, written_whole};
use super::place::{Found, Place, dash, digits, ends, from, word};

/// After these words a/b is a day and a month.
const DAY_WORDS: &[&str] = &[
    "ngày", "mùng", "mồng", "sáng", "trưa", "chiều", "tối", "đêm", "hôm", "dịp", "lễ", "hạn", "qua", "nay",
    "mai", "khánh", "trước", "rằm", "thứ", "hai", "ba", "tư", "năm", "sáu", "bảy", "nhật", "cn", "từ", "đến",
    "sau", "vào", "kể",
];
/// After these words it is none.
const NO_DAY_WORDS: &[&str] = &[
    "số", "lớp", "hẻm", "kiệt", "ngõ", "nhà", "đạt", "tổ", "khoảng", "hơn", "gần", "có", "mặt", "cả", "đã",
    "được", "tỷ", "lệ",
];
/// Before these words a/b is a count: so many of so many.
const COUNTED: &[&str] = &[
    "tiêu",
    "chỉ",
    "ấp",
    "thôn",
    "khóm",
    "xã",
    "phường",
    "hộ",
    "đại",
    "phiếu",
    "người",
    "đồng",
    "trường",
    "em",
    "học",
    "cháu",
    "đảng",
    "chi",
    "đơn",
    "tổ",
    "giờ",
    "hội",
    "nhà",
    "tỉnh",
    "huyện",
    "thành",
    "điểm",
    "mẫu",
    "ca",
    "công",
    "vị",
    "ủy",
    "uỷ",
    "cán",
    "bản",
    "khu",
    "lớp",
];
/// Days everybody knows without being told that they are days.
const KNOWN_DAYS: &[(u64, u64)] = &[
    (3, 2),
    (8, 3),
    (10, 3),
    (26, 3),
    (30, 4),
    (1, 5),
    (1, 6),
    (2, 9),
    (20, 10),
    (20, 11),
    (22, 12),
    (1, 1),
];

/// A date at this place.
pub(super) fn date(place: &Place<'_>) -> Option<Found> {
    if place.glued() || matches!(place.char_before(), Some('/' | '.' | ',' | '-')) && digit_before_sign(place)
    {
        return None;
    }
    iso(place)
        .or_else(|| day_range(place))
        .or_else(|| full(place))
        .or_else(|| year_range(place))
        .or_else(|| month_and_year(place))
        .or_else(|| day_and_month(place))
        .or_else(|| day_in_words(place))
}

/// Whether the sign before this place joins it to a digit.
fn digit_before_sign(place: &Place<'_>) -> bool {
    place.before().chars().rev().nth(1).is_some_and(|c| c.is_ascii_digit())
}

/// One or two digits up to `largest`, and their length.
fn part(text: &str, largest: u64) -> Option<(u64, usize)> {
    let written = digits(text);
    let value = written.parse().ok().filter(|v| (1..=largest).contains(v) && written.len() <= 2)?;
    Some((value, written.len()))
}

/// A year of four digits, 1000 to 2999.
fn year(text: &str) -> Option<(u64, usize)> {
    let written = digits(text);
    let value = written.parse().ok().filter(|v| (1000..=2999).contains(v) && written.len() == 4)?;
    Some((value, 4))
}

/// Whether a date may end here: no digit, no further part.
fn closed(text: &str) -> bool {
    let mut signs = text.chars();
    match signs.next() {
        Some('/' | '-' | '.' | ',') => {
            !signs.next().is_some_and(|c| c.is_ascii_digit()) && !text.starts_with('/')
        }
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}

/// The same, or a dash to another figure.
fn closed_or_dash(text: &str) -> bool {
    closed(text) || dash(text) > 0
}

fn month_name(month: u64) -> String {
    if month == 4 { "tư".to_owned() } else { cardinal(month) }
}

fn day_name(day: u64) -> String {
    if day <= 10 { format!("mùng {}", cardinal(day)) } else { cardinal(day) }
}

/// "ngày mười lăm", without the word if it was just written.
fn with_day_word(place: &Place<'_>, day: u64) -> String {
    if place.follows(&["mùng", "mồng"]) {
        cardinal(day)
    } else if place.follows(&["ngày"]) {
        day_name(day)
    } else {
        format!("ngày {}", day_name(day))
    }
}

fn in_full(place: &Place<'_>, day: u64, month: u64, year: Option<&str>) -> String {
    let year = year.map(|y| format!(" năm {}", written_whole(y))).unwrap_or_default();
    format!("{} tháng {}{year}", with_day_word(place, day), month_name(month))
}

/// Day, month and year with one sign between; the year of two digits only after "ngày".
fn full(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (day, len) = part(text, 31)?;
    let sign = from(text, len).chars().next().filter(|c| matches!(c, '/' | '-' | '.'))?;
    let (month, month_len) = part(from(text, len + 1), 12)?;
    let len = len + 1 + month_len;
    let after = from(text, len).strip_prefix(sign)?;
    let written = digits(after);
    let is_year = year(after).is_some() || (written.len() == 2 && sign == '/' && place.follows(&["ngày"]));
    let end = len + 1 + written.len();
    (is_year && closed_or_dash(from(text, end)))
        .then(|| Found::count(end, in_full(place, day, month, Some(written))))
}

/// 2026-03-15.
fn iso(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (_, len) = year(text)?;
    let (month, month_len) = part(from(text, len).strip_prefix('-')?, 12)?;
    let (day, day_len) = part(from(text, len + 1 + month_len).strip_prefix('-')?, 31)?;
    let end = len + 2 + month_len + day_len;
    (month_len == 2 && day_len == 2 && closed(from(text, end)))
        .then(|| Found::count(end, in_full(place, day, month, text.get(..4))))
}

/// 3-5/4, 3-5/4/2026: two days of one month.
fn day_range(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (first, len) = part(text, 31)?;
    let join = dash(from(text, len));
    let (last, last_len) = part(from(text, len + join), 31).filter(|(last, _)| join > 0 && *last > first)?;
    let len = len + join + last_len;
    let (month, month_len) = part(from(text, len).strip_prefix('/')?, 12)?;
    let mut end = len + 1 + month_len;
    let mut of = format!("tháng {}", month_name(month));
    if let Some((_, year_len)) = from(text, end).strip_prefix('/').and_then(year) {
        of = format!("{of} năm {}", written_whole(digits(from(text, end + 1))));
        end += 1 + year_len;
    }
    let lead = if place.follows(&["từ", "ngày", "mùng", "mồng"]) { "" } else { "từ " };
    let read = format!("{lead}{} đến ngày {} {of}", with_day_word(place, first), day_name(last));
    closed(from(text, end)).then(|| Found::count(end, read))
}

/// 2026-2027, 2021 - 2026: a school year is named by both, any other span goes from one to the other.
fn year_range(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (first, len) = year(text)?;
    let join = dash(from(text, len));
    let (last, _) = year(from(text, len + join)).filter(|(last, _)| join > 0 && *last > first)?;
    let end = len + join + 4;
    let between = if place.follows(&["học"]) { ", " } else { " đến " };
    closed(from(text, end))
        .then(|| Found::count(end, format!("{}{between}{}", cardinal(first), cardinal(last))))
}

/// 3/2026 and tháng 3-2026, also as a quarter.
fn month_and_year(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (month, len) = part(text, 12)?;
    let told = place.follows(&["tháng", "quý"]);
    let sign = from(text, len).chars().next().filter(|c| *c == '/' || (told && matches!(c, '-' | '.')))?;
    let (year, year_len) = year(from(text, len + sign.len_utf8()))?;
    let end = len + sign.len_utf8() + year_len;
    let word = if told { "" } else { "tháng " };
    let plausible = told || (1900..=2100).contains(&year) && !place.follows(&["số"]);
    (plausible && closed_or_dash(from(text, end)))
        .then(|| Found::count(end, format!("{word}{} năm {}", month_name(month), cardinal(year))))
}

/// 5/4, where it is a day and not a fraction.
fn day_and_month(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (day, len) = part(text, 31)?;
    let (month, month_len) = part(from(text, len).strip_prefix('/')?, 12)?;
    let end = len + 1 + month_len;
    let rest = from(text, end);
    if !closed_or_dash(rest) {
        return None;
    }
    let next = word(rest.trim_start_matches(' '));
    let told = place.follows(DAY_WORDS) || place.near(4, &["ngày"]) && place.follows(&["và", "hoặc"]);
    let counted = COUNTED.contains(&next.as_str()) || place.follows(NO_DAY_WORDS) || (day, month) == (24, 7);
    let day_like = if counted {
        place.follows(&["ngày"])
    } else {
        told || day > month || KNOWN_DAYS.contains(&(day, month))
    };
    day_like.then(|| Found::count(end, in_full(place, day, month, None)))
}

/// "ngày 5 tháng 4": only the day is a figure here.
fn day_in_words(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (day, len) = part(text, 31)?;
    let rest = from(text, len);
    let month_follows = rest.starts_with(' ') && word(rest.trim_start_matches(' ')) == "tháng";
    (place.follows(&["ngày"]) && month_follows && ends(rest)).then(|| Found::count(len, day_name(day)))
}

/// Whether the next word is one that is counted "so many of so many".
pub(super) fn counted_next(text: &str) -> bool {
    COUNTED.contains(&word(text.trim_start_matches(' ')).as_str())
}
