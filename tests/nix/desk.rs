//! `dyndrv build` and its relatives, beside `nix build` of the same project.

use crate::flakes;
use crate::project::{Project, fresh, nix, package_set, root};
use dyndrv::desk::checkout::{self, Checkout};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

mod control;
mod editor;
mod incremental;
mod messages;
mod plans;
mod worktrees;

/// A project with a place for what is kept between builds.
struct Desk {
    project: Project,
    /// The directory of the checkout.
    checkout: PathBuf,
    cache: TempDir,
    dyndrv: TempDir,
    /// The variable `CARGO_INCREMENTAL`.
    cargo_incremental: &'static str,
}

impl Desk {
    /// A copy of an example, with a comment in a library that no earlier run has built.
    fn example(name: &str, file: &str) -> Self {
        let project = Project::example(name);
        let text = project.read(file);
        project.write(file, &format!("{text}\n// {}\n", fresh()));
        Self::of(project)
    }

    /// A workspace of these packages, each with these files beside its manifest.
    fn workspace(packages: &[&str], files: &[(&str, &str)]) -> Self {
        let project = Project::copy_of(&root().join("templates/default"));
        project.remove("Cargo.lock");
        let members = packages.iter().map(|name| format!("\"{name}\""));
        let members = members.collect::<Vec<_>>().join(", ");
        project.write(
            "Cargo.toml",
            &format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
        );
        for package in packages {
            let manifest = format!(
                "[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"
            );
            project.write(&format!("{package}/Cargo.toml"), &manifest);
            for (path, text) in files {
                project.write(&format!("{package}/{path}"), text);
            }
        }
        Self::of(project.locked())
    }

