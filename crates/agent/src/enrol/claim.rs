//! Where the claim comes from: typed, a line or a file on standard input, or a file, by itself the one on the boot partition.
//!
//! The file holds a secret until it was used: it is removed when the node is enrolled. Nothing of it is ever logged.

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    providers::{Format, Toml},
};
use serde::Deserialize;

use super::{EnrolError, Fingerprint};

/// Where the page's files put it: the boot partition of a Raspberry Pi.
const ON_THE_CARD: &str = "/boot/firmware/loa-claim";
/// Three lines; more is something else.
const LARGEST: u64 = 4096;
/// Standard input, by custom.
const STDIN: &str = "-";

/// What the installer brings.
#[derive(Clone)]
pub struct Claim {
    /// `https://HOST:PORT` of the broker's node address.
    pub server: String,
    /// SHA-256 of the CA's certificate.
    pub fingerprint: Fingerprint,
    /// The claim code.
    pub code: String,
}

/// `loa-agent enrol`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder that the node keeps everything in.
    #[arg(long, env = "LOA_AGENT_DATA")]
    pub data: PathBuf,
    /// The broker's node address, https://HOST:PORT.
    #[arg(long, requires = "ca_fingerprint")]
    pub server: Option<String>,
    /// SHA-256 of the broker's CA certificate, as on the page.
    #[arg(long, value_name = "SHA256", requires = "server")]
    pub ca_fingerprint: Option<Fingerprint>,
    /// The one-time claim code; `-`, or left out: asked for on standard input, so that no list of processes shows it.
    #[arg(long, requires = "server")]
    pub code: Option<String>,
    /// A claim file with all three, as the page gives it; `-`: on standard input. Removed when the node is enrolled. Without any of
    /// these, /boot/firmware/loa-claim.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub claim: Option<PathBuf>,
    /// Leave the claim file where it is.
    #[arg(long)]
    pub keep_claim: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimFile {
    server: String,
    ca_fingerprint: String,
    code: String,
}

impl Claim {
    /// From a claim file's text (TOML).
    pub fn parse(text: &str) -> Result<Self, String> {
        // Notepad begins a file with a mark of its encoding.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let ClaimFile { server, ca_fingerprint, code } =
            Figment::from(Toml::string(text)).extract().map_err(|error| error.to_string())?;
        Ok(Self { server, fingerprint: ca_fingerprint.parse()?, code })
    }
}

impl Arguments {
    /// The claim, and the file that it came from, if it is to be removed.
    pub fn claim(&self) -> Result<(Claim, Option<&Path>), EnrolError> {
        self.claim_from(&mut io::stdin().lock(), Path::new(ON_THE_CARD))
    }

    fn claim_from<'a>(
        &'a self,
        stdin: &mut dyn BufRead,
        on_the_card: &'a Path,
    ) -> Result<(Claim, Option<&'a Path>), EnrolError> {
        if let (Some(server), Some(fingerprint)) = (&self.server, self.ca_fingerprint) {
            let code = match self.code.as_deref() {
                None | Some(STDIN) => line_of(stdin)?,
                Some(code) => code.to_owned(),
            };
            return Ok((Claim { server: server.clone(), fingerprint, code }, None));
        }
        let file = match self.claim.as_deref() {
            Some(file) if file == Path::new(STDIN) => {
                let claim = read(stdin).and_then(|text| Claim::parse(&text));
                return claim.map(|claim| (claim, None)).map_err(|why| bad(Path::new(STDIN), why));
            }
            Some(file) => file,
            None if on_the_card.exists() => on_the_card,
            None => return Err(EnrolError::NoClaim),
        };
        let opened = fs::File::open(file).map_err(|error| bad(file, error.to_string()))?;
        let claim = read(opened).and_then(|text| Claim::parse(&text)).map_err(|why| bad(file, why))?;
        Ok((claim, (!self.keep_claim).then_some(file)))
    }
}

fn bad(file: &Path, why: String) -> EnrolError {
    EnrolError::BadClaimFile { file: file.display().to_string(), why }
}

fn read(from: impl Read) -> Result<String, String> {
    let mut text = String::new();
    let bytes = from.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if bytes as u64 > LARGEST { Err("it is too long".into()) } else { Ok(text) }
}

fn line_of(stdin: &mut dyn BufRead) -> Result<String, EnrolError> {
    if io::stdin().is_terminal() {
        let _ = write!(io::stderr(), "Claim code: ");
    }
    let mut line = String::new();
    stdin.take(LARGEST).read_line(&mut line).map_err(|error| bad(Path::new(STDIN), error.to_string()))?;
    match line.trim() {
        "" => Err(EnrolError::NoClaim),
        code => Ok(code.to_owned()),
    }
}

