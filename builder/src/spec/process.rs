//! The environment and the files of a unit's processes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The environment and the files of a unit's processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The package, as `name version`, for messages.
    pub package: String,
    /// The target, as `lib`, `bin rg`, `build script` and so on, for messages.
    pub target: String,
    /// The working directory, below [`BUILD`](super::BUILD).
    pub cwd: String,
    /// The environment, complete but for what is only known at build time.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Directories of executables, in the order of `PATH`.
    #[serde(default)]
    pub path: Vec<String>,
    /// Source trees to lay out.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Environments that stdenv's setup has recorded, the most specific one first: JSON
    /// objects of strings in the store. They are joined to all of the above as
    /// [`recorded_environment`](crate::sandbox::recorded_environment) tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// Virtual names for sandbox and store paths, as `from=to`, given to the
    /// compilers as path prefix maps. Later ones win.
    #[serde(default)]
    pub remap: Vec<String>,
}

/// Sources, and the place below [`BUILD`](super::BUILD) where the unit sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Where they come from.
    pub from: Origin,
    /// The absolute path in the sandbox.
    pub at: String,
    /// Whether links to a directory of the store do instead of real files: no code of a
    /// package runs in the unit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub links: bool,
}

/// Where the files of a [`Source`] come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Origin {
    /// A store path, or a path below one: a directory, a [`bundle`](crate::sandbox::bundle), or the
    /// [`archive`](crate::sandbox::archive) of a published package.
    Store(String),
    /// The derivation itself.
    Derivation {
        /// A [packed](crate::sandbox::bundle::pack) bundle.
        packed: String,
    },
}
