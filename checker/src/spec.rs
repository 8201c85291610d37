//! The specification of a check's derivation for the checker.
//!
//! As for the builder, the planner writes a [`Spec`] into the derivation's structured
//! attributes under the key `unit`. All paths in it are store paths or below
//! [`BUILD`](dyndrv_builder::spec::BUILD).
//!
//! | check | runs | fails if |
//! |---|---|---|
//! | [`Test`] | a test executable | a test fails, or without rustc's harness the process |
//! | [`Doctest`] | `rustdoc --test` over a library | a test fails |
//! | [`Clippy`] | clippy over a target | clippy does |
//! | [`Doc`] | rustdoc over a target | rustdoc does |
//! | [`Fmt`] | rustfmt over a package | a file is formatted in another way |

use dyndrv_builder::spec::{Artifact, Process, ScriptUse};
use serde::{Deserialize, Serialize};

/// One check, or what reports on checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "run", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spec {
    /// Run a test executable or a tool once.
    Check(Box<Check>),
    /// Put the results of checks of one kind together.
    Summary(Summary),
    /// Show another derivation's output under a name that a flake can give.
    Show(Show),
}

/// One run of a tool or of a test executable, whose exit status decides.
///
/// Its outputs: `out`, what does not change from run to run (`result.json`, and
/// `doc/` and `parts/` of documentation), and `log`, what does (`log.txt` and
/// `run.json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// A test executable.
    Test(Test),
    /// The tests in a library's documentation.
    Doctest(Doctest),
    /// clippy, for one target.
    Clippy(Clippy),
    /// rustdoc, for one target.
    Doc(Doc),
    /// rustfmt, for one package.
    Fmt(Fmt),
}

impl Check {
    /// The environment and the files of the process.
    pub fn process(&self) -> &Process {
        match self {
            Self::Test(test) => &test.process,
            Self::Doctest(doctest) => &doctest.rustdoc.process,
            Self::Clippy(clippy) => &clippy.driver.process,
            Self::Doc(doc) => &doc.rustdoc.process,
            Self::Fmt(fmt) => &fmt.process,
        }
    }
}

/// The run of a test executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Directory, environment and sources.
    pub process: Process,
    /// The executable, an absolute path.
    pub program: String,
    /// Where the executable is copied to and run from.
    pub place: String,
    /// The program that starts it, with its arguments; empty if it starts by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runner: Vec<String>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Whether it has rustc's harness, which tells what became of each test.
    pub harness: bool,
    /// How long it may run, and what a failure means.
    #[serde(default)]
    pub trial: Trial,
    /// Shared libraries to show in [`DEPS`](dyndrv_builder::spec::DEPS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crates: Vec<Artifact>,
    /// Build-script runs whose instructions apply, in cargo's order of propagation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<ScriptUse>,
    /// Programs to copy to their places in cargo's target directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<Program>,
    /// What it finds besides its sources.
    #[serde(default, skip_serializing_if = "Surroundings::is_empty")]
    pub surroundings: Surroundings,
    /// Directories to create, empty and writable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<String>,
    /// The compiler whose own libraries the executable loads, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loads_from: Option<String>,
}

/// What tests find around them besides their sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surroundings {
    /// Files to create, empty, where there are none: tests find that they exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stand_ins: Vec<String>,
    /// cargo's configuration, for tests that may start cargo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cargo_config: Option<String>,
}

impl Surroundings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The run of the tests in a library's documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doctest {
    /// rustdoc.
    pub rustdoc: Tool,
    /// What they find besides the sources.
    #[serde(default, skip_serializing_if = "Surroundings::is_empty")]
    pub surroundings: Surroundings,
    /// How long it may run, and what a failure means.
    #[serde(default)]
    pub trial: Trial,
    /// The compiler whose own libraries the tests load, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loads_from: Option<String>,
}

/// How tests are run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// How many seconds the process may take; none for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Whether a failed test is a result, kept as that of this attempt, and no failure
    /// of the derivation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
}

/// A run of clippy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clippy {
    /// clippy-driver.
    pub driver: Tool,
    /// The compiler whose standard libraries clippy is to use, an absolute path.
    pub rustc: String,
}

/// A run of rustdoc.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doc {
    /// rustdoc.
    pub rustdoc: Tool,
    /// Crates that will be documented beside this one, to which links may lead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<String>,
}

/// A run of rustfmt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fmt {
    /// Directory, environment and sources.
    pub process: Process,
    /// rustfmt, an absolute path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
}

/// A tool that reads a target as the compiler does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Directory, environment and sources.
    pub process: Process,
    /// The program, an absolute path.
    pub program: String,
    /// Its arguments, up to and without what build scripts add.
    pub args: Vec<String>,
    /// Libraries of the closure to show in [`DEPS`](dyndrv_builder::spec::DEPS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crates: Vec<Artifact>,
    /// Build-script runs whose instructions apply, in cargo's order of propagation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<ScriptUse>,
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

/// The outputs of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The check's output `out`.
    pub out: String,
    /// The check's output `log`.
    pub log: String,
}

/// An output whose entries are linked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// The output, a directory.
    pub of: String,
}
