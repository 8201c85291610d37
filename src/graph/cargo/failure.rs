//! Recognising why cargo failed, where the user can do something about it.

use crate::graph::error::Error;
use std::fs;
use std::path::Path;

/// The manifests ask for what is not locked.
const UNFIT_LOCK: (&str, &str) = (
    "Cargo.lock does not fit the manifests",
    "Run `cargo update --workspace`, or any cargo command without `--locked`, and commit Cargo.lock.",
);

/// Words of cargo, the cause, and the remedy.
const CAUSES: &[(&[&str], &str, &str)] = &[
    (
        &["requires a nightly version of Cargo"],
        "a manifest asks for an unstable feature of cargo",
        "Remove it from `cargo-features`, or use a nightly toolchain.",
    ),
    (
        &["target specs require"],
        "a custom target file is not supported",
        "Name a built-in target, as `rustc --print target-list` lists them.",
    ),
    (
        &["could not find `Cargo.toml`", "failed to read `/"],
        "a manifest is missing",
        "Point to a directory that holds a Cargo.toml; path dependencies must lie below the source root.",
    ),
    (
        &["cannot create the lock file"],
        "there is no Cargo.lock",
        "Run `cargo generate-lockfile` and add Cargo.lock to the sources (to git, if they are a flake).",
    ),
    (
        &["cannot update the lock file", "needs to be updated but --"],
        UNFIT_LOCK.0,
        UNFIT_LOCK.1,
    ),
    (
        &[
            "is not supported by the following package",
            "requires rustc ",
        ],
        "a package needs a newer rustc",
        "Use a newer toolchain, an older version of that package, or set `ignoreRustVersion`.",
    ),
    // Before what follows: cargo tells all that resolution comes to in similar words.
    (
        &["does not have that feature", "does not have these features"],
        "a package asks for a feature that its dependency does not have",
        "Correct the feature's name in the manifest that asks for it, or in `features`; or lock a version that has it (`cargo update`).",
    ),
    (
        &["links to the native library"],
        "two packages bring the same native library",
        "Lock versions that agree on one of them (`cargo update`).",
    ),
    (
        &["changed between lock files"],
        "a vendored package is not the one that is locked",
        "Make the vendor directory again from this Cargo.lock.",
    ),
    (
        &[
            "no matching package",
            "failed to select a version for the requirement",
            "perhaps a crate was updated and forgotten to be re-vendored",
            "attempting to make an HTTP request, but --frozen",
            "can't checkout from",
            "failed to load source for dependency",
            "unable to get packages from source",
        ],
        "a locked package is missing from the vendor directory",
        "Make the vendor directory again from this Cargo.lock; for a git dependency or another registry, check that it has an entry.",
    ),
    (
        &[
            "can't find ",
            "couldn't find `",
            "no targets specified in the manifest",
            "cannot infer path for",
        ],
        "the file of a target is missing",
        "Add the file to the sources (to git, if they are a flake), or correct the target's `path`.",
    ),
    (
        &[
            "did not match any packages",
            "cannot specify features for packages outside",
            "no bin target named",
            "no library targets found",
        ],
        "the selection names something that the workspace does not have",
        "Correct the names in `packages`, `bins` or `features`.",
    ),
    (
        &["does not contain this feature", "does not have feature"],
        "the selection names a feature that the package does not have",
        "Correct the names in `features`.",
    ),
    (
        &["profile `"],
        "the profile cannot be used",
        "Name a profile that the workspace's root manifest or cargo's configuration defines.",
    ),
];

/// The error for a command that failed in the directory `dir`.
pub(super) fn explain(command: &str, stderr: String, dir: &Path) -> Error {
    let known = CAUSES
        .iter()
        .find(|(signs, ..)| signs.iter().any(|sign| stderr.contains(sign)))
        .map(|&(_, what, advice)| (what, advice));
    let cause = if asks_for_unlocked(&stderr, || lock_file(dir)) {
        Some(UNFIT_LOCK)
    } else {
        known
    };
    match cause {
        Some((what, advice)) => Error::Cargo {
            what: what.to_owned(),
            advice: advice.to_owned(),
            stderr,
        },
        None => Error::Failed {
            command: command.to_owned(),
            stderr,
        },
    }
}

/// Whether cargo looked for a package because the lock file does not have it. A
/// vendor directory made from that lock file cannot have it either, and that is
/// all that cargo complains about.
fn asks_for_unlocked(stderr: &str, lock_file: impl FnOnce() -> Option<String>) -> bool {
    if stderr.contains("failed to select a version for the requirement") {
        return !stderr.contains("(locked to ");
    }
    let name = stderr
        .split_once("no matching package named `")
        .and_then(|(_, rest)| rest.split_once('`'));
    match (name, lock_file()) {
        (Some((name, _)), Some(lock)) => !lock.contains(&format!("name = \"{name}\"")),
        _ => false,
    }
}

fn lock_file(dir: &Path) -> Option<String> {
    dir.ancestors()
        .find_map(|dir| fs::read_to_string(dir.join("Cargo.lock")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_not_locked_is_not_called_unvendored() {
        let missing = "error: no matching package named `itoa` found";
        let lock = |name: &str| Some(format!("[[package]]\nname = \"{name}\"\n"));
        assert!(asks_for_unlocked(missing, || lock("serde")));
        assert!(!asks_for_unlocked(missing, || lock("itoa")));

        let requirement = "failed to select a version for the requirement `itoa = \"^2\"`";
        assert!(asks_for_unlocked(requirement, || lock("itoa")));
        let locked = format!("{requirement} (locked to 2.0.1)");
        assert!(!asks_for_unlocked(&locked, || lock("itoa")));
        assert!(!asks_for_unlocked("error: something else", || None));
    }

    fn cause(stderr: &str) -> String {
        match explain("cargo", stderr.to_owned(), Path::new("/nowhere")) {
            Error::Cargo { what, .. } => what,
            other => format!("{other:?}"),
        }
    }

    /// The words of cargo 1.97.
    #[test]
    fn a_version_that_cannot_be_selected_has_several_causes() {
        let start = "error: failed to select a version for `itoa`.\n    \
            ... required by package `app v0.1.0 (/s)`\n\
            versions that meet the requirements `^1` (locked to 1.0.18) are: 1.0.18\n\n";
        let end = "\n\n\nfailed to select a version for `itoa` which could resolve this conflict\n";
        let feature = "package `app` depends on `itoa` with feature `nope` but `itoa` does not have that feature.";
        assert_eq!(
            cause(&format!("{start}{feature}{end}")),
            "a package asks for a feature that its dependency does not have"
        );
        let links = "package `itoa` links to the native library `z`, but it conflicts with a \
            previous package which links to `z` as well:";
        assert_eq!(
            cause(&format!("{start}{links}{end}")),
            "two packages bring the same native library"
        );
        let version = "error: failed to select a version for the requirement `itoa = \"^1\"` \
            (locked to 1.0.19)\ncandidate versions found which didn't match: 1.0.18\n";
        assert_eq!(
            cause(version),
            "a locked package is missing from the vendor directory"
        );
    }
}
