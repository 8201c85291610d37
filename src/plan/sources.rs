//! Where a unit's sources are.

use super::Error;
use super::emitter::collection::Stage;
use super::emitter::tree::Tree;
use super::lower::SourceTree;
use super::settings::{Settings, WorkspaceSettings};
use crate::drv::{STORE_DIR, StorePath};
use crate::graph::model::{Location, UnitRef};
use dyndrv_builder::spec;
use std::fs;

/// The whole directory of a third-party package, which never changes.
///
/// # Errors
///
/// If the vendor directory does not have it, or it is not in the store.
pub fn vendored(unit: UnitRef<'_>, entry: &str, settings: &Settings) -> Result<SourceTree, Error> {
    let package = unit.package();
    let link = settings.vendor.join(entry);
    let path = fs::canonicalize(&link).map_err(|_| Error::NotVendored {
        package: format!("{} {}", package.name, package.version),
        entry: entry.to_owned(),
        vendor: settings.vendor.clone(),
    })?;
    let from = path.to_string_lossy().into_owned();
    Ok(SourceTree {
        object: store_object(&format!("the source of `{}`", package.name), &from)?,
        from,
        at: format!("{}/{entry}", spec::VENDOR),
        locked: false,
    })
}

/// The files of the workspace that a unit can read, as an output of the stage.
///
/// # Errors
///
/// If a file cannot be read.
pub fn workspace(
    unit: UnitRef<'_>,
    files: &[String],
    settings: &WorkspaceSettings,
    stage: &mut Stage,
) -> Result<SourceTree, Error> {
    let tree = Tree::of(&settings.src, files.iter().map(String::as_str))?;
    let object = stage.add_tree(&unit.package().name, tree, &settings.src)?;
    let of_workspace = |name: &str| match unit.graph().workspace_root.as_str() {
        "" => name.to_owned(),
        root => format!("{root}/{name}"),
    };
    let has = |name: &str| files.binary_search(&of_workspace(name)).is_ok();
    Ok(SourceTree {
        from: object.to_string(),
        at: spec::WORKSPACE.to_owned(),
        object,
        locked: has("Cargo.toml") && has("Cargo.lock"),
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
