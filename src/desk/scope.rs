//! Which units of a graph are asked for, and by which names.
//!
//! | asked for | units | names |
//! |---|---|---|
//! | a result | all | `result` |
//! | checks | those that the packages' targets need, and the targets themselves if their tests are run | `test-serde`, or `test` for all packages |
//! | clippy | those that the targets need; the targets as clippy reads them; build scripts of members too | `clippy-serde` |

use super::Error;
use super::plan::What;
use crate::graph::{Graph, Location, Mode, TargetKind, UnitId, UnitRef};
use crate::plan::layers;
use std::collections::BTreeSet;

/// What is asked for of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The names of derivations.
    pub names: Vec<String>,
    /// The units that have to be compiled for them.
    pub units: BTreeSet<UnitId>,
    /// The units whose targets clippy reads.
    pub clippy: BTreeSet<UnitId>,
}

/// What is asked for.
///
/// # Errors
///
/// If a package is not checked.
pub fn of(what: &What, graph: &Graph) -> Result<Scope, Error> {
    let What::Checks { kinds, .. } = what else {
        return Ok(Scope {
            names: vec![layers::RESULT.to_owned()],
            units: graph.units().map(UnitRef::id).collect(),
            clippy: BTreeSet::new(),
        });
    };
    let packages = packages(what, graph)?;
    let names = kinds.iter().flat_map(|kind| match packages.is_empty() {
        true => vec![(*kind).to_owned()],
        false => packages
            .iter()
            .map(|name| format!("{kind}-{name}"))
            .collect(),
    });
    let is_asked =
        |unit: &UnitRef<'_>| packages.is_empty() || packages.contains(&unit.package().name);
    let targets: Vec<UnitRef<'_>> = graph.roots().filter(is_asked).collect();
    let scripts = graph.units().filter(|unit| {
        unit.target().kind == TargetKind::CustomBuild
            && unit.mode == Mode::Build
            && unit.package().member
            && is_asked(unit)
    });
    let mut clippy = BTreeSet::new();
    let mut todo = Vec::new();
    if kinds.contains(&"clippy") {
        let read: Vec<UnitRef<'_>> = targets.iter().copied().chain(scripts).collect();
        todo.extend(read.iter().flat_map(|unit| unit.needs()));
        clippy.extend(read.iter().map(|unit| unit.id()));
    }
    if kinds.iter().any(|kind| matches!(*kind, "test" | "doctest")) {
        todo.extend(&targets);
    }
    todo.extend(targets.iter().flat_map(|unit| unit.needs()));
    Ok(Scope {
        names: names.collect(),
        units: closure(todo),
        clippy,
    })
}

fn closure(mut todo: Vec<UnitRef<'_>>) -> BTreeSet<UnitId> {
    let mut found = BTreeSet::new();
    while let Some(unit) = todo.pop() {
        if found.insert(unit.id()) {
            todo.extend(unit.needs());
        }
    }
    found
}

/// The packages that are checked; none for all.
fn packages(what: &What, graph: &Graph) -> Result<Vec<String>, Error> {
    let What::Checks {
        packages,
        directory,
        ..
    } = what
    else {
        return Ok(Vec::new());
    };
    let known: BTreeSet<&str> = graph.packages().map(|(_, own)| own.name.as_str()).collect();
    if let Some(unknown) = packages.iter().find(|name| !known.contains(name.as_str())) {
        return Err(Error::Run(format!(
            "no package `{unknown}` is checked; `checks` in the flake says which are"
        )));
    }
    let mut packages = packages.clone();
    if let (true, Some(directory)) = (packages.is_empty(), directory) {
        let own = graph
            .packages()
            .find(|(_, own)| own.location == Location::Tree(directory.clone()));
        packages.extend(own.map(|(_, own)| own.name.clone()));
    }
    Ok(packages)
}
