//! What `fuzz_targets/` runs: a function of bytes for each parser of foreign input.

pub mod targets;
