//! Plain cargo for a project: its tests, warnings and pages.

use super::outcomes::{Executable, Outcomes, Status};
use super::{pages_below, rendered};
use crate::project::{Project, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Plain cargo for a project.
pub struct Cargo<'a> {
    pub project: &'a Project,
    /// `CARGO_TARGET_DIR`; none for cargo's own choice.
    pub target: Option<&'a Path>,
    /// What is selected: `--workspace`, `--package`, `--features`.
    pub selection: Vec<String>,
}

impl<'a> Cargo<'a> {
    /// The whole workspace.
    pub fn new(project: &'a Project, target: Option<&'a Path>) -> Self {
        Self {
            project,
            target,
            selection: vec!["--workspace".to_owned()],
        }
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(root().join("dev/cargo"));
        command
            .args([subcommand, "--locked"])
            .args(&self.selection)
            .current_dir(self.project.path())
            // A wish of whoever starts this, which tests of output see.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        if let Some(target) = self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        command
    }

    /// Standard output.
    fn run(&self, subcommand: &str, args: &[&str]) -> Result<String, String> {
        let output = self.command(subcommand).args(args).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(stdout);
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!("cargo {subcommand} {args:?} fails:\n{stderr}"))
    }

    /// All that `cargo test` runs. Failed tests are results; what does not compile is an error.
    ///
    /// With a directory the output of cargo is kept there, and taken from there the next time.
    pub fn tests(&self, kept: Option<&Path>) -> Result<Outcomes, String> {
        let kept = |name: &str| kept.map(|dir| dir.join(name));
        let artifacts = once(kept("artifacts.json"), || {
            self.run("test", &["--no-run", "--message-format=json"])
        })?;
        let log = once(kept("cargo.log"), || Ok(self.log()))?;
        Ok(read(&log, &Targets::of(&artifacts)))
    }

    /// What `cargo test` prints, both streams in the order of the moment.
    fn log(&self) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        // Both append to it.
        let log = fs::OpenOptions::new().append(true).open(file.path());
        let log = log.unwrap();
        self.command("test")
            .arg("--no-fail-fast")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned()
    }

    /// The messages of `cargo clippy --all-targets` about local code.
    pub fn warnings(&self) -> Result<Vec<String>, String> {
        let stdout = self.run("clippy", &["--all-targets", "--message-format=json"])?;
        let lines = stdout.lines();
        let messages = lines.filter_map(|line| serde_json::from_str(line).ok());
        let messages = messages.filter(|line: &Value| {
            let local = line["package_id"].as_str().unwrap_or_default();
            line["reason"] == "compiler-message" && local.starts_with("path+")
        });
        Ok(rendered(messages.map(|mut line| line["message"].take())))
    }

    /// The pages of `cargo doc --no-deps`.
    pub fn pages(&self) -> Result<Vec<String>, String> {
        self.run("doc", &["--no-deps"])?;
        let target = self.project.path().join("target");
        Ok(pages_below(&self.target.unwrap_or(&target).join("doc")))
    }
}

/// The text of the file; what `make` gives is written there if there is none.
fn once(
    file: Option<PathBuf>,
    make: impl FnOnce() -> Result<String, String>,
) -> Result<String, String> {
    let Some(file) = file else { return make() };
    if let Ok(text) = fs::read_to_string(&file) {
        return Ok(text);
    }
    let text = make()?;
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, &text).unwrap();
    Ok(text)
}

/// What cargo's log names by other names.
#[derive(Default)]
struct Targets {
    /// By the file name of the executable; with whether it has rustc's harness.
    executables: BTreeMap<String, (Executable, bool)>,
    /// By the name of the crate.
    libraries: BTreeMap<String, Executable>,
}

impl Targets {
    /// From the messages of `cargo test --no-run --message-format=json`.
    fn of(messages: &str) -> Self {
        let mut targets = Self::default();
        let mut manifests = BTreeMap::new();
        for line in messages.lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            let local = message["package_id"].as_str().unwrap_or_default();
            if message["reason"] != "compiler-artifact" || !local.starts_with("path+") {
                continue;
            }
            let manifest = PathBuf::from(message["manifest_path"].as_str().unwrap());
            let target = &message["target"];
            let name = target["name"].as_str().unwrap();
            let kind = match target["kind"][0].as_str().unwrap() {
                kind @ ("bin" | "test" | "example" | "bench") => format!("{kind} {name}"),
                "proc-macro" => "proc-macro".to_owned(),
                "custom-build" => continue,
                _ => "lib".to_owned(),
            };
            let executable = Executable {
                package: package_of(local),
                target: kind,
                documentation: false,
            };
            if !executable.target.contains(' ') {
                let library = Executable {
                    documentation: true,
                    ..executable.clone()
                };
                targets.libraries.insert(name.replace('-', "_"), library);
            }
            let file = message["executable"].as_str().map(Path::new);
            if let (Some(file), true) = (file, message["profile"]["test"] == true) {
                let file = file.file_name().unwrap().to_str().unwrap().to_owned();
                let text = manifests
                    .entry(manifest.clone())
                    .or_insert_with(|| fs::read_to_string(&manifest).unwrap_or_default());
                let harness = has_harness(text, &executable.target);
                targets.executables.insert(file, (executable, harness));
            }
        }
        targets
    }
}

