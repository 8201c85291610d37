//! The checkout: where it is, and which files it has.
//!
//! | the flake is | its files are |
//! |---|---|
//! | in a git checkout | those that git tracks, as they are in the working tree: what Nix takes |
//! | elsewhere | all, but for what is below `.git` and below directories with a `CACHEDIR.TAG`, such as cargo's, and links to results |
//!
//! Files are looked at, not read: size, time, inode and mode tell whether one changed.

use super::Error;
use crate::source_root::{Kind, View};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;

/// A flake in a directory.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The tree that Nix copies: git's working tree, or the directory of the flake.
    pub root: PathBuf,
    /// The directory with `flake.nix`.
    pub flake: PathBuf,
    /// Whether git says which files belong to it.
    pub is_git: bool,
}

/// What tells whether a file changed without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    inode: u64,
    mode: u32,
    /// Of a symbolic link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// The files of a tree, by their paths relative to its root.
pub type Stamps = BTreeMap<String, Stamp>;

impl Checkout {
    /// The checkout around a directory.
    ///
    /// # Errors
    ///
    /// If there is no flake.
    pub fn find(directory: &Path) -> Result<Self, Error> {
        let directory = fs::canonicalize(directory).map_err(Error::io("finding", directory))?;
        let flake = directory
            .ancestors()
            .find(|dir| dir.join("flake.nix").is_file())
            .ok_or_else(|| Error::NoFlake {
                path: directory.clone(),
            })?;
        let git = flake.ancestors().find(|dir| dir.join(".git").exists());
        Ok(Self {
            root: git.unwrap_or(flake).to_owned(),
            flake: flake.to_owned(),
            is_git: git.is_some(),
        })
    }

    /// A directory that is taken as it is, without a flake.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn of_directory(directory: &Path) -> Result<Self, Error> {
        let root = fs::canonicalize(directory).map_err(Error::io("finding", directory))?;
        Ok(Self {
            flake: root.clone(),
            root,
            is_git: false,
        })
    }

    /// The flake for Nix's command line.
    pub fn reference(&self) -> String {
        match self.is_git {
            true => self.flake.display().to_string(),
            false => format!("path:{}", self.flake.display()),
        }
    }

    /// Its files.
    ///
    /// # Errors
    ///
    /// If git fails, or a directory cannot be read.
    pub fn stamps(&self) -> Result<Stamps, Error> {
        if self.is_git {
            self.tracked()
        } else {
            self.walked()
        }
    }

    fn tracked(&self) -> Result<Stamps, Error> {
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.root)
            .args(["ls-files", "-z", "--cached"])
            .output()
            .map_err(Error::io("running", "git"))?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Err(Error::Failed {
                command: "git ls-files".to_owned(),
                status: output.status,
            });
        }
        let mut stamps = Stamps::new();
        for name in output.stdout.split(|byte| *byte == 0) {
            if name.is_empty() {
                continue;
            }
            let path = self.root.join(std::ffi::OsStr::from_bytes(name));
            // What was removed from the working tree is in git's index still.
            if let Ok(metadata) = fs::symlink_metadata(&path) {
                let name = String::from_utf8_lossy(name).into_owned();
                stamps.insert(name, Stamp::of(&path, &metadata));
            }
        }
        Ok(stamps)
    }

    fn walked(&self) -> Result<Stamps, Error> {
        let mut stamps = Stamps::new();
        let walk = WalkDir::new(&self.root).into_iter();
        let walk = walk.filter_entry(|entry| {
            let is_build = entry.file_type().is_dir() && entry.path().join("CACHEDIR.TAG").exists();
            entry.depth() == 0 || entry.file_name() != ".git" && !is_build
        });
        for entry in walk {
            let unreadable = |error: walkdir::Error| Error::Io {
                action: "reading",
                path: error.path().unwrap_or(&self.root).to_owned(),
                source: error.into(),
            };
            let entry = entry.map_err(unreadable)?;
            if entry.file_type().is_dir() {
                let mut inside =
                    fs::read_dir(entry.path()).map_err(Error::io("reading", entry.path()))?;
                if entry.depth() > 0 && inside.next().is_none() {
                    let name = entry.path().strip_prefix(&self.root);
                    let name = name.unwrap_or(entry.path()).to_string_lossy();
                    stamps.insert(name.into_owned(), Stamp::of_empty_directory());
                }
                continue;
            }
            let metadata = entry.metadata().map_err(unreadable)?;
            let path = entry.path();
            if metadata.is_symlink() && is_result(path) {
                continue;
            }
            let name = path.strip_prefix(&self.root).unwrap_or(path);
            let name = name.to_string_lossy().into_owned();
            stamps.insert(name, Stamp::of(path, &metadata));
        }
        Ok(stamps)
    }
}

