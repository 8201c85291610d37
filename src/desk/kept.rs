//! The plans that are kept of a checkout, one for each selection of units, and a limit on what is kept.
//!
//! | of a selection | what it is |
//! |---|---|
//! | `KEY.json` | the last plan |
//! | `KEY.before.json` | the last plan before it with other units |
//! | `KEY.files.json` | the files that the last plan depends on |
//! | `KEY.earlier.json` and others | [`earlier`] builds |
//! | `KEY-NAME` | a root for the garbage collector: a result |

use super::Error;
use super::earlier::{self, Files, Sources};
use super::state::{self, Cache, Record};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many selections are kept of an attribute of a checkout.
const SELECTIONS: usize = 16;

/// How many graphs and indexes are kept in all.
const GRAPHS: usize = 64;

/// The plans of a selection.
#[derive(Clone, Debug)]
pub struct Kept {
    directory: PathBuf,
    key: String,
}

impl Kept {
    /// Those with a key, in a directory.
    pub fn new(directory: PathBuf, key: &str) -> Self {
        Self {
            directory,
            key: key.to_owned(),
        }
    }

    /// The document of the selection with this name behind its key.
    pub(super) fn file(&self, what: &str) -> PathBuf {
        self.directory.join(format!("{}{what}.json", self.key))
    }

    /// The last plan.
    pub fn last(&self) -> Option<Record> {
        state::read(&self.file(""))
    }

    /// The last plan before it with other units.
    pub fn before(&self) -> Option<Record> {
        state::read(&self.file(".before"))
    }

    /// The files that the last plan depends on; none if it was not built.
    pub fn files(&self) -> Option<Files> {
        state::read(&self.file(".files"))
    }

    /// The root for a result.
    pub fn root(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{}-{name}", self.key))
    }

    /// Keeps a plan.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn keep(&self, record: &Record) -> Result<(), Error> {
        let last = self.last();
        if last.as_ref() == Some(record) {
            return Ok(());
        }
        if let Some(last) = last.filter(|last| !last.has_units_of(record)) {
            state::write(&self.file(".before"), &last)?;
        }
        state::write(&self.file(""), record)?;
        keep_selections(&self.directory, SELECTIONS)
    }

    /// The plan of an earlier build whose sources had the same contents, if it is there still, and its files as they are now.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn earlier(
        &self,
        sources: Sources<'_>,
        last: Option<&Files>,
    ) -> Result<Option<(Record, Files)>, Error> {
        earlier::find(self, sources, last)
    }

    /// Keeps a plan and the files that it depends on, because it was built.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn keep_built(&self, record: &Record, files: &Files) -> Result<(), Error> {
        self.keep(record)?;
        earlier::keep(self, record, files)?;
        state::write(&self.file(".files"), files)
    }
}

/// Removes the oldest of what can be had again, and what belongs to checkouts that are gone.
///
/// # Errors
///
/// If something cannot be removed.
pub fn limit(cache: &Cache) -> Result<(), Error> {
    for directory in ["graphs", "third-party"] {
        for (path, _) in by_age(&cache.directory().join(directory))
            .into_iter()
            .skip(GRAPHS)
        {
            remove(&path)?;
        }
    }
    for (checkout, _) in by_age(&cache.directory().join("checkouts")) {
        let flake = fs::read_to_string(checkout.join(FLAKE));
        if flake.is_ok_and(|flake| !Path::new(&flake).exists()) {
            remove(&checkout)?;
        }
    }
    Ok(())
}

/// The file with the directory of a checkout's flake.
const FLAKE: &str = "flake";

/// Writes down whose directory of the cache it is.
///
/// # Errors
///
/// If it cannot be written.
pub fn name(cache: &Cache, flake: &Path) -> Result<(), Error> {
    let file = cache.checkout(flake).join(FLAKE);
    match file.exists() {
        true => Ok(()),
        false => state::replace(&file, flake.as_os_str().as_encoded_bytes()),
    }
}

/// Removes all but the newest selections.
fn keep_selections(directory: &Path, count: usize) -> Result<(), Error> {
    let files = by_age(directory);
    let stem = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let end = name.find(['.', '-']).unwrap_or(name.len());
        name[..end].to_owned()
    };
    let mut keys: Vec<String> = Vec::new();
    for (path, _) in files.iter().filter(|(path, _)| !path.is_symlink()) {
        let key = stem(path);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let old = keys.get(count..).unwrap_or_default();
    for (path, _) in files.iter().filter(|(path, _)| old.contains(&stem(path))) {
        remove(path)?;
    }
    Ok(())
}

/// The entries of a directory with their times, the newest first.
fn by_age(directory: &Path) -> Vec<(PathBuf, SystemTime)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<(PathBuf, SystemTime)> = entries
        .filter_map(|entry| {
            let modified = entry.metadata().ok()?.modified().ok()?;
            Some((entry.path(), modified))
        })
        .collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = match path.is_dir() && !path.is_symlink() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match removed {
        // Another invocation was faster.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Error::io("removing", path)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// A plan of one unit with this derivation.
    pub fn record(derivation: &str) -> Record {
        let unit = serde_json::json!({
            "identity": "0", "label": "a", "package": "a 1.0.0", "directory": "",
            "source": { "url": "", "entry": "" },
            "target": {
                "name": "a", "kind": "lib", "crate_types": ["lib"], "src": { "package": "src/lib.rs" },
                "edition": "2024", "harness": true, "test": true, "doctest": true, "doc": true,
                "proc_macro": false,
            },
            "mode": "build", "features": [], "derivation": derivation, "needs": [], "files": [],
            "profile": {
                "opt-level": "0", "debuginfo": "2", "debug-assertions": true, "overflow-checks": true,
            },
        });
        Record {
            units: vec![serde_json::from_value(unit).unwrap()],
            ..Record::default()
        }
    }

    #[test]
    fn the_plan_before_is_the_last_with_other_units() {
        let temp = tempfile::tempdir().unwrap();
        let kept = Kept::new(temp.path().to_owned(), "0123");
        kept.keep(&record("one")).unwrap();
        assert_eq!(kept.before(), None);
        kept.keep(&record("two")).unwrap();
        // The same units, with more known of them.
        let mut known = record("two");
        known.profile = "dev".to_owned();
        kept.keep(&known).unwrap();
        assert_eq!(kept.before(), Some(record("one")));
        assert_eq!(kept.last(), Some(known));
    }

    #[test]
    fn the_oldest_selections_go_with_their_roots() {
        let temp = tempfile::tempdir().unwrap();
        for key in ["one", "two", "three"] {
            let kept = Kept::new(temp.path().to_owned(), key);
            kept.keep(&record(key)).unwrap();
            std::os::unix::fs::symlink("/nowhere", kept.root("result")).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        keep_selections(temp.path(), 2).unwrap();
        let mut left: Vec<String> = fs::read_dir(temp.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(
            left,
            ["three-result", "three.json", "two-result", "two.json"]
        );
    }
}
