//! Compares the scanner with what rustc really read, over the corpus that
//! `bench/scan-corpus` makes. Run by `bench/scan`; needs that corpus, so it is ignored
//! otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use dyndrv::depinfo::{Cfg, DepInfo, Package, Request, Unit, UnitFiles, UnitKind, scan};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

/// One rustc run of the corpus.
struct Record {
    cwd: PathBuf,
    manifest_dir: PathBuf,
    package: String,
    version: String,
    crate_name: String,
    source: PathBuf,
    /// `crate-hash`, as in the names of all its files.
    stem: String,
    out_dir: PathBuf,
    test: bool,
    proc_macro: bool,
    features: Vec<String>,
    /// The stems of the direct dependencies.
    externs: Vec<String>,
}

fn corpus() -> PathBuf {
    let cache = std::env::var_os("DYNDRV_CACHE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/dyndrv"));
    cache.join("scan-corpus")
}

fn parse_record(bytes: &[u8]) -> Option<Record> {
    let parts: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    let args = parts.get(5..)?;
    let mut record = Record {
        cwd: parts[0].clone().into(),
        manifest_dir: parts[1].clone().into(),
        package: parts[2].clone(),
        version: parts[3].clone(),
        crate_name: String::new(),
        source: PathBuf::new(),
        stem: String::new(),
        out_dir: PathBuf::new(),
        test: args.iter().any(|arg| arg == "--test"),
        proc_macro: false,
        features: Vec::new(),
        externs: Vec::new(),
    };
    let mut extra = "";
    for pair in args.windows(2) {
        let [option, value] = pair else { continue };
        match &**option {
            "--crate-name" => record.crate_name = value.clone(),
            "--out-dir" => record.out_dir = value.into(),
            "--crate-type" => record.proc_macro |= value == "proc-macro",
            "--cfg" => match value.strip_prefix("feature=") {
                // Those of build scripts are what the scanner cannot know.
                Some(feature) => record.features.push(feature.trim_matches('"').to_owned()),
                None => record.test |= value == "test",
            },
            "--extern" => {
                let path = value.split_once('=').map(|(_, path)| Path::new(path));
                let stem = path.and_then(|path| path.file_stem()?.to_str()?.strip_prefix("lib"));
                record.externs.extend(stem.map(str::to_owned));
            }
            "-C" => extra = value.strip_prefix("extra-filename=").unwrap_or(extra),
            _ => {}
        }
        if value.ends_with(".rs") && option.starts_with("--edition") {
            record.source = value.into();
        }
    }
    record.stem = format!("{}{extra}", record.crate_name);
    (!record.source.as_os_str().is_empty()).then_some(record)
}

fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

fn load() -> Vec<Record> {
    let mut records = BTreeMap::new();
    let dir = corpus().join("records");
    let entries = std::fs::read_dir(&dir).expect("no corpus: run bench/scan-corpus first");
    for entry in entries {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "record")
            && let Some(record) = parse_record(&std::fs::read(path).unwrap())
        {
            records.insert(record.stem.clone(), record);
        }
    }
    records.into_values().collect()
}

/// The source root of a record: the directory below the corpus's own sources, or the package.
fn source_root(record: &Record) -> PathBuf {
    let own = corpus().join("src");
    match record.manifest_dir.strip_prefix(&own) {
        Ok(below) => own.join(below.components().next().unwrap()),
        Err(_) => record.manifest_dir.clone(),
    }
}

/// The files below the root that rustc read, relative to it.
fn really_read(record: &Record, root: &Path) -> Option<BTreeSet<String>> {
    let path = record.out_dir.join(format!("{}.d", record.stem));
    let info = DepInfo::parse(&std::fs::read_to_string(path).ok()?).unwrap();
    let below = |file: &String| {
        let file = normal(&record.cwd.join(file));
        let below = file.strip_prefix(root).ok()?;
        Some(below.to_str()?.to_owned())
    };
    Some(info.files.iter().filter_map(below).collect())
}

struct Graph<'r> {
    by_stem: HashMap<&'r str, &'r Record>,
}

impl<'r> Graph<'r> {
    fn closure(&self, from: &'r Record) -> Vec<&'r Record> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![from];
        let mut out = Vec::new();
        while let Some(record) = todo.pop() {
            for stem in &record.externs {
                if let Some(next) = self.by_stem.get(&**stem)
                    && seen.insert(stem)
                {
                    out.push(*next);
                    todo.push(next);
                }
            }
        }
        out
    }

