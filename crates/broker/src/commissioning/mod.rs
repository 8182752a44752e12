//! Commissioning (*nghiệm thu*): what an installer finds at a pole, hears, ticks and signs.
//!
//! A sheet is filled in over an hour or a week, by one person or several; each item of its checklist says who ticked it and when. It is signed when
//! nothing is missing, the spoken test among it: that is proved by the node's receipt, not by somebody's word. What is signed never changes;
//! whoever goes there again begins another sheet.

mod photo;
mod spoken_test;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use photo::{PHOTO_BYTES, without_traces};
pub use spoken_test::{Sounded, sentence, sounded, speak};

use crate::store::{AiringStatus, CommissioningRow};

/// Longest remark, characters.
pub const REMARK: usize = 500;
/// Most horns of one node.
pub const HORNS: u8 = 64;
/// Strongest horn, watts.
pub const HORN_WATTS: u16 = 1_000;
/// Slowest amplifier, milliseconds: the agent takes no more.
pub const LEAD_MS: u16 = 10_000;

/// What is looked at, in the order in which it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CheckItem)]
pub enum Item {
    /// Horns and box are fixed and keep water out.
    Mounted,
    /// Earth and lightning protection.
    Earthed,
    /// Supply with a breaker.
    Powered,
    /// The network holds.
    Network,
    /// The test tone was clear, without rattle.
    ToneHeard,
    /// The spoken test was understood at the farthest house.
    SpeechHeard,
    /// Volume set by ear.
    VolumeSet,
    /// Nothing of a sentence's beginning is lost.
    LeadRight,
    /// Somebody of the hamlet knows where to switch it off.
    CaretakerTold,
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Mounted,
        Self::Earthed,
        Self::Powered,
        Self::Network,
        Self::ToneHeard,
        Self::SpeechHeard,
        Self::VolumeSet,
        Self::LeadRight,
        Self::CaretakerTold,
    ];
}

/// An item that somebody ticked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// Which.
    pub item: Item,
    /// When.
    pub at: Timestamp,
    /// Who: a person's id, and what others saw of them.
    pub by: (String, String),
}

/// Where it stands, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Position {
    /// Degrees, north positive.
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: f64,
    /// Degrees, east positive.
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: f64,
    /// How far it may be off, metres, as the phone says; absent when it was typed.
    pub accuracy_m: Option<f64>,
}

impl Position {
    /// Whether it is on this planet.
    pub fn is_sound(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude)
            && (-180.0..=180.0).contains(&self.longitude)
            && self.accuracy_m.is_none_or(|metres| (0.0..=100_000.0).contains(&metres))
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// Where it stands.
    pub position: Option<Position>,
    /// How many horns it has.
    pub horns: Option<u8>,
    /// What each of them takes, watts.
    pub horn_watts: Option<u16>,
    /// How long the amplifier takes to wake, milliseconds.
    pub lead_ms: Option<u16>,
    /// Whether that was measured rather than taken from its papers.
    pub lead_measured: bool,
    /// Anything else.
    pub remark: String,
    /// What was ticked.
    pub ticks: Vec<Ticked>,
}

impl Sheet {
    /// Ticks exactly these items. Who ticked one before stays on it.
    pub fn tick(&mut self, items: &[Item], by: &(String, String), at: Timestamp) {
        self.ticks.retain(|ticked| items.contains(&ticked.item));
        let new = items.iter().filter(|item| !self.ticks.iter().any(|ticked| ticked.item == **item));
        let mut new: Vec<_> = new.map(|item| Ticked { item: *item, at, by: by.clone() }).collect();
        self.ticks.append(&mut new);
        self.ticks.sort_by_key(|ticked| ticked.item);
        self.ticks.dedup_by_key(|ticked| ticked.item);
    }
}

/// What has to be there before it can be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Where it stands.
    Position,
    /// A photo.
    Photo,
    /// How many horns.
    Horns,
    /// What each takes.
    HornWatts,
    /// How long the amplifier takes to wake.
    Lead,
    /// The node's report that the spoken test was heard whole.
    SpokenTest,
    /// Items that nobody ticked.
    Checks,
}

