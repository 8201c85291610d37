//! `dyndrv audit`: which listed files no compiler has read.
//!
//! Each workspace unit's output tells which of its sources rustc read. What else is
//! in its source tree makes it be built again for nothing.

use super::error::Error;
use super::nix::{self, Build, Built};
use clap::Args;
use dyndrv::plan::emitter::Index;
use dyndrv::plan::settings::read_json;
use dyndrv_builder::sandbox::bundle;
use dyndrv_builder::spec::{READ_FILES, Source, Spec};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The options of `dyndrv audit`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    build: Build,
}

/// Builds what is not built, and prints a line for each file that was not read.
pub fn run(options: &Options) -> Result<(), Error> {
    options.build.path("")?;
    let index = PathBuf::from(options.build.path("passthru.workspacePlan.index")?);
    let index: Index = read_json(&index)?;
    let units: Vec<String> = index.units.into_values().map(|unit| unit.drv).collect();
    let mut report = String::new();
    let mut clean = 0;
    for built in nix::outputs(&units)? {
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

struct Unit {
    name: String,
    sources: Vec<Source>,
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
        Ok(Some(Self {
            name: format!("{}, {}", rustc.process.package, rustc.process.target),
            sources: rustc.process.sources,
            read: text.lines().map(PathBuf::from).collect(),
        }))
    }

    /// Files of the sources, as the source tree has them, that were not read.
    fn unread(&self) -> Result<Vec<String>, Error> {
        let mut unread = Vec::new();
        for source in &self.sources {
            let at = Path::new(&source.at);
            let files = bundle::entries(&source.from)?.into_iter();
            let files = files.map(|entry| entry.path);
            unread.extend(files.filter(|file| !self.read.contains(&at.join(file))));
        }
        Ok(unread)
    }
}

/// The specification in a derivation; none if it is not a unit's.
fn spec(drv: &Path) -> Result<Option<Spec>, Error> {
    let derivation = nix::derivation(drv)?;
    let unit = derivation
        .structured_attrs()
        .and_then(|attributes| attributes.get("unit"));
    Ok(unit.and_then(|unit| Spec::deserialize(unit).ok()))
}
