//! The source tree on disk: directory listings, Rust files with their outlines, and the way
//! along a path with every symbolic link on it. Shared by all threads of one scan.
//!
//! | entry | a path that leads to it | everything below a directory |
//! |---|---|---|
//! | file | found | listed |
//! | empty directory | found | listed |
//! | link inside of the root | followed, and listed itself | likewise |
//! | link out of the root, or in a circle | an error | listed as it is: it leads nowhere in a build |
//! | socket, pipe, device | an error | an error |
//! | name that is not UTF-8 | nothing, for no source text can name it | an error |
//! | `.git`, cargo's target directories, `result` links of `nix build` | found | left out |

use super::error::{Error, Result};
use super::lists::EntryKind;
use super::source_file::SourceFile;
use crate::source_root::{Kind, SourceRoot, View};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The entries of a directory by name.
type Listing = HashMap<Box<str>, Entry>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    File,
    Directory,
    Link(Box<str>),
    Special,
    /// Its name, or the text of a link, is not UTF-8.
    NotUtf8,
}

/// The file or directory at the end of a path.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The directory in which the path's last name stands.
    pub parent: Arc<str>,
    /// The file or directory itself, without links on the way.
    pub path: Arc<str>,
    /// Whether it is a directory.
    pub directory: bool,
    /// Other entries that must exist: links with their texts, and directories that the path
    /// enters and leaves by `..`.
    pub on_the_way: Vec<(String, EntryKind)>,
}

impl Resolved {
    /// The path itself, and the links on the way to it.
    pub fn files(&self) -> impl Iterator<Item = String> {
        let links = self.on_the_way.iter();
        let links = links.filter(|(_, kind)| matches!(kind, EntryKind::Symlink(_)));
        let links = links.map(|(path, _)| path.clone());
        links.chain([self.path.to_string()])
    }
}

/// The files below a directory.
#[derive(Debug)]
pub struct Contents {
    /// Files, links, what links lead to, and empty directories, by their paths.
    pub entries: BTreeMap<String, EntryKind>,
    /// The entries that no build can read, by their paths in lossy spelling.
    pub unusable: BTreeMap<String, Error>,
}

/// A file that the first thread to need it puts in.
type SourceCell = Arc<OnceLock<Arc<SourceFile>>>;

/// The tree below one root.
pub struct SourceTree {
    root: SourceRoot,
    listings: RwLock<HashMap<Arc<str>, Option<Arc<Listing>>>>,
    sources: RwLock<HashMap<Arc<str>, SourceCell>>,
}

/// As many links as Linux follows for one path.
const MAX_LINKS: usize = 40;

impl SourceTree {
    /// The tree below `root`. Nothing is read before it is asked for.
    pub fn new(root: impl Into<SourceRoot>) -> Self {
        Self {
            root: root.into(),
            listings: RwLock::default(),
            sources: RwLock::default(),
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
        if let Some(view) = self.root.view() {
            return Ok(viewed(view, dir));
        }
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
            let (name, utf8) = match name.to_str() {
                Some(name) => (name.to_owned(), true),
                None => (name.to_string_lossy().into_owned(), false),
            };
            let entry = if !utf8 {
                Entry::NotUtf8
            } else if kind.is_file() {
                Entry::File
            } else if kind.is_dir() {
                Entry::Directory
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path()).map_err(unreadable)?;
                match target.to_str() {
                    Some(target) => Entry::Link(target.into()),
                    None => Entry::NotUtf8,
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
    ///
    /// # Errors
    ///
    /// If a directory on the way cannot be read, a link leads out of the root or in a circle,
    /// or the path leads to a socket or the like.
    pub fn find(&self, from: &str, path: &str) -> Result<Option<Resolved>> {
        if path.starts_with('/') || path.contains('\0') {
            return Ok(None);
        }
        let mut walk = Walk {
            at: from.to_owned(),
            parent: None,
            todo: path.rsplit('/').map(str::to_owned).collect(),
            on_the_way: Vec::new(),
            links: 0,
            outer: 0,
        };
        let last = walk
            .todo
            .iter()
            .position(|part| !part.is_empty() && part != ".");
        walk.outer = last.map_or(0, |last| last + 1);
        self.follow(walk)
    }

    /// As [`Self::find`], but only a file counts.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub fn find_file(&self, from: &str, path: &str) -> Result<Option<Resolved>> {
        Ok(self.find(from, path)?.filter(|found| !found.directory))
    }

    fn follow(&self, mut walk: Walk) -> Result<Option<Resolved>> {
        let mut directory = true;
        while let Some(part) = walk.todo.pop() {
            if walk.todo.len() + 1 == walk.outer && walk.parent.is_none() {
                walk.parent = Some(walk.at.as_str().into());
            }
            match &*part {
                "" | "." => continue,
                _ if !directory => return Ok(None),
                ".." if walk.at.is_empty() => return walk.outside().map(|()| None),
                ".." => {
                    let up = parent(&walk.at).unwrap_or_default().len();
                    walk.on_the_way
                        .push((walk.at.clone(), EntryKind::Directory));
                    walk.at.truncate(up);
                }
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
                        Entry::Special | Entry::NotUtf8 => return Ok(None),
                        entry => {
                            directory = entry == Entry::Directory;
                            walk.at = join(&walk.at, name);
                        }
                    }
                }
            }
        }
        Ok(Some(Resolved {
            parent: walk.parent.unwrap_or_else(|| walk.at.as_str().into()),
            path: walk.at.into(),
            directory,
            on_the_way: walk.on_the_way,
        }))
    }

