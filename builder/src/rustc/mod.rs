//! Runs the compiler once.

pub mod dep_info;
mod incremental;
pub mod link_flags;
pub mod messages;
mod products;

use crate::build_script::recorded::{self, Cfg, Link};
use crate::error::{Error, Result};
use crate::sandbox::files::create_dir_all;
use crate::sandbox::sources::Clash;
use crate::sandbox::{Environment, Sandbox, child, environment, libraries, remap};
use crate::spec::task::Outputs;
use crate::spec::{Process, READ_FILES, Rustc, ScriptUse};
use dep_info::Allowed;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Command lines above this size go through a file: the system's limit is a few
/// times as high, but counts the environment as well.
const LONGEST: usize = 100 * 1024;

/// Compiles one unit.
pub fn run(rustc: &Rustc, outputs: &Outputs, sandbox: &Sandbox) -> Result<()> {
    if incremental::reuse(rustc, outputs)? {
        return Ok(());
    }
    let process = &rustc.process;
    sandbox.settle(process)?;
    let copied = rustc.incremental.as_ref().map(incremental::copied);
    sandbox.link_crates(&rustc.crates, copied)?;
    for output in outputs.paths() {
        create_dir_all(output)?;
    }
    let instructions = EffectiveInstructions::read(&rustc.scripts, sandbox)?;
    let env = variables(process, &instructions, sandbox)?;
    let mut incremental = match &rustc.incremental {
        Some(spec) => Some(incremental::Run::prepare(rustc, spec, outputs, sandbox)?),
        None => None,
    };
    let out = match &incremental {
        Some(incremental) => incremental.out(),
        None => outputs.get("out")?,
    };
    let mut args = arguments(rustc, out, &instructions, &env)?;
    let allowed = allowed(rustc, outputs, sandbox, &args, &env)?;
    args.extend(incremental.iter().flat_map(incremental::Run::argument));
    args.extend(messages::ARGUMENTS.map(str::to_owned));

    let short = shorten(args, sandbox)?;
    let compile = || {
        let program = &rustc.compiler;
        child::run_shown(
            "rustc",
            program,
            &short,
            &process.cwd,
            &env,
            messages::shown,
        )
    };
    let mut finished = compile()?;
    if let Some(incremental) = &mut incremental
        && incremental.gives_up_state(finished.status, outputs)?
    {
        finished = compile()?;
    }
    if !finished.status.success() {
        messages::tell(&finished.stderr);
        let error = Error::new(format!("rustc failed ({})", finished.status));
        return Err(missing_files(&messages::shown_all(&finished.stderr))
            .iter()
            .fold(error, |error, file| error.note(missing_note(file))));
    }
    if let Some(incremental) = &incremental {
        incremental.finish(rustc, outputs)?;
    }
    let read = products::sort_out(outputs, &rustc.products, &allowed)?;
    if let Some(incremental) = &incremental {
        incremental.replace_libraries(rustc, outputs)?;
    }
    if let Some(output) = &rustc.list_crates {
        libraries::list(outputs.get(output)?, &rustc.crates)?;
    }
    if rustc.record {
        record(outputs.get("out")?, rustc, &read)?;
        messages::keep(outputs.get("out")?, &finished.stderr)?;
    }
    Ok(())
}

/// Writes which files of the unit's sources were read, for `dyndrv audit`.
fn record(out: &Path, rustc: &Rustc, read: &BTreeSet<PathBuf>) -> Result<()> {
    let file = out.join(READ_FILES);
    if let Some(parent) = file.parent() {
        create_dir_all(parent)?;
    }
    let sources = &rustc.process.sources;
    let list: String = read
        .iter()
        .filter(|path| sources.iter().any(|source| path.starts_with(&source.at)))
        .map(|path| format!("{}\n", path.display()))
        .collect();
    fs::write(&file, list).map_err(|e| Error::io("cannot write", &file, e))
}

/// The instructions of build scripts that apply to a unit.
#[derive(Default)]
pub struct EffectiveInstructions<'a> {
    /// Of each script whose package the unit links.
    pub link: Vec<(&'a ScriptUse, Link)>,
    /// Of the script of the unit's own package.
    pub cfg: Vec<Cfg>,
    out_dir: Option<&'a String>,
}

impl<'a> EffectiveInstructions<'a> {
    /// Reads what the runs have kept, and lays out the files that the instructions name.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or is malformed.
    pub fn read(scripts: &'a [ScriptUse], sandbox: &Sandbox) -> Result<Self> {
        let mut found = Self::default();
        for script in scripts {
            found.out_dir = script.out_dir.as_ref().or(found.out_dir);
            if let Some(output) = &script.link {
                recorded::lay_out_files(output, sandbox, Clash::Keep)?;
                found.link.push((script, recorded::read(output)?));
            }
            if let Some(output) = &script.cfg {
                // What the script has written beside its sources is newer than they are.
                recorded::lay_out_files(output, sandbox, Clash::Replace)?;
                found.cfg.push(recorded::read(output)?);
            }
        }
        Ok(found)
    }
}

