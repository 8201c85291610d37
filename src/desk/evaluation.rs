//! The flake's settings: evaluated once, and kept until a file changes that the evaluation may read.
//!
//! | counts | because |
//! |---|---|
//! | the content of every file but `*.rs` and `*.md`, and its name | manifests, lock files, Nix and whatever else an expression reads; nothing of it decides that a file does *not* count but these two endings |
//! | the names of `*.rs` files, if the sources are filtered | a filter decides on names |
//! | all files, if the lock file of the flake names a relative path, or one in the checkout | that input is of the same tree |
//! | the commit, and whether the working tree is clean, if a Nix file has a word such as `rev` or `dirtyShortRev` anywhere | as in `self.shortRev` |
//! | the arguments for Nix | |
//!
//! Files outside of the checkout that an impure evaluation reads do not count: `--evaluate` evaluates again.

use super::Error;
use super::checkout::{Checkout, Stamps, below, content, hash};
use super::client::{Client, Event};
use super::plan;
use super::settings::{Desk, Location, ThirdParty};
use super::state::{self, Hashes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use walkdir::WalkDir;

/// Which package, and how Nix is to be called for it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The package, as `.#default`.
    pub installable: String,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// The directory of the sources, if it is not what the flake says.
    pub source: Option<PathBuf>,
    /// Whether to evaluate in any case.
    pub again: bool,
}

/// Settings of a checkout.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evaluated {
    key: String,
    hashes: Hashes,
    /// The file with the settings, in the store.
    pub settings: PathBuf,
    /// The store path with the `bin/dyndrv` of the flake's version.
    pub program: PathBuf,
    /// Where the sources are, relative to the checkout.
    pub directory: String,
    /// The files that a filter has left; none if there is no filter.
    names: Option<BTreeSet<String>>,
}

/// Whether a Nix expression has a word that is an attribute of a flake which tells about its commit, such as
/// `self.dirtyShortRev`. Comments count too: an evaluation more than needed does no harm, one less would.
fn tells_commit(text: &str) -> bool {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_of_word(c)).any(|word| {
        word == "rev"
            || word == "revCount"
            || word.ends_with("Rev")
            || word.starts_with("lastModified")
    })
}

/// Whether an input of a flake may be a directory of its own checkout, by the flake's lock file.
fn has_own_input(lock: &str, checkout: &Path) -> bool {
    fn in_checkout(value: &Value, checkout: &Path) -> bool {
        let path = value.get("path").and_then(Value::as_str).map(Path::new);
        let is_path = value.get("type").and_then(Value::as_str) == Some("path");
        let is_own = |path: &Path| path.is_relative() || path.starts_with(checkout);
        is_path && path.is_none_or(is_own)
    }
    fn any(value: &Value, checkout: &Path) -> bool {
        let below = match value {
            Value::Object(entries) => entries.values().collect(),
            Value::Array(entries) => entries.iter().collect(),
            _ => Vec::new(),
        };
        in_checkout(value, checkout) || below.into_iter().any(|value| any(value, checkout))
    }
    // What cannot be read may name anything.
    serde_json::from_str(lock).map_or(!lock.is_empty(), |lock| any(&lock, checkout))
}

impl Evaluated {
    /// The files of the sources among those of the checkout.
    pub fn sources(&self, stamps: &Stamps) -> Stamps {
        let is_left = |name: &str| self.names.as_ref().is_none_or(|names| names.contains(name));
        below(stamps, &self.directory)
            .filter(|(name, _)| is_left(name))
            .map(|(name, stamp)| (name.to_owned(), stamp.clone()))
            .collect()
    }
}

