//! A run takes over what an earlier one has made, if cargo would not run the script again.
//!
//! By cargo's protocol a script that prints `rerun-if-changed` or `rerun-if-env-changed` runs again only if one of these
//! files or variables changes. Only in incremental builds is there an earlier run to compare with: it has kept,
//! as its output `state`, a [`Record`].
//!
//! | what the run is made from | is the earlier run's |
//! |---|---|
//! | the script, its environment, its dependencies' metadata | if the specifications without sources are the same |
//! | the sources, of a script that has named its inputs | if what it named has the same contents; a file that is missing never has |
//! | the sources, of any other script | if the specifications with sources are the same |
//!
//! The outputs can mention their own paths, which are others in each run: the earlier run's are replaced.

use crate::error::{Error, Result};
use crate::sandbox::Sandbox;
use crate::sandbox::files::{create_dir_all, entries, make_link};
use crate::spec::task::Outputs;
use crate::spec::{BuildScript, incremental};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// The output with the record.
const OUTPUT: &str = "state";
/// The record's file there.
const FILE: &str = "run.json";
/// The version of its format.
const VERSION: u32 = 1;

/// What a script has named as its inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Whether it has named any: `rerun-if-changed` or `rerun-if-env-changed`.
    pub any: bool,
    /// The files and directories, as it has printed them.
    pub files: Vec<String>,
}

/// What a run was made from, and what it had to say.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    /// A digest of the specification; without sources, if the script has named its inputs.
    inputs: String,
    /// Digests of what it named; none if it named nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<BTreeMap<String, Option<String>>>,
    /// Its warnings, which cargo shows again and again.
    warnings: Vec<String>,
}

/// Makes the outputs those of the earlier run, and gives its warnings, if the script need not run again.
///
/// `own` are the outputs' paths in the store, `outputs` where they are written.
///
/// # Errors
///
/// If they cannot be copied.
pub fn take_over(
    script: &BuildScript,
    own: &Outputs,
    outputs: &Outputs,
    sandbox: &Sandbox,
) -> Result<Option<Vec<String>>> {
    let Some(how) = &script.incremental else {
        return Ok(None);
    };
    let Some(record) = how.base.get(OUTPUT).and_then(|base| read(Path::new(base))) else {
        return Ok(None);
    };
    if record.inputs != inputs(script, record.named.is_some())? {
        return Ok(None);
    }
    if let Some(named) = &record.named {
        // Not all sources, which can be a thousand files.
        let package = Path::new(&script.process.cwd);
        let places: Vec<PathBuf> = named.keys().map(|name| place(package, name)).collect();
        let look = || digests(script, named.keys());
        let now = sandbox.with_some_sources(&script.process, &places, look)?;
        if *named != now || now.values().any(Option::is_none) {
            return Ok(None);
        }
    }
    let mut moves = Vec::new();
    for (name, path) in own.named() {
        let Some(base) = how.base.get(name) else {
            return Ok(None);
        };
        moves.push((base.as_bytes(), path.as_os_str().as_bytes()));
    }
    for (name, to) in outputs.named() {
        if let Some(base) = how.base.get(name) {
            copy(Path::new(base), to, &moves)?;
        }
    }
    Ok(Some(record.warnings))
}

/// Keeps the record of a run, if it is asked for.
///
/// # Errors
///
/// If what the script has named cannot be read, or the output cannot be written.
pub fn keep(
    script: &BuildScript,
    named: &Named,
    warnings: &[String],
    outputs: &Outputs,
) -> Result<()> {
    if !script.incremental.as_ref().is_some_and(|how| how.keep) {
        return Ok(());
    }
    let record = Record {
        version: VERSION,
        inputs: inputs(script, named.any)?,
        named: match named.any {
            true => Some(digests(script, named.files.iter())?),
            false => None,
        },
        warnings: warnings.to_vec(),
    };
    let root = outputs.get(OUTPUT)?;
    create_dir_all(root)?;
    let file = root.join(FILE);
    let text = serde_json::to_vec(&record)
        .map_err(|e| Error::new(format!("cannot write {OUTPUT}: {e}")))?;
    fs::write(&file, text).map_err(|e| Error::io("cannot write", &file, e))
}

/// Where in a sandbox the files and directories are that a script has named as its inputs, in the run that has kept this state. None if
/// it has named nothing. `package` is the package's directory in the sandbox.
pub fn named_inputs(state: &Path, package: &Path) -> Option<Vec<PathBuf>> {
    let named = read(state)?.named?;
    Some(named.keys().map(|name| place(package, name)).collect())
}

/// A record of this version; others are as good as none.
fn read(root: &Path) -> Option<Record> {
    let text = fs::read(root.join(FILE)).ok()?;
    let record: Record = serde_json::from_slice(&text).ok()?;
    (record.version == VERSION).then_some(record)
}

fn inputs(script: &BuildScript, named: bool) -> Result<String> {
    let mut without = BuildScript {
        incremental: None,
        ..script.clone()
    };
    if named {
        without.process.sources.clear();
    }
    incremental::digest(&without)
}

