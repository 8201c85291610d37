//! What a unit needs of other units.
//!
//! # Files
//!
//! | the unit | sees of each library in its closure |
//! |---|---|
//! | yields an rlib only | the rmeta; of a library that has none, its rlib or so |
//! | anything else | the rlib, the so of a dylib, or both |
//! | either | the so of each procedural macro, and nothing of what is behind it |
//! | a check | the rmeta |
//!
//! The closure runs through dependencies that `extern crate` can name. A direct dependency is also
//! named by `--extern`, in the order of the graph; if several of
//! its files are linkable, each of them.
//!
//! # Build scripts
//!
//! The runs that count for a unit, in this order: its own package's; then,
//! for each dependency in the order of its package (name, version, source),
//! that dependency's own list. Dependencies that are for the host, or that
//! `extern crate` cannot name, are passed over. The first mention counts.
//!
//! | of a run | reaches the unit if |
//! |---|---|
//! | search paths `-L` | always, those below its `OUT_DIR` before all others |
//! | `-l` | it is of the same package, and the unit is a library or the package has none |
//! | linker arguments of kind `cdylib` | the unit is a cdylib and no test |
//! | linker arguments of other kinds | it is of the same package and the kind fits the target |
//! | `--cfg`, `--check-cfg`, variables, `OUT_DIR` | it is the unit's own |
//! | metadata `DEP_…` | the unit is a run that depends on this run |
//!
//! A unit that yields an rlib only does not link, so that search paths of other packages
//! have no effect on it: see [`Linkage::effective_scripts`].

use super::products::{ProductKind, products, upstream_objects};
use crate::graph::model::{Graph, Mode, TargetKind};
use std::collections::BTreeSet;

/// A file of another unit that a unit can see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visible {
    /// The unit whose file it is.
    pub unit: usize,
    /// Its name as rustc makes it.
    pub file: String,
    /// What it is.
    pub kind: ProductKind,
}

/// A build-script run that counts for a unit, and what of it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptUse {
    /// The run.
    pub run: usize,
    /// Whether it is the unit's own run, whose cfgs and variables count.
    pub own: bool,
    /// Whether `-l` is passed on.
    pub libs: bool,
    /// The kinds of linker arguments that are passed on: `all`, `cdylib`,
    /// `bins`, `bin:NAME`, `tests`, `benches`, `examples`.
    pub link_args: Vec<String>,
}

/// The program of the same package that a test or benchmark can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    /// The program's name; the variable is `CARGO_BIN_EXE_` and this.
    pub name: String,
    /// The unit that builds it; cargo sets the variable even if none does.
    pub unit: Option<usize>,
}

/// The propagation of build scripts through a graph.
#[derive(Debug)]
pub struct Linkage<'a> {
    graph: &'a Graph,
    /// By unit: the runs that count for it, in order.
    to_link: Vec<Vec<usize>>,
}

impl<'a> Linkage<'a> {
    /// Computes what can be shared between units.
    pub fn new(graph: &'a Graph) -> Self {
        let mut to_link: Vec<Vec<usize>> = Vec::with_capacity(graph.units.len());
        for unit in 0..graph.units.len() {
            let list = propagate(graph, &to_link, unit);
            to_link.push(list);
        }
        Self { graph, to_link }
    }

    /// The graph.
    pub fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// The build-script runs that count for a unit, as cargo has them.
    pub fn scripts(&self, unit: usize) -> Vec<ScriptUse> {
        let graph = self.graph;
        let package = graph.units[unit].package;
        let own = graph.own_run(unit);
        let libs =
            graph.target(unit).kind == TargetKind::Lib || graph.package(unit).lib().is_none();
        self.to_link[unit]
            .iter()
            .map(|&run| {
                let same = graph.units[run].package == package;
                ScriptUse {
                    run,
                    own: Some(run) == own,
                    libs: same && libs,
                    link_args: link_arg_kinds(graph, unit, same),
                }
            })
            .collect()
    }

    /// The build-script runs without which a unit would come out different:
    /// of a unit that only yields an rlib, those of its own package.
    pub fn effective_scripts(&self, unit: usize) -> Vec<ScriptUse> {
        let mut scripts = self.scripts(unit);
        if !upstream_objects(self.graph, unit) {
            let package = self.graph.units[unit].package;
            scripts.retain(|script| self.graph.units[script.run].package == package);
        }
        scripts
    }

    /// The files of other units that must lie in a unit's dependency
    /// directory, sorted by unit.
    pub fn visible(&self, unit: usize) -> Vec<Visible> {
        let graph = self.graph;
        let mut seen = BTreeSet::new();
        let mut queue = linkable_dependencies(graph, unit);
        let mut files = Vec::new();
        while let Some(next) = queue.pop() {
            if !seen.insert(next) {
                continue;
            }
            files.extend(needed_files(graph, unit, next));
            if !graph.target(next).proc_macro {
                queue.extend(linkable_dependencies(graph, next));
            }
        }
        files.sort();
        files
    }

