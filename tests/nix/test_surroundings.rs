//! What tests see around them while they run, as under cargo.

use crate::project::Project;
use std::os::unix::fs::symlink;

#[test]
fn tests_see_what_they_see_under_cargo() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"seen\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
        ),
        ("src/lib.rs", "//! Nothing.\n"),
        // No module of the library.
        ("src/helper.rs", "fn main() {}\n"),
        ("shared/words.txt", "one\n"),
        (
            "tests/surroundings.rs",
            r#"use std::{env, fs, process::Command};

#[test]
fn sources_that_it_names() {
    assert_eq!(fs::read_to_string("src/helper.rs").unwrap(), "fn main() {}\n");
}

#[test]
fn files_behind_a_link() {
    assert_eq!(fs::read_dir("tests/fixtures").unwrap().count(), 1);
}

#[test]
fn the_whole_toolchain() {
    for tool in ["fmt", "clippy"] {
        let output = Command::new("cargo").args([tool, "--version"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn no_date_of_builds() {
    assert!(env::var_os("SOURCE_DATE_EPOCH").is_none());
}
"#,
        ),
    ])
    .locked();
    symlink("../shared", project.path().join("tests/fixtures")).unwrap();
    project
        .build_attribute("checks.test")
        .unwrap_or_else(|log| panic!("{log}"));
}

#[test]
fn an_empty_directory_among_the_fixtures() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"seen\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
        ),
        ("src/lib.rs", "//! Nothing.\n"),
        (
            "tests/walks.rs",
            "#[test] fn walks() { assert_eq!(std::fs::read_dir(\"tests/fixtures/none\").unwrap().count(), 0); }\n",
        ),
    ])
    .locked();
    std::fs::create_dir_all(project.path().join("tests/fixtures/none")).unwrap();
    project
        .build_attribute("checks.test")
        .unwrap_or_else(|log| panic!("{log}"));
}

/// As those of `cargo_metadata`, whose examples ask a cargo that is offline.
#[test]
fn tests_in_documentation_start_cargo() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"seen\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"1\"\n",
        ),
        (
            "src/lib.rs",
            r#"//! ```
//! let cargo = std::process::Command::new("cargo").args(["metadata", "--format-version=1"]).output().unwrap();
//! assert!(String::from_utf8(cargo.stdout).unwrap().contains("itoa"));
//! ```
"#,
        ),
    ])
    .locked();
    project
        .build_attribute("checks.doctest")
        .unwrap_or_else(|log| panic!("{log}"));
}

/// The links on the way to a package and its place behind them are the same directory.
#[test]
fn a_member_whose_directory_is_a_link() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"seen\"]\nresolver = \"3\"\n",
        ),
        (
            "real/deep/seen/Cargo.toml",
            "[package]\nname = \"seen\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
        ),
        (
            "real/deep/seen/src/lib.rs",
            "//! ```\n//! assert_eq!(seen::WORDS, \"one\\n\");\n//! ```\n\n\
             /// Words.\npub const WORDS: &str = include_str!(\"../../words/words.txt\");\n",
        ),
        (
            "real/deep/seen/tests/walks.rs",
            r#"use std::{fs, path::Path};

#[test]
fn walks() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = fs::read_to_string(package.join("../words/words.txt"));
    assert_eq!(beside.unwrap(), seen::WORDS);
    assert!(package.join("tests/data/x.txt").exists());
    assert!(Path::new("tests/data/x.txt").exists());
}
"#,
        ),
        ("real/deep/seen/tests/data/x.txt", "x\n"),
        ("real/deep/words/words.txt", "one\n"),
    ]);
    symlink("real/deep/seen", project.path().join("seen")).unwrap();
    let project = project.locked();
    for check in ["test", "doctest", "clippy", "fmt"] {
        let build = project.build_attribute(&format!("checks.{check}"));
        build.unwrap_or_else(|log| panic!("{check}:\n{log}"));
    }
}
