//! The emitter: the derivation whose outputs are the derivations of a plan.
//!
//! | step | module |
//! |---|---|
//! | collecting derivations and their sources, with predicted paths | [`collection`] |
//! | a unit's source tree, its files and its predicted path | [`tree`] |
//! | the emitter at work: writing its outputs | [`emit`] |

pub mod collection;
pub mod emit;
pub mod tree;
