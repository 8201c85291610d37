//! Runs one cargo unit inside its sandbox.

pub mod spec;
