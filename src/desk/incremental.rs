//! Incremental compilation at the desk: which list of states a plan starts with.
//!
//! | the checkout | units start with | units keep their state |
//! |---|---|---|
//! | has no base yet, but another checkout of the repository has | the newest base of another one | if the list lacks one |
//! | has no base, and no other has | nothing | yes: their list is the base from then on |
//! | has a base that lacks a unit of the plan | the base | yes: their list is the new base |
//! | has a base with all units of the plan | the base | if the user asks for a new base, or [`is_due`] |
//!
//! A base belongs to a checkout, an attribute of its flake, a profile and a target, and to builds or to checks. It is a
//! root for the garbage collector.

use super::Error;
use super::plan::Incremental;
use super::state::{self, Cache, Record, Unit};
use crate::drv::references::Objects;
use crate::drv::{StorePath, hash_part};
use crate::graph::{Graph, Mode, UnitRef};
use crate::plan::lower::incremental::of_list;
use crate::plan::selection::Selection;
use crate::plan::settings::{Base, IncrementalSettings};
use dyndrv_builder::spec;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The directory of bases in that of a checkout's attribute.
const BASES: &str = "bases";

/// How many builds in a row compile all that differs from the base before the next one of this kind makes a new base.
///
/// rustc works on the difference to the base, which grows with each edit; to keep state takes time for each of its bytes. Who edits
/// the same units again and again has the first each time, and pays the second once in so many builds.
const BUILDS: u32 = 2;

/// The file with the directory that all worktrees of a repository share.
const REPOSITORY: &str = "repository";

/// The link to the base of a selection in the directory of a checkout's attribute.
pub fn link(directory: &Path, selection: &Selection) -> PathBuf {
    let target = selection.target.iter().map(|target| format!("-{target}"));
    let check = selection.check.then(|| "-check".to_owned());
    let name: String = [selection.profile.clone()]
        .into_iter()
        .chain(target)
        .chain(check)
        .collect();
    directory.join(BASES).join(name)
}

/// Takes note of the repository that a checkout belongs to.
///
/// # Errors
///
/// If it cannot be written.
pub fn name_repository(directory: &Path, root: &Path) -> Result<(), Error> {
    let file = directory.join(REPOSITORY);
    match (file.exists(), repository(root)) {
        (false, Some(common)) => state::replace(&file, common.as_os_str().as_encoded_bytes()),
        _ => Ok(()),
    }
}

/// The directory that all worktrees of a repository share.
fn repository(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return fs::canonicalize(git).ok();
    }
    // `gitdir: PATH`, and in there a file with the way to the common directory.
    let text = fs::read_to_string(git).ok()?;
    let own = root.join(text.strip_prefix("gitdir:")?.trim());
    let common = fs::read_to_string(own.join("commondir")).ok()?;
    fs::canonicalize(own.join(common.trim())).ok()
}

/// The base for a selection: that of the checkout, or the newest of another checkout of its repository.
pub fn base(cache: &Cache, directory: &Path, selection: &Selection) -> Option<PathBuf> {
    let own = link(directory, selection);
    target(&own).or_else(|| {
        let repository = fs::read(directory.join(REPOSITORY)).ok()?;
        let checkouts = fs::read_dir(cache.directory().join("checkouts")).ok()?;
        let attributes = checkouts.flatten().flat_map(|checkout| {
            let entries = fs::read_dir(checkout.path())
                .into_iter()
                .flatten()
                .flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        });
        let same = |attribute: &PathBuf| {
            fs::read(attribute.join(REPOSITORY)).is_ok_and(|other| other == repository)
        };
        let links = attributes
            .filter(same)
            .map(|attribute| link(&attribute, selection));
        let dated = links.filter_map(|link| Some((modified(&link)?, target(&link)?)));
        dated.max().map(|(_, base)| base)
    })
}

/// The units of a plan that are compiled and are other ones than in the base. `last` is the last plan, which knows which units
/// turned out to be the base's.
///
/// # Errors
///
/// If the base is no list of states.
pub fn changed<'a>(
    record: &'a Record,
    base: &Path,
    last: Option<&Record>,
) -> Result<Vec<&'a Unit>, Error> {
    let known: BTreeMap<String, spec::StateOf> = of_list(base)?
        .into_iter()
        .map(|(id, unit)| (id.to_string(), unit))
        .collect();
    Ok(differing(record, &known, last))
}

fn differing<'a>(
    record: &'a Record,
    known: &BTreeMap<String, spec::StateOf>,
    last: Option<&Record>,
) -> Vec<&'a Unit> {
    let last = last.into_iter().flat_map(|last| &last.units);
    let built: BTreeMap<&str, &BTreeMap<String, String>> = last
        .filter(|unit| !unit.outputs.is_empty())
        .map(|unit| (unit.derivation.as_str(), &unit.outputs))
        .collect();
    let differs = |unit: &&Unit| {
        let Some(in_base) = known.get(&unit.identity) else {
            return false;
        };
        let own = unit
            .derivation
            .parse()
            .map(|drv: StorePath| hash_part(&drv));
        // Content-addressed: what was copied from the base has its paths.
        let is_copy = built
            .get(unit.derivation.as_str())
            .is_some_and(|outputs| outputs.iter().all(|of| is_among(of, &in_base.outputs)));
        unit.mode != Mode::RunCustomBuild && in_base.derivation != own.ok() && !is_copy
    };
    record.units.iter().filter(differs).collect()
}

