//! Units that rustc compiles: libraries, programs, tests, build scripts.

use super::{Lowering, METADATA, bin, has_meta};
use crate::graph::model::{Mode, PackageId, UnitRef};
use crate::graph::rules::command::rustc_invocation;
use crate::graph::rules::layout::Layout;
use crate::graph::rules::linkage::Visible;
use crate::graph::rules::products::ProductKind;
use crate::plan::sources::UnitSources;
use crate::plan::{Error, cross};
use dyndrv_builder::spec;
use dyndrv_checker::spec::Program;

impl<'a> Lowering<'a> {
    pub(super) fn rustc(
        &self,
        unit: UnitRef<'a>,
        sources: &[UnitSources],
    ) -> Result<spec::Rustc, Error> {
        let invocation = rustc_invocation(&self.linkage, unit, &self.layout);
        let own = self.crate_env(unit.package());
        let links = unit.requires_upstream_objects() && !unit.mode.is_check();
        cross::check(unit, links)?;

        let mut process = self.process(unit, invocation.env, invocation.cwd, sources);
        let mut args = invocation.args;
        args.extend(own.rustc_args.iter().cloned());
        process.path = vec![bin(&self.settings.rustc), bin(&self.settings.cargo)];
        process.environment = if links {
            let linkers = cross::linkers(self.settings, unit).iter();
            process.path.extend(linkers.map(|package| bin(package)));
            args.extend(self.link_args(unit));
            self.linked_environments(unit)?
        } else {
            self.compiled_environments(unit)?
        };

        let keeps_list = has_meta(unit);
        let libraries = by_name(match links {
            true => self.linkage.visible(unit),
            false => self.linkage.visible_until(unit, has_meta),
        });
        let dylibs: Vec<bool> = libraries
            .iter()
            .map(|library| library.kind == ProductKind::Dylib)
            .collect();
        let crates = self.artifacts(libraries)?;
        if links {
            // cargo runs programs with a search path for these; the store has none.
            let dylibs = crates.iter().zip(dylibs).filter(|(_, dylib)| *dylib);
            args.extend(dylibs.map(|(found, _)| format!("-Clink-arg=-Wl,-rpath,{}", found.from)));
        }
        if keeps_debug_info_of_std_alone(unit) {
            args.extend(["-C", "strip=debuginfo"].map(str::to_owned));
        }
        Ok(spec::Rustc {
            process,
            compiler: format!("{}/bin/rustc", self.settings.rustc),
            args,
            crates,
            list_crates: keeps_list.then(|| METADATA.to_owned()),
            scripts: self.scripts(unit)?,
            products: self.products(unit),
            record: unit.package().is_local(),
            incremental: self.incremental.of(unit),
        })
    }

    /// Files of other units, as a unit's sandbox shows them.
    pub(in crate::plan) fn artifacts(
        &self,
        libraries: Vec<Visible<'a>>,
    ) -> Result<Vec<spec::Artifact>, Error> {
        let mut artifacts = Vec::new();
        for library in by_name(libraries) {
            let output = self.output_of(library.unit, library.kind);
            let mut from = self.output(library.unit, output)?;
            if let Some(dir) = place(library.kind) {
                from = format!("{from}/{dir}");
            }
            artifacts.push(spec::Artifact {
                file: library.file,
                from,
                incremental: self.incremental.of(library.unit).is_some(),
            });
        }
        Ok(artifacts)
    }

    /// The output that holds a product.
    fn output_of(&self, unit: UnitRef<'a>, kind: ProductKind) -> &'static str {
        match kind {
            ProductKind::Rmeta if has_meta(unit) => METADATA,
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
    fn executable(&self, unit: UnitRef<'a>) -> Result<String, Error> {
        let mut places = self.products(unit).into_iter().map(|product| product.to);
        let program = places.find(|to| to.starts_with("bin/"));
        program.ok_or_else(|| Error::NoProgram {
            unit: unit.to_string(),
        })
    }

    /// The programs of the package that a test can start, at the places that
    /// `CARGO_BIN_EXE_…` names. A test is compiled without them.
    pub(in crate::plan) fn programs(&self, unit: UnitRef<'a>) -> Result<Vec<Program>, Error> {
        let mut programs = Vec::new();
        for program in self.linkage.executables(unit) {
            let Some(built) = program.unit else { continue };
            let at = self.layout.executable(unit, &program.name);
            programs.extend(at.map(|at| -> Result<_, Error> {
                Ok(Program {
                    from: self.built_program(built)?,
                    at,
                })
            }));
        }
        programs.into_iter().collect()
    }

    /// The store path of the program that a unit makes.
    pub(in crate::plan) fn built_program(&self, unit: UnitRef<'a>) -> Result<String, Error> {
        let out = self.output(unit, "out")?;
        Ok(format!("{out}/{}", self.executable(unit)?))
    }

    /// How the unit follows build scripts' instructions.
    pub(in crate::plan) fn scripts(
        &self,
        unit: UnitRef<'a>,
    ) -> Result<Vec<spec::ScriptUse>, Error> {
        let mut uses = Vec::new();
        for script in self.linkage.effective_scripts(unit) {
            let package = script.run.package();
            let mut instructions = spec::ScriptUse {
                package: format!("{} {}", package.name, package.version),
                link: Some(self.output(script.run, "link")?),
                cfg: None,
                out_dir: None,
                out_dir_remap: None,
                libs: script.libs,
                link_args: script.link_args,
            };
            if script.own {
                instructions.cfg = Some(self.output(script.run, "cfg")?);
                let out = self.output(script.run, "out")?;
                instructions.out_dir = Some(format!("{out}/{}", self.out_dir(script.run)));
                instructions.out_dir_remap = Some(self.virtual_out_dir(script.run));
            }
            uses.push(instructions);
        }
        Ok(uses)
    }

    /// The linker arguments that the environments of all crates in a program ask for.
    pub(in crate::plan) fn link_args(&self, unit: UnitRef<'a>) -> Vec<String> {
        // A build for another platform has no arguments for the host.
        if cross::is_helper(unit) {
            return Vec::new();
        }
        let mut packages = vec![unit.package];
        for library in self.linkage.libraries(unit) {
            let package = library.package;
            if !packages.contains(&package) {
                packages.push(package);
            }
        }
        let of = |package: PackageId| &self.crate_env(&self.graph[package]).link_args;
        let args = packages.into_iter().flat_map(of);
        args.map(|arg| format!("-Clink-arg={arg}")).collect()
    }
}

/// Whether it is a build script or a procedural macro of a profile without debug information.
///
/// The standard library's is in it all the same, some ten megabytes each. cargo leaves that out too, unless another unit of
/// the build has debug information. Nobody debugs what only the build runs.
fn keeps_debug_info_of_std_alone(unit: UnitRef<'_>) -> bool {
    let profile = &unit.profile;
    unit.mode == Mode::Build
        && unit.target().for_host()
        && profile.debuginfo == "0"
        && profile.strip.is_none()
}

/// In the order of their names, which stays when identities change.
fn by_name(mut libraries: Vec<Visible<'_>>) -> Vec<Visible<'_>> {
    libraries.sort_by(|a, b| a.file.cmp(&b.file));
    libraries
}

/// The directory of an output in which users look for a product.
pub(super) fn place(kind: ProductKind) -> Option<&'static str> {
    match kind {
        ProductKind::Executable => Some("bin"),
        ProductKind::Cdylib | ProductKind::Staticlib | ProductKind::Dylib => Some("lib"),
        ProductKind::Rmeta | ProductKind::Rlib | ProductKind::ProcMacro => None,
    }
}
