//! Prints how the text on standard input is read aloud.

use std::io::{Read, Write};

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    writeln!(std::io::stdout(), "{}", loa_speech::normalise(&text))
}
