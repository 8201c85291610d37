//! The readers of what cargo prints, for `fuzz/` and `tests/fuzz.rs`: all else of the library reaches them through
//! a cargo that it starts.

use super::config::{self, Flags};
use super::rustc::Platforms;
use super::{Places, join, process, vendor};
use crate::graph::error::Result;
use crate::graph::model::{CrateType, FileName, Graph, Platform, RustcInfo, Sources};
use crate::graph::rules::sources::replacement;
use cargo_platform::Cfg;
use semver::Version;
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

const HOST: &str = "x86_64-unknown-linux-gnu";

/// The graph of the workspace in the directory `source`, of what `--unit-graph` and `metadata` print.
///
/// # Errors
///
/// As [`ask`](super::ask).
pub fn graph(source: &Path, unit_graph: &str, metadata: &str) -> Result<Graph> {
    let places = Places {
        source: source.to_owned(),
        vendor: None,
        cwd: source.to_owned(),
    };
    let config = config::parse("{}", source, || Ok(String::new()))?;
    let answers = join::Answers {
        units: process::unit_graph(unit_graph)?,
        metadata: process::json("cargo's metadata", metadata)?,
        rustc: RustcInfo {
            release: Version::new(1, 90, 0),
            verbose: format!("rustc 1.90.0\nrelease: 1.90.0\nhost: {HOST}\n"),
            host: HOST.to_owned(),
        },
        platforms: Platforms {
            host: host(),
            targets: BTreeMap::new(),
        },
    };
    join::join(&places, &config, Sources::new(), false, answers)
}

fn host() -> Platform {
    let name = |prefix: &str, suffix: &str| FileName(prefix.to_owned(), suffix.to_owned());
    Platform {
        triple: HOST.to_owned(),
        rustflags: Vec::new(),
        rustdocflags: Vec::new(),
        linker: None,
        runner: None,
        cfg: vec!["unix".to_owned()],
        split_debuginfo: vec!["off".to_owned()],
        file_names: [
            (CrateType::Bin, name("", "")),
            (CrateType::Rlib, name("lib", ".rlib")),
            (CrateType::Dylib, name("lib", ".so")),
            (CrateType::Cdylib, name("lib", ".so")),
            (CrateType::Staticlib, name("lib", ".a")),
            (CrateType::ProcMacro, name("lib", ".so")),
        ]
        .into(),
    }
}

/// What a configuration says, of what `cargo config get` prints as JSON and with origins: flags, programs, and the
/// instructions of a library that it replaces.
///
/// # Errors
///
/// As [`ask`](super::ask).
pub fn configuration(json: &str, origins: &str) -> Result<String> {
    let config = config::parse(json, Path::new("/source"), || Ok(origins.to_owned()))?;
    let cfg: Vec<Cfg> = ["unix", "target_os=\"linux\""]
        .iter()
        .filter_map(|text| Cfg::from_str(text).ok())
        .collect();
    let mut said = format!("{:?}{:?}", config.env, config.warnings);
    for kind in [Flags::Rustc, Flags::Rustdoc { of_cfg: true }] {
        said += &format!("{:?}", config.flags(kind, HOST, &cfg)?);
    }
    said += &format!("{:?}", config.linker(HOST, &cfg)?);
    said += &format!("{:?}", config.runner(HOST, &cfg)?);
    said += &format!(
        "{:?}{:?}",
        config.overridden(HOST, "z"),
        config.inherits("a")
    );
    Ok(said)
}

/// The configuration that takes the packages of the lock file, and of the configurations, of the workspace in the
/// directory `source` from its directory `vendor`.
///
/// # Errors
///
/// As [`ask`](super::ask).
pub fn vendored(source: &Path) -> Result<String> {
    let sources = vendor::sources(&source.join("vendor"), source, source)?;
    Ok(replacement(&sources, "/vendor"))
}
