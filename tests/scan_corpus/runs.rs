//! What the runs of the corpus's build scripts read, according to strace.
//!
//! Each compiled script is run again in its package, with cargo's variables but for `DEP_…`.
//! Every file of the package that it or a process of it opens, or asks about, has to be in
//! the list of the run.

use crate::records::{Graph, Record, below, kind, package, unit};
use dyndrv::depinfo::{Request, UnitKind, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest time that a run may take, in seconds.
const LIMIT: &str = "60";

#[derive(Default)]
pub struct Totals {
    runs: usize,
    failed: usize,
    /// Runs whose list leaves out some file of the package.
    narrowed: usize,
    listed: usize,
    read: usize,
    missing: usize,
}

impl Totals {
    pub fn script(&mut self, record: &Record, records: &[Record], graph: &Graph, host: &str) {
        let program = record.out_dir.join(&record.stem);
        if kind(record) != UnitKind::BuildScript || !program.exists() {
            return;
        }
        let root = &record.manifest_dir;
        let Some(crate_root) = below(&record.cwd.join(&record.source), root) else {
            return;
        };
        let all: Vec<&Record> = records.iter().collect();
        let mut run = unit(record, 0, crate_root, graph, host);
        run.kind = UnitKind::RunBuildScript;
        let request = Request {
            root: root.clone().into(),
            packages: vec![package(root, record, &all, graph)],
            units: vec![run],
            ..Request::default()
        };
        let list = &scan(&request).unwrap().units[0].files;
        let (succeeded, read) = trace(&program, record, root, host);
        let all_files = files_below(root);
        self.runs += 1;
        self.failed += usize::from(!succeeded);
        self.narrowed += usize::from(list.len() < all_files);
        self.listed += list.len();
        self.read += read.len();
        for file in read.iter().filter(|file| !list.contains_key(*file)) {
            self.missing += 1;
            println!("MISSING {} {}: {file}", record.package, record.version);
        }
    }

    pub fn finish(&self) {
        println!(
            "{} runs of build scripts ({} of them fail without what cargo's graph would give them), {} with less than \
             their package; {} files listed, {} read, {} missing",
            self.runs, self.failed, self.narrowed, self.listed, self.read, self.missing
        );
        assert!(self.runs > 0, "no build script was run");
        assert_eq!(self.missing, 0, "files are missing");
    }
}

/// Runs a script, and gives the files of its package that it touched.
fn trace(program: &Path, record: &Record, root: &Path, host: &str) -> (bool, BTreeSet<String>) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("trace");
    let out = dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let status = Command::new("strace")
        .args(["-f", "-y", "-qq", "-s", "4096", "-e", "trace=%file", "-o"])
        .arg(&log)
        .args(["timeout", LIMIT])
        .arg(program)
        .current_dir(root)
        .env_clear()
        .envs(variables(record, &out, dir.path(), host))
        .output()
        .expect("strace is not installed")
        .status;
    let text = std::fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let touched = text.lines().filter_map(|line| touched(line, root));
    (status.success(), touched.collect())
}

/// The existing file of the package that a system call succeeded on.
fn touched(line: &str, root: &Path) -> Option<String> {
    let (call, result) = line.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let (_, arguments) = call.split_once('(')?;
    let mut quoted = arguments.split('"');
    let before = quoted.next()?;
    let path = Path::new(quoted.next()?);
    // `AT_FDCWD</directory>`; calls without it mean the script's own directory.
    let directory = before
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    let directory = directory.map_or(root, |(directory, _)| Path::new(directory));
    let path = directory.join(path);
    let file = below(&path, root)?;
    path.is_file().then_some(file)
}

fn variables(record: &Record, out: &Path, home: &Path, host: &str) -> BTreeMap<String, PathBuf> {
    let mut env: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.into());
    let triple = "x86_64-unknown-linux-gnu";
    for (name, value) in [
        ("TARGET", triple),
        ("HOST", triple),
        ("NUM_JOBS", "1"),
        ("OPT_LEVEL", "0"),
        ("PROFILE", "debug"),
        ("DEBUG", "true"),
        ("RUSTC", "rustc"),
        ("RUSTDOC", "rustdoc"),
        ("CARGO", "cargo"),
        ("CARGO_ENCODED_RUSTFLAGS", ""),
        ("CARGO_PKG_NAME", &record.package),
        ("CARGO_PKG_VERSION", &record.version),
    ] {
        set(name, value);
    }
    let mut numbers = record.version.split(['.', '-', '+']);
    for name in ["MAJOR", "MINOR", "PATCH"] {
        set(
            &format!("CARGO_PKG_VERSION_{name}"),
            numbers.next().unwrap_or(""),
        );
    }
    for feature in &record.features {
        let name = feature.to_uppercase().replace('-', "_");
        set(&format!("CARGO_FEATURE_{name}"), "1");
    }
    for line in host.lines() {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let name = format!("CARGO_CFG_{}", name.to_uppercase());
        set(&name, value.trim_matches('"'));
    }
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            env.insert(name.to_owned(), value.into());
        }
    }
    env.insert("HOME".to_owned(), home.to_owned());
    env.insert("OUT_DIR".to_owned(), out.to_owned());
    env.insert("CARGO_MANIFEST_DIR".to_owned(), record.manifest_dir.clone());
    let manifest = record.manifest_dir.join("Cargo.toml");
    env.insert("CARGO_MANIFEST_PATH".to_owned(), manifest);
    env
}

fn files_below(dir: &Path) -> usize {
    let entries = walkdir::WalkDir::new(dir).into_iter();
    entries
        .filter(|entry| {
            entry
                .as_ref()
                .is_ok_and(|entry| entry.file_type().is_file())
        })
        .count()
}
