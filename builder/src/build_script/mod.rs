//! Runs a build script once and keeps the instructions that it prints.

mod earlier;
pub mod instructions;
pub mod named_files;
pub mod recorded;
mod target_dir;

use crate::error::{Error, Result};
use crate::sandbox::Environment;
use crate::sandbox::child::{self, Finished};
use crate::sandbox::environment::{self, envify};
use crate::sandbox::files::create_dir_all;
use crate::sandbox::sources::Clash;
use crate::sandbox::{Sandbox, c_compilers, cargo_home, remap};
use crate::spec::task::Outputs;
use crate::spec::{BuildScript, incremental};
use instructions::{Instructions, Messages, Package};
use named_files::NamedFiles;
use recorded::{Cfg, Dep, Link, Remap, Search};
use std::path::Path;

pub use earlier::named_inputs;

/// Kinds of search paths that may stand before a path, as `KIND=PATH`.
const SEARCH_KINDS: [&str; 5] = ["native", "crate", "dependency", "framework", "all"];

/// Runs one build script, if it has to run; `jobs` is how many jobs it may use. `outputs` are the paths that the
/// outputs have in the store.
pub fn run(script: &BuildScript, outputs: &Outputs, sandbox: &Sandbox, jobs: usize) -> Result<()> {
    let process = &script.process;
    let written = outputs.without_registered(&sandbox.tmp());
    if let Some(warnings) = earlier::take_over(script, outputs, &written, sandbox)? {
        eprintln!("{}", incremental::SAME);
        warn(&process.package, &warnings);
        return Ok(());
    }
    sandbox.settle(process)?;
    let target_dir = written.get("out")?;
    let place = |target_dir: &Path| Remap {
        from: target_dir.join(&script.out_dir).display().to_string(),
        to: format!("/{}", script.out_dir),
    };
    let (own, at) = (place(outputs.get("out")?), place(target_dir));
    create_dir_all(Path::new(&at.from))?;

    let instructions = match &script.replaced {
        Some(replaced) => parse(script, &as_lines(replaced))?,
        None => {
            let mut env = variables(script, &at, sandbox)?;
            env.insert("NUM_JOBS".to_string(), jobs.to_string());
            if let Some(config) = &script.cargo_config {
                cargo_home::write(config, &sandbox.home())?;
            }
            let run = || {
                target_dir::marked(target_dir, || {
                    child::run("build script", &script.program, &[], &process.cwd, &env)
                })
            };
            let mut finished = match &script.locked_packages {
                Some(packages) => sandbox.with_packages(Path::new(packages), jobs, run)?,
                None => run()?,
            };
            finished.stdout = earlier::moved(
                finished.stdout,
                &[(at.from.as_bytes(), own.from.as_bytes())],
            );
            read(script, &finished)?
        }
    };

    named_files::replace_links(target_dir, sandbox.root())?;
    earlier::keep(
        script,
        &instructions.named,
        &instructions.warnings,
        &written,
    )?;
    keep(script, instructions, own, &written, sandbox)
}

/// Writes the outputs with the instructions, and the files that they name.
fn keep(
    script: &BuildScript,
    instructions: Instructions,
    own: Remap,
    outputs: &Outputs,
    sandbox: &Sandbox,
) -> Result<()> {
    let none = || NamedFiles::new(sandbox.root(), Path::new(&script.compiler_cwd));
    let mut files = none();
    for search in &instructions.search {
        files.add_search(without_kind(search))?;
    }
    for link_arg in &instructions.link_args {
        files.add_link_arg(&link_arg.arg)?;
    }
    recorded::write(outputs.get("link")?, &link(&instructions, &own), &files)?;

    let mut files = none();
    for (_, value) in &instructions.metadata {
        files.add_absolute(value)?;
    }
    recorded::write(outputs.get("dep")?, &dep(&instructions, own), &files)?;

    let mut files = none();
    for source in &script.process.sources {
        files.add_new(Path::new(&source.at))?;
    }
    recorded::write(outputs.get("cfg")?, &cfg(instructions), &files)
}

