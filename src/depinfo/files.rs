//! The source tree on disk: directory listings, texts with their outlines, and the walk
//! along a path that notices every symbolic link. Shared by all threads of one scan.

use super::model::{EntryKind, Error, Result};
use super::outline::{self, Outline};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// A source file and its outline.
#[derive(Debug)]
pub(super) struct Text {
    /// The path, without symbolic links on the way.
    pub path: String,
    pub bytes: Vec<u8>,
    pub outline: Outline,
}

/// What a directory contains.
type Listing = HashMap<Box<str>, Entry>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    File,
    Directory,
    Link(Box<str>),
    Special,
    /// Its name is not UTF-8: no source text can name it.
    Unnameable,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The directory in which the path's last name stands.
    pub parent: Arc<str>,
    /// The file or directory itself.
    pub real: Arc<str>,
    pub directory: bool,
    /// Symbolic links on the way, with their texts.
    pub links: Vec<(String, String)>,
}

/// A text that the first thread to need it puts in.
type TextCell = Arc<OnceLock<Arc<Text>>>;

/// The tree below one root.
pub(super) struct Files {
    root: PathBuf,
    listings: RwLock<HashMap<Arc<str>, Option<Arc<Listing>>>>,
    texts: RwLock<HashMap<Arc<str>, TextCell>>,
}

/// As many links as Linux follows for one path.
const MAX_LINKS: usize = 40;

impl Files {
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            listings: RwLock::default(),
            texts: RwLock::default(),
        }
    }

    fn listing(&self, dir: &str) -> Result<Option<Arc<Listing>>> {
        let known = self.listings.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = known.get(dir) {
            return Ok(listing.clone());
        }
        drop(known);
        let listing = self.read_listing(dir)?.map(Arc::new);
        let mut known = self
            .listings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(dir.into(), listing.clone());
        Ok(listing)
    }

    fn read_listing(&self, dir: &str) -> Result<Option<Listing>> {
        let unreadable = |source| Error::Unreadable {
            path: shown(dir),
            source,
        };
        let entries = match std::fs::read_dir(self.root.join(dir)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mut listing = Listing::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name();
            let (name, nameable) = match name.to_str() {
                Some(name) => (name.to_owned(), true),
                None => (name.to_string_lossy().into_owned(), false),
            };
            let entry = if !nameable {
                Entry::Unnameable
            } else if kind.is_file() {
                Entry::File
            } else if kind.is_dir() {
                Entry::Directory
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path()).map_err(unreadable)?;
                match target.to_str() {
                    Some(target) => Entry::Link(target.into()),
                    None => Entry::Unnameable,
                }
            } else {
                Entry::Special
            };
            listing.insert(name.into(), entry);
        }
        Ok(Some(listing))
    }

    /// Follows `path` from the directory `from` (which contains no link) as the system does.
    /// `None`: there is nothing, or the path leads out of the root without a link's help.
    pub fn find(&self, from: &str, path: &str) -> Result<Option<Found>> {
        if path.starts_with('/') || path.contains('\0') {
            return Ok(None);
        }
        let mut walk = Walk {
            at: from.to_owned(),
            parent: None,
            todo: path.rsplit('/').map(str::to_owned).collect(),
            links: Vec::new(),
            outer: 0,
        };
        let last = walk
            .todo
            .iter()
            .position(|part| !part.is_empty() && part != ".");
        walk.outer = last.map_or(0, |last| last + 1);
        self.follow(walk)
    }

    fn follow(&self, mut walk: Walk) -> Result<Option<Found>> {
        let mut directory = true;
        while let Some(part) = walk.todo.pop() {
            if walk.todo.len() + 1 == walk.outer && walk.parent.is_none() {
                walk.parent = Some(walk.at.as_str().into());
            }
            match &*part {
                "" | "." => continue,
                _ if !directory => return Ok(None),
                ".." => match walk.at.rfind('/') {
                    Some(slash) => walk.at.truncate(slash),
                    None if !walk.at.is_empty() => walk.at.clear(),
                    None => return walk.outside().map(|()| None),
                },
                name => {
                    let Some(entry) = self
                        .listing(&walk.at)?
                        .and_then(|all| all.get(name).cloned())
                    else {
                        return Ok(None);
                    };
                    match entry {
                        Entry::Link(target) => walk.link(name, &target)?,
                        Entry::Special if walk.todo.is_empty() => {
                            return Err(Error::Special {
                                path: join(&walk.at, name),
                            });
                        }
                        Entry::Special | Entry::Unnameable => return Ok(None),
                        entry => {
                            directory = entry == Entry::Directory;
                            walk.at = join(&walk.at, name);
                        }
                    }
                }
            }
        }
        Ok(Some(Found {
            parent: walk.parent.unwrap_or_else(|| walk.at.as_str().into()),
            real: walk.at.into(),
            directory,
            links: walk.links,
        }))
    }

    /// A file's text; `real` must come from [`Found::real`].
    pub fn text(&self, real: &Arc<str>) -> Result<Arc<Text>> {
        let known = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        let known_cell = known.get(real).cloned();
        drop(known);
        let cell = match known_cell {
            Some(cell) => cell,
            None => {
                let mut known = self.texts.write().unwrap_or_else(PoisonError::into_inner);
                known.entry(real.clone()).or_default().clone()
            }
        };
        if let Some(text) = cell.get() {
            return Ok(text.clone());
        }
        let bytes = std::fs::read(self.root.join(&**real)).map_err(|source| Error::Unreadable {
            path: real.to_string(),
            source,
        })?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::TooLarge {
                path: real.to_string(),
            });
        }
        let make = || {
            Arc::new(Text {
                path: real.to_string(),
                outline: outline::outline(&bytes),
                bytes,
            })
        };
        Ok(cell.get_or_init(make).clone())
    }

    /// Opens a file as a check that it can be read.
    pub fn check_readable(&self, real: &str) -> Result<()> {
        match std::fs::File::open(self.root.join(real)) {
            Ok(_) => Ok(()),
            Err(source) => Err(Error::Unreadable {
                path: real.to_owned(),
                source,
            }),
        }
    }

    /// Everything below a directory that a build could read, sorted: files, links, and what
    /// links lead to. Directories in `without`, `.git`, and cargo's target directories are
    /// left out, and so are the `result` links that `nix build` leaves.
    pub fn below(&self, dir: &str, without: &HashSet<&str>) -> Result<Vec<(String, EntryKind)>> {
        let mut out = Vec::new();
        let mut todo = vec![dir.to_owned()];
        let mut seen = HashSet::new();
        while let Some(dir) = todo.pop() {
            if !seen.insert(dir.clone()) {
                continue;
            }
            let Some(listing) = self.listing(&dir)? else {
                continue;
            };
            if listing.contains_key("CACHEDIR.TAG") {
                continue;
            }
            for (name, entry) in &*listing {
                let path = join(&dir, name);
                match entry {
                    Entry::File => out.push((path, EntryKind::File)),
                    Entry::Directory if &**name == ".git" || without.contains(&*path) => {}
                    Entry::Directory => todo.push(path),
                    Entry::Link(target) if is_nix_result(name, target) => {}
                    Entry::Link(_) => self.below_link(&dir, name, &mut out, &mut todo)?,
                    Entry::Special => return Err(Error::Special { path }),
                    Entry::Unnameable => return Err(Error::NotUtf8 { path }),
                }
            }
        }
        out.sort();
        out.dedup();
        Ok(out)
    }

    fn below_link(
        &self,
        dir: &str,
        name: &str,
        out: &mut Vec<(String, EntryKind)>,
        todo: &mut Vec<String>,
    ) -> Result<()> {
        let Some(found) = self.find(dir, name)? else {
            // It leads nowhere; the link itself is all that there is.
            if let Some(Entry::Link(target)) =
                self.listing(dir)?.as_ref().and_then(|all| all.get(name))
            {
                out.push((join(dir, name), EntryKind::Symlink(target.to_string())));
            }
            return Ok(());
        };
        for (path, target) in found.links {
            out.push((path, EntryKind::Symlink(target)));
        }
        if found.directory {
            todo.push(found.real.to_string());
        } else {
            out.push((found.real.to_string(), EntryKind::File));
        }
        Ok(())
    }
}

