//! The command line of dyndrv.

fn main() {}
