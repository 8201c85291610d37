//! Runs one check inside its sandbox, and reports on checks.
//!
//! The builder compiles; this program runs what was compiled, and the tools that read
//! sources: clippy, rustdoc, rustfmt. It is an input of checks only, so that a change of
//! it compiles nothing again.
//!
//! | module | its job |
//! |---|---|
//! | [`spec`] | what the planner asks for |
//! | `check` | one run of a test executable or a tool, in the builder's sandbox |
//! | `supervise` | a child that may hang or kill itself |
//! | `libtest`, `diagnostics` | what the harness and the compiler print |
//! | `report` | the files in which a check tells what it came to |
//! | `summary` | tables, JUnit, warnings and documentation of all checks of a kind |

#[cfg(feature = "program")]
mod check;
#[cfg(feature = "program")]
mod diagnostics;
#[cfg(feature = "program")]
mod libtest;
#[cfg(feature = "program")]
mod report;
#[cfg(feature = "program")]
mod show;
pub mod spec;
#[cfg(feature = "program")]
mod summary;
#[cfg(feature = "program")]
mod supervise;

#[cfg(feature = "program")]
pub use program::run;

#[cfg(feature = "program")]
mod program {
    use crate::spec::Spec;
    use crate::{check, show, summary};
    use dyndrv_builder::error::{Error, Result};
    use dyndrv_builder::sandbox::{Sandbox, environment};
    use dyndrv_builder::spec::task::Task;

    /// Does what `task` asks for, below `sandbox`. `cores` is Nix's `NIX_BUILD_CORES`.
    ///
    /// # Errors
    ///
    /// If the check fails, or cannot be run.
    pub fn run(task: &Task<Spec>, sandbox: &Sandbox, cores: Option<&str>) -> Result<()> {
        let process = match &task.unit {
            Spec::Check(check) => Some(check.process()),
            Spec::Summary(_) | Spec::Show(_) => None,
        };
        let in_unit = |error: Error| match process {
            Some(process) => error.in_unit(&process.package, &process.target, &task.name),
            None => error.in_unit("(all)", "result", &task.name),
        };
        sandbox
            .prepare()
            .and_then(|()| match &task.unit {
                Spec::Check(check) => {
                    let jobs = environment::jobs(cores);
                    check::run(check, &task.outputs, sandbox, jobs)
                }
                Spec::Show(show) => show::run(show, &task.outputs),
                Spec::Summary(summary) => summary::run(summary, &task.outputs, sandbox),
            })
            .map_err(in_unit)
    }
}
