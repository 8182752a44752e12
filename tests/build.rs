//! Builds the ALSA plugin that is the test sound card (`soundcard/`), and tells the crate where it is.

use std::path::PathBuf;
use std::process::Command;
use std::{env, io};

const SOURCES: [&str; 5] = ["paced.c", "card.c", "clock.c", "control.c", "journal.c"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=soundcard");
    let folder = PathBuf::from("soundcard");
    let plugin = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("libloa_paced.so");

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
    // A program's own symbols must not stand in for the plugin's.
    compile.args(["-shared", "-Wl,-Bsymbolic", "-Wl,--no-undefined"]);
    compile.args(SOURCES.map(|name| folder.join(name)));
    compile.arg("-o").arg(&plugin).args(["-lasound", "-pthread"]);
    let status = compile.status()?;
    if !status.success() {
        return Err(io::Error::other(format!(
            "the test sound card did not compile ({status}); it needs a C compiler and ALSA's headers \
             (Debian: gcc libasound2-dev)"
        )));
    }
    println!("cargo::rustc-env=LOA_SOUNDCARD_PLUGIN={}", plugin.display());
    Ok(())
}