fn digests<'a>(
    script: &BuildScript,
    named: impl Iterator<Item = &'a String>,
) -> Result<BTreeMap<String, Option<String>>> {
    let package = Path::new(&script.process.cwd);
    named
        .map(|name| Ok((name.clone(), digest(&package.join(name))?)))
        .collect()
}

/// Where a file that the script has named is, without `..`. Where one stands behind a link, this is another place: then
/// [`take_over`] finds the file missing.
fn place(package: &Path, name: &str) -> PathBuf {
    let mut place = PathBuf::new();
    for component in package.join(name).components() {
        match component {
            Component::ParentDir => {
                place.pop();
            }
            Component::CurDir => {}
            component => place.push(component),
        }
    }
    place
}

/// A digest of a file's content, or of all below a directory; none if it is missing. Links are
/// followed, as cargo follows them.
fn digest(path: &Path) -> Result<Option<String>> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(None);
    };
    let mut hasher = Sha256::new();
    if metadata.is_dir() {
        for (name, _) in entries(path)? {
            let below = digest(&path.join(&name))?.unwrap_or_default();
            hasher.update(name.as_os_str().as_bytes());
            hasher.update(b"\0");
            hasher.update(below);
            hasher.update(b"\0");
        }
        return Ok(Some(format!("directory-{}", incremental::hex(hasher))));
    }
    let content = fs::read(path).map_err(|e| Error::io("cannot read", path, e))?;
    hasher.update(content);
    Ok(Some(incremental::hex(hasher)))
}

/// Copies a tree, with other paths in it: each of `moves` is a path and what takes its place.
///
/// # Errors
///
/// If a file cannot be read or written.
fn copy(from: &Path, to: &Path, moves: &[(&[u8], &[u8])]) -> Result<()> {
    create_dir_all(to)?;
    for (name, kind) in entries(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if kind.is_dir() {
            copy(&from, &to, moves)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&from).map_err(|e| Error::io("cannot read", &from, e))?;
            let target = moved(target.into_os_string().into_vec(), moves);
            make_link(Path::new(std::ffi::OsStr::from_bytes(&target)), &to)?;
        } else {
            let content = fs::read(&from).map_err(|e| Error::io("cannot read", &from, e))?;
            fs::write(&to, moved(content, moves)).map_err(|e| Error::io("cannot write", &to, e))?;
            let mode = fs::metadata(&from).map_err(|e| Error::io("cannot read", &from, e))?;
            fs::set_permissions(&to, mode.permissions())
                .map_err(|e| Error::io("cannot change the mode of", &to, e))?;
        }
    }
    Ok(())
}

/// A text with each path replaced.
pub fn moved(mut text: Vec<u8>, moves: &[(&[u8], &[u8])]) -> Vec<u8> {
    for (from, to) in moves {
        if from == to || from.is_empty() {
            continue;
        }
        let mut rest = text.as_slice();
        let mut found = Vec::new();
        while let Some(at) = rest.windows(from.len()).position(|part| part == *from) {
            found.extend_from_slice(&rest[..at]);
            found.extend_from_slice(to);
            rest = &rest[at + from.len()..];
        }
        if !found.is_empty() {
            found.extend_from_slice(rest);
            text = found;
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_replaced_wherever_they_stand() {
        let moves: [(&[u8], &[u8]); 2] = [(b"/s/a-out", b"/s/b-out"), (b"/s/a-cfg", b"/s/b-cfg")];
        let text = b"-L/s/a-out/lib:/s/a-cfg /s/a-out\xff".to_vec();
        assert_eq!(moved(text, &moves), b"-L/s/b-out/lib:/s/b-cfg /s/b-out\xff");
        assert_eq!(moved(b"none".to_vec(), &moves), b"none");
    }

    #[test]
    fn a_named_file_is_relative_to_the_package_or_absolute() {
        let place = |name| place(Path::new("/build/ws/a"), name);
        assert_eq!(place("../b/./x.csv"), Path::new("/build/ws/b/x.csv"));
        assert_eq!(place("."), Path::new("/build/ws/a"));
        assert_eq!(place("/etc/passwd"), Path::new("/etc/passwd"));
        assert_eq!(place("../../../../x"), Path::new("/x"));
    }

    #[test]
    fn a_directory_changes_with_what_is_below_it() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("d");
        assert_eq!(digest(&path).unwrap(), None);
        fs::create_dir_all(path.join("e")).unwrap();
        let empty = digest(&path).unwrap();
        fs::write(path.join("e/f"), "1").unwrap();
        let one = digest(&path).unwrap();
        fs::write(path.join("e/f"), "2").unwrap();
        let two = digest(&path).unwrap();
        fs::rename(path.join("e/f"), path.join("e/g")).unwrap();
        let renamed = digest(&path).unwrap();
        let all = [empty, one, two, renamed];
        assert!(all.iter().all(Option::is_some));
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
