//! Packages and their targets.

use super::{CrateType, PackageMetadata};
use dyndrv_builder::spec::LinkArgTarget;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// `package.name`.
    pub name: String,
    /// `package.version`.
    pub version: Version,
    /// Where cargo has it from.
    pub origin: Origin,
    /// The kind of source and its address, for identity and order; for path
    /// packages their directory relative to the source root.
    pub source: String,
    /// Where its files are.
    pub location: Location,
    /// Whether a root unit belongs to it.
    pub primary: bool,
    /// Whether it is a member of the workspace.
    pub member: bool,
    /// `package.authors`.
    pub authors: Vec<String>,
    /// `package.description`.
    pub description: Option<String>,
    /// `package.homepage`.
    pub homepage: Option<String>,
    /// `package.repository`.
    pub repository: Option<String>,
    /// `package.license`.
    pub license: Option<String>,
    /// `package.license-file`.
    pub license_file: Option<String>,
    /// `package.readme`, cargo's guess included.
    pub readme: Option<String>,
    /// `package.rust-version`.
    pub rust_version: Option<String>,
    /// `package.links`.
    pub links: Option<String>,
    /// `package.default-run`.
    pub default_run: Option<String>,
    /// The names of all declared features, sorted; for `--check-cfg`.
    pub declared_features: Vec<String>,
    /// The flags that `[lints]` comes to.
    pub lint_flags: Vec<String>,
    /// All targets that the package has.
    pub targets: Vec<Target>,
    /// `[package.metadata.dyndrv]`.
    #[serde(default, skip_serializing_if = "PackageMetadata::is_empty")]
    pub metadata: PackageMetadata,
}

/// The kind of place that cargo has a package from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A directory of the source root: a member, or a path dependency.
    Path,
    /// A registry.
    Registry,
    /// A git repository.
    Git,
}

/// Where a package's files are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Location {
    /// A directory relative to the source root; empty for the root itself.
    Tree(String),
    /// An entry of the vendor directory.
    Vendor(String),
}

/// A target of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name as the manifest has it, dashes included.
    pub name: String,
    /// Its kind.
    pub kind: TargetKind,
    /// Its crate types, as cargo gives them to rustc.
    pub crate_types: Vec<CrateType>,
    /// Its root source file.
    pub src: SrcPath,
    /// Its edition.
    pub edition: String,
    /// Whether tests are run by rustc's harness.
    pub harness: bool,
    /// Whether `cargo test` runs its tests.
    pub test: bool,
    /// Whether `cargo test` runs the tests in its documentation.
    pub doctest: bool,
    /// Whether `cargo doc` documents it.
    pub doc: bool,
    /// Whether it is a procedural macro. cargo believes the manifest where an
    /// example claims so, whatever its crate type.
    pub proc_macro: bool,
}

/// The kind of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// The library, of whatever crate types.
    Lib,
    /// A program.
    Bin,
    /// An example, a program or a library.
    Example,
    /// An integration test.
    Test,
    /// A benchmark.
    Bench,
    /// The build script.
    CustomBuild,
}

/// A file of a package, or beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SrcPath {
    /// Relative to the package's directory.
    Package(String),
    /// Outside of it, relative to the source root.
    Tree(String),
    /// Outside of the source root; no unit has such a target.
    Outside,
}

impl Package {
    /// Whether it is of the source root rather than third-party.
    pub fn is_local(&self) -> bool {
        self.origin == Origin::Path
    }

    /// Its library target.
    pub fn lib(&self) -> Option<&Target> {
        self.targets
            .iter()
            .find(|target| target.kind == TargetKind::Lib)
    }

    /// The targets that a build script may direct linker arguments to, sorted.
    pub fn link_arg_targets(&self) -> Vec<LinkArgTarget> {
        let mut found = BTreeSet::new();
        for target in &self.targets {
            match target.kind {
                TargetKind::Lib if target.has_crate_type(CrateType::Cdylib) => {
                    found.insert(LinkArgTarget::Cdylib);
                }
                TargetKind::Bin => {
                    let name = target.name.clone();
                    found.extend([LinkArgTarget::Bins, LinkArgTarget::Bin(name)]);
                }
                TargetKind::Test => found.extend([LinkArgTarget::Tests]),
                TargetKind::Bench => found.extend([LinkArgTarget::Benches]),
                TargetKind::Example => found.extend([LinkArgTarget::Examples]),
                TargetKind::Lib | TargetKind::CustomBuild => {}
            }
        }
        found.into_iter().collect()
    }
}

/// `serde 1.0.228`, for messages.
impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}

impl Target {
    /// The name for rustc: dashes become underscores.
    pub fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Whether one of its crate types is this one.
    pub fn has_crate_type(&self, crate_type: CrateType) -> bool {
        self.crate_types.contains(&crate_type)
    }

    /// Whether it is always built for the host: a procedural macro or a build script.
    pub fn for_host(&self) -> bool {
        self.kind == TargetKind::CustomBuild || self.proc_macro
    }

    /// Whether it is an example that is a program.
    pub fn is_example_bin(&self) -> bool {
        self.kind == TargetKind::Example && self.has_crate_type(CrateType::Bin)
    }

    /// Whether `extern crate` can name it.
    pub fn is_linkable(&self) -> bool {
        self.kind == TargetKind::Lib && self.crate_types.iter().any(|t| t.is_linkable())
    }

    /// Its name for messages, such as `bin rg` or `build script`.
    pub fn describe(&self) -> String {
        match self.kind {
            TargetKind::Lib if self.proc_macro => "proc-macro".to_owned(),
            TargetKind::Lib => "lib".to_owned(),
            TargetKind::Bin => format!("bin {}", self.name),
            TargetKind::Example => format!("example {}", self.name),
            TargetKind::Test => format!("test {}", self.name),
            TargetKind::Bench => format!("bench {}", self.name),
            TargetKind::CustomBuild => "build script".to_owned(),
        }
    }
}
