//! One content-addressed Nix derivation per cargo unit, planned inside the build.
//!
//! The modules follow the data: [`graph`] asks cargo what is to be built,
//! [`depinfo`] finds the files that each unit can read, [`plan`] lowers both to
//! derivations in the formats of [`drv`].

pub mod causes;
pub mod depinfo;
pub mod desk;
pub mod drv;
pub mod graph;
mod parallel;
pub mod plan;
pub mod source_root;
