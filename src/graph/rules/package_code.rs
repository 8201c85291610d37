//! Whether code of a package runs while a unit is built.
//!
//! | a unit | runs |
//! |---|---|
//! | of mode [`Mode::Build`] | the procedural macros of all libraries that rustc loads for it |
//! | of another mode | that, or a build script, a test, a documented example |
//!
//! rustc loads all libraries that a unit reaches, since they can pass macros on. The compiler,
//! the linker and the tools of the toolchain are no code of a package.

use crate::graph::model::{Graph, Mode, UnitId, UnitRef};
use std::collections::BTreeSet;

/// The units of a graph for which rustc loads procedural macros.
#[derive(Debug)]
pub struct PackageCode {
    macros: BTreeSet<UnitId>,
}

impl PackageCode {
    /// Follows the libraries of all units.
    pub fn new(graph: &Graph) -> Self {
        let mut macros = BTreeSet::new();
        // Dependencies come first in a graph.
        for unit in graph.units() {
            let mut libraries = unit.needs().filter(|needed| !needed.is_run());
            if libraries.any(|it| it.target().proc_macro || macros.contains(&it.id())) {
                macros.insert(unit.id());
            }
        }
        Self { macros }
    }

    /// Whether code of a package can run while the unit is built.
    pub fn runs_in(&self, unit: UnitRef<'_>) -> bool {
        unit.mode != Mode::Build || self.macros.contains(&unit.id())
    }
}
