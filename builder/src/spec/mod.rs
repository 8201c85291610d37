//! The specification of a unit derivation for the builder.
//!
//! The planner writes a [`Spec`] into the derivation's structured attributes
//! under the key `unit`; Nix replaces the placeholders in it by store paths and
//! hands it over in the file that `NIX_ATTRS_JSON_FILE` names. All paths in a
//! specification are either store paths or below [`BUILD`], so that equal units
//! have equal specifications on every machine.

mod build_script;
pub mod incremental;
mod link_arg;
pub mod placeholder;
mod process;
mod rustc;
pub mod task;

pub use build_script::{BuildScript, DepMetadata};
pub use incremental::{Incremental, StateOf, States, StatesOf};
pub use link_arg::LinkArgTarget;
pub use process::{Origin, Process, Source};
pub use rustc::{Artifact, Product, Rustc, ScriptUse};

use serde::{Deserialize, Serialize};

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

/// Where a unit's output `out` has the compiler's messages, one JSON document on each line. There is no such file
/// if there are none.
pub const MESSAGES: &str = "nix-support/dyndrv-messages.json";

/// Where an output lists the libraries that its unit was given: as JSON, what [`Rustc::crates`] was.
pub const LIBRARIES: &str = "libraries.json";

/// One unit: a rustc run, a build-script run, the assembly of a result, or a list of states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "run", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spec {
    /// Run the compiler once.
    Rustc(Box<Rustc>),
    /// Run a compiled build script once.
    BuildScript(Box<BuildScript>),
    /// Put the products of the root units into one tree.
    Assemble(Assemble),
    /// List rustc's incremental states by unit.
    States(States),
    /// Give such a list another name.
    StatesOf(StatesOf),
}

/// A tree of what cargo would leave in its target directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assemble {
    /// Store paths whose directories are merged by symbolic links. Two entries with
    /// one name are an error.
    pub parts: Vec<String>,
    /// These directories, relative to each of the parts; by default `bin` and `lib`.
    #[serde(default = "result_directories", skip_serializing_if = "is_result")]
    pub directories: Vec<String>,
}

/// The directories that users look for. Libraries for other Rust code, which lie beside these, are
/// of no use outside of the units that were built against them.
const RESULT: [&str; 2] = ["bin", "lib"];

fn result_directories() -> Vec<String> {
    RESULT.map(str::to_owned).into()
}

fn is_result(directories: &Vec<String>) -> bool {
    *directories == RESULT
}

impl Assemble {
    /// The programs and libraries of the parts.
    pub fn result(parts: Vec<String>) -> Self {
        Self {
            parts,
            directories: result_directories(),
        }
    }
}
