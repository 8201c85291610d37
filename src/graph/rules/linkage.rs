//! The files of other units that a unit needs.
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
//! | linker arguments for `cdylib` | the unit is a cdylib and no test |
//! | other linker arguments | it is of the same package and they are for its target |
//! | `--cfg`, `--check-cfg`, variables, `OUT_DIR` | it is the unit's own |
//! | metadata `DEP_…` | the unit is a run that depends on this run |
//!
//! A unit that yields an rlib only does not link, so that search paths of other packages
//! have no effect on it: see [`Linkage::effective_scripts`].

use super::products::ProductKind;
use crate::graph::model::{CrateType, Dependency, Graph, Mode, TargetKind, UnitId, UnitRef};
use dyndrv_builder::spec::LinkArgTarget;

/// A file of another unit that a unit can see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visible<'a> {
    /// The unit whose file it is.
    pub unit: UnitRef<'a>,
    /// Its name as rustc makes it.
    pub file: String,
    /// Its kind.
    pub kind: ProductKind,
}

/// A build-script run that counts for a unit, and what of it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptUse<'a> {
    /// The run.
    pub run: UnitRef<'a>,
    /// Whether it is the unit's own run, whose cfgs and variables count.
    pub own: bool,
    /// Whether `-l` is passed on.
    pub libs: bool,
    /// The linker arguments that are passed on.
    pub link_args: Vec<LinkArgTarget>,
}

/// The program of the same package that a test or benchmark can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable<'a> {
    /// The program's name; the variable is `CARGO_BIN_EXE_` and this.
    pub name: String,
    /// The unit that builds it; cargo sets the variable even if none does.
    pub unit: Option<UnitRef<'a>>,
}

/// The propagation of build scripts through a graph.
#[derive(Debug)]
pub struct Linkage<'a> {
    graph: &'a Graph,
    /// By unit: the runs that count for it, in order.
    to_link: Vec<Vec<UnitId>>,
}

impl<'a> Linkage<'a> {
    /// Computes what can be shared between units.
    pub fn new(graph: &'a Graph) -> Self {
        let mut to_link: Vec<Vec<UnitId>> = Vec::with_capacity(graph.units.len());
        for unit in graph.units() {
            let list = propagate(&to_link, unit);
            to_link.push(list);
        }
        Self { graph, to_link }
    }

