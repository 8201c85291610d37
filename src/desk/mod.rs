//! Building at the desk: the same plan, made outside of the sandbox from the working tree in place.
//!
//! The steps of `nix/dyndrv.nix` are functions of this library. Here they are called one after the other, and
//! what they plan goes into the store without emitters. Every derivation is the one that `nix build` makes of the
//! same files, so that both share each unit.
//!
//! | step | module | done again if |
//! |---|---|---|
//! | the flake's settings: toolchain, vendored packages, environments | [`evaluation`] | a file changed that an evaluation reads |
//! | the files of the checkout | [`checkout`] | always; they are looked at, not read |
//! | skeleton and graph | [`plan`] | the skeleton changed, or the selection |
//! | the third-party units | [`plan`] | the graph changed |
//! | the workspace's units | [`plan`] | a file changed that the last plan depends on, and no [`earlier`] one had the same |
//! | derivations and bundles into the store, and the build | [`build`], through [`client`] | they are not built |
//!
//! [`script_inputs`] leaves out of what a plan depends on the files that build scripts have not named.
//! [`jobs`] says how many units are built at once, beside other invocations.
//! What compilers say is read by [`messages`] and shown by [`progress`], [`report`] and [`format`](mod@format).
//! [`settings`] are the documents of the flake's settings, [`state`] and [`kept`] those that are kept between two builds.
//! [`compare`] and [`explain`] tell how two plans differ, [`timings`] and [`pages`] show a build and a plan.

pub mod build;
pub mod checkout;
pub mod client;
pub mod compare;
pub mod earlier;
pub mod error;
pub mod evaluation;
pub mod explain;
pub mod format;
pub mod incremental;
pub mod jobs;
pub mod kept;
pub mod messages;
mod outputs;
pub mod pages;
pub mod plan;
pub mod progress;
pub mod report;
pub mod scope;
pub mod script_inputs;
pub mod settings;
pub mod state;
pub mod timings;
mod wire;

pub use error::Error;
