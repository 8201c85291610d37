//! The question: which units there are, and where their packages lie.
//!
//! Every path is relative to [`Request::root`], written with `/`, without `.` and `..`.

use super::cfg::Cfg;
use crate::source_root::SourceRoot;
use semver::Version;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One scan of a whole project.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The source root on disk. Nothing outside it can be part of a list.
    pub root: SourceRoot,
    /// The directory of the workspace's root manifest, relative to `root` (mostly empty).
    pub workspace: String,
    /// The `[env]` table of cargo's configuration, by name.
    pub variables: BTreeMap<String, ConfiguredVariable>,
    /// The packages whose units are scanned; [`Unit::package`] is an index into it.
    pub packages: Vec<Package>,
    /// The units. Packages without a unit cost nothing.
    pub units: Vec<Unit>,
}

/// A path package.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// The package's name, for messages and `env!("CARGO_PKG_NAME")`.
    pub name: String,
    /// The package's version, for `env!("CARGO_PKG_VERSION")`.
    pub version: String,
    /// The directory of its manifest, relative to the root.
    pub dir: String,
    /// Globs from `[package.metadata.dyndrv] extra-sources`, relative to `dir`.
    pub extra_sources: Vec<String>,
    /// The build script's crate root, relative to the source root, if there is one.
    pub build_script: Option<String>,
    /// `[package.metadata.dyndrv] build-script-sources`: globs relative to `dir`.
    pub build_script_sources: Option<Vec<String>>,
    /// The packages that are linked into the build script, by name and version, without those
    /// of `build_packages`. They decide, with its text, what its run can read and what the
    /// code that it writes can include.
    pub build_dependencies: BTreeSet<(String, Version)>,
    /// The packages of the request whose libraries are linked into the build script, as
    /// indices into [`Request::packages`]. Their texts are read like the script's own.
    pub build_packages: BTreeSet<usize>,
}

impl Package {
    /// The names of the packages that are linked into the build script.
    pub(super) fn build_dependency_names(&self) -> impl Iterator<Item = &str> {
        self.build_dependencies.iter().map(|(name, _)| &**name)
    }
}

/// A variable of the configuration's `[env]` table.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredVariable {
    /// Its value as it is written.
    pub value: String,
    /// The directory that the value is relative to; none if it is no path.
    pub relative_to: Option<String>,
}

/// One unit of a path package.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Index into [`Request::packages`].
    pub package: usize,
    /// The target's name, for messages.
    pub name: String,
    /// The crate root, relative to the source root.
    pub crate_root: String,
    /// The kind of the unit.
    pub kind: UnitKind,
    /// Its cfgs, as far as they are known. The scanner itself treats custom cfgs as undecided
    /// where the package has a build script that can set them.
    pub cfg: Cfg,
    /// The names of the packages reachable through the unit's procedural macros: the
    /// macros' own packages, direct or through libraries, and all that is linked into them.
    pub macro_packages: BTreeSet<String>,
    /// Globs relative to the source root, from the Nix library's argument.
    pub extra_sources: Vec<String>,
}

/// The kind of a unit, as far as its files depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// A library (or procedural macro), also built as a test.
    Lib,
    /// A binary, also built as a test.
    Bin,
    /// An integration test.
    Test,
    /// A benchmark.
    Bench,
    /// An example.
    Example,
    /// The compilation of a build script.
    BuildScript,
    /// The run of a build script.
    RunBuildScript,
}
