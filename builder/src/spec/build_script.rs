//! A build-script run.

use super::{Incremental, LinkArgTarget, Process};
use serde::{Deserialize, Serialize};

/// A build-script run. Its outputs: `out`, a directory that holds `OUT_DIR`, and
/// the directories `cfg`, `link` and `dep`, as in [`recorded`](crate::build_script::recorded).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildScript {
    /// Directory, environment and sources.
    pub process: Process,
    /// The compiled build script; empty if it is replaced.
    pub program: String,
    /// The instructions that cargo's configuration gives in place of the script
    /// (`[target.<triple>.<links>]`), as keys and values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Vec<(String, String)>>,
    /// `OUT_DIR`, relative to the output `out`.
    pub out_dir: String,
    /// The directory in which the package's units are compiled, from which relative paths in
    /// instructions for the linker start.
    pub compiler_cwd: String,
    /// Runs of direct dependencies with a `links` key.
    #[serde(default)]
    pub deps: Vec<DepMetadata>,
    /// The package's `rust-version`: instructions with `cargo::` need 1.77.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rust_version: Option<String>,
    /// The targets that the package has; some instructions need one of them.
    #[serde(default)]
    pub targets: Vec<LinkArgTarget>,
    /// Whether the package is the user's own, whose warnings are shown.
    #[serde(default)]
    pub local: bool,
    /// cargo's configuration, for a script that sees the lock file and may ask cargo about
    /// the packages in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cargo_config: Option<String>,
    /// The directory of the packages in the lock file as archives, which are unpacked below [`VENDOR`](super::VENDOR)
    /// for that cargo; none if its configuration names directories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_packages: Option<String>,
    /// The earlier run that this one may take over, and whether it is itself to be taken over; none
    /// outside of incremental builds. There is an output `state` if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<Incremental>,
}

/// The metadata that one dependency's build script passes on as `DEP_…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepMetadata {
    /// The dependency's `links` value.
    pub links: String,
    /// Its run's output `dep`.
    pub dep: String,
}
