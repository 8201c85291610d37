//! The records of the corpus, and what the scanner is asked about them.

use dyndrv::depinfo::{Cfg, Package, Request, Unit, UnitKind};
use dyndrv_builder::rustc::dep_info;
use semver::Version;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

/// One rustc run of the corpus.
pub struct Record {
    pub cwd: PathBuf,
    pub manifest_dir: PathBuf,
    pub package: String,
    pub version: String,
    pub crate_name: String,
    pub source: PathBuf,
    /// `crate-hash`, as in the names of all its files.
    pub stem: String,
    pub out_dir: PathBuf,
    pub test: bool,
    pub proc_macro: bool,
    pub features: Vec<String>,
    /// The stems of the direct dependencies.
    pub externs: Vec<String>,
}

pub fn corpus() -> PathBuf {
    let cache = std::env::var_os("DYNDRV_CACHE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/dyndrv"));
    cache.join("scan-corpus")
}

pub fn parse_record(bytes: &[u8]) -> Option<Record> {
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

pub fn normal(path: &Path) -> PathBuf {
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

pub fn load() -> Vec<Record> {
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
pub fn source_root(record: &Record) -> PathBuf {
    let own = corpus().join("src");
    match record.manifest_dir.strip_prefix(&own) {
        Ok(below) => own.join(below.components().next().unwrap()),
        Err(_) => record.manifest_dir.clone(),
    }
}

/// The files below the root that rustc read, relative to it.
pub fn really_read(record: &Record, root: &Path) -> Option<BTreeSet<String>> {
    let path = record.out_dir.join(format!("{}.d", record.stem));
    let files = dep_info::files(&std::fs::read_to_string(path).ok()?);
    let below = |file: &String| {
        let file = normal(&record.cwd.join(file));
        let below = file.strip_prefix(root).ok()?;
        Some(below.to_str()?.to_owned())
    };
    Some(files.iter().filter_map(below).collect())
}

pub struct Graph<'r> {
    pub by_stem: HashMap<&'r str, &'r Record>,
}

impl<'r> Graph<'r> {
    pub fn of(records: &'r [Record]) -> Self {
        let stems = records.iter().map(|record| (&*record.stem, record));
        Self {
            by_stem: stems.collect(),
        }
    }

    pub fn closure(&self, from: &'r Record) -> Vec<&'r Record> {
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

    pub fn macro_packages(&self, record: &'r Record) -> BTreeSet<String> {
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

pub fn kind(record: &Record) -> UnitKind {
    let source = record.source.to_string_lossy();
    match () {
        () if record.crate_name.starts_with("build_script_") => UnitKind::BuildScript,
        () if source.contains("tests/") => UnitKind::Test,
        () if source.contains("benches/") => UnitKind::Bench,
        () if source.contains("examples/") => UnitKind::Example,
        () => UnitKind::Lib,
    }
}

/// A path below the root, if it is there.
pub fn below(path: &Path, root: &Path) -> Option<String> {
    Some(normal(path).strip_prefix(root).ok()?.to_str()?.to_owned())
}

/// The request for all units below one root, and what each of them really read.
pub fn request<'r>(
    root: &Path,
    records: &[&'r Record],
    graph: &Graph<'r>,
    host: &str,
) -> (Request, Vec<BTreeSet<String>>) {
    let mut request = Request {
        root: root.into(),
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

pub fn package<'r>(root: &Path, of: &Record, records: &[&'r Record], graph: &Graph<'r>) -> Package {
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
            .map(|record| {
                let version = Version::parse(&record.version).unwrap();
                (record.package.clone(), version)
            })
            .collect(),
        build_script_sources: None,
        build_packages: BTreeSet::new(),
    }
}

pub fn unit<'r>(
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

/// What rustc says of the host.
pub fn host() -> String {
    let host = std::process::Command::new("rustc")
        .args(["--print", "cfg"])
        .output()
        .unwrap();
    String::from_utf8(host.stdout).unwrap()
}
