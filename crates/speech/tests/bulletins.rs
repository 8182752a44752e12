//! Whole bulletins as a commune airs them, each with the reading that a person checked (`bulletins/NAME.said`).

use loa_speech::normalise::{normalise, read};
use rstest::rstest;

#[rstest]
#[case::vaccination(include_str!("bulletins/vaccination.txt"), include_str!("bulletins/vaccination.said"))]
#[case::storm(include_str!("bulletins/storm.txt"), include_str!("bulletins/storm.said"))]
#[case::power(include_str!("bulletins/power.txt"), include_str!("bulletins/power.said"))]
#[case::tax(include_str!("bulletins/tax.txt"), include_str!("bulletins/tax.said"))]
#[case::military(include_str!("bulletins/military.txt"), include_str!("bulletins/military.said"))]
#[case::market(include_str!("bulletins/market.txt"), include_str!("bulletins/market.said"))]
#[case::drought(include_str!("bulletins/drought.txt"), include_str!("bulletins/drought.said"))]
#[case::dengue(include_str!("bulletins/dengue.txt"), include_str!("bulletins/dengue.said"))]
#[case::school(include_str!("bulletins/school.txt"), include_str!("bulletins/school.said"))]
#[case::funeral(include_str!("bulletins/funeral.txt"), include_str!("bulletins/funeral.said"))]
fn a_bulletin_is_read_as_a_person_would(#[case] written: &str, #[case] said: &str) {
    assert_eq!(normalise(written), said.trim_end());
    assert_eq!(normalise(said), said.trim_end(), "read again");
}

#[rstest]
fn a_demo_bulletin_is_read_in_words_alone(#[files("../../assets/bulletins/*.txt")] file: std::path::PathBuf) {
    let said = normalise(&std::fs::read_to_string(file).unwrap());
    assert!(!said.chars().any(|c| c.is_ascii_digit()), "{said}");
    for short in ["UBND", "HĐND", "BHYT", "°C", "mm"] {
        assert!(!said.contains(short), "{short} in {said}");
    }
}

#[test]
fn what_is_read_otherwise_is_listed_in_order() {
    let reading = read("UBND xã họp lúc 5h-7h ngày 15/3, XYZW.");
    let changes: Vec<(String, String)> = reading.changes.into_iter().map(|c| (c.from, c.to)).collect();
    let expected = [
        ("UBND", "Ủy ban nhân dân"),
        ("5h-7h", "năm giờ đến bảy giờ"),
        ("15/3", "mười lăm tháng ba"),
        ("XYZW", "ích xì i dài dét vê kép"),
    ];
    assert_eq!(changes, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}