/// The settings, evaluated if need be. `directory` is that of the checkout in the cache.
///
/// # Errors
///
/// If Nix fails, or the package is not of this library, or has other sources.
pub fn of(
    checkout: &Checkout,
    stamps: &Stamps,
    request: &Request,
    directory: &Path,
    connect: impl FnOnce() -> Result<Client, Error>,
    watch: &mut impl FnMut(Event),
) -> Result<Evaluated, Error> {
    let file = directory.join("evaluation.json");
    let known: Option<Evaluated> = state::read(&file);
    let is_filtered = known.as_ref().is_some_and(|known| known.names.is_some());
    let (key, hashes) = key(checkout, stamps, request, known.as_ref(), is_filtered)?;
    if let Some(known) = known
        && known.key == key
        && !request.again
        && known.settings.exists()
    {
        return Ok(known);
    }
    let location = evaluate(request)?;
    let (place, names) = sources(checkout, stamps, request, &location)?;
    let mut client = connect()?;
    let outcomes = client.build(&[format!("{}!out", location.drv)], watch)?;
    if let Some(failed) = outcomes.iter().find(|outcome| !outcome.success) {
        return Err(super::client::Error::Refused(failed.reason.clone()).into());
    }
    let outputs = client.outputs(&location.drv)?;
    let settings = outputs.get("out").map(PathBuf::from);
    let settings = settings.ok_or_else(|| Error::NoOutput {
        drv: location.drv.clone(),
    })?;
    let root = directory.join("settings");
    state::link(&root, &settings)?;
    client.add_root(&root.to_string_lossy())?;
    let (key, hashes) = match names.is_some() == is_filtered {
        true => (key, hashes),
        false => self::key(checkout, stamps, request, None, names.is_some())?,
    };
    let desk: Desk = plan::read(&settings)?;
    let third_party: ThirdParty = plan::read(&desk.third_party)?;
    let evaluated = Evaluated {
        program: third_party.settings.dyndrv.into(),
        key,
        hashes,
        settings,
        directory: place,
        names,
    };
    state::write(&file, &evaluated)?;
    Ok(evaluated)
}

fn evaluate(request: &Request) -> Result<Location, Error> {
    let attribute = format!("{}.passthru.desk", request.installable);
    let mut command = Command::new("nix");
    command
        .args(["eval", "--json"])
        .args(&request.arguments)
        .arg(&attribute);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io("running", "nix"))?;
    if !output.status.success() {
        return Err(Error::Failed {
            command: format!("nix eval {attribute}"),
            status: output.status,
        });
    }
    serde_json::from_slice(&output.stdout).map_err(|source| Error::NotDesk {
        installable: request.installable.clone(),
        source,
    })
}

/// Where the sources are in the checkout, and which of the files a filter has left.
fn sources(
    checkout: &Checkout,
    stamps: &Stamps,
    request: &Request,
    location: &Location,
) -> Result<(String, Option<BTreeSet<String>>), Error> {
    let directory = match &request.source {
        Some(source) => relative(checkout, source)?,
        None => in_checkout(checkout, &location.origin).ok_or_else(|| Error::OtherSources {
            installable: request.installable.clone(),
            origin: location.origin.clone(),
            checkout: checkout.root.clone(),
        })?,
    };
    if location.src == location.origin {
        return Ok((directory, None));
    }
    let all: BTreeSet<String> = below(stamps, &directory)
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut left = BTreeSet::new();
    for entry in WalkDir::new(&location.src) {
        let entry = entry.map_err(|error| Error::Io {
            action: "reading",
            path: PathBuf::from(&location.src),
            source: error.into(),
        })?;
        if let Ok(name) = entry.path().strip_prefix(&location.src) {
            left.insert(name.to_string_lossy().into_owned());
        }
    }
    let names: BTreeSet<String> = all.intersection(&left).cloned().collect();
    Ok((directory, (names != all).then_some(names)))
}

/// A directory relative to the checkout.
fn relative(checkout: &Checkout, directory: &Path) -> Result<String, Error> {
    let directory = fs::canonicalize(directory).map_err(Error::io("finding", directory))?;
    match directory.strip_prefix(&checkout.root) {
        Ok(below) => Ok(below.to_string_lossy().into_owned()),
        Err(_) => Err(Error::Outside {
            path: directory,
            root: checkout.root.clone(),
        }),
    }
}

