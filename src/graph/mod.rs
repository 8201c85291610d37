//! What cargo is going to do, asked once and written down.
//!
//! The order of things: [`skeleton`] reduces a source tree to what cargo looks
//! at; [`ask()`] runs cargo on it and yields a [`Graph`]; [`linkage`] tells which files and which build-script
//! answers each unit needs of the others; [`command`] gives the command line and environment of
//! each unit, and [`products`] the files that it makes.
//!
//! Nothing here knows of Nix. The rules stand in the heads of the modules; they
//! reproduce cargo 1.95 to 1.97, and `tests/differential.rs` compares them with
//! cargo itself.

mod ask;
pub mod checks;
pub mod command;
pub mod error;
pub mod identity;
pub mod layout;
pub mod linkage;
pub mod lto;
pub mod model;
mod paths;
pub mod products;
pub mod skeleton;

pub use ask::{Command, Request, Selection, ask};
pub use error::{Error, Result};
pub use model::*;
