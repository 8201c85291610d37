//! Joining the outputs of cargo and rustc to one graph.

use super::Places;
use super::config::Config;
use super::documents::{Metadata, UnitGraph};
use super::manifest::Manifest;
use super::packages::{self, relative};
use super::rustc::Platforms;
use super::units::RawUnits;
use crate::graph::error::{Error, Result};
use crate::graph::model::*;

/// What cargo and rustc have said.
pub(super) struct Answers {
    pub units: UnitGraph,
    pub metadata: Metadata,
    pub rustc: RustcInfo,
    pub platforms: Platforms,
}

/// Joins everything to a graph.
pub(super) fn join(
    places: &Places,
    config: &Config,
    sources: Sources,
    incremental: bool,
    answers: Answers,
) -> Result<Graph> {
    let Answers {
        units,
        metadata,
        rustc,
        platforms,
    } = answers;
    let packages = packages::read(places, &units, &metadata)?;
    let mut raw = RawUnits::resolve(&units, &packages)?;
    raw.apply_overrides(config, &rustc.host, &packages.list);
    let (units, roots) = raw.sorted(&rustc, &packages.list, incremental)?;
    let root = Manifest::read(&metadata.workspace_root.join("Cargo.toml"), &places.source)?;
    let name = roots
        .first()
        .map(|&root| units[root.0].profile.name.clone())
        .ok_or_else(|| Error::UnknownOutput {
            what: "cargo's unit graph".to_owned(),
            reason: "nothing is to be built; select a package, target or feature".to_owned(),
        })?;
    let graph = Graph {
        version: VERSION,
        rustc,
        workspace_root: relative(&metadata.workspace_root, &places.source)?,
        profile: ProfileName {
            dir: match name.as_str() {
                "dev" | "test" => "debug".to_owned(),
                "bench" => "release".to_owned(),
                name => name.to_owned(),
            },
            root: root.profile_root(&name, config)?.to_owned(),
            name,
        },
        incremental,
        host: platforms.host,
        targets: platforms.targets,
        config_env: config.env.clone(),
        sources,
        packages: packages.list,
        units,
        roots,
    };
    graph.check()?;
    if incremental && !graph.units().any(UnitRef::is_incremental) {
        return Err(Error::NotIncremental {
            profile: graph.profile.name,
        });
    }
    Ok(graph)
}
