//! Incremental units, and the runs of their packages' build scripts: which state each starts with, and whether it
//! keeps its own. That of a run tells what the script has read, so that it need not run again.
//!
//! | the build | the unit | starts with | keeps its state |
//! |---|---|---|---|
//! | without a base | any | nothing | if the build keeps state |
//! | with a base | has the derivation that it has in the base | nothing: it is the base's | as in the base |
//! | | other, or each is to be copied, but the base has state of its identity | that | if the build keeps state |
//! | | other | nothing | if the build keeps state |
//! | with a directory of the machine | any but a run | what is there | there |
//!
//! The second line is why an edit that is undone builds nothing, and why what an edit does not reach is not
//! even looked at. It holds for bases that keep state and have no base themselves.
//!
//! A state is named by the derivation that makes it, so that equal sources and an equal base give equal
//! derivations on every machine; or, in a list of states, by its path.

use super::inputs::{Candidates, Outputs};
use super::{Lowering, METADATA, has_meta};
use crate::drv::{StorePath, ValidatedDerivation, hash_part};
use crate::graph::model::{Graph, Identity, UnitRef};
use crate::plan::Error;
use crate::plan::emitter::{Collection, Emitted, Index};
use crate::plan::settings::{Base, IncrementalSettings, read_json};
use dyndrv_builder::spec::{self, Spec};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// The output with rustc's state.
pub const STATE: &str = "state";

/// How the incremental units of a plan are compiled.
#[derive(Clone, Debug, Default)]
pub struct Incremental {
    keep: bool,
    copy: bool,
    directory: Option<String>,
    base: BTreeMap<Identity, BaseUnit>,
    /// The units whose derivations are those of the base.
    unchanged: BTreeSet<Identity>,
}

/// A unit of the base that keeps its state.
#[derive(Clone, Debug)]
struct BaseUnit {
    /// The hash part of its derivation's path.
    drv: Option<String>,
    /// Its outputs: paths, or placeholders.
    outputs: BTreeMap<String, String>,
}

impl From<spec::StateOf> for BaseUnit {
    fn from(listed: spec::StateOf) -> Self {
        Self {
            drv: listed.derivation,
            outputs: listed.outputs,
        }
    }
}

impl Incremental {
    /// How a unit is compiled or run; none if not incrementally.
    pub fn of(&self, unit: UnitRef<'_>) -> Option<spec::Incremental> {
        let in_directory = unit.is_run() && self.directory.is_some();
        if !unit.has_state() || in_directory {
            return None;
        }
        let id = unit.identity();
        if self.unchanged.contains(&id) {
            return Some(spec::Incremental {
                keep: true,
                ..spec::Incremental::default()
            });
        }
        let base = self.base.get(&id).map(|unit| unit.outputs.clone());
        let directory = self.directory.as_ref();
        Some(spec::Incremental {
            base: base.unwrap_or_default(),
            keep: self.keep,
            directory: directory.map(|directory| format!("{directory}/{}-{id}", unit.label())),
        })
    }

    /// The derivation of a unit in the base.
    fn drv(&self, unit: UnitRef<'_>) -> Option<&String> {
        self.base.get(&unit.identity())?.drv.as_ref()
    }
}

impl<'a> Lowering<'a> {
    /// Takes note of how incremental units are compiled, and tells `collection` who writes the
    /// derivations of the base.
    ///
    /// # Errors
    ///
    /// If the base cannot be read, or keeps no state.
    pub fn set_incremental(
        &mut self,
        settings: &IncrementalSettings,
        collection: &mut Collection,
    ) -> Result<(), Error> {
        self.incremental = Incremental {
            keep: settings.keep,
            copy: settings.copy,
            directory: settings.directory.clone(),
            base: match &settings.base {
                None => BTreeMap::new(),
                Some(Base::Plan { index, layer }) => {
                    let index: Index = read_json(index)?;
                    of_plan(self.graph, &index, layer, &mut self.candidates, collection)?
                }
                Some(Base::States(list)) => of_list(list)?
                    .into_iter()
                    .map(|(id, unit)| (id, unit.into()))
                    .collect(),
            },
            unchanged: BTreeSet::new(),
        };
        Ok(())
    }

