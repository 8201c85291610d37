//! The plans of the two layers.
//!
//! A unit is of the third-party layer if its package and the packages of all
//! that it depends on come from the vendor directory. Such a unit's derivation
//! depends on the graph, the vendored sources and the toolchain only, so that no
//! edit of the workspace reaches it. All other units are of the workspace layer,
//! among them a vendored crate that a `[patch]` makes depend on a path package, one whose
//! linker is among the sources, and one that asks for a variable which leads there.

use super::Error;
use super::asked_variables::{self, AskedVariables};
use super::emitter::{Collection, Index, Plan, Prepared};
use super::files::Lists;
use super::lower::Lowering;
use super::settings::{Settings, WorkspaceSettings, read_json};
use super::sources::{UnitSources, Vendored};
use super::{configuration, files, sources};
use crate::drv::StorePath;
use crate::drv::references::Objects;
use crate::graph::model::{Graph, Mode, UnitId, UnitRef};
use crate::graph::rules::package_code::PackageCode;
use std::collections::BTreeSet;
use std::path::Path;

/// The name of the derivation that puts the results together.
pub const RESULT: &str = "result";
/// The name of the derivation that puts the directories of build scripts together.
pub const BUILD_SCRIPTS: &str = "build-scripts";

/// The name of the derivation that lists the units' incremental states.
pub const STATES: &str = "states";

/// The units that the third-party layer emits.
pub fn third_party(graph: &Graph, asked: &AskedVariables<'_>) -> BTreeSet<UnitId> {
    let mut layer = BTreeSet::new();
    for unit in graph.units() {
        let vendored = sources::vendor_entry(unit).is_some();
        // Dependencies come first in a graph.
        if vendored
            && !configuration::has_linker_in_tree(unit)
            && !asked.contains_key(&unit.id())
            && unit.needs().all(|needed| layer.contains(&needed.id()))
        {
            layer.insert(unit.id());
        }
    }
    layer
}

/// The plan of the third-party units. `objects` are all store objects in the closure of
/// what the plan is made from, here as below.
///
/// # Errors
///
/// If a unit cannot be lowered; the error names it.
pub fn dependencies(
    graph: &Graph,
    settings: &Settings,
    objects: Objects,
    vendor: &Path,
    emitters: Prepared,
) -> Result<Plan, Error> {
    let vendored = Vendored::of(graph, vendor)?;
    // Nothing is copied out of the vendor directory.
    let mut collection = Collection::new(vendor);
    let mut lowering = Lowering::new(graph, settings, &vendored, objects)?;
    let asks = asked_variables::names(graph, &vendored)?;
    let code = PackageCode::new(graph);
    for unit in third_party(graph, &asked_variables::of(graph, &asks)) {
        let unit = graph.unit(unit);
        let source = UnitSources {
            links: !code.runs_in(unit),
            ..vendored_sources(unit, &lowering)?
        };
        add_vendored(&mut collection, &mut lowering, unit, vec![source])?;
    }
    let mut plan = finish(collection, settings, emitters)?;
    plan.index.vendored = vendored;
    plan.index.asks = asks;
    Ok(plan)
}

/// The plan of the workspace's units and of the result.
///
/// `files` holds the files of the workspace that each unit can read.
///
/// # Errors
///
/// If a unit cannot be lowered; the error names it.
pub fn workspace(
    graph: &Graph,
    settings: &Settings,
    objects: Objects,
    workspace: &WorkspaceSettings,
    files: &Lists,
    emitters: Prepared,
) -> Result<Plan, Error> {
    let index: Index = read_json(&workspace.index)?;
    let mut collection = Collection::new(&workspace.src);
    let mut lowering = Lowering::new(graph, settings, &index.vendored, objects)?;
    lowering.set_incremental(&workspace.incremental, &mut collection)?;
    add_units(&mut collection, &mut lowering, &index, files)?;
    let result = lowering.result(RESULT)?;
    collection.add_derivation(RESULT, None, &result)?;
    let build_scripts = lowering.build_scripts(BUILD_SCRIPTS)?;
    collection.add_derivation(BUILD_SCRIPTS, None, &build_scripts)?;
    if graph.incremental {
        let states = lowering.states(STATES)?;
        collection.add_derivation(STATES, None, &states)?;
    }
    let keeping = lowering.keeping();
    let mut plan = finish(collection, settings, emitters)?;
    plan.index.states = keeping;
    Ok(plan)
}

/// Adds the workspace's units, and tells the third-party layer's paths to `lowering`.
pub(super) fn add_units(
    collection: &mut Collection,
    lowering: &mut Lowering<'_>,
    index: &Index,
    files: &Lists,
) -> Result<(), Error> {
    let graph = lowering.graph;
    let asked = asked_variables::of(graph, &index.asks);
    let third_party = third_party(graph, &asked);
    collection.read_ahead(files.values())?;
    for unit in graph.units() {
        if third_party.contains(&unit.id()) {
            let emitted = index.units.get(&unit.identity());
            let emitted = emitted.ok_or_else(|| Error::NotIndexed {
                unit: unit.to_string(),
            })?;
            let path = parse("the index's path", &emitted.drv)?;
            lowering.set_path(unit, &path)?;
            collection.add_other(path, emitted);
        } else if sources::vendor_entry(unit).is_some() {
            // Files that the configuration names.
            let tree = match files.get(&unit.identity()) {
                Some(files) => Some(sources::workspace(unit, files, collection)?),
                None => None,
            };
            let source = vendored_sources(unit, lowering)?;
            let sources = [source].into_iter().chain(tree).collect();
            add_vendored(collection, lowering, unit, sources)?;
        } else if unit.mode != Mode::Doctest {
            let files = files::of_unit(files, unit)?;
            let tree = sources::workspace(unit, files, collection)?;
            let derivation = lowering.unit(unit, &[tree])?;
            let id = unit.identity();
            let path = collection.add_derivation(&lowering.name(unit), Some(id), &derivation)?;
            lowering.set_path(unit, &path)?;
        }
    }
    Ok(())
}

fn vendored_sources(unit: UnitRef<'_>, lowering: &Lowering<'_>) -> Result<UnitSources, Error> {
    let entry = sources::vendor_entry(unit).unwrap_or_default();
    sources::vendored(unit, entry, lowering.vendored)
}

fn add_vendored<'a>(
    collection: &mut Collection,
    lowering: &mut Lowering<'a>,
    unit: UnitRef<'a>,
    sources: Vec<UnitSources>,
) -> Result<(), Error> {
    let derivation = lowering.unit(unit, &sources)?;
    let id = unit.identity();
    let path = collection.add_derivation(&lowering.name(unit), Some(id), &derivation)?;
    lowering.set_path(unit, &path)
}

pub(super) fn finish(
    collection: Collection,
    settings: &Settings,
    emitters: Prepared,
) -> Result<Plan, Error> {
    let tool = parse("dyndrv", &settings.dyndrv)?;
    Ok(collection.finish(emitters, &settings.system, &tool))
}

fn parse(what: &str, path: &str) -> Result<StorePath, Error> {
    path.parse().map_err(|source| Error::NotAStorePath {
        what: what.to_owned(),
        path: path.to_owned(),
        source,
    })
}
