//! A unit as a derivation.
//!
//! | the unit | outputs | sees of its dependencies |
//! |---|---|---|
//! | a library of rlibs only | `meta` (rmeta), `out` (rlib) | `meta` of its closure; the instructions of its own build script |
//! | anything else that rustc compiles | `out` | `out` of its closure; the link instructions of all build scripts in it |
//! | a build-script run | `out` (`OUT_DIR`), `cfg`, `link`, `dep` | the compiled script; `dep` of the runs of `links` packages |
//! | the result | `out` | `out` of the root units |

use super::Error;
use super::cross;
use super::settings::{CrateEnv, Settings};
use crate::drv::references::find_references;
use crate::drv::{
    DerivationBuilder, FLOATING_TREE, InputDerivation, MAX_NAME_LENGTH, StorePath, StructuredAttrs,
    ValidatedDerivation, placeholder,
};
use crate::graph::model::{Graph, Identity, Mode, Package, PackageId, UnitRef};
use crate::graph::rules::command::{build_script_invocation, rustc_invocation};
use crate::graph::rules::layout::{Layout, SandboxLayout};
use crate::graph::rules::linkage::{Linkage, Visible};
use crate::graph::rules::products::ProductKind;
use crate::graph::rules::sources::replacement;
use dyndrv_builder::spec::{self, Spec};
use dyndrv_checker::spec::Program;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What remains of a store object's name beside `crate-`, the start of an identity, the
/// longest name of an output, and `.drv`.
const MAX_LABEL_LENGTH: usize =
    MAX_NAME_LENGTH - "crate-".len() - "-01234567".len() - "-link".len() - ".drv".len();

/// Lowers the units of one graph. Units are lowered in the graph's order, so that
/// the paths of a unit's dependencies are known.
pub struct Lowering<'a> {
    pub(super) graph: &'a Graph,
    pub(super) linkage: Linkage<'a>,
    pub(super) settings: &'a Settings,
    pub(super) layout: SandboxLayout,
    default_env: CrateEnv,
    /// The derivations of the units that are known so far.
    drvs: BTreeMap<Identity, StorePath>,
}

/// A source tree for a unit: where it is, where the unit sees it, and the store
/// object that it belongs to.
#[derive(Clone, Debug)]
pub struct SourceTree {
    /// The path of the tree, a store path or below one.
    pub from: String,
    /// Its place in the sandbox.
    pub at: String,
    /// The store object to declare as an input.
    pub object: StorePath,
    /// Whether it holds what cargo needs to know the workspace: its manifest and
    /// its lock file.
    pub locked: bool,
}

/// A derivation in the making: what it mentions becomes an input.
#[derive(Default)]
pub(super) struct Inputs {
    drvs: BTreeMap<StorePath, BTreeSet<String>>,
    srcs: BTreeSet<StorePath>,
}

impl Inputs {
    /// The placeholder of a unit's output.
    pub(super) fn output(&mut self, drv: &StorePath, output: &str) -> Result<String, Error> {
        self.drvs
            .entry(drv.clone())
            .or_default()
            .insert(output.to_owned());
        placeholder::upstream(drv, output).map_err(|source| Error::NotAStorePath {
            what: "the derivation of a unit".to_owned(),
            path: drv.to_string(),
            source,
        })
    }

    /// Declares whatever store objects a text mentions.
    pub(super) fn mentioned(&mut self, text: &str) {
        self.srcs.extend(find_references(text));
    }
}

impl<'a> Lowering<'a> {
    /// Starts with no unit known.
    pub fn new(graph: &'a Graph, settings: &'a Settings) -> Self {
        Self {
            graph,
            linkage: Linkage::new(graph),
            settings,
            layout: SandboxLayout {
                cargo: format!("{}/bin/cargo", settings.cargo),
                rustc: format!("{}/bin/rustc", settings.rustc),
                rustdoc: format!("{}/bin/rustdoc", settings.rustc),
            },
            default_env: CrateEnv::default(),
            drvs: BTreeMap::new(),
        }
    }

    /// The name of a unit's derivation, such as `serde-1.0.228-lib-5a3f09c1`: what
    /// it is, and the start of its identity, because a graph can hold a target
    /// several times.
    pub fn name(&self, unit: UnitRef<'a>) -> String {
        self.named(&unit.label(), unit)
    }

    /// A name that starts with what it is and ends with the start of a unit's identity.
    /// Long names of targets are cut off, because the store's names have a limit.
    pub(super) fn named(&self, label: &str, unit: UnitRef<'a>) -> String {
        let label: String = label.chars().take(MAX_LABEL_LENGTH).collect();
        format!("{label}-{}", unit.identity().short())
    }

