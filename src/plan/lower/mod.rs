//! A unit as a derivation.
//!
//! | the unit | outputs | sees of its dependencies | module |
//! |---|---|---|---|
//! | a library of rlibs only | `out` (rlib), `rmeta` (and a list) | `rmeta` of its closure; the instructions of its own build script | `rustc` |
//! | anything else that rustc compiles | `out` | `out` of its closure; the link instructions of all build scripts in it | `rustc` |
//! | the same, compiled incrementally | the same; and `state`, if it keeps that | and the outputs of an earlier build of itself, if there is one | [`incremental`] |
//! | a build-script run | `out` (`OUT_DIR`), `cfg`, `link`, `dep` | the compiled script; `dep` of the runs of `links` packages | `build_script` |
//! | the same of the user's package, in an incremental build | the same; and `state`, if it keeps that | and the outputs of an earlier run of itself, if there is one | [`incremental`] |
//! | the result | `out` | `out` of the root units | `result` |
//! | the list of states | `out` | all outputs of units that keep their state | [`incremental`] |
//! | the directories of build scripts | `out` | `out` of all build-script runs | `result` |
//!
//! [`inputs`] finds the inputs of a derivation in its finished text.
//!
//! A library names the libraries of its direct dependencies only. Its output `rmeta` lists what it was given, and
//! these lists lead to the rest of the closure, for the builder and for Nix. A text that named the closure would be
//! as long as the graph is large, and every step writes, hashes or parses such texts. No early cutoff is lost: where
//! the metadata of a library changes, all that has it in its closure is built again in any case. There is no list in `out`:
//! objects change where metadata does not, and no library depends on objects.

mod build_script;
mod environments;
pub mod incremental;
pub mod inputs;
mod result;
mod rustc;

use super::Error;
use super::emitter;
use super::settings::{CrateEnv, Settings};
use super::sources::{UnitSources, Vendored};
use crate::drv::references::Objects;
use crate::drv::{
    DerivationBuilder, FLOATING_TREE, MAX_NAME_LENGTH, StorePath, StructuredAttrs,
    ValidatedDerivation,
};
use crate::graph::model::{Graph, Identity, Mode, Package, TargetKind, UnitRef};
use crate::graph::rules::layout::SandboxLayout;
use crate::graph::rules::linkage::Linkage;
use dyndrv_builder::spec::{self, Spec};
use incremental::Incremental;
use inputs::{Candidates, Outputs};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The part of a store object's name beside `crate-`, the start of an identity, the
/// longest name of an output, and `.drv`.
const MAX_LABEL_LENGTH: usize =
    MAX_NAME_LENGTH - "crate-".len() - "-01234567".len() - "-link".len() - ".drv".len();

/// Lowers the units of one graph. Units are lowered in the graph's order, so that
/// the paths of a unit's dependencies are known.
pub struct Lowering<'a> {
    pub(super) graph: &'a Graph,
    pub(super) linkage: Linkage<'a>,
    pub(super) settings: &'a Settings,
    pub(super) vendored: &'a Vendored,
    pub(super) layout: SandboxLayout,
    /// The objects that the derivations can depend on.
    pub(super) candidates: Candidates,
    /// The placeholders of recorded environments, by the derivations that record them.
    pub(super) recordings: BTreeMap<String, String>,
    /// How incremental units are compiled.
    pub(super) incremental: Incremental,
    default_env: CrateEnv,
    /// The derivations of the incremental units that are known so far.
    derivations: BTreeMap<Identity, StorePath>,
    /// The outputs of the units that are known so far.
    outputs: BTreeMap<Identity, Outputs>,
}

/// The structured attributes of a derivation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a, S> {
    /// Nix does not tell derivations apart by the name of their file.
    name: &'a str,
    unit: &'a S,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_substitutes: Option<bool>,
    /// Outputs that Nix need not search for references.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unsafe_discard_references: BTreeMap<&'a str, bool>,
}

impl<'a> Lowering<'a> {
    /// Starts with no unit known. `objects` are all store objects in the closure of what
    /// the plan is made from; the third-party packages need not be among them.
    ///
    /// # Errors
    ///
    /// If a third-party package is not in the store, or an environment's derivation is none.
    pub fn new(
        graph: &'a Graph,
        settings: &'a Settings,
        vendored: &'a Vendored,
        mut objects: Objects,
    ) -> Result<Self, Error> {
        for object in vendored.objects()? {
            objects.insert(&object);
        }
        let mut candidates = Candidates::new(objects);
        let recordings = environments::recordings(settings, &mut candidates)?;
        Ok(Self {
            graph,
            linkage: Linkage::new(graph),
            settings,
            vendored,
            layout: SandboxLayout {
                cargo: format!("{}/bin/cargo", settings.cargo),
                rustc: format!("{}/bin/rustc", settings.rustc),
                rustdoc: format!("{}/bin/rustdoc", settings.rustc),
            },
            candidates,
            recordings,
            incremental: Incremental::default(),
            default_env: CrateEnv::default(),
            derivations: BTreeMap::new(),
            outputs: BTreeMap::new(),
        })
    }

