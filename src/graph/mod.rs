//! The graph of the units that cargo would build.
//!
//! The modules follow the data:
//!
//! - [`skeleton`] reduces a source tree to what cargo looks at.
//! - [`ask()`] runs cargo on the skeleton.
//! - [`model`] is the document that comes of it, the [`Graph`].
//! - [`rules`] are what cargo does with each unit of the graph: its command line, its environment,
//!   the files that it makes and those that it needs.
//!
//! Nothing here knows of Nix. `tests/differential.rs` compares the rules with cargo itself.

mod cargo;
pub mod error;
pub mod model;
pub mod rules;

#[cfg(feature = "fuzzing")]
pub use cargo::fuzzing;
pub use cargo::{Command, Outcome, Request, Selection, ask, skeleton};
pub use error::{Error, Result};
pub use model::*;
