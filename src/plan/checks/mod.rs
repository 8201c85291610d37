//! The plan of the checks: the workspace's units as tests need them, and one unit
//! for each run of a test executable or of a tool.
//!
//! | check | a unit for each | its inputs besides the toolchain |
//! |---|---|---|
//! | test | test executable that `cargo test` would run | the executable, its own sources, programs it may start, data files of the package |
//! | doctest | library | its sources and data files, libraries it may name |
//! | clippy | target, and target as test | its sources under `cfg(clippy)`, metadata of dependencies, `clippy.toml` |
//! | doc | library and program | its sources under `cfg(doc)`, metadata of dependencies |
//! | fmt | package and edition | its Rust files and those that its modules lead to, `rustfmt.toml` |
//!
//! The program that runs them, the checker, is an input of checks alone: another one changes
//! no derivation of a unit that compiles.
//!
//! A summary for each check, and for each check and package, puts the results
//! together. The summaries are what the flake exposes; their names are known
//! without the graph: `test`, `test-<package>` and so on.

mod cargo_files;
mod data;
mod directories;
mod units;

use super::Error;
use super::emitter::{Collection, Index, Plan, Prepared};
use super::files::{self, Analyser, Lists};
use super::layers;
use super::lower::Lowering;
use super::lower::inputs::Candidates;
use super::settings::{Settings, WorkspaceSettings, read_json};
use crate::drv::StorePath;
use crate::drv::references::Objects;
use crate::graph::model::{Graph, Mode, PackageId, TargetKind, UnitId, UnitRef};
use crate::graph::rules::linkage::Linkage;
use data::PackageFiles;
use directories::Directories;
use dyndrv_checker::spec::{Part, Spec, Summary};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
pub use units::clippy_name;
use units::{Planned, Planner};

/// The kinds of checks, which are the names of the summaries.
const KINDS: [&str; 5] = ["test", "doctest", "clippy", "doc", "fmt"];

/// The user's settings of checks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChecksSettings {
    /// The store path with `bin/dyndrv-checker`.
    pub checker: String,
    /// The store path with `bin/clippy-driver`.
    pub clippy: String,
    /// The store path with `bin/rustfmt`.
    pub rustfmt: String,
    /// Packages whose summaries the flake names.
    pub packages: Vec<String>,
    /// Arguments of test executables.
    pub test_args: Vec<String>,
    /// Seconds that one test executable may run; none for no limit.
    pub test_timeout: Option<u64>,
    /// Variables for test executables.
    pub test_env: BTreeMap<String, String>,
    /// Globs of files that tests may read, relative to the package, by its name.
    pub test_data: BTreeMap<String, Vec<String>>,
    /// Arguments for clippy.
    pub clippy_args: Vec<String>,
    /// Whether clippy's and rustdoc's warnings are errors.
    pub deny_warnings: bool,
    /// Arguments for rustdoc, for documentation as for its tests.
    pub rustdoc_args: Vec<String>,
    /// Whether a failed test is a result, of this attempt, and no failure; for reports.
    pub record: Option<u64>,
}

/// The plan of the checks.
///
/// `files` holds the files of the workspace that each unit can read. `graph` has units for documentation tests.
///
/// # Errors
///
/// If a unit cannot be lowered, or a file cannot be read; the error names it.
pub fn plan(
    graph: &Graph,
    settings: &Settings,
    objects: Objects,
    workspace: &WorkspaceSettings,
    files: &Lists,
    checks: &ChecksSettings,
    emitters: Prepared,
) -> Result<Plan, Error> {
    let index: Index = read_json(&workspace.index)?;
    let mut collection = Collection::new(&workspace.src);
    let mut lowering = Lowering::new(graph, settings, &index.vendored, objects)?;
    layers::add_units(&mut collection, &mut lowering, &index, files)?;
    let mut planner = Planner {
        lowering: &lowering,
        candidates: lowering.candidates.clone(),
        workspace,
        checks,
        files,
        clippy_files: files::of_analyser(graph, settings, workspace, Analyser::Clippy)?,
        doc_files: files::of_analyser(graph, settings, workspace, Analyser::Rustdoc)?,
        fmt_files: files::of_analyser(graph, settings, workspace, Analyser::Rustfmt)?,
        data: package_files(graph, &lowering.linkage, workspace, files, checks)?,
        collection: &mut collection,
    };
    let mut done = Summaries::default();
    for root in graph.roots() {
        check_root(&mut planner, root, &mut done)?;
    }
    for unit in graph.units() {
        let script = unit.target().kind == TargetKind::CustomBuild;
        match unit.mode {
            Mode::Doctest => done.add("doctest", unit, planner.doctest(unit)?),
            Mode::Build if script && unit.package().member => {
                done.add("clippy", unit, planner.clippy(unit)?);
            }
            _ => {}
        }
    }
    let members: Vec<PackageId> = planner.data.keys().copied().collect();
    for package in members {
        for planned in planner.fmt(package)? {
            done.add_of_package("fmt", &graph[package].name, planned);
        }
    }
    let mut candidates = planner.candidates;
    done.emit(graph, &lowering, &mut candidates, checks, &mut collection)?;
    layers::finish(collection, settings, emitters)
}