    /// The name of a unit's derivation, such as `serde-1.0.228-lib-5a3f09c1`: what
    /// it is, and the start of its identity, because a graph can hold a target
    /// several times.
    pub fn name(&self, unit: UnitRef<'a>) -> String {
        named(&unit.label(), unit)
    }

    /// Tells the path of a unit's derivation to the units that depend on it.
    ///
    /// # Errors
    ///
    /// If it is not the path of a derivation.
    pub fn set_path(&mut self, unit: UnitRef<'a>, drv: &StorePath) -> Result<(), Error> {
        let outputs = self.candidates.add_outputs(drv, self.outputs_of(unit))?;
        self.outputs.insert(unit.identity(), outputs);
        if unit.has_state() {
            self.derivations.insert(unit.identity(), drv.clone());
        }
        Ok(())
    }

    /// The placeholder of a unit's output.
    pub(super) fn output(&self, unit: UnitRef<'a>, name: &str) -> Result<String, Error> {
        let outputs = self.outputs.get(&unit.identity());
        let placeholder = outputs.and_then(|outputs| outputs.get(name));
        placeholder.cloned().ok_or_else(|| Error::NotIndexed {
            unit: unit.to_string(),
        })
    }

    /// The derivation of a unit that sees these sources.
    ///
    /// # Errors
    ///
    /// If the unit cannot be described, a dependency's path is not known, or the unit
    /// mentions a store path that it cannot depend on.
    pub fn unit(
        &mut self,
        unit: UnitRef<'a>,
        sources: &[UnitSources],
    ) -> Result<ValidatedDerivation, Error> {
        for source in sources {
            self.candidates.add_objects(&source.object);
        }
        let lowered = self.as_in_base(unit, |lowering| lowering.lowered(unit, sources))?;
        match lowered {
            Some(derivation) => Ok(derivation),
            None => self.lowered(unit, sources),
        }
    }

    fn lowered(
        &self,
        unit: UnitRef<'a>,
        sources: &[UnitSources],
    ) -> Result<ValidatedDerivation, Error> {
        let spec = match unit.mode {
            Mode::RunCustomBuild => Spec::BuildScript(Box::new(self.build_script(unit, sources)?)),
            _ => Spec::Rustc(Box::new(self.rustc(unit, sources)?)),
        };
        let name = self.name(unit);
        let outputs = self.outputs_of(unit);
        self.derivation(&self.builder(), &name, &spec, outputs, &self.candidates)
    }

    /// A derivation that runs `program` with a specification. It depends on those of the
    /// candidates that it mentions.
    pub(super) fn derivation(
        &self,
        program: &str,
        name: &str,
        spec: &impl Serialize,
        outputs: &[&str],
        candidates: &Candidates,
    ) -> Result<ValidatedDerivation, Error> {
        let name = format!("{}-{name}", emitter::NAME);
        let attributes = Attributes {
            name: &name,
            unit: spec,
            allow_substitutes: (!self.settings.allow_substitutes).then_some(false),
            // No program reads state where it is; paths in it are of no use to anyone.
            unsafe_discard_references: outputs
                .iter()
                .filter(|&&name| name == incremental::STATE)
                .map(|&name| (name, true))
                .collect(),
        };
        let text = serde_json::to_string(&attributes).map_err(Error::json("a unit"))?;
        if candidates.unknown_in(&text).is_some() {
            check_mentions(&name, spec, candidates)?;
        }
        let mut inputs = candidates.inputs_of(&text);
        let of_program = candidates.inputs_of(program);
        inputs.sources.extend(of_program.sources);

        let error = Error::derivation(&name);
        let mut derivation = DerivationBuilder::new(name, &self.settings.system, program);
        let trees = outputs.iter().map(|&name| (name.to_owned(), FLOATING_TREE));
        derivation.outputs_mut().extend(trees);
        *derivation.input_derivations_mut() = inputs.derivations;
        *derivation.input_sources_mut() = inputs.sources;
        StructuredAttrs::from_json_bytes(text)
            .and_then(|attributes| derivation.structured_attrs(attributes).build())
            .map_err(error)
    }

