//! The plans of the two layers.
//!
//! A unit is of the third-party layer if its package and the packages of all
//! that it depends on come from the vendor directory. Such a unit's derivation
//! depends on the graph, the vendored sources and the toolchain only, so that no
//! edit of the workspace reaches it. All other units are of the workspace layer,
//! among them a vendored crate that a `[patch]` makes depend on a path package.

use super::Error;
use super::lower::Lowering;
use super::settings::{Settings, WorkspaceSettings, read_json};
use super::sources::{self, store_object};
use super::stage::{Index, Plan, Stage};
use crate::drv::store_path::StorePath;
use crate::graph::model::{Graph, Mode};

/// The name of the derivation that puts the results together.
pub const RESULT: &str = "result";

/// For each unit of the graph, whether the third-party layer emits it.
pub fn third_party(graph: &Graph) -> Vec<bool> {
    let mut layers: Vec<bool> = Vec::with_capacity(graph.units.len());
    for (index, unit) in graph.units.iter().enumerate() {
        let vendored = sources::vendor_entry(graph, index).is_some();
        // Dependencies come first in a graph.
        let layer = vendored && unit.dependencies.iter().all(|d| layers[d.unit]);
        layers.push(layer);
    }
    layers
}

/// The stage of the third-party units.
///
/// # Errors
///
/// If a unit cannot be lowered; the error names it.
pub fn dependencies(graph: &Graph, settings: &Settings) -> Result<Plan, Error> {
    let mut stage = Stage::default();
    let mut lowering = Lowering::new(graph, settings);
    for (unit, third_party) in third_party(graph).into_iter().enumerate() {
        if third_party {
            add_vendored(&mut stage, &mut lowering, graph, unit, settings)?;
        }
    }
    finish(stage, settings)
}

/// The stage of the workspace's units and of the result.
///
/// `files` holds, for each unit of the graph, the files of the workspace that it
/// can read.
///
/// # Errors
///
/// If a unit cannot be lowered; the error names it.
pub fn workspace(
    graph: &Graph,
    settings: &Settings,
    workspace: &WorkspaceSettings,
    files: &[Vec<String>],
) -> Result<Plan, Error> {
    let mut stage = Stage::default();
    let mut lowering = Lowering::new(graph, settings);
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
    files: &[Vec<String>],
) -> Result<(), Error> {
    let (graph, settings) = (lowering.graph, lowering.settings);
    let src = workspace.src.to_string_lossy();
    stage.set_source(&src, &store_object("src", &src)?);

    let known: Index = read_json(&workspace.index)?;
    for (unit, third_party) in third_party(graph).into_iter().enumerate() {
        if third_party {
            let path = known.units.get(&graph.units[unit].id);
            let path = path.ok_or_else(|| Error::NotIndexed {
                unit: graph.describe(unit),
            })?;
            lowering.set_path(unit, parse("the index's path", path)?);
        } else if sources::vendor_entry(graph, unit).is_some() {
            add_vendored(stage, lowering, graph, unit, settings)?;
        } else if graph.units[unit].mode != Mode::Doctest {
            let tree = sources::workspace(graph, unit, &files[unit], workspace, stage)?;
            let derivation = lowering.unit(unit, &[tree])?;
            let path = stage.add_derivation(&lowering.name(unit), None, &derivation)?;
            lowering.set_path(unit, path);
        }
    }
    Ok(())
}

fn add_vendored(
    stage: &mut Stage,
    lowering: &mut Lowering<'_>,
    graph: &Graph,
    unit: usize,
    settings: &Settings,
) -> Result<(), Error> {
    let entry = sources::vendor_entry(graph, unit).unwrap_or_default();
    let source = sources::vendored(graph, unit, entry, settings)?;
    let derivation = lowering.unit(unit, &[source])?;
    let id = &graph.units[unit].id;
    let path = stage.add_derivation(&lowering.name(unit), Some(id), &derivation)?;
    lowering.set_path(unit, path);
    Ok(())
}

pub(super) fn finish(stage: Stage, settings: &Settings) -> Result<Plan, Error> {
    let tool = parse("dyndrv", &settings.dyndrv)?;
    Ok(stage.finish(&settings.system, &tool))
}

fn parse(what: &str, path: &str) -> Result<StorePath, Error> {
    StorePath::parse(path).map_err(|source| Error::NotAStorePath {
        what: what.to_owned(),
        path: path.to_owned(),
        source,
    })
}