fn variables(script: &BuildScript, at: &Remap, sandbox: &Sandbox) -> Result<Environment> {
    let process = &script.process;
    let mut env = environment::of(process, sandbox)?;
    env.insert("OUT_DIR".to_string(), at.from.clone());
    let mut maps = remap::for_c(process, &env)?;
    for dependency in &script.deps {
        recorded::lay_out_files(&dependency.dep, sandbox, Clash::Keep)?;
        let dep: Dep = recorded::read(&dependency.dep)?;
        for (key, value) in dep.metadata {
            env.insert(format!("DEP_{}_{key}", envify(&dependency.links)), value);
        }
        maps.extend(dep.out_dir);
    }
    maps.push(at.clone());
    c_compilers::wrap(&mut env, &maps, sandbox)?;
    Ok(env)
}

/// Shows what the script has to say, and fails if it has failed by its exit
/// status, by its own word, or by what it printed.
fn read(script: &BuildScript, finished: &Finished) -> Result<Instructions> {
    let package = &script.process.package;
    let messages = instructions::messages(&finished.stdout);
    let failed = !finished.status.success() || !messages.errors.is_empty();
    show(package, &messages, script.local || failed);
    if !finished.status.success() {
        let error = Error::new(format!("the build script failed ({})", finished.status))
            .note("what it printed stands above");
        let notes = hints(script, &finished.stderr);
        return Err(notes.into_iter().fold(error, Error::note));
    }
    if let Some(error) = messages.errors.first() {
        return Err(Error::new(format!("the build script reports: {error}")));
    }
    let mut instructions = parse(script, &finished.stdout)?;
    if script.local {
        warn(package, &instructions.warnings);
    }
    instructions.warnings.splice(0..0, messages.warnings);
    Ok(instructions)
}

/// Advice for frequent complaints of build scripts.
fn hints(script: &BuildScript, stderr: &[u8]) -> Vec<String> {
    let stderr = String::from_utf8_lossy(stderr);
    // The system says the same of a program that is not on PATH.
    if !["No such file or directory", "kind: NotFound"]
        .iter()
        .any(|complaint| stderr.contains(complaint))
    {
        return Vec::new();
    }
    let package = &script.process.package;
    let name = package.split(' ').next().unwrap_or_default();
    let mut hints = vec![format!(
        "if it starts a program that is not on its PATH, add the program's package to \
         `crateEnv.{name}.nativeBuildInputs`, or to `nativeBuildInputs` for all build scripts"
    )];
    if script.local {
        hints.push(crate::rustc::dep_info::extra_sources(
            "a file that is missing",
        ));
    }
    hints
}

fn parse(script: &BuildScript, stdout: &[u8]) -> Result<Instructions> {
    let package = &script.process.package;
    let name = package.split(' ').next().unwrap_or_default();
    let rules = Package {
        name: package,
        rust_version: script.rust_version.as_deref(),
        targets: &script.targets,
        bootstrap: may_bootstrap(&script.process.env, name),
    };
    instructions::parse(stdout, rules)
}

/// The lines with which a script would give the instructions of the configuration.
fn as_lines(replaced: &[(String, String)]) -> Vec<u8> {
    let line = |(key, value): &(String, String)| format!("cargo:{key}={value}\n");
    replaced.iter().map(line).collect::<String>().into_bytes()
}

fn show(package: &str, messages: &Messages, warnings: bool) {
    if warnings {
        warn(package, &messages.warnings);
    }
    for error in &messages.errors {
        eprintln!("error: {package}: {error}");
    }
}

fn warn(package: &str, warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {package}: {warning}");
    }
}

/// Whether the user lets this package use unstable features of a stable compiler.
fn may_bootstrap(env: &Environment, package: &str) -> bool {
    env.get("RUSTC_BOOTSTRAP").is_some_and(|value| {
        value
            .split(',')
            .any(|name| name == "1" || name == package.replace('-', "_"))
    })
}

