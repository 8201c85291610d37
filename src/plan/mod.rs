//! Lowers units to derivations and writes the stages that emit them.
//!
//! The data's way through this module:
//!
//! | step | module |
//! |---|---|
//! | the attributes that a planning derivation is given | [`settings`] |
//! | which layer emits which unit | [`layers`] |
//! | a unit's source tree, its files and its predicted path | [`emitter::tree`] |
//! | a unit as a derivation, its path predicted | [`lower`] |
//! | tests, clippy, documentation and formatting as derivations | [`checks`] |
//! | all derivations of a layer as a plan, and the plan as one stage derivation | [`emitter::collection`] |
//! | the stage at work: writing its outputs | [`emitter::emit`] |
//!
//! Nix replaces no placeholder of an *input* inside an emitted text, because
//! the consumer's hash covers the producer's final path. So every path is
//! predicted here, bottom-up; a wrong prediction leaves a placeholder behind,
//! on which the unit builder fails.

pub mod checks;
pub mod configuration;
mod cross;
pub mod emitter;
pub mod error;
pub mod files;
pub mod layers;
pub mod lower;
pub mod settings;
pub mod sources;

pub use error::Error;
