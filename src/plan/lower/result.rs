//! The result of a build: the products of the units that were asked for.

use super::Lowering;
use super::rustc::place;
use crate::drv::ValidatedDerivation;
use crate::graph::model::UnitRef;
use crate::graph::rules::products::ProductKind;
use crate::plan::Error;
use dyndrv_builder::spec::{self, Spec};
use std::collections::BTreeSet;

impl<'a> Lowering<'a> {
    /// The derivation that puts the products of the root units together.
    ///
    /// # Errors
    ///
    /// If a root unit's path is not known.
    pub fn result(&self, name: &str) -> Result<ValidatedDerivation, Error> {
        let mut parts = Vec::new();
        for unit in self.shown() {
            parts.push(self.output(unit, "out")?);
        }
        let spec = Spec::Assemble(spec::Assemble::result(parts));
        self.derivation(&self.builder(), name, &spec, &["out"], &self.candidates)
    }

    /// The derivation that puts the directories of all build scripts that were run where cargo has them:
    /// `<profile>/build/<package>-<identity>/out`.
    ///
    /// # Errors
    ///
    /// If a run's path is not known.
    pub fn build_scripts(&self, name: &str) -> Result<ValidatedDerivation, Error> {
        let mut parts = Vec::new();
        for unit in self.graph.units().filter(|unit| unit.is_run()) {
            parts.push(self.output(unit, "out")?);
        }
        let spec = Spec::Assemble(spec::Assemble {
            parts,
            directories: vec![self.build_directory()],
        });
        self.derivation(&self.builder(), name, &spec, &["out"], &self.candidates)
    }

    /// The units of which the user sees something, and those that nothing else would build.
    ///
    /// As cargo, this shows what was asked for, and the dylibs that it loads. A library for other Rust code shows
    /// nothing; if a unit of the result needs it, it is built for that one. In a large workspace, most are.
    fn shown(&self) -> Vec<UnitRef<'a>> {
        let is_shown = |unit: UnitRef<'_>| {
            let products = unit.products();
            let shows = products.iter().any(|product| place(product.kind).is_some());
            let dylib = products
                .iter()
                .any(|product| product.kind == ProductKind::Dylib && product.uplifted.is_some());
            unit.is_root() && shows || dylib
        };
        let mut needed = BTreeSet::new();
        let mut shown = Vec::new();
        // Whatever needs a unit comes behind it in a graph.
        for unit in self.graph.units().rev() {
            let named = is_shown(unit) || unit.is_root() && !needed.contains(&unit.id());
            if named {
                shown.push(unit);
            }
            if named || needed.contains(&unit.id()) {
                needed.extend(unit.needs().map(UnitRef::id));
            }
        }
        shown.reverse();
        shown
    }
}