/// Name and version in a package id: `path+file:///a/b#1.0.0`, `path+file:///a/b#name@1.0.0`.
fn package_of(id: &str) -> String {
    let (place, rest) = id.rsplit_once('#').unwrap();
    let name = place.rsplit('/').next().unwrap();
    let (name, version) = rest.split_once('@').unwrap_or((name, rest));
    format!("{name} {version}")
}

/// Whether the target of a manifest has rustc's test harness.
fn has_harness(manifest: &str, target: &str) -> bool {
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let (kind, name) = target.split_once(' ').unwrap_or(("lib", ""));
    let declared = match manifest.get(kind) {
        Some(toml::Value::Array(tables)) => tables.iter().find(|table| {
            let named = table.get("name").and_then(toml::Value::as_str);
            named == Some(name)
        }),
        found => found,
    };
    declared.and_then(|table| table.get("harness")?.as_bool()) != Some(false)
}

/// Reads the log of `cargo test --no-fail-fast`.
fn read(log: &str, targets: &Targets) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for section in sections(log, targets) {
        section.read(&mut outcomes);
    }
    outcomes
}

/// What one executable has printed.
struct Section<'a> {
    executable: Executable,
    harness: bool,
    lines: Vec<&'a str>,
    failed: bool,
}

/// The log, divided where cargo says what it runs next.
fn sections<'a>(log: &'a str, targets: &Targets) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in log.lines() {
        // A test may run cargo itself: only executables of this workspace count.
        if let Some((executable, harness)) = begins(line, targets) {
            sections.push(Section {
                executable: executable.clone(),
                harness,
                lines: Vec::new(),
                failed: false,
            });
        } else if let Some(section) = sections.last_mut() {
            let verdicts = [
                "error: test failed, to rerun",
                "error: doctest failed, to rerun",
            ];
            section.failed |= verdicts.iter().any(|verdict| line.starts_with(verdict));
            section.lines.push(line);
        }
    }
    sections
}

/// `Running unittests src/lib.rs (target/debug/deps/NAME-HASH)`, `Doc-tests NAME`.
fn begins<'t>(line: &str, targets: &'t Targets) -> Option<(&'t Executable, bool)> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return targets.libraries.get(name).map(|library| (library, true));
    }
    let (_, path) = line
        .strip_prefix("Running ")?
        .strip_suffix(')')?
        .rsplit_once('(')?;
    let (executable, harness) = targets.executables.get(path.rsplit('/').next()?)?;
    Some((executable, *harness))
}

impl Section<'_> {
    fn read(&self, outcomes: &mut Outcomes) {
        let executable = &self.executable;
        outcomes.ran(executable);
        let all = || self.lines.join("\n");
        if !self.harness {
            let status = if self.failed {
                Status::Failed
            } else {
                Status::Passed
            };
            outcomes.test(executable, &executable.target, status);
            if self.failed {
                outcomes.reason(executable, &executable.target, &all());
            }
            return;
        }
        let (mut running, mut begun, mut ended, mut blamed) = (false, 0, 0, false);
        let mut printed: Option<(&str, String)> = None;
        for line in &self.lines {
            if is_beginning(line) && !running {
                (running, begun) = (true, begun + 1);
            } else if line.starts_with("test result: ") {
                (running, ended) = (false, ended + 1);
            } else if *line == "failures:" {
                running = false;
            } else if running {
                let case = line.strip_prefix("test ").and_then(case);
                if let Some((name, status)) = case {
                    blamed |= status == Status::Failed;
                    outcomes.test(executable, name, status);
                    continue;
                }
            }
            let name = line
                .strip_prefix("---- ")
                .and_then(|rest| rest.strip_suffix(" stdout ----"));
            if let Some(name) = name {
                if let Some((name, text)) = printed.replace((name, String::new())) {
                    outcomes.reason(executable, name, &text);
                }
            } else if let Some((_, text)) = &mut printed {
                text.push_str(line);
                text.push('\n');
            }
        }
        if let Some((name, text)) = printed {
            outcomes.reason(executable, name, &text);
        }
        if self.failed && (!blamed || ended < begun) {
            outcomes.test(executable, &executable.target, Status::Failed);
            outcomes.reason(executable, &executable.target, &all());
        }
    }
}

