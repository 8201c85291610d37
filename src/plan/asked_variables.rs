//! Variables of cargo's configuration that lead to files, and the units whose third-party code
//! asks for them.
//!
//! | unit | asks for a variable if its name stands in the Rust code of |
//! |---|---|
//! | a compilation | its package, its procedural macros, and what is linked into these |
//! | the run of a build script | its package, and what is linked into the script |
//!
//! Of these packages the third-party ones count, whose code the plan of the third-party layer
//! reads for both layers; the code of the others is scanned (`depinfo`),
//! with the variables' values. A variable counts if it has `relative = true`: only such a value
//! leads into the source tree wherever that is.

use super::Error;
use super::sources::Vendored;
use crate::graph::model::{
    ConfigEnv, Graph, Location, Mode, PackageId, TargetKind, UnitId, UnitRef,
};
use crate::graph::rules::linkage::Linkage;
use dyndrv_builder::sandbox::archive;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The names of variables that stand in the code of vendored packages, by their entries.
pub type Names = BTreeMap<String, BTreeSet<String>>;

/// The variables that each unit's third-party code asks for.
pub type AskedVariables<'g> = BTreeMap<UnitId, Vec<&'g ConfigEnv>>;

/// Whether there is a variable that could be asked for.
pub fn exist(graph: &Graph) -> bool {
    graph.config_env.iter().any(leads_to_files)
}

/// Reads the code of the vendored packages, if there is a variable that they could ask for.
///
/// # Errors
///
/// If a file of a package cannot be read.
pub fn names(graph: &Graph, vendored: &Vendored) -> Result<Names, Error> {
    let variables = graph.config_env.iter().filter(|v| leads_to_files(v));
    let variables: Vec<&str> = variables.map(|v| v.name.as_str()).collect();
    let mut names = Names::new();
    if variables.is_empty() {
        return Ok(names);
    }
    for (entry, directory) in &vendored.packages {
        let named = named_in(Path::new(directory), &variables)?;
        if !named.is_empty() {
            names.insert(entry.clone(), named);
        }
    }
    Ok(names)
}

/// The variables that each unit of a graph asks for.
pub fn of<'g>(graph: &'g Graph, names: &Names) -> AskedVariables<'g> {
    let mut asked = AskedVariables::new();
    if names.is_empty() {
        return asked;
    }
    let by_package: BTreeMap<PackageId, &BTreeSet<String>> = graph
        .packages()
        .filter_map(|(id, package)| match &package.location {
            Location::Vendor(entry) => Some((id, names.get(entry)?)),
            Location::Tree(_) => None,
        })
        .collect();
    let linkage = Linkage::new(graph);
    for unit in graph.units() {
        let packages = asking_packages(&linkage, unit);
        let named: BTreeSet<&String> = packages
            .iter()
            .filter_map(|package| by_package.get(package))
            .copied()
            .flatten()
            .collect();
        let variables = graph.config_env.iter().filter(|v| leads_to_files(v));
        let variables: Vec<&ConfigEnv> = variables.filter(|v| named.contains(&v.name)).collect();
        if !variables.is_empty() {
            asked.insert(unit.id(), variables);
        }
    }
    asked
}

fn leads_to_files(variable: &ConfigEnv) -> bool {
    variable.relative_to.is_some()
}

/// The packages whose code runs in a unit's process, or is compiled there as its own.
fn asking_packages(linkage: &Linkage<'_>, unit: UnitRef<'_>) -> BTreeSet<PackageId> {
    let mut packages = BTreeSet::from([unit.package]);
    if unit.mode == Mode::RunCustomBuild {
        let script = unit.needs().filter(|needed| {
            needed.package == unit.package
                && needed.mode == Mode::Build
                && needed.target().kind == TargetKind::CustomBuild
        });
        let linked = script.flat_map(|script| linkage.libraries(script));
        packages.extend(linked.map(|library| library.package));
        return packages;
    }
    for library in linkage.libraries(unit) {
        if library.target().proc_macro {
            packages.insert(library.package);
            let linked = linkage.libraries(library).into_iter();
            packages.extend(linked.map(|library| library.package));
        }
    }
    packages
}

/// Those of the variables whose names stand in the Rust code of a package, an archive or a directory.
fn named_in(package: &Path, variables: &[&str]) -> Result<BTreeSet<String>, Error> {
    let mut named = BTreeSet::new();
    let mut search = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let found = variables.iter().filter(|name| text.contains(**name));
        named.extend(found.map(|name| (*name).to_owned()));
    };
    if package.is_file() {
        archive::read_code(package, search)?;
        return Ok(named);
    }
    let mut todo: Vec<PathBuf> = vec![package.to_owned()];
    while let Some(directory) = todo.pop() {
        let entries = fs::read_dir(&directory).map_err(Error::io("reading", &directory))?;
        for entry in entries {
            let entry = entry.map_err(Error::io("reading", &directory))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(Error::io("reading", &path))?;
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            if kind.is_dir() {
                todo.push(path);
            } else if is_rust && path.is_file() {
                search(&fs::read(&path).map_err(Error::io("reading", &path))?);
            }
        }
    }
    Ok(named)
}
