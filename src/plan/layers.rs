//! The plans of the two layers.
//!
//! A unit is of the third-party layer if its package and the packages of all
//! that it depends on come from the vendor directory. Such a unit's derivation
//! depends on the graph, the vendored sources and the toolchain only, so that no
//! edit of the workspace reaches it. All other units are of the workspace layer,
//! among them a vendored crate that a `[patch]` makes depend on a path package, and one
//! whose linker is among the sources.

use super::Error;
use super::emitter::collection::{Index, Plan, Stage};
use super::files::Lists;
use super::lower::{Lowering, SourceTree};
use super::settings::{Settings, WorkspaceSettings, read_json};
use super::sources::store_object;
use super::{configuration, files, sources};
use crate::drv::StorePath;
use crate::drv::references::Objects;
use crate::graph::model::{Graph, Mode, UnitId, UnitRef};
use std::collections::BTreeSet;

/// The name of the derivation that puts the results together.
pub const RESULT: &str = "result";

/// The units that the third-party layer emits.
pub fn third_party(graph: &Graph) -> BTreeSet<UnitId> {
    let mut layer = BTreeSet::new();
    for unit in graph.units() {
        let vendored = sources::vendor_entry(unit).is_some();
        // Dependencies come first in a graph.
        if vendored
            && !configuration::has_linker_in_tree(unit)
            && unit.needs().all(|needed| layer.contains(&needed.id()))
        {
            layer.insert(unit.id());
        }
    }
    layer
}

/// The stage of the third-party units. `objects` are all store objects in the closure of
/// what the plan is made from, here as below.
///
/// # Errors
///
/// If a unit cannot be lowered; the error names it.
pub fn dependencies(graph: &Graph, settings: &Settings, objects: Objects) -> Result<Plan, Error> {
    let mut stage = Stage::default();
    let mut lowering = Lowering::new(graph, settings, objects);
    for unit in third_party(graph) {
        add_vendored(&mut stage, &mut lowering, graph.unit(unit), settings, None)?;
    }
    finish(stage, settings)
}

/// The stage of the workspace's units and of the result.
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
) -> Result<Plan, Error> {
    let mut stage = Stage::default();
    let mut lowering = Lowering::new(graph, settings, objects);
    add_units(&mut stage, &mut lowering, workspace, files)?;
    let result = lowering.result(RESULT)?;
    stage.add_derivation(RESULT, None, &result)?;
    finish(stage, settings)
}

/// Adds the workspace's units to a stage, and tells the third-party layer's paths to `lowering`.
pub(super) fn add_units(
    stage: &mut Stage,
    lowering: &mut Lowering<'_>,
    workspace: &WorkspaceSettings,
    files: &Lists,
) -> Result<(), Error> {
    let (graph, settings) = (lowering.graph, lowering.settings);
    let src = workspace.src.to_string_lossy();
    stage.set_source(&src, &store_object("src", &src)?);

    let known: Index = read_json(&workspace.index)?;
    let third_party = third_party(graph);
    for unit in graph.units() {
        if third_party.contains(&unit.id()) {
            let path = known.units.get(&unit.identity());
            let path = path.ok_or_else(|| Error::NotIndexed {
                unit: unit.to_string(),
            })?;
            lowering.set_path(unit, &parse("the index's path", path)?)?;
        } else if sources::vendor_entry(unit).is_some() {
            // Files that the configuration names.
            let tree = match files.get(&unit.identity()) {
                Some(files) => Some(sources::workspace(unit, files, workspace, stage)?),
                None => None,
            };
            add_vendored(stage, lowering, unit, settings, tree)?;
        } else if unit.mode != Mode::Doctest {
            let tree = sources::workspace(unit, files::of_unit(files, unit)?, workspace, stage)?;
            let derivation = lowering.unit(unit, &[tree])?;
            let path = stage.add_derivation(&lowering.name(unit), None, &derivation)?;
            lowering.set_path(unit, &path)?;
        }
    }
    Ok(())
}

fn add_vendored<'a>(
    stage: &mut Stage,
    lowering: &mut Lowering<'a>,
    unit: UnitRef<'a>,
    settings: &Settings,
    tree: Option<SourceTree>,
) -> Result<(), Error> {
    let entry = sources::vendor_entry(unit).unwrap_or_default();
    let source = sources::vendored(unit, entry, settings)?;
    let sources: Vec<SourceTree> = [source].into_iter().chain(tree).collect();
    let derivation = lowering.unit(unit, &sources)?;
    let id = unit.identity();
    let path = stage.add_derivation(&lowering.name(unit), Some(id), &derivation)?;
    lowering.set_path(unit, &path)
}

pub(super) fn finish(stage: Stage, settings: &Settings) -> Result<Plan, Error> {
    let tool = parse("dyndrv", &settings.dyndrv)?;
    stage.finish(&settings.system, &tool)
}

fn parse(what: &str, path: &str) -> Result<StorePath, Error> {
    path.parse().map_err(|source| Error::NotAStorePath {
        what: what.to_owned(),
        path: path.to_owned(),
        source,
    })
}
