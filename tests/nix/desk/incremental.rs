//! Incremental builds at the desk.

use super::{Desk, LIBRARY, built};
use crate::project::fresh;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

impl Desk {
    /// The list of states that builds of the profile `dev` start with.
    fn base(&self) -> PathBuf {
        let mut found = Vec::new();
        let inside = |directory: PathBuf| {
            let entries = fs::read_dir(directory).into_iter().flatten();
            entries
                .map(|entry| entry.unwrap().path())
                .collect::<Vec<_>>()
        };
        for checkout in inside(self.cache.path().join("dyndrv/desk/checkouts")) {
            for attribute in inside(checkout) {
                found.extend(fs::canonicalize(attribute.join("bases/dev")));
            }
        }
        found.pop().unwrap()
    }

    /// The derivations that `nix build` plans with this base.
    fn planned_by_nix_from(&mut self, base: Option<&PathBuf>) -> BTreeSet<String> {
        self.project.args = json!({ "profile": "dev", "incremental": true });
        if let Some(base) = base {
            self.project.args["incrementalFrom"] = json!({ "states": base });
            self.project.args["incrementalKeep"] = json!(false);
        }
        let mut found = BTreeSet::new();
        for plan in ["thirdPartyPlan", "workspacePlan"] {
            let index = self
                .project
                .build_attribute(&format!("{plan}.index"))
                .unwrap();
            let index: Value = serde_json::from_slice(&fs::read(index.out).unwrap()).unwrap();
            let units = index["units"].as_object().unwrap().values();
            found.extend(units.map(|unit| unit["drv"].as_str().unwrap().to_owned()));
        }
        found
    }
}

const BUILD: &[&str] = &["--incremental", "--no-link"];

#[test]
fn builds_start_with_the_state_of_the_first() {
    let mut desk = Desk::example("workspace", LIBRARY);
    let log = desk.says("", "build", BUILD);
    assert!(built(&log) > 3, "{log}");
    let is_of_ident = |drv: &String| drv.contains("-ident-0.3.0-lib-incremental-");
    assert_eq!(
        desk.planned().iter().filter(|drv| is_of_ident(drv)).count(),
        2
    );
    assert_eq!(desk.planned(), desk.planned_by_nix_from(None));
    let base = desk.base();

    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("{text}// {}\n", fresh()));
    let why = desk.call("", "why", &["ident", "--incremental"]);
    let why = String::from_utf8(why.stdout).unwrap();
    assert!(
        why.contains("  incremental state: none -> that of an earlier build\n"),
        "{why}"
    );
    assert_eq!(why.lines().count(), 7, "{why}");
    let log = desk.says("", "build", BUILD);
    // For the host and for the target; what needs them is copied from the base.
    assert!(built(&log) >= 2, "{log}");
    assert_eq!(desk.base(), base);
    assert_eq!(desk.planned(), desk.planned_by_nix_from(Some(&base)));
    desk.project.write(LIBRARY, &text);
    let log = desk.says("", "build", BUILD);
    assert_eq!(built(&log), 0, "{log}");

    // Units that the base lacks: they are there from then on, beside those of the base.
    let log = desk.says("tools/labels", "build", BUILD);
    assert!(built(&log) > 0, "{log}");
    let second = desk.base();
    assert_ne!(second, base);
    let names = |list: &PathBuf| -> BTreeSet<String> {
        let list: Value = serde_json::from_slice(&fs::read(list).unwrap()).unwrap();
        list.as_object().unwrap().keys().cloned().collect()
    };
    assert!(names(&second).is_superset(&names(&base)));
    // Units of the base that have started with an older one are copied once.
    desk.project.write("tools/labels/README.md", "edited\n");
    desk.says("tools/labels", "build", BUILD);
    desk.project.write("tools/labels/README.md", "again\n");
    let log = desk.says("tools/labels", "build", BUILD);
    assert_eq!(built(&log), 0, "{log}");

    let output = desk.call("", "build", &["--release", "--incremental"]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("incremental"), "{log}");
}

/// As cargo does, with its variable and its profiles.
#[test]
fn dev_is_incremental_by_default() {
    let mut desk = Desk::example("workspace", LIBRARY);
    let are_incremental = |desk: &Desk| {
        let planned = desk.planned();
        planned.iter().any(|drv| drv.contains("-incremental-"))
    };
    let manifest = desk.project.read("Cargo.toml");
    desk.says("", "build", &["--release", "--no-link"]);
    desk.says("", "build", &["--no-link"]);
    assert!(!are_incremental(&desk));
    desk.cargo_incremental = "";
    desk.says("", "build", &["--release", "--no-link"]);
    desk.says("", "build", &["--no-incremental", "--no-link"]);
    assert!(!are_incremental(&desk));
    let off = "\n[profile.dev]\nincremental = false\n";
    desk.project.write("Cargo.toml", &(manifest.clone() + off));
    desk.says("", "build", &["--no-link"]);
    assert!(!are_incremental(&desk));
    // What was known of the build before must not hide the error.
    let output = desk.call("", "build", &["--no-link", "--incremental"]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(log.contains("`incremental` has no effect"), "{log}");
    desk.project.write("Cargo.toml", &manifest);
    desk.says("", "build", &["--no-link"]);
    assert!(are_incremental(&desk));
    let base = desk.base();

    // The state of an edit, if it is to be the base.
    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("{text}// {}\n", fresh()));
    desk.says("", "build", &["--no-link"]);
    assert_eq!(desk.base(), base);
    desk.says("", "build", &["--no-link", "--new-base"]);
    assert_ne!(desk.base(), base);
    // A comment builds the one library that it is in, for the host and for the target; what was compiled for the base is copied.
    desk.project
        .write(LIBRARY, &format!("{text}// {}\n// {}\n", fresh(), fresh()));
    let log = desk.says("", "build", &["--no-link"]);
    let copied = log.matches("the outputs are the same\n").count();
    assert_eq!(built(&log), copied + 2, "{log}");
}