fn arguments(
    rustc: &Rustc,
    out: &Path,
    instructions: &EffectiveInstructions<'_>,
    env: &Environment,
) -> Result<Vec<String>> {
    let mut args = rustc.args.clone();
    args.extend(["--out-dir".to_string(), out.display().to_string()]);
    let scripts = rustc.scripts.iter().filter_map(|script| {
        let (from, to) = (script.out_dir.as_ref()?, script.out_dir_remap.as_ref()?);
        Some((from.clone(), to.clone()))
    });
    let given = remap::of(&rustc.process)?;
    for (from, to) in given
        .into_iter()
        .map(|map| (map.from, map.to))
        .chain(scripts)
    {
        args.push(format!("--remap-path-prefix={from}={to}"));
    }
    args.extend(link_flags::link(&instructions.link));
    args.extend(instructions.cfg.iter().flat_map(link_flags::cfg));
    args.extend(link_flags::environment(env));
    Ok(args)
}

/// The environment of a process that sees what its package's build script said.
///
/// # Errors
///
/// If a recorded environment cannot be read.
pub fn variables(
    process: &Process,
    instructions: &EffectiveInstructions<'_>,
    sandbox: &Sandbox,
) -> Result<Environment> {
    let mut env = environment::of(process, sandbox)?;
    if let Some(out_dir) = instructions.out_dir {
        env.insert("OUT_DIR".to_string(), out_dir.clone());
    }
    for cfg in &instructions.cfg {
        env.extend(cfg.env.clone());
    }
    Ok(env)
}

/// The places whose files belong to the unit.
fn allowed(
    rustc: &Rustc,
    outputs: &Outputs,
    sandbox: &Sandbox,
    args: &[String],
    env: &Environment,
) -> Result<Allowed> {
    let mut roots: Vec<PathBuf> = Vec::new();
    roots.extend(rustc.process.sources.iter().map(|s| PathBuf::from(&s.at)));
    let out_dirs = rustc.scripts.iter().filter_map(|s| s.out_dir.as_ref());
    roots.extend(out_dirs.map(PathBuf::from));
    roots.extend(outputs.paths().map(PathBuf::from));
    roots.push(sandbox.tmp());
    let spec = serde_json::to_string(rustc)
        .map_err(|e| Error::new(format!("cannot write the specification: {e}")))?;
    let mut mentioned = vec![spec];
    mentioned.extend_from_slice(args);
    mentioned.extend(env.values().cloned());
    Ok(Allowed {
        cwd: PathBuf::from(&rustc.process.cwd),
        roots,
        mentioned: mentioned.join("\n"),
    })
}

/// Moves a long command line into files, one argument on each line. An argument with a line
/// break cannot be in a file: it keeps its place between two of them, behind its flag.
pub fn shorten(args: Vec<String>, sandbox: &Sandbox) -> Result<Vec<String>> {
    if args.iter().map(|arg| arg.len() + 1).sum::<usize>() <= LONGEST {
        return Ok(args);
    }
    let mut short = Vec::new();
    for part in args.split_inclusive(|arg| arg.contains('\n')) {
        let (in_file, on_line) = match part.split_last() {
            Some((last, before)) if last.contains('\n') => (before, Some(last)),
            _ => (part, None),
        };
        if !in_file.is_empty() {
            let file = sandbox.tmp().join(format!("arguments-{}", short.len()));
            fs::write(&file, in_file.join("\n"))
                .map_err(|e| Error::io("cannot write", &file, e))?;
            short.push(format!("@{}", file.display()));
        }
        short.extend(on_line.cloned());
    }
    Ok(short)
}

/// The files that the compiler could not find, as its messages name them.
fn missing_files(text: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for line in text.lines() {
        let unreadable = line.contains("No such file").then_some("couldn't read `");
        let no_module = line
            .starts_with("error")
            .then_some("file not found for module `");
        for message in [unreadable, no_module].into_iter().flatten() {
            let name = line
                .split_once(message)
                .and_then(|(_, rest)| rest.split_once('`'))
                .map(|(name, _)| name.to_string());
            files.extend(name.filter(|name| !files.contains(name)));
        }
    }
    files
}

fn missing_note(file: &str) -> String {
    format!(
        "`{file}` is not in the list of files that dyndrv gives to this unit; {}",
        dep_info::extra_sources("it")
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_are_recognised_in_the_messages_of_rustc() {
        let stderr = "\
error: couldn't read `src/a.txt`: No such file or directory (os error 2)
 --> src/main.rs:1:13
error: couldn't read `src/b.bin`: Is a directory (os error 21)
error[E0583]: file not found for module `m`
  = help: to create the module `m`, create file \"src/m.rs\"
error: couldn't read `src/a.txt`: No such file or directory (os error 2)
";
        assert_eq!(missing_files(stderr), ["src/a.txt", "m"]);
    }

    #[test]
    fn long_command_lines_go_through_a_file() {
        let temp = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(temp.path());
        sandbox.prepare().unwrap();
        let few = vec!["--cfg".to_string(), "a".to_string()];
        assert_eq!(shorten(few.clone(), &sandbox).unwrap(), few);
        let mut many = vec!["x".repeat(200); 600];
        many.extend(["--cfg", "a=\"b\nc\"", "--cfg", "d"].map(String::from));
        let short = shorten(many, &sandbox).unwrap();
        let [first, value, second] = short.as_slice() else {
            panic!("{short:?}");
        };
        let lines = |file: &str| -> Vec<String> {
            let text = fs::read_to_string(file.strip_prefix('@').unwrap()).unwrap();
            text.lines().map(String::from).collect()
        };
        // A flag comes right before its value.
        assert_eq!(lines(first).len(), 601);
        assert_eq!(lines(first)[600], "--cfg");
        assert_eq!(value, "a=\"b\nc\"");
        assert_eq!(lines(second), ["--cfg", "d"]);
    }
}