/// The directory of a checkout of which Nix made a path of the store: the object must have the
/// flake of the checkout, at the same place.
fn in_checkout(checkout: &Checkout, path: &str) -> Option<String> {
    let object = path.strip_prefix("/nix/store/")?;
    let (object, below) = object.split_once('/').unwrap_or((object, ""));
    let flake = checkout
        .flake
        .strip_prefix(&checkout.root)
        .ok()?
        .join("flake.nix");
    let copied = fs::read(Path::new("/nix/store").join(object).join(&flake)).ok()?;
    let own = fs::read(checkout.root.join(&flake)).ok()?;
    (copied == own).then(|| below.to_owned())
}

fn key(
    checkout: &Checkout,
    stamps: &Stamps,
    request: &Request,
    known: Option<&Evaluated>,
    is_filtered: bool,
) -> Result<(String, Hashes), Error> {
    let lock = fs::read_to_string(checkout.flake.join("flake.lock")).unwrap_or_default();
    let has_own_input = has_own_input(&lock, &checkout.root);
    let mut lines = BTreeMap::new();
    let mut hashes = Hashes::new();
    let mut tells_commit = false;
    for (name, stamp) in stamps {
        let is_code = name.ends_with(".rs") || name.ends_with(".md");
        if is_code && !has_own_input {
            if is_filtered {
                lines.insert(name, String::new());
            }
            continue;
        }
        let known = known.and_then(|known| known.hashes.get(name));
        let hash = match known {
            Some((then, hash)) if then == stamp => hash.clone(),
            _ => content(&checkout.root.join(name))?,
        };
        if name.ends_with(".nix") {
            // Read once more than needed, but they are small.
            let text = fs::read_to_string(checkout.root.join(name)).unwrap_or_default();
            tells_commit |= self::tells_commit(&text);
        }
        hashes.insert(name.clone(), (stamp.clone(), hash.clone()));
        lines.insert(name, hash);
    }
    let commit = if tells_commit && checkout.is_git {
        commit(checkout)?
    } else {
        String::new()
    };
    let program = env!("CARGO_PKG_VERSION");
    let text = serde_json::to_vec(&(
        program,
        &request.installable,
        &request.arguments,
        &request.source,
        commit,
        lines,
    ));
    let text = text.map_err(|source| Error::Json {
        document: "the key of an evaluation",
        source,
    })?;
    Ok((hash(text), hashes))
}

/// The commit, and whether anything differs from it.
fn commit(checkout: &Checkout) -> Result<String, Error> {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(&checkout.root).args(arguments);
        git.output().map_err(Error::io("running", "git"))
    };
    let head = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Ok(format!(
        "{} {}",
        String::from_utf8_lossy(&head.stdout).trim(),
        changed.stdout.is_empty()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_an_attribute_of_the_commit_counts() {
        for text in [
            "self.rev or \"\"",
            "inherit (self) dirtyShortRev;",
            "self.lastModifiedDate",
            "${self.revCount}",
        ] {
            assert!(tells_commit(text), "{text}");
        }
        for text in [
            "# of an earlier revision",
            "lib.reverseList previous",
            "preventing",
        ] {
            assert!(!tells_commit(text), "{text}");
        }
    }

    #[test]
    fn an_input_below_the_checkout_is_of_its_own() {
        let lock = |path: &str| {
            format!(
                "{{\"nodes\": {{\"a\": {{\"locked\": {{\"type\": \"path\", \"path\": \"{path}\"}}}}}}}}"
            )
        };
        let is_own = |lock: &str| has_own_input(lock, Path::new("/work/here"));
        assert!(is_own(&lock("./sub")));
        assert!(is_own(&lock("/work/here/sub")));
        assert!(is_own("{"));
        assert!(!is_own(&lock("/work/there")));
        assert!(!is_own(
            "{\"nodes\": {\"a\": {\"locked\": {\"type\": \"github\"}}}}"
        ));
        assert!(!is_own(""));
    }
}
