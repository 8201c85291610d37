//! Runs one check: a test executable, or a tool over a target or a package.
//!
//! A check that fails fails its derivation, so that no failure is kept and the next build
//! tries again; only the runs for a report of failures (`record`) keep what failed. What a
//! check came to is split in two outputs: `out` is the same for every run with the same
//! inputs; `log` has what was printed, in the order of the moment, and the time.

use crate::child::set_phase;
use crate::compile::{Answers, shorten, variables};
use crate::diagnostics;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::inputs::{self, Found};
use crate::layout::{Manner, Sandbox, create_dir_all, make_link};
use crate::libtest;
use crate::link_flags;
use crate::report::{self, LOG, RESULT, RUN, Report, Run, Status};
use crate::spec::{Check, CheckKind};
use crate::supervise::{self, End, Finished, echo};
use crate::task::Outputs;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that tells the dynamic loader where to look.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";
/// The variable that tells rustc's harness how many tests may run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// Runs a check. `jobs` is how many tests may run at once.
pub fn run(check: &Check, outputs: &Outputs, sandbox: &Sandbox, jobs: usize) -> Result<()> {
    let (out, log) = (outputs.get("out")?, outputs.get("log")?);
    for output in outputs.paths() {
        create_dir_all(output)?;
    }
    settle(check, sandbox)?;
    let answers = Answers::read(&check.scripts)?;
    let found = inputs::find(&check.process.inputs)?;
    let env = environment(check, &answers, &found, sandbox, jobs)?;
    let args = shorten(arguments(check, &answers, &found, out), sandbox)?;
    let program = check.place.as_deref().unwrap_or(&check.program);
    let quiet = check.kind == CheckKind::Clippy;
    set_phase(phase(check.kind));
    let finished = supervise::run(
        (program, &args),
        &check.process.cwd,
        &env,
        check.timeout,
        &log.join(LOG),
        |bytes| {
            if !quiet {
                echo(bytes);
            }
        },
    )?;
    set_phase("outputs");
    let listed = || list(check, (program, &args), &env, sandbox);
    let (mut report, verdict) = interpret(check, &finished, listed);
    if let Err(error) = verdict {
        report.failure = kept(check, error)?;
    }
    if check.kind == CheckKind::Doc {
        tidy(check, out)?;
    }
    if check.kind == CheckKind::Clippy {
        let text: Vec<&str> = report.messages.iter().map(diagnostics::rendered).collect();
        let file = log.join(LOG);
        fs::write(&file, text.concat()).map_err(|e| Error::io("cannot write", &file, e))?;
    }
    report::write(&log.join(RUN), &run_of(&finished))?;
    report::write(&out.join(RESULT), &report)
}

/// What Nix shows while a check runs.
fn phase(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Test | CheckKind::CustomTest => "test",
        CheckKind::Doctest => "doctest",
        CheckKind::Clippy => "clippy",
        CheckKind::Doc => "rustdoc",
        CheckKind::Fmt => "rustfmt",
    }
}

fn is_test(kind: CheckKind) -> bool {
    matches!(
        kind,
        CheckKind::Test | CheckKind::CustomTest | CheckKind::Doctest
    )
}

/// Lays out sources, libraries and programs. Tests get a copy of their package, as
/// some write beside their sources, or look whether a file is a link.
fn settle(check: &Check, sandbox: &Sandbox) -> Result<()> {
    let manner = if is_test(check.kind) {
        Manner::Copy
    } else {
        Manner::Links
    };
    sandbox.settle(&check.process, manner)?;
    sandbox.link_crates(&check.crates)?;
    for directory in &check.directories {
        sandbox.make_real(Path::new(directory))?;
    }
    for program in &check.programs {
        let at = Path::new(&program.at);
        in_real_directory(at, sandbox)?;
        make_link(Path::new(&program.from), at)?;
    }
    if let Some(place) = &check.place {
        let (from, at) = (Path::new(&check.program), Path::new(place));
        in_real_directory(at, sandbox)?;
        fs::copy(from, at).map_err(|e| Error::io("cannot copy", from, e))?;
    }
    Ok(())
}

fn in_real_directory(file: &Path, sandbox: &Sandbox) -> Result<()> {
    file.parent()
        .map_or(Ok(()), |directory| sandbox.make_real(directory))
}

fn environment(
    check: &Check,
    answers: &Answers<'_>,
    found: &Found,
    sandbox: &Sandbox,
    jobs: usize,
) -> Result<Environment> {
    let mut env = variables(&check.process, answers, found, sandbox);
    if !is_test(check.kind) {
        return Ok(env);
    }
    env.entry(THREADS.to_string())
        .or_insert_with(|| jobs.to_string());
    let mut directories = Vec::new();
    for (_, link) in &answers.link {
        // Libraries that a build script has made; those of the system have run paths.
        directories.extend(link.search.iter().filter(|s| s.own).map(|search| {
            let (_, path) = search.path.split_once('=').unwrap_or(("", &search.path));
            path.to_string()
        }));
    }
    if !check.crates.is_empty() {
        directories.push(sandbox.deps().display().to_string());
    }
    if let Some(rustc) = &check.loads_from {
        directories.extend(own_libraries(rustc, &env)?);
    }
    if let Some(given) = env.get(LIBRARY_PATH) {
        directories.push(given.clone());
    }
    if !directories.is_empty() {
        env.insert(LIBRARY_PATH.to_string(), directories.join(":"));
    }
    Ok(env)
}

