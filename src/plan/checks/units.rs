//! Each check as a derivation.

use super::ChecksSettings;
use super::data::PackageFiles;
use crate::drv::StorePath;
use crate::graph::model::{Mode, PackageId, UnitRef};
use crate::graph::rules::checks::{
    clippy_invocation, metadata_of, rustdoc_invocation, test_directories, test_invocation,
    test_place,
};
use crate::graph::rules::command::Invocation;
use crate::graph::rules::layout::source_in_package;
use crate::graph::rules::products::ProductKind;
use crate::plan::Error;
use crate::plan::emitter::collection::Stage;
use crate::plan::files::{self, Lists};
use crate::plan::lower::{Inputs, Lowering, SourceTree, bin};
use crate::plan::settings::WorkspaceSettings;
use crate::plan::sources;
use dyndrv_builder::spec::{self, BUILD, Check, CheckKind, Spec};
use std::collections::{BTreeMap, BTreeSet};

/// The path of a check's derivation.
pub type Planned = StorePath;

/// Makes the derivations of checks and adds them to a stage.
pub struct Planner<'a, 'b> {
    pub lowering: &'a Lowering<'b>,
    pub workspace: &'a WorkspaceSettings,
    pub checks: &'a ChecksSettings,
    /// The files that each unit can read.
    pub files: &'a Lists,
    /// The files of each package that was asked for.
    pub data: BTreeMap<PackageId, PackageFiles>,
    pub stage: &'a mut Stage,
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
        let data = self.package(unit).data.iter().cloned().collect();
        let mut inputs = Inputs::default();
        let kind = match target.harness {
            true => CheckKind::Test,
            false => CheckKind::CustomTest,
        };
        let mut check = self.check(kind, unit, invocation, data, &mut inputs)?;
        self.run_tests(&mut check, &mut inputs);
        check.args = self.checks.test_args.clone();
        check.program = lowering.built_program(unit, &mut inputs)?;
        let file = check.program.rsplit('/').next().unwrap_or_default();
        check.place = Some(test_place(lowering.graph, &lowering.layout, file));
        check.programs = lowering.programs(unit, &mut inputs)?;
        check.directories = test_directories(unit, &lowering.layout);
        let libraries = lowering.linkage.visible(unit).into_iter();
        let shared = libraries.filter(|library| library.kind == ProductKind::Dylib);
        check.crates = lowering.artifacts(shared.collect(), &mut inputs)?;
        if target.proc_macro || !check.crates.is_empty() {
            check.loads_from = Some(format!("{}/bin/rustc", lowering.settings.rustc));
        }
        self.emit(&format!("{}-run", unit.label()), unit, check, inputs)
    }

    /// The tests in a library's documentation.
    pub fn doctest(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let invocation = rustdoc_invocation(&lowering.linkage, unit, &lowering.layout);
        let mut files: BTreeSet<String> =
            files::of_unit(self.files, unit)?.iter().cloned().collect();
        files.extend(self.package(unit).data.iter().cloned());
        let mut inputs = Inputs::default();
        let mut check = self.check(CheckKind::Doctest, unit, invocation, files, &mut inputs)?;
        self.run_tests(&mut check, &mut inputs);
        let (system, link_args) = lowering.linked_environment(unit);
        check.process.inputs = system;
        // rustdoc has rustc's spelling of codegen options, but not without the space.
        for arg in link_args {
            check
                .args
                .extend(["-C".to_owned(), arg.replacen("-C", "", 1)]);
        }
        check.args.extend(self.checks.rustdoc_args.iter().cloned());
        for arg in &self.checks.test_args {
            check.args.extend(["--test-args".to_owned(), arg.clone()]);
        }
        check.program = rustdoc(lowering);
        check.crates = lowering.artifacts(lowering.linkage.visible(unit), &mut inputs)?;
        if unit.target().proc_macro {
            check.loads_from = Some(format!("{}/bin/rustc", lowering.settings.rustc));
        }
        self.emit(&unit.label(), unit, check, inputs)
    }

    /// clippy over one target.
    pub fn clippy(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let invocation = clippy_invocation(&lowering.linkage, unit, &lowering.layout);
        let mut files: BTreeSet<String> =
            files::of_unit(self.files, unit)?.iter().cloned().collect();
        files.extend(self.configuration(unit, &["clippy.toml", ".clippy.toml"]));
        let mut inputs = Inputs::default();
        let mut check = self.check(CheckKind::Clippy, unit, invocation, files, &mut inputs)?;
        let out = format!("{BUILD}/tmp/clippy");
        check.args.extend([
            "--error-format=json".to_owned(),
            "--out-dir".to_owned(),
            out.clone(),
        ]);
        check.directories = vec![out];
        if self.checks.deny_warnings {
            check.args.extend(["-D".to_owned(), "warnings".to_owned()]);
        }
        check.args.extend(self.checks.clippy_args.iter().cloned());
        check.program = format!("{}/bin/clippy-driver", self.checks.clippy);
        check.crates = self.metadata(unit, &mut inputs)?;
        self.emit(&format!("{}-clippy", unit.label()), unit, check, inputs)
    }

    /// The pages of one target.
    pub fn doc(&mut self, unit: UnitRef<'b>) -> Result<Planned, Error> {
        let lowering = self.lowering;
        let invocation = rustdoc_invocation(&lowering.linkage, unit, &lowering.layout);
        let files = files::of_unit(self.files, unit)?.iter().cloned().collect();
        let mut inputs = Inputs::default();
        let mut check = self.check(CheckKind::Doc, unit, invocation, files, &mut inputs)?;
        // The unstable options are those for merging the pages of crates that were
        // documented apart from each other.
        let merge = ["-Zunstable-options", "--merge=none"].map(str::to_owned);
        check.args.extend(merge);
        let bootstrap = ("RUSTC_BOOTSTRAP".to_owned(), "1".to_owned());
        check.process.env.extend([bootstrap]);
        if self.checks.deny_warnings {
            check.args.extend(["-D".to_owned(), "warnings".to_owned()]);
        }
        check.args.extend(self.checks.rustdoc_args.iter().cloned());
        check.program = rustdoc(lowering);
        let libraries = lowering.linkage.visible(unit);
        let neighbours: BTreeSet<String> = libraries
            .iter()
            .filter(|library| library.unit.package().member)
            .map(|library| library.unit.target().crate_name())
            .collect();
        check.neighbours = neighbours.into_iter().collect();
        check.crates = self.metadata(unit, &mut inputs)?;
        self.emit(&format!("{}-doc", unit.label()), unit, check, inputs)
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
        let mut files = self.package(unit).rust.clone();
        files.extend(self.configuration(unit, &["rustfmt.toml", ".rustfmt.toml"]));
        let single = roots.len() == 1;
        let mut planned = Vec::new();
        for (edition, roots) in roots {
            let mut inputs = Inputs::default();
            let invocation = Invocation {
                cwd: spec::WORKSPACE.to_owned(),
                ..Invocation::default()
            };
            let mut check =
                self.check(CheckKind::Fmt, unit, invocation, files.clone(), &mut inputs)?;
            check.process.target = match single {
                true => "fmt".to_owned(),
                false => format!("fmt, edition {edition}"),
            };
            check.process.env.clear();
            check.program = format!("{}/bin/rustfmt", self.checks.rustfmt);
            check.args = ["--check", "--color=never", "--edition", edition]
                .map(str::to_owned)
                .into();
            check.args.extend(roots);
            let name = match single {
                true => format!("{}-{}-fmt", own.name, own.version),
                false => format!("{}-{}-fmt-{edition}", own.name, own.version),
            };
            planned.push(self.emit(&name, unit, check, inputs)?);
        }
        Ok(planned)
    }

    /// A check of a unit that sees these files, without its program.
    fn check(
        &mut self,
        kind: CheckKind,
        unit: UnitRef<'b>,
        invocation: Invocation,
        files: BTreeSet<String>,
        inputs: &mut Inputs,
    ) -> Result<Check, Error> {
        let lowering = self.lowering;
        let settings = lowering.settings;
        let files: Vec<String> = files.into_iter().collect();
        let tree = sources::workspace(unit, &files, self.workspace, self.stage)?;
        let tree: [SourceTree; 1] = [tree];
        let mut process = lowering.process(unit, invocation.env, invocation.cwd, &tree, inputs);
        process.remap.clear();
        process.path = vec![bin(&settings.rustc), bin(&settings.cargo)];
        let mut args = invocation.args;
        if kind == CheckKind::Clippy {
            let own = lowering.crate_env(unit.package());
            args.extend(own.rustc_args.iter().cloned());
        }
        if unit.mode == Mode::Test || kind == CheckKind::Doctest {
            process.target = unit.target().describe();
        }
        Ok(Check {
            kind,
            process,
            program: String::new(),
            place: None,
            args,
            crates: Vec::new(),
            scripts: match kind {
                CheckKind::Fmt => Vec::new(),
                _ => lowering.scripts(unit, inputs)?,
            },
            neighbours: Vec::new(),
            programs: Vec::new(),
            directories: Vec::new(),
            loads_from: None,
            timeout: None,
            record: None,
        })
    }

    /// What everything that runs a project's tests has.
    fn run_tests(&self, check: &mut Check, inputs: &mut Inputs) {
        let settings = self.lowering.settings;
        check.timeout = self.checks.test_timeout;
        check.record = self.checks.record;
        check.process.path.push(bin(&settings.cc));
        check
            .process
            .path
            .extend(settings.tools.iter().map(|tool| bin(tool)));
        for (name, value) in &self.checks.test_env {
            inputs.mentioned(value);
            check.process.env.insert(name.clone(), value.clone());
        }
    }

    fn metadata(
        &self,
        unit: UnitRef<'b>,
        inputs: &mut Inputs,
    ) -> Result<Vec<spec::Artifact>, Error> {
        let lowering = self.lowering;
        let libraries = lowering.linkage.visible(unit).into_iter();
        let metadata = libraries.map(metadata_of);
        lowering.artifacts(metadata.collect(), inputs)
    }

    fn package(&self, unit: UnitRef<'b>) -> &PackageFiles {
        &self.data[&unit.package]
    }

    /// Files of these names beside the package's manifest and above it.
    fn configuration(&self, unit: UnitRef<'b>, names: &[&str]) -> Vec<String> {
        super::data::above(
            self.lowering.graph,
            unit.package,
            &self.workspace.src,
            names,
        )
    }

    fn emit(
        &mut self,
        label: &str,
        unit: UnitRef<'b>,
        check: Check,
        mut inputs: Inputs,
    ) -> Result<Planned, Error> {
        let lowering = self.lowering;
        lowering.declare(&check.process, &check.args, &mut inputs);
        inputs.mentioned(&check.program);
        let name = lowering.named(label, unit);
        let spec = Spec::Check(Box::new(check));
        let derivation = lowering.derivation(&name, &spec, &["log", "out"], inputs)?;
        self.stage.add_derivation(&name, None, &derivation)
    }
}
