//! The common part of test executables and documentation tests: the environment that they run
//! in, and the reading of what rustc's harness prints.

use super::compiler::printed;
use super::{Context, create_parent, failed, hints, report_of};
use crate::libtest;
use crate::report::{Report, Status};
use crate::spec::{Surroundings, Trial};
use crate::supervise::{End, Finished};
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::EffectiveInstructions;
use dyndrv_builder::sandbox::environment::SOURCE_DATE_EPOCH;
use dyndrv_builder::sandbox::{Environment, Sandbox, cargo_home, sources};
use dyndrv_builder::spec::Process;
use std::path::Path;

/// The variable that tells the dynamic loader where to look.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";
/// The variable that tells rustc's harness how many tests may run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// Where a test may find shared libraries.
pub struct Libraries<'a> {
    /// The instructions of build scripts; the libraries that they have made count.
    pub instructions: &'a EffectiveInstructions<'a>,
    /// Whether the sandbox shows libraries of other units.
    pub shown: bool,
    /// The compiler whose own libraries are loaded.
    pub loads_from: Option<&'a str>,
}

/// Lays out what tests find besides their sources.
pub fn surround(surroundings: &Surroundings, sandbox: &Sandbox) -> Result<()> {
    for file in &surroundings.stand_ins {
        let file = Path::new(file);
        create_parent(file, sandbox)?;
        sources::stand_in(file)?;
    }
    match &surroundings.cargo_config {
        Some(config) => cargo_home::write(config, &sandbox.home()),
        None => Ok(()),
    }
}

/// Makes of what the compiler saw what the process of a test sees.
pub fn equip(
    env: &mut Environment,
    process: &Process,
    libraries: &Libraries<'_>,
    context: &Context<'_>,
) -> Result<()> {
    // A date for what is built. Nothing is here, and a test may compare files' times with its clock.
    let (date, _) = SOURCE_DATE_EPOCH;
    if !process.env.contains_key(date) {
        env.remove(date);
    }
    env.entry(THREADS.to_owned())
        .or_insert_with(|| context.jobs.to_string());
    let mut directories = Vec::new();
    for (_, link) in &libraries.instructions.link {
        // Libraries that a build script has made; those of the system have run paths.
        directories.extend(link.search.iter().filter(|s| s.own).map(|search| {
            let (_, path) = search.path.split_once('=').unwrap_or(("", &search.path));
            path.to_owned()
        }));
    }
    if libraries.shown {
        directories.push(context.sandbox.deps().display().to_string());
    }
    if let Some(rustc) = libraries.loads_from {
        directories.extend(own_libraries(rustc, env)?);
    }
    if let Some(given) = env.get(LIBRARY_PATH) {
        directories.push(given.clone());
    }
    if !directories.is_empty() {
        env.insert(LIBRARY_PATH.to_owned(), directories.join(":"));
    }
    Ok(())
}

/// The directories of the compiler's own libraries, which it knows best itself.
fn own_libraries(rustc: &str, env: &Environment) -> Result<Vec<String>> {
    let [sysroot, target] = printed(rustc, ["sysroot", "target-libdir"], env)?;
    Ok(vec![format!("{sysroot}/lib"), target])
}

/// The report of a run with rustc's harness; an error if it failed and is not recorded.
///
/// `listed` gives the names of all tests of an executable.
pub fn report(
    process: &Process,
    trial: &Trial,
    finished: &Finished,
    listed: impl FnOnce() -> Vec<String>,
) -> Result<Report> {
    let output = libtest::parse(&String::from_utf8_lossy(&finished.printed));
    let mut report = report_of(process);
    if !finished.succeeded() || output.incomplete {
        let names = if output.incomplete {
            listed()
        } else {
            Vec::new()
        };
        report.failure = kept(trial, failed_tests(&output, &names, finished))?;
    }
    report.cases = output.cases;
    report.counts = output.counts;
    Ok(report)
}

/// The lines of a report on a failure; the failure itself if it is not for a report.
pub fn kept(trial: &Trial, error: Error) -> Result<Vec<String>> {
    match trial.record {
        Some(_) => Ok(error.lines()),
        None => Err(error.note(
            "the attribute `report` of this check is a table and a JUnit file of all tests, \
             failed ones too",
        )),
    }
}

/// The error of a test executable: which tests failed, hang, or were never heard of.
fn failed_tests(output: &libtest::Output, listed: &[String], finished: &Finished) -> Error {
    let failed_names: Vec<&str> = output
        .cases
        .iter()
        .filter(|case| case.status == Status::Failed)
        .map(|case| case.name.as_str())
        .collect();
    let mut error = match (finished.end, output.incomplete) {
        (End::Exited(status), true) if status.success() => {
            Error::new("the test executable ended before its tests did")
        }
        (_, true) => failed("the test executable", finished),
        _ if failed_names.is_empty() => failed("the test executable", finished),
        _ => Error::new(format!(
            "{} of {} tests failed: {}",
            failed_names.len(),
            output.counts.passed + output.counts.failed,
            failed_names.join(", ")
        )),
    };
    let unheard: Vec<&str> = listed
        .iter()
        .map(String::as_str)
        .filter(|name| !output.cases.iter().any(|case| case.name == *name))
        .collect();
    if !unheard.is_empty() {
        error = error.note(format!("without a result: {}", unheard.join(", ")));
    }
    if output.incomplete && !failed_names.is_empty() {
        error = error.note(format!("failed before: {}", failed_names.join(", ")));
    }
    let printed = String::from_utf8_lossy(&finished.printed);
    hints::of(&printed).into_iter().fold(error, Error::note)
}
