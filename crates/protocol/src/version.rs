//! Protocol versions: the number in `loa/1/...` and in an envelope's type.
//!
//! A version changes only when an old reader would misunderstand a new message. Adding a field is not a new version:
//! readers ignore what they don't know.

use serde::{Deserialize, Serialize};

/// The version this build speaks.
pub const CURRENT: u16 = 1;

/// The versions one side understands, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// Oldest version understood.
    pub min: u16,
    /// Newest version understood.
    pub max: u16,
}

impl VersionRange {
    /// What this build understands.
    pub const OURS: Self = Self { min: CURRENT, max: CURRENT };

    /// The newest version both understand, or `None` when there is none and the older side must be updated.
    pub fn common(self, other: Self) -> Option<u16> {
        let newest = self.max.min(other.max);
        (newest >= self.min.max(other.min)).then_some(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_settle_on_the_newest_version_both_know() {
        let old = VersionRange { min: 1, max: 2 };
        let new = VersionRange { min: 2, max: 5 };
        assert_eq!(old.common(new), Some(2));
        assert_eq!(new.common(old), Some(2));
        assert_eq!(VersionRange { min: 1, max: 1 }.common(new), None);
    }
}