/// Each is compiled as a difference to the base, until that is a newer one. An earlier build is found whatever its base was.
#[test]
fn the_third_edit_of_the_same_units_is_the_new_base() {
    let mut desk = Desk::example("hello", "src/main.rs");
    desk.says("", "build", BUILD);
    let first = desk.base();
    let text = desk.project.read("src/main.rs");
    let edit = |desk: &Desk, number: u128| {
        let line = format!("fn main() {{\n    let _ = {number}u128;\n");
        let text = text.replace("fn main() {\n", &line);
        desk.project.write("src/main.rs", &text);
        let log = desk.says("", "build", BUILD);
        assert_eq!(built(&log), 1);
        (text, log.contains("for a new base"))
    };
    for _ in 0..2 {
        assert!(!edit(&desk, fresh()).1);
        assert_eq!(desk.base(), first);
    }
    let (third, is_told) = edit(&desk, fresh());
    assert!(is_told);
    let base = desk.base();
    assert_ne!(base, first);
    edit(&desk, fresh());
    assert_eq!(desk.base(), base);
    assert_eq!(desk.planned(), desk.planned_by_nix_from(Some(&base)));
    for earlier in [third, text.clone()] {
        desk.project.write("src/main.rs", &earlier);
        let log = desk.says("", "build", BUILD);
        assert_eq!(built(&log), 0, "{log}");
    }
}

/// The units that nobody edits are those of the base all the time; those that were kept by a build with a base are copied once.
#[test]
fn edits_of_one_member_and_then_of_another_make_new_bases() {
    let desk = Desk::example("workspace", LIBRARY);
    desk.says("", "build", BUILD);
    for file in [LIBRARY, "tools/labels/src/main.rs"] {
        let base = desk.base();
        let text = desk.project.read(file);
        let told = [(); 3].map(|()| {
            let line = format!("{text}\npub const NUMBER: u128 = {};\n", fresh());
            desk.project.write(file, &line);
            desk.says("", "build", BUILD).contains("for a new base")
        });
        assert_eq!(told, [false, false, true], "{file}");
        assert_ne!(desk.base(), base);
    }
}

/// The script has named what it reads. An edit of another file of its package makes not even a plan.
#[test]
fn an_edit_of_what_no_build_script_has_named_is_none() {
    let desk = Desk::example("workspace", "crates/catalogue/src/lib.rs");
    desk.project.write("crates/catalogue/NOTES.md", "");
    desk.says("", "build", BUILD);
    // The run sees the library's source too, and takes over what the first one has made.
    let text = desk.project.read("crates/catalogue/src/lib.rs");
    let line = format!("{text}// {}\n", fresh());
    desk.project.write("crates/catalogue/src/lib.rs", &line);
    desk.says("", "build", BUILD);
    let planned = desk.planned();
    desk.project.write("crates/catalogue/NOTES.md", "edited\n");
    let log = desk.says("", "build", BUILD);
    assert_eq!(built(&log), 0, "{log}");
    assert_eq!(desk.planned(), planned);
    let table = desk.project.read("crates/catalogue/data/parts.csv");
    let line = format!("{table}# {}\n", fresh());
    desk.project.write("crates/catalogue/data/parts.csv", &line);
    let log = desk.says("", "build", BUILD);
    assert_eq!(built(&log), 1, "{log}");
    assert_ne!(desk.planned(), planned);
}

#[test]
fn an_error_of_an_incremental_unit_is_one() {
    let desk = Desk::example("hello", "src/main.rs");
    let text = desk.project.read("src/main.rs");
    desk.project
        .write("src/main.rs", &format!("{text}\nfn f() -> u8 {{ true }}\n"));
    let output = desk.call("", "build", BUILD);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(log.matches("error[E0308]").count(), 1, "{log}");
    assert!(log.contains("a unit failed to build"), "{log}");
}

/// It takes the base of the first, so that it has its units.
#[test]
fn a_second_worktree_has_the_units_of_an_edit() {
    let mut desk = Desk::example("hello", "src/main.rs");
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "all"]);
    desk.says("", "build", BUILD);
    let text = desk.project.read("src/main.rs");
    desk.project
        .write("src/main.rs", &format!("{text}\n// {}\n", fresh()));
    desk.git(&["commit", "--quiet", "-a", "-m", "edit"]);
    let log = desk.says("", "build", BUILD);
    assert!(built(&log) > 0, "{log}");

    let parent = tempfile::tempdir().unwrap();
    let second = parent.path().join("second");
    let path = second.display().to_string();
    desk.git(&["worktree", "add", "--quiet", "--detach", &path]);
    desk.checkout = second;
    let log = desk.says("", "build", BUILD);
    assert_eq!(built(&log), 0, "{log}");
}
