//! CSV (RFC 4180), and the report in it: UTF-8 with the mark by which spreadsheets know it, numbers with a point.
//!
//! A spreadsheet takes what begins like a formula for one. Whatever people typed and begins so gets an apostrophe in front.

use super::{MonthReport, headings, lines};
use crate::words::Language;

/// U+FEFF in UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The file's bytes.
pub fn csv(report: &MonthReport, language: Language) -> Result<Vec<u8>, csv::Error> {
    let mut writer = lines_into(BYTE_ORDER_MARK.to_vec());
    writer.write_record(headings(language))?;
    for line in lines(report, language) {
        let words = line.words.map(harmless);
        let figures = [line.figures.airings.to_string(), format!("{:.1}", line.figures.minutes)];
        let outcomes = line.outcomes().map(|count| count.to_string());
        writer.write_record(words.iter().chain(&figures).chain(&outcomes))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Writes lines behind what is there already.
pub fn lines_into(bytes: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bytes)
}

/// A cell that no spreadsheet takes for a formula.
pub fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}
