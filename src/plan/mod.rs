//! Lowers units to derivations and plans the emitters that write them.
//!
//! The data's way through this module:
//!
//! | step | module |
//! |---|---|
//! | third-party packages, by a lock file that is read in the build | [`fetches`] |
//! | the attributes that a planning derivation is given | [`settings`] |
//! | which units are built | [`selection`] |
//! | which layer a unit belongs to | [`layers`] |
//! | the variables that third-party code asks for | [`asked_variables`] |
//! | the files that a unit can read | [`files`] |
//! | a unit as a derivation, its path predicted | [`lower`] |
//! | tests, clippy, documentation and formatting as derivations | [`checks`] |
//! | all derivations of a layer as a plan, and the emitters that write them | [`emitter`] |
//!
//! Nix replaces no placeholder of an *input* inside an emitted text, because
//! the consumer's hash covers the producer's final path. So every path is
//! predicted here, bottom-up; a wrong prediction leaves a placeholder behind,
//! on which the unit builder fails.

pub mod asked_variables;
pub mod checks;
pub mod configuration;
mod cross;
pub mod emitter;
pub mod error;
pub mod fetches;
pub mod files;
pub mod layers;
pub mod lower;
pub mod selection;
pub mod settings;
pub mod sources;

pub use error::Error;