fn cfg(instructions: Instructions) -> Cfg {
    Cfg {
        cfg: sorted(instructions.cfgs),
        check_cfg: sorted(instructions.check_cfgs),
        env: instructions.env.into_iter().collect(),
    }
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values.dedup();
    values
}

fn link(instructions: &Instructions, own: &Remap) -> Link {
    let search = instructions.search.iter().map(|path| Search {
        own: Path::new(without_kind(path)).starts_with(&own.from),
        path: path.clone(),
    });
    Link {
        search: search.collect(),
        libs: instructions.libs.clone(),
        args: instructions.link_args.clone(),
    }
}

fn without_kind(search: &str) -> &str {
    match search.split_once('=') {
        Some((kind, path)) if SEARCH_KINDS.contains(&kind) => path,
        _ => search,
    }
}

fn dep(instructions: &Instructions, own: Remap) -> Dep {
    let metadata = instructions.metadata.iter();
    let metadata = metadata.map(|(key, value)| (envify(key), value.clone()));
    let mut dep = Dep {
        metadata: metadata.collect(),
        out_dir: None,
    };
    let mentions_own = |value: &String| value.contains(&own.from);
    dep.out_dir = dep.metadata.values().any(mentions_own).then_some(own);
    dep
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn own() -> Remap {
        Remap {
            from: "/nix/store/x-run/debug/build/z-1/out".to_string(),
            to: "/debug/build/z-1/out".to_string(),
        }
    }

    fn parse(stdout: &str) -> Instructions {
        instructions::parse(stdout.as_bytes(), Package::default()).unwrap()
    }

    #[test]
    fn search_paths_in_the_own_out_dir_are_marked() {
        let instructions = parse(
            "cargo:rustc-link-search=native=/nix/store/x-run/debug/build/z-1/out/lib\n\
             cargo:rustc-link-search=/nix/store/x-run/debug/build/z-1/outside\n\
             cargo:rustc-link-search=all=/usr/lib\n\
             cargo:rustc-link-search=odd=/nix/store/x-run/debug/build/z-1/out",
        );
        let link = link(&instructions, &own());
        let marks: Vec<bool> = link.search.iter().map(|search| search.own).collect();
        assert_eq!(marks, [true, false, false, false]);
    }

    #[test]
    fn metadata_is_canonical_and_names_the_out_dir_only_if_it_shows() {
        let instructions = parse("cargo:b-c=1\ncargo:a=2\ncargo:B_C=3");
        let expected = Dep {
            metadata: [("A", "2"), ("B_C", "3")]
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .into(),
            out_dir: None,
        };
        assert_eq!(dep(&instructions, own()), expected);
        let instructions = parse(&format!("cargo:root={}/x", own().from));
        let dep = dep(&instructions, own());
        assert_eq!(dep.out_dir, Some(own()));
    }

    #[test]
    fn cfgs_are_sorted_and_the_last_value_of_a_variable_wins() {
        let cfg = cfg(parse(
            "cargo:rustc-cfg=b\ncargo:rustc-cfg=a\ncargo:rustc-cfg=b\n\
             cargo:rustc-env=A=1\ncargo:rustc-env=A=2",
        ));
        assert_eq!(cfg.cfg, ["a", "b"]);
        assert_eq!(cfg.env.get("A").map(String::as_str), Some("2"));
    }

    #[test]
    fn bootstrap_is_for_those_whom_the_user_named() {
        let env = |value: &str| -> Environment {
            [("RUSTC_BOOTSTRAP".to_string(), value.to_string())].into()
        };
        assert!(may_bootstrap(&env("1"), "a"));
        assert!(may_bootstrap(&env("b,a_b"), "a-b"));
        assert!(!may_bootstrap(&env("b"), "a"));
        assert!(!may_bootstrap(&Environment::new(), "a"));
    }
}
