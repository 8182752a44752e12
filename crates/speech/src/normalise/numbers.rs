//! How a number is said in Vietnamese.
//!
//! The northern school norm is followed throughout, since every region understands it: *nghìn* (not *ngàn*), *linh* (not
//! *lẻ*) for an empty tens place, *mốt*, *tư* and *lăm* after *mươi*, *lăm* after *mười*. A group of three digits that is
//! all zeros is skipped; a group after the first is always said with its hundreds ("không trăm"), so that
//! 1.000.050 and 1.050.000 can't be confused by ear.

const DIGITS: [&str; 10] = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];

/// The longest run of digits read as one number; a longer one is read digit by digit.
pub(crate) const LONGEST_CARDINAL: usize = 18;

/// A whole number: 2026 is "hai nghìn không trăm hai mươi sáu".
pub fn cardinal(n: u64) -> String {
    if n == 0 {
        return DIGITS[0].to_owned();
    }
    let mut words = Vec::new();
    say(n, false, &mut words);
    words.join(" ")
}

/// A whole number with its sign: -5 is "âm năm".
pub fn signed(n: i64) -> String {
    let said = cardinal(n.unsigned_abs());
    if n < 0 { format!("âm {said}") } else { said }
}

/// A decimal written the Vietnamese way, comma before the fraction: "3,5" is "ba phẩy năm"; `None` if it isn't one.
///
/// A fraction of one or two digits without a leading zero is said as a number ("6,93": "sáu phẩy chín mươi ba"), any other
/// digit by digit ("0,05": "không phẩy không năm").
pub fn decimal(written: &str) -> Option<String> {
    let (whole, fraction) = written.split_once(',')?;
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |w| ("âm ", w));
    let digits_only = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    (digits_only(whole) && digits_only(fraction))
        .then(|| format!("{sign}{} phẩy {}", written_whole(whole), fraction_part(fraction)))
}

/// Digits one by one, as in a telephone number: "0912" is "không chín một hai". Anything but a digit is skipped.
pub fn digits(written: &str) -> String {
    let said: Vec<&str> = written
        .chars()
        .filter_map(|c| c.to_digit(10))
        .filter_map(|d| DIGITS.get(d as usize).copied())
        .collect();
    said.join(" ")
}

/// What follows "thứ": 1 is "nhất", 4 is "tư", all others as they count.
pub fn ordinal(n: u64) -> String {
    match n {
        1 => "nhất".to_owned(),
        4 => "tư".to_owned(),
        _ => cardinal(n),
    }
}

/// A run of digits as a number where that makes sense: "05" is "năm", but "007" and anything longer than
/// [`LONGEST_CARDINAL`] digit by digit.
pub(crate) fn written_whole(run: &str) -> String {
    let as_digits = (run.starts_with('0') && run.len() > 2) || run == "00" || run.len() > LONGEST_CARDINAL;
    match run.parse::<u64>() {
        Ok(n) if !as_digits => cardinal(n),
        _ => digits(run),
    }
}

/// The digits after a decimal comma.
pub(crate) fn fraction_part(run: &str) -> String {
    if run.len() <= 2 && !run.starts_with('0') { written_whole(run) } else { digits(run) }
}

/// Says `n` > 0. `inner`: something was said before it, so the hundreds of its leading group are said even when zero.
fn say(n: u64, inner: bool, words: &mut Vec<&'static str>) {
    const BILLION: u64 = 1_000_000_000;
    let (billions, rest) = (n / BILLION, n % BILLION);
    let mut inner = inner;
    if billions > 0 {
        say(billions, inner, words);
        words.push("tỷ");
        inner = true;
    }
    for (unit, name) in [(1_000_000, Some("triệu")), (1_000, Some("nghìn")), (1, None)] {
        let group = rest / unit % 1_000;
        if group > 0 {
            say_group(group, inner, words);
            words.extend(name);
            inner = true;
        }
    }
}

