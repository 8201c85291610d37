//! A rustc run.

use super::{Incremental, LinkArgTarget, Process};
use serde::{Deserialize, Serialize};

/// A rustc run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rustc {
    /// Directory, environment and sources.
    pub process: Process,
    /// The compiler (rustc, clippy-driver or rustdoc), an absolute path.
    pub compiler: String,
    /// Arguments as cargo orders them, up to and without what build scripts add.
    /// `--out-dir` is absent: the builder appends it with the output `out`.
    pub args: Vec<String>,
    /// Libraries to show in [`DEPS`](super::DEPS), and with them those of the lists
    /// ([`LIBRARIES`](super::LIBRARIES)) that their outputs have.
    #[serde(default)]
    pub crates: Vec<Artifact>,
    /// The output that gets a list of [`crates`](Self::crates), for the units that are given its library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_crates: Option<String>,
    /// Build-script runs whose instructions apply to the unit, in cargo's order of propagation.
    #[serde(default)]
    pub scripts: Vec<ScriptUse>,
    /// The place of each product of the compiler. Any other file in its output
    /// directory is an error, but for dep-info, which is checked and removed.
    pub products: Vec<Product>,
    /// Whether the output tells which source files were read, in [`READ_FILES`](super::READ_FILES), and what the
    /// compiler has said, in [`MESSAGES`](super::MESSAGES).
    #[serde(default)]
    pub record: bool,
    /// Whether and how it is compiled incrementally. `-C incremental` is not among the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<Incremental>,
}

/// A library file of another unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its file name, in the store as in [`DEPS`](super::DEPS).
    pub file: String,
    /// The store path of the output that holds it at its top.
    pub from: String,
    /// Whether it is compiled incrementally, as are the units that are given it. Of a program, rustc takes the path of each
    /// library, behind all links, as an input of all code, so that state is of use only if the path is constant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incremental: bool,
}

/// How a unit uses the instructions of one build-script run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptUse {
    /// The package whose build script it is, as `name version`.
    pub package: String,
    /// The run's output `link`: search paths, libraries, linker arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The run's output `cfg`: cfgs, check-cfgs and environment; only of the
    /// unit's own package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfg: Option<String>,
    /// The run's `OUT_DIR`; only of the unit's own package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_dir: Option<String>,
    /// The virtual name of that `OUT_DIR` in debug information and metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_dir_remap: Option<String>,
    /// Whether `-l` libraries are passed on.
    pub libs: bool,
    /// Which linker arguments apply to the unit.
    #[serde(default)]
    pub link_args: Vec<LinkArgTarget>,
}

/// A file of the compiler's output directory and its final place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The name that the compiler gives it.
    pub file: String,
    /// The output of the derivation: `out` or `meta`.
    pub output: String,
    /// The path below that output.
    pub to: String,
}
