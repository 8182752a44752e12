//! The `loa-broker` command.

fn main() {}
