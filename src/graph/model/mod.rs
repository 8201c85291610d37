//! The description of everything that is to be built, and nothing that is
//! particular to one machine.
//!
//! A [`Graph`] is made by [`ask`](crate::graph::ask) and read by all that
//! follows. It holds no absolute path of the machine that made it, and its order does not depend on
//! one: units are sorted so that dependencies precede dependents, and by
//! identity where that leaves a choice. Equal inputs give equal bytes of JSON.
//!
//! Names are cargo's own. Paths are relative, with `/`, and are either below a
//! package's directory or below the *source root*: the one tree that is built.

use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the document's format.
pub const VERSION: u32 = 1;

/// Every unit of one cargo invocation, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// [`VERSION`].
    pub version: u32,
    /// The compiler that the graph was made for.
    pub rustc: RustcInfo,
    /// The workspace root's directory, relative to the source root; empty for the root itself.
    pub workspace_root: String,
    /// The profile that was asked for.
    pub profile: ProfileName,
    /// The platform of units whose `platform` is `None`.
    pub host: Platform,
    /// The platforms named by `--target`, by triple.
    pub targets: BTreeMap<String, Platform>,
    /// The `[env]` table of cargo's configuration, in its order.
    pub config_env: Vec<ConfigEnv>,
    /// The packages of all units, sorted as cargo sorts them: name, version, source.
    pub packages: Vec<Package>,
    /// The units, dependencies before dependents.
    pub units: Vec<Unit>,
    /// The units that were asked for, ascending.
    pub roots: Vec<usize>,
}

/// What `rustc -vV` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RustcInfo {
    /// The release, such as `1.95.0`.
    pub release: Version,
    /// The whole text, which enters every unit's identity.
    pub verbose: String,
    /// The triple of the platform that the compiler runs on.
    pub host: String,
}

/// The profile of the invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileName {
    /// The name that was asked for, such as `dev`.
    pub name: String,
    /// The directory below cargo's target directory: `debug`, `release`, or a custom profile's name.
    pub dir: String,
    /// What build scripts see as `PROFILE`: `debug` or `release`.
    pub root: String,
}

/// What rustc and the configuration say about one compilation platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// The triple.
    pub triple: String,
    /// The user's flags for every unit of this platform.
    pub rustflags: Vec<String>,
    /// The linker that the configuration names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linker: Option<Linker>,
    /// `rustc --print=cfg` with these flags, line by line in rustc's order.
    pub cfg: Vec<String>,
    /// `rustc --print=split-debuginfo`: the values that this platform supports.
    pub split_debuginfo: Vec<String>,
    /// How rustc names its products: prefix and suffix by crate type (`bin`,
    /// `rlib`, `dylib`, `cdylib`, `staticlib`, `proc-macro`); what the platform
    /// cannot produce is absent.
    pub file_names: BTreeMap<String, (String, String)>,
}

/// The `linker` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Linker {
    /// A program name to look up in `PATH`, or an absolute path.
    Program(String),
    /// A file of the source root.
    Tree(String),
}

/// A variable of the configuration's `[env]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigEnv {
    /// Its name.
    pub name: String,
    /// Its value as it is written.
    pub value: String,
    /// Whether it overrides a variable of the surrounding environment.
    pub force: bool,
    /// The directory that the value is relative to, relative itself to the
    /// source root; none if the value is no path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_to: Option<String>,
}

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
    /// `[package.metadata.dyndrv]`; null if absent.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub settings: serde_json::Value,
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
    pub crate_types: Vec<String>,
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

