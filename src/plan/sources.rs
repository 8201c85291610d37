//! Where a unit's sources are.

use super::Error;
use super::emitter::Collection;
use crate::drv::{STORE_DIR, StorePath};
use crate::graph::model::{Graph, Location, UnitRef};
use dyndrv_builder::spec::{self, Origin};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Sources of a unit: where they come from, their place in the sandbox, and the store
/// object to which they belong.
#[derive(Clone, Debug)]
pub struct UnitSources {
    /// The path of the tree, a store path or below one, or of an archive or a bundle; or the bundle itself.
    pub from: Origin,
    /// Its place in the sandbox.
    pub at: String,
    /// The store object to declare as an input, if there is one.
    pub object: Option<StorePath>,
    /// Whether it holds what cargo needs to know the workspace: its manifest and
    /// its lock file.
    pub locked: bool,
    /// Whether links to them do, because no code of a package runs in the unit.
    pub links: bool,
}

/// Where third-party packages are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendored {
    /// The vendor directory.
    pub directory: String,
    /// The directory or the archive of each package that a graph has of it, behind all links, by its entry.
    pub packages: BTreeMap<String, String>,
}

impl Vendored {
    /// Looks up the packages of a graph.
    ///
    /// # Errors
    ///
    /// If the vendor directory does not have one.
    pub fn of(graph: &Graph, directory: &Path) -> Result<Self, Error> {
        let mut packages = BTreeMap::new();
        for (_, package) in graph.packages() {
            let Location::Vendor(entry) = &package.location else {
                continue;
            };
            let path = fs::canonicalize(directory.join(entry)).map_err(|_| Error::NotVendored {
                package: format!("{} {}", package.name, package.version),
                entry: entry.to_owned(),
                vendor: directory.to_owned(),
            })?;
            packages.insert(entry.clone(), path.to_string_lossy().into_owned());
        }
        Ok(Self {
            directory: directory.to_string_lossy().into_owned(),
            packages,
        })
    }

    /// The store objects that the directories are or lie in.
    ///
    /// # Errors
    ///
    /// If one is not in the store.
    pub fn objects(&self) -> Result<BTreeSet<StorePath>, Error> {
        let directories = self.packages.values().chain([&self.directory]);
        directories
            .filter(|path| !path.is_empty())
            .map(|path| store_object("the source of a third-party package", path))
            .collect()
    }
}

/// The whole of a third-party package, which never changes.
///
/// # Errors
///
/// If the package has not been looked up, or is not in the store.
pub fn vendored(unit: UnitRef<'_>, entry: &str, vendored: &Vendored) -> Result<UnitSources, Error> {
    let package = unit.package();
    let from = vendored.packages.get(entry);
    let from = from.ok_or_else(|| Error::NotVendored {
        package: format!("{} {}", package.name, package.version),
        entry: entry.to_owned(),
        vendor: vendored.directory.clone().into(),
    })?;
    Ok(UnitSources {
        object: Some(store_object(
            &format!("the source of `{}`", package.name),
            from,
        )?),
        from: Origin::Store(from.clone()),
        at: format!("{}/{entry}", spec::VENDOR),
        locked: false,
        links: false,
    })
}

/// The files of the workspace that a unit can read, as a bundle.
///
/// # Errors
///
/// If a file cannot be read.
pub fn workspace(
    unit: UnitRef<'_>,
    files: &[String],
    collection: &mut Collection,
) -> Result<UnitSources, Error> {
    let (from, object) = collection.place_sources(&unit.package().name, files)?;
    let of_workspace = |name: &str| match unit.graph().workspace_root.as_str() {
        "" => name.to_owned(),
        root => format!("{root}/{name}"),
    };
    let has = |name: &str| files.binary_search(&of_workspace(name)).is_ok();
    Ok(UnitSources {
        from,
        at: spec::WORKSPACE.to_owned(),
        object,
        locked: has("Cargo.toml") && has("Cargo.lock"),
        links: false,
    })
}

/// The package's place in the vendor directory, if it is third-party.
pub fn vendor_entry(unit: UnitRef<'_>) -> Option<&str> {
    match &unit.package().location {
        Location::Vendor(entry) => Some(entry),
        Location::Tree(_) => None,
    }
}

/// The store object that a path is or lies below.
///
/// # Errors
///
/// If it is not in the store.
pub fn store_object(what: &str, path: &str) -> Result<StorePath, Error> {
    let below = path
        .strip_prefix(STORE_DIR)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or_default();
    let name = below.split('/').next().unwrap_or_default();
    let object = if name.is_empty() {
        path.to_owned()
    } else {
        format!("{STORE_DIR}/{name}")
    };
    object.parse().map_err(|source| Error::NotAStorePath {
        what: what.to_owned(),
        path: path.to_owned(),
        source,
    })
}
