//! `dyndrv audit`: which listed files no compiler has read.
//!
//! Each workspace unit's output tells which of its sources rustc read. What else is
//! in its source tree makes it be built again for nothing.

use super::error::Error;
use clap::Args;
use dyndrv::drv::Derivation;
use dyndrv::plan::emitter::Index;
use dyndrv::plan::settings::read_json;
use dyndrv_builder::sandbox::bundle::Bundle;
use dyndrv_builder::spec::{READ_FILES, Spec};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The options of `dyndrv audit`.
#[derive(Args)]
pub struct Options {
    /// A build: a flake output that `build` of the library returned,
    /// or with `-- --file FILE` an attribute (empty for the file's value)
    #[arg(default_value = ".#default")]
    installable: String,
    /// Further arguments for `nix build`, such as `--override-input nixpkgs …`
    #[arg(last = true)]
    nix: Vec<String>,
}

/// Builds what is not built, and prints a line for each file that was not read.
pub fn run(options: Options) -> Result<(), Error> {
    build(&options, "")?;
    let index = PathBuf::from(build(&options, "passthru.workspacePlan.index")?);
    let index: Index = read_json(&index)?;
    let units: Vec<String> = index
        .units
        .values()
        .map(|unit| format!("{}^*", unit.drv))
        .collect();
    let mut report = String::new();
    let mut clean = 0;
    for built in outputs(&units)? {
        let Some(unit) = Unit::of(&built)? else {
            continue;
        };
        let unread = unit.unread()?;
        if unread.is_empty() {
            clean += 1;
            continue;
        }
        report += &format!("{}\n", unit.name);
        for file in unread {
            report += &format!("  not read: {file}\n");
        }
    }
    report += &format!("{clean} units read every file in their lists\n");
    super::print(&report)
}

/// A derivation and where its outputs are, as `nix build --json` tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Built {
    drv_path: String,
    outputs: BTreeMap<String, String>,
}

struct Unit {
    name: String,
    sources: Vec<(PathBuf, PathBuf)>,
    read: BTreeSet<PathBuf>,
}

impl Unit {
    /// A unit whose output tells what was read.
    fn of(built: &Built) -> Result<Option<Self>, Error> {
        let Some(out) = built.outputs.get("out") else {
            return Ok(None);
        };
        let file = Path::new(out).join(READ_FILES);
        if !file.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&file).map_err(Error::io("reading", &file))?;
        let drv = Path::new(&built.drv_path);
        let Some(Spec::Rustc(rustc)) = spec(drv)? else {
            return Ok(None);
        };
        let sources = rustc.process.sources.into_iter();
        Ok(Some(Self {
            name: format!("{}, {}", rustc.process.package, rustc.process.target),
            sources: sources.map(|s| (s.from.into(), s.at.into())).collect(),
            read: text.lines().map(PathBuf::from).collect(),
        }))
    }

    /// Files of the sources, as the source tree has them, that were not read.
    fn unread(&self) -> Result<Vec<String>, Error> {
        let mut unread = Vec::new();
        for (from, at) in &self.sources {
            let bundle = Bundle::open(from)?;
            let files = bundle.entries().iter().map(|entry| &entry.path);
            let files = files.filter(|file| !self.read.contains(&at.join(file)));
            unread.extend(files.cloned());
        }
        Ok(unread)
    }
}

/// The specification in a derivation; none if it is not a unit's.
fn spec(drv: &Path) -> Result<Option<Spec>, Error> {
    let text = std::fs::read(drv).map_err(Error::io("reading", drv))?;
    let name = drv.file_stem().unwrap_or_default().to_string_lossy();
    let derivation =
        Derivation::from_aterm_bytes(&text, &name).map_err(|source| Error::NotADerivation {
            path: drv.to_owned(),
            source,
        })?;
    let unit = derivation
        .structured_attrs()
        .and_then(|attributes| attributes.get("unit"));
    Ok(unit.and_then(|unit| Spec::deserialize(unit).ok()))
}

/// Builds what has been named, or an attribute of it, and gives its store path.
fn build(options: &Options, attribute: &str) -> Result<String, Error> {
    let installable = match options.installable.as_str() {
        "" => attribute.to_owned(),
        named if attribute.is_empty() => named.to_owned(),
        named => format!("{named}.{attribute}"),
    };
    let mut command = Command::new("nix");
    command
        .args(["build", "--no-link", "--print-out-paths"])
        .args(&options.nix)
        .arg(installable);
    Ok(nix(&mut command)?.trim().to_owned())
}

fn outputs(installables: &[String]) -> Result<Vec<Built>, Error> {
    let mut command = Command::new("nix");
    command.args(["build", "--no-link", "--json"]);
    let text = nix(command.args(installables))?;
    serde_json::from_str(&text).map_err(|source| Error::NixOutput { source })
}

fn nix(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(Error::io("running", "nix"))?;
    if !output.status.success() {
        return Err(Error::Nix {
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
