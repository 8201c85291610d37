//! Running cargo and rustc so that nothing of the machine has a say.

use super::documents::{Metadata, UnitGraph};
use super::{Places, Request, failure};
use crate::graph::error::{Error, Result, io};
use crate::graph::model::Sources;
use crate::graph::rules::sources::replacement;
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes cargo take unstable options, without telling rustc. `RUSTC_BOOTSTRAP`
/// would change what rustc prints as cfgs.
const CHANNEL: (&str, &str) = ("__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS", "nightly");

/// cargo and rustc with their environment.
#[derive(Debug)]
pub(super) struct Tools {
    cargo: PathBuf,
    rustc: PathBuf,
    home: PathBuf,
    cwd: PathBuf,
    /// The configuration file that replaces all sources by the vendor directory.
    sources: Option<PathBuf>,
    rustflags: Option<Vec<String>>,
}

impl Tools {
    pub fn new(request: &Request, places: &Places, sources: &Sources) -> Result<Self> {
        let home = match &request.cargo_home {
            Some(home) => home.clone(),
            None => request.scratch.join("cargo-home"),
        };
        fs::create_dir_all(&home).map_err(io("create", &home))?;
        let sources = match &places.vendor {
            Some(directory) => {
                let directory = directory.to_str().ok_or_else(|| Error::Vendor {
                    path: directory.clone(),
                    reason: "its path is not UTF-8; move it".to_owned(),
                })?;
                let file = request.scratch.join("sources.toml");
                let text = replacement(sources, directory);
                fs::write(&file, text).map_err(io("write", &file))?;
                Some(file)
            }
            None => None,
        };
        Ok(Self {
            cargo: request.cargo.clone(),
            rustc: request.rustc.clone(),
            home,
            cwd: places.cwd.clone(),
            sources,
            rustflags: request.rustflags.clone(),
        })
    }

    pub fn unit_graph(&self, request: &Request) -> Result<UnitGraph> {
        let mut command = self.cargo(request.selection.command.name());
        command.args(request.selection.args());
        command
            .args(["--frozen", "--unit-graph", "-Zunstable-options"])
            .env(CHANNEL.0, CHANNEL.1);
        if request.selection.command != super::Command::Build
            && request.selection.command != super::Command::Check
        {
            command.arg("--no-run");
        }
        unit_graph(&run(&mut command)?)
    }

    pub fn metadata(&self, host: &str, triples: &[&str]) -> Result<Metadata> {
        let mut command = self.cargo("metadata");
        command.args([
            "--frozen",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ]);
        for triple in triples {
            command.args(["--filter-platform", triple]);
        }
        // Whatever is selected, no package of the unit graph may be missed.
        command.arg("--all-features");
        json("cargo's metadata", &run(&mut command)?)
    }

    /// `cargo config get` in the format `json` or `toml`.
    pub fn configuration(&self, args: &[&str]) -> Result<String> {
        let mut command = self.cargo("config");
        command
            .arg("get")
            .args(args)
            .arg("-Zunstable-options")
            .env(CHANNEL.0, CHANNEL.1);
        run(&mut command)
    }

    pub fn rustc<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String> {
        let mut command = Command::new(&self.rustc);
        self.environment(&mut command);
        command.args(args);
        run(&mut command)
    }

    fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.cargo);
        self.environment(&mut command);
        command.arg(subcommand);
        if let Some(file) = &self.sources {
            command.arg("--config").arg(file);
        }
        if let Some(flags) = &self.rustflags {
            command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        }
        command
            .env("CARGO_HOME", &self.home)
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_NET_OFFLINE", "true")
            .env("RUSTC", &self.rustc)
            // Of the configuration; empty means none.
            .env("RUSTC_WRAPPER", "")
            .env("RUSTC_WORKSPACE_WRAPPER", "");
        command
    }

    fn environment(&self, command: &mut Command) {
        command
            .env_clear()
            .current_dir(&self.cwd)
            .stdin(Stdio::null());
        command.env("HOME", &self.home);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
    }
}

fn run(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|source| Error::Spawn { program, source })?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let dir = command.get_current_dir().unwrap_or(Path::new("."));
        return Err(failure::explain(&words(command), stderr, dir));
    }
    String::from_utf8(output.stdout).map_err(|error| Error::UnknownOutput {
        what: format!("the output of `{}`", words(command)),
        reason: error.to_string(),
    })
}

/// The command for people: the program's name alone, and its arguments.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Reads what `--unit-graph` prints. Every place in it is one of a unit.
pub(super) fn unit_graph(text: &str) -> Result<UnitGraph> {
    let what = "cargo's unit graph";
    let graph: UnitGraph = json(what, text)?;
    let misunderstood = |reason| Error::UnknownOutput {
        what: what.to_owned(),
        reason,
    };
    if graph.version != 1 {
        let reason = format!("its format is version {}, known is 1", graph.version);
        return Err(misunderstood(reason));
    }
    let dependencies = graph.units.iter().flat_map(|unit| &unit.dependencies);
    let places = dependencies.map(|dependency| dependency.index);
    for place in places.chain(graph.roots.iter().copied()) {
        if place >= graph.units.len() {
            let reason = format!("it has {} units and names unit {place}", graph.units.len());
            return Err(misunderstood(reason));
        }
    }
    Ok(graph)
}

pub(super) fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::UnknownOutput {
        what: what.to_owned(),
        reason: error.to_string(),
    })
}
