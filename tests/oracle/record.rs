//! Running cargo with the stand-in, and reading what it wrote down.

use super::command::CargoCommand;
use super::standin::{REAL_RUSTC, RECORDS, Record};
use super::toolchain::Toolchain;
use dyndrv::graph::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

/// A workspace on the disk.
pub struct Place {
    /// The source root.
    pub source: PathBuf,
    /// The directory where cargo is started, relative to it.
    pub dir: String,
    /// The vendor directory.
    pub vendor: Option<PathBuf>,
    /// A directory for everything else.
    pub scratch: PathBuf,
}

impl Place {
    pub fn target_dir(&self) -> PathBuf {
        self.scratch.join("target")
    }
    pub fn cwd(&self) -> PathBuf {
        match self.dir.as_str() {
            "" => self.source.clone(),
            dir => self.source.join(dir),
        }
    }
}

/// cargo with an environment of its own, so that everything else a process sees is cargo's doing.
pub fn cargo(toolchain: &Toolchain, place: &Place) -> process::Command {
    let mut command = process::Command::new(&toolchain.cargo);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .env("HOME", &place.scratch)
        .env("CARGO_HOME", place.scratch.join("home"));
    command
        .env("CARGO_TARGET_DIR", place.target_dir())
        .current_dir(place.cwd());
    command.env("CARGO_TERM_COLOR", "never");
    command
}

/// All processes that cargo starts for a command.
pub fn record(toolchain: &Toolchain, place: &Place, run: &CargoCommand) -> Vec<Record> {
    let records = place.scratch.join("records");
    let _ = fs::remove_dir_all(&records);
    let _ = fs::remove_dir_all(place.target_dir());
    fs::create_dir_all(&records).unwrap();
    let home = place.scratch.join("home");
    fs::create_dir_all(&home).unwrap();
    let mut command = cargo(toolchain, place);
    command
        .arg(run.selection.command.name())
        .args(run.selection.args())
        .arg("--frozen");
    if matches!(run.selection.command, Command::Test | Command::Bench) {
        command.arg("--no-run");
    }
    if let Some(flags) = &run.rustflags {
        command.env("RUSTFLAGS", flags.join(" "));
    }
    if let Some(vendor) = &place.vendor {
        command
            .arg("--config")
            .arg(vendor_configuration(vendor, &place.scratch));
    }
    // Not by the variable, which every process would inherit.
    let itself = std::env::current_exe().unwrap();
    command
        .arg("--config")
        .arg(format!("build.rustc='{}'", itself.display()));
    command
        .env(REAL_RUSTC, &toolchain.rustc)
        .env(RECORDS, &records);
    let output = command.output().expect("cargo");
    assert!(
        output.status.success(),
        "{} in {}:\n{}",
        run.text,
        place.source.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    let mut list = Vec::new();
    for entry in fs::read_dir(&records).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        list.push(serde_json::from_slice(&text).unwrap());
    }
    list
}

/// The vendor directory's own configuration, with its directory filled in.
fn vendor_configuration(vendor: &Path, scratch: &Path) -> PathBuf {
    let text = fs::read_to_string(vendor.join(".cargo/config.toml")).unwrap();
    let file = scratch.join("vendor.toml");
    let text = text.replace("\"cargo-vendor-dir\"", &format!("\"{}\"", vendor.display()));
    fs::write(&file, text).unwrap();
    file
}
