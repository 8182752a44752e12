//! Settings of `loa-agent run`: command line, then environment (`LOA_AGENT_...`), then a TOML file, then these defaults.

use std::path::{Path, PathBuf};

use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use serde::Deserialize;

use crate::{
    amplifier::AmplifierConfig,
    clock::{BatteryClock, SYNCHRONISED},
    output::OutputName,
};

/// Settings of a running agent.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where sound goes.
    pub output: OutputName,
    /// The amplifier.
    pub amplifier: AmplifierConfig,
    /// What clips may take on disk, MiB.
    pub cache_mib: u64,
    /// How long the sound device stays open after the last sound, milliseconds.
    pub output_linger_ms: u64,
    /// Whether a battery keeps the machine's clock while it is off.
    pub battery_clock: BatteryClock,
    /// The file that the machine's time daemon touches whenever it has synchronised the clock.
    pub synchronised_mark: PathBuf,
    /// How fast clips that aren't due yet are fetched at most, kbit/s; 0 is as fast as it goes.
    pub fetch_kbit_s: u32,
    /// How long a fetch of such a clip waits at most before it begins, seconds, so that not all nodes fetch at the same moment.
    pub fetch_jitter_s: u32,
    /// How long a new release of the agent must run before it has proved itself, seconds; if it ends before, the one before it is started again.
    pub release_trial_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            output: OutputName::Default,
            amplifier: AmplifierConfig::None,
            cache_mib: 512,
            output_linger_ms: 2_000,
            battery_clock: BatteryClock::Auto,
            synchronised_mark: SYNCHRONISED.into(),
            fetch_kbit_s: 512,
            fetch_jitter_s: 60,
            release_trial_s: 120,
        }
    }
}

/// The settings can't be read; whoever wrote them puts them right.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named doesn't exist.
    #[error("there is no file {0}")]
    NoFile(PathBuf),
    /// A setting is unknown or of the wrong form.
    #[error("{0}")]
    Invalid(String),
}

impl Config {
    /// Reads the file, if one is named, and the environment.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut sources = Figment::new();
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError::NoFile(file.to_owned()));
            }
            sources = sources.merge(Toml::file_exact(file));
        }
        // Nested settings by two underscores: LOA_AGENT_AMPLIFIER__KIND.
        let environment = Env::prefixed("LOA_AGENT_").ignore(&["data", "config", "log"]).split("__");
        sources.merge(environment).extract().map_err(|error| ConfigError::Invalid(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amplifier::LineName;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(Some(&path))
    }

    #[test]
    fn a_file_of_settings_is_read() {
        let config = read(
            "output = \"alsa:plughw:CARD=Headphones,DEV=0\"\ncache_mib = 100\n\
             [amplifier]\nkind = \"command\"\ncommand = [\"/usr/bin/amp\", \"--relay=1\"]\nlead_ms = 500\n",
        )
        .unwrap();
        assert_eq!(config.output, OutputName::Alsa("plughw:CARD=Headphones,DEV=0".into()));
        assert_eq!(config.cache_mib, 100);
        assert_eq!((config.battery_clock, config.fetch_kbit_s), (BatteryClock::Auto, 512));
        assert_eq!(
            config.amplifier,
            AmplifierConfig::Command {
                command: vec!["/usr/bin/amp".into(), "--relay=1".into()],
                lead_ms: 500,
                linger_ms: 5_000
            }
        );
    }

    #[test]
    fn the_example_file_is_accepted_with_and_without_its_examples() {
        let text = include_str!("../../../deploy/agent.toml");
        assert_eq!(read(text).unwrap().amplifier, AmplifierConfig::None);
        let example = |line: &str| {
            let line = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
            line.to_owned() + "\n"
        };
        let (before, rest) = text.split_once("kind = \"none\"\n").unwrap();
        let (command, line) = rest.split_once("# Or by a GPIO line").unwrap();
        let with = |examples: &str| before.to_owned() + &examples.lines().map(example).collect::<String>();
        let command = read(&with(command)).unwrap().amplifier;
        assert!(matches!(command, AmplifierConfig::Command { lead_ms: 300, .. }));
        let line = read(&with(&format!("# {line}"))).unwrap().amplifier;
        let name = LineName::Name("GPIO17".into());
        assert!(matches!(line, AmplifierConfig::Gpio { line, linger_ms: 5000, .. } if line == name));
    }

    #[test]
    fn a_gpio_line_is_named_or_numbered() {
        let line = |line: &str| {
            read(&format!(
                "[amplifier]\nkind = \"gpio\"\nchip = \"pinctrl-rp1\"\nline = {line}\nactive_low = true\n"
            ))
        };
        for (text, expected) in [
            ("17", LineName::Offset(17)),
            ("\"17\"", LineName::Offset(17)),
            ("\"AMP\"", LineName::Name("AMP".into())),
        ] {
            let config = line(text).unwrap().amplifier;
            let expected = AmplifierConfig::Gpio {
                chip: Some("pinctrl-rp1".into()),
                line: expected,
                active_low: true,
                lead_ms: 300,
                linger_ms: 5_000,
            };
            assert_eq!(config, expected);
        }
        assert!(line("-1").is_err() && line("true").is_err());
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        for (text, name) in [("outptu = \"default\"", "outptu"), ("output = \"speaker\"", "speaker")] {
            assert!(read(text).unwrap_err().to_string().contains(name));
        }
        assert!(matches!(Config::read(Some(Path::new("/nowhere.toml"))), Err(ConfigError::NoFile(_))));
    }
}
