//! Which files of the workspace each unit can read: the graph's units as a
//! request to the scanner, and the scan as lists.

use super::asked_variables::Names;
use super::emitter::Index;
use super::settings::{Settings, WorkspaceSettings, read_json};
use super::{Error, asked_variables, configuration};
use crate::depinfo::{self, Cfg, ConfiguredVariable, Scan, UnitKind};
use crate::graph::model::{
    Graph, Identity, Location, Mode, Package, PackageId, SrcPath, TargetKind, UnitId, UnitRef,
};
use crate::graph::rules::linkage::Linkage;
use crate::source_root::SourceRoot;
use std::collections::{BTreeMap, BTreeSet};

/// A scan, and which unit of the graph each of its lists is for.
#[derive(Debug)]
pub struct Scanned {
    /// The request.
    pub request: depinfo::Request,
    /// The lists.
    pub scan: Scan,
    /// The unit of each list.
    pub units: Vec<UnitId>,
}

/// The files of the source tree that units can read, relative to it and sorted: of each unit of a
/// path package, and of third-party units for which cargo's configuration names some.
pub type Lists = BTreeMap<Identity, Vec<String>>;

/// The files of one unit.
///
/// # Errors
///
/// If the lists are of another graph.
pub fn of_unit<'a>(lists: &'a Lists, unit: UnitRef<'_>) -> Result<&'a [String], Error> {
    let list = lists.get(&unit.identity()).map(Vec::as_slice);
    list.ok_or_else(|| Error::NotListed {
        unit: unit.to_string(),
    })
}

/// The files of the source tree that each unit of the graph can read.
///
/// # Errors
///
/// If a file cannot be read, or a link leads out of the tree.
pub fn of_units(
    graph: &Graph,
    settings: &Settings,
    workspace: &WorkspaceSettings,
) -> Result<Lists, Error> {
    let asks = asks(graph, workspace)?;
    let additions = Additions::of(settings, workspace);
    lists(graph, &workspace.src, &asks, &additions)
}

/// The variables that vendored packages name, if there are any that could matter.
fn asks(graph: &Graph, workspace: &WorkspaceSettings) -> Result<Names, Error> {
    if !asked_variables::exist(graph) {
        return Ok(Names::new());
    }
    let index: Index = read_json(&workspace.index)?;
    Ok(index.asks)
}

/// The files of the source tree `src` that each unit of the graph can read.
///
/// `asks` tells which variables of the configuration vendored packages name.
///
/// # Errors
///
/// If a file cannot be read, or a link leads out of the tree.
pub fn lists(
    graph: &Graph,
    src: &SourceRoot,
    asks: &Names,
    additions: &Additions,
) -> Result<Lists, Error> {
    lists_of(graph, asks, scan(graph, src, additions)?)
}

/// The user's additions to cargo's graph.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// Globs relative to the package, by its name, besides those of
    /// `[package.metadata.dyndrv] extra-sources`.
    pub extra_sources: BTreeMap<String, Vec<String>>,
    /// Arguments for rustc, by `<name>-<version>` of the crate; `--cfg` among them counts.
    pub rustc_args: BTreeMap<String, Vec<String>>,
}

impl Additions {
    fn of(settings: &Settings, workspace: &WorkspaceSettings) -> Self {
        let args = settings.crate_env.iter();
        let args = args.map(|(name, env)| (name.clone(), env.rustc_args.clone()));
        Self {
            extra_sources: workspace.extra_sources.clone(),
            rustc_args: args.collect(),
        }
    }

    /// The `--cfg`s for a unit.
    fn cfgs(&self, unit: UnitRef<'_>) -> Vec<&str> {
        let package = unit.package();
        let name = format!("{}-{}", package.name, package.version);
        let args = self.rustc_args.get(&name).map_or(&[][..], Vec::as_slice);
        let apart = args.windows(2).filter(|pair| pair[0] == "--cfg");
        let together = args.iter().filter_map(|arg| arg.strip_prefix("--cfg="));
        apart.map(|pair| pair[1].as_str()).chain(together).collect()
    }
}

