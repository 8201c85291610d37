//! The result of a build: the products of the units that were asked for.

use super::Lowering;
use crate::drv::ValidatedDerivation;
use crate::graph::model::UnitRef;
use crate::graph::rules::products::ProductKind;
use crate::plan::Error;
use dyndrv_builder::spec::{self, Spec};

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

    /// The units that were asked for, and dylibs that they load: as cargo, which
    /// puts both where the user looks.
    fn shown(&self) -> Vec<UnitRef<'a>> {
        let is_shown = |unit: &UnitRef<'_>| {
            let dylib = || {
                unit.products()
                    .iter()
                    .any(|product| product.kind == ProductKind::Dylib && product.uplifted.is_some())
            };
            unit.is_root() || dylib()
        };
        self.graph.units().filter(is_shown).collect()
    }
}