fn is_among((name, path): (&String, &String), outputs: &BTreeMap<String, String>) -> bool {
    outputs.get(name) == Some(path)
}

/// Whether a build is to make a new base: if the last ones have each compiled all that differed from the base at `link`, and
/// this one will too. `last` is the last plan.
pub fn is_due(link: &Path, changed: &[&Unit], last: Option<&Record>) -> bool {
    let builds = state::read::<u32>(&builds_file(link)).unwrap_or_default();
    let is_built = |unit: &&Unit| {
        let mut units = last.into_iter().flat_map(|last| &last.units);
        units.any(|old| old.derivation == unit.derivation && !old.outputs.is_empty())
    };
    builds >= BUILDS && !changed.is_empty() && !changed.iter().any(is_built)
}

/// Takes note of a build that started with the base at `link`: whether it has compiled all that differs from it.
///
/// # Errors
///
/// If it cannot be written.
pub fn count(link: &Path, has_compiled_all: bool) -> Result<(), Error> {
    let file = builds_file(link);
    let before = state::read::<u32>(&file).unwrap_or_default();
    let builds = match has_compiled_all {
        true => before.saturating_add(1),
        false => 0,
    };
    match builds == before {
        true => Ok(()),
        false => state::write(&file, &builds),
    }
}

/// The file beside the link to a base that says how many builds have compiled all that differs from it.
fn builds_file(link: &Path) -> PathBuf {
    let mut name = link.as_os_str().to_owned();
    name.push(".builds.json");
    name.into()
}

fn modified(link: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(link).ok()?.modified().ok()
}

/// Where a link leads, if that is there.
fn target(link: &Path) -> Option<PathBuf> {
    let list = fs::canonicalize(link).ok()?;
    list.is_file().then_some(list)
}

/// How the units of a graph are compiled. What they mention of their base is added to `objects`.
///
/// # Errors
///
/// If the base is no list of states.
pub fn settings(
    incremental: &Incremental,
    graph: &Graph,
    objects: &mut Objects,
) -> Result<IncrementalSettings, Error> {
    let known = match &incremental.base {
        Some(list) => of_list(list)?,
        None => BTreeMap::new(),
    };
    let outputs = known.values().flat_map(|unit| unit.outputs.values());
    let list = incremental.base.iter().map(|list| list.to_string_lossy());
    for path in list.chain(outputs.map(|path| path.as_str().into())) {
        if let Ok(path) = path.parse() {
            objects.insert(&path);
        }
    }
    let is_new = |unit: UnitRef<'_>| unit.has_state() && !known.contains_key(&unit.identity());
    Ok(IncrementalSettings {
        keep: incremental.renew || graph.units().any(is_new),
        base: incremental.base.clone().map(Base::States),
        ..IncrementalSettings::default()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::desk::kept::tests::record;

    #[test]
    fn a_base_is_due_after_builds_in_a_row_that_compiled_all_that_differs_from_it() {
        let temp = tempfile::tempdir().unwrap();
        let link = temp.path().join("dev");
        let (mut last, now) = (record("one"), record("two"));
        let changed: Vec<&Unit> = now.units.iter().collect();
        let is_due = |changed: &[&Unit], last: &Record| is_due(&link, changed, Some(last));
        for builds in [[true, false], [true, true]] {
            assert!(!is_due(&changed, &last));
            for has_compiled_all in builds {
                count(&link, has_compiled_all).unwrap();
            }
        }
        assert!(is_due(&changed, &last));
        assert!(!is_due(&[], &last));
        // Not if something of it was built before: it would be built again to keep its state.
        last.units = now.units.clone();
        assert!(is_due(&changed, &last));
        let out = ("out".to_owned(), "/nix/store/out".to_owned());
        last.units[0].outputs.extend([out]);
        assert!(!is_due(&changed, &last));
        count(&link, false).unwrap();
        last.units.clear();
        assert!(!is_due(&changed, &last));
    }

    #[test]
    fn what_differs_from_a_base_is_compiled_and_no_copy_of_it() {
        let drv =
            |digit: char| format!("/nix/store/{}-crate-a.drv", String::from(digit).repeat(32));
        let outputs = |path: &str| BTreeMap::from([("out".to_owned(), path.to_owned())]);
        let in_base = |derivation: Option<char>| {
            let listed = spec::StateOf {
                derivation: derivation.map(|digit| String::from(digit).repeat(32)),
                outputs: outputs("/nix/store/out"),
            };
            BTreeMap::from([("0".to_owned(), listed)])
        };
        let differs = |record: &Record, derivation, last: Option<&Record>| {
            !differing(record, &in_base(derivation), last).is_empty()
        };
        let mut now = record(&drv('1'));
        assert!(!differs(&now, Some('1'), None));
        assert!(differs(&now, Some('2'), None));
        // It was kept by a build that had a base, and is copied once.
        assert!(differs(&now, None, None));
        let mut last = now.clone();
        assert!(differs(&now, None, Some(&last)));
        last.units[0].outputs = outputs("/nix/store/other");
        assert!(differs(&now, None, Some(&last)));
        last.units[0].outputs = outputs("/nix/store/out");
        assert!(!differs(&now, None, Some(&last)));
        now.units[0].mode = Mode::RunCustomBuild;
        assert!(!differs(&now, Some('2'), None));
    }
}