    fn macro_packages(&self, record: &'r Record) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for dependency in self.closure(record) {
            if dependency.proc_macro {
                out.insert(dependency.package.clone());
                out.extend(
                    self.closure(dependency)
                        .iter()
                        .map(|record| record.package.clone()),
                );
            }
        }
        out
    }
}

fn kind(record: &Record) -> UnitKind {
    let source = record.source.to_string_lossy();
    match () {
        () if record.crate_name.starts_with("build_script_") => UnitKind::BuildScript,
        () if source.contains("tests/") => UnitKind::Test,
        () if source.contains("benches/") => UnitKind::Bench,
        () if source.contains("examples/") => UnitKind::Example,
        () => UnitKind::Lib,
    }
}

#[derive(Default)]
struct Totals {
    units: usize,
    listed: usize,
    read: usize,
    extra: usize,
    missing: usize,
    by_class: BTreeMap<String, usize>,
    worst: BTreeMap<String, usize>,
}

impl Totals {
    fn add(&mut self, name: &str, files: &UnitFiles, read: &BTreeSet<String>) {
        self.units += 1;
        self.listed += files.files.len();
        self.read += read.len();
        self.missing += read
            .iter()
            .filter(|file| !files.files.contains_key(*file))
            .count();
        for (path, listed) in &files.files {
            if !read.contains(path) {
                self.extra += 1;
                *self
                    .by_class
                    .entry(format!("{:?}", listed.reason.why))
                    .or_default() += 1;
                *self.worst.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    fn print(&self, name: &str) {
        let listed = self.listed.max(1) as f64;
        println!(
            "{name}: {} units, {} files read, {} listed, {:.2} % of them read, {} extra, {} missing",
            self.units,
            self.read,
            self.listed,
            100.0 * (self.listed - self.extra) as f64 / listed,
            self.extra,
            self.missing
        );
        if !self.by_class.is_empty() {
            println!("    extra by reason: {:?}", self.by_class);
        }
        let mut worst: Vec<_> = self.worst.iter().collect();
        worst.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (name, count) in worst.iter().take(12) {
            println!("    {count:5} extra in {name}");
        }
    }
}

/// The figures of the whole corpus.
#[derive(Default)]
struct Evaluation {
    crates: BTreeSet<(String, String)>,
    elapsed: Duration,
    exact: Totals,
    scripted: Totals,
    fallback: Totals,
    verbose: bool,
}

impl Evaluation {
    fn project(&mut self, root: &Path, records: &[&Record], graph: &Graph, host: &str) {
        let (request, read) = request(root, records, graph, host);
        let begin = Instant::now();
        let result = scan(&request).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        let took = begin.elapsed();
        if took > Duration::from_millis(300) {
            println!(
                "SLOW {}: {took:?} for {} units",
                root.display(),
                request.units.len()
            );
        }
        self.elapsed += took;
        for ((unit, files), read) in request.units.iter().zip(&result.units).zip(&read) {
            self.unit(&request.packages[unit.package], unit, files, read);
        }
    }

    fn unit(&mut self, package: &Package, unit: &Unit, files: &UnitFiles, read: &BTreeSet<String>) {
        self.crates
            .insert((package.name.clone(), package.version.clone()));
        let name = format!(
            "{} {} {:?} {}",
            package.name, package.version, unit.kind, unit.name
        );
        for file in read.iter().filter(|file| !files.files.contains_key(*file)) {
            println!("MISSING {name}: {file}");
        }
        for fallback in &files.fallbacks {
            println!("FALLBACK {name}: {fallback:?}");
        }
        if self.verbose && files.fallbacks.is_empty() {
            for (path, listed) in files.files.iter().filter(|(path, _)| !read.contains(*path)) {
                println!("EXTRA {name}: {path} {:?}", listed.reason);
            }
        }
        let scripted = package.build_script.is_some() && unit.kind != UnitKind::BuildScript;
        let totals = match (files.fallbacks.is_empty(), scripted) {
            (false, _) => &mut self.fallback,
            (true, true) => &mut self.scripted,
            (true, false) => &mut self.exact,
        };
        totals.add(&name, files, read);
    }

    fn finish(&self) {
        let units = self.exact.units + self.scripted.units + self.fallback.units;
        let crates = self.crates.len();
        let names: BTreeSet<_> = self.crates.iter().map(|(name, _)| name).collect();
        println!(
            "{crates} crates of {} names, {units} units, scanned in {:?}",
            names.len(),
            self.elapsed
        );
        self.exact.print("exact, no build script");
        self.scripted.print("exact, package has a build script");
        self.fallback.print("fallback");
        println!(
            "fallback for {:.2} % of units",
            100.0 * self.fallback.units as f64 / units as f64
        );
        let missing = self.exact.missing + self.scripted.missing + self.fallback.missing;
        assert_eq!(missing, 0, "files are missing");
    }

    /// What the whole corpus must reach.
    fn goals(&self) {
        let units = self.exact.units + self.scripted.units + self.fallback.units;
        assert!(
            self.crates.len() >= 400,
            "the corpus has only {} crates",
            self.crates.len()
        );
        assert!(
            self.exact.extra * 50 <= self.exact.listed,
            "less than 98 % of the listed files are read"
        );
        assert!(self.fallback.units * 100 < units * 3, "too many fallbacks");
    }
}

#[test]
#[ignore = "needs the corpus of bench/scan-corpus"]
fn corpus_against_rustc() {
    let records = load();
    let graph = Graph {
        by_stem: records
            .iter()
            .map(|record| (&*record.stem, record))
            .collect(),
    };
    let host = std::process::Command::new("rustc")
        .args(["--print", "cfg"])
        .output()
        .unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let mut projects: BTreeMap<PathBuf, Vec<&Record>> = BTreeMap::new();
    for record in &records {
        projects
            .entry(source_root(record))
            .or_default()
            .push(record);
    }
    let mut evaluation = Evaluation {
        verbose: std::env::var_os("DYNDRV_VERBOSE").is_some(),
        ..Evaluation::default()
    };
    let only = std::env::var("DYNDRV_ONLY").unwrap_or_default();
    for (root, records) in &projects {
        if root.to_string_lossy().ends_with(&only) {
            evaluation.project(root, records, &graph, &host);
        }
    }
    evaluation.finish();
    if only.is_empty() {
        evaluation.goals();
    }
}

/// A path below the root, if it is there.
fn below(path: &Path, root: &Path) -> Option<String> {
    Some(normal(path).strip_prefix(root).ok()?.to_str()?.to_owned())
}

/// The request for all units below one root, and what each of them really read.
fn request<'r>(
    root: &Path,
    records: &[&'r Record],
    graph: &Graph<'r>,
    host: &str,
) -> (Request, Vec<BTreeSet<String>>) {
    let mut request = Request {
        root: root.to_owned(),
        ..Request::default()
    };
    let mut packages: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut all_read = Vec::new();
    for record in records {
        let crate_root = below(&record.cwd.join(&record.source), root);
        let (Some(read), Some(crate_root)) = (really_read(record, root), crate_root) else {
            continue;
        };
        let package = *packages.entry(&record.manifest_dir).or_insert_with(|| {
            request.packages.push(package(root, record, records, graph));
            request.packages.len() - 1
        });
        request
            .units
            .push(unit(record, package, crate_root, graph, host));
        all_read.push(read);
    }
    (request, all_read)
}

fn package<'r>(root: &Path, of: &Record, records: &[&'r Record], graph: &Graph<'r>) -> Package {
    let mut own = records
        .iter()
        .filter(|record| record.manifest_dir == of.manifest_dir);
    let script = own.find(|record| kind(record) == UnitKind::BuildScript);
    let closure = script
        .map(|script| graph.closure(script))
        .unwrap_or_default();
    Package {
        name: of.package.clone(),
        version: of.version.clone(),
        dir: below(&of.manifest_dir, root).unwrap(),
        extra_sources: Vec::new(),
        build_script: script.and_then(|script| below(&script.cwd.join(&script.source), root)),
        build_dependencies: closure
            .iter()
            .map(|record| record.package.clone())
            .collect(),
        build_packages: BTreeSet::new(),
    }
}

fn unit<'r>(
    record: &'r Record,
    package: usize,
    crate_root: String,
    graph: &Graph<'r>,
    host: &str,
) -> Unit {
    let mut cfg = Cfg::from_rustc(host).with_flag("debug_assertions");
    for feature in &record.features {
        cfg = cfg.with_feature(feature);
    }
    for (flag, set) in [("test", record.test), ("proc_macro", record.proc_macro)] {
        cfg = if set { cfg.with_flag(flag) } else { cfg };
    }
    Unit {
        package,
        name: format!(
            "{}{}",
            record.crate_name,
            if record.test { " (test)" } else { "" }
        ),
        crate_root,
        kind: kind(record),
        cfg,
        macro_packages: graph.macro_packages(record),
        extra_sources: Vec::new(),
    }
}