/// Removes a claim file that was used; empties one that can't be removed. The code in it is worth nothing any more, so a failure is only told.
pub fn discard(file: &Path) {
    let gone = fs::remove_file(file).or_else(|_| fs::File::create(file).map(drop));
    if let Err(error) = gone {
        tracing::warn!(file = %file.display(), %error, "the used claim file can't be removed; remove it by hand");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    const PRINT: &str = "abababababababababababababababababababababababababababababababab";

    fn text() -> String {
        // As `claimFile` of the page writes it.
        format!(
            "server = \"https://loa.example.vn:8443\"\nca_fingerprint = \"{PRINT}\"\ncode = \"4F7QK-9ZX2M\"\n"
        )
    }

    fn arguments(more: &[&str]) -> Result<Arguments, clap::Error> {
        Command::try_parse_from([&["enrol", "--data", "/nowhere"], more].concat())
            .map(|command| command.arguments)
    }

    fn claim(more: &[&str], stdin: &str, on_the_card: &Path) -> Result<(String, bool), EnrolError> {
        let arguments = arguments(more).unwrap();
        let (claim, file) = arguments.claim_from(&mut stdin.as_bytes(), on_the_card)?;
        assert_eq!(claim.server, "https://loa.example.vn:8443");
        Ok((claim.code, file.is_some()))
    }

    const TYPED: [&str; 4] = ["--server", "https://loa.example.vn:8443", "--ca-fingerprint", PRINT];
    const NONE: &str = "/nowhere/loa-claim";

    #[test]
    fn a_code_is_typed_in_the_command_or_asked_for() {
        let with = |more: &[&str], stdin: &str| claim(&[&TYPED[..], more].concat(), stdin, NONE.as_ref());
        assert_eq!(with(&["--code", "AAAAA-BBBBB"], "").unwrap(), ("AAAAA-BBBBB".into(), false));
        assert_eq!(with(&["--code", "-"], " CCCCC-DDDDD \r\nx").unwrap(), ("CCCCC-DDDDD".into(), false));
        assert_eq!(with(&[], "EEEEE-FFFFF").unwrap(), ("EEEEE-FFFFF".into(), false));
        assert_eq!(with(&[], "\n").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_claim_file_is_named_or_lies_on_the_card_or_comes_on_standard_input() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loa-claim");
        assert_eq!(claim(&[], "", &file).unwrap_err().exit_code(), 2, "no claim at all");
        fs::write(&file, text()).unwrap();
        let name = file.to_str().unwrap();
        let read = ("4F7QK-9ZX2M".to_owned(), true);
        assert_eq!(claim(&[], "", &file).unwrap(), read);
        assert_eq!(claim(&["--claim", name], "", NONE.as_ref()).unwrap(), read);
        assert_eq!(
            claim(&["--claim", name, "--keep-claim"], "", NONE.as_ref()).unwrap(),
            (read.0.clone(), false)
        );
        assert_eq!(claim(&["--claim", "-"], &text(), NONE.as_ref()).unwrap(), (read.0.clone(), false));
        fs::write(&file, format!("\u{feff}{}", text().replace('\n', "\r\n"))).unwrap();
        assert_eq!(claim(&[], "", &file).unwrap(), read, "from Windows");
    }

    #[test]
    fn a_claim_file_that_cannot_be_used_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loa-claim");
        for (wrong, word) in [
            (String::new(), "server"),
            (text().replace("code", "cod"), "cod"),
            (text() + "wifi = \"x\"\n", "wifi"),
            (text().replace("ab", "zz"), "hexadecimal"),
            ("\0".repeat(40), "TOML"),
            (text() + &"#".repeat(5000), "long"),
        ] {
            fs::write(&file, &wrong).unwrap();
            let error = claim(&[], "", &file).unwrap_err();
            assert_eq!(error.exit_code(), 19);
            let said = error.to_string();
            assert!(said.contains(word) && said.contains("loa-claim"), "{said}");
        }
        assert_eq!(claim(&["--claim", "/nowhere"], "", &file).unwrap_err().exit_code(), 19);
    }

    #[test]
    fn half_of_what_is_typed_is_refused() {
        for half in [&TYPED[..2], &TYPED[2..], &["--code", "A"], &[&TYPED[..], &["--claim", "x"]].concat()] {
            assert!(arguments(half).is_err(), "{half:?}");
        }
    }

    #[test]
    fn a_used_claim_file_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loa-claim");
        fs::write(&file, text()).unwrap();
        discard(&file);
        assert!(!file.exists());
    }
}