/// Says a group of three digits, 1 to 999.
fn say_group(group: u64, inner: bool, words: &mut Vec<&'static str>) {
    let digit = |d: u64| DIGITS.get(d as usize).copied().unwrap_or_default();
    let (hundreds, tens, ones) = (group / 100, group / 10 % 10, group % 10);
    if hundreds > 0 || inner {
        words.extend([digit(hundreds), "trăm"]);
    }
    match (tens, ones) {
        (0, 0) => {}
        (0, _) if hundreds > 0 || inner => words.extend(["linh", digit(ones)]),
        (0, _) => words.push(digit(ones)),
        (1, _) => words.push("mười"),
        _ => words.extend([digit(tens), "mươi"]),
    }
    if tens > 0 {
        match (tens, ones) {
            (_, 0) => {}
            (2.., 1) => words.push("mốt"),
            (2.., 4) => words.push("tư"),
            (_, 5) => words.push("lăm"),
            _ => words.push(digit(ones)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "không")]
    #[case(5, "năm")]
    #[case(10, "mười")]
    #[case(11, "mười một")]
    #[case(14, "mười bốn")]
    #[case(15, "mười lăm")]
    #[case(20, "hai mươi")]
    #[case(21, "hai mươi mốt")]
    #[case(24, "hai mươi tư")]
    #[case(25, "hai mươi lăm")]
    #[case(100, "một trăm")]
    #[case(101, "một trăm linh một")]
    #[case(104, "một trăm linh bốn")]
    #[case(105, "một trăm linh năm")]
    #[case(110, "một trăm mười")]
    #[case(115, "một trăm mười lăm")]
    #[case(555, "năm trăm năm mươi lăm")]
    #[case(1_000, "một nghìn")]
    #[case(1_005, "một nghìn không trăm linh năm")]
    #[case(1_975, "một nghìn chín trăm bảy mươi lăm")]
    #[case(2_000, "hai nghìn")]
    #[case(2_026, "hai nghìn không trăm hai mươi sáu")]
    #[case(10_500, "mười nghìn năm trăm")]
    #[case(1_000_050, "một triệu không trăm năm mươi")]
    #[case(1_050_000, "một triệu không trăm năm mươi nghìn")]
    #[case(1_500_000, "một triệu năm trăm nghìn")]
    #[case(2_000_000_000, "hai tỷ")]
    #[case(1_000_000_001, "một tỷ không trăm linh một")]
    #[case(1_234_567_890, "một tỷ hai trăm ba mươi tư triệu năm trăm sáu mươi bảy nghìn tám trăm chín mươi")]
    #[case(5_000_000_000_000, "năm nghìn tỷ")]
    #[case(1_000_000_000_000_000_000, "một tỷ tỷ")]
    fn a_number_is_said_by_the_school_norm(#[case] n: u64, #[case] said: &str) {
        assert_eq!(cardinal(n), said);
    }

    #[rstest]
    #[case("3,5", Some("ba phẩy năm"))]
    #[case("6,93", Some("sáu phẩy chín mươi ba"))]
    #[case("0,05", Some("không phẩy không năm"))]
    #[case("0,125", Some("không phẩy một hai năm"))]
    #[case("-1,5", Some("âm một phẩy năm"))]
    #[case("3.5", None)]
    #[case("3,", None)]
    #[case(",5", None)]
    fn a_decimal_has_a_comma(#[case] written: &str, #[case] said: Option<&str>) {
        assert_eq!(decimal(written).as_deref(), said);
    }

    #[test]
    fn signs_and_ordinals_are_said() {
        assert_eq!(signed(-21), "âm hai mươi mốt");
        assert_eq!(signed(i64::MIN).split(' ').next(), Some("âm"));
        assert_eq!([1, 2, 4, 14].map(ordinal).join("; "), "nhất; hai; tư; mười bốn");
        assert_eq!(digits("0912"), "không chín một hai");
    }

    #[test]
    fn the_largest_number_has_an_end() {
        assert!(cardinal(u64::MAX).starts_with("mười tám tỷ"));
    }
}
