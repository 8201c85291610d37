//! Each check as a derivation.

use super::ChecksSettings;
use super::data::PackageFiles;
use crate::depinfo;
use crate::drv::StorePath;
use crate::graph::model::{PackageId, UnitRef};
use crate::graph::rules::checks::{
    clippy_invocation, metadata_of, runner, rustdoc_invocation, test_directories, test_invocation,
    test_place,
};
use crate::graph::rules::command::Invocation;
use crate::graph::rules::layout::{join, source_in_package};
use crate::graph::rules::products::ProductKind;
use crate::plan::emitter::Collection;
use crate::plan::files::{self, Lists};
use crate::plan::lower::inputs::Candidates;
use crate::plan::lower::{Lowering, bin, named};
use crate::plan::settings::WorkspaceSettings;
use crate::plan::sources;
use crate::plan::sources::UnitSources;
use crate::plan::{Error, configuration};
use dyndrv_builder::spec;
use dyndrv_checker::spec::{
    Check, Clippy, Doc, Doctest, Fmt, Spec, Surroundings, Test, Tool, Trial,
};
use std::collections::{BTreeMap, BTreeSet};

/// The outputs of a check.
pub const OUTPUTS: &[&str] = &["log", "out"];

/// The path of a check's derivation.
pub type Planned = StorePath;

/// Makes the derivations of checks and collects them.
pub struct Planner<'a, 'b> {
    pub lowering: &'a Lowering<'b>,
    /// The objects that the derivations can depend on.
    pub candidates: Candidates,
    pub workspace: &'a WorkspaceSettings,
    pub checks: &'a ChecksSettings,
    /// The files that each unit can read.
    pub files: &'a Lists,
    /// The same for clippy, rustdoc and rustfmt.
    pub clippy_files: Lists,
    pub doc_files: Lists,
    pub fmt_files: Lists,
    /// The files of each package that was asked for.
    pub data: BTreeMap<PackageId, PackageFiles>,
    pub collection: &'a mut Collection,
}

/// rustdoc, which comes with the compiler.
pub fn rustdoc(lowering: &Lowering<'_>) -> String {
    format!("{}/bin/rustdoc", lowering.settings.rustc)
}

