//! What a unit derivation asks of the builder.
//!
//! The planner writes a [`Spec`] into the derivation's structured attributes
//! under the key `unit`; Nix replaces the placeholders in it by store paths and
//! hands it over in the file that `NIX_ATTRS_JSON_FILE` names. All paths in a
//! specification are either store paths or below [`BUILD`], so that equal units
//! have equal specifications on every machine.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The sandbox's build directory.
pub const BUILD: &str = "/build";
/// Where the source tree of the workspace is laid out.
pub const WORKSPACE: &str = "/build/ws";
/// The parent of the source directories of third-party packages.
pub const VENDOR: &str = "/build/s";
/// The one directory that holds the libraries which a unit may load.
pub const DEPS: &str = "/build/deps";

/// Where a unit's output `out` tells which of its source files were read, one
/// sandbox path on each line.
pub const READ_FILES: &str = "nix-support/dyndrv-read-files";

/// One unit: a rustc run, a build-script run, a check, or what puts results together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "run", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spec {
    /// Run the compiler once.
    Rustc(Box<Rustc>),
    /// Run a compiled build script once.
    BuildScript(Box<BuildScript>),
    /// Put the products of the root units into one tree.
    Assemble(Assemble),
    /// Run a test, a linter, a formatter or the documentation tool once.
    Check(Box<Check>),
    /// Put the results of checks of one kind together.
    Summary(Summary),
    /// Show another derivation's output under a name that a flake can give.
    Show(Show),
}

/// What every process of a unit sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The package, as `name version`, for messages.
    pub package: String,
    /// The target, as `lib`, `bin rg`, `build script` and so on, for messages.
    pub target: String,
    /// The working directory, below [`BUILD`].
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
    /// Packages from the user's environment for this crate.
    #[serde(default, skip_serializing_if = "Inputs::is_empty")]
    pub inputs: Inputs,
    /// Virtual names for sandbox and store paths, as `from=to`, given to the
    /// compilers as path prefix maps. Later ones win.
    #[serde(default)]
    pub remap: Vec<String>,
}

/// A source tree of the store and the place below [`BUILD`] where the unit sees it.
///
/// The place is a real directory with one symbolic link for each of the tree's
/// top-level entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A store path, or a path below one.
    pub from: String,
    /// The absolute path in the sandbox.
    pub at: String,
}

/// Packages of the system for one crate, in the terms of nixpkgs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// `nativeBuildInputs`: their `bin` joins `PATH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub native: Vec<String>,
    /// `buildInputs`: headers, libraries and pkg-config files, of these and of
    /// what they propagate (`nix-support/propagated-build-inputs`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub build: Vec<String>,
}

impl Inputs {
    /// Whether there is nothing to set up.
    pub fn is_empty(&self) -> bool {
        self.native.is_empty() && self.build.is_empty()
    }
}

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
    /// Libraries of the closure to show in [`DEPS`].
    #[serde(default)]
    pub crates: Vec<Artifact>,
    /// Build-script runs whose answers count, in cargo's order of propagation.
    #[serde(default)]
    pub scripts: Vec<ScriptUse>,
    /// What of the compiler's products goes where; all else in its output
    /// directory is an error, but for dep-info, which is checked and removed.
    pub products: Vec<Product>,
    /// Whether the output tells which source files were read, in [`READ_FILES`].
    #[serde(default)]
    pub record_reads: bool,
}

/// A library file of another unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its file name, in the store as in [`DEPS`].
    pub file: String,
    /// The store path of the output that holds it at its top.
    pub from: String,
}

/// How a unit uses the answers of one build-script run.
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
    /// Which kinds of linker arguments apply: `all`, `cdylib`, `bins`,
    /// `bin:NAME`, `tests`, `benches`, `examples`.
    #[serde(default)]
    pub link_args: Vec<String>,
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

/// A build-script run. Its outputs: `out`, a directory that holds `OUT_DIR`, and
/// the files `cfg`, `link` and `dep`, as in [`answers`](crate::answers).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildScript {
    /// Directory, environment and sources.
    pub process: Process,
    /// The compiled build script; empty if it is replaced.
    pub program: String,
    /// The answers that cargo's configuration gives in place of the script
    /// (`[target.<triple>.<links>]`), as keys and values of its directives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Vec<(String, String)>>,
    /// `OUT_DIR`, relative to the output `out`.
    pub out_dir: String,
    /// Whether the package is laid out as a writable copy.
    #[serde(default)]
    pub writable: bool,
    /// Runs of direct dependencies with a `links` key.
    #[serde(default)]
    pub deps: Vec<DepMetadata>,
    /// The package's `rust-version`: directives with `cargo::` need 1.77.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rust_version: Option<String>,
    /// Target kinds that the package has: `lib`, `cdylib`, `bins`, `bin:NAME`,
    /// `tests`, `benches`, `examples`; some directives need one of them.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Whether the package is the user's own, whose warnings are shown.
    #[serde(default)]
    pub local: bool,
    /// The vendor directory, for a script that sees the lock file and may ask cargo
    /// about the packages in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
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

/// The final tree: what cargo would leave in its target directory for the user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assemble {
    /// Store paths whose directories `bin` and `lib` are merged by symbolic
    /// links. Two entries with one name are an error.
    pub parts: Vec<String>,
}

/// One run of a tool or of a test executable, whose exit status decides.
///
/// Its outputs: `out`, what does not change from run to run (`result.json`, and
/// `doc/` and `parts/` of documentation), and `log`, what does (`log.txt` and
/// `run.json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is run.
    pub kind: CheckKind,
    /// Directory, environment and sources.
    pub process: Process,
    /// The program, an absolute path.
    pub program: String,
    /// Where the program is copied to and run from; none to run it where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its arguments, up to and without what build scripts add.
    #[serde(default)]
    pub args: Vec<String>,
    /// Libraries of the closure to show in [`DEPS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crates: Vec<Artifact>,
    /// Build-script runs whose answers count, in cargo's order of propagation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<ScriptUse>,
    /// Crates that will be documented beside this one, to which links may lead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<String>,
    /// Programs to show at their places in cargo's target directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<Program>,
    /// Directories to create, empty and writable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<String>,
    /// The compiler whose own libraries the program loads, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loads_from: Option<String>,
    /// How many seconds it may take; none for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Whether a failed test is a result, kept as that of this attempt, and no failure
    /// of the derivation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
}

/// What a [`Check`] runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// A test executable with rustc's harness.
    Test,
    /// A test executable without it: only its exit status counts.
    CustomTest,
    /// The tests in a library's documentation.
    Doctest,
    /// clippy, for one target.
    Clippy,
    /// rustdoc, for one target.
    Doc,
    /// rustfmt, for one package.
    Fmt,
}

/// A program of another unit and its place in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The file in the store.
    pub from: String,
    /// The absolute path in the sandbox.
    pub at: String,
}

/// The results of checks of one kind. Its output `out` holds `summary.txt`, for
/// tests `junit.xml`, for clippy `warnings.txt` and `warnings.json`, for documentation
/// the merged tree `doc`, and for all but that the logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The kind of check, as a heading: `test`, `clippy` and so on.
    pub title: String,
    /// The checks.
    pub parts: Vec<Part>,
    /// rustdoc, which merges documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustdoc: Option<String>,
    /// Outputs of units that are only to be built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub built: Vec<String>,
}

/// An output whose entries are linked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// The output, a directory.
    pub of: String,
}

/// The outputs of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The check's output `out`.
    pub out: String,
    /// The check's output `log`.
    pub log: String,
}
