//! The entry point of every unit derivation.

fn main() {}
