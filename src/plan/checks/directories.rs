//! The directories of the packages in the source tree, and what is in them.

use crate::depinfo::{EntryKind, SourceTree};
use crate::graph::model::{Graph, Location, Package, PackageId};
use crate::plan::Error;
use crate::plan::files::below;
use crate::source_root::SourceRoot;
use std::collections::{BTreeMap, BTreeSet};

/// Where a package of the source tree is.
#[derive(Debug)]
pub struct Directory {
    /// Relative to the source root, without links on the way.
    pub path: String,
    /// These links.
    pub links: BTreeSet<String>,
}

/// The directories of all packages of a graph that are in the source tree.
pub struct Directories {
    /// The source tree.
    pub tree: SourceTree,
    by_package: BTreeMap<PackageId, Directory>,
    paths: BTreeSet<String>,
}

impl Directories {
    /// Looks them up below `src`.
    ///
    /// # Errors
    ///
    /// If a directory on the way cannot be read, or a link leads out of the tree.
    pub fn new(graph: &Graph, src: &SourceRoot) -> Result<Self, Error> {
        let tree = SourceTree::new(src.clone());
        let mut by_package = BTreeMap::new();
        for (id, package) in graph.packages() {
            if let Some(directory) = find(package, &tree)? {
                by_package.insert(id, directory);
            }
        }
        let paths = by_package.values().map(|found| found.path.clone());
        Ok(Self {
            paths: paths.collect(),
            by_package,
            tree,
        })
    }

    /// That of a package; none if it is vendored.
    pub fn of(&self, package: PackageId) -> Option<&Directory> {
        self.by_package.get(&package)
    }

    /// All files of a package, relative to it, without those of packages inside it. What no build
    /// could read is left out: a test that needs it fails.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read.
    pub fn files(&self, package: PackageId) -> Result<BTreeMap<String, EntryKind>, Error> {
        let Some(Directory { path: own, .. }) = self.of(package) else {
            return Ok(BTreeMap::new());
        };
        let other = |directory: &str| directory != own && self.paths.contains(directory);
        let entries = self.tree.contents(own, other)?.entries.into_iter();
        let inside = |path: String| match own.as_str() {
            "" => Some(path),
            own => Some(path.strip_prefix(own)?.strip_prefix('/')?.to_owned()),
        };
        Ok(entries
            .filter_map(|(path, kind)| Some((inside(path)?, kind)))
            .collect())
    }

    /// The same files relative to the source root, and the links on the way to the package.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read.
    pub fn all_files(&self, package: PackageId) -> Result<BTreeSet<String>, Error> {
        let Some(Directory { path: own, links }) = self.of(package) else {
            return Ok(BTreeSet::new());
        };
        let files = self.files(package)?.into_keys();
        let files = files.map(|file| below(own, &file));
        Ok(files.chain(links.iter().cloned()).collect())
    }
}

fn find(package: &Package, tree: &SourceTree) -> Result<Option<Directory>, Error> {
    let Location::Tree(dir) = &package.location else {
        return Ok(None);
    };
    let found = tree.find("", dir)?;
    Ok(found.map(|found| {
        let links = found.on_the_way.into_iter();
        let links = links.filter(|(_, kind)| matches!(kind, EntryKind::Symlink(_)));
        Directory {
            path: found.path.to_string(),
            links: links.map(|(path, _)| path).collect(),
        }
    }))
}
