//! The files for a test that may start cargo: of a package whose code does somewhere, or an
//! example in its documentation.
//!
//! | file | content |
//! |---|---|
//! | of the test's package | its own |
//! | what libraries and build scripts read, of packages of the workspace that it depends on | its own |
//! | `Cargo.toml` anywhere in the workspace, the lock file, `.cargo` of the workspace and above | its own |
//! | `rustfmt.toml` and `clippy.toml` anywhere in the workspace | its own |
//! | other Rust files of the workspace | its own, if a string of the package's code has a word for the whole workspace, such as `fmt` or `--all`; else empty: cargo wants the files of all targets to exist |
//!
//! The locked packages are those of the vendor directory, by cargo's configuration in the home
//! directory. An edit of any of these files runs such a test again.

use super::directories::Directories;
use crate::depinfo::CargoUse;
use crate::graph::model::{Graph, Location, PackageId, UnitId};
use crate::plan::Error;
use crate::plan::files::{self, Lists, below};
use std::collections::BTreeSet;

/// The name of cargo's manifests.
const MANIFEST: &str = "Cargo.toml";
/// The configuration of tools that cargo starts.
const TOOLS: [&str; 4] = [
    "rustfmt.toml",
    ".rustfmt.toml",
    "clippy.toml",
    ".clippy.toml",
];
/// The name of cargo's lock file.
pub const LOCK: &str = "Cargo.lock";

/// The files for cargo, relative to the source root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CargoFiles {
    /// Those with their own content.
    pub data: BTreeSet<String>,
    /// Those that are empty, unless something else gives them their content.
    pub stand_ins: BTreeSet<String>,
}

/// The files for a package's tests, where they use cargo in this way.
///
/// # Errors
///
/// If a directory cannot be read.
pub fn of_package(
    graph: &Graph,
    package: PackageId,
    lists: &Lists,
    directories: &Directories,
    cargo: CargoUse,
) -> Result<CargoFiles, Error> {
    let tree = &directories.tree;
    let mut found = CargoFiles::default();
    found.data.extend(directories.all_files(package)?);
    for unit in needed_units(graph, package) {
        let unit = graph.unit(unit);
        if matches!(unit.package().location, Location::Tree(_)) {
            found
                .data
                .extend(files::of_unit(lists, unit)?.iter().cloned());
        }
    }
    let root = graph.workspace_root.as_str();
    for file in tree.contents(root, |_| false)?.entries.into_keys() {
        let name = file.rsplit('/').next().unwrap_or_default();
        let is_code = name.ends_with(".rs");
        let of_workspace = is_code && cargo == CargoUse::OverWorkspace;
        if name == MANIFEST || TOOLS.contains(&name) || of_workspace {
            found.data.insert(file);
        } else if is_code {
            found.stand_ins.insert(file);
        }
    }
    let lock = below(root, LOCK);
    if tree.find_file("", &lock)?.is_some() {
        found.data.insert(lock);
    }
    let mut directory = Some(root);
    while let Some(above) = directory {
        let configuration = tree.contents(&below(above, ".cargo"), |_| false)?;
        found.data.extend(configuration.entries.into_keys());
        directory = match above {
            "" => None,
            above => Some(above.rsplit_once('/').map_or("", |(parent, _)| parent)),
        };
    }
    Ok(found)
}

/// The units that a package's units need, directly or not, its own among them.
fn needed_units(graph: &Graph, package: PackageId) -> BTreeSet<UnitId> {
    let own = graph.units().filter(|unit| unit.package == package);
    let mut open: Vec<UnitId> = own.map(|unit| unit.id()).collect();
    let mut needed = BTreeSet::new();
    while let Some(unit) = open.pop() {
        if needed.insert(unit) {
            open.extend(graph.unit(unit).needs().map(|unit| unit.id()));
        }
    }
    needed
}
