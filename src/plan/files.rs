//! Which files of the workspace each unit can read.
//!
//! For now a unit takes its whole package, without the packages below it, its
//! tests, and its files about files. One of these stays if any source of the
//! package has its name in it, be it in a comment. The build script's root is
//! for the build script.

use super::Error;
use super::settings::WorkspaceSettings;
use crate::graph::model::{Graph, Location, SrcPath, Target, TargetKind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// What no unit reads unless a source names it; a file by the start of its name.
const ASIDE: &[&str] = &[
    ".gitignore",
    "CHANGELOG",
    "Cargo.lock",
    "Cargo.toml",
    "README",
    "benches/",
    "examples/",
    "flake.",
    "dyndrv.nix",
    "tests/",
];

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
            Location::Tree(dir) => {
                let place = |target: &Target| match &target.src {
                    SrcPath::Package(path) => workspace.src.join(dir).join(path),
                    SrcPath::Tree(path) => workspace.src.join(path),
                };
                let root = place(graph.target(unit));
                let targets = graph.package(unit).targets.iter();
                let script = targets
                    .filter(|target| target.kind == TargetKind::CustomBuild)
                    .map(place)
                    .find(|script| *script != root);
                of_package(&workspace.src, dir, &root, script.as_deref())
            }
        })
        .collect()
}

fn of_package(
    src: &Path,
    dir: &str,
    root: &Path,
    script: Option<&Path>,
) -> Result<Vec<String>, Error> {
    let package = src.join(dir);
    let mut files = below(&package)?;
    if let Some(script) = script {
        files.remove(script);
    }
    let mut outside = below_nested(&package, &mut files);
    files.insert(root.to_owned());

    let aside: Vec<PathBuf> = files.iter().filter(|file| *file != root).cloned().collect();
    for file in aside {
        if is_aside(&package, &file) {
            files.remove(&file);
            outside.push(file);
        }
    }
    let text = sources(&files)?;
    files.extend(outside.into_iter().filter(|file| {
        let relative = file.strip_prefix(&package).unwrap_or(file);
        text.contains(&first_name(relative))
    }));
    Ok(files
        .iter()
        .filter_map(|file| file.strip_prefix(src).ok())
        .map(|file| file.to_string_lossy().into_owned())
        .collect())
}

fn below(package: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    let mut files = BTreeSet::new();
    let walk = WalkDir::new(package).into_iter().filter_entry(|entry| {
        let name = entry.file_name();
        name != ".git" && !(name == "target" && entry.depth() == 1)
    });
    for entry in walk {
        let entry = entry.map_err(|e| Error::Io {
            action: "reading",
            path: package.to_owned(),
            source: e.into(),
        })?;
        if !entry.file_type().is_dir() {
            files.insert(entry.into_path());
        }
    }
    Ok(files)
}

/// Takes out what lies in the packages below this one.
fn below_nested(package: &Path, files: &mut BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let nested: Vec<PathBuf> = files
        .iter()
        .filter(|file| file.ends_with("Cargo.toml"))
        .filter_map(|file| file.parent())
        .filter(|dir| *dir != package)
        .map(Path::to_owned)
        .collect();
    let is_nested = |file: &PathBuf| nested.iter().any(|dir| file.starts_with(dir));
    let outside: Vec<PathBuf> = files.iter().filter(|f| is_nested(f)).cloned().collect();
    files.retain(|file| !is_nested(file));
    outside
}

fn is_aside(package: &Path, file: &Path) -> bool {
    let relative = file.strip_prefix(package).unwrap_or(file);
    let relative = relative.to_string_lossy();
    ASIDE.iter().any(|start| relative.starts_with(start))
}

/// The first part of a relative path, as a source would have to name it: a
/// directory with its slash, a file without its extension.
fn first_name(relative: &Path) -> String {
    let text = relative.to_string_lossy();
    match text.split_once('/') {
        Some((dir, _)) => format!("{dir}/"),
        None => ["README", "CHANGELOG"]
            .into_iter()
            .find(|start| text.starts_with(start))
            .unwrap_or(&text)
            .to_owned(),
    }
}

fn sources(files: &BTreeSet<PathBuf>) -> Result<String, Error> {
    let mut text = String::new();
    for file in files {
        if file.extension().is_some_and(|e| e == "rs") && file.is_file() {
            let bytes = std::fs::read(file).map_err(Error::io("reading", file))?;
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    Ok(text)
}
