//! Numbers with what they count: sums, units, percentages, ranges, fractions, products.

use super::figures::{Figure, figure, fraction, money_follows};
use super::numbers::{cardinal, ordinal};
use super::place::{Found, Place, blanks, dash, digits, ends, from, number_ends};
use super::tables::{LONGEST_UNIT, UNITS};

/// Words that scale a number, and how they are said.
const SCALES: &[(&str, &str)] = &[
    ("nghìn", "nghìn"),
    ("ngàn", "ngàn"),
    ("triệu", "triệu"),
    ("tỷ", "tỷ"),
    ("tỉ", "tỷ"),
    ("tr", "triệu"),
    ("trăm", "trăm"),
    ("vạn", "vạn"),
];
/// After these words figures with a comma are a list, not a decimal.
const LISTED: &[&str] = &[
    "ấp",
    "thôn",
    "tổ",
    "khóm",
    "khu",
    "số",
    "điều",
    "khoản",
    "điểm",
    "mục",
    "đội",
    "nhóm",
    "lớp",
    "tuyến",
    "thứ",
    "tháng",
    "ngày",
    "quý",
    "kênh",
    "hẻm",
    "câu",
    "phường",
    "quận",
    "khối",
];
/// After these words a/b is an address or a label.
const LABELLED: &[&str] = &["số", "nhà", "hẻm", "kiệt", "ngõ", "lớp", "tổ", "thửa", "đường", "tờ", "quyển"];

/// Measures: one per another is "trên"; any other rate is "một" (30.000 đồng một hộ).
const PHYSICAL: &[&str] = &[
    "ki lô gam",
    "gam",
    "mi li gam",
    "mi crô gam",
    "ki lô mét",
    "mét",
    "mét khối",
    "mét vuông",
    "tấn",
    "tạ",
    "lít",
    "mi li lít",
    "héc ta",
    "giờ",
    "giây",
];

/// A number and what belongs to it.
struct Measure {
    figure: Figure,
    /// What it counts, empty if nothing is written.
    unit: String,
    len: usize,
}

impl Measure {
    fn read(&self, place: &Place<'_>) -> String {
        let number = match (self.figure.whole(), &self.figure) {
            (Some(n), _) if self.unit.is_empty() && place.follows(&["thứ"]) && n > 0 => ordinal(n),
            (Some(4), _) if self.unit.is_empty() && place.follows(&["tháng", "quý"]) => "tư".to_owned(),
            (None, Figure::Decimal { whole, mark: "phẩy", fraction })
                if self.unit.is_empty() && place.follows(LISTED) =>
            {
                Figure::List(vec![whole.clone(), fraction.clone()]).read(false)
            }
            _ => self.figure.read(!self.unit.is_empty()),
        };
        if self.unit.is_empty() { number } else { format!("{number} {}", self.unit) }
    }
}

/// A quantity at this place.
pub(super) fn quantity(place: &Place<'_>) -> Option<Found> {
    if place.glued() {
        return None;
    }
    prefixed_money(place).or_else(|| below_zero(place)).or_else(|| counted(place))
}

/// $50, US$1,500.
fn prefixed_money(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let (sign, name) =
        [("US$", "đô la Mỹ"), ("USD", "đô la Mỹ"), ("$", "đô la"), ("€", "ơ rô"), ("₫", "đồng")]
            .into_iter()
            .find(|(s, _)| text.starts_with(s))?;
    let gap = blanks(from(text, sign.len()));
    let (figure, len) = figure(from(text, sign.len() + gap), true)?;
    let end = sign.len() + gap + len;
    let (scale, scale_len) = scale(from(text, end)).unwrap_or_default();
    let end = end + scale_len;
    let read = [figure.read(true), scale, name.to_owned()]
        .into_iter()
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    ends(from(text, end)).then(|| Found::count(end, read))
}

