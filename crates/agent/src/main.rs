//! The `loa-agent` command.

fn main() {}
