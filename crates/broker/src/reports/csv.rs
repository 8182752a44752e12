//! The report as CSV (RFC 4180): UTF-8 with the mark by which spreadsheets know it, numbers with a point.
//!
//! A spreadsheet takes what begins like a formula for one. Whatever people typed and begins so gets an apostrophe in front.

use super::{MonthReport, headings, lines};
use crate::words::Language;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The file's bytes.
pub fn csv(report: &MonthReport, language: Language) -> Result<Vec<u8>, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
    writer.write_record(headings(language))?;
    for line in lines(report, language) {
        let words = line.words.map(harmless);
        let figures = [line.figures.airings.to_string(), format!("{:.1}", line.figures.minutes)];
        let outcomes = line.outcomes().map(|count| count.to_string());
        writer.write_record(words.iter().chain(&figures).chain(&outcomes))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}
