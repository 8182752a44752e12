//! Notes when the program was built, since no clock that it will ever run on can rightly show less, and for which machine.
//!
//! `SOURCE_DATE_EPOCH` (reproducible-builds.org) is taken when it is set, so that two builds of one source are alike.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let seconds: u64 = match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().map_err(|_| "SOURCE_DATE_EPOCH is seconds since 1970")?,
        #[allow(clippy::disallowed_methods)] // a build has no other clock
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    println!("cargo::rustc-env=LOA_BUILT_AT={seconds}");
    println!("cargo::rustc-env=LOA_TARGET={}", env::var("TARGET")?);
    Ok(())
}
