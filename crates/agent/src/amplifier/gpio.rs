//! An amplifier on a GPIO line, through the kernel's character device. Needs no root, only the group that owns the chip.
//!
//! The line is held from the first use until the agent ends, so that nobody else can switch it meanwhile. What the kernel does
//! with a line that is let go is the board's affair; a pull resistor towards "off" is what makes it safe.

use std::{fmt, io};

use gpiocdev::{Chip, Request, line::Value};
use serde::{Deserialize, Deserializer, de};

use super::{Fault, Switch};

/// What the kernel's tools show as the user of the line.
const CONSUMER: &str = "loa-agent";

/// A line of a chip, by name or by offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineName {
    /// Its number on the chip.
    Offset(u32),
    /// As the board names it: `GPIO17` on a Raspberry Pi.
    Name(String),
}

impl<'de> Deserialize<'de> for LineName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = LineName;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or the offset of a GPIO line")
            }
            fn visit_u64<E: de::Error>(self, offset: u64) -> Result<LineName, E> {
                u32::try_from(offset).map(LineName::Offset).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, offset: i64) -> Result<LineName, E> {
                u32::try_from(offset).map(LineName::Offset).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<LineName, E> {
                Ok(name.parse().map_or_else(|_| LineName::Name(name.to_owned()), LineName::Offset))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

pub(super) struct ByLine {
    chip: Option<String>,
    line: LineName,
    active_low: bool,
    held: Option<(Request, u32)>,
}

impl ByLine {
    pub(super) fn new(chip: Option<String>, line: LineName, active_low: bool) -> Self {
        Self { chip, line, active_low, held: None }
    }

    /// Whether the line is there, and nobody has it but an agent.
    pub(super) fn look(&self) -> Result<(), Fault> {
        let (chip, offset) = self.find()?;
        let info = chip.line_info(offset).map_err(|error| fault_of(&error, &self.line.to_string()))?;
        if info.used && info.consumer != CONSUMER {
            Err(Fault::LineBusy(self.line.to_string()))
        } else {
            Ok(())
        }
    }

    /// The chip and the line's offset on it.
    fn find(&self) -> Result<(Chip, u32), Fault> {
        let mut chip_seen = None;
        let mut closed = None;
        for path in gpiocdev::chip::chips().unwrap_or_default() {
            let chip = match Chip::from_path(&path) {
                Ok(chip) => chip,
                Err(error) => {
                    closed = Some(fault_of(&error, &path.display().to_string()));
                    continue;
                }
            };
            let Ok(info) = chip.info() else { continue };
            if self.chip.as_ref().is_some_and(|wanted| {
                *wanted != info.name && *wanted != info.label && **wanted != *path.to_string_lossy()
            }) {
                continue;
            }
            chip_seen = Some(info.name);
            match &self.line {
                LineName::Offset(offset) if *offset < info.num_lines => return Ok((chip, *offset)),
                LineName::Offset(_) => {}
                LineName::Name(name) => {
                    if let Some(line) = chip.find_line_info(name) {
                        return Ok((chip, line.offset));
                    }
                }
            }
        }
        Err(match (chip_seen, closed) {
            (Some(_), _) => Fault::NoLine(self.line.to_string()),
            (None, Some(fault)) => fault,
            (None, None) => Fault::NoChip(self.chip.clone().unwrap_or_else(|| "gpiochip0".into())),
        })
    }
}

/// The kernel says by number what is wrong.
fn fault_of(error: &gpiocdev::Error, what: &str) -> Fault {
    let is = |errno: nix::errno::Errno| {
        let words = io::Error::from(errno).to_string();
        error.to_string().contains(&words)
    };
    if is(nix::errno::Errno::EBUSY) {
        Fault::LineBusy(what.to_owned())
    } else if is(nix::errno::Errno::EACCES) || is(nix::errno::Errno::EPERM) {
        Fault::NotPermitted(what.to_owned())
    } else {
        Fault::Line(error.to_string())
    }
}

impl Switch for ByLine {
    fn set(&mut self, on: bool) -> Result<(), Fault> {
        let value = if on { Value::Active } else { Value::Inactive };
        if let Some((request, offset)) = &self.held {
            match request.set_value(*offset, value) {
                Ok(()) => return Ok(()),
                // The chip may have gone and come back: an expander on USB, say.
                Err(error) => tracing::warn!(%error, "the amplifier's line is lost; asking for it anew"),
            }
            self.held = None;
        }
        let (chip, offset) = self.find()?;
        let mut asked = Request::builder();
        asked.on_chip(chip.path()).with_consumer(CONSUMER).with_line(offset).as_output(value);
        if self.active_low {
            asked.as_active_low();
        }
        let request = asked.request().map_err(|error| fault_of(&error, &self.line.to_string()))?;
        self.held = Some((request, offset));
        Ok(())
    }

    fn done(&mut self) -> Result<bool, Fault> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_answers_become_words_for_the_installer() {
        for (errno, code) in [
            (nix::errno::Errno::EBUSY, "amplifier_line_busy"),
            (nix::errno::Errno::EACCES, "amplifier_not_permitted"),
            (nix::errno::Errno::EIO, "amplifier_line"),
        ] {
            let error = gpiocdev::Error::from(io::Error::from(errno));
            assert_eq!(fault_of(&error, "GPIO17").code(), code);
        }
    }

    #[test]
    fn a_chip_that_is_not_there_is_said_to_be_missing_by_its_name() {
        let mut line = ByLine::new(Some("no-such-chip".into()), LineName::Offset(17), false);
        let fault = line.set(true).unwrap_err();
        assert_eq!(fault, Fault::NoChip("no-such-chip".into()));
        assert!(fault.to_string().contains("no-such-chip"), "{fault}");
    }
}
