//! Published programs: fetched, vendored by cargo, and compared.

use super::Outcome;
use super::command::CargoCommand;
use super::record::Place;
use super::toolchain::Toolchain;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The published programs to compare, as `name@version`.
pub fn corpus() -> impl Iterator<Item = &'static str> {
    let lines = include_str!("corpus.txt").lines();
    lines.filter_map(|line| line.split('#').next()?.split_whitespace().next())
}

/// Compares commands for `name@version`. Sources are kept below `~/.cache`.
pub fn compare(name: &str, commands: &[CargoCommand], mut report: impl FnMut(Outcome)) {
    let toolchain = Toolchain::find();
    // Outside of this repository, whose workspace would claim the program.
    let corpus = home().join(".cache/dyndrv-corpus").join(name);
    let source = corpus.join("source");
    let vendor = corpus.join("vendor");
    if !vendor.join(".cargo/config.toml").exists() {
        fs::create_dir_all(&corpus).unwrap();
        let fetched = fetch(name, &corpus);
        copy(&fetched, &source);
        vendor_all(&source, &vendor);
    }
    let scratch = tempfile::tempdir().unwrap();
    let scratch = fs::canonicalize(scratch.path()).unwrap();
    let place = Place {
        source,
        dir: String::new(),
        vendor: Some(vendor),
        scratch,
    };
    for run in commands {
        report(super::compare::compare(name, &toolchain, &place, run));
    }
}

/// The directory where cargo unpacked the published package.
fn fetch(name: &str, corpus: &Path) -> PathBuf {
    let (package, version) = name.split_once('@').expect("name@version");
    let dir = corpus.join("fetch");
    fs::create_dir_all(dir.join("src")).unwrap();
    fs::write(dir.join("src/lib.rs"), "").unwrap();
    let manifest = format!(
        "[package]\nname = \"fetch\"\nedition = \"2021\"\n[workspace]\n\
         [dependencies]\n{package} = \"={version}\"\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    run(Command::new("cargo").arg("fetch").current_dir(&dir));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| self::home().join(".cargo"));
    let registries = fs::read_dir(home.join("registry/src")).unwrap();
    let places = registries.map(|dir| dir.unwrap().path().join(format!("{package}-{version}")));
    places
        .into_iter()
        .find(|place| place.is_dir())
        .expect("the package among cargo's sources")
}

fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").unwrap())
}

fn vendor_all(source: &Path, vendor: &Path) {
    let configuration = run(Command::new("cargo")
        .args(["vendor", "--locked", "--versioned-dirs"])
        .arg(vendor)
        .current_dir(source));
    let text = String::from_utf8(configuration).unwrap();
    let text = text.replace(vendor.to_str().unwrap(), "cargo-vendor-dir");
    fs::create_dir_all(vendor.join(".cargo")).unwrap();
    fs::write(vendor.join(".cargo/config.toml"), text).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let place = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(place).unwrap();
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
