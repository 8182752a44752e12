//! The report as a spreadsheet (Office Open XML). Names are texts in it, whatever they begin with; figures are numbers.

use rust_xlsxwriter::{Format, FormatBorder, Workbook, XlsxError};

use super::{MonthReport, headings, lines};
use crate::words::Language;

/// Widths of the columns, characters.
const WIDTHS: [f64; 11] = [12.0, 28.0, 16.0, 14.0, 18.0, 14.0, 12.0, 12.0, 17.0, 17.0, 16.0];

/// The file's bytes.
pub fn xlsx(report: &MonthReport, language: Language) -> Result<Vec<u8>, XlsxError> {
    let heading = Format::new().set_bold().set_text_wrap().set_border_bottom(FormatBorder::Thin);
    let last = report.rows.len();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(&report.month)?;
    sheet.set_freeze_panes(1, 0)?;
    for ((column, title), width) in (0..).zip(headings(language)).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, title, &heading)?;
    }
    for (index, line) in lines(report, language).enumerate() {
        let row = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let plain = if index == last {
            Format::new().set_bold().set_border_top(FormatBorder::Thin)
        } else {
            Format::new()
        };
        let (whole, tenths) =
            (plain.clone().set_num_format("#,##0"), plain.clone().set_num_format("#,##0.0"));
        for (column, word) in (0..).zip(line.words) {
            sheet.write_string_with_format(row, column, word, &plain)?;
        }
        sheet.write_number_with_format(row, 3, line.figures.airings as f64, &whole)?;
        sheet.write_number_with_format(row, 4, line.figures.minutes, &tenths)?;
        for (column, count) in (5..).zip(line.outcomes()) {
            sheet.write_number_with_format(row, column, count as f64, &whole)?;
        }
    }
    workbook.save_to_buffer()
}