    /// Tells the path of a unit's derivation to the units that depend on it.
    pub fn set_path(&mut self, unit: UnitRef<'a>, drv: StorePath) {
        self.drvs.insert(unit.identity(), drv);
    }

    pub(super) fn drv(&self, unit: UnitRef<'a>) -> Result<&StorePath, Error> {
        let drv = self.drvs.get(&unit.identity());
        drv.ok_or_else(|| Error::NotIndexed {
            unit: unit.to_string(),
        })
    }

    /// The derivation of a unit that sees these sources.
    ///
    /// # Errors
    ///
    /// If the unit cannot be described, or a dependency's path is not known.
    pub fn unit(
        &self,
        unit: UnitRef<'a>,
        sources: &[SourceTree],
    ) -> Result<ValidatedDerivation, Error> {
        let mut inputs = Inputs::default();
        let (spec, outputs) = if unit.mode == Mode::RunCustomBuild {
            let spec = self.build_script(unit, sources, &mut inputs)?;
            (
                Spec::BuildScript(Box::new(spec)),
                ["cfg", "dep", "link", "out"].as_slice(),
            )
        } else {
            let spec = self.rustc(unit, sources, &mut inputs)?;
            let outputs = if self.has_meta(unit) {
                ["meta", "out"].as_slice()
            } else {
                ["out"].as_slice()
            };
            (Spec::Rustc(Box::new(spec)), outputs)
        };
        self.derivation(&self.builder(), &self.name(unit), &spec, outputs, inputs)
    }

