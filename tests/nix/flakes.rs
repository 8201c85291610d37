//! The examples as flakes of their own: `nix flake check` runs their checks.

use crate::project::{self, Project, nix, package_set, root};
use std::fs;
use std::process::Output;
use tempfile::TempDir;

/// A flake whose `mkLib` is that of this checkout, with the tools of `DYNDRV_TOOLS` if they are given.
pub fn dyndrv() -> TempDir {
    let tools = match std::env::var("DYNDRV_TOOLS") {
        Ok(dir) => format!(
            "dyndrv = builtins.path {{ path = {dir}/dyndrv; name = \"dyndrv\"; }}; \
             builder = builtins.path {{ path = {dir}/builder; name = \"dyndrv-builder\"; }}; \
             checker = builtins.path {{ path = {dir}/checker; name = \"dyndrv-checker\"; }};"
        ),
        Err(_) => String::new(),
    };
    let library = root().join("nix/nixpkgs.nix");
    let flake = format!(
        "{{\n  inputs.nixpkgs.url = \"{}\";\n  outputs = _: {{\n    \
         lib.mkLib = pkgs: import {} {{ inherit pkgs; {tools} }};\n  }};\n}}\n",
        package_set(),
        library.display()
    );
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("flake.nix"), flake).unwrap();
    dir
}

/// `nix COMMAND` for attributes of a project's flake, or for all of it.
pub fn flake(project: &Project, command: &[&str], attributes: &[&str]) -> Output {
    let dyndrv = dyndrv();
    let input = format!("path:{}", dyndrv.path().display());
    let attributes = attributes.iter();
    nix()
        .args(command)
        .args(["--impure", "--override-input", "dyndrv", &input])
        .args(attributes.map(|name| format!("path:{}{name}", project.path().display())))
        .output()
        .unwrap()
}

fn succeeds(project: &Project, command: &[&str], attributes: &[&str]) -> String {
    let output = flake(project, command, attributes);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}:\n{log}");
    log + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn an_example_is_checked_by_its_own_flake() {
    for (example, file) in [
        ("hello", "src/main.rs"),
        ("workspace", "crates/report/src/lib.rs"),
    ] {
        let project = Project::example(example);
        // What no earlier run has checked.
        let text = project.read(file);
        project.write(file, &format!("{text}// {}\n", project::fresh()));
        let shown = succeeds(&project, &["flake", "show"], &[""]);
        for check in ["test", "doctest", "clippy", "doc", "fmt"] {
            assert!(
                shown.contains(&format!("-{check}'")),
                "no {check}:\n{shown}"
            );
        }
        // Without building it needs derivations that are in the store: see the README.
        let test = "#checks.x86_64-linux.test";
        succeeds(&project, &["build", "--dry-run"], &["#default", test]);
        succeeds(&project, &["flake", "check", "--no-build"], &[""]);
        succeeds(&project, &["flake", "check"], &[""]);
    }
}

#[test]
fn a_flake_with_a_failing_test_is_refused() {
    let project = Project::example("hello");
    let text = project.read("src/main.rs");
    let test = format!(
        "\n#[test]\nfn wrong() {{\n    panic!(\"{} is wrong\");\n}}\n",
        project::fresh()
    );
    project.write("src/main.rs", &format!("{text}{test}"));
    let output = flake(&project, &["flake", "check"], &[""]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{log}");
    assert!(log.contains("tests failed: wrong"), "{log}");
}
