//! The workspaces of `tests/oracle/workspaces/`, each one a text file.
//!
//! ```text
//! $ cargo build                     a command to compare; any number of them
//! $ cargo test --workspace
//! ### Cargo.toml                    a file, up to the next line of this kind
//! [workspace]
//! ### vendor/x-1.0.0/Cargo.toml     a third-party package; checksums are added
//! ```

use super::Outcome;
use super::command::CargoCommand;
use super::compare::compare;
use super::record::{Place, cargo};
use super::toolchain::Toolchain;
use std::fs;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/workspaces");

/// The configuration of the vendor directory, as nixpkgs' importCargoLock writes it.
const VENDOR_CONFIGURATION: &str = "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\
    [source.vendored-sources]\ndirectory = \"cargo-vendor-dir\"\n";

/// Compares all commands of the wanted workspaces.
pub fn compare_all(wanted: impl Fn(&str) -> bool, mut report: impl FnMut(Outcome)) {
    let toolchain = Toolchain::find();
    let mut files: Vec<PathBuf> = fs::read_dir(DIRECTORY)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if wanted(name) {
            let scratch = tempfile::tempdir().unwrap();
            let scratch = fs::canonicalize(scratch.path()).unwrap();
            let (place, commands) = unpack(&fs::read_to_string(&file).unwrap(), &scratch);
            lock(&toolchain, &place);
            for run in &commands {
                report(compare(name, &toolchain, &place, run));
            }
        }
    }
}

/// Writes the files of a workspace below `scratch`.
pub fn unpack(text: &str, scratch: &Path) -> (Place, Vec<CargoCommand>) {
    let host = if cfg!(target_arch = "x86_64") {
        "x86_64"
    } else {
        "aarch64"
    };
    let text = text.replace("HOST-TRIPLE", &format!("{host}-unknown-linux-gnu"));
    let mut parts = text.split("### ");
    let commands = parts
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("$ "));
    let commands = commands.map(CargoCommand::parse).collect();
    let (source, vendor) = (scratch.join("source"), scratch.join("vendor"));
    let mut vendored = false;
    let mut dir = String::new();
    for part in parts {
        let (path, content) = part.split_once('\n').unwrap();
        if let Some(start) = path.strip_prefix("cwd ") {
            dir = start.to_owned();
            continue;
        }
        let file = match path.strip_prefix("vendor/") {
            Some(path) => {
                vendored = true;
                vendor.join(path)
            }
            None => source.join(path),
        };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        if vendored && path.ends_with("/Cargo.toml") && path.starts_with("vendor/") {
            // A package from git has another one, which then follows.
            let checksum = file.with_file_name(".cargo-checksum.json");
            fs::write(checksum, r#"{"files":{},"package":"0000"}"#).unwrap();
        }
    }
    if vendored && !vendor.join(".cargo/config.toml").exists() {
        fs::create_dir_all(vendor.join(".cargo")).unwrap();
        fs::write(vendor.join(".cargo/config.toml"), VENDOR_CONFIGURATION).unwrap();
    }
    let vendor = vendored.then_some(vendor);
    (
        Place {
            source,
            dir,
            vendor,
            scratch: scratch.to_owned(),
        },
        commands,
    )
}

/// Writes the lock file, unless the workspace brings one.
pub fn lock(toolchain: &Toolchain, place: &Place) {
    if place.cwd().join("Cargo.lock").exists() {
        return;
    }
    let mut command = cargo(toolchain, place);
    command
        .args(["generate-lockfile", "--offline"])
        .env("RUSTC", &toolchain.rustc);
    if let Some(vendor) = &place.vendor {
        let directory = format!("source.vendored-sources.directory='{}'", vendor.display());
        command.args([
            "--config",
            "source.crates-io.replace-with='vendored-sources'",
        ]);
        command.args(["--config", &directory]);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
