//! Placeholders: texts that Nix replaces by store paths when it builds.
//!
//! ```
//! use dyndrv::drv::placeholder;
//!
//! // `builtins.placeholder "out"`
//! assert_eq!(
//!     placeholder::output("out"),
//!     "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9",
//! );
//! ```

use super::{StorePath, StorePathError};
use nix_derivation::store_path::{downstream_placeholder, hash_placeholder};

/// The path of a derivation's own output, for its arguments and environment.
pub fn output(name: &str) -> String {
    hash_placeholder(name)
}

/// The path of another derivation's floating output, for the arguments and the
/// environment of those that have it among their inputs.
///
/// # Errors
///
/// If the path is not a derivation's, or no output can have the name.
pub fn upstream(drv: &StorePath, output: &str) -> Result<String, StorePathError> {
    downstream_placeholder(drv, [output])
}
