//! What is kept between two builds of a checkout.
//!
//! ```text
//! $XDG_CACHE_HOME/dyndrv/desk/
//!   graphs/KEY.json           graphs, by skeleton, selection and settings
//!   building/PID              locked while an invocation builds: see [`jobs`](super::jobs)
//!   third-party/KEY.json      indexes of third-party units, by graph and settings
//!   checkouts/KEY/flake       the directory of the checkout's flake
//!   checkouts/KEY/KEY/        one for each checkout, and each attribute of its flake
//!     evaluation.json         the settings, and the files that they depend on
//!     settings                a root for the garbage collector: the settings, the toolchain
//!     plans/                  the last plans of each selection, each a `Record`: see [`kept`](super::kept)
//!     bases/                  lists of incremental states, and how many builds in a row have compiled all that differs: see [`incremental`](super::incremental)
//!     repository              the directory that all worktrees of the checkout's repository share
//!     timings.html            the page of `--timings`
//! ```
//!
//! Every file can be removed at any time. A document of another version of dyndrv counts as absent.

use super::Error;
use super::checkout::hash;
use crate::graph::{Mode, Target};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The version of all documents.
const VERSION: u32 = 2;

/// A document with its version.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    document: T,
}

/// What a build has planned, for programs that explain or compare builds.
///
/// The file is `plans/KEY.json`; its field `document` has this form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// The profile.
    pub profile: String,
    /// The description of the profile in cargo's words, as `unoptimized + debuginfo`.
    pub profile_description: String,
    /// What was asked for: the result of a build, or summaries of checks.
    pub results: Vec<Asked>,
    /// The programs among the units that were asked for: names of files in `bin`, with their packages.
    pub programs: Vec<Program>,
    /// All units, dependencies first.
    pub units: Vec<Unit>,
}

/// A derivation that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// `result`, or the name of a check, as `test-serde`.
    pub name: String,
    /// Its path.
    pub derivation: String,
    /// Its output; none if it was not built.
    pub out: Option<String>,
}

impl Record {
    /// The first output.
    pub fn out(&self) -> Option<&Path> {
        self.results.first()?.out.as_deref().map(Path::new)
    }

    /// Whether another record has the same units, with the same derivations.
    pub fn has_units_of(&self, other: &Self) -> bool {
        let derivations = |record: &Self| -> Vec<String> {
            let units = record.units.iter();
            units.map(|unit| unit.derivation.clone()).collect()
        };
        derivations(self) == derivations(other)
    }

    /// Whether all that was asked for is there.
    pub fn is_built(&self) -> bool {
        let outs = self.results.iter().map(|asked| asked.out.as_ref());
        outs.into_iter()
            .all(|out| out.is_some_and(|out| Path::new(out).exists()))
    }
}

/// A program that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Program {
    /// Its name.
    pub name: String,
    /// The package's name.
    pub package: String,
    /// Whether the package names it as `default-run`.
    pub is_default: bool,
}

/// A unit of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unit {
    /// Its identity, which no edit changes.
    pub identity: String,
    /// Its label, as `serde-1.0.228-lib`.
    pub label: String,
    /// The package, as `serde 1.0.228`.
    pub package: String,
    /// The directory of the package relative to the sources; none if it is third-party.
    pub directory: Option<String>,
    /// Where a third-party package comes from.
    pub source: Source,
    /// The target of the package.
    pub target: Target,
    /// The action on the target.
    pub mode: Mode,
    /// The active features.
    pub features: Vec<String>,
    /// What of its profile cargo's messages tell.
    pub profile: UnitProfile,
    /// Its derivation.
    pub derivation: String,
    /// The identities of the units that it depends on.
    pub needs: Vec<String>,
    /// The files of the workspace that it can read.
    pub files: Vec<String>,
    /// Whether another unit of the plan says all that it says, as clippy does over the same target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_covered: bool,
    /// Its outputs, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

impl Unit {
    /// Whether it is of the workspace and compiled by rustc, so that its messages are kept, and told.
    pub fn has_messages(&self) -> bool {
        let is_compiled = !matches!(self.mode, Mode::RunCustomBuild | Mode::Doctest);
        self.directory.is_some() && is_compiled && !self.is_covered
    }
}

