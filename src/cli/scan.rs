//! `dyndrv scan`: which files each unit of a checkout can read, and why.

use super::error::Error;
use clap::Args;
use dyndrv::depinfo::report;
use dyndrv::graph::{self, Graph};
use dyndrv::plan::files;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The options of `dyndrv scan`.
#[derive(Args)]
pub struct Options {
    /// The source tree: the directory that `src` names in the flake
    #[arg(default_value = ".")]
    source: PathBuf,
    /// Where the workspace is below it
    #[arg(long, default_value = "")]
    workspace: String,
    /// Only this package (may be repeated)
    #[arg(short, long)]
    package: Vec<String>,
    /// Features to activate (may be repeated)
    #[arg(short = 'F', long)]
    features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    all_features: bool,
    /// Do not activate the default features
    #[arg(long)]
    no_default_features: bool,
    /// The profile
    #[arg(long, default_value = "release")]
    profile: String,
    /// The units of `cargo test` instead of those of `cargo build`
    #[arg(long)]
    tests: bool,
    /// Print JSON instead of a tree
    #[arg(long)]
    json: bool,
}

/// Prints the lists.
pub fn run(options: Options) -> Result<(), Error> {
    let graph = ask(&options)?;
    let source = options.source.clone().into();
    let scanned = files::scan(&graph, &source, &files::Additions::default())?;
    let text = if options.json {
        report::json(&scanned.request, &scanned.scan).map_err(Error::json("the scan"))?
    } else {
        report::text(&scanned.request, &scanned.scan)
    };
    super::print(&text)
}

/// The graph of a checkout, with the user's cargo and what it has fetched.
fn ask(options: &Options) -> Result<Graph, Error> {
    let scratch = Scratch::new()?;
    let (cargo, rustc) = tools()?;
    let request = graph::Request {
        source: options.source.clone(),
        manifest_dir: options.workspace.clone(),
        vendor: None,
        cargo_home: cargo_home(),
        cargo,
        rustc,
        scratch: scratch.0.clone(),
        rustflags: None,
        incremental: false,
        selection: graph::Selection {
            command: if options.tests {
                graph::Command::Test
            } else {
                graph::Command::Build
            },
            packages: options.package.clone(),
            features: options.features.clone(),
            all_features: options.all_features,
            no_default_features: options.no_default_features,
            profile: (!options.tests).then(|| options.profile.clone()),
            ..graph::Selection::default()
        },
    };
    let outcome = graph::ask(&request)?;
    for warning in outcome.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(outcome.graph)
}

/// A directory that goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Error> {
        let dir = std::env::temp_dir().join(format!("dyndrv-scan-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(Error::io("creating", &dir))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing is lost with a directory of temporary files that stays.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn cargo_home() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(home)
}

/// cargo and rustc themselves, not rustup's stand-ins, which want an environment.
fn tools() -> Result<(PathBuf, PathBuf), Error> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .map_err(Error::io("running", "rustc"))?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let beside = |name: &str| Path::new(&sysroot).join("bin").join(name);
    let find = |name: &'static str| -> Result<PathBuf, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates = std::env::split_paths(&path).map(|dir| dir.join(name));
        std::iter::once(beside(name))
            .chain(candidates)
            .find(|file| file.is_file())
            .ok_or(Error::NoTool { name })
    };
    Ok((find("cargo")?, find("rustc")?))
}
