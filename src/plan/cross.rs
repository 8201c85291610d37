//! Units of a platform other than the host's, and the host's units beside them.
//!
//! | of a unit | for the host | for the target |
//! |---|---|---|
//! | what links it | the host's `cc` on PATH | the linker of the graph, with the target's packages on PATH |
//! | a build-script run finds | the host's `cc` on PATH | that, and the target's compiler by `CC_<triple>` and its like |
//! | libraries of its crate's environment | none | as given |
//!
//! With `--target` of the host's own triple nothing of this holds: all units use the same tools.

use super::Error;
use super::settings::{CrateEnv, Settings};
use crate::graph::model::{Graph, Mode, TargetKind};
use dyndrv_builder::spec;

/// Whether a unit is for a platform other than the host's.
pub(super) fn is_foreign(graph: &Graph, unit: usize) -> bool {
    let platform = graph.units[unit].platform.as_deref();
    platform.is_some_and(|triple| triple != graph.rustc.host)
}

/// Whether a unit is the host's in a graph that has units of another platform.
pub(super) fn is_helper(graph: &Graph, unit: usize) -> bool {
    !is_foreign(graph, unit) && (0..graph.units.len()).any(|other| is_foreign(graph, other))
}

/// The packages with the compiler that links a unit.
pub(super) fn linkers<'a>(settings: &'a Settings, graph: &Graph, unit: usize) -> &'a [String] {
    let target = &settings.target_tools.packages;
    // The host's compiler can link for some of its neighbours, such as musl.
    match is_foreign(graph, unit) && !target.is_empty() {
        true => target,
        false => std::slice::from_ref(&settings.cc),
    }
}

/// Adds what the run of a build script needs to compile for the target.
pub(super) fn equip(
    settings: &Settings,
    graph: &Graph,
    run: usize,
    own: &CrateEnv,
    process: &mut spec::Process,
) {
    if !is_foreign(graph, run) {
        return;
    }
    let tools = &settings.target_tools;
    for package in &tools.packages {
        process.path.push(format!("{package}/bin"));
        process.remap.push(format!("{package}=/target-cc"));
    }
    let mut set = |name: &str, value: &str| {
        let entry = process.env.entry(name.to_owned());
        entry.or_insert_with(|| value.to_owned());
    };
    for (name, value) in &tools.env {
        set(name, value);
    }
    // The files of pkg-config that the run finds are those of the crate's environment alone.
    if !own.build.is_empty() {
        set("PKG_CONFIG_ALLOW_CROSS", "1");
    }
}

/// Refuses units that could not be right.
///
/// # Errors
///
/// If a crate with libraries in its environment is built for the host besides, or if
/// there is nothing to link the unit with.
pub(super) fn check(graph: &Graph, unit: usize, own: &CrateEnv, links: bool) -> Result<(), Error> {
    let script = graph.target(unit).kind == TargetKind::CustomBuild
        && graph.units[unit].mode != Mode::RunCustomBuild;
    if !own.build.is_empty() && !script && is_helper(graph, unit) {
        return Err(Error::HostLibraries {
            unit: graph.describe(unit),
        });
    }
    let platform = graph.platform(unit);
    let arch = |triple: &str| triple.split('-').next().unwrap_or_default().to_owned();
    // Bare-metal targets and WebAssembly are linked by a linker that comes with rustc.
    let needs_linker = platform.triple.contains("-linux-")
        && arch(&platform.triple) != arch(&graph.rustc.host)
        && platform.linker.is_none();
    if links && needs_linker {
        return Err(Error::NoLinker {
            unit: graph.describe(unit),
            triple: platform.triple.clone(),
        });
    }
    Ok(())
}