impl Stamp {
    fn of(path: &Path, metadata: &Metadata) -> Self {
        let target = || fs::read_link(path).ok()?.to_str().map(str::to_owned);
        Self {
            size: metadata.len(),
            modified: i128::from(metadata.mtime()) * 1_000_000_000
                + i128::from(metadata.mtime_nsec()),
            inode: metadata.ino(),
            mode: metadata.mode(),
            target: if metadata.is_symlink() {
                target()
            } else {
                None
            },
        }
    }

    /// Whether it is that of a file as it is now.
    pub fn is_of(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| match metadata.is_dir() {
            true => *self == Self::of_empty_directory(),
            false => *self == Self::of(path, &metadata),
        })
    }

    /// The kind of the file and whether its owner can run it, as bits of its mode.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o170_100
    }

    /// Nothing of it counts but that it is there.
    fn of_empty_directory() -> Self {
        Self {
            size: 0,
            modified: 0,
            inode: 0,
            mode: 0o040_000,
            target: None,
        }
    }

    fn kind(&self, name: &str) -> Kind {
        const TYPE: u32 = 0o170_000;
        match (self.mode & TYPE, &self.target) {
            _ if name.contains(char::REPLACEMENT_CHARACTER) => Kind::NotUtf8,
            (0o100_000, _) => Kind::File,
            (0o040_000, _) => Kind::Directory,
            (0o120_000, Some(target)) => Kind::Link(target.clone()),
            (0o120_000, None) => Kind::NotUtf8,
            _ => Kind::Special,
        }
    }
}

/// Whether a link is one that a build has made, which no unit reads.
fn is_result(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let target = fs::read_link(path).unwrap_or_default();
    name.starts_with("result") && target.starts_with("/nix/store")
}

/// The tree below `directory` of a checkout with these files.
pub fn view(stamps: &Stamps, directory: &str) -> View {
    View::new(below(stamps, directory).map(|(name, stamp)| (name.to_owned(), stamp.kind(name))))
}

/// The files below a directory, by their paths relative to it.
pub fn below<'a>(
    stamps: &'a Stamps,
    directory: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Stamp)> {
    stamps.iter().filter_map(move |(name, stamp)| {
        let below = match directory {
            "" => Some(name.as_str()),
            directory => name
                .strip_prefix(directory)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        Some((below?, stamp))
    })
}

/// The hash of some bytes, in hexadecimal.
pub fn hash(bytes: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a file's content, or the text of a link.
///
/// # Errors
///
/// If it cannot be read.
pub fn content(path: &Path) -> Result<String, Error> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {
            let bytes = fs::read(path).map_err(Error::io("reading", path))?;
            Ok(hash(bytes))
        }
        // Stamps have the target of a link; nothing else has content.
        _ => Ok(fs::read_link(path).map_or(String::new(), |to| to.to_string_lossy().into_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(stamps: &Stamps) -> Vec<&str> {
        stamps.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_flake_is_found_from_below() {
        let temp = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(temp.path()).unwrap();
        fs::create_dir_all(root.join("app/src")).unwrap();
        for file in ["app/flake.nix", "app/src/main.rs", "beside"] {
            fs::write(root.join(file), "").unwrap();
        }
        assert!(Checkout::find(&root).is_err());
        let checkout = Checkout::find(&root.join("app/src")).unwrap();
        assert_eq!(checkout.root, root.join("app"));
        assert!(!checkout.is_git);
        let stamps = checkout.stamps().unwrap();
        assert_eq!(names(&stamps), ["flake.nix", "src/main.rs"]);
    }

    #[test]
    fn an_edit_changes_the_stamp() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("flake.nix");
        fs::write(&file, "a").unwrap();
        let checkout = Checkout::find(temp.path()).unwrap();
        let before = checkout.stamps().unwrap();
        assert_eq!(before, checkout.stamps().unwrap());
        fs::write(&file, "bc").unwrap();
        assert_ne!(before, checkout.stamps().unwrap());
    }
}
