//! The few words that the broker itself writes for people: in files they download and calendars they subscribe to. The page has its own.
//!
//! They stand in one catalogue a language, and nowhere in the code.

use std::sync::LazyLock;

use loa_protocol::Class;
use serde::{Deserialize, Serialize};

/// A language of the catalogues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

/// A catalogue.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Classes of bulletins.
    class: Classes,
    /// Of the monthly report.
    pub report: Report,
    /// Of the calendar feed.
    pub calendar: Calendar,
    /// Of the audit log as a file.
    pub log: Log,
    /// Of a node's spoken test.
    pub commissioning: Commissioning,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Classes {
    normal: String,
    priority: String,
    emergency: String,
}

/// Headings of the monthly report, in the order of its columns, and its last line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // each is the heading of what it is named after
pub struct Report {
    pub code: String,
    pub hamlet: String,
    pub class: String,
    pub airings: String,
    pub minutes: String,
    pub played: String,
    pub partial: String,
    pub pre_empted: String,
    pub missed: String,
    pub refused: String,
    pub unreported: String,
    /// What the line of sums is called.
    pub total: String,
}

/// Headings of the audit log, in the order of its columns.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // each is the heading of what it is named after
pub struct Log {
    pub number: String,
    pub time: String,
    pub name: String,
    pub actor: String,
    pub address: String,
    pub action: String,
    pub about: String,
    pub object: String,
    pub details: String,
    pub hash: String,
}

/// Of the calendar feed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// What a feed is called; `{area}` stands for the area's name.
    name: String,
}

impl Calendar {
    /// What the feed of an area is called.
    pub fn name(&self, area: &str) -> String {
        self.name.replace("{area}", area)
    }
}

/// Of a node's spoken test.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commissioning {
    /// What the bulletin is called; `{name}` stands for the node's name.
    title: String,
    /// What is said; `{hamlet}` and `{number}`.
    sentence: String,
}

impl Commissioning {
    /// What the test of a node is called.
    pub fn title(&self, name: &str) -> String {
        self.title.replace("{name}", name)
    }

    /// What the node says.
    pub fn sentence(&self, hamlet: &str, number: usize) -> String {
        self.sentence.replace("{number}", &number.to_string()).replace("{hamlet}", hamlet)
    }
}

impl Words {
    /// What a class is called.
    pub fn class(&self, class: Class) -> &str {
        match class {
            Class::Normal => &self.class.normal,
            Class::Priority => &self.class.priority,
            Class::Emergency => &self.class.emergency,
        }
    }
}

// A test holds both to be readable and whole.
static VI: LazyLock<Words> =
    LazyLock::new(|| serde_json::from_str(include_str!("vi.json")).unwrap_or_default());
static EN: LazyLock<Words> =
    LazyLock::new(|| serde_json::from_str(include_str!("en.json")).unwrap_or_default());

impl Language {
    /// Its catalogue.
    pub fn words(self) -> &'static Words {
        match self {
            Self::Vi => &VI,
            Self::En => &EN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_catalogues_have_a_word_for_everything() {
        for text in [include_str!("vi.json"), include_str!("en.json")] {
            let words: serde_json::Value = serde_json::from_str(text).unwrap();
            for (group, entries) in words.as_object().unwrap() {
                for (name, word) in entries.as_object().unwrap() {
                    assert!(!word.as_str().unwrap().trim().is_empty(), "{group}.{name}");
                }
            }
            serde_json::from_str::<Words>(text).unwrap();
        }
        assert_eq!(Language::Vi.words().class(Class::Emergency), "Khẩn cấp");
        assert_ne!(Language::En.words().report.total, Language::Vi.words().report.total);
    }
}