/// A tool other than the compiler that reads the sources of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analyser {
    /// clippy, which sets `cfg(clippy)`.
    Clippy,
    /// rustdoc, which sets `cfg(doc)`.
    Rustdoc,
    /// rustfmt, which follows modules whatever their cfg.
    Rustfmt,
}

/// The files of the source tree that a tool other than rustc reads of each unit of the graph.
///
/// # Errors
///
/// If a file cannot be read, or a link leads out of the tree.
pub fn of_analyser(
    graph: &Graph,
    settings: &Settings,
    workspace: &WorkspaceSettings,
    analyser: Analyser,
) -> Result<Lists, Error> {
    let scanned = scan_for(
        graph,
        &workspace.src,
        &Additions::of(settings, workspace),
        |unit| match analyser {
            Analyser::Clippy => cfg(unit).with_flag("clippy"),
            Analyser::Rustdoc => cfg(unit).with_flag("doc"),
            Analyser::Rustfmt => Cfg::unknown(),
        },
    )?;
    lists_of(graph, &asks(graph, workspace)?, scanned)
}

/// The lists of a scan, with the files that cargo's configuration names.
fn lists_of(graph: &Graph, asks: &Names, scanned: Scanned) -> Result<Lists, Error> {
    let asked = asked_variables::of(graph, asks);
    let tree = depinfo::SourceTree::new(scanned.request.root);
    let mut scanned: BTreeMap<UnitId, Vec<String>> = scanned
        .units
        .into_iter()
        .zip(scanned.scan.units)
        .map(|(unit, list)| (unit, list.files.into_keys().collect()))
        .collect();
    let mut lists = Lists::new();
    for unit in graph.units() {
        let own = scanned.remove(&unit.id());
        let variables = asked.get(&unit.id()).map_or(&[][..], Vec::as_slice);
        let mut named = configuration::files_of(unit, &tree)?;
        named.extend(configuration::files_of_variables(unit, variables, &tree)?);
        if own.is_some() || !named.is_empty() {
            let all: BTreeSet<String> = own.into_iter().flatten().chain(named).collect();
            lists.insert(unit.identity(), all.into_iter().collect());
        }
    }
    Ok(lists)
}

/// Scans the path packages of a graph, whose sources lie below `root`.
///
/// # Errors
///
/// If a file cannot be read, or a link leads out of the tree.
pub fn scan(graph: &Graph, root: &SourceRoot, additions: &Additions) -> Result<Scanned, Error> {
    scan_for(graph, root, additions, cfg)
}