    /// The derivation of an incremental unit as it is in the base, if it is that.
    pub(super) fn as_in_base(
        &mut self,
        unit: UnitRef<'a>,
        lower: impl Fn(&Self) -> Result<ValidatedDerivation, Error>,
    ) -> Result<Option<ValidatedDerivation>, Error> {
        let Some(drv) = self.incremental.drv(unit).cloned() else {
            return Ok(None);
        };
        if self.incremental.copy {
            return Ok(None);
        }
        self.incremental.unchanged.insert(unit.identity());
        let derivation = lower(self)?;
        if hash_part(&derivation.drv_path()) == drv {
            return Ok(Some(derivation));
        }
        self.incremental.unchanged.remove(&unit.identity());
        Ok(None)
    }

    /// The units that keep their state.
    pub fn keeping(&self) -> BTreeSet<Identity> {
        let units = self.graph.units();
        let keeping = units.filter(|&unit| self.incremental.of(unit).is_some_and(|how| how.keep));
        keeping.map(UnitRef::identity).collect()
    }

    /// The derivation that lists the newest state of each unit: its own if it keeps that, or else what
    /// it starts with. What the base has of other units, which other plans of the project have, stays.
    ///
    /// # Errors
    ///
    /// If a unit's path is not known.
    pub fn states(&self, name: &str) -> Result<ValidatedDerivation, Error> {
        let mut units = BTreeMap::new();
        for unit in self.graph.units() {
            let Some(how) = self.incremental.of(unit) else {
                continue;
            };
            let id = unit.identity();
            let mut listed = spec::StateOf {
                derivation: self.incremental.drv(unit).cloned(),
                outputs: how.base,
            };
            if how.keep {
                let drv = self.derivations.get(&id);
                let is_base = listed.outputs.is_empty();
                listed.derivation = drv.filter(|_| is_base).map(hash_part);
                for name in outputs_with_state(unit) {
                    let path = self.output(unit, name)?;
                    listed.outputs.insert((*name).to_owned(), path);
                }
            }
            if !listed.outputs.is_empty() {
                units.insert(id.to_string(), listed);
            }
        }
        for (id, unit) in &self.incremental.base {
            units
                .entry(id.to_string())
                .or_insert_with(|| spec::StateOf {
                    derivation: unit.drv.clone(),
                    outputs: unit.outputs.clone(),
                });
        }
        let spec = Spec::States(spec::States { units });
        self.derivation(&self.builder(), name, &spec, &["out"], &self.candidates)
    }
}

/// The outputs of a unit that keeps its state.
pub(super) fn outputs_with_state(unit: UnitRef<'_>) -> &'static [&'static str] {
    if unit.is_run() {
        &["cfg", "dep", "link", "out", STATE]
    } else if has_meta(unit) {
        &["out", METADATA, STATE]
    } else {
        &["out", STATE]
    }
}

/// The units of a graph that keep their state in another plan.
fn of_plan(
    graph: &Graph,
    index: &Index,
    layer: &str,
    candidates: &mut Candidates,
    collection: &mut Collection,
) -> Result<BTreeMap<Identity, BaseUnit>, Error> {
    if index.states.is_empty() {
        return Err(Error::NoStates);
    }
    let mut base = BTreeMap::new();
    for unit in graph.units().filter(|unit| unit.has_state()) {
        let id = unit.identity();
        let Some(emitted) = index.units.get(&id).filter(|_| index.states.contains(&id)) else {
            continue;
        };
        let drv: StorePath = emitted.drv.parse().map_err(|source| Error::NotAStorePath {
            what: "the index's path".to_owned(),
            path: emitted.drv.clone(),
            source,
        })?;
        let outputs: Outputs = candidates.add_outputs(&drv, outputs_with_state(unit))?;
        let emitted = Emitted {
            emitter: format!("{layer}-{}", emitted.emitter),
            ..emitted.clone()
        };
        collection.add_other(drv.clone(), &emitted);
        let outputs = outputs.into_iter();
        let unit = BaseUnit {
            drv: Some(hash_part(&drv)),
            outputs: outputs
                .map(|(name, path)| (name.to_owned(), path))
                .collect(),
        };
        base.insert(id, unit);
    }
    Ok(base)
}

/// The units of a list of states, as the unit builder writes it.
///
/// # Errors
///
/// If the file is no such list.
pub fn of_list(list: &Path) -> Result<BTreeMap<Identity, spec::StateOf>, Error> {
    let read = || -> io::Result<_> { Ok(serde_json::from_slice(&fs::read(list)?)?) };
    read().map_err(|source| Error::NotAList {
        path: list.to_owned(),
        source,
    })
}
