//! A second machine takes what the first has pushed to a binary cache.

use crate::project::{self, Project};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

const WORKSPACE: &str = "[workspace]\nmembers = [\"word\", \"program\"]\nresolver = \"3\"\n";
const PROGRAM: &str = "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                       [dependencies]\nword = { path = \"../word\" }\n";
const WORD: &str = "[package]\nname = \"word\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// The store paths that builds start from, one on each line.
fn toolchain() -> String {
    let roots = project::nix().arg("--roots").output().unwrap();
    assert!(roots.status.success(), "{roots:?}");
    String::from_utf8(roots.stdout).unwrap()
}

/// Copies installables, one on each line, to a cache in this directory.
fn push(installables: &str, cache: &Path) {
    let mut copy = project::nix()
        .args(["copy", "--no-check-sigs", "--stdin", "--to"])
        .arg(format!("file://{}?compression=none", cache.display()))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = copy.stdin.take().unwrap();
    stdin.write_all(installables.as_bytes()).unwrap();
    drop(stdin);
    assert!(copy.wait().unwrap().success());
}

/// Options for a store that has nothing, and takes what it can from the cache.
fn second_machine(store: &Path, cache: &Path) -> Vec<String> {
    let store = store.display().to_string();
    let cache = format!("file://{}", cache.display());
    let options = ["--option", "require-sigs", "false", "--store"].map(str::to_owned);
    let substituters = ["--option".into(), "substituters".into(), cache];
    options
        .into_iter()
        .chain([store])
        .chain(substituters)
        .collect()
}

#[test]
fn a_second_machine_builds_what_differs_from_a_pushed_build_and_nothing_else() {
    let [cache, store] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let program = format!(
        "fn main() {{ println!(\"{{}} {}\", word::WORD) }}\n",
        project::fresh()
    );
    let mut project = Project::of(&[
        ("Cargo.toml", WORKSPACE),
        ("program/Cargo.toml", PROGRAM),
        ("program/src/main.rs", &program),
        ("word/Cargo.toml", WORD),
        ("word/src/lib.rs", "pub const WORD: &str = \"first\";\n"),
    ])
    .locked();
    let here = project.build();
    // The toolchain, as the package set's own cache has it.
    push(&toolchain(), cache.path());
    push(&project.command("outputs"), cache.path());

    project.options = second_machine(store.path(), cache.path());
    let there = project.build();
    assert_eq!(there.out, here.out);
    assert!(there.units.is_empty(), "{:?}", there.units);
    assert!(there.steps.is_empty(), "{:?}", there.steps);

    project.write(
        "program/src/main.rs",
        &program.replace("println!", "print!"),
    );
    let edited = project.build();
    assert_eq!(edited.units, ["program-0.1.0-bin-program"]);
}
