//! Says where the built page is. Without one the broker still builds, with a notice in its place.

use std::{env, fs, path::PathBuf};

const NOTICE: &str = "<!doctype html><meta charset=utf-8><title>Loa</title><p>This loa-broker was built without its page: run <code>make web</code>, then build again.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=migrations");
    let page = if dist.join("index.html").exists() {
        dist
    } else {
        let folder = PathBuf::from(env::var("OUT_DIR")?).join("page");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("index.html"), NOTICE)?;
        folder
    };
    println!("cargo::rustc-env=LOA_PAGE={}", page.display());
    Ok(())
}
