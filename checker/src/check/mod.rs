//! Runs one check: a test executable, or a tool over a target or a package.
//!
//! A check that fails fails its derivation, so that no failure is kept and the next build
//! tries again; only the runs for a report of failures (`record`) keep what failed. What a
//! check came to is split in two outputs: `out` is the same for every run with the same
//! inputs; `log` has what was printed, in the order of the moment, and the time.

mod clippy;
mod compiler;
mod doc;
mod doctest;
mod fmt;
mod hints;
mod test;
mod trial;

use crate::report::{self, LOG, RESULT, RUN, Report, Run};
use crate::spec::{Check, Tool};
use crate::supervise::{self, End, Finished};
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::{EffectiveInstructions, shorten, variables};
use dyndrv_builder::sandbox::Environment;
use dyndrv_builder::sandbox::Sandbox;
use dyndrv_builder::sandbox::child::set_phase;
use dyndrv_builder::sandbox::files::create_dir_all;
use dyndrv_builder::spec::Process;
use dyndrv_builder::spec::task::Outputs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs a check. `jobs` is how many tests may run at once.
pub fn run(check: &Check, outputs: &Outputs, sandbox: &Sandbox, jobs: usize) -> Result<()> {
    let context = Context {
        out: outputs.get("out")?,
        log: outputs.get("log")?,
        sandbox,
        jobs,
    };
    create_dir_all(context.out)?;
    create_dir_all(context.log)?;
    match check {
        Check::Test(test) => test::run(test, &context),
        Check::Doctest(doctest) => doctest::run(doctest, &context),
        Check::Clippy(clippy) => clippy::run(clippy, &context),
        Check::Doc(doc) => doc::run(doc, &context),
        Check::Fmt(fmt) => fmt::run(fmt, &context),
    }
}

/// Where a check runs, and where its results go.
struct Context<'a> {
    out: &'a Path,
    log: &'a Path,
    sandbox: &'a Sandbox,
    jobs: usize,
}

/// A process that is ready to run.
struct Command<'a> {
    program: &'a str,
    args: Vec<String>,
    cwd: &'a str,
    env: Environment,
}

impl Context<'_> {
    /// Runs a command and keeps its log. Nix shows `phase` meanwhile.
    fn run(
        &self,
        phase: &str,
        command: &Command<'_>,
        timeout: Option<u64>,
        show: impl FnMut(&[u8]),
    ) -> Result<Finished> {
        set_phase(phase);
        let finished = supervise::run(
            (command.program, &command.args),
            command.cwd,
            &command.env,
            timeout,
            &self.log.join(LOG),
            show,
        );
        set_phase("outputs");
        finished
    }

    /// Writes what a check came to.
    fn keep(&self, report: &Report, finished: &Finished) -> Result<()> {
        let run = Run {
            seconds: (finished.duration.as_secs_f64() * 1000.0).round() / 1000.0,
            ended: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        };
        report::write(&self.log.join(RUN), &run)?;
        report::write(&self.out.join(RESULT), report)
    }
}

/// A tool with its sandbox laid out.
struct Prepared<'a> {
    tool: &'a Tool,
    instructions: EffectiveInstructions<'a>,
    env: Environment,
}

impl<'a> Prepared<'a> {
    /// Lays out sources and libraries, and reads what build scripts said.
    fn new(tool: &'a Tool, sandbox: &Sandbox) -> Result<Self> {
        sandbox.settle(&tool.process)?;
        sandbox.link_crates(&tool.crates, None)?;
        let instructions = EffectiveInstructions::read(&tool.scripts, sandbox)?;
        let env = variables(&tool.process, &instructions, sandbox)?;
        Ok(Self {
            tool,
            instructions,
            env,
        })
    }

    /// The command with these arguments.
    fn command(self, args: Vec<String>, sandbox: &Sandbox) -> Result<Command<'a>> {
        Ok(Command {
            program: &self.tool.program,
            args: shorten(args, sandbox)?,
            cwd: &self.tool.process.cwd,
            env: self.env,
        })
    }
}

/// Creates the directory that a file is to be in.
fn create_parent(file: &Path, sandbox: &Sandbox) -> Result<()> {
    file.parent()
        .map_or(Ok(()), |directory| sandbox.create(directory))
}

/// A report with nothing in it yet.
fn report_of(process: &Process) -> Report {
    Report {
        package: process.package.clone(),
        target: process.target.clone(),
        ..Report::default()
    }
}

/// An error if a tool has failed.
fn succeed(what: &str, finished: &Finished) -> Result<()> {
    if finished.succeeded() {
        Ok(())
    } else {
        Err(failed(what, finished))
    }
}

fn failed(what: &str, finished: &Finished) -> Error {
    match finished.end {
        End::TimedOut(_) => {
            Error::new(format!("{what} {}", finished.end)).note("`testTimeout` sets another limit")
        }
        End::Exited(_) => Error::new(format!("{what} failed ({})", finished.end)),
    }
}

/// rustdoc does not know `-l`.
fn without_libraries(flags: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut flags = flags.into_iter();
    while let Some(flag) = flags.next() {
        if flag == "-l" {
            flags.next();
        } else {
            kept.push(flag);
        }
    }
    kept
}
