//! Source trees: which files, their predicted store path, and their copy.
//!
//! A tree is named after its package and its list of files, never after its
//! content: the name enters the store path, and an edit that changed it would
//! make the same content a different input.

use crate::drv::nar::{self, Node};
use crate::drv::{HashAlgorithm, NixHash, hash_bytes};
use crate::plan::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A selection of files, symbolic links and empty directories below a root directory, by
/// their paths relative to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree(BTreeMap<String, Entry>);

/// An entry of a tree, without its content. In JSON, a file is `true` if it is
/// executable and `false` if not, a symbolic link is its target, and an empty
/// directory is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    File(bool),
    Symlink(String),
    Directory,
}

impl Tree {
    /// The tree of these files, given by their paths relative to `root`.
    ///
    /// # Errors
    ///
    /// If a file cannot be inspected, or is a socket or the like.
    pub fn of<'a>(root: &Path, files: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        files
            .into_iter()
            .map(|file| Ok((file.to_owned(), inspect(&root.join(file))?)))
            .collect::<Result<_, Error>>()
            .map(Self)
    }

    /// A short name for the list of files.
    ///
    /// # Errors
    ///
    /// If the list cannot be written as JSON.
    pub fn digest(&self) -> Result<String, Error> {
        let text = serde_json::to_vec(self).map_err(Error::json("a list of files"))?;
        let hash = hash_bytes(HashAlgorithm::Sha256, &text);
        let start = hash.digest_as_bytes().iter().take(4);
        Ok(start.map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hash of the tree's NAR, reading the files below `root`.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn nar_hash(&self, root: &Path) -> Result<NixHash, Error> {
        let mut tree = Node::default();
        for (path, entry) in &self.0 {
            let node = match entry {
                Entry::File(executable) => Node::File {
                    executable: *executable,
                    contents: path.as_str(),
                },
                Entry::Symlink(target) => Node::Symlink(target.clone()),
                Entry::Directory => Node::default(),
            };
            tree.insert(path, node)?;
        }
        let hash = nar::hash(&tree, |path| {
            let file = File::open(root.join(path))?;
            Ok((file.metadata()?.len(), file))
        })?;
        Ok(hash)
    }

    /// Copies the tree from `root` to the new directory `to`.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written.
    pub fn copy(&self, root: &Path, to: &Path) -> Result<(), Error> {
        fs::create_dir_all(to).map_err(Error::io("creating", to))?;
        for (path, entry) in &self.0 {
            let (from, to) = (root.join(path), to.join(path));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(Error::io("creating", parent))?;
            }
            match entry {
                Entry::Symlink(target) => {
                    std::os::unix::fs::symlink(target, &to).map_err(Error::io("creating", &to))?;
                }
                Entry::Directory => {
                    fs::create_dir_all(&to).map_err(Error::io("creating", &to))?;
                }
                // Nix's own canonical permissions follow from the executable bit.
                Entry::File(_) => {
                    fs::copy(&from, &to).map_err(Error::io("copying", &from))?;
                }
            }
        }
        Ok(())
    }
}

fn inspect(path: &Path) -> Result<Entry, Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::io("reading", path))?;
    let special = |kind| Error::Special {
        path: path.to_owned(),
        kind,
    };
    if metadata.is_symlink() {
        let target = fs::read_link(path).map_err(Error::io("reading", path))?;
        match target.into_os_string().into_string() {
            Ok(target) => Ok(Entry::Symlink(target)),
            Err(_) => Err(special("a symbolic link whose target is not UTF-8")),
        }
    } else if metadata.is_file() {
        Ok(Entry::File(metadata.permissions().mode() & 0o100 != 0))
    } else if metadata.is_dir() {
        Ok(Entry::Directory)
    } else {
        Err(special("what is neither a file nor a symbolic link"))
    }
}