fn scan_for(
    graph: &Graph,
    root: &SourceRoot,
    additions: &Additions,
    cfg: impl Fn(UnitRef<'_>) -> Cfg,
) -> Result<Scanned, Error> {
    let linkage = Linkage::new(graph);
    let mut request = depinfo::Request {
        root: root.clone(),
        workspace: graph.workspace_root.clone(),
        variables: variables(graph),
        ..depinfo::Request::default()
    };
    let mut units = Vec::new();
    let mut packages: BTreeMap<PackageId, usize> = BTreeMap::new();
    for unit in graph.units() {
        let own = unit.package();
        let Location::Tree(dir) = &own.location else {
            continue;
        };
        let package = *packages.entry(unit.package).or_insert_with(|| {
            let package = scanned_package(own, dir);
            request.packages.push(package);
            request.packages.len() - 1
        });
        let globs = additions.extra_sources.get(&own.name).into_iter().flatten();
        let mut cfg = cfg(unit);
        for added in additions.cfgs(unit) {
            cfg.insert(added);
        }
        request.units.push(depinfo::Unit {
            package,
            name: unit.target().name.clone(),
            crate_root: source(dir, &unit.target().src),
            kind: kind(unit),
            cfg,
            macro_packages: macro_packages(&linkage, unit),
            extra_sources: globs.cloned().collect(),
        });
        units.push(unit.id());
    }
    for (&package, &scanned) in &packages {
        let linked = linked_into_script(&linkage, package);
        let (own, others): (Vec<_>, Vec<_>) = linked
            .into_iter()
            .map(|unit| (unit, packages.get(&unit.package)))
            // What a procedural macro writes cannot be read here.
            .partition(|&(unit, own)| own.is_some() && !unit.target().proc_macro);
        let package = &mut request.packages[scanned];
        package.build_packages = own
            .into_iter()
            .filter_map(|(_, own)| own.copied())
            .collect();
        let name = |(unit, _): (UnitRef<'_>, _)| {
            let package = unit.package();
            (package.name.clone(), package.version.clone())
        };
        package.build_dependencies = others.into_iter().map(name).collect();
    }
    let scan = depinfo::scan(&request)?;
    Ok(Scanned {
        request,
        scan,
        units,
    })
}

/// The `[env]` table of the configuration.
fn variables(graph: &Graph) -> BTreeMap<String, ConfiguredVariable> {
    let variables = graph.config_env.iter().map(|variable| {
        let configured = ConfiguredVariable {
            value: variable.value.clone(),
            relative_to: variable.relative_to.clone(),
        };
        (variable.name.clone(), configured)
    });
    variables.collect()
}

fn scanned_package(package: &Package, dir: &str) -> depinfo::Package {
    let mut targets = package.targets.iter();
    let script = targets.find(|target| target.kind == TargetKind::CustomBuild);
    depinfo::Package {
        name: package.name.clone(),
        version: package.version.to_string(),
        dir: dir.to_owned(),
        extra_sources: package.metadata.extra_sources.clone(),
        build_script_sources: package.metadata.build_script_sources.clone(),
        build_script: script.map(|target| source(dir, &target.src)),
        ..depinfo::Package::default()
    }
}

/// The units of all libraries that are linked into a package's build script.
fn linked_into_script<'a>(linkage: &Linkage<'a>, package: PackageId) -> BTreeSet<UnitRef<'a>> {
    let units = linkage.graph().units();
    units
        .filter(|unit| unit.package == package)
        .filter(|unit| unit.target().kind == TargetKind::CustomBuild)
        .filter(|unit| unit.mode == Mode::Build)
        .flat_map(|unit| linkage.libraries(unit))
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
pub fn below(dir: &str, path: &str) -> String {
    if dir.is_empty() {
        path.to_owned()
    } else {
        format!("{dir}/{path}")
    }
}

fn kind(unit: UnitRef<'_>) -> UnitKind {
    match unit.target().kind {
        TargetKind::CustomBuild if unit.mode == Mode::RunCustomBuild => UnitKind::RunBuildScript,
        TargetKind::CustomBuild => UnitKind::BuildScript,
        TargetKind::Lib => UnitKind::Lib,
        TargetKind::Bin => UnitKind::Bin,
        TargetKind::Example => UnitKind::Example,
        TargetKind::Test => UnitKind::Test,
        TargetKind::Bench => UnitKind::Bench,
    }
}

/// The cfgs that rustc will set for the unit: those that it prints for the platform, and what
/// follows from the profile, the mode and the features.
fn cfg(unit: UnitRef<'_>) -> Cfg {
    let panic = format!("panic=\"{}\"", unit.profile.panic);
    let lines: Vec<&str> = unit
        .platform()
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
        Mode::Test | Mode::CheckTest => cfg = cfg.with_flag("test"),
        // rustdoc sets both for the library whose documentation it tests.
        Mode::Doctest => cfg = cfg.with_flag("doctest").with_flag("doc"),
        _ => {}
    }
    if unit.target().proc_macro {
        cfg = cfg.with_flag("proc_macro");
    }
    unit.features
        .iter()
        .fold(cfg, |cfg, feature| cfg.with_feature(feature))
}

/// The packages that run inside the compiler of a unit.
fn macro_packages<'a>(linkage: &Linkage<'a>, unit: UnitRef<'a>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for library in linkage.libraries(unit) {
        if library.target().proc_macro {
            let linked = linkage.libraries(library).into_iter().chain([library]);
            names.extend(linked.map(|unit| unit.package().name.clone()));
        }
    }
    names
}
