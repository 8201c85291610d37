//! The run of a test executable.

use super::{Command, Context, create_parent, report_of, succeed, trial};
use crate::libtest;
use crate::report::Report;
use crate::spec::Test;
use crate::supervise::{self, Finished, echo};
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::{EffectiveInstructions, shorten, variables};
use dyndrv_builder::sandbox::Sandbox;
use std::fs;
use std::path::Path;

/// Seconds in which an executable has to list its tests.
const LIST_TIMEOUT: u64 = 20;

pub fn run(test: &Test, context: &Context<'_>) -> Result<()> {
    let sandbox = context.sandbox;
    settle(test, sandbox)?;
    let instructions = EffectiveInstructions::read(&test.scripts, sandbox)?;
    let mut env = variables(&test.process, &instructions, sandbox)?;
    let libraries = trial::Libraries {
        instructions: &instructions,
        shown: !test.crates.is_empty(),
        loads_from: test.loads_from.as_deref(),
    };
    trial::equip(&mut env, &test.process, &libraries, context)?;
    let args = shorten(test.args.clone(), sandbox)?;
    let (program, all_args) = started(test, &args);
    let command = Command {
        program,
        args: all_args,
        cwd: &test.process.cwd,
        env,
    };
    let finished = context.run("test", &command, test.trial.timeout, echo);
    let finished = finished.map_err(|error| match test.runner.first() {
        Some(runner) => error.note(format!(
            "`{runner}` is the runner that cargo's configuration names for this platform; add the \
             package that has it to `nativeBuildInputs`"
        )),
        None => error,
    })?;
    let report = match test.harness {
        true => {
            let listed = || list(test, &args, &command, sandbox);
            trial::report(&test.process, &test.trial, &finished, listed)?
        }
        false => without_harness(test, &finished)?,
    };
    context.keep(&report, &finished)
}

/// Lays out sources, libraries and programs.
fn settle(test: &Test, sandbox: &Sandbox) -> Result<()> {
    sandbox.settle(&test.process)?;
    sandbox.link_crates(&test.crates, None)?;
    for directory in &test.directories {
        sandbox.create(Path::new(directory))?;
    }
    trial::surround(&test.surroundings, sandbox)?;
    for program in &test.programs {
        copy_program(&program.from, &program.at, sandbox)?;
    }
    copy_program(&test.program, &test.place, sandbox)
}

/// Copies an executable. A link would not do: a program that asks for its own path is told
/// where the link leads.
fn copy_program(from: &str, at: &str, sandbox: &Sandbox) -> Result<()> {
    let (from, at) = (Path::new(from), Path::new(at));
    create_parent(at, sandbox)?;
    fs::copy(from, at).map_err(|e| Error::io("cannot copy", from, e))?;
    Ok(())
}

/// Only the exit status of such a test counts.
fn without_harness(test: &Test, finished: &Finished) -> Result<Report> {
    let mut report = report_of(&test.process);
    report.custom = true;
    if let Err(error) = succeed("the test", finished) {
        report.failure = trial::kept(&test.trial, error)?;
    }
    Ok(report)
}

/// The program and the arguments with which the executable is run with `args`.
fn started<'a>(test: &'a Test, args: &[String]) -> (&'a str, Vec<String>) {
    match test.runner.split_first() {
        Some((runner, first)) => {
            let executable = std::slice::from_ref(&test.place);
            (runner, [first, executable, args].concat())
        }
        None => (&test.place, args.to_vec()),
    }
}

/// The names of all tests that an executable would run; none if it does not say.
fn list(test: &Test, args: &[String], command: &Command<'_>, sandbox: &Sandbox) -> Vec<String> {
    let mut listing = vec!["--list".to_owned(), "--format=terse".to_owned()];
    listing.extend_from_slice(args);
    let log = sandbox.home().join("list");
    let (program, args) = started(test, &listing);
    let run = (program, args.as_slice());
    match supervise::run(
        run,
        command.cwd,
        &command.env,
        Some(LIST_TIMEOUT),
        &log,
        |_| {},
    ) {
        Ok(listed) if listed.succeeded() => {
            libtest::listed(&String::from_utf8_lossy(&listed.printed))
        }
        _ => Vec::new(),
    }
}