/// `running 3 tests`
fn is_beginning(line: &str) -> bool {
    let count = line.strip_prefix("running ");
    let count = count.and_then(|rest| rest.strip_suffix(" tests").or(rest.strip_suffix(" test")));
    count.is_some_and(|count| count.parse::<u64>().is_ok())
}

/// The name and the status in `NAME ... ok`, without what is expected of the test.
fn case(rest: &str) -> Option<(&str, Status)> {
    let (name, result) = rest.rsplit_once(" ... ")?;
    let expected = [" - should panic", " - compile fail", " - compile"];
    let name = expected
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    // Tools that tests start print such lines too, trybuild for each file.
    let is_example = name.ends_with(')') && name.contains(" (line ");
    if !is_example && name.contains([' ', '/']) {
        return None;
    }
    let status = match result.split([',', ' ', '<']).next()? {
        "ok" => Status::Passed,
        "FAILED" => Status::Failed,
        "ignored" => Status::Ignored,
        _ => return None,
    };
    Some((name, status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Targets {
        let artifact = |kind: &str, name: &str, file: &str| {
            serde_json::json!({
                "reason": "compiler-artifact",
                "package_id": "path+file:///w/a#1.0.0",
                "manifest_path": "/nowhere/Cargo.toml",
                "target": { "kind": [kind], "name": name },
                "profile": { "test": true },
                "executable": format!("/w/target/debug/deps/{file}"),
            })
            .to_string()
        };
        Targets::of(&format!(
            "{}\n{}\n{}",
            artifact("lib", "a-b", "a_b-1"),
            artifact("test", "ui", "ui-2"),
            artifact("test", "dies", "dies-3"),
        ))
    }

    #[test]
    fn a_log_is_read_by_executable() {
        let log = "     Running unittests src/lib.rs (target/debug/deps/a_b-1)\n\
            \nrunning 2 tests\ntest x - should panic ... ok\ntest slow ... ignored, an hour\n\
            \ntest result: ok. 1 passed; 0 failed; 1 ignored\n\
            \n     Running tests/ui.rs (target/debug/deps/ui-2)\n\
            \nrunning 2 tests\ntest good ... ok\ntest bad ... FAILED\n\nfailures:\n\n---- bad stdout ----\n\
            \x20    Running tests/theirs.rs (target/debug/deps/theirs-9)\ntest theirs ... ok\n\
            thread 'bad' panicked at tests/ui.rs:3:\nno such file\n\n\nfailures:\n    bad\n\
            \ntest result: FAILED. 1 passed; 1 failed\n\nerror: test failed, to rerun pass `-p a --test ui`\n\
            \x20    Running tests/dies.rs (target/debug/deps/dies-3)\n\
            \nrunning 1 test\nerror: test failed, to rerun pass `-p a --test dies`\n\
            \nCaused by:\n  process didn't exit successfully (signal: 6, SIGABRT)\n\
            \x20  Doc-tests a_b\n\nrunning 1 test\ntest src/lib.rs - (line 3) - compile ... ok\n\
            \ntest result: ok. 1 passed\n";
        let outcomes = read(log, &targets());
        let told: Vec<String> = outcomes
            .tests
            .iter()
            .map(|((executable, name), statuses)| format!("{executable}, {name}: {}", statuses[0]))
            .collect();
        assert_eq!(
            told,
            [
                "a 1.0.0, lib, slow: ignored",
                "a 1.0.0, lib, x: passed",
                "a 1.0.0, documentation of lib, src/lib.rs - (line 3): passed",
                "a 1.0.0, test dies, test dies: failed",
                "a 1.0.0, test ui, bad: failed",
                "a 1.0.0, test ui, good: passed",
            ]
        );
        assert_eq!(outcomes.runs(), 3);
        let bad = outcomes.reasons.iter().find(|((_, name), _)| name == "bad");
        assert_eq!(
            bad.unwrap().1,
            "thread 'bad' panicked at tests/ui.rs:3: no such file"
        );
    }

    #[test]
    fn targets_without_harness_are_known_by_their_manifest() {
        let manifest = "[[test]]\nname = \"ui\"\nharness = false\n[[test]]\nname = \"x\"\n";
        assert!(!has_harness(manifest, "test ui"));
        assert!(has_harness(manifest, "test x"));
        assert!(has_harness(manifest, "lib"));
        assert!(!has_harness("[lib]\nharness = false\n", "lib"));
    }
}