/// The program that runs the checks.
fn program(checks: &ChecksSettings) -> String {
    format!("{}/bin/dyndrv-checker", checks.checker)
}

/// All checks of a unit that was asked for.
fn check_root<'a>(
    planner: &mut Planner<'_, 'a>,
    root: UnitRef<'a>,
    done: &mut Summaries,
) -> Result<(), Error> {
    let target = root.target();
    done.add("clippy", root, planner.clippy(root)?);
    match (root.mode, target.kind) {
        (Mode::Test, _) if target.test => {
            done.add("test", root, planner.test(root)?);
        }
        (Mode::Build, TargetKind::Lib) if target.doc => {
            done.add("doc", root, planner.doc(root)?);
        }
        // A program with the name of its package's library has no pages of its own.
        (Mode::Build, TargetKind::Bin)
            if target.doc
                && root.package().lib().map(|lib| lib.crate_name())
                    != Some(target.crate_name()) =>
        {
            done.add("doc", root, planner.doc(root)?);
        }
        (Mode::Build, TargetKind::Example) => done.built.push(root.id()),
        _ => {}
    }
    Ok(())
}

/// The files of each package that was asked for.
fn package_files(
    graph: &Graph,
    linkage: &Linkage<'_>,
    workspace: &WorkspaceSettings,
    lists: &Lists,
    checks: &ChecksSettings,
) -> Result<BTreeMap<PackageId, PackageFiles>, Error> {
    let packages: BTreeSet<PackageId> = graph.roots().map(|root| root.package).collect();
    let directories = Directories::new(graph, &workspace.src)?;
    packages
        .into_iter()
        .map(|package| {
            let name = &graph[package].name;
            let globs = checks.test_data.get(name).map_or(&[][..], Vec::as_slice);
            let own = graph.roots().filter(|root| root.package == package);
            let used: BTreeSet<&str> = own
                .filter(|root| root.mode == Mode::Test)
                .flat_map(|root| linkage.libraries(root))
                .map(|library| library.package().name.as_str())
                .collect();
            let src = &workspace.src;
            let files = data::of_package(graph, package, src, &directories, lists, globs, &used)?;
            Ok((package, files))
        })
        .collect()
}

/// The checks that are planned, by the summaries that they belong to.
#[derive(Default)]
struct Summaries {
    parts: BTreeMap<(&'static str, String), Vec<StorePath>>,
    /// Units that `cargo test` builds and does not run.
    built: Vec<UnitId>,
}

impl Summaries {
    fn add(&mut self, kind: &'static str, unit: UnitRef<'_>, planned: Planned) {
        self.add_of_package(kind, &unit.package().name, planned);
    }

    fn add_of_package(&mut self, kind: &'static str, package: &str, planned: Planned) {
        let key = (kind, package.to_owned());
        self.parts.entry(key).or_default().push(planned);
    }

    fn emit(
        &self,
        graph: &Graph,
        lowering: &Lowering<'_>,
        candidates: &mut Candidates,
        checks: &ChecksSettings,
        collection: &mut Collection,
    ) -> Result<(), Error> {
        let packages: BTreeSet<&str> = graph
            .roots()
            .map(|root| root.package().name.as_str())
            .chain(checks.packages.iter().map(String::as_str))
            .collect();
        for kind in KINDS {
            let all = packages.iter().flat_map(|package| self.of(kind, package));
            let all: Vec<&StorePath> = all.collect();
            self.summary((kind, None), &all, lowering, candidates, checks, collection)?;
            for package in &packages {
                let own: Vec<&StorePath> = self.of(kind, package).collect();
                self.summary(
                    (kind, Some(package)),
                    &own,
                    lowering,
                    candidates,
                    checks,
                    collection,
                )?;
            }
        }
        Ok(())
    }

    fn of(&self, kind: &'static str, package: &str) -> impl Iterator<Item = &StorePath> {
        let parts = self.parts.get(&(kind, package.to_owned()));
        parts.into_iter().flatten()
    }

    fn summary(
        &self,
        (kind, package): (&str, Option<&str>),
        runs: &[&StorePath],
        lowering: &Lowering<'_>,
        candidates: &mut Candidates,
        checks: &ChecksSettings,
        collection: &mut Collection,
    ) -> Result<(), Error> {
        let mut parts = Vec::new();
        for drv in runs {
            let outputs = candidates.add_outputs(drv, units::OUTPUTS)?;
            parts.push(Part {
                out: outputs["out"].clone(),
                log: outputs["log"].clone(),
            });
        }
        let mut built = Vec::new();
        for &unit in self.built.iter().filter(|_| kind == "test") {
            let unit = lowering.graph.unit(unit);
            if package.is_none_or(|package| unit.package().name == package) {
                built.push(lowering.output(unit, "out")?);
            }
        }
        let rustdoc = (kind == "doc").then(|| units::rustdoc(lowering));
        let name = match package {
            Some(package) => format!("{kind}-{package}"),
            None => kind.to_owned(),
        };
        let spec = Spec::Summary(Summary {
            title: kind.to_owned(),
            parts,
            rustdoc,
            built,
        });
        let derivation =
            lowering.derivation(&program(checks), &name, &spec, &["out"], candidates)?;
        collection.add_derivation(&name, None, &derivation)?;
        Ok(())
    }
}
