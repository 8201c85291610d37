//! The package as nixpkgs' users take it: its attributes, and what they come from.

use crate::project::Project;
use serde_json::{Value, json};

/// A package with these lines in its manifest behind name and version, and these programs in `src/bin`.
fn package(name: &str, manifest: &str, programs: &[&str]) -> Project {
    let head = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let project = Project::of(&[("Cargo.toml", &format!("{head}{manifest}"))]);
    for program in programs {
        project.write(&format!("src/{program}"), "fn main() {}\n");
    }
    project.locked()
}

#[test]
fn the_main_program_is_the_one_that_cargo_would_run() {
    let main = "main.rs";
    let rg = "[[bin]]\nname = \"rg\"\npath = \"src/main.rs\"\n";
    let two = ["main.rs", "bin/other.rs"];
    for (manifest, programs, expected) in [
        ("", [main].as_slice(), json!("tool")),
        (rg, &[main], json!("rg")),
        ("", &["bin/a/main.rs"], json!("a")),
        ("", &two, Value::Null),
        ("default-run = \"other\"\n", &two, json!("other")),
        (
            "[[bin]]\nname = \"other\"\nrequired-features = [\"more\"]\n[features]\nmore = []\n",
            &two,
            json!("tool"),
        ),
        (
            "[[bin]]\nname = \"other\"\nrequired-features = [\"more\"]\n[features]\nmore = []\ndefault = [\"more\"]\n",
            &two,
            Value::Null,
        ),
    ] {
        let project = package("tool", manifest, programs);
        let meta = project.evaluate("meta");
        assert_eq!(meta["mainProgram"], expected, "{manifest}");
    }
}

#[test]
fn a_package_is_described_by_its_manifest() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"b\"]\n\
             [workspace.package]\nversion = \"1.2.3\"\nlicense = \"MIT OR Apache-2.0\"\n",
        ),
        (
            "a/Cargo.toml",
            "[package]\nname = \"a\"\nversion.workspace = true\nlicense.workspace = true\nedition = \"2024\"\n\
             description = \"Does it\"\nrepository = \"https://example.org/a\"\n",
        ),
        ("a/src/main.rs", "fn main() {}\n"),
        (
            "b/Cargo.toml",
            "[package]\nname = \"b\"\nversion.workspace = true\nedition = \"2024\"\n",
        ),
        ("b/src/main.rs", "fn main() {}\n"),
    ]);
    let mut project = project.locked();
    project.args = json!({ "packages": ["a"] });
    let of = |name: &str| project.evaluate(name);
    assert_eq!(of("name"), json!("a-1.2.3"));
    assert_eq!(
        of("meta"),
        json!({
            "description": "Does it",
            "homepage": "https://example.org/a",
            "license": "MIT OR Apache-2.0",
            "mainProgram": "a",
        })
    );
}
