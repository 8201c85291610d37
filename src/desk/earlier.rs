//! Builds whose sources had the same contents as now.
//!
//! Stamps say that nothing has changed since the last build. After an undo, or back on a branch, all stamps of what was
//! written are new, and the contents are those of an earlier build, whose plan holds as it is.
//!
//! | of a selection | what it is |
//! |---|---|
//! | `KEY.earlier.json` | the last builds, each as a digest of its sources: [`Builds`] |
//! | `KEY.at-DIGEST.json` | what such a build has planned |
//! | `KEY.read-DIGEST.json` | the names of the files that it depended on |
//!
//! The digest covers the names of all files, since a plan can depend on a file that is absent, and the contents of those that
//! the plan depended on. Only files with another stamp than at the last build are read for it. It does not cover the base of
//! incremental units: what was built from another one is as good.

use super::Error;
use super::checkout::{Stamps, content, hash};
use super::kept::Kept;
use super::state::{self, Record};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How many builds are kept of a selection.
const BUILDS: usize = 8;

/// How many digits of a digest are in names of files.
const SHORT: usize = 16;

/// What a plan depends on, and how that was when it was made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Files {
    /// The settings of the flake.
    settings: PathBuf,
    /// All files of the source tree.
    stamps: Stamps,
    /// Those whose content counts, with its hash; none if the file changed while it was read.
    depends: BTreeMap<String, Option<String>>,
}

/// The sources of a build.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Their directory.
    pub root: &'a Path,
    /// All files.
    pub stamps: &'a Stamps,
    /// The settings of the flake.
    pub settings: &'a Path,
}

impl Files {
    /// Those that a plan of these sources depends on. Of files that are as in `before`, the hashes are taken from there.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn read(
        sources: Sources<'_>,
        depends: &BTreeSet<String>,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let hashed = |name: &String| {
            let stamp = sources.stamps.get(name)?;
            let known = before.filter(|before| before.stamps.get(name) == Some(stamp));
            if let Some(Some(hash)) = known.and_then(|known| known.depends.get(name)) {
                return Some(Ok((name.clone(), Some(hash.clone()))));
            }
            let path = sources.root.join(name);
            let read = content(&path).map(|hash| {
                // What was planned is what the stamp stands for.
                let is_same = stamp.is_of(&path);
                (name.clone(), is_same.then_some(hash))
            });
            Some(read)
        };
        Ok(Self {
            settings: sources.settings.to_owned(),
            stamps: sources.stamps.clone(),
            depends: depends
                .iter()
                .filter_map(hashed)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether a plan for these settings and files would be the same.
    pub fn is_current(&self, settings: &Path, stamps: &Stamps) -> bool {
        self.settings == settings
            && self.stamps.len() == stamps.len()
            && self.stamps.iter().zip(stamps).all(|(then, now)| {
                then.0 == now.0 && (then.1 == now.1 || !self.depends.contains_key(then.0))
            })
    }

    /// A digest of all that a result depends on; none if a content is not known.
    fn digest(&self) -> Option<String> {
        let mut text = vec![self.settings.display().to_string(), names(&self.stamps)];
        for (name, hash) in &self.depends {
            let permissions = self.stamps.get(name)?.permissions();
            text.push(format!("{name}\0{permissions:o}\0{}", hash.as_ref()?));
        }
        Some(hash(text.join("\n")))
    }
}

/// A digest of the names of all files.
fn names(stamps: &Stamps) -> String {
    let names: Vec<&str> = stamps.keys().map(String::as_str).collect();
    hash(names.join("\0"))
}

/// The last builds of a selection, the newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Builds(Vec<Build>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Build {
    /// Of all that the plan depended on.
    digest: String,
    /// Of the names of all files.
    names: String,
    /// Of the names of the files that the plan depended on.
    depends: String,
}

impl Build {
    fn record(&self, kept: &Kept) -> PathBuf {
        kept.file(&format!(".at-{}", short(&self.digest)))
    }

