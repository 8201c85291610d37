//! `dyndrv build` and its relatives, beside `nix build` of the same project.

use crate::flakes;
use crate::project::{Project, fresh, nix, package_set, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A project with a place for what is kept between builds.
struct Desk {
    project: Project,
    /// The directory of the checkout.
    checkout: PathBuf,
    cache: TempDir,
    dyndrv: TempDir,
}

impl Desk {
    /// A copy of an example, with a comment in a library that no earlier run has built.
    fn example(name: &str, file: &str) -> Self {
        let project = Project::example(name);
        let text = project.read(file);
        project.write(file, &format!("{text}\n// {}\n", fresh()));
        Self {
            checkout: project.path().to_owned(),
            project,
            cache: tempfile::tempdir().unwrap(),
            dyndrv: flakes::dyndrv(),
        }
    }

    fn nix_arguments(&self) -> Vec<String> {
        let inputs = [
            ("dyndrv", format!("path:{}", self.dyndrv.path().display())),
            ("nixpkgs", package_set().to_owned()),
        ];
        let inputs = inputs.into_iter();
        let overrides = inputs
            .flat_map(|(input, flake)| ["--override-input".to_owned(), input.to_owned(), flake]);
        ["--impure", "--no-write-lock-file"]
            .map(str::to_owned)
            .into_iter()
            .chain(overrides)
            .collect()
    }

    /// Calls `dyndrv` in a directory of the project.
    fn call(&self, directory: &str, command: &str, arguments: &[&str]) -> Output {
        let script = format!(
            "eval \"$({}/dev/nix --env)\"; export XDG_CACHE_HOME={}; exec \"$@\"",
            root().display(),
            self.cache.path().display()
        );
        let nix = self.nix_arguments();
        Command::new("bash")
            .args(["-c", &script, "bash", env!("CARGO_BIN_EXE_dyndrv"), command])
            .args(nix.iter().map(|argument| format!("--nix-arg={argument}")))
            .args(arguments)
            .current_dir(self.checkout.join(directory))
            .output()
            .unwrap()
    }

    /// The same, which succeeds; what it says.
    fn says(&self, directory: &str, command: &str, arguments: &[&str]) -> String {
        let output = self.call(directory, command, arguments);
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        log
    }

    /// The derivations of the units of the last plans.
    fn planned(&self) -> BTreeSet<String> {
        let checkouts = self.cache.path().join("dyndrv/desk/checkouts");
        let mut found = BTreeSet::new();
        for checkout in fs::read_dir(checkouts).unwrap() {
            for plan in fs::read_dir(checkout.unwrap().path().join("plans")).unwrap() {
                let path = plan.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if name.ends_with(".json") && !name.ends_with(".files.json") {
                    let text = fs::read_to_string(&path).unwrap();
                    let record: Value = serde_json::from_str(&text).unwrap();
                    let units = record["document"]["units"].as_array().unwrap().iter();
                    found.extend(units.map(|u| u["derivation"].as_str().unwrap().to_owned()));
                }
            }
        }
        found
    }

    fn flake(&self, attribute: &str) -> String {
        match self.checkout.join(".git").exists() {
            true => format!("{}#{attribute}", self.checkout.display()),
            false => format!("path:{}#{attribute}", self.checkout.display()),
        }
    }

    /// `nix build`; the paths of the results, and how many units were built.
    fn nix_build(&self, attributes: &[&str]) -> (Vec<PathBuf>, usize) {
        let output = nix()
            .args(["build", "--no-link", "--print-out-paths", "-v"])
            .args(self.nix_arguments())
            .args(attributes.iter().map(|attribute| self.flake(attribute)))
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        let is_unit = |line: &&str| line.contains("building '") && line.contains("-crate-");
        let built = log.lines().filter(is_unit).count();
        let paths = String::from_utf8(output.stdout).unwrap();
        (paths.lines().map(PathBuf::from).collect(), built)
    }

    /// The derivations of the units that `nix build` plans.
    fn planned_by_nix(&self) -> BTreeSet<String> {
        let indexes = ["thirdPartyPlan", "workspacePlan"];
        let indexes = indexes.map(|plan| format!("default.passthru.{plan}.index"));
        let (paths, _) = self.nix_build(&indexes.each_ref().map(String::as_str));
        let mut found = BTreeSet::new();
        for path in paths {
            let index: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            let units = index["units"].as_object().unwrap().values();
            found.extend(units.map(|unit| unit["drv"].as_str().unwrap().to_owned()));
        }
        found
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(arguments)
            .current_dir(&self.checkout)
            .status()
            .unwrap();
        assert!(status.success());
    }
}

/// The number of units that were built, as the last line says.
fn built(log: &str) -> usize {
    let last = log.lines().rfind(|line| line.contains("Finished")).unwrap();
    let parts = last.split_once(" units ").map_or("", |(_, parts)| parts);
    let count = parts.strip_suffix(" built").unwrap_or("0");
    count.parse().unwrap()
}

const LIBRARY: &str = "crates/ident/src/lib.rs";

#[test]
fn what_one_has_built_the_other_does_not_build() {
    let desk = Desk::example("workspace", LIBRARY);
    let log = desk.says("", "build", &["--release"]);
    assert!(built(&log) > 3, "{log}");
    assert!(log.contains("Compiling ident v"), "{log}");
    assert_eq!(desk.planned(), desk.planned_by_nix());
    assert_eq!(desk.nix_build(&["default"]).1, 0);
    let stock = desk.checkout.join("result/bin/stock");
    assert!(stock.is_file());

    // The other way round, after an edit.
    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("// {}\n{text}", fresh()));
    assert!(desk.nix_build(&["default"]).1 > 3);
    let log = desk.says("", "build", &["--release"]);
    assert_eq!(built(&log), 0, "{log}");
    assert_eq!(desk.planned(), desk.planned_by_nix());

    // What no unit reads.
    desk.project.write("crates/report/README.md", "edited\n");
    let log = desk.says("", "build", &["--release"]);
    assert_eq!(built(&log), 0, "{log}");
}

