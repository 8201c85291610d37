//! Which files of the workspace each unit can read: the graph's units as a
//! request to the scanner, and its answer as lists.

use super::Error;
use super::settings::{WorkspaceSettings, read_json};
use super::tree::Tree;
use crate::depinfo::{self, Cfg, Scan, UnitKind};
use crate::graph::model::{Graph, Location, Mode, Package, SrcPath, TargetKind};
use crate::graph::rules::linkage::Linkage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A scan, and which unit of the graph each of its lists is for.
#[derive(Debug)]
pub struct Scanned {
    /// What was asked.
    pub request: depinfo::Request,
    /// The lists.
    pub scan: Scan,
    /// For each list, the index of its unit in the graph.
    pub units: Vec<usize>,
}

/// For each unit of a graph, files relative to the source tree, sorted.
pub type Lists = Vec<Vec<String>>;

/// For each unit of the graph, the files of the source tree that it can read,
/// relative to it and sorted; empty for units of third-party packages.
///
/// # Errors
///
/// If a file cannot be read, or a link leads out of the tree.
pub fn of_units(graph: &Graph, workspace: &WorkspaceSettings) -> Result<Lists, Error> {
    match &workspace.lists {
        Some(lists) => read_json(lists),
        None => lists(graph, &workspace.src, &workspace.extra_sources),
    }
}

/// Copies the files that any unit can read to the new directory `to`, and gives
/// the lists: what the plan of the workspace layer needs to see of the sources.
/// An edit of any other file ends here.
///
/// # Errors
///
/// If a file cannot be read or written, or a link leads out of the tree.
pub fn select(
    graph: &Graph,
    src: &Path,
    extra: &BTreeMap<String, Vec<String>>,
    to: &Path,
) -> Result<Lists, Error> {
    let lists = lists(graph, src, extra)?;
    let files: BTreeSet<&str> = lists.iter().flatten().map(String::as_str).collect();
    Tree::of(src, files)?.copy(src, to)?;
    Ok(lists)
}

fn lists(graph: &Graph, src: &Path, extra: &BTreeMap<String, Vec<String>>) -> Result<Lists, Error> {
    let scanned = scan(graph, src, extra)?;
    let mut files = vec![Vec::new(); graph.units.len()];
    for (unit, list) in scanned.units.into_iter().zip(scanned.scan.units) {
        files[unit] = list.files.into_keys().collect();
    }
    Ok(files)
}

/// Scans the path packages of a graph, whose sources lie below `root`.
///
/// `extra` holds globs relative to the package, by package name, besides those
/// of `[package.metadata.dyndrv] extra-sources`.
///
/// # Errors
///
/// If a file cannot be read, or a link leads out of the tree.
pub fn scan(
    graph: &Graph,
    root: &Path,
    extra: &BTreeMap<String, Vec<String>>,
) -> Result<Scanned, Error> {
    let linkage = Linkage::new(graph);
    let mut request = depinfo::Request {
        root: root.to_owned(),
        workspace: graph.workspace_root.clone(),
        ..depinfo::Request::default()
    };
    let mut units = Vec::new();
    let mut packages: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, unit) in graph.units.iter().enumerate() {
        let Location::Tree(dir) = &graph.packages[unit.package].location else {
            continue;
        };
        let package = *packages.entry(unit.package).or_insert_with(|| {
            let package = scanned_package(&graph.packages[unit.package], dir);
            request.packages.push(package);
            request.packages.len() - 1
        });
        let own = &graph.packages[unit.package];
        let globs = extra.get(&own.name).into_iter().flatten();
        request.units.push(depinfo::Unit {
            package,
            name: graph.target(index).name.clone(),
            crate_root: source(dir, &graph.target(index).src),
            kind: kind(graph, index),
            cfg: cfg(graph, index),
            macro_packages: macro_packages(&linkage, index),
            extra_sources: globs.map(|glob| below(dir, glob)).collect(),
        });
        units.push(index);
    }
    for (&package, &scanned) in &packages {
        let linked = linked_into_script(&linkage, package);
        let (own, others): (Vec<_>, Vec<_>) = linked
            .into_iter()
            .map(|unit| (unit, packages.get(&graph.units[unit].package)))
            // What a procedural macro writes cannot be read here.
            .partition(|&(unit, own)| own.is_some() && !graph.target(unit).proc_macro);
        let package = &mut request.packages[scanned];
        package.build_packages = own
            .into_iter()
            .filter_map(|(_, own)| own.copied())
            .collect();
        let name = |(unit, _): (usize, _)| graph.package(unit).name.clone();
        package.build_dependencies = others.into_iter().map(name).collect();
    }
    let scan = depinfo::scan(&request)?;
    Ok(Scanned {
        request,
        scan,
        units,
    })
}

