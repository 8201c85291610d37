//! Source trees: the lists of all units as trees on disk, equal lists as one.

use super::model::{EntryKind, Error, Result, Scan};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One source tree: relative paths and what lies there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tree {
    /// The entries by path. Directories are implied.
    pub entries: BTreeMap<String, EntryKind>,
}

/// The trees of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trees {
    /// The different trees, in the order of the first unit that needs each.
    pub trees: Vec<Tree>,
    /// For each unit of the scan the index of its tree.
    pub of_unit: Vec<usize>,
}

/// Makes the lists of a scan into trees. Units with equal lists share one.
pub fn unify(scan: &Scan) -> Trees {
    let mut trees = Trees::default();
    let mut known: HashMap<Tree, usize> = HashMap::new();
    for unit in &scan.units {
        let entries = unit
            .files
            .iter()
            .map(|(path, listed)| (path.clone(), listed.kind.clone()));
        let tree = Tree {
            entries: entries.collect(),
        };
        let index = *known.entry(tree).or_insert_with_key(|tree| {
            trees.trees.push(tree.clone());
            trees.trees.len() - 1
        });
        trees.of_unit.push(index);
    }
    trees
}

impl Tree {
    /// Copies the tree from below `root` to below `to`, which must not exist. Executable
    /// bits and symbolic links are kept.
    pub fn copy(&self, root: &Path, to: &Path) -> Result<()> {
        std::fs::create_dir_all(to).map_err(|source| failed(&to.display().to_string(), source))?;
        for (path, kind) in &self.entries {
            copy_entry(&root.join(path), &to.join(path), kind)
                .map_err(|source| failed(path, source))?;
        }
        Ok(())
    }
}

fn failed(path: &str, source: std::io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn copy_entry(from: &Path, to: &Path, kind: &EntryKind) -> std::io::Result<()> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match kind {
        // Takes the permissions with it.
        EntryKind::File => std::fs::copy(from, to).map(|_| ()),
        EntryKind::Symlink(target) => std::os::unix::fs::symlink(target, to),
    }
}
