//! Runs one cargo unit inside its sandbox.
//!
//! A unit's derivation hands over a [`spec::Spec`] in its structured attributes.
//! [`run`] reads it, lays out what the unit may see, runs the one compiler or build
//! script that it is about, and moves the results into the derivation's outputs.
//!
//! What is written depends on the specification and the files that it names, and on
//! nothing else: no time, no temporary name, no order of a directory listing. The
//! one exception is the number of jobs that a build script may use.

pub mod answers;
mod assemble;
mod cargo_home;
mod check;
mod child;
mod compile;
mod dep_info;
mod diagnostics;
pub mod directives;
mod environment;
pub mod error;
mod inputs;
pub mod layout;
mod libtest;
mod link_flags;
pub mod placeholder;
mod products;
mod remap;
mod report;
pub mod sandbox;
mod script;
pub mod spec;
mod summary;
mod supervise;
pub mod task;

use error::{Error, Result};
use layout::Sandbox;
use spec::Spec;
use task::Task;

/// Does what `task` asks for, below `sandbox`. `cores` is Nix's `NIX_BUILD_CORES`.
pub fn run(task: &Task, sandbox: &Sandbox, cores: Option<&str>) -> Result<()> {
    let process = match &task.unit {
        Spec::Rustc(rustc) => Some(&rustc.process),
        Spec::BuildScript(script) => Some(&script.process),
        Spec::Check(check) => Some(&check.process),
        Spec::Assemble(_) | Spec::Summary(_) | Spec::Show(_) => None,
    };
    let in_unit = |error: Error| match process {
        Some(process) => error.in_unit(&process.package, &process.target, &task.name),
        None => error.in_unit("(all)", "result", &task.name),
    };
    sandbox
        .prepare()
        .and_then(|()| match &task.unit {
            Spec::Rustc(rustc) => compile::run(rustc, &task.outputs, sandbox),
            Spec::BuildScript(script) => {
                let jobs = environment::jobs(cores);
                script::run(script, &task.outputs, sandbox, jobs)
            }
            Spec::Assemble(assemble) => assemble::run(assemble, &task.outputs),
            Spec::Check(check) => {
                let jobs = environment::jobs(cores);
                check::run(check, &task.outputs, sandbox, jobs)
            }
            Spec::Show(show) => assemble::show(show, &task.outputs),
            Spec::Summary(summary) => summary::run(summary, &task.outputs, sandbox),
        })
        .map_err(in_unit)
}