    /// The graph.
    pub fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// The build-script runs that count for a unit, as cargo has them.
    pub fn scripts(&self, unit: UnitRef<'a>) -> Vec<ScriptUse<'a>> {
        let own = unit.own_run();
        let libs = unit.target().kind == TargetKind::Lib || unit.package().lib().is_none();
        self.to_link[unit.id().0]
            .iter()
            .map(|&run| {
                let run = self.graph.unit(run);
                let same = run.package == unit.package;
                ScriptUse {
                    run,
                    own: Some(run) == own,
                    libs: same && libs,
                    link_args: link_args(unit, same),
                }
            })
            .collect()
    }

    /// The build-script runs without which a unit would come out different:
    /// of a unit that only yields an rlib, those of its own package.
    pub fn effective_scripts(&self, unit: UnitRef<'a>) -> Vec<ScriptUse<'a>> {
        let mut scripts = self.scripts(unit);
        if !unit.requires_upstream_objects() {
            scripts.retain(|script| script.run.package == unit.package);
        }
        scripts
    }

    /// The files of other units that must lie in a unit's dependency
    /// directory, sorted by unit.
    pub fn visible(&self, unit: UnitRef<'a>) -> Vec<Visible<'a>> {
        self.visible_until(unit, |_| false)
    }

    /// Of the files that must lie in a unit's dependency directory, those that are not found by way of
    /// another: `lists` says which units keep the files that they see themselves in a list beside their own.
    pub fn visible_until(
        &self,
        unit: UnitRef<'a>,
        lists: impl Fn(UnitRef<'a>) -> bool,
    ) -> Vec<Visible<'a>> {
        let libraries = self.libraries_until(unit, lists).into_iter();
        let mut files: Vec<_> = libraries
            .flat_map(|library| needed_files(unit, library))
            .collect();
        files.sort();
        files
    }

    /// The units whose files [`Self::visible`] lists, sorted and each once. To name the files of each takes far longer
    /// than to find it.
    pub fn libraries(&self, unit: UnitRef<'a>) -> Vec<UnitRef<'a>> {
        self.libraries_until(unit, |_| false)
    }

    fn libraries_until(
        &self,
        unit: UnitRef<'a>,
        lists: impl Fn(UnitRef<'a>) -> bool,
    ) -> Vec<UnitRef<'a>> {
        let mut seen = vec![false; self.graph.units.len()];
        let mut queue: Vec<UnitRef<'a>> = linkable_dependencies(unit).collect();
        let mut libraries = Vec::new();
        while let Some(next) = queue.pop() {
            if std::mem::replace(&mut seen[next.id().0], true) {
                continue;
            }
            libraries.push(next);
            if !next.target().proc_macro && !lists(next) {
                queue.extend(linkable_dependencies(next));
            }
        }
        libraries.sort();
        libraries
    }

    /// The `--extern` options of a unit, as name and file, in cargo's order.
    pub fn externs(&self, unit: UnitRef<'a>) -> Vec<(&'a Dependency, Visible<'a>)> {
        unit.dependencies()
            .filter(|(_, needed)| is_linkable(*needed))
            .flat_map(|(dependency, needed)| {
                needed_files(unit, needed)
                    .into_iter()
                    .flat_map(move |file| {
                        let count = mentions(&file);
                        std::iter::repeat_n((dependency, file), count)
                    })
            })
            .collect()
    }

    /// The runs whose metadata a run sees as `DEP_<links>_…`, with their `links`.
    pub fn dep_metadata(&self, run: UnitRef<'a>) -> Vec<(UnitRef<'a>, &'a str)> {
        run.needs()
            .filter(|needed| needed.is_run())
            .filter_map(|needed| Some((needed, needed.package().links.as_deref()?)))
            .collect()
    }

    /// The programs that a test or benchmark finds in `CARGO_BIN_EXE_…`.
    pub fn executables(&self, unit: UnitRef<'a>) -> Vec<Executable<'a>> {
        if !matches!(unit.target().kind, TargetKind::Test | TargetKind::Bench) {
            return Vec::new();
        }
        let targets = unit.package().targets.iter();
        targets
            .filter(|target| target.kind == TargetKind::Bin)
            .map(|target| Executable {
                name: target.name.clone(),
                unit: unit.needs().find(|needed| {
                    needed.mode == Mode::Build
                        && needed.package == unit.package
                        && needed.target() == target
                }),
            })
            .collect()
    }
}

fn propagate(done: &[Vec<UnitId>], unit: UnitRef<'_>) -> Vec<UnitId> {
    let mut list: Vec<UnitId> = unit.own_run().map(UnitRef::id).into_iter().collect();
    let mut needs: Vec<UnitRef<'_>> = unit.needs().collect();
    // Packages are sorted as cargo sorts them; the sort is stable, as cargo's is.
    needs.sort_by_key(|needed| needed.package);
    for needed in needs {
        let target = needed.target();
        if target.for_host() || !target.is_linkable() {
            continue;
        }
        for &run in &done[needed.id().0] {
            if !list.contains(&run) {
                list.push(run);
            }
        }
    }
    list
}

fn link_args(unit: UnitRef<'_>, same_package: bool) -> Vec<LinkArgTarget> {
    let target = unit.target();
    let test = unit.mode.is_test();
    let mut heeded = Vec::new();
    if target.kind == TargetKind::Lib && target.has_crate_type(CrateType::Cdylib) && !test {
        heeded.push(LinkArgTarget::Cdylib);
    }
    if !same_package {
        return heeded;
    }
    heeded.push(LinkArgTarget::All);
    match target.kind {
        TargetKind::Bin => {
            let own = LinkArgTarget::Bin(target.name.clone());
            heeded.extend([LinkArgTarget::Bins, own]);
        }
        TargetKind::Test => heeded.push(LinkArgTarget::Tests),
        TargetKind::Bench => heeded.push(LinkArgTarget::Benches),
        TargetKind::Example if target.is_example_bin() => heeded.push(LinkArgTarget::Examples),
        _ => {}
    }
    heeded
}

fn is_linkable(unit: UnitRef<'_>) -> bool {
    !unit.is_run() && unit.target().is_linkable()
}

fn linkable_dependencies<'a>(unit: UnitRef<'a>) -> impl Iterator<Item = UnitRef<'a>> {
    unit.needs().filter(|&needed| is_linkable(needed))
}

/// The files of `needed`, a direct dependency or not, that `unit` needs.
fn needed_files<'a>(unit: UnitRef<'a>, needed: UnitRef<'a>) -> Vec<Visible<'a>> {
    let metadata_only = needed.mode.is_check()
        || unit.mode == Mode::Build
            && !unit.requires_upstream_objects()
            && !needed.requires_upstream_objects()
            && needed.mode == Mode::Build;
    needed
        .products()
        .into_iter()
        .filter(|product| match metadata_only {
            true => product.kind == ProductKind::Rmeta,
            false => product.kind.is_linkable(),
        })
        .map(|product| Visible {
            unit: needed,
            file: product.file,
            kind: product.kind,
        })
        .collect()
}

/// How often cargo names a file: an rlib once for each crate type that it comes from.
fn mentions(file: &Visible<'_>) -> usize {
    let types = file.unit.target().crate_types.iter();
    match file.kind {
        ProductKind::Rlib => types.filter(|t| t.made() == CrateType::Rlib).count(),
        _ => 1,
    }
}