impl<'b> Planner<'_, 'b> {
    /// The run of a test executable.
    pub fn test(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let target = unit.target();
        let invocation = test_invocation(&lowering.linkage, unit, &lowering.layout);
        let package = self.package(unit);
        let own = files::of_unit(self.files, unit)?.iter();
        let mut seen = package.data.clone();
        seen.extend(own.filter(|file| file.ends_with(".rs")).cloned());
        seen.extend(self.runner_files(unit)?);
        let surroundings = self.surroundings(unit, &seen);
        let (mut process, _) = self.process(unit, invocation, seen)?;
        self.equip(unit, &mut process)?;
        let program = lowering.built_program(unit)?;
        let file = program.rsplit('/').next().unwrap_or_default();
        let libraries = lowering.linkage.visible(unit).into_iter();
        let shared = libraries.filter(|library| library.kind == ProductKind::Dylib);
        let crates = lowering.artifacts(shared.collect())?;
        let loads = target.proc_macro || !crates.is_empty();
        let test = Test {
            process,
            place: test_place(lowering.graph, &lowering.layout, file),
            program,
            runner: runner(unit, &lowering.layout),
            args: self.checks.test_args.clone(),
            harness: target.harness,
            trial: self.trial(),
            crates,
            scripts: lowering.scripts(unit)?,
            programs: lowering.programs(unit)?,
            surroundings,
            directories: test_directories(unit, &lowering.layout),
            loads_from: loads.then(|| format!("{}/bin/rustc", lowering.settings.rustc)),
        };
        let name = format!("{}-run", unit.label());
        self.emit(&name, unit, Check::Test(test))
    }

    /// The tests in a library's documentation.
    pub fn doctest(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let invocation = rustdoc_invocation(&lowering.linkage, unit, &lowering.layout);
        let mut files: BTreeSet<String> =
            files::of_unit(self.files, unit)?.iter().cloned().collect();
        files.extend(self.package(unit).data.iter().cloned());
        files.extend(self.runner_files(unit)?);
        files.extend(self.rustdoc_files(unit)?);
        let surroundings = self.surroundings(unit, &files);
        let (mut process, mut args) = self.process(unit, invocation, files)?;
        self.equip(unit, &mut process)?;
        // rustdoc has rustc's spelling of codegen options, but not without the space.
        for arg in lowering.link_args(unit) {
            args.extend(["-C".to_owned(), arg.replacen("-C", "", 1)]);
        }
        args.extend(self.rustdoc_args(unit));
        for arg in &self.checks.test_args {
            args.extend(["--test-args".to_owned(), arg.clone()]);
        }
        let loads = unit.target().proc_macro;
        let doctest = Doctest {
            rustdoc: Tool {
                process,
                program: rustdoc(lowering),
                args,
                crates: lowering.artifacts(lowering.linkage.visible(unit))?,
                scripts: lowering.scripts(unit)?,
            },
            surroundings,
            trial: self.trial(),
            loads_from: loads.then(|| format!("{}/bin/rustc", lowering.settings.rustc)),
        };
        self.emit(&unit.label(), unit, Check::Doctest(doctest))
    }

    /// The files that the configuration's runner reads.
    fn runner_files(&self, unit: UnitRef<'b>) -> Result<BTreeSet<String>, Error> {
        let tree = depinfo::SourceTree::new(self.workspace.src.clone());
        configuration::files_of_runner(unit, &tree)
    }

    /// The files that the arguments for rustdoc name.
    fn rustdoc_files(&self, unit: UnitRef<'b>) -> Result<BTreeSet<String>, Error> {
        let tree = depinfo::SourceTree::new(self.workspace.src.clone());
        configuration::files_of_rustdoc(unit, &self.rustdoc_args(unit), &tree)
    }

    /// The user's arguments for rustdoc: those of the checks, or else of cargo's configuration,
    /// as with the variable `RUSTDOCFLAGS`.
    fn rustdoc_args(&self, unit: UnitRef<'b>) -> Vec<String> {
        match &self.checks.rustdoc_args[..] {
            [] => unit.platform().rustdocflags.clone(),
            given => given.to_vec(),
        }
    }

    /// clippy over one target.
    pub fn clippy(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let invocation = clippy_invocation(&lowering.linkage, unit, &lowering.layout);
        let files = files::of_unit(&self.clippy_files, unit)?;
        let mut files: BTreeSet<String> = files.iter().cloned().collect();
        files.extend(self.configuration(unit, &["clippy.toml", ".clippy.toml"]));
        let (mut process, mut args) = self.process(unit, invocation, files)?;
        process.environment = lowering.compiled_environments(unit)?;
        let own = lowering.crate_env(unit.package());
        args.extend(own.rustc_args.iter().cloned());
        if self.checks.deny_warnings {
            args.extend(["-D".to_owned(), "warnings".to_owned()]);
        }
        args.extend(self.checks.clippy_args.iter().cloned());
        let driver = Tool {
            process,
            program: format!("{}/bin/clippy-driver", self.checks.clippy),
            args,
            crates: self.metadata(unit)?,
            scripts: lowering.scripts(unit)?,
        };
        let name = clippy_label(unit);
        let rustc = format!("{}/bin/rustc", lowering.settings.rustc);
        self.emit(&name, unit, Check::Clippy(Clippy { driver, rustc }))
    }

    /// The pages of one target.
    pub fn doc(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let invocation = rustdoc_invocation(&lowering.linkage, unit, &lowering.layout);
        let files = files::of_unit(&self.doc_files, unit)?;
        let mut files: BTreeSet<String> = files.iter().cloned().collect();
        files.extend(self.rustdoc_files(unit)?);
        let (mut process, mut args) = self.process(unit, invocation, files)?;
        process.environment = lowering.compiled_environments(unit)?;
        // The unstable options are those for merging the pages of crates that were
        // documented apart from each other.
        let merge = ["-Zunstable-options", "--merge=none"].map(str::to_owned);
        args.extend(merge);
        let bootstrap = ("RUSTC_BOOTSTRAP".to_owned(), "1".to_owned());
        process.env.extend([bootstrap]);
        if self.checks.deny_warnings {
            args.extend(["-D".to_owned(), "warnings".to_owned()]);
        }
        args.extend(self.rustdoc_args(unit));
        let libraries = lowering.linkage.visible(unit);
        let neighbours: BTreeSet<String> = libraries
            .iter()
            .filter(|library| library.unit.package().member)
            .map(|library| library.unit.target().crate_name())
            .collect();
        let doc = Doc {
            rustdoc: Tool {
                process,
                program: rustdoc(lowering),
                args,
                crates: self.metadata(unit)?,
                scripts: lowering.scripts(unit)?,
            },
            neighbours: neighbours.into_iter().collect(),
        };
        let name = format!("{}-doc", unit.label());
        self.emit(&name, unit, Check::Doc(doc))
    }

    /// rustfmt over a package: one run for each edition in it.
    pub fn fmt(&mut self, package: PackageId) -> Result<Vec<Planned>, Error> {
        let graph = self.lowering.graph;
        let own = &graph[package];
        let mut roots: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for target in &own.targets {
            let file = source_in_package(&self.lowering.layout, own, target);
            roots.entry(&target.edition).or_default().extend(file);
        }
        let Some(unit) = graph.roots().find(|root| root.package == package) else {
            return Ok(Vec::new());
        };
        let package_files = self.package(unit);
        let mut files = package_files.rust.clone();
        files.extend(package_files.links.iter().cloned());
        for unit in graph.units().filter(|unit| unit.package == package) {
            let read = files::of_unit(&self.fmt_files, unit)?.iter();
            files.extend(read.filter(|file| file.ends_with(".rs")).cloned());
        }
        files.extend(self.configuration(unit, &["rustfmt.toml", ".rustfmt.toml"]));
        let single = roots.len() == 1;
        let mut planned = Vec::new();
        for (edition, roots) in roots {
            let invocation = Invocation {
                cwd: spec::WORKSPACE.to_owned(),
                ..Invocation::default()
            };
            let (mut process, _) = self.process(unit, invocation, files.clone())?;
            process.target = match single {
                true => "fmt".to_owned(),
                false => format!("fmt, edition {edition}"),
            };
            process.env.clear();
            let mut args: Vec<String> = ["--check", "--color=never", "--edition", edition]
                .map(str::to_owned)
                .into();
            args.extend(roots);
            let fmt = Fmt {
                process,
                program: format!("{}/bin/rustfmt", self.checks.rustfmt),
                args,
            };
            let name = match single {
                true => format!("{}-{}-fmt", own.name, own.version),
                false => format!("{}-{}-fmt-{edition}", own.name, own.version),
            };
            planned.push(self.emit(&name, unit, Check::Fmt(fmt))?);
        }
        Ok(planned)
    }

    /// The process of a check with these files, and the arguments of its invocation.
    fn process(
        &mut self,
        unit: UnitRef<'b>,
        invocation: Invocation,
        files: BTreeSet<String>,
    ) -> Result<(spec::Process, Vec<String>), Error> {
        let lowering = self.lowering;
        let settings = lowering.settings;
        let files: Vec<String> = files.into_iter().collect();
        let tree = sources::workspace(unit, &files, self.collection)?;
        self.candidates.add_objects(&tree.object);
        let tree: [UnitSources; 1] = [tree];
        let mut process = lowering.process(unit, invocation.env, invocation.cwd, &tree);
        process.remap.clear();
        process.path = vec![bin(&settings.rustc), bin(&settings.cargo)];
        Ok((process, invocation.args))
    }

    /// Adds what everything that runs a project's tests has.
    fn equip(&self, unit: UnitRef<'b>, process: &mut spec::Process) -> Result<(), Error> {
        process.environment = self.lowering.linked_environments(unit)?;
        process.path.extend(self.lowering.c_tools());
        // A toolchain has `cargo fmt` and `cargo clippy`, which some tests start.
        let more = [&self.checks.rustfmt, &self.checks.clippy];
        process.path.extend(more.map(|package| bin(package)));
        for (name, value) in &self.checks.test_env {
            process.env.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    /// What tests of a unit find besides these files.
    fn surroundings(&self, unit: UnitRef<'b>, seen: &BTreeSet<String>) -> Surroundings {
        let package = self.package(unit);
        let stand_ins = package.stand_ins.difference(seen);
        Surroundings {
            stand_ins: stand_ins.map(|file| join(spec::WORKSPACE, file)).collect(),
            cargo_config: package.for_cargo.then(|| self.lowering.cargo_config()),
        }
    }

    fn trial(&self) -> Trial {
        Trial {
            timeout: self.checks.test_timeout,
            record: self.checks.record,
        }
    }

    fn metadata(&self, unit: UnitRef<'b>) -> Result<Vec<spec::Artifact>, Error> {
        let lowering = self.lowering;
        let libraries = lowering.linkage.visible(unit).into_iter();
        let metadata = libraries.map(metadata_of);
        lowering.artifacts(metadata.collect())
    }

    fn package(&self, unit: UnitRef<'b>) -> &PackageFiles {
        &self.data[&unit.package]
    }

    /// Files of these names beside the package's manifest and above it, with links on the way.
    fn configuration(&self, unit: UnitRef<'b>, names: &[&str]) -> BTreeSet<String> {
        let tree = depinfo::SourceTree::new(self.workspace.src.clone());
        let found = super::data::above(self.lowering.graph, unit.package, &tree, names);
        found.iter().flat_map(depinfo::Resolved::files).collect()
    }

    fn emit(&mut self, label: &str, unit: UnitRef<'b>, check: Check) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let name = named(label, unit);
        let spec = Spec::Check(Box::new(check));
        let program = super::program(self.checks);
        let derivation = lowering.derivation(&program, &name, &spec, OUTPUTS, &self.candidates)?;
        self.collection.add_derivation(&name, None, &derivation)
    }
}

fn clippy_label(unit: UnitRef<'_>) -> String {
    format!("{}-clippy", unit.label())
}

/// The name of clippy's derivation over a target.
pub fn clippy_name(unit: UnitRef<'_>) -> String {
    named(&clippy_label(unit), unit)
}