    fn of(project: Project) -> Self {
        Self {
            checkout: project.path().to_owned(),
            project,
            cache: tempfile::tempdir().unwrap(),
            dyndrv: flakes::dyndrv(),
            // What is built is compared with `nix build`.
            cargo_incremental: "0",
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
        self.command(directory, command, arguments)
            .output()
            .unwrap()
    }

    fn command(&self, directory: &str, command: &str, arguments: &[&str]) -> Command {
        self.command_after("", directory, command, arguments)
    }

    /// The same, after a line of bash.
    fn command_after(
        &self,
        line: &str,
        directory: &str,
        command: &str,
        arguments: &[&str],
    ) -> Command {
        let nix = match command {
            "clean" | "editor" | "init" | "diff" => Vec::new(),
            _ => self.nix_arguments(),
        };
        let script = format!(
            "eval \"$({}/dev/nix --env)\"; export XDG_CACHE_HOME={}; {line}exec \"$@\"",
            root().display(),
            self.cache.path().display()
        );
        let mut bash = Command::new("bash");
        bash.args(["-c", &script, "bash", env!("CARGO_BIN_EXE_dyndrv"), command])
            .args(nix.iter().map(|argument| format!("--nix-arg={argument}")))
            .args(arguments)
            .env("CARGO_INCREMENTAL", self.cargo_incremental)
            .current_dir(self.checkout.join(directory));
        bash
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
        let inside = |directory: &Path| {
            let entries = fs::read_dir(directory).unwrap();
            entries
                .map(|entry| entry.unwrap().path())
                .collect::<Vec<_>>()
        };
        let attributes = inside(&checkouts)
            .into_iter()
            .flat_map(|checkout| inside(&checkout));
        for attribute in attributes.filter(|attribute| attribute.is_dir()) {
            for path in inside(&attribute.join("plans")) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                // Others have a second part, as `KEY.before.json`.
                let key = name.strip_suffix(".json");
                if key.is_some_and(|key| !key.contains('.')) {
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
fn warnings_are_shown_of_units_that_are_not_built_again() {
    let desk = Desk::example("workspace", LIBRARY);
    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("{text}\nfn unused() {{}}\n"));
    let warnings = |log: &str| {
        log.matches("warning: function `unused` is never used")
            .count()
    };
    for _ in 0..2 {
        let log = desk.says("", "build", &["-p", "ident"]);
        assert_eq!(warnings(&log), 1, "{log}");
    }
    // The library is compiled as a test of itself too; what both say is shown once.
    let log = desk.says("", "test", &["-p", "ident"]);
    assert_eq!(warnings(&log), 1, "{log}");
    // By another plan with the same unit.
    let log = desk.says("crates/ident", "build", &[]);
    assert_eq!((warnings(&log), built(&log)), (1, 0), "{log}");
    desk.project.write(LIBRARY, &text);
    let log = desk.says("", "build", &["-p", "ident"]);
    assert_eq!(warnings(&log), 0, "{log}");

    assert!(desk.checkout.join("result").is_symlink());
    desk.says("crates", "clean", &[]);
    assert!(!desk.checkout.join("result").is_symlink());
    let checkouts = desk.cache.path().join("dyndrv/desk/checkouts");
    assert_eq!(fs::read_dir(checkouts).unwrap().count(), 0);
}

#[test]
fn check_finds_errors_without_building() {
    let desk = Desk::example("workspace", LIBRARY);
    let log = desk.says("", "check", &[]);
    assert!(
        log.contains("Checking inventory v0.3.0 (crates/inventory)"),
        "{log}"
    );
    let units = desk.planned();
    let checks = |name: &str| {
        units
            .iter()
            .any(|drv| drv.contains(&format!("{name}-check-")))
    };
    assert!(
        checks("-ident-0.3.0-lib") && checks("-bin-stock"),
        "{units:?}"
    );
    let is_built = |drv: &String| drv.contains("-report-0.3.0-lib-") && !drv.contains("-check-");
    assert!(!units.iter().any(is_built), "{units:?}");
    let log = desk.says("", "check", &[]);
    assert_eq!(built(&log), 0, "{log}");

    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("{text}\nfn f() -> u8 {{ true }}\n"));
    let output = desk.call("", "check", &[]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("error[E0308]: mismatched types"), "{log}");
}

/// As of units that are built: an edit far below does not change the texts of all derivations above.
#[test]
fn a_checked_unit_names_the_libraries_of_its_direct_dependencies_only() {
    let desk = Desk::example("workspace", LIBRARY);
    desk.says("", "check", &[]);
    let planned = desk.planned();
    let report = planned
        .iter()
        .find(|drv| drv.contains("-report-0.3.0-lib-check-"))
        .unwrap();
    let output = nix().args(["derivation", "show", report]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("-inventory-0.3.0-lib-check-"), "{shown}");
    assert!(!shown.contains("-ident-0.3.0-lib-check-"), "{shown}");
}

#[test]
fn checks_are_those_of_the_flake() {
    let desk = Desk::example("workspace", LIBRARY);
    let text = desk.project.read(LIBRARY);
    let added = "\npub fn is_empty(text: &str) -> bool {\n    return text.len() == 0;\n}\n\n\
                 #[test]\nfn right() {\n    assert!(is_empty(\"\"));\n}\n";
    desk.project.write(LIBRARY, &format!("{text}{added}"));
    let stdout = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let tests = desk.call("", "test", &[]);
    assert!(tests.status.success(), "{tests:?}");
    assert!(stdout(&tests).contains("ident 0.3.0 lib"), "{tests:?}");
    let clippy = desk.says("crates/ident/src", "clippy", &[]);
    assert!(clippy.contains("unneeded `return` statement"), "{clippy}");
    let checks = ["test", "doctest", "clippy-ident"];
    let checks = checks.map(|name| format!("default.passthru.checks.{name}"));
    let (_, built) = desk.nix_build(&checks.each_ref().map(String::as_str));
    assert_eq!(built, 0);

    let wrong = format!("{text}{}", added.replace("== 0", "!= 0"));
    desk.project.write(LIBRARY, &wrong);
    let tests = desk.call("", "test", &["-p", "ident"]);
    let log = String::from_utf8_lossy(&tests.stderr).into_owned();
    assert_eq!(tests.status.code(), Some(1), "{log}");
    assert!(log.contains("right"), "{log}");
    let tests = desk.call("", "test", &["-p", "ident", "--", "--skip", "right"]);
    assert!(tests.status.success(), "{tests:?}");
    let unknown = desk.call("", "test", &["-p", "nothing"]);
    let log = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(log.contains("no package `nothing` is checked"), "{log}");
}

/// Neither untracked files nor removed ones, and below the flake's directory only its own.
#[test]
fn a_checkout_has_the_files_that_git_tracks() {
    let temp = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(temp.path()).unwrap();
    fs::create_dir_all(root.join("app/src")).unwrap();
    for file in ["app/flake.nix", "app/src/main.rs", "untracked", "removed"] {
        fs::write(root.join(file), "").unwrap();
    }
    for args in [&["init", "--quiet"][..], &["add", "app", "removed"]] {
        let status = Command::new("git").arg("-C").arg(&root).args(args).status();
        assert!(status.unwrap().success());
    }
    fs::remove_file(root.join("removed")).unwrap();
    let checkout = Checkout::find(&root.join("app/src")).unwrap();
    assert_eq!(
        (&checkout.root, &checkout.flake),
        (&root, &root.join("app"))
    );
    let stamps = checkout.stamps().unwrap();
    assert!(stamps.keys().eq(["app/flake.nix", "app/src/main.rs"]));
    let view = checkout::view(&stamps, "app");
    assert!(view.files().into_keys().eq(["flake.nix", "src/main.rs"]));
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
fn a_second_worktree_builds_nothing() {
    let mut desk = Desk::example("hello", "src/main.rs");
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "all"]);
    let log = desk.says("", "build", &[]);
    assert!(built(&log) > 0, "{log}");
    let first = desk.planned();

    let parent = tempfile::tempdir().unwrap();
    let second = parent.path().join("second");
    let path = second.display().to_string();
    desk.git(&["worktree", "add", "--quiet", "--detach", &path]);
    desk.checkout = second;
    // With nothing kept of the first.
    desk.cache = tempfile::tempdir().unwrap();
    let log = desk.says("src", "build", &[]);
    assert_eq!(built(&log), 0, "{log}");
    assert_eq!(desk.planned(), first);
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
