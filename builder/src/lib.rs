//! Runs one cargo unit inside its sandbox.
//!
//! A unit's derivation hands over a [`spec::Spec`] in its structured attributes.
//! [`run`] reads it, lays out what the unit may see, runs the one compiler or build
//! script that it is about, and moves the results into the derivation's outputs.
//!
//! The output depends on the specification and the files that it names, and on
//! nothing else: no time, no temporary name, no order of a directory listing. The
//! one exception is the number of jobs that a build script may use.
//!
//! | module | its job |
//! |---|---|
//! | [`spec`] | what the planner asks for, as Nix hands it over |
//! | [`sandbox`] | what a process sees: files, environment, packages of the system |
//! | [`rustc`] | a run of the compiler |
//! | [`build_script`] | a run of a build script, and the instructions that it prints |
//!
//! Tests, clippy, rustdoc and rustfmt are run by another program, `dyndrv-checker`, which
//! uses this library: this program is an input of every unit, so that its every change
//! builds everything again.

mod assemble;
pub mod build_script;
pub mod error;
pub mod rustc;
pub mod sandbox;
pub mod spec;
mod states;

use error::{Error, Result};
use sandbox::{Sandbox, environment};
use spec::Spec;
use spec::task::Task;

/// Does what `task` asks for, below `sandbox`. `cores` is Nix's `NIX_BUILD_CORES`.
pub fn run(task: &Task<Spec>, sandbox: &Sandbox, cores: Option<&str>) -> Result<()> {
    let process = match &task.unit {
        Spec::Rustc(rustc) => Some(&rustc.process),
        Spec::BuildScript(script) => Some(&script.process),
        Spec::Assemble(_) | Spec::States(_) | Spec::StatesOf(_) => None,
    };
    let in_unit = |error: Error| match process {
        Some(process) => error.in_unit(&process.package, &process.target, &task.name),
        None => error.in_unit("(all)", "result", &task.name),
    };
    let run = || {
        sandbox.prepare()?;
        let outputs = &task.outputs.without_registered(&sandbox.tmp());
        match &task.unit {
            Spec::Rustc(rustc) => rustc::run(rustc, outputs, sandbox),
            Spec::BuildScript(script) => {
                let jobs = environment::jobs(cores);
                build_script::run(script, &task.outputs, sandbox, jobs)
            }
            Spec::Assemble(assemble) => assemble::run(assemble, outputs),
            Spec::States(states) => states::list(states, outputs),
            Spec::StatesOf(other) => states::link(other, outputs),
        }
    };
    run().map_err(in_unit)
}
