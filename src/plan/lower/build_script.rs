//! The runs of build scripts.

use super::{Lowering, bin};
use crate::graph::model::{PackageId, UnitRef};
use crate::graph::rules::command::build_script_invocation;
use crate::graph::rules::layout::source_from_cwd;
use crate::graph::rules::sources::replacement;
use crate::plan::sources::UnitSources;
use crate::plan::{Error, cross};
use dyndrv_builder::spec;
use std::collections::BTreeSet;

impl<'a> Lowering<'a> {
    pub(super) fn build_script(
        &self,
        unit: UnitRef<'a>,
        sources: &[UnitSources],
    ) -> Result<spec::BuildScript, Error> {
        let package = unit.package();
        let invocation = build_script_invocation(&self.linkage, unit, &self.layout);
        cross::check(unit, false)?;
        let mut process = self.process(unit, invocation.env, invocation.cwd, sources);
        process.path = vec![bin(&self.settings.rustc), bin(&self.settings.cargo)];
        process.path.extend(self.c_tools());
        process.environment = self.run_environments(unit)?;
        self.add_variables_of_linked(unit, &mut process);
        // Where a C compiler lies must not show in what it makes.
        process.remap.push(format!("{}=/cc", self.settings.cc));
        cross::equip(self.settings, unit, &mut process);

        let replaced = unit.overridden.clone();
        let program = match (&replaced, unit.script()) {
            (Some(_), _) => String::new(),
            (None, Some(script)) => self.built_program(script)?,
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
                dep: self.output(run, "dep")?,
            });
        }
        let asks_cargo = sources.iter().any(|source| source.locked);
        // The builder unpacks archives; without any, the directory itself will do.
        let archives = self.settings.vendor_directory.is_some();
        let directory = &self.vendored.directory;
        let place = if archives { spec::VENDOR } else { directory };
        let cargo_config = asks_cargo.then(|| replacement(&self.graph.sources, place));
        Ok(spec::BuildScript {
            process,
            program,
            replaced,
            out_dir: self.out_dir(unit),
            compiler_cwd: source_from_cwd(&self.layout, unit).0,
            deps,
            rust_version: package.rust_version.clone(),
            targets: package.link_arg_targets(),
            local: package.is_local(),
            cargo_config,
            locked_packages: (asks_cargo && archives).then(|| directory.clone()),
            incremental: self.incremental.of(unit),
        })
    }

    /// The configuration of a cargo that a test may start: it finds the locked packages in a directory that all tests
    /// share, and that they alone need.
    pub(in crate::plan) fn cargo_config(&self) -> String {
        replacement(&self.graph.sources, self.vendor_directory())
    }

    /// The directory of the locked packages, or its placeholder.
    fn vendor_directory(&self) -> &str {
        match &self.settings.vendor_directory {
            Some(place) => self.recordings.get(place).unwrap_or(place),
            None => &self.vendored.directory,
        }
    }

    /// The variables that a library needs to work, such as where `prost-build` finds its
    /// compiler: the run of a script that it is linked into needs them as well.
    fn add_variables_of_linked(&self, run: UnitRef<'a>, process: &mut spec::Process) {
        let Some(script) = run.script() else {
            return;
        };
        let libraries = self.linkage.libraries(script);
        let packages: BTreeSet<PackageId> =
            libraries.iter().map(|library| library.package).collect();
        for package in packages {
            for (name, value) in &self.crate_env(&self.graph[package]).env {
                if !process.env.contains_key(name) {
                    process.env.insert(name.clone(), value.clone());
                }
            }
        }
    }

    /// `OUT_DIR` below a run's output: what cargo's own looks like, because some
    /// build scripts walk up from it.
    pub(super) fn out_dir(&self, run: UnitRef<'a>) -> String {
        let package = run.package();
        let id = run.identity();
        format!("{}/{}-{id}/out", self.build_directory(), package.name)
    }

    /// Where the directories of the runs are below their outputs.
    pub(super) fn build_directory(&self) -> String {
        format!("{}/build", self.graph.profile.dir)
    }

    /// The name of `OUT_DIR` in debug information and metadata.
    pub(super) fn virtual_out_dir(&self, run: UnitRef<'a>) -> String {
        let package = run.package();
        format!("/out/{}-{}", package.name, run.identity())
    }
}
