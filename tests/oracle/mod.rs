//! The parts of the differential test, in the order the data flows.

#[allow(dead_code)] // Only some tests ask about single workspaces.
pub mod case;
pub mod command;
pub mod compare;
pub mod layout;
pub mod matching;
pub mod predict;
pub mod program;
pub mod record;
pub mod standin;
pub mod toolchain;
pub mod workspace;

/// What the comparison of one cargo command found.
pub struct Outcome {
    pub name: String,
    pub rustc: usize,
    pub scripts: usize,
    pub differences: Vec<String>,
}
