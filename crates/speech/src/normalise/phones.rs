//! Numbers to dial, and other codes of digits that are read digit by digit: 0912 345 678, 1900 1234, 113, *101#, plates, accounts.

use super::figures::in_threes;
use super::letters::spell;
use super::numbers::digits as one_by_one;
use super::place::{Found, Place, digits, ends, from, run};

/// Near these words a short number is one to dial.
const DIAL_WORDS: &[&str] = &[
    "gọi",
    "điện thoại",
    "tổng đài",
    "đường dây",
    "hotline",
    "sđt",
    "đtdđ",
    "đt",
    "liên hệ",
    "cấp cứu",
    "cứu hỏa",
    "cứu hoả",
    "chữa cháy",
    "cảnh sát",
    "số máy",
    "nhắn tin",
    "báo",
    "bấm",
    "phím",
    "soạn",
    "gửi",
];
/// After a short number to dial these would make it a count again.
const COUNTED_AFTER: &[&str] = &[
    "hộ",
    "người",
    "ca",
    "trường",
    "đồng",
    "kg",
    "em",
    "cháu",
    "con",
    "cây",
    "ha",
    "triệu",
    "tỷ",
    "nghìn",
    "học",
    "đại",
    "đảng",
    "lượt",
];

/// A number read digit by digit at this place.
pub(super) fn number(place: &Place<'_>) -> Option<Found> {
    if place.glued() {
        return None;
    }
    service_code(place)
        .or_else(|| international(place))
        .or_else(|| telephone(place))
        .or_else(|| hotline(place))
        .or_else(|| emergency(place))
        .or_else(|| plate(place))
}

/// *101#.
fn service_code(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let body = text.strip_prefix('*')?;
    let len = run(body, |c| c.is_ascii_digit() || c == '*');
    let inside = body.get(..len).filter(|b| b.starts_with(|c: char| c.is_ascii_digit()))?;
    from(body, len).strip_prefix('#')?;
    let parts: Vec<String> = inside.split('*').map(one_by_one).filter(|p| !p.is_empty()).collect();
    Some(Found::said(len + 2, format!("sao {} thăng", parts.join(" sao "))))
}

/// +84 912 345 678, (+84)912345678.
fn international(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let bracket = usize::from(text.starts_with("(+"));
    from(text, bracket).strip_prefix('+')?;
    let (groups, len) = groups(from(text, bracket + 1), bracket == 1);
    let total: usize = groups.iter().map(|g| g.len()).sum();
    let end = bracket + 1 + len;
    ((10..=15).contains(&total) && ends(from(text, end)))
        .then(|| Found::count(end, format!("cộng {}", read_groups(&groups))))
}

/// Ten or eleven digits from 0, in groups or not; also (0299) 3822 114.
fn telephone(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let bracket = usize::from(text.starts_with("(0"));
    let (groups, len) = groups(from(text, bracket), bracket == 1);
    let total: usize = groups.iter().map(|g| g.len()).sum();
    let first = groups.first()?;
    let shape =
        first.starts_with('0') && (10..=11).contains(&total) && (groups.len() == 1 || first.len() >= 3);
    let end = bracket + len;
    (shape && ends(from(text, end))).then(|| Found::count(end, read_groups(&groups)))
}

/// 1900 1234, 18001234.
fn hotline(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (groups, len) = groups(text, false);
    let all: String = groups.concat();
    let shape = (all.starts_with("1900") || all.starts_with("1800")) && (8..=10).contains(&all.len());
    let parted = groups.len() == 1 || groups.first().is_some_and(|g| g.len() == 4);
    (shape && parted && ends(from(text, len))).then(|| {
        let tail = from(&all, 4);
        Found::count(len, format!("{}, {}", one_by_one(&all[..4]), in_twos_or_threes(tail)))
    })
}