fn scanned_package(package: &Package, dir: &str) -> depinfo::Package {
    let mut targets = package.targets.iter();
    let script = targets.find(|target| target.kind == TargetKind::CustomBuild);
    depinfo::Package {
        name: package.name.clone(),
        version: package.version.to_string(),
        dir: dir.to_owned(),
        extra_sources: extra_sources(package),
        build_script: script.map(|target| source(dir, &target.src)),
        ..depinfo::Package::default()
    }
}

/// The units of all libraries that are linked into a package's build script.
fn linked_into_script(linkage: &Linkage<'_>, package: usize) -> BTreeSet<usize> {
    let graph = linkage.graph();
    (0..graph.units.len())
        .filter(|&unit| graph.units[unit].package == package)
        .filter(|&unit| graph.target(unit).kind == TargetKind::CustomBuild)
        .filter(|&unit| graph.units[unit].mode == Mode::Build)
        .flat_map(|unit| linkage.visible(unit))
        .map(|library| library.unit)
        .collect()
}

/// `[package.metadata.dyndrv] extra-sources`.
fn extra_sources(package: &Package) -> Vec<String> {
    let globs = package.settings.get("extra-sources");
    let globs = globs.and_then(|value| value.as_array());
    globs
        .into_iter()
        .flatten()
        .filter_map(|glob| glob.as_str().map(str::to_owned))
        .collect()
}

fn source(dir: &str, src: &SrcPath) -> String {
    match src {
        SrcPath::Package(path) => below(dir, path),
        SrcPath::Tree(path) => path.clone(),
        // No unit has such a target; the scanner reports it if one did.
        SrcPath::Outside => String::new(),
    }
}

/// A path of a package, relative to the source root.
fn below(dir: &str, path: &str) -> String {
    if dir.is_empty() {
        path.to_owned()
    } else {
        format!("{dir}/{path}")
    }
}

fn kind(graph: &Graph, unit: usize) -> UnitKind {
    match graph.target(unit).kind {
        TargetKind::CustomBuild if graph.units[unit].mode == Mode::RunCustomBuild => {
            UnitKind::RunBuildScript
        }
        TargetKind::CustomBuild => UnitKind::BuildScript,
        TargetKind::Lib => UnitKind::Lib,
        TargetKind::Bin => UnitKind::Bin,
        TargetKind::Example => UnitKind::Example,
        TargetKind::Test => UnitKind::Test,
        TargetKind::Bench => UnitKind::Bench,
    }
}

/// What rustc will set for the unit: what it prints for the platform, and what
/// follows from the profile, the mode and the features.
fn cfg(graph: &Graph, index: usize) -> Cfg {
    let unit = &graph.units[index];
    let panic = format!("panic=\"{}\"", unit.profile.panic);
    let lines: Vec<&str> = graph
        .platform(index)
        .cfg
        .iter()
        .map(String::as_str)
        .filter(|line| !line.starts_with("panic="))
        .chain([panic.as_str()])
        .collect();
    let mut cfg = Cfg::from_rustc(&lines.join("\n"));
    cfg = if unit.profile.debug_assertions {
        cfg.with_flag("debug_assertions")
    } else {
        cfg.without_flag("debug_assertions")
    };
    match unit.mode {
        Mode::Test => cfg = cfg.with_flag("test"),
        Mode::Doctest => cfg = cfg.with_flag("doctest"),
        _ => {}
    }
    if graph.target(index).proc_macro {
        cfg = cfg.with_flag("proc_macro");
    }
    unit.features
        .iter()
        .fold(cfg, |cfg, feature| cfg.with_feature(feature))
}

/// The packages that run inside the compiler of a unit.
fn macro_packages(linkage: &Linkage<'_>, unit: usize) -> BTreeSet<String> {
    let graph = linkage.graph();
    let mut names = BTreeSet::new();
    for library in linkage.visible(unit) {
        if graph.target(library.unit).proc_macro {
            names.insert(graph.package(library.unit).name.clone());
            names.extend(visible_packages(linkage, library.unit));
        }
    }
    names
}

fn visible_packages(linkage: &Linkage<'_>, unit: usize) -> BTreeSet<String> {
    let graph = linkage.graph();
    linkage
        .visible(unit)
        .into_iter()
        .map(|library| graph.package(library.unit).name.clone())
        .collect()
}