#[test]
fn options_choose_units_as_cargos_do_from_any_directory() {
    let desk = Desk::example("workspace", LIBRARY);
    let run = |directory: &str, arguments: &[&str]| {
        let output = desk.call(directory, "run", arguments);
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    // In the directory of a member that member is built.
    let (code, shown, log) = run("tools/labels/src", &["--quiet"]);
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("Finished"), "{log}");
    let units: Vec<String> = desk.planned().into_iter().collect();
    assert!(
        !units.iter().any(|drv| drv.contains("-bin-stock")),
        "{units:?}"
    );
    let (_, other, log) = run("", &["-p", "labels"]);
    assert_eq!(other, shown);
    assert_eq!(built(&log), 0, "{log}");
    assert!(
        log.contains("`dev` profile [unoptimized + debuginfo]"),
        "{log}"
    );

    let (code, _, log) = run("", &["--quiet"]);
    assert_eq!(code, Some(1));
    assert!(log.contains("`--bin` names one of"), "{log}");
    let (code, _, log) = run("", &["--quiet", "--bin", "nothing"]);
    assert_eq!(code, Some(1));
    assert!(log.contains("no bin target named `nothing`"), "{log}");
}

#[test]
fn an_error_is_shown_and_fails_the_build() {
    let desk = Desk::example("hello", "src/main.rs");
    let text = desk.project.read("src/main.rs");
    desk.project
        .write("src/main.rs", &format!("{text}\nfn f() -> u8 {{ true }}\n"));
    for _ in 0..2 {
        let output = desk.call("", "build", &[]);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert_eq!(
            log.matches("error[E0308]: mismatched types").count(),
            1,
            "{log}"
        );
        assert!(log.contains("a unit failed to build"), "{log}");
    }
    desk.project.write("src/main.rs", &text);
    desk.says("", "build", &[]);
}

#[test]
fn git_says_which_files_there_are() {
    let mut desk = Desk::example("hello", "src/main.rs");
    // The project is below the root of the repository.
    let repository = tempfile::tempdir().unwrap();
    crate::project::copy(desk.project.path(), &repository.path().join("app"));
    desk.checkout = repository.path().to_owned();
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "app"]);
    desk.git(&["commit", "--quiet", "-m", "all"]);
    desk.checkout = repository.path().join("app");
    let main = desk.checkout.join("src/main.rs");
    let text = fs::read_to_string(&main).unwrap();
    desk.says("src", "build", &["--release"]);
    assert!(desk.checkout.join("result").is_symlink());

    fs::write(&main, format!("{text}\nmod added;\n")).unwrap();
    fs::write(desk.checkout.join("src/added.rs"), "").unwrap();
    let output = desk.call("", "build", &["--release"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("file not found for module `added`"), "{log}");
    desk.git(&["add", "--intent-to-add", "src/added.rs"]);
    desk.says("", "build", &["--release"]);
    let nix = Command::new(root().join("dev/nix"))
        .args(["build", "--no-link", "--print-out-paths"])
        .args(desk.nix_arguments())
        .arg(format!("{}#default", desk.checkout.display()))
        .output()
        .unwrap();
    assert!(nix.status.success(), "{nix:?}");
    let result = String::from_utf8(nix.stdout).unwrap();
    let both = [desk.checkout.join("result"), PathBuf::from(result.trim())];
    let [desk, nix] = both.map(|result| fs::canonicalize(result.join("bin/hello")).unwrap());
    assert_eq!(desk, nix);
}

#[test]
fn a_directory_without_a_flake_is_refused() {
    let desk = Desk::example("hello", "src/main.rs");
    desk.project.remove("flake.nix");
    let output = desk.call("src", "build", &[]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(log.contains("there is no flake.nix in"), "{log}");
    assert!(Path::new(&desk.checkout).exists());
}