/// -5°C, -3,5%: a minus only where degrees or per cent follow; elsewhere the sign is a dash.
fn below_zero(place: &Place<'_>) -> Option<Found> {
    let measured = measure(place.rest().strip_prefix('-')?)?;
    let signed = ["độ", "phần trăm"].iter().any(|unit| measured.unit.starts_with(unit));
    let apart = place.char_before().is_none_or(|c| matches!(c, ' ' | '(' | '\n'));
    (signed && apart && !place.after_count)
        .then(|| Found::count(1 + measured.len, format!("âm {}", measured.read(place))))
}

/// Anything that starts with a digit.
fn counted(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    if let Some(found) = of_so_many(place) {
        return Some(found);
    }
    let first = measure(text)?;
    let mut end = first.len;
    let mut read = first.read(place);
    let counts = place.follows(&["thứ", "ngày", "tháng", "lớp", "tuổi", "quý"]);
    let mut last = first.figure.size();
    loop {
        let rest = from(text, end);
        let times = product_sign(rest);
        let join = if times > 0 { times } else { dash(rest) };
        if join == 0 {
            break;
        }
        let Some(next) = measure(from(rest, join)) else { break };
        // The next figure is a date, a time or a code of its own; or counts something else.
        let spaced = rest.starts_with(' ') && times == 0;
        let other = !first.unit.is_empty() && first.unit != next.unit;
        let named = first.unit.is_empty() && !next.unit.is_empty() && place.follows(LISTED);
        if !number_ends(from(rest, join + next.len)) || spaced && (other || named) {
            break;
        }
        let between = if times > 0 {
            " nhân "
        } else if next.figure.size() > last {
            " đến "
        } else {
            ", "
        };
        read = format!("{read}{between}{}", next.read(&place.skip(end + join)));
        last = next.figure.size();
        end += join + next.len;
    }
    Some(Found { counts, ..Found::said(end, read) })
}

/// a/b: a fraction, or so many of so many; a/b/c is said with "trên".
fn of_so_many(place: &Place<'_>) -> Option<Found> {
    let text = place.rest();
    let above = digits(text);
    let mut len = above.len();
    let mut parts = vec![above];
    while let Some(part) = from(text, len).strip_prefix('/').map(digits).filter(|d| !d.is_empty()) {
        len += 1 + part.len();
        parts.push(part);
    }
    if parts.len() < 2 || above.is_empty() {
        return None;
    }
    let numbers: Vec<u64> = parts.iter().filter_map(|p| p.parse().ok()).collect();
    if let ([above, below], false) = (numbers.as_slice(), place.follows(LABELLED)) {
        let round = matches!(below, 2..=10 | 100 | 1000);
        let (unit, unit_len) = unit(from(text, len)).unwrap_or_default();
        let counts_people = super::dates::counted_next(from(text, len));
        if !ends(from(text, len + unit_len)) {
            return None;
        }
        let number = if above < below && round && !counts_people {
            fraction(*above, *below)
        } else {
            format!("{} trên {}", cardinal(*above), cardinal(*below))
        };
        let read = if unit.is_empty() { number } else { format!("{number} {unit}") };
        return Some(Found::count(len + unit_len, read));
    }
    let read = parts.iter().map(|p| super::numbers::written_whole(p)).collect::<Vec<_>>().join(" trên ");
    ends(from(text, len)).then(|| Found::said(len, read))
}

/// The number `text` starts with, and its unit. None if letters that are no unit touch it: that is a code.
fn measure(text: &str) -> Option<Measure> {
    let as_money = figure(text, true)?;
    let (figure, len) = if money_follows(from(text, as_money.1)) { as_money } else { figure(text, false)? };
    if let Some((read, unit_len)) = million_and(from(text, len)) {
        return Some(Measure { figure, unit: read, len: len + unit_len });
    }
    let (scale, scale_len) = scale(from(text, len)).unwrap_or_default();
    let (unit, unit_len) = unit(from(text, len + scale_len)).unwrap_or_default();
    let unit = [scale, unit].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let len = len + scale_len + unit_len;
    let rest = from(text, len);
    // "10ngày" is two words; "6A" and "4G" are codes.
    let stuck_word = unit.is_empty()
        && super::place::word(rest).chars().count() >= 2
        && rest.starts_with(char::is_lowercase);
    (ends(rest) || stuck_word || product_sign(rest) > 0).then_some(Measure { figure, unit, len })
}