    /// A Rust file; `path` must come from [`Resolved::path`].
    pub(super) fn source(&self, path: &Arc<str>) -> Result<Arc<SourceFile>> {
        let known = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        let known_cell = known.get(path).cloned();
        drop(known);
        let cell = match known_cell {
            Some(cell) => cell,
            None => {
                let mut known = self.sources.write().unwrap_or_else(PoisonError::into_inner);
                known.entry(path.clone()).or_default().clone()
            }
        };
        if let Some(source) = cell.get() {
            return Ok(source.clone());
        }
        let bytes = self.read(path)?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::TooLarge {
                path: path.to_string(),
            });
        }
        let make = || Arc::new(SourceFile::new(path.clone(), bytes));
        Ok(cell.get_or_init(make).clone())
    }

    /// A file's content; `path` must come from [`Resolved::path`].
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        self.root.note_read(path);
        std::fs::read(self.root.join(path)).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })
    }

    /// Opens a file as a check that it can be read, unless it has been read.
    pub(super) fn check_readable(&self, path: &str) -> Result<()> {
        let known = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        if known.get(path).is_some_and(|cell| cell.get().is_some()) {
            return Ok(());
        }
        drop(known);
        match std::fs::File::open(self.root.join(path)) {
            Ok(_) => Ok(()),
            Err(source) => Err(Error::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The names of the files, and of links, that lie directly in a directory, sorted.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read.
    pub(super) fn files_in(&self, dir: &str) -> Result<Vec<String>> {
        let listing = self.listing(dir)?;
        let entries = listing.iter().flat_map(|listing| listing.iter());
        let is_file = |entry: &Entry| matches!(entry, Entry::File | Entry::Link(_));
        let mut names: Vec<String> = entries
            .filter(|(_, entry)| is_file(entry))
            .map(|(name, _)| name.to_string())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Everything below a directory, by its path, as the module's table says. Directories for
    /// which `leave_out` holds are left out.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read, or there is an entry that no build could read.
    pub fn below(
        &self,
        dir: &str,
        leave_out: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, EntryKind>> {
        let mut contents = self.contents(dir, leave_out)?;
        match contents.unusable.pop_first() {
            Some((_, error)) => Err(error),
            None => Ok(contents.entries),
        }
    }

    /// As [`Self::below`], with what no build could read beside the rest.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read.
    pub fn contents(&self, dir: &str, leave_out: impl Fn(&str) -> bool) -> Result<Contents> {
        let mut out = BTreeMap::new();
        let mut unusable = BTreeMap::new();
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
            if listing.is_empty() && !dir.is_empty() {
                out.insert(dir, EntryKind::Directory);
                continue;
            }
            for (name, entry) in &*listing {
                let path = join(&dir, name);
                match entry {
                    Entry::File => {
                        out.insert(path, EntryKind::File);
                    }
                    Entry::Directory if &**name == ".git" || leave_out(&path) => {}
                    Entry::Directory => todo.push(path),
                    Entry::Link(target) if is_nix_result(name, target) => {}
                    Entry::Link(target) => {
                        out.insert(path, EntryKind::Symlink(target.to_string()));
                        todo.extend(self.behind_link(&dir, name, &mut out)?);
                    }
                    Entry::Special => {
                        unusable.insert(path.clone(), Error::Special { path });
                    }
                    Entry::NotUtf8 => {
                        unusable.insert(path.clone(), Error::NotUtf8 { path });
                    }
                }
            }
        }
        Ok(Contents {
            entries: out,
            unusable,
        })
    }

    /// Adds everything that a link leads to.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read.
    pub fn add_behind_link(&self, link: &str, out: &mut BTreeMap<String, EntryKind>) -> Result<()> {
        let (dir, name) = link.rsplit_once('/').unwrap_or(("", link));
        if let Some(dir) = self.behind_link(dir, name, out)? {
            out.append(&mut self.below(&dir, nothing)?);
        }
        Ok(())
    }

    /// Lists what a link leads to; a directory is given, to be listed too.
    fn behind_link(
        &self,
        dir: &str,
        name: &str,
        out: &mut BTreeMap<String, EntryKind>,
    ) -> Result<Option<String>> {
        let found = match self.find(dir, name) {
            Ok(Some(found)) => found,
            Ok(None) | Err(Error::SymlinkOut { .. } | Error::SymlinkLoop { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        for (path, kind) in found.on_the_way {
            out.entry(path).or_insert(kind);
        }
        if found.directory {
            return Ok(Some(found.path.to_string()));
        }
        out.insert(found.path.to_string(), EntryKind::File);
        Ok(None)
    }
}

/// The entries of a directory as a view has them.
fn viewed(view: &View, dir: &str) -> Option<Listing> {
    let entry = |(name, kind): (&String, &Kind)| {
        let entry = match kind {
            Kind::File => Entry::File,
            Kind::Directory => Entry::Directory,
            Kind::Link(target) => Entry::Link(target.as_str().into()),
            Kind::Special => Entry::Special,
            Kind::NotUtf8 => Entry::NotUtf8,
        };
        (name.as_str().into(), entry)
    };
    Some(view.listing(dir)?.iter().map(entry).collect())
}

/// A path on its way.
struct Walk {
    /// Where it has come; contains no link.
    at: String,
    /// Where the last name of the original path stands.
    parent: Option<Arc<str>>,
    /// The names that are left, the next one last.
    todo: Vec<String>,
    on_the_way: Vec<(String, EntryKind)>,
    /// The number of links so far.
    links: usize,
    /// The number of names of the original path that are left when its last one comes.
    outer: usize,
}

impl Walk {
    fn link(&mut self, name: &str, target: &str) -> Result<()> {
        let path = join(&self.at, name);
        self.on_the_way
            .push((path.clone(), EntryKind::Symlink(target.to_owned())));
        self.links += 1;
        if target.starts_with('/') {
            return self.outside();
        }
        if self.links > MAX_LINKS {
            let mut way = self.on_the_way.drain(..);
            let first = way.find(|(_, kind)| matches!(kind, EntryKind::Symlink(_)));
            let path = first.map_or(path, |(path, _)| path);
            return Err(Error::SymlinkLoop { path });
        }
        self.todo.extend(target.rsplit('/').map(str::to_owned));
        Ok(())
    }

    /// An error if a link led out of the root.
    fn outside(&mut self) -> Result<()> {
        let links = self.on_the_way.drain(..).rev();
        let mut links = links.filter_map(|(path, kind)| match kind {
            EntryKind::Symlink(target) => Some((path, target)),
            _ => None,
        });
        match links.next() {
            Some((path, target)) => Err(Error::SymlinkOut { path, target }),
            None => Ok(()),
        }
    }
}

/// For [`SourceTree::below`]: all directories count.
pub fn nothing(_: &str) -> bool {
    false
}

fn is_nix_result(name: &str, target: &str) -> bool {
    name.starts_with("result") && target.starts_with("/nix/store/")
}

/// Joins a directory (empty: the root) and a path below it (empty: the directory itself).
pub fn join(dir: &str, below: &str) -> String {
    match (dir, below) {
        ("", below) => below.to_owned(),
        (dir, "") => dir.to_owned(),
        (dir, below) => format!("{dir}/{below}"),
    }
}

/// The directory that a directory is in; none for the root.
pub fn parent(dir: &str) -> Option<&str> {
    (!dir.is_empty()).then(|| dir.rsplit_once('/').map_or("", |(parent, _)| parent))
}

/// The path of `path` relative to `dir`, if it is `dir` or below it.
pub fn relative<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    match path.strip_prefix(dir)? {
        rest if dir.is_empty() || rest.is_empty() => Some(rest),
        rest => rest.strip_prefix('/'),
    }
}

fn shown(dir: &str) -> String {
    if dir.is_empty() {
        ".".to_owned()
    } else {
        dir.to_owned()
    }
}
