//! Advice for frequent complaints of tests.
//!
//! | what was printed | what the sandbox does not have |
//! |---|---|
//! | `(os error 2)` | files that no source names |
//! | a package that cargo would have to download | other packages than the locked ones |
//! | a name that cannot be resolved, a network that cannot be reached | a network |
//! | a directory that is no git repository | `.git` |
//! | `/usr/bin/env`, and that a file does not exist | programs outside of the store, but for `/bin/sh` |
//! | `(os error 1)`, `(os error 13)` | the rights of an administrator, other users' files |
//!
//! The texts are those of the C library, of Rust's standard library, of cargo, of curl and of git.

/// How a test is left out, for tests that need what no build has.
const SKIP: &str = "leave such a test out with `testArgs = [ \"--skip\" \"NAME\" ]` of the checks";

const NETWORK: [&str; 6] = [
    "failed to lookup address information",
    "Temporary failure in name resolution",
    "Could not resolve host",
    "Couldn't resolve host",
    "Network is unreachable",
    "Network unreachable",
];

const PACKAGES: [&str; 5] = [
    "retry without `--offline`",
    "you may need to run `cargo` without",
    "but --offline was specified",
    "can't be accessed in offline mode",
    "the directory sources are not supposed to be edited manually",
];

/// Notes for an error, in a fixed order.
pub fn of(printed: &str) -> Vec<String> {
    let any = |texts: &[&str]| texts.iter().any(|text| printed.contains(text));
    let mut notes = Vec::new();
    if any(&["(os error 2)"]) {
        notes.push(
            "a test sees the files of its package but for documents that no source names; add \
             others to `test-data = [\"…\"]` under [package.metadata.dyndrv] in the package's \
             Cargo.toml"
                .to_owned(),
        );
    }
    if any(&PACKAGES) {
        notes.push(format!(
            "a cargo that a test starts is offline, and finds the locked packages if the test's \
             code names cargo, or if `test-data` has Cargo.lock; {SKIP}"
        ));
    }
    if any(&NETWORK) {
        notes.push(format!(
            "a build has no network but its own loopback; {SKIP}"
        ));
    }
    if any(&["not a git repository"]) {
        notes.push(format!(
            "the sources of a build have no `.git`: a test may make a repository of its own; {SKIP}"
        ));
    }
    if any(&["/usr/bin/env"]) && any(&["No such file or directory"]) {
        notes.push(format!(
            "a build has no `/usr/bin/env`, only `/bin/sh`: a script that a test writes may begin with \
             `#!/bin/sh`, or the line `extra-sandbox-paths = /usr/bin/env=…/bin/env` of nix.conf, with \
             the store path of coreutils, lets all builds of the machine have it; {SKIP}"
        ));
    }
    if any(&["(os error 1)", "(os error 13)"]) {
        notes.push(format!(
            "a build runs as a user without privileges, alone on its machine; {SKIP}"
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sandbox_does_not_have_is_named_with_a_way_out() {
        let hints = of(
            "curl failed: [6] Could not resolve hostname (Could not resolve host: example.org)\n\
             Os { code: 101, kind: NetworkUnreachable, message: \"Network is unreachable\" }",
        );
        assert_eq!(hints.len(), 1);
        assert!(hints[0].contains("no network"), "{hints:?}");
        assert!(hints[0].contains("--skip"), "{hints:?}");
        assert!(
            of("fatal: not a git repository (or any of the parent directories): .git")[0]
                .contains(".git")
        );
        assert!(of("chown: Operation not permitted (os error 1)")[0].contains("privileges"));
    }

    #[test]
    fn a_cargo_that_lacks_packages_is_explained() {
        let printed = "error: no matching package named `x` found\n\
                       As a reminder, you're using offline mode (--offline) which can sometimes \
                       cause surprising resolution failures, if this error is too confusing you \
                       may wish to retry without `--offline`.\n\
                       error: attempting to make an HTTP request, but --offline was specified";
        let hints = of(printed);
        assert_eq!(hints.len(), 1, "{hints:?}");
        assert!(hints[0].contains("Cargo.lock"), "{hints:?}");
    }

    #[test]
    fn a_script_that_asks_for_env_is_explained() {
        let hints = of("sh: line 1: /usr/bin/env: No such file or directory");
        assert_eq!(hints.len(), 1, "{hints:?}");
        assert!(hints[0].contains("extra-sandbox-paths"), "{hints:?}");
        assert!(of("#!/usr/bin/env bash").is_empty());
    }

    #[test]
    fn other_failures_have_no_hint() {
        assert!(of("assertion `left == right` failed (os error 17)").is_empty());
    }
}
