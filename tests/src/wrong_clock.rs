//! A wrong clock for one program: the real one, made to believe in another date. Its monotonic clock stays right.

use std::ffi::OsString;

use anyhow::{Context, Result};
use jiff::Timestamp;
use loa_protocol::{Clock, SystemClock};

/// What to add to a program's environment so that it believes it is `date` at this moment.
pub fn believing(date: Timestamp) -> Result<Vec<(OsString, OsString)>> {
    let shift = date.as_second().checked_sub(SystemClock::new().now().as_second()).context("a date")?;
    Ok(vec![
        ("LD_PRELOAD".into(), env!("LOA_WRONG_CLOCK").into()),
        ("LOA_TEST_CLOCK_SHIFT_S".into(), shift.to_string().into()),
    ])
}