/// Where a third-party package comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Source {
    /// The registry or repository, as the lock file names it.
    pub url: String,
    /// The entry of the vendor directory.
    pub entry: String,
}

/// Settings of a unit's profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnitProfile {
    /// `opt-level`.
    pub opt_level: String,
    /// `debug`.
    pub debuginfo: String,
    /// `debug-assertions`.
    pub debug_assertions: bool,
    /// `overflow-checks`.
    pub overflow_checks: bool,
}

/// The place of everything that is kept.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// That of the user.
    ///
    /// # Errors
    ///
    /// If there is no home directory.
    pub fn of_user() -> Result<Self, Error> {
        let absolute = |name: &str| {
            let value = std::env::var_os(name).map(PathBuf::from);
            value.filter(|path| path.is_absolute())
        };
        let home = || absolute("HOME").map(|home| home.join(".cache"));
        let cache = absolute("XDG_CACHE_HOME").or_else(home);
        Ok(Self {
            directory: cache.ok_or(Error::NoCache)?.join("dyndrv/desk"),
        })
    }

    /// The graph with a key.
    pub fn graph(&self, key: &str) -> PathBuf {
        self.directory.join(format!("graphs/{key}.json"))
    }

    /// The index of third-party units with a key.
    pub fn third_party(&self, key: &str) -> PathBuf {
        self.directory.join(format!("third-party/{key}.json"))
    }

    /// The directory of the invocations that build.
    pub fn building(&self) -> PathBuf {
        self.directory.join("building")
    }

    /// The directory of all.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The directory of a checkout, by the directory of its flake.
    pub fn checkout(&self, flake: &Path) -> PathBuf {
        let key = hash(flake.as_os_str().as_encoded_bytes());
        self.directory.join("checkouts").join(&key[..32])
    }
}

/// Reads a document; none if it is absent, or of another version.
pub fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = fs::read(path).ok()?;
    let read: Versioned<T> = serde_json::from_slice(&text).ok()?;
    (read.version == VERSION).then_some(read.document)
}

/// Writes a document. It is never there by half, whatever else runs or stops.
///
/// # Errors
///
/// If it cannot be written.
pub fn write<T: Serialize>(path: &Path, document: &T) -> Result<(), Error> {
    let text = serde_json::to_vec(&Versioned {
        version: VERSION,
        document,
    });
    let text = text.map_err(|source| Error::Json {
        document: "what is kept of a build",
        source,
    })?;
    replace(path, &text)
}

/// Writes a file in one step.
///
/// # Errors
///
/// If it cannot be written.
pub fn replace(path: &Path, text: &[u8]) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(Error::io("creating", parent))?;
    let new = beside(path);
    fs::write(&new, text).map_err(Error::io("writing", &new))?;
    fs::rename(&new, path).map_err(Error::io("writing", path))
}

/// Makes a symbolic link in one step.
///
/// # Errors
///
/// If something else than a link has the name, or it cannot be made.
pub fn link(path: &Path, target: &Path) -> Result<(), Error> {
    if fs::read_link(path).is_ok_and(|old| old == target) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(Error::io("creating", parent))?;
    if path
        .symlink_metadata()
        .is_ok_and(|found| !found.is_symlink())
    {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(Error::io("linking", path)(source));
    }
    let new = beside(path);
    std::os::unix::fs::symlink(target, &new).map_err(Error::io("linking", &new))?;
    fs::rename(&new, path).map_err(Error::io("linking", path))
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// Hashes of files, with the stamps for which they hold.
pub type Hashes = BTreeMap<String, (super::checkout::Stamp, String)>;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_another_version_are_absent() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b.json");
        assert_eq!(read::<u32>(&path), None);
        write(&path, &7).unwrap();
        assert_eq!(read::<u32>(&path), Some(7));
        fs::write(&path, r#"{"version":0,"document":7}"#).unwrap();
        assert_eq!(read::<u32>(&path), None);
    }

    #[test]
    fn a_link_replaces_links_only() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("result");
        link(&path, Path::new("/a")).unwrap();
        link(&path, Path::new("/b")).unwrap();
        assert_eq!(fs::read_link(&path).unwrap(), Path::new("/b"));
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(link(&file, Path::new("/a")).is_err());
        assert!(file.is_file());
    }
}
