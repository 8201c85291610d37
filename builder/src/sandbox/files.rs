//! Operations on files whose errors name the file.

use crate::error::{Error, Result};
use std::fs::{self, FileType};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The path behind all links. Vendor directories often hold links to the packages.
pub fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The entries of a directory, sorted by name.
pub fn entries(directory: &Path) -> Result<Vec<(PathBuf, FileType)>> {
    let read = || -> io::Result<Vec<_>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            found.push((PathBuf::from(entry.file_name()), entry.file_type()?));
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    };
    read().map_err(|e| Error::io("cannot list", directory, e))
}

/// Makes the symbolic link `at`.
pub fn make_link(target: &Path, at: &Path) -> Result<()> {
    symlink(target, at).map_err(|e| Error::io("cannot create the link", at, e))
}

/// Removes a directory with all that is in it, if there is one.
pub fn remove_if_there(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(Error::io("cannot remove", directory, e))
        }
        _ => Ok(()),
    }
}

/// Creates a directory and those above it.
pub fn create_dir_all(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).map_err(|e| Error::io("cannot create", directory, e))
}