    /// The derivation that puts the products of the root units together.
    ///
    /// # Errors
    ///
    /// If a root unit's path is not known.
    pub fn result(&self, name: &str) -> Result<ValidatedDerivation, Error> {
        let mut inputs = Inputs::default();
        let mut parts = Vec::new();
        for unit in self.shown() {
            parts.push(inputs.output(self.drv(unit)?, "out")?);
        }
        let spec = Spec::Assemble(spec::Assemble { parts });
        self.derivation(&self.builder(), name, &spec, &["out"], inputs)
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

    /// A derivation that runs `program` with a specification.
    pub(super) fn derivation(
        &self,
        program: &str,
        name: &str,
        spec: &impl Serialize,
        outputs: &[&str],
        mut inputs: Inputs,
    ) -> Result<ValidatedDerivation, Error> {
        inputs.mentioned(program);
        let name = format!("{}-{name}", super::emitter::collection::NAME);
        let mut attributes = serde_json::json!({
            // Nix does not tell derivations apart by the name of their file.
            "name": name,
            "unit": spec,
        });
        if !self.settings.allow_substitutes {
            attributes["allowSubstitutes"] = false.into();
        }
        let error = Error::derivation(&name);
        let mut derivation = DerivationBuilder::new(name, &self.settings.system, program);
        let trees = outputs
            .iter()
            .map(|&output| (output.to_owned(), FLOATING_TREE));
        derivation.outputs_mut().extend(trees);
        let drvs = inputs.drvs.into_iter();
        let drvs = drvs.map(|(drv, outputs)| (drv, InputDerivation::new(outputs)));
        derivation.input_derivations_mut().extend(drvs);
        derivation.input_sources_mut().extend(inputs.srcs);
        StructuredAttrs::from_json_bytes(attributes.to_string())
            .and_then(|attributes| derivation.structured_attrs(attributes).build())
            .map_err(error)
    }

    /// The program that runs units.
    fn builder(&self) -> String {
        format!("{}/bin/dyndrv-builder", self.settings.builder)
    }

    fn has_meta(&self, unit: UnitRef<'a>) -> bool {
        unit.mode == Mode::Build && !unit.requires_upstream_objects()
    }

    pub(super) fn crate_env(&self, package: &Package) -> &CrateEnv {
        let key = format!("{}-{}", package.name, package.version);
        self.settings
            .crate_env
            .get(&key)
            .unwrap_or(&self.default_env)
    }

    fn rustc(
        &self,
        unit: UnitRef<'a>,
        sources: &[SourceTree],
        inputs: &mut Inputs,
    ) -> Result<spec::Rustc, Error> {
        let invocation = rustc_invocation(&self.linkage, unit, &self.layout);
        let own = self.crate_env(unit.package());
        let links = unit.requires_upstream_objects() && unit.mode != Mode::Check;
        cross::check(unit, own, links)?;

        let mut process = self.process(unit, invocation.env, invocation.cwd, sources, inputs);
        let mut args = invocation.args;
        args.extend(own.rustc_args.iter().cloned());
        process.path = vec![bin(&self.settings.rustc), bin(&self.settings.cargo)];
        if links {
            let linkers = cross::linkers(self.settings, unit);
            process
                .path
                .extend(linkers.iter().map(|package| bin(package)));
            let (system, link_args) = self.linked_environment(unit);
            process.inputs = system;
            args.extend(link_args);
            process.environment = self.linked_environments(unit);
        } else {
            // A procedural macro may start a program.
            process.inputs.native = own.native.clone();
            process.environment = own.environment.iter().cloned().collect();
        }
        self.declare(&process, &args, inputs);

        let libraries = by_name(self.linkage.visible(unit));
        let dylibs: Vec<bool> = libraries
            .iter()
            .map(|library| library.kind == ProductKind::Dylib)
            .collect();
        let crates = self.artifacts(libraries, inputs)?;
        if links {
            // cargo runs programs with a search path for these; the store has none.
            let dylibs = crates.iter().zip(dylibs).filter(|(_, dylib)| *dylib);
            args.extend(dylibs.map(|(found, _)| format!("-Clink-arg=-Wl,-rpath,{}", found.from)));
        }
        Ok(spec::Rustc {
            process,
            compiler: format!("{}/bin/rustc", self.settings.rustc),
            args,
            crates,
            scripts: self.scripts(unit, inputs)?,
            products: self.products(unit),
            record_reads: unit.package().is_local(),
        })
    }

    /// Files of other units, as a unit's sandbox shows them.
    pub(super) fn artifacts(
        &self,
        libraries: Vec<Visible<'a>>,
        inputs: &mut Inputs,
    ) -> Result<Vec<spec::Artifact>, Error> {
        let mut artifacts = Vec::new();
        for library in by_name(libraries) {
            let output = self.output_of(library.unit, library.kind);
            let mut from = inputs.output(self.drv(library.unit)?, output)?;
            if let Some(dir) = place(library.kind) {
                from = format!("{from}/{dir}");
            }
            artifacts.push(spec::Artifact {
                file: library.file,
                from,
            });
        }
        Ok(artifacts)
    }

    /// The output that holds a product.
    fn output_of(&self, unit: UnitRef<'a>, kind: ProductKind) -> &'static str {
        match kind {
            ProductKind::Rmeta if self.has_meta(unit) => "meta",
            _ => "out",
        }
    }

    /// Where the compiler's files go in the outputs.
    fn products(&self, unit: UnitRef<'a>) -> Vec<spec::Product> {
        unit.products()
            .into_iter()
            .map(|product| {
                let name = match (&product.uplifted, product.kind) {
                    // Programs that were linked against a dylib look for it by this name.
                    (_, ProductKind::Dylib) | (None, _) => product.file.clone(),
                    (Some(uplifted), _) if place(product.kind).is_some() => {
                        uplifted.rsplit('/').next().unwrap_or(uplifted).to_owned()
                    }
                    (Some(_), _) => product.file.clone(),
                };
                spec::Product {
                    file: product.file,
                    output: self.output_of(unit, product.kind).to_owned(),
                    to: match place(product.kind) {
                        Some(dir) => format!("{dir}/{name}"),
                        None => name,
                    },
                }
            })
            .collect()
    }

    /// The program that a unit makes, relative to its output `out`.
    fn executable(&self, unit: UnitRef<'a>) -> String {
        self.products(unit)
            .into_iter()
            .map(|product| product.to)
            .find(|to| to.starts_with("bin/"))
            .unwrap_or_default()
    }

    /// The programs of the package that a test can start, at the places that
    /// `CARGO_BIN_EXE_…` names. A test is compiled without them.
    pub(super) fn programs(
        &self,
        unit: UnitRef<'a>,
        inputs: &mut Inputs,
    ) -> Result<Vec<Program>, Error> {
        let mut programs = Vec::new();
        for program in self.linkage.executables(unit) {
            let Some(built) = program.unit else { continue };
            let at = self.layout.executable(unit, &program.name);
            programs.extend(at.map(|at| -> Result<_, Error> {
                Ok(Program {
                    from: self.built_program(built, inputs)?,
                    at,
                })
            }));
        }
        programs.into_iter().collect()
    }

    /// The store path of the program that a unit makes.
    pub(super) fn built_program(
        &self,
        unit: UnitRef<'a>,
        inputs: &mut Inputs,
    ) -> Result<String, Error> {
        let out = inputs.output(self.drv(unit)?, "out")?;
        Ok(format!("{out}/{}", self.executable(unit)))
    }

    /// How the unit uses build scripts' instructions.
    pub(super) fn scripts(
        &self,
        unit: UnitRef<'a>,
        inputs: &mut Inputs,
    ) -> Result<Vec<spec::ScriptUse>, Error> {
        let mut uses = Vec::new();
        for script in self.linkage.effective_scripts(unit) {
            let drv = self.drv(script.run)?;
            let package = script.run.package();
            let mut instructions = spec::ScriptUse {
                package: format!("{} {}", package.name, package.version),
                link: Some(inputs.output(drv, "link")?),
                cfg: None,
                out_dir: None,
                out_dir_remap: None,
                libs: script.libs,
                link_args: script.link_args,
            };
            if script.own {
                instructions.cfg = Some(inputs.output(drv, "cfg")?);
                let out = inputs.output(drv, "out")?;
                instructions.out_dir = Some(format!("{out}/{}", self.out_dir(script.run)));
                instructions.out_dir_remap = Some(self.virtual_out_dir(script.run));
            }
            uses.push(instructions);
        }
        Ok(uses)
    }

    fn build_script(
        &self,
        unit: UnitRef<'a>,
        sources: &[SourceTree],
        inputs: &mut Inputs,
    ) -> Result<spec::BuildScript, Error> {
        let package = unit.package();
        let invocation = build_script_invocation(&self.linkage, unit, &self.layout);
        let own = self.crate_env(package);
        cross::check(unit, own, false)?;
        let mut process = self.process(unit, invocation.env, invocation.cwd, sources, inputs);
        process.path = [
            &self.settings.rustc,
            &self.settings.cargo,
            &self.settings.cc,
        ]
        .into_iter()
        .chain(&self.settings.tools)
        .map(|package| bin(package))
        .collect();
        process.inputs = spec::Inputs {
            native: own.native.clone(),
            build: own.build.clone(),
        };
        process.environment = own.environment.iter().cloned().collect();
        self.equip_for_linked(unit, &mut process, inputs);
        process
            .environment
            .extend(self.settings.environment.clone());
        // Where a C compiler lies must not show in what it makes.
        process.remap.push(format!("{}=/cc", self.settings.cc));
        cross::equip(self.settings, unit, own, &mut process);
        self.declare(&process, &[], inputs);

        let replaced = unit.overridden.clone();
        let program = match (&replaced, unit.script()) {
            (Some(_), _) => String::new(),
            (None, Some(script)) => self.built_program(script, inputs)?,
            (None, None) => {
                return Err(Error::NotIndexed {
                    unit: unit.to_string(),
                });
            }
        };
        let mut deps = Vec::new();
        for (run, links) in self.linkage.dep_metadata(unit) {
            deps.push(spec::DepMetadata {
                links: links.to_owned(),
                dep: inputs.output(self.drv(run)?, "dep")?,
            });
        }
        let asks_cargo = sources.iter().any(|source| source.locked);
        let vendor = self.settings.vendor.to_string_lossy();
        let cargo_config = asks_cargo.then(|| replacement(&self.graph.sources, &vendor));
        if let Some(config) = &cargo_config {
            inputs.mentioned(config);
        }
        Ok(spec::BuildScript {
            process,
            program,
            replaced,
            out_dir: self.out_dir(unit),
            writable: self.is_writable(package),
            deps,
            rust_version: package.rust_version.clone(),
            targets: package.link_arg_targets(),
            local: package.is_local(),
            cargo_config,
        })
    }

    /// What a library needs to work, such as the compiler that `prost-build` starts,
    /// the run of a script that it is linked into needs as well.
    fn equip_for_linked(&self, run: UnitRef<'a>, process: &mut spec::Process, inputs: &mut Inputs) {
        let Some(script) = run.script() else {
            return;
        };
        let libraries = self.linkage.visible(script);
        let packages: BTreeSet<PackageId> = libraries
            .iter()
            .map(|library| library.unit.package)
            .collect();
        for package in packages {
            let env = self.crate_env(&self.graph[package]);
            for tool in &env.native {
                if !process.inputs.native.contains(tool) {
                    process.inputs.native.push(tool.clone());
                }
            }
            if let Some(recorded) = &env.environment
                && !process.environment.contains(recorded)
            {
                process.environment.push(recorded.clone());
            }
            for (name, value) in &env.env {
                if !process.env.contains_key(name) {
                    inputs.mentioned(value);
                    process.env.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn is_writable(&self, package: &Package) -> bool {
        let listed = self.settings.writable_packages.contains(&package.name);
        listed || package.metadata.writable
    }

    pub(super) fn process(
        &self,
        unit: UnitRef<'a>,
        mut env: BTreeMap<String, String>,
        cwd: String,
        sources: &[SourceTree],
        inputs: &mut Inputs,
    ) -> spec::Process {
        let package = unit.package();
        let own = self.crate_env(package);
        env.extend(own.env.clone());
        for value in own.env.values() {
            inputs.mentioned(value);
        }
        inputs.srcs.extend(sources.iter().map(|s| s.object.clone()));
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
                })
                .collect(),
            inputs: spec::Inputs::default(),
            environment: Vec::new(),
            remap: vec![
                format!("{}=/s", spec::VENDOR),
                format!("{}=/w", spec::WORKSPACE),
            ],
        }
    }

    /// Declares the toolchain and the system's packages that a process mentions.
    pub(super) fn declare(&self, process: &spec::Process, args: &[String], inputs: &mut Inputs) {
        inputs.mentioned(&self.settings.rustc);
        inputs.mentioned(&self.settings.cargo);
        let packages = process.inputs.native.iter().chain(&process.inputs.build);
        let texts = process.path.iter().chain(&process.environment);
        for text in texts.chain(packages).chain(args) {
            inputs.mentioned(text);
        }
    }

    /// The recorded environments of all crates in a program, and that of the toolchain.
    pub(super) fn linked_environments(&self, unit: UnitRef<'a>) -> Vec<String> {
        // A build for another platform has no environments for the host but its own tools'.
        let libraries = match cross::is_helper(unit) {
            true => Vec::new(),
            false => self.linkage.visible(unit),
        };
        let packages = std::iter::once(unit.package())
            .chain(libraries.iter().map(|library| library.unit.package()));
        let mut environments = Vec::new();
        for recorded in packages.filter_map(|package| self.crate_env(package).environment.clone()) {
            if !environments.contains(&recorded) {
                environments.push(recorded);
            }
        }
        environments.extend(self.settings.environment.clone());
        environments
    }

    /// The system's libraries and linker arguments of all crates in a program.
    pub(super) fn linked_environment(&self, unit: UnitRef<'a>) -> (spec::Inputs, Vec<String>) {
        let mut packages = vec![unit.package];
        for library in self.linkage.visible(unit) {
            let package = library.unit.package;
            if !packages.contains(&package) {
                packages.push(package);
            }
        }
        let mut system = spec::Inputs::default();
        let mut args = Vec::new();
        // A build for another platform has no libraries for the host.
        if cross::is_helper(unit) {
            packages.clear();
        }
        for package in packages {
            let env = self.crate_env(&self.graph[package]);
            for input in &env.build {
                if !system.build.contains(input) {
                    system.build.push(input.clone());
                }
            }
            args.extend(env.link_args.iter().map(|arg| format!("-Clink-arg={arg}")));
        }
        let own = self.crate_env(unit.package());
        system.native = own.native.clone();
        (system, args)
    }

    /// `OUT_DIR` below a run's output: what cargo's own looks like, because some
    /// build scripts walk up from it.
    fn out_dir(&self, run: UnitRef<'a>) -> String {
        let package = run.package();
        let id = run.identity();
        format!("{}/build/{}-{id}/out", self.graph.profile.dir, package.name)
    }

    /// What `OUT_DIR` is called in debug information and metadata.
    fn virtual_out_dir(&self, run: UnitRef<'a>) -> String {
        let package = run.package();
        format!("/out/{}-{}", package.name, run.identity())
    }
}

/// In the order of their names, which stays when identities change.
fn by_name(mut libraries: Vec<Visible<'_>>) -> Vec<Visible<'_>> {
    libraries.sort_by(|a, b| a.file.cmp(&b.file));
    libraries
}

/// The directory of an output in which users look for a product.
fn place(kind: ProductKind) -> Option<&'static str> {
    match kind {
        ProductKind::Executable => Some("bin"),
        ProductKind::Cdylib | ProductKind::Staticlib | ProductKind::Dylib => Some("lib"),
        ProductKind::Rmeta | ProductKind::Rlib | ProductKind::ProcMacro => None,
    }
}

pub(super) fn bin(package: &str) -> String {
    format!("{package}/bin")
}
