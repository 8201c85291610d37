//! A copy of a project that can be edited and built.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A project in a directory of its own.
pub struct Project {
    dir: TempDir,
    /// Arguments for `build` of the library, beside those of a `dyndrv.nix`.
    pub args: Value,
    /// A file with arguments that JSON cannot state: a function of `{ pkgs }`.
    pub settings: Option<PathBuf>,
    /// Further options for Nix.
    pub options: Vec<String>,
    /// The words of a command that starts the command that follows, as `env` does; empty for none.
    pub starter: Vec<String>,
    /// The flake with the package set, if not the usual one.
    pub package_set: Option<String>,
}

/// What a build came to.
pub struct Build {
    /// The store path of the result.
    pub out: PathBuf,
    /// The units that were built, sorted: labels such as `greet-0.1.0-lib`. Two
    /// units can have the same.
    pub units: Vec<String>,
    /// Of these, the units that were compiled from what their incremental state had been made from, so that the
    /// outputs of then were copied.
    pub copied: Vec<String>,
    /// The names of all else that was built: planning steps, results, and
    /// sources that were unpacked.
    pub steps: Vec<String>,
}

impl Project {
    /// A copy of one of the examples.
    pub fn example(name: &str) -> Self {
        Self::copy_of(&root().join("examples").join(name))
    }

    /// A copy of a directory.
    pub fn copy_of(dir: &Path) -> Self {
        let project = Self::empty();
        copy(dir, project.path());
        project
    }

    /// A project of these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// The same, with a lock file, for projects whose packages all are their own.
    pub fn locked(self) -> Self {
        self.locked_in("")
    }

    /// The same, for a workspace in this directory.
    pub fn locked_in(self, dir: &str) -> Self {
        let status = Command::new(root().join("dev/cargo"))
            .args(["generate-lockfile", "--offline", "--quiet"])
            .current_dir(self.path().join(dir))
            .status()
            .unwrap();
        assert!(status.success());
        self
    }

    fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            args: json!({}),
            settings: None,
            options: Vec::new(),
            starter: Vec::new(),
            package_set: None,
        }
    }

    /// The project's directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Builds it, and expects success.
    pub fn build(&self) -> Build {
        self.try_build()
            .unwrap_or_else(|log| panic!("the build failed:\n{log}"))
    }

    /// Builds it; the error is everything that Nix printed.
    pub fn try_build(&self) -> Result<Build, String> {
        self.build_attribute("")
    }

    /// Arguments for Nix that name the project, or an intermediate step of it.
    pub fn installable(&self, attribute: &str) -> Vec<String> {
        let file = root().join("tests/nix/build.nix").display().to_string();
        let set = self.package_set.as_deref();
        let set = set.unwrap_or_else(|| package_set()).to_owned();
        let mut arguments = vec!["--file".to_owned(), file];
        let settings = self.settings.as_deref().unwrap_or(Path::new(""));
        for (name, value) in [
            ("src", self.path().display().to_string()),
            ("packageSet", set),
            ("args", self.args.to_string()),
            ("settings", settings.display().to_string()),
            ("attribute", attribute.to_owned()),
        ] {
            arguments.extend(["--argstr".to_owned(), name.to_owned(), value]);
        }
        arguments
    }

    /// The value of an attribute of the package, such as `meta`.
    pub fn evaluate(&self, attribute: &str) -> Value {
        let output = nix()
            .args(["eval", "--json", "--impure"])
            .args(self.installable(""))
            .arg(attribute)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The derivations of the emitters, by what they are called: first the layer, then a number.
    pub fn emitters(&self) -> BTreeMap<String, String> {
        let output = nix()
            .args([
                "eval",
                "--json",
                "--impure",
                "--apply",
                "builtins.attrNames",
            ])
            .args(&self.options)
            .args(self.installable(""))
            .arg("passthru.emitters")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let names: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
        let build = |name: String| {
            let drv = self.build_attribute(&format!("emitters.{name}")).unwrap();
            (name, drv.out.display().to_string())
        };
        names.into_iter().map(build).collect()
    }

    /// Calls a command of `dyndrv` that takes a build, and gives what it prints.
    pub fn command(&self, name: &str) -> String {
        let script = format!(
            "eval \"$({}/dev/nix --env)\"; exec \"$0\" \"$1\" '' -- \"${{@:2}}\"",
            root().display()
        );
        let output = Command::new("bash")
            .args(["-c", &script, env!("CARGO_BIN_EXE_dyndrv"), name])
            .args(self.installable(""))
            .arg("--impure")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Builds something in the `passthru` of the result: one of the intermediate steps, such as
    /// `graph` and `workspacePlan`, or a check, such as `checks.test`.
    pub fn build_attribute(&self, attribute: &str) -> Result<Build, String> {
        let mut command = nix();
        if let [starter, words @ ..] = self.starter.as_slice() {
            command = Command::new(starter);
            command.args(words).arg(nix().get_program());
            command.stdin(Stdio::null());
        }
        let output = command
            .args(["build", "--no-link", "--print-out-paths", "-v"])
            .args(["--log-format", "internal-json", "--impure"])
            .args(&self.options)
            .args(self.installable(attribute))
            .output()
            .unwrap();
        let log = Log::parse(&String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(log.text);
        }
        let out = String::from_utf8(output.stdout).unwrap();
        Ok(Build {
            out: PathBuf::from(out.lines().next().unwrap()),
            copied: log.copied(),
            units: sorted(log.units),
            steps: sorted(log.steps),
        })
    }
}

impl Build {
    /// Runs a program of the result and gives what it prints.
    pub fn run(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(self.out.join("bin").join(program))
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{program} failed: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What Nix prints with `--log-format internal-json`.
#[derive(Default)]
struct Log {
    text: String,
    /// Labels by derivation.
    units: BTreeMap<String, String>,
    /// Names by derivation.
    steps: BTreeMap<String, String>,
    /// Derivations by the number of Nix's activity.
    activities: BTreeMap<u64, String>,
    /// Derivations whose log says that outputs were copied.
    copied: BTreeSet<String>,
}

impl Log {
    fn parse(stderr: &str) -> Self {
        /// Nix's `actBuild` and `resBuildLogLine`.
        const BUILD: u64 = 105;
        const LOG_LINE: u64 = 101;
        const COPIED: &str = "nothing has changed since the state was kept";
        let mut log = Self::default();
        for line in stderr.lines() {
            let Some(event) = line
                .strip_prefix("@nix ")
                .and_then(|json| serde_json::from_str::<Value>(json).ok())
            else {
                log.text += &format!("{line}\n");
                continue;
            };
            match (event["action"].as_str(), event["type"].as_u64()) {
                (Some("start"), Some(BUILD)) => {
                    let drv = event["fields"][0].as_str().unwrap_or_default();
                    log.built(drv);
                    let activity = event["id"].as_u64().unwrap_or_default();
                    log.activities.insert(activity, drv.to_owned());
                }
                (Some("result"), Some(LOG_LINE)) => {
                    let line = event["fields"][0].as_str().unwrap_or_default();
                    let activity = event["id"].as_u64().unwrap_or_default();
                    if line.starts_with(COPIED)
                        && let Some(drv) = log.activities.get(&activity)
                    {
                        log.copied.insert(drv.clone());
                    }
                    log.text += &format!("{line}\n");
                }
                (Some("msg"), _) => {
                    let message = event["msg"].as_str().unwrap_or_default();
                    log.text += &format!("{message}\n");
                }
                _ => {}
            }
        }
        log
    }

    fn copied(&self) -> Vec<String> {
        let labels = self.copied.iter().filter_map(|drv| self.units.get(drv));
        let mut labels: Vec<String> = labels.cloned().collect();
        labels.sort();
        labels
    }

    fn built(&mut self, drv: &str) {
        let Some((_, name)) = drv.rsplit('/').next().and_then(|base| base.split_once('-')) else {
            return;
        };
        let name = name.strip_suffix(".drv").unwrap_or(name);
        // Plans, emitters, results and vendored sources have no identity at the end.
        let is_id = |id: &str| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit());
        match name
            .strip_prefix("crate-")
            .and_then(|unit| unit.rsplit_once('-'))
        {
            Some((label, id)) if is_id(id) => {
                self.units.insert(drv.to_owned(), label.to_owned());
            }
            _ => {
                self.steps.insert(drv.to_owned(), name.to_owned());
            }
        }
    }
}

/// A number that no earlier run of a test has put into what it built.
pub fn fresh() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// The root of this repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `dev/nix`.
pub fn nix() -> Command {
    let mut command = Command::new(root().join("dev/nix"));
    command.stdin(Stdio::null());
    command
}

/// Builds these derivations and gives all their outputs, by derivation and output.
pub fn outputs(drvs: &[String], options: &[String]) -> BTreeMap<String, BTreeMap<String, String>> {
    let output = nix()
        .args(["build", "--no-link", "--json"])
        .args(options)
        .args(drvs.iter().map(|drv| format!("{drv}^*")))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Built {
        drv_path: String,
        outputs: BTreeMap<String, String>,
    }
    let built: Vec<Built> = serde_json::from_slice(&output.stdout).unwrap();
    built
        .into_iter()
        .map(|built| (built.drv_path, built.outputs))
        .collect()
}

/// The flake with the package set that `dev/nix` uses.
pub fn package_set() -> &'static str {
    static SET: OnceLock<String> = OnceLock::new();
    SET.get_or_init(|| {
        let output = nix().arg("--toolchain").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        format!("path:{}", String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// Where a package of that set is, given by its attribute.
pub fn package_path(attribute: &str) -> String {
    let set = package_set();
    let expression = format!(
        "(builtins.getFlake \"{set}\").legacyPackages.${{builtins.currentSystem}}.{attribute}.outPath"
    );
    let output = nix()
        .args(["eval", "--raw", "--impure", "--expr", &expression])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn sorted(names: BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_values().collect();
    names.sort();
    names
}

/// Copies a directory as it is, links included, but for what cargo has built in it and for git's own.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            let built = from.join("CACHEDIR.TAG").exists() && entry.file_name() == "target";
            if !built && entry.file_name() != ".git" {
                copy(&from, &to);
            }
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}
