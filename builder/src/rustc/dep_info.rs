//! Checks, after the fact, which files the compiler has read.
//!
//! rustc writes a make rule with all files of the crate. Each must belong to the
//! unit: otherwise the unit depends on something that the plan does not know of,
//! and would not be built again when that changes.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

const STORE: &str = "/nix/store/";

/// Where a unit may read files.
#[derive(Debug, Default)]
pub struct Allowed {
    /// The working directory, which relative paths start from.
    pub cwd: PathBuf,
    /// Directories whose files belong to the unit.
    pub roots: Vec<PathBuf>,
    /// All text that the unit was given; a store path that it names is an input.
    pub mentioned: String,
}

impl Allowed {
    /// The files that the dep-info `file` names. Fails if one of them does not
    /// belong to the unit.
    pub fn check(&self, file: &Path) -> Result<BTreeSet<PathBuf>> {
        let text = fs::read_to_string(file).map_err(|e| Error::io("cannot read", file, e))?;
        let read: BTreeSet<PathBuf> = files(&text)
            .into_iter()
            .map(|path| normal(&self.cwd.join(path)))
            .collect();
        let foreign: Vec<String> = read
            .iter()
            .filter(|path| !self.allows(path))
            .map(|path| path.display().to_string())
            .collect();
        if foreign.is_empty() {
            return Ok(read);
        }
        let list = foreign.join(", ");
        Err(Error::new(format!(
            "the compiler read files that are not part of the unit: {list}"
        ))
        .note(extra_sources(&list)))
    }

    fn allows(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
            || store_path(path).is_some_and(|store| self.mentioned.contains(store))
    }
}

/// How a file joins a unit.
pub fn extra_sources(file: &str) -> String {
    format!(
        "if the crate needs {file}, add it to `extra-sources = [\"…\"]` under \
         [package.metadata.dyndrv] in the package's Cargo.toml"
    )
}

/// The files that the rules of a dep-info name, as rustc spells them.
pub fn files(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, names)| words(names))
        .collect()
}

/// Splits at spaces that no backslash precedes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.next_if_eq(&' ').is_some() => push(&mut words, ' '),
            ' ' => words.push(String::new()),
            other => push(&mut words, other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push(words: &mut [String], character: char) {
    if let Some(word) = words.last_mut() {
        word.push(character);
    }
}

/// Resolves `.` and `..` by name alone: the places of sources are what counts, not
/// the store paths behind them.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// The store path that `path` lies in.
fn store_path(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let name = text.strip_prefix(STORE)?.split('/').next()?;
    text.get(..STORE.len() + name.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DEP_INFO: &str = "\
/o/liba.rmeta: src/lib.rs src/with\\ space.rs ../b/x.rs /nix/store/abc-data/f

/o/a.d: src/lib.rs

src/lib.rs:
# env-dep:A=x: y
";

    fn check(roots: &[&str], mentioned: &str) -> Result<BTreeSet<PathBuf>> {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("a.d");
        fs::write(&file, DEP_INFO).unwrap();
        Allowed {
            cwd: PathBuf::from("/build/ws/a"),
            roots: roots.iter().map(PathBuf::from).collect(),
            mentioned: mentioned.to_string(),
        }
        .check(&file)
    }

    #[test]
    fn names_are_read_with_their_spaces() {
        let files: Vec<_> = files(DEP_INFO).into_iter().collect();
        assert_eq!(
            files,
            [
                "../b/x.rs",
                "/nix/store/abc-data/f",
                "src/lib.rs",
                "src/with space.rs"
            ]
        );
    }

    #[test]
    fn files_of_the_unit_and_its_inputs_are_allowed() {
        check(&["/build/ws"], "A=/nix/store/abc-data/f").unwrap();
    }

    #[test]
    fn a_foreign_file_is_named_with_what_to_do() {
        let message = check(&["/build/ws/a"], "/nix/store/abc-data")
            .unwrap_err()
            .to_string();
        assert!(message.contains("unit: /build/ws/b/x.rs"), "{message}");
        assert!(message.contains("extra-sources"), "{message}");
        assert!(check(&["/build/ws"], "").is_err());
    }
}