/// One compilation, or one run of a build script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Sixteen hexadecimal digits that tell it from every other unit; see
    /// [`identity`](crate::graph::rules::identity).
    pub id: String,
    /// The index of its package.
    pub package: usize,
    /// The index of its target in that package.
    pub target: usize,
    /// What is done with the target.
    pub mode: Mode,
    /// The triple it is built for; `None` for the host, and for everything if no `--target` was given.
    pub platform: Option<String>,
    /// The profile that holds for it.
    pub profile: Profile,
    /// Its active features, sorted.
    pub features: Vec<String>,
    /// Its part in link-time optimisation.
    pub lto: Lto,
    /// What it needs, in the order of `--extern`.
    pub dependencies: Vec<Dependency>,
    /// For a build-script run that the configuration replaces
    /// (`[target.<triple>.<links>]`): its directives, as key and value.
    /// Nothing is compiled or run then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Vec<(String, String)>>,
}

/// What is done with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is compiled.
    Build,
    /// It is compiled as a test.
    Test,
    /// It is type-checked.
    Check,
    /// It is a build script, and is run.
    RunCustomBuild,
    /// The tests in its documentation are compiled and run.
    Doctest,
}

/// An edge of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The index of the unit.
    pub unit: usize,
    /// The name by which the dependent knows it.
    pub extern_crate_name: String,
    /// `public` dependency (unstable in cargo).
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// Not in the prelude (unstable in cargo).
    #[serde(default, skip_serializing_if = "is_false")]
    pub noprelude: bool,
    /// Not to be reported as unused (unstable in cargo).
    #[serde(default, skip_serializing_if = "is_false")]
    pub nounused: bool,
}

/// A resolved profile: cargo has applied inheritance and overrides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that was asked for.
    pub name: String,
    /// `opt-level`.
    pub opt_level: String,
    /// `lto` as it is written: `false`, `true`, `off`, `thin`, `fat`.
    pub lto: String,
    /// `codegen-backend` (unstable in cargo).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codegen_backend: Option<String>,
    /// `codegen-units`; none for rustc's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codegen_units: Option<u32>,
    /// `debug`: `0`, `1`, `2`, `line-tables-only` or `line-directives-only`.
    pub debuginfo: String,
    /// `split-debuginfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_debuginfo: Option<String>,
    /// `debug-assertions`.
    pub debug_assertions: bool,
    /// `overflow-checks`.
    pub overflow_checks: bool,
    /// `rpath`.
    pub rpath: bool,
    /// `incremental`, which only cargo itself uses.
    pub incremental: bool,
    /// `panic`.
    pub panic: String,
    /// `strip`, none if nothing is stripped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<String>,
    /// `rustflags` (unstable in cargo).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rustflags: Vec<String>,
}

