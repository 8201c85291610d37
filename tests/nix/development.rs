//! `dev/nix` itself: what it brings along before Nix runs.

use crate::project::{self, Project, nix};

/// What `dev/nix` says while it evaluates the flake.
fn evaluate(flake: &Project) -> String {
    let output = nix()
        .args(["eval", "--raw"])
        .arg(format!("path:{}#answer", flake.path().display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "yes");
    log
}

/// The lock files that are the data of a project's tests name packages that no registry has.
#[test]
fn a_registry_is_asked_once_for_what_it_lacks() {
    // No earlier run knows this file by its checksum.
    let lock = format!(
        "version = 4\n# {}\n[[package]]\nname = \"libc\"\nversion = \"0.0.0-never\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{:064}\"\n",
        project::fresh(),
        0
    );
    let flake = Project::of(&[
        (
            "flake.nix",
            "{ description = \"uses dyndrv\"; outputs = _: { answer = \"yes\"; }; }\n",
        ),
        ("tests/data/Cargo.lock", &lock),
    ]);
    let log = evaluate(&flake);
    let (_, record) = log
        .split_once("to try again, remove ")
        .unwrap_or_else(|| panic!("does not say that it is remembered:\n{log}"));
    let record = record.lines().next().unwrap();
    assert!(!evaluate(&flake).contains("fetching"));
    std::fs::remove_file(record).unwrap();
    assert!(evaluate(&flake).contains("fetching the 1 crates"));
    std::fs::remove_file(record).unwrap();
}