/// "k", "tr", "triệu" right after a number.
fn scale(text: &str) -> Option<(String, usize)> {
    if let Some(rest) = text.strip_prefix(['k', 'K']).filter(|rest| ends(rest)) {
        // "5K" and "4K" are names, but those figures stand alone; money is never one digit of thousands in capitals.
        return (text.starts_with('k') || rest.starts_with(['-', '/'])).then(|| ("nghìn".to_owned(), 1));
    }
    let gap = blanks(text);
    let (written, read) = SCALES.iter().find(|(w, _)| {
        from(text, gap)
            .strip_prefix(w)
            .is_some_and(|rest| ends(rest) || (*w == "tr" && rest.starts_with('đ')))
    })?;
    Some(((*read).to_owned(), gap + written.len()))
}

/// "1tr5": a million and five hundred thousand; "2tr3".
fn million_and(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix("tr")?;
    let half = digits(rest);
    let n: u64 = half.parse().ok().filter(|n| (1..=9).contains(n) && half.len() == 1)?;
    ends(from(rest, 1)).then(|| {
        (
            if n == 5 {
                "triệu rưỡi".to_owned()
            } else {
                format!("triệu {}", if n == 4 { "tư".to_owned() } else { cardinal(n) })
            },
            3,
        )
    })
}

/// A unit, perhaps per another: " kg", "km/h", "đ/kg", " lần/ngày".
fn unit(text: &str) -> Option<(String, usize)> {
    let gap = blanks(text);
    let (mut read, mut len) = one_unit(from(text, gap))?;
    // A mark of minutes or a per cent sign far from its figure is something else.
    if gap > 1 || (gap > 0 && from(text, gap).starts_with('\'')) {
        return None;
    }
    let word_unit =
        from(text, gap).get(..len) == Some(read.as_str()) && !matches!(read.as_str(), "đồng" | "độ");
    len += gap;
    let physical = PHYSICAL.contains(&read.as_str());
    let mut rate = false;
    while let Some((per, per_len)) = from(text, len).strip_prefix('/').and_then(one_unit) {
        read = format!(
            "{read} {} {per}",
            if physical && PHYSICAL.contains(&per.as_str()) { "trên" } else { "một" }
        );
        len += 1 + per_len;
        rate = true;
    }
    // A plain word after a number needs no rule, unless it is a rate; and "tháng 4 năm 2026" is no four years.
    (rate || !word_unit).then_some((read, len))
}

/// The longest unit of the table that `text` starts with.
fn one_unit(text: &str) -> Option<(String, usize)> {
    (1..=text.len().min(*LONGEST_UNIT)).rev().find_map(|len| {
        let written = text.get(..len)?;
        let read = UNITS.get(written)?;
        let whole = ends(from(text, len)) || !written.ends_with(char::is_alphanumeric);
        whole.then(|| ((*read).to_owned(), len))
    })
}

/// Bytes of a multiplication sign between two figures, blanks included.
fn product_sign(text: &str) -> usize {
    let lead = blanks(text);
    let Some(c) = from(text, lead).chars().next().filter(|c| matches!(c, 'x' | 'X' | '×' | '*')) else {
        return 0;
    };
    let end = lead + c.len_utf8();
    let gap = blanks(from(text, end));
    // "2x3", "2 x 3"; not "2 x3" of a code, nor "x" before a word.
    if from(text, end + gap).starts_with(|d: char| d.is_ascii_digit()) && (lead > 0) == (gap > 0) {
        end + gap
    } else {
        0
    }
}