/// The directories of the compiler's own libraries, which it knows best itself.
fn own_libraries(rustc: &str, env: &Environment) -> Result<Vec<String>> {
    let answer = Command::new(rustc)
        .args(["--print=sysroot", "--print=target-libdir"])
        .env_clear()
        .envs(env)
        .output()
        .map_err(|e| Error::io("cannot run", Path::new(rustc), e))?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let mut lines = text.lines();
    Ok([
        lines.next().map(|sysroot| format!("{sysroot}/lib")),
        lines.next().map(String::from),
    ]
    .into_iter()
    .flatten()
    .collect())
}

fn arguments(check: &Check, answers: &Answers<'_>, found: &Found, out: &Path) -> Vec<String> {
    let mut args = check.args.clone();
    let link = link_flags::link(&answers.link);
    match check.kind {
        CheckKind::Test | CheckKind::CustomTest | CheckKind::Fmt => return args,
        CheckKind::Clippy => args.extend(link),
        CheckKind::Doc | CheckKind::Doctest => args.extend(without_libraries(link)),
    }
    args.extend(answers.cfg.iter().flat_map(link_flags::cfg));
    if check.kind == CheckKind::Doctest {
        for lib in &found.lib {
            args.extend(["-L".to_string(), format!("native={lib}")]);
        }
        for lib in &found.shared {
            args.extend(["-C".to_string(), format!("link-arg=-Wl,-rpath,{lib}")]);
        }
    }
    if check.kind == CheckKind::Doc {
        for neighbour in &check.neighbours {
            // rustdoc takes a crate that has a directory here for one to link to.
            let _ = fs::create_dir_all(out.join("doc").join(neighbour));
        }
        args.extend([
            "--out-dir".to_string(),
            out.join("doc").display().to_string(),
            "--parts-out-dir".to_string(),
            out.join("parts").display().to_string(),
        ]);
    }
    args
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

/// What a report says of a failure; the failure itself if it is not for a report.
fn kept(check: &Check, error: Error) -> Result<Vec<String>> {
    match check.record {
        Some(_) if is_test(check.kind) => Ok(error.lines()),
        None if is_test(check.kind) => Err(error.note(
            "the attribute `report` of this check is a table and a JUnit file of all tests, \
             failed ones too",
        )),
        _ => Err(error),
    }
}

/// What the check found, and an error if it failed.
///
/// `listed` gives the names of all tests of an executable.
fn interpret(
    check: &Check,
    finished: &Finished,
    listed: impl FnOnce() -> Vec<String>,
) -> (Report, Result<()>) {
    let mut report = Report {
        package: check.process.package.clone(),
        target: check.process.target.clone(),
        custom: check.kind == CheckKind::CustomTest,
        ..Report::default()
    };
    match check.kind {
        CheckKind::Test | CheckKind::Doctest => {
            let output = libtest::parse(&String::from_utf8_lossy(&finished.printed));
            let verdict = if !finished.succeeded() || output.incomplete {
                let names = if output.incomplete {
                    listed()
                } else {
                    Vec::new()
                };
                Err(failed_tests(&output, &names, finished))
            } else {
                Ok(())
            };
            report.cases = output.cases;
            report.counts = output.counts;
            (report, verdict)
        }
        CheckKind::Clippy => {
            let (messages, other) = diagnostics::split(&finished.printed);
            for message in &messages {
                echo(diagnostics::rendered(message).as_bytes());
            }
            echo(other.as_bytes());
            report.messages = messages;
            report.messages.retain(diagnostics::is_about_code);
            (report, succeed("clippy", finished))
        }
        CheckKind::CustomTest => (report, succeed("the test", finished)),
        CheckKind::Doc => (report, succeed("rustdoc", finished)),
        CheckKind::Fmt if !finished.succeeded() => {
            let error = Error::new("the sources are not formatted as rustfmt would");
            (report, Err(error.note("`cargo fmt --all` formats them")))
        }
        CheckKind::Fmt => (report, Ok(())),
    }
}

/// The names of all tests that an executable would run; none if it does not say.
fn list(
    check: &Check,
    command: (&str, &[String]),
    env: &Environment,
    sandbox: &Sandbox,
) -> Vec<String> {
    const SECONDS: u64 = 20;
    if check.kind != CheckKind::Test {
        return Vec::new();
    }
    let (program, given) = command;
    let mut args = vec!["--list".to_string(), "--format=terse".to_string()];
    args.extend_from_slice(given);
    let log = sandbox.home().join("list");
    let (cwd, limit) = (&check.process.cwd, Some(SECONDS));
    match supervise::run((program, &args), cwd, env, limit, &log, |_| {}) {
        Ok(listed) if listed.succeeded() => {
            libtest::listed(&String::from_utf8_lossy(&listed.printed))
        }
        _ => Vec::new(),
    }
}

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
    if String::from_utf8_lossy(&finished.printed).contains("(os error 2)") {
        error = error.note(
            "a test sees the files of its package but for sources and documents that no source \
             names; add others to `test-data = [\"…\"]` under [package.metadata.dyndrv] in the \
             package's Cargo.toml",
        );
    }
    error
}

/// Removes what is no result: the lock, and the neighbours' directories.
fn tidy(check: &Check, out: &Path) -> Result<()> {
    let doc = out.join("doc");
    for neighbour in &check.neighbours {
        let directory = doc.join(neighbour);
        // Only an empty directory goes.
        let _ = fs::remove_dir(&directory);
    }
    match fs::remove_file(doc.join(".lock")) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("cannot remove", &doc.join(".lock"), e))
        }
        _ => Ok(()),
    }
}

fn run_of(finished: &Finished) -> Run {
    Run {
        seconds: (finished.duration.as_secs_f64() * 1000.0).round() / 1000.0,
        ended: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
    }
}