/// 113, 115: three digits near a word about calling; and any code of 5 to 8 digits there.
fn emergency(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let number = digits(text);
    let rest = from(text, number.len());
    let short = matches!(number, "111" | "112" | "113" | "114" | "115");
    let long = (5..=8).contains(&number.len());
    let continued =
        rest.starts_with(['.', ',', '/', ':']) && from(rest, 1).starts_with(|c: char| c.is_ascii_digit());
    let next = super::place::word(rest.trim_start_matches(' '));
    let near: &[&str] = if short {
        DIAL_WORDS
    } else {
        &["gọi", "điện thoại", "tổng đài", "hotline", "sđt", "đtdđ", "đt", "số máy"]
    };
    let reach = if short { 8 } else { 3 };
    let dial = (short || long) && ends(rest) && !continued && place.near(reach, near);
    (dial && !COUNTED_AFTER.contains(&next.as_str())).then(|| {
        let read = if short { one_by_one(number) } else { in_threes(number) };
        Found::count(number.len(), read)
    })
}

/// A vehicle's plate: 83P1-123.45, 65A-1234.
fn plate(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let province = digits(text);
    let series = run(from(text, 2), |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == 'Đ');
    let series = from(text, 2).get(..series)?;
    let shape = province.len() == 2
        && (1..=3).contains(&series.chars().count())
        && series.starts_with(|c: char| !c.is_ascii_digit());
    let at = 2 + series.len();
    let sign = from(text, at).chars().next().filter(|c| matches!(c, '-' | ' ' | '–'))?;
    let number = from(text, at + sign.len_utf8());
    let head = digits(number);
    let tail =
        from(number, head.len()).strip_prefix('.').map(digits).filter(|t| t.len() == 2 && head.len() == 3);
    let end = at + sign.len_utf8() + head.len() + tail.map_or(0, |t| t.len() + 1);
    let whole = tail.is_some() || (matches!(head.len(), 4 | 5) && sign != ' ');
    (shape && whole && ends(from(text, end))).then(|| {
        let series: Vec<String> = series
            .chars()
            .map(|c| if c.is_ascii_digit() { one_by_one(&c.to_string()) } else { spell(&c.to_string()) })
            .collect();
        let number = format!("{head}{}", tail.unwrap_or_default());
        Found::said(end, format!("{} {}, {}", one_by_one(province), series.join(" "), in_threes(&number)))
    })
}

/// Groups of digits with one blank, point or dash between, and the bytes they take. `bracketed`: the first one closes a
/// bracket.
fn groups(text: &str, bracketed: bool) -> (Vec<&str>, usize) {
    let mut groups: Vec<&str> = Vec::new();
    let mut len = 0;
    loop {
        let group = digits(from(text, len));
        if group.is_empty() {
            break;
        }
        let total: usize = groups.iter().map(|g| g.len()).sum::<usize>() + group.len();
        if total > 15 {
            break;
        }
        groups.push(group);
        let mut next = len + group.len();
        let closing = bracketed && groups.len() == 1;
        if closing {
            if !from(text, next).starts_with(')') {
                return (Vec::new(), 0);
            }
            next += 1;
        }
        // A complete number is not continued by the next figure of the sentence.
        let complete = matches!(total, 10 | 11) && groups.first().is_some_and(|g| g.starts_with('0'));
        let sign = usize::from(from(text, next).starts_with([' ', '.', '-']));
        let more =
            from(text, next + sign).starts_with(|c: char| c.is_ascii_digit()) && (sign == 1 || closing);
        if !more || complete {
            len = next;
            break;
        }
        len = next + sign;
    }
    (groups, len)
}

/// Groups as written; one long group of a mobile number as four, three, three.
fn read_groups(groups: &[&str]) -> String {
    match groups {
        [one] if one.len() > 6 => {
            format!("{}, {}", one_by_one(one.get(..4).unwrap_or(one)), in_threes(from(one, 4)))
        }
        _ => groups.iter().map(|g| one_by_one(g)).collect::<Vec<_>>().join(", "),
    }
}

fn in_twos_or_threes(run: &str) -> String {
    if run.len() == 4 { one_by_one(run) } else { in_threes(run) }
}