    /// The outputs of a unit's derivation.
    fn outputs_of(&self, unit: UnitRef<'_>) -> &'static [&'static str] {
        if self.incremental.of(unit).is_some_and(|how| how.keep) {
            incremental::outputs_with_state(unit)
        } else if unit.is_run() {
            &["cfg", "dep", "link", "out"]
        } else if !has_meta(unit) {
            &["out"]
        } else {
            &["out", METADATA]
        }
    }

    /// The program that runs units.
    fn builder(&self) -> String {
        format!("{}/bin/dyndrv-builder", self.settings.builder)
    }

    pub(super) fn crate_env(&self, package: &Package) -> &CrateEnv {
        let key = format!("{}-{}", package.name, package.version);
        let known = &self.settings.crate_env;
        let entry = known.get(&key).or_else(|| known.get(&package.name));
        entry.unwrap_or(&self.default_env)
    }

    /// Where the C compiler and the tools beside it are, if no recorded environment has them.
    pub(super) fn c_tools(&self) -> Vec<String> {
        if self.settings.environment.is_some() {
            return Vec::new();
        }
        let tools = std::iter::once(&self.settings.cc).chain(&self.settings.tools);
        tools.map(|package| bin(package)).collect()
    }

    /// The part that every process of a unit has: its environment, its sources, and the names that
    /// stand for their places in what it makes.
    pub(super) fn process(
        &self,
        unit: UnitRef<'a>,
        mut env: BTreeMap<String, String>,
        cwd: String,
        sources: &[UnitSources],
    ) -> spec::Process {
        let package = unit.package();
        let own = self.crate_env(package);
        env.extend(own.env.clone());
        spec::Process {
            package: format!("{} {}", package.name, package.version),
            target: unit.target().describe(),
            cwd,
            env,
            path: Vec::new(),
            sources: sources
                .iter()
                .map(|source| spec::Source {
                    from: source.from.clone(),
                    at: source.at.clone(),
                    links: source.links,
                })
                .collect(),
            environment: Vec::new(),
            remap: vec![
                format!("{}=/s", spec::VENDOR),
                format!("{}=/w", spec::WORKSPACE),
            ],
        }
    }
}

/// The output with a unit's metadata.
///
/// Nix registers outputs in the order of their names, and rewrites all but the first once
/// more: the metadata comes behind the library, which is larger.
const METADATA: &str = "rmeta";

/// Whether a unit's metadata is an output of its own, for units that are not linked. What a compiler has said of it is in
/// another one, so that nothing follows from a warning that has moved.
fn has_meta(unit: UnitRef<'_>) -> bool {
    match unit.mode {
        Mode::Build => !unit.requires_upstream_objects(),
        // Nothing sees the metadata of a program.
        Mode::Check => unit.target().kind == TargetKind::Lib,
        _ => false,
    }
}

/// Refuses a specification that mentions a store path which its derivation cannot depend
/// on: the path would not be there when the unit is built.
fn check_mentions(name: &str, spec: &impl Serialize, candidates: &Candidates) -> Result<(), Error> {
    let spec = serde_json::to_value(spec).map_err(Error::json("a unit"))?;
    match find_unknown(&spec, "", candidates) {
        Some((key, path)) => Err(Error::UnknownStorePath {
            unit: name.to_owned(),
            key: key.to_owned(),
            path: path.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The first unknown store path in a document, behind the key of the value that has it.
fn find_unknown<'v>(
    value: &'v Value,
    key: &'v str,
    candidates: &Candidates,
) -> Option<(&'v str, &'v str)> {
    match value {
        Value::String(text) => Some((key, candidates.unknown_in(text)?)),
        Value::Array(items) => items
            .iter()
            .find_map(|item| find_unknown(item, key, candidates)),
        Value::Object(entries) => entries
            .iter()
            // The descriptions in manifests may mention what they like.
            .filter(|(key, _)| !key.starts_with("CARGO_PKG_"))
            .find_map(|(key, item)| find_unknown(item, key, candidates)),
        _ => None,
    }
}

/// A name that starts with what it is and ends with the start of a unit's identity.
/// Long names of targets are cut off, because the store's names have a limit.
pub(super) fn named(label: &str, unit: UnitRef<'_>) -> String {
    let label: String = label.chars().take(MAX_LABEL_LENGTH).collect();
    format!("{label}-{}", unit.identity().short())
}

pub(super) fn bin(package: &str) -> String {
    format!("{package}/bin")
}
