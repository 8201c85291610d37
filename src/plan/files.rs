//! Which files of the workspace each unit can read.

use super::Error;
use super::settings::WorkspaceSettings;
use crate::graph::model::{Graph, Location};
use walkdir::WalkDir;

/// For each unit of the graph, the files of the source tree that it can read,
/// relative to it and sorted; empty for units of third-party packages.
///
/// # Errors
///
/// If a directory cannot be read.
pub fn of_units(graph: &Graph, workspace: &WorkspaceSettings) -> Result<Vec<Vec<String>>, Error> {
    (0..graph.units.len())
        .map(|unit| match &graph.package(unit).location {
            Location::Vendor(_) => Ok(Vec::new()),
            Location::Tree(dir) => whole_package(dir, workspace),
        })
        .collect()
}

fn whole_package(dir: &str, workspace: &WorkspaceSettings) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    for entry in WalkDir::new(workspace.src.join(dir)).sort_by_file_name() {
        let entry = entry.map_err(|e| Error::Io {
            action: "reading",
            path: workspace.src.join(dir),
            source: e.into(),
        })?;
        if !entry.file_type().is_dir()
            && let Ok(path) = entry.path().strip_prefix(&workspace.src)
        {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(files)
}
