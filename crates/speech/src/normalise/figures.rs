//! Numbers as they are written: thousands in groups, decimal commas, section numbers, lists.

use super::numbers::{cardinal, digits as one_by_one, fraction_part, written_whole};
use super::place::{blanks, digits, from};

/// A number as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Figure {
    /// Digits alone, the separators of thousands gone. `grouped`: there were some.
    Whole { digits: String, grouped: bool },
    /// With a fraction after a comma ("phẩy") or a point ("chấm").
    Decimal { whole: String, mark: &'static str, fraction: String },
    /// Three or more parts with points: a section, a version, an address.
    Section(Vec<String>),
    /// Parts with commas, which are no thousands: "ấp 1,2,3".
    List(Vec<String>),
}

/// Digits in a row that are no longer a number but a code (an account, an identity card), unless a unit follows.
const CODE_DIGITS: usize = 9;

impl Figure {
    /// How it is said. `measured`: a unit or currency follows, so that even a long run is a number.
    pub(super) fn read(&self, measured: bool) -> String {
        match self {
            Self::Whole { digits, grouped } if !grouped && !measured && digits.len() >= CODE_DIGITS => {
                in_threes(digits)
            }
            Self::Whole { digits, .. } => written_whole(digits),
            Self::Decimal { whole, mark, fraction } => {
                format!("{} {mark} {}", written_whole(whole), fraction_part(fraction))
            }
            Self::Section(parts) => parts.iter().map(|p| written_whole(p)).collect::<Vec<_>>().join(" chấm "),
            Self::List(parts) => parts.iter().map(|p| written_whole(p)).collect::<Vec<_>>().join(", "),
        }
    }

    /// Its value, if it is a whole number that fits.
    pub(super) fn whole(&self) -> Option<u64> {
        match self {
            Self::Whole { digits, .. } => digits.parse().ok(),
            _ => None,
        }
    }

    /// Its value for comparing two of them.
    pub(super) fn size(&self) -> Option<f64> {
        match self {
            Self::Whole { digits, .. } => digits.parse().ok(),
            Self::Decimal { whole, fraction, .. } => format!("{whole}.{fraction}").parse().ok(),
            _ => None,
        }
    }
}

/// Digits one by one, in groups of three with a short pause.
pub(super) fn in_threes(run: &str) -> String {
    let digits: Vec<char> = run.chars().collect();
    let groups: Vec<String> =
        digits.chunks(3).map(|group| one_by_one(&group.iter().collect::<String>())).collect();
    groups.join(", ")
}

/// The figure `text` starts with, and its bytes. `money`: an amount of money, whose commas are taken for thousands.
pub(super) fn figure(text: &str, money: bool) -> Option<(Figure, usize)> {
    let head = digits(text);
    if head.is_empty() {
        return None;
    }
    grouped(text, head, '.', ',')
        .or_else(|| grouped(text, head, ',', '.').filter(|(_, groups, _)| *groups > 1 || money))
        .or_else(|| grouped(text, head, ' ', ',').filter(|(_, groups, _)| *groups > 1 || money))
        .map(|(figure, _, len)| (figure, len))
        .or_else(|| Some(plain(text, head)))
}

/// Groups of exactly three digits after one to three: the figure, how many groups, the bytes.
fn grouped(text: &str, head: &str, separator: char, decimal: char) -> Option<(Figure, usize, usize)> {
    if head.len() > 3 || (head.starts_with('0') && head.len() > 1) || head == "0" {
        return None;
    }
    let mut whole = head.to_owned();
    let (mut len, mut groups) = (head.len(), 0);
    while let Some(after) = from(text, len).strip_prefix(separator) {
        let group = digits(after);
        if group.len() != 3 {
            break;
        }
        whole.push_str(group);
        len += 1 + group.len();
        groups += 1;
    }
    if groups == 0 {
        return None;
    }
    // One more group of another length means that these are no thousands (1.234.56 is a section, 1,250,5 a list).
    let follows = |sign: char| from(text, len).strip_prefix(sign).map(digits).filter(|d| !d.is_empty());
    if separator != ' ' && follows(separator).is_some() {
        return None;
    }
    match follows(decimal) {
        Some(fraction) => {
            let len = len + 1 + fraction.len();
            let fraction = fraction.to_owned();
            Some((Figure::Decimal { whole, mark: "phẩy", fraction }, groups, len))
        }
        None => Some((Figure::Whole { digits: whole, grouped: true }, groups, len)),
    }
}

/// Digits with at most one kind of separator.
fn plain(text: &str, head: &str) -> (Figure, usize) {
    let parts = |separator: char| {
        let mut parts = vec![head.to_owned()];
        let mut len = head.len();
        while let Some(part) = from(text, len).strip_prefix(separator).map(digits).filter(|d| !d.is_empty()) {
            parts.push(part.to_owned());
            len += 1 + part.len();
        }
        (parts, len)
    };
    for (separator, mark) in [(',', "phẩy"), ('.', "chấm")] {
        let (parts, len) = parts(separator);
        match (parts.as_slice(), separator) {
            ([_], _) => {}
            ([whole, fraction], _) => {
                return (Figure::Decimal { whole: whole.clone(), mark, fraction: fraction.clone() }, len);
            }
            (_, ',') => return (Figure::List(parts), len),
            _ => return (Figure::Section(parts), len),
        }
    }
    (Figure::Whole { digits: head.to_owned(), grouped: false }, head.len())
}

/// Whether an amount of money ends here, so that commas before it separate thousands.
pub(super) fn money_follows(text: &str) -> bool {
    let text = from(text, blanks(text)).to_lowercase();
    ["đồng", "vnđ", "vnd", "₫", "$", "usd"].iter().any(|unit| text.starts_with(unit))
        || text.strip_prefix('đ').is_some_and(super::place::ends)
}

/// A fraction "a/b": thirds and quarters by "phần", anything else "trên".
pub(super) fn fraction(above: u64, below: u64) -> String {
    let below = if below == 4 { "tư".to_owned() } else { cardinal(below) };
    format!("{} phần {below}", cardinal(above))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.500.000 đồng", false, "một triệu năm trăm nghìn", 9)]
    #[case("1.500", false, "một nghìn năm trăm", 5)]
    #[case("1,5", false, "một phẩy năm", 3)]
    #[case("1.5", false, "một chấm năm", 3)]
    #[case("1.500,25", false, "một nghìn năm trăm phẩy hai mươi lăm", 8)]
    #[case("1,500,000", false, "một triệu năm trăm nghìn", 9)]
    #[case("1,500", true, "một nghìn năm trăm", 5)]
    #[case("1 500 000 đồng", true, "một triệu năm trăm nghìn", 9)]
    #[case("1.2.3", false, "một chấm hai chấm ba", 5)]
    #[case("1,2,3", false, "một, hai, ba", 5)]
    #[case("5.", false, "năm", 1)]
    #[case("0.500", false, "không chấm năm không không", 5)]
    #[case("012345678901", false, "không một hai, ba bốn năm, sáu bảy tám, chín không một", 12)]
    fn a_figure_is_recognised_as_written(
        #[case] text: &str,
        #[case] money: bool,
        #[case] said: &str,
        #[case] bytes: usize,
    ) {
        let (figure, len) = figure(text, money).unwrap();
        assert_eq!((figure.read(false).as_str(), len), (said, bytes));
    }
}
