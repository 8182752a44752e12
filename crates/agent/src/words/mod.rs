//! What the agent says to people who stand before it. Each text stands in one catalogue a language, and nowhere in the code; logs are
//! for engineers and stay in English.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// A language of the catalogues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// The one that the environment asks for (`LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set); Vietnamese, unless it is English.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty());
        if set.is_some_and(|value| value.starts_with("en")) { Self::En } else { Self::Vi }
    }
}

/// A catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What `loa-agent doctor` finds, by code.
    doctor: BTreeMap<String, Finding>,
    /// When it finds nothing.
    pub nothing_found: String,
}

/// A finding in words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What is wrong; `{detail}` stands for what was measured, or what the system said.
    what: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    /// What is wrong.
    pub fn what(&self, detail: &str) -> String {
        self.what.replace("{detail}", detail)
    }
}

impl Words {
    /// The catalogue of a language.
    pub fn of(language: Language) -> &'static Self {
        static VI: LazyLock<Words> = LazyLock::new(|| read(include_str!("vi.json")));
        static EN: LazyLock<Words> = LazyLock::new(|| read(include_str!("en.json")));
        match language {
            Language::Vi => &VI,
            Language::En => &EN,
        }
    }

    /// The words for a finding.
    pub fn finding(&self, code: &str) -> Option<&Finding> {
        self.doctor.get(code)
    }
}

/// The catalogues are part of the program, and a test reads them; one that can't be read would say nothing.
fn read(text: &str) -> Words {
    serde_json::from_str(text)
        .unwrap_or_else(|_| Words { doctor: BTreeMap::new(), nothing_found: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor;

    #[test]
    fn each_finding_has_words_in_each_language_and_no_words_are_left_over() {
        for language in [Language::Vi, Language::En] {
            let words = Words::of(language);
            assert!(!words.nothing_found.is_empty());
            let known: Vec<&str> = words.doctor.keys().map(String::as_str).collect();
            let mut codes = doctor::CODES.to_vec();
            codes.sort_unstable();
            assert_eq!(known, codes, "{language:?}");
            for code in codes {
                let finding = words.finding(code).unwrap();
                assert!(!finding.advice.is_empty());
                assert!(!finding.what("x").contains('{'), "{code}");
            }
        }
    }

    #[test]
    fn the_language_is_the_environments() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        for (environment, language) in [
            (&[("LANG", "vi_VN.UTF-8")][..], Language::Vi),
            (&[("LANG", "en_GB.UTF-8")], Language::En),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "vi_VN.UTF-8")], Language::Vi),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")], Language::En),
            (&[("LANG", "C.UTF-8")], Language::Vi),
            (&[], Language::Vi),
        ] {
            assert_eq!(Language::of_environment(with(environment)), language, "{environment:?}");
        }
    }
}
