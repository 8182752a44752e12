//! Sums and files of the report.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

use super::*;

fn heard(hamlet: &str, class: Class, status: AiringStatus, airings: u64, frames: u64) -> Heard {
    Heard { hamlet: hamlet.parse().unwrap(), class, status, airings, frames }
}

fn report() -> MonthReport {
    let names = AreaNames::of_those([
        ("31699".parse().unwrap(), "Đại Ân 2".to_owned()),
        ("31699-01".parse().unwrap(), "Ấp Chợ".to_owned()),
        ("31699-02".parse().unwrap(), "=HYPERLINK(\"http://evil.example\";\"Ấp\")".to_owned()),
    ]);
    let heard = [
        heard("31699-01", Class::Normal, AiringStatus::Played, 2, 2 * 48_000 * 90),
        heard("31699-01", Class::Normal, AiringStatus::Partial, 1, 48_000 * 32),
        heard("31699-01", Class::Normal, AiringStatus::Playing, 7, 0),
        heard("31699-01", Class::Emergency, AiringStatus::Refused, 1, 0),
        heard("31699-02", Class::Priority, AiringStatus::Missed, 3, 0),
        heard("31699-02", Class::Normal, AiringStatus::Sent, 1, 0),
    ];
    add_up(&heard, Month::parse("2026-11").unwrap(), &"31699".parse().unwrap(), &names)
}

#[test]
fn minutes_are_what_was_heard_and_what_is_not_over_does_not_count() {
    let report = report();
    let of = |row: &ReportRow| (row.hamlet.code.clone(), row.class);
    let places: Vec<_> = report.rows.iter().map(of).collect();
    let (first, second) = ("31699-01".to_owned(), "31699-02".to_owned());
    assert_eq!(
        places,
        [(first.clone(), Class::Normal), (first, Class::Emergency), (second, Class::Priority)]
    );
    let normal = report.rows[0].figures;
    assert_eq!((normal.airings, normal.played, normal.partial), (3, 2, 1));
    assert!((normal.minutes - 3.5).abs() < 1e-9, "{}", normal.minutes);
    assert_eq!((report.total.airings, report.total.missed, report.total.refused), (7, 3, 1));
}

#[test]
fn the_month_is_that_of_the_zone() {
    let (from, to) =
        Month::parse("2026-11").unwrap().span(&loa_schedule::programme::zone("Asia/Ho_Chi_Minh"));
    assert_eq!(
        (from.to_string(), to.to_string()),
        ("2026-10-31T17:00:00Z".into(), "2026-11-30T17:00:00Z".into())
    );
    let december = Month::parse("2026-12").unwrap().span(&TimeZone::UTC);
    assert_eq!(december.1.to_string(), "2027-01-01T00:00:00Z");
    for nonsense in
        ["", "2026", "2026-13", "2026-00", "2026-1", "-026-01", "2026-+1", "2026-11-01", "9999-12"]
    {
        assert_eq!(Month::parse(nonsense), None, "{nonsense}");
    }
}

#[test]
fn the_csv_is_read_by_spreadsheets_and_runs_nothing_in_them() {
    let bytes = csv(&report(), Language::Vi).unwrap();
    let text = std::str::from_utf8(&bytes).unwrap().strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().get(4), Some("Số phút nghe được"));
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        records[0].iter().collect::<Vec<_>>()[..5],
        ["31699-01", "Ấp Chợ", "Thông thường", "3", "3.5"]
    );
    assert!(records[2][1].starts_with("'=HYPERLINK("), "{}", &records[2][1]);
    assert_eq!(records[3].iter().collect::<Vec<_>>()[1..5], ["Tổng cộng", "", "7", "3.5"]);
    assert_eq!(text.matches("\r\n").count(), 5);
}

#[test]
fn the_spreadsheet_has_numbers_for_numbers_and_no_formula() {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx(&report(), Language::En).unwrap())).unwrap();
    assert_eq!(book.sheet_names(), ["2026-11"]);
    assert!(book.worksheet_formula("2026-11").unwrap().is_empty());
    let sheet = book.worksheet_range("2026-11").unwrap();
    let cell = |row, column| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    assert_eq!(cell(0, 4), Data::String("Minutes heard".into()));
    assert_eq!(cell(1, 1), Data::String("Ấp Chợ".into()));
    assert_eq!(cell(1, 4), Data::Float(3.5));
    assert_eq!(cell(3, 1), Data::String("=HYPERLINK(\"http://evil.example\";\"Ấp\")".into()));
    assert_eq!((cell(4, 1), cell(4, 3)), (Data::String("Total".into()), Data::Float(7.0)));
    assert_eq!(sheet.height(), 5);
}