/// A path on its way.
struct Walk {
    /// Where it has come; contains no link.
    at: String,
    /// Where the last name of the original path stands.
    parent: Option<Arc<str>>,
    /// The names that are left, the next one last.
    todo: Vec<String>,
    links: Vec<(String, String)>,
    /// The number of names of the original path that are left when its last one comes.
    outer: usize,
}

impl Walk {
    fn link(&mut self, name: &str, target: &str) -> Result<()> {
        let path = join(&self.at, name);
        self.links.push((path, target.to_owned()));
        if target.starts_with('/') {
            return self.outside();
        }
        if self.links.len() > MAX_LINKS {
            let path = self.links.swap_remove(0).0;
            return Err(Error::SymlinkLoop { path });
        }
        self.todo.extend(target.rsplit('/').map(str::to_owned));
        Ok(())
    }

    /// An error if a link led out of the root.
    fn outside(&mut self) -> Result<()> {
        match self.links.pop() {
            Some((path, target)) => Err(Error::SymlinkOut { path, target }),
            None => Ok(()),
        }
    }
}

fn is_nix_result(name: &str, target: &str) -> bool {
    name.starts_with("result") && target.starts_with("/nix/store/")
}

/// Joins a directory (empty: the root) and a name.
pub(super) fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() {
        name.to_owned()
    } else {
        format!("{dir}/{name}")
    }
}

fn shown(dir: &str) -> String {
    if dir.is_empty() {
        ".".to_owned()
    } else {
        dir.to_owned()
    }
}