/// A unit's part in link-time optimisation; see [`lto`](crate::graph::rules::lto).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lto {
    /// It is run here, `-C lto`, with the value if there is one.
    Run(Option<String>),
    /// Not even within the crate.
    Off,
    /// The unit yields bitcode alone.
    OnlyBitcode,
    /// The unit yields both.
    ObjectAndBitcode,
    /// The unit yields objects alone.
    OnlyObject,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Graph {
    /// The package of a unit.
    pub fn package(&self, unit: usize) -> &Package {
        &self.packages[self.units[unit].package]
    }

    /// The target of a unit.
    pub fn target(&self, unit: usize) -> &Target {
        let unit = &self.units[unit];
        &self.packages[unit.package].targets[unit.target]
    }

    /// The platform that a unit is built for.
    pub fn platform(&self, unit: usize) -> &Platform {
        match &self.units[unit].platform {
            Some(triple) => self.targets.get(triple).unwrap_or(&self.host),
            None => &self.host,
        }
    }

    /// The build-script run of a unit's own package, whose answers the unit heeds.
    pub fn own_run(&self, unit: usize) -> Option<usize> {
        if self.target(unit).kind == TargetKind::CustomBuild {
            return None;
        }
        let package = self.units[unit].package;
        self.units[unit]
            .dependencies
            .iter()
            .map(|dependency| dependency.unit)
            .find(|&dependency| {
                self.units[dependency].mode == Mode::RunCustomBuild
                    && self.units[dependency].package == package
            })
    }

    /// The compiled build script of a run.
    pub fn script_of(&self, run: usize) -> Option<usize> {
        self.units[run]
            .dependencies
            .iter()
            .map(|dependency| dependency.unit)
            .find(|&dependency| {
                self.units[dependency].mode == Mode::Build
                    && self.units[dependency].package == self.units[run].package
            })
    }

    /// The name of a unit for people and for the store, such as
    /// `serde-1.0.228-lib` or `ripgrep-14.1.0-bin-rg`.
    ///
    /// It holds only characters that Nix allows in names. Two units can have the same label.
    pub fn label(&self, unit: usize) -> String {
        let package = self.package(unit);
        let target = self.target(unit);
        let name = &target.name;
        let mode = self.units[unit].mode;
        let what = match target.kind {
            TargetKind::CustomBuild if mode == Mode::RunCustomBuild => {
                "build-script-run".to_owned()
            }
            TargetKind::CustomBuild => "build-script".to_owned(),
            TargetKind::Lib if target.proc_macro => "proc-macro".to_owned(),
            TargetKind::Lib => "lib".to_owned(),
            TargetKind::Bin => format!("bin-{name}"),
            TargetKind::Example => format!("example-{name}"),
            TargetKind::Test => format!("test-{name}"),
            TargetKind::Bench => format!("bench-{name}"),
        };
        let suffix = match mode {
            Mode::Check => "-check",
            Mode::Doctest => "-doctest",
            Mode::Test if !matches!(target.kind, TargetKind::Test | TargetKind::Bench) => "-test",
            _ => "",
        };
        let label = format!("{}-{}-{what}{suffix}", package.name, package.version);
        label
            .chars()
            .map(|c| if in_store_name(c) { c } else { '_' })
            .collect()
    }

    /// The name of a unit for messages, such as ``lib of `serde 1.0.228` ``.
    pub fn describe(&self, unit: usize) -> String {
        let package = self.package(unit);
        format!(
            "{} of `{} {}`",
            self.target(unit).describe(),
            package.name,
            package.version
        )
    }
}

fn in_store_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-._?=".contains(c)
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

    /// The kinds of targets that a build script may direct linker arguments
    /// to: `lib`, `cdylib`, `bins`, `bin:NAME`, `tests`, `benches`, `examples`.
    pub fn link_arg_kinds(&self) -> Vec<String> {
        let mut kinds = Vec::new();
        for target in &self.targets {
            match target.kind {
                TargetKind::Lib => {
                    kinds.push("lib".to_owned());
                    if target.has_crate_type("cdylib") {
                        kinds.push("cdylib".to_owned());
                    }
                }
                TargetKind::Bin => {
                    kinds.push("bins".to_owned());
                    kinds.push(format!("bin:{}", target.name));
                }
                TargetKind::Test => kinds.push("tests".to_owned()),
                TargetKind::Bench => kinds.push("benches".to_owned()),
                TargetKind::Example => kinds.push("examples".to_owned()),
                TargetKind::CustomBuild => {}
            }
        }
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

impl Target {
    /// The name for rustc: dashes become underscores.
    pub fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Whether one of its crate types is this one.
    pub fn has_crate_type(&self, name: &str) -> bool {
        self.crate_types.iter().any(|crate_type| crate_type == name)
    }

    /// Whether it is always built for the host: a procedural macro or a build script.
    pub fn for_host(&self) -> bool {
        self.kind == TargetKind::CustomBuild || self.proc_macro
    }

    /// Whether it is an example that is a program.
    pub fn is_example_bin(&self) -> bool {
        self.kind == TargetKind::Example && self.has_crate_type("bin")
    }

    /// Whether `extern crate` can name it.
    pub fn is_linkable(&self) -> bool {
        self.kind == TargetKind::Lib
            && self
                .crate_types
                .iter()
                .any(|t| matches!(t.as_str(), "lib" | "rlib" | "dylib" | "proc-macro"))
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
