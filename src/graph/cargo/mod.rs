//! Asking cargo and rustc, and joining their outputs.
//!
//! | output | gives |
//! |---|---|
//! | `cargo build … --unit-graph` | units, resolved profiles, features, dependencies |
//! | `cargo metadata` | what packages say about themselves, where they are |
//! | the manifests | lints, `harness`, the root of custom profiles |
//! | `cargo config get` | rustflags, linkers, `[env]` |
//! | `rustc -vV`, `rustc --print` | identity, cfgs, names of products |
//!
//! cargo runs with `--frozen`, an empty home and a fixed environment; it writes
//! nothing but to the scratch directory, so the source may be read-only and is best a
//! [`skeleton`].

mod config;
mod documents;
mod failure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod join;
mod manifest;
pub mod manifests;
mod packages;
mod paths;
mod process;
mod rustc;
pub mod skeleton;
mod units;
mod vendor;

use crate::graph::error::{Result, io};
use crate::graph::model::{Graph, Sources};
use std::fs;
use std::path::PathBuf;

/// A request for a graph: the selection, the sources and the tools.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The source root.
    pub source: PathBuf,
    /// The directory of the manifest that cargo is started with, relative to
    /// the source root; empty for the root itself.
    pub manifest_dir: String,
    /// The directory of third-party packages, one entry for each, as nixpkgs'
    /// `importCargoLock` or `cargo vendor --versioned-dirs` makes it, or the same with archives. None if
    /// there are none, or if the sources bring their own and say so in cargo's configuration.
    pub vendor: Option<PathBuf>,
    /// The user's own `CARGO_HOME`, with the packages that cargo has fetched, for a
    /// graph outside of the sandbox. None for an empty one.
    pub cargo_home: Option<PathBuf>,
    /// cargo, an absolute path.
    pub cargo: PathBuf,
    /// rustc, an absolute path.
    pub rustc: PathBuf,
    /// An existing directory to write to.
    pub scratch: PathBuf,
    /// The selection of packages, targets and features.
    pub selection: Selection,
    /// The value of `RUSTFLAGS`; none if it is not set.
    pub rustflags: Option<Vec<String>>,
    /// Whether units whose profile asks for it are compiled incrementally.
    pub incremental: bool,
}

/// Which units of a workspace are asked for, in the terms of cargo's command line.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `cargo build`, `test`, or `bench`.
    pub command: Command,
    /// `--package`, each.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
    /// `--exclude`, each.
    pub exclude: Vec<String>,
    /// `--lib`.
    pub lib: bool,
    /// `--bins`.
    pub all_bins: bool,
    /// `--bin`, each.
    pub bins: Vec<String>,
    /// `--examples`.
    pub all_examples: bool,
    /// `--example`, each.
    pub examples: Vec<String>,
    /// `--test`, each.
    pub tests: Vec<String>,
    /// `--all-targets`.
    pub all_targets: bool,
    /// `--features`, each.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--target`.
    pub target: Option<String>,
    /// The linker for this target: `CARGO_TARGET_<triple>_LINKER`, which comes before
    /// what the configuration's files say.
    pub target_linker: Option<String>,
    /// `--ignore-rust-version`.
    pub ignore_rust_version: bool,
}

/// A command of cargo that compiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Command {
    /// `cargo build`.
    #[default]
    Build,
    /// `cargo test`.
    Test,
    /// `cargo bench`.
    Bench,
    /// `cargo check`.
    Check,
}

impl Command {
    /// The word for cargo's command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Test => "test",
            Self::Bench => "bench",
            Self::Check => "check",
        }
    }
}

impl Selection {
    /// The arguments for cargo, after the command.
    pub fn args(&self) -> Vec<String> {
        let mut args = Vec::new();
        let flags = [
            (self.workspace, "--workspace"),
            (self.lib, "--lib"),
            (self.all_bins, "--bins"),
            (self.all_examples, "--examples"),
            (self.all_targets, "--all-targets"),
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
            (self.ignore_rust_version, "--ignore-rust-version"),
        ];
        args.extend(
            flags
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, flag)| flag.to_string()),
        );
        let lists = [
            (&self.packages, "--package"),
            (&self.exclude, "--exclude"),
            (&self.bins, "--bin"),
            (&self.examples, "--example"),
            (&self.tests, "--test"),
            (&self.features, "--features"),
        ];
        for (values, flag) in lists {
            args.extend(
                values
                    .iter()
                    .flat_map(|value| [flag.to_owned(), value.clone()]),
            );
        }
        for (value, flag) in [(&self.profile, "--profile"), (&self.target, "--target")] {
            args.extend(
                value
                    .iter()
                    .flat_map(|value| [flag.to_owned(), value.clone()]),
            );
        }
        args
    }
}

/// The graph of a request, with warnings.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The graph.
    pub graph: Graph,
    /// Parts of the sources that have no effect, a sentence each.
    pub warnings: Vec<String>,
}

/// Asks cargo and rustc for the graph of a request.
///
/// # Errors
///
/// Everything that cargo would refuse, with what to do about it; and what this
/// program does not support, with the package that uses it.
pub fn ask(request: &Request) -> Result<Outcome> {
    let places = Places::of(request)?;
    let sources = match &places.vendor {
        Some(directory) => vendor::sources(directory, &places.source, &places.cwd)?,
        None => Sources::new(),
    };
    let tools = process::Tools::new(request, &places, &sources)?;
    let config = config::read(&tools, &places)?;
    let units = tools.unit_graph(request)?;
    let rustc = rustc::version(&tools)?;
    let metadata = tools.metadata(&rustc.host, &units.triples())?;
    let platforms = rustc::platforms(&tools, &config, request, &rustc, &units.triples())?;
    let answers = join::Answers {
        units,
        metadata,
        rustc,
        platforms,
    };
    let graph = join::join(&places, &config, sources, request.incremental, answers)?;
    Ok(Outcome {
        graph,
        warnings: config.warnings,
    })
}

/// The directories of a request, without symbolic links on the way.
#[derive(Debug)]
struct Places {
    source: PathBuf,
    vendor: Option<PathBuf>,
    /// Where cargo is started.
    cwd: PathBuf,
}

impl Places {
    fn of(request: &Request) -> Result<Self> {
        let real = |path: &PathBuf| fs::canonicalize(path).map_err(io("find", path));
        let source = real(&request.source)?;
        let cwd = match request.manifest_dir.as_str() {
            "" => source.clone(),
            dir => real(&source.join(dir))?,
        };
        let vendor = request.vendor.as_ref().map(real).transpose()?;
        Ok(Self {
            source,
            vendor: vendor
                .map(|vendor| manifests::lay_out(vendor, &request.scratch))
                .transpose()?,
            cwd,
        })
    }
}
