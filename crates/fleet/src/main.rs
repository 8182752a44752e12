//! The `loa-fleet` command.

fn main() {}