/// What is missing of a sheet. `sounded`: what became of its last spoken test.
pub fn missing(row: &CommissioningRow, sounded: Option<&Sounded>) -> Vec<Missing> {
    let sheet = &row.sheet;
    let heard = sounded.is_some_and(|sounded| sounded.status == AiringStatus::Played);
    let all = Item::ALL.iter().all(|item| sheet.ticks.iter().any(|ticked| ticked.item == *item));
    let wanted = [
        (sheet.position.is_none(), Missing::Position),
        (row.photo.is_none(), Missing::Photo),
        (sheet.horns.is_none(), Missing::Horns),
        (sheet.horn_watts.is_none(), Missing::HornWatts),
        (sheet.lead_ms.is_none(), Missing::Lead),
        (!heard, Missing::SpokenTest),
        (!all, Missing::Checks),
    ];
    wanted.into_iter().filter_map(|(is_missing, what)| is_missing.then_some(what)).collect()
}

/// How the node was when it was signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeFigures {
    /// How loud it played, percent.
    pub volume_percent: u8,
    /// How loud in an emergency, percent.
    pub emergency_percent: u8,
    /// Agent's version.
    pub version: Option<String>,
    /// How far it believed its clock: `unknown`, `set`, `synchronised`.
    pub clock: Option<String>,
    /// The network's interface.
    pub interface: Option<String>,
    /// Wireless signal, dBm.
    pub signal_dbm: Option<i32>,
    /// Degrees Celsius.
    pub cpu_temperature_c: Option<i16>,
    /// From sending the spoken test to its first sound, milliseconds, by the clocks of broker and node.
    pub sound_after_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::at;

    fn who(name: &str) -> (String, String) {
        (name.into(), name.to_uppercase())
    }

    #[test]
    fn who_ticked_an_item_first_stays_on_it_and_what_is_no_longer_ticked_is_gone() {
        let mut sheet = Sheet::default();
        sheet.tick(&[Item::Powered, Item::Mounted, Item::Mounted], &who("a"), at(1));
        sheet.tick(&[Item::Mounted, Item::Earthed], &who("b"), at(2));
        let ticked: Vec<_> = sheet.ticks.iter().map(|t| (t.item, t.by.0.as_str(), t.at == at(1))).collect();
        assert_eq!(ticked, [(Item::Mounted, "a", true), (Item::Earthed, "b", false)]);
    }

    #[test]
    fn it_can_be_signed_when_nothing_is_missing_and_the_node_says_that_the_test_was_heard() {
        let mut row = CommissioningRow::new("c".into(), "n1".parse().unwrap(), who("a"), at(0));
        let played = |status| Sounded { status, sent_at: at(1), started_at: Some(at(2)) };
        assert_eq!(missing(&row, None).len(), 7);
        row.sheet = Sheet {
            position: Some(Position { latitude: 9.7, longitude: 105.9, accuracy_m: Some(4.0) }),
            horns: Some(4),
            horn_watts: Some(30),
            lead_ms: Some(0),
            ..Sheet::default()
        };
        row.sheet.tick(&Item::ALL, &who("a"), at(3));
        row.photo = Some(loa_protocol::ClipHash::of(b"photo"));
        for status in [AiringStatus::Sent, AiringStatus::Partial, AiringStatus::Refused] {
            assert_eq!(missing(&row, Some(&played(status))), [Missing::SpokenTest]);
        }
        assert_eq!(missing(&row, Some(&played(AiringStatus::Played))), []);
        row.sheet.tick(&Item::ALL[1..], &who("a"), at(3));
        assert_eq!(missing(&row, Some(&played(AiringStatus::Played))), [Missing::Checks]);
    }

    #[test]
    fn a_position_is_on_this_planet() {
        let at = |latitude, longitude, accuracy_m| Position { latitude, longitude, accuracy_m };
        assert!(at(9.6, 106.0, None).is_sound() && at(-90.0, 180.0, Some(0.0)).is_sound());
        for odd in
            [at(91.0, 0.0, None), at(0.0, -180.1, None), at(0.0, 0.0, Some(-1.0)), at(f64::NAN, 0.0, None)]
        {
            assert!(!odd.is_sound(), "{odd:?}");
        }
    }
}
