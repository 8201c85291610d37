//! A clock that is off, for everything that Nix starts in its sandbox.

use crate::project;
use std::path::Path;
use std::process::Command;

/// Writes a library into the directory that puts the clock of whatever loads it off by so many seconds, and returns its
/// file name.
pub fn library(directory: &Path, offset: i64) -> String {
    let output = Command::new(project::root().join("dev/cargo"))
        .args(["--run", "cc", "-shared", "-fPIC", "-O1"])
        .arg(format!("-DOFFSET={offset}"))
        .arg(project::root().join("tests/fixtures/clock/clock.c"))
        .arg("-o")
        .arg(directory.join("clock.so"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::write(directory.join("preload"), "/clock.so\n").unwrap();
    directory.join("clock.so").display().to_string()
}

/// What `extra-sandbox-paths` needs so that all programs of a sandbox load the library of this directory.
pub fn sandbox_paths(directory: &Path) -> String {
    format!(
        "/clock.so={0}/clock.so /etc/ld.so.preload={0}/preload",
        directory.display()
    )
}
