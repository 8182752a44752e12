//! The sound card and the amplifier.

use std::sync::Arc;

use loa_protocol::Clock;

use super::Finding;
use crate::{
    config::Config,
    output::{OutputError, OutputName, Trouble},
};

pub(super) fn look(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let amplifier = config.amplifier.look().err().map(|fault| Finding::new("amplifier", fault));
    card(config, clock).into_iter().chain(amplifier).collect()
}

/// The card is opened and asked what it takes; nothing is played, and a file that stands in for a card isn't touched.
fn card(config: &Config, clock: &Arc<dyn Clock>) -> Option<Finding> {
    if let OutputName::Wav(_) = config.output {
        return None;
    }
    let mut output = config.output.make("doctor", Trouble::default(), Arc::clone(clock));
    output.probe().err().map(|error| match error {
        OutputError::Absent(_) => Finding::new("no_sound_card", error),
        OutputError::Unsupported(_) | OutputError::Failed(_) => Finding::new("sound", error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        amplifier::{AmplifierConfig, LineName},
        doctor::tests::{clock, codes},
    };

    fn with(output: OutputName, amplifier: AmplifierConfig) -> Vec<&'static str> {
        codes(&look(&Config { output, amplifier, ..Config::default() }, &clock()))
    }

    fn command(program: &str) -> AmplifierConfig {
        AmplifierConfig::Command { command: vec![program.into()], lead_ms: 0, linger_ms: 0 }
    }

    #[test]
    fn a_card_that_is_not_there_is_found() {
        let card = OutputName::Alsa("plughw:CARD=NoSuchCard,DEV=0".into());
        assert_eq!(with(card, AmplifierConfig::None), ["no_sound_card"]);
    }

    #[test]
    fn an_amplifier_that_cannot_be_switched_is_found_and_is_not_switched() {
        let folder = tempfile::tempdir().unwrap();
        let wav = || OutputName::Wav(folder.path().to_owned());
        assert_eq!(with(wav(), AmplifierConfig::None), [] as [&str; 0]);
        assert_eq!(with(wav(), command("/no/such/program")), ["amplifier"]);
        assert_eq!(with(wav(), command("no-such-program-on-the-path")), ["amplifier"]);
        assert_eq!(with(wav(), command("sh")), [] as [&str; 0]);
        let line = LineName::Offset(17);
        let gpio = AmplifierConfig::Gpio {
            chip: Some("no-such-chip".into()),
            line,
            active_low: false,
            lead_ms: 0,
            linger_ms: 0,
        };
        assert_eq!(with(wav(), gpio), ["amplifier"]);

        let (program, trace) = (folder.path().join("amp"), folder.path().join("trace"));
        std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", trace.display())).unwrap();
        assert_eq!(with(wav(), command(program.to_str().unwrap())), ["amplifier"], "it can't be executed");
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(with(wav(), command(program.to_str().unwrap())), [] as [&str; 0]);
        assert!(!trace.exists(), "it was only looked at");
    }
}
