//! Builds what the tests put into programs: the ALSA plugin that is the test sound card (`soundcard/`), and the wrong clock
//! (`wrongclock/`). Tells the crate where they are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

const SOUNDCARD: [&str; 5] = ["paced.c", "card.c", "clock.c", "control.c", "journal.c"];

fn main() -> io::Result<()> {
    // A program's own symbols must not stand in for the plugin's.
    let plugin =
        build("soundcard", &SOUNDCARD, "libloa_paced.so", &["-Wl,-Bsymbolic", "-lasound", "-pthread"])?;
    println!("cargo::rustc-env=LOA_SOUNDCARD_PLUGIN={}", plugin.display());
    let clock = build("wrongclock", &["wrongclock.c"], "libloa_wrongclock.so", &[])?;
    println!("cargo::rustc-env=LOA_WRONG_CLOCK={}", clock.display());
    Ok(())
}

fn build(folder: &str, sources: &[&str], library: &str, link: &[&str]) -> io::Result<PathBuf> {
    println!("cargo::rerun-if-changed={folder}");
    let library = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(library);
    let mut compile: Command = cc::Build::new().get_compiler().to_command();
    compile.args([
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-DPIC",
        "-fPIC",
        "-O2",
        "-g",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]);
    compile.args(["-shared", "-Wl,--no-undefined"]);
    compile.args(sources.iter().map(|name| Path::new(folder).join(name)));
    compile.arg("-o").arg(&library).args(link);
    let status = compile.status()?;
    if !status.success() {
        return Err(io::Error::other(format!(
            "{folder} did not compile ({status}); it needs a C compiler and ALSA's headers (Debian: gcc libasound2-dev)"
        )));
    }
    Ok(library)
}
