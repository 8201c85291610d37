//! The documents that cargo prints, as far as they are read.

use semver::Version;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// `--unit-graph`, version 1.
#[derive(Debug, Deserialize)]
pub(super) struct UnitGraph {
    pub version: u32,
    pub units: Vec<Unit>,
    pub roots: Vec<usize>,
}

impl UnitGraph {
    /// The triples that `--target` or `build.target` named.
    pub fn triples(&self) -> Vec<&str> {
        let triples: BTreeSet<&str> = self
            .units
            .iter()
            .filter_map(|unit| unit.platform.as_deref())
            .collect();
        triples.into_iter().collect()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Unit {
    pub pkg_id: String,
    pub target: Target,
    pub profile: Profile,
    pub platform: Option<String>,
    pub mode: String,
    pub features: Vec<String>,
    #[serde(default)]
    pub is_std: bool,
    pub dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    pub index: usize,
    pub extern_crate_name: String,
    #[serde(default)]
    pub public: bool,
    #[serde(default)]
    pub noprelude: bool,
    #[serde(default)]
    pub nounused: bool,
}

/// A target, in the unit graph as in the metadata.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Target {
    pub kind: Vec<String>,
    pub crate_types: Vec<String>,
    pub name: String,
    pub src_path: Option<PathBuf>,
    pub edition: String,
    #[serde(default)]
    pub test: bool,
    #[serde(default)]
    pub doctest: bool,
    #[serde(default)]
    pub doc: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Profile {
    pub name: String,
    pub opt_level: String,
    pub lto: String,
    pub codegen_backend: Option<String>,
    pub codegen_units: Option<u32>,
    pub debuginfo: Option<Value>,
    pub split_debuginfo: Option<String>,
    pub debug_assertions: bool,
    pub overflow_checks: bool,
    pub rpath: bool,
    pub incremental: bool,
    pub panic: String,
    pub strip: BTreeMap<String, Value>,
    #[serde(default)]
    pub rustflags: Vec<String>,
    #[serde(default)]
    pub trim_paths: Option<Value>,
}

/// `cargo metadata`, version 1.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_root: PathBuf,
    pub workspace_members: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub id: String,
    pub name: String,
    pub version: Version,
    pub source: Option<String>,
    pub manifest_path: PathBuf,
    pub authors: Vec<String>,
    pub description: Option<String>,
    pub homepage: Option<String>,
    pub repository: Option<String>,
    pub license: Option<String>,
    pub license_file: Option<String>,
    pub readme: Option<String>,
    pub rust_version: Option<String>,
    pub links: Option<String>,
    pub default_run: Option<String>,
    pub features: BTreeMap<String, Value>,
    pub targets: Vec<Target>,
    #[serde(default)]
    pub metadata: Value,
}