    fn depends(&self, kept: &Kept) -> PathBuf {
        kept.file(&format!(".read-{}", short(&self.depends)))
    }
}

/// The start of a digest. That of a document which somebody has changed may have any length.
fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

/// An earlier build whose sources had the same contents: what it has planned, if that is still there, and its files
/// as they are now.
///
/// # Errors
///
/// If a file cannot be read.
pub fn find(
    kept: &Kept,
    sources: Sources<'_>,
    last: Option<&Files>,
) -> Result<Option<(Record, Files)>, Error> {
    let Some(Builds(builds)) = state::read(&builds_file(kept)) else {
        return Ok(None);
    };
    let now = names(sources.stamps);
    let mut tried = BTreeSet::new();
    for build in builds.iter().filter(|build| build.names == now) {
        if !tried.insert(&build.depends) {
            continue;
        }
        let Some(depends) = state::read(&build.depends(kept)) else {
            continue;
        };
        let files = Files::read(sources, &depends, last)?;
        let digest = files.digest();
        let mut same = builds
            .iter()
            .filter(|build| digest.as_ref() == Some(&build.digest));
        if let Some(build) = same.next()
            && let Some(record) = state::read::<Record>(&build.record(kept))
            && record.is_built()
        {
            return Ok(Some((record, files)));
        }
    }
    Ok(None)
}

/// Keeps a build, and forgets the oldest.
///
/// # Errors
///
/// If something cannot be written or removed.
pub fn keep(kept: &Kept, record: &Record, files: &Files) -> Result<(), Error> {
    let Some(digest) = files.digest() else {
        return Ok(());
    };
    let depends: BTreeSet<&String> = files.depends.keys().collect();
    let text: Vec<&str> = depends.iter().map(|name| name.as_str()).collect();
    let build = Build {
        digest,
        names: names(&files.stamps),
        depends: hash(text.join("\0")),
    };
    let Builds(mut builds) = state::read(&builds_file(kept)).unwrap_or_default();
    builds.retain(|other| *other != build);
    if !build.depends(kept).exists() {
        state::write(&build.depends(kept), &depends)?;
    }
    state::write(&build.record(kept), record)?;
    builds.insert(0, build);
    let old = builds.split_off(builds.len().min(BUILDS));
    for build in old {
        remove(&build.record(kept))?;
        if builds.iter().all(|other| other.depends != build.depends) {
            remove(&build.depends(kept))?;
        }
    }
    state::write(&builds_file(kept), &Builds(builds))
}

fn builds_file(kept: &Kept) -> PathBuf {
    kept.file(".earlier")
}

fn remove(file: &Path) -> Result<(), Error> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("removing", file)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::desk::checkout::Checkout;
    use crate::desk::state::Asked;

    /// A checkout, and a place for what is kept.
    struct Fixture {
        tree: tempfile::TempDir,
        kept: Kept,
        plans: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let (tree, plans) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let kept = Kept::new(plans.path().to_owned(), "0123");
            Self { tree, kept, plans }
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.tree.path().join(name);
            let _ = fs::remove_file(&path);
            fs::write(path, text).unwrap();
        }

        fn stamps(&self) -> Stamps {
            let checkout = Checkout::of_directory(self.tree.path()).unwrap();
            checkout.stamps().unwrap()
        }

        fn sources<'a>(&'a self, stamps: &'a Stamps) -> Sources<'a> {
            Sources {
                root: self.tree.path(),
                stamps,
                settings: Path::new("/settings"),
            }
        }

        /// Keeps a build of this name that depends on `a` and `b`.
        fn build(&self, name: &str) -> Files {
            let stamps = self.stamps();
            let depends = ["a", "b"].map(str::to_owned).into();
            let files = Files::read(self.sources(&stamps), &depends, None).unwrap();
            let record = Record {
                results: vec![Asked {
                    name: name.to_owned(),
                    derivation: String::new(),
                    out: Some(self.tree.path().display().to_string()),
                }],
                ..Record::default()
            };
            keep(&self.kept, &record, &files).unwrap();
            files
        }

        /// The name of the build with the sources of now.
        fn found(&self, last: &Files) -> Option<String> {
            let stamps = self.stamps();
            let found = find(&self.kept, self.sources(&stamps), Some(last)).unwrap();
            found.map(|(record, _)| record.results[0].name.clone())
        }
    }

    #[test]
    fn a_build_is_found_by_the_contents_that_it_depends_on() {
        let all = Fixture::new();
        for name in ["a", "b", "c"] {
            all.write(name, "one");
        }
        all.build("first");
        all.write("a", "two");
        let last = all.build("second");
        assert_eq!(all.found(&last).as_deref(), Some("second"));
        all.write("a", "one");
        assert_eq!(all.found(&last).as_deref(), Some("first"));
        // Nothing depends on it.
        all.write("c", "two");
        assert_eq!(all.found(&last).as_deref(), Some("first"));
        all.write("b", "two");
        assert_eq!(all.found(&last), None);
        all.write("b", "one");
        all.write("d", "");
        assert_eq!(all.found(&last), None);
        fs::remove_file(all.tree.path().join("d")).unwrap();
        assert_eq!(all.found(&last).as_deref(), Some("first"));
    }

    #[test]
    fn a_program_that_can_be_run_is_another_file() {
        use std::os::unix::fs::PermissionsExt;
        let all = Fixture::new();
        all.write("a", "");
        all.write("b", "");
        let last = all.build("first");
        let path = all.tree.path().join("a");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(all.found(&last), None);
    }

    #[test]
    fn the_oldest_builds_are_forgotten() {
        let all = Fixture::new();
        all.write("a", "");
        for number in 0..=BUILDS {
            all.write("b", &number.to_string());
            all.build("any");
        }
        let last = all.build("any");
        all.write("b", "0");
        assert_eq!(all.found(&last), None);
        all.write("b", "1");
        assert_eq!(all.found(&last).as_deref(), Some("any"));
        // The list, the names of files, and what each build has planned.
        let files = fs::read_dir(all.plans.path()).unwrap().count();
        assert_eq!(files, 2 + BUILDS);
    }

    #[test]
    fn what_changed_while_it_was_read_is_not_known() {
        let all = Fixture::new();
        all.write("a", "one");
        let stamps = all.stamps();
        all.write("a", "another");
        let depends = ["a".to_owned()].into();
        let files = Files::read(all.sources(&stamps), &depends, None).unwrap();
        assert_eq!(files.digest(), None);
    }
}
