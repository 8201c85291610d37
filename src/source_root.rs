//! The tree that a project is built from.
//!
//! | the tree | what is in it |
//! |---|---|
//! | a directory, such as a store object | what the file system lists |
//! | a working tree | what a [`View`] lists: of a git checkout the tracked files, which is what Nix would copy |
//!
//! Files are read where they are in both cases. A view also remembers which were read, so that whoever made a
//! plan of them knows on which it depends.

use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The directory of a tree, and what counts as being in it.
#[derive(Clone, Debug, Default)]
pub struct SourceRoot {
    path: PathBuf,
    view: Option<Arc<View>>,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory, which has a listing of its own.
    Directory,
    /// A symbolic link to this path.
    Link(String),
    /// A socket or the like.
    Special,
    /// Its name is shown in lossy spelling, or it is a link whose text is not UTF-8.
    NotUtf8,
}

/// A list of everything in a tree.
#[derive(Debug, Default)]
pub struct View {
    /// The entries of each directory, by its path relative to the root.
    directories: BTreeMap<String, BTreeMap<String, Kind>>,
    reads: Mutex<BTreeSet<String>>,
}

impl View {
    /// A tree of these entries, by paths relative to the root. Directories above an entry exist with it.
    pub fn new(entries: impl IntoIterator<Item = (String, Kind)>) -> Self {
        let mut view = Self::default();
        view.directories.insert(String::new(), BTreeMap::new());
        for (path, kind) in entries {
            view.add(&path, kind);
        }
        view
    }

    fn add(&mut self, path: &str, kind: Kind) {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !self.directories.contains_key(above) {
            self.add(above, Kind::Directory);
        }
        if kind == Kind::Directory {
            self.directories.entry(path.to_owned()).or_default();
        }
        let listing = self.directories.entry(above.to_owned()).or_default();
        listing.insert(name.to_owned(), kind);
    }

    /// The entries of a directory; none if there is no such directory.
    pub fn listing(&self, dir: &str) -> Option<&BTreeMap<String, Kind>> {
        self.directories.get(dir)
    }

    /// All entries that are no directories, sorted by their paths.
    pub fn files(&self) -> BTreeMap<String, &Kind> {
        let mut files = BTreeMap::new();
        for (dir, listing) in &self.directories {
            for (name, kind) in listing {
                let path = match dir.as_str() {
                    "" => name.clone(),
                    dir => format!("{dir}/{name}"),
                };
                if *kind != Kind::Directory {
                    files.insert(path, kind);
                }
            }
        }
        files
    }

    /// Whether a path is a file.
    pub fn has_file(&self, path: &str) -> bool {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let listing = self.directories.get(above);
        listing.and_then(|listing| listing.get(name)) == Some(&Kind::File)
    }

    /// The files that were read so far.
    pub fn reads(&self) -> BTreeSet<String> {
        let reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        reads.clone()
    }
}

impl SourceRoot {
    /// The tree `path` with what the view has of it.
    pub fn viewed(path: PathBuf, view: Arc<View>) -> Self {
        Self {
            path,
            view: Some(view),
        }
    }

    /// What is in the tree, if not what the file system lists.
    pub fn view(&self) -> Option<&View> {
        self.view.as_deref()
    }

    /// Takes note that a file was read.
    pub fn note_read(&self, path: &str) {
        if let Some(view) = &self.view {
            let mut reads = view.reads.lock().unwrap_or_else(PoisonError::into_inner);
            if !reads.contains(path) {
                reads.insert(path.to_owned());
            }
        }
    }
}

impl From<PathBuf> for SourceRoot {
    fn from(path: PathBuf) -> Self {
        Self { path, view: None }
    }
}

impl From<&Path> for SourceRoot {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl Deref for SourceRoot {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl<'de> Deserialize<'de> for SourceRoot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PathBuf::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_the_directories_of_its_files() {
        let view = View::new([
            ("src/a/b.rs".to_owned(), Kind::File),
            ("empty".to_owned(), Kind::Directory),
            ("src/link".to_owned(), Kind::Link("a".to_owned())),
        ]);
        let names = |dir| {
            let listing = view.listing(dir).map(|listing| listing.keys().cloned());
            listing.map(Vec::from_iter)
        };
        assert_eq!(names(""), Some(vec!["empty".to_owned(), "src".to_owned()]));
        assert_eq!(names("src/a"), Some(vec!["b.rs".to_owned()]));
        assert_eq!(names("empty"), Some(vec![]));
        assert_eq!(names("src/link"), None);
        assert!(view.files().into_keys().eq(["src/a/b.rs", "src/link"]));
    }

    #[test]
    fn what_was_read_is_remembered() {
        let view = Arc::new(View::new([("a".to_owned(), Kind::File)]));
        let root = SourceRoot::viewed(PathBuf::from("/"), view.clone());
        root.note_read("a");
        assert!(view.reads().into_iter().eq(["a"]));
    }
}
