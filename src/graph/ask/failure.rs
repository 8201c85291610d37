//! Recognising why cargo failed, where the user can do something about it.

use crate::graph::error::Error;

/// What cargo says, the cause, and what to do.
const CAUSES: &[(&[&str], &str, &str)] = &[
    (
        &["requires a nightly version of Cargo"],
        "a manifest asks for an unstable feature of cargo",
        "Remove it from `cargo-features`, or use a nightly toolchain.",
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
        "Cargo.lock does not fit the manifests",
        "Run `cargo update --workspace`, or any cargo command without `--locked`, and commit Cargo.lock.",
    ),
    (
        &[
            "is not supported by the following package",
            "requires rustc ",
        ],
        "a package needs a newer rustc",
        "Use a newer toolchain, an older version of that package, or set `ignoreRustVersion`.",
    ),
    (
        &[
            "no matching package",
            "failed to select a version for",
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

/// The error for a command that failed.
pub(super) fn explain(command: &str, stderr: String) -> Error {
    let cause = CAUSES
        .iter()
        .find(|(signs, ..)| signs.iter().any(|sign| stderr.contains(sign)));
    match cause {
        Some((_, what, advice)) => Error::Cargo {
            what: what.to_string(),
            advice: advice.to_string(),
            stderr,
        },
        None => Error::Failed {
            command: command.to_owned(),
            stderr,
        },
    }
}