    /// The `--extern` options of a unit, as name and file, in cargo's order.
    pub fn externs(&self, unit: usize) -> Vec<(&'a crate::graph::model::Dependency, Visible)> {
        let graph = self.graph;
        graph.units[unit]
            .dependencies
            .iter()
            .filter(|dependency| is_linkable(graph, dependency.unit))
            .flat_map(|dependency| {
                needed_files(graph, unit, dependency.unit)
                    .into_iter()
                    .flat_map(move |file| {
                        let count = mentions(graph, &file);
                        std::iter::repeat_n((dependency, file), count)
                    })
            })
            .collect()
    }

    /// The runs whose metadata a run sees as `DEP_<links>_…`, with their `links`.
    pub fn dep_metadata(&self, run: usize) -> Vec<(usize, &'a str)> {
        let graph = self.graph;
        graph.units[run]
            .dependencies
            .iter()
            .map(|dependency| dependency.unit)
            .filter(|&unit| graph.units[unit].mode == Mode::RunCustomBuild)
            .filter_map(|unit| Some((unit, graph.package(unit).links.as_deref()?)))
            .collect()
    }

    /// The programs that a test or benchmark finds in `CARGO_BIN_EXE_…`.
    pub fn executables(&self, unit: usize) -> Vec<Executable> {
        let graph = self.graph;
        if !matches!(
            graph.target(unit).kind,
            TargetKind::Test | TargetKind::Bench
        ) {
            return Vec::new();
        }
        let package = graph.package(unit);
        package
            .targets
            .iter()
            .filter(|target| target.kind == TargetKind::Bin)
            .map(|target| Executable {
                name: target.name.clone(),
                unit: graph.units[unit]
                    .dependencies
                    .iter()
                    .map(|d| d.unit)
                    .find(|&dependency| {
                        graph.units[dependency].mode == Mode::Build
                            && graph.units[dependency].package == graph.units[unit].package
                            && graph.target(dependency) == target
                    }),
            })
            .collect()
    }
}

fn propagate(graph: &Graph, done: &[Vec<usize>], unit: usize) -> Vec<usize> {
    let mut list = Vec::new();
    list.extend(graph.own_run(unit));
    let mut dependencies: Vec<usize> = graph.units[unit]
        .dependencies
        .iter()
        .map(|dependency| dependency.unit)
        .collect();
    // Packages are sorted as cargo sorts them; the sort is stable, as cargo's is.
    dependencies.sort_by_key(|&dependency| graph.units[dependency].package);
    for dependency in dependencies {
        let target = graph.target(dependency);
        if target.for_host() || !target.is_linkable() {
            continue;
        }
        for &run in &done[dependency] {
            if !list.contains(&run) {
                list.push(run);
            }
        }
    }
    list
}

fn link_arg_kinds(graph: &Graph, unit: usize, same_package: bool) -> Vec<String> {
    let target = graph.target(unit);
    let test = graph.units[unit].mode == Mode::Test;
    let mut kinds = Vec::new();
    if target.kind == TargetKind::Lib && target.has_crate_type("cdylib") && !test {
        kinds.push("cdylib".to_owned());
    }
    if !same_package {
        return kinds;
    }
    kinds.push("all".to_owned());
    match target.kind {
        TargetKind::Bin => kinds.extend(["bins".to_owned(), format!("bin:{}", target.name)]),
        TargetKind::Test => kinds.push("tests".to_owned()),
        TargetKind::Bench => kinds.push("benches".to_owned()),
        TargetKind::Example if target.is_example_bin() => kinds.push("examples".to_owned()),
        _ => {}
    }
    kinds
}

fn is_linkable(graph: &Graph, unit: usize) -> bool {
    graph.units[unit].mode != Mode::RunCustomBuild && graph.target(unit).is_linkable()
}

fn linkable_dependencies(graph: &Graph, unit: usize) -> Vec<usize> {
    graph.units[unit]
        .dependencies
        .iter()
        .map(|dependency| dependency.unit)
        .filter(|&dependency| is_linkable(graph, dependency))
        .collect()
}

/// The files of `dependency`, direct or not, that `unit` needs.
fn needed_files(graph: &Graph, unit: usize, dependency: usize) -> Vec<Visible> {
    let metadata_only = graph.units[dependency].mode == Mode::Check
        || graph.units[unit].mode == Mode::Build
            && !upstream_objects(graph, unit)
            && !upstream_objects(graph, dependency)
            && graph.units[dependency].mode == Mode::Build;
    products(graph, dependency)
        .into_iter()
        .filter(|product| {
            if metadata_only {
                product.kind == ProductKind::Rmeta
            } else {
                product.kind.is_linkable()
            }
        })
        .map(|product| Visible {
            unit: dependency,
            file: product.file,
            kind: product.kind,
        })
        .collect()
}

/// How often cargo names a file: an rlib once for each crate type that it comes from.
fn mentions(graph: &Graph, file: &Visible) -> usize {
    let types = &graph.target(file.unit).crate_types;
    match file.kind {
        ProductKind::Rlib => types
            .iter()
            .filter(|t| matches!(t.as_str(), "lib" | "rlib"))
            .count(),
        _ => 1,
    }
}
