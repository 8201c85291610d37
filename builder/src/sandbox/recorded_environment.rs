//! Environments that stdenv's setup script has recorded.
//!
//! For each crate with an entry in `crateEnv`, and for the toolchain as such, the Nix library
//! runs stdenv's setup once and keeps the variables that it exports: a JSON object in a file
//! of the store, `{ "PKG_CONFIG_PATH": "/nix/store/…", … }`, whose values are strings. Setup
//! hooks, propagation and hardening are thereby nixpkgs' own. A process gets several of them,
//! the most specific one first ([`Process::environment`](crate::spec::Process::environment)).
//!
//! | variable | its value |
//! |---|---|
//! | one that the specification sets | that, before what is joined to it |
//! | a list of directories: `DIRECTORIES`, also `…_FOR_BUILD` and `…_FOR_TARGET` | all of them, each directory once |
//! | a list of flags: `FLAGS`, also with a suffix for the role or the platform | all of them; a flag and its arguments once |
//! | `PRIVATE`: what belongs to the process of the recording itself | none |
//! | any other | that of the first environment which has it |

use super::Environment;
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

/// Arguments for the compiler that links, in a recorded environment: the attribute of an
/// entry of nixpkgs' `defaultCrateOverrides`.
pub const LINK_FLAGS: &str = "extraLinkFlags";

/// Lists whose elements a colon separates.
const DIRECTORIES: [&str; 17] = [
    "ACLOCAL_PATH",
    "CMAKE_INCLUDE_PATH",
    "CMAKE_LIBRARY_PATH",
    "CMAKE_PREFIX_PATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "GI_TYPELIB_PATH",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "NIXPKGS_CMAKE_PREFIX_PATH",
    "OBJC_INCLUDE_PATH",
    "PATH",
    "PERL5LIB",
    "PKG_CONFIG_PATH",
    "PYTHONPATH",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS",
];

/// Lists of flags, which spaces separate.
const FLAGS: [&str; 10] = [
    LINK_FLAGS,
    "BINDGEN_EXTRA_CLANG_ARGS",
    "NIX_CFLAGS_COMPILE",
    "NIX_CFLAGS_COMPILE_BEFORE",
    "NIX_CFLAGS_LINK",
    "NIX_CXXSTDLIB_COMPILE",
    "NIX_CXXSTDLIB_LINK",
    "NIX_GNATFLAGS_COMPILE",
    "NIX_LDFLAGS",
    "NIX_LDFLAGS_BEFORE",
];

/// Variables that a recording should not hold, and that no unit takes from it.
const PRIVATE: [&str; 20] = [
    "HOME",
    "HOST_PATH",
    "NIX_ATTRS_JSON_FILE",
    "NIX_ATTRS_SH_FILE",
    "NIX_BUILD_CORES",
    "NIX_BUILD_TOP",
    "NIX_LOG_FD",
    "OLDPWD",
    "PWD",
    "SHELL",
    "SHLVL",
    "TEMP",
    "TEMPDIR",
    "TERM",
    "TMP",
    "TMPDIR",
    "_",
    "builder",
    "out",
    "outputs",
];

/// The kind of a variable's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directories,
    Flags,
    Single,
}

/// Adds the recorded environments in these files to `env`.
///
/// # Errors
///
/// If a file cannot be read, or is no object of strings.
pub fn add(env: &mut Environment, files: &[String]) -> Result<()> {
    for file in files {
        for (name, value) in read(Path::new(file))? {
            if !PRIVATE.contains(&name.as_str()) {
                join(env, name, &value);
            }
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Environment> {
    let text =
        fs::read(file).map_err(|e| Error::io("cannot read the recorded environment", file, e))?;
    serde_json::from_slice(&text).map_err(|e| {
        Error::new(format!(
            "the recorded environment {} is not an object of strings: {e}",
            file.display()
        ))
    })
}

fn join(env: &mut Environment, name: String, value: &str) {
    let kind = kind(&name);
    let Some(known) = env.get_mut(&name) else {
        env.insert(name, value.to_owned());
        return;
    };
    match kind {
        Kind::Single => {}
        Kind::Flags => {
            let flags = flags(value);
            let mut all = self::flags(known);
            for flag in flags {
                if !all.contains(&flag) {
                    all.push(flag);
                }
            }
            *known = all.concat().join(" ");
        }
        Kind::Directories => {
            for directory in value.split(':').filter(|directory| !directory.is_empty()) {
                if !known.split(':').any(|other| other == directory) {
                    // An empty element would mean the working directory.
                    if !known.is_empty() {
                        known.push(':');
                    }
                    known.push_str(directory);
                }
            }
        }
    }
}

/// Flags, each with the words behind it that are none: `-isystem /x`.
fn flags(value: &str) -> Vec<Vec<&str>> {
    let mut flags: Vec<Vec<&str>> = Vec::new();
    for word in value.split_whitespace() {
        match flags.last_mut() {
            Some(flag) if !word.starts_with('-') => flag.push(word),
            _ => flags.push(vec![word]),
        }
    }
    flags
}

fn kind(name: &str) -> Kind {
    let plain = ["_FOR_BUILD", "_FOR_TARGET"]
        .iter()
        .find_map(|role| name.strip_suffix(role))
        .unwrap_or(name);
    if DIRECTORIES.contains(&plain) {
        return Kind::Directories;
    }
    // nixpkgs' wrappers read `NIX_LDFLAGS_x86_64_unknown_linux_gnu` as well.
    let of_platform = |list: &str| {
        name.strip_prefix(list)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    if FLAGS.iter().any(|list| of_platform(list)) {
        return Kind::Flags;
    }
    Kind::Single
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn of(given: &[(&str, &str)], recorded: &[&[(&str, &str)]]) -> Vec<(String, String)> {
        let temp = tempfile::tempdir().unwrap();
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let mut files = Vec::new();
        for (number, variables) in recorded.iter().enumerate() {
            let file = temp.path().join(number.to_string());
            fs::write(&file, serde_json::to_string(&map(variables)).unwrap()).unwrap();
            files.push(file.display().to_string());
        }
        let mut env = map(given);
        add(&mut env, &files).unwrap();
        env.into_iter().collect()
    }

    fn pairs(values: &[(&str, &str)]) -> Vec<(String, String)> {
        let values = values.iter();
        values
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn the_first_value_of_a_plain_variable_wins() {
        let crate_ = [("LIBCLANG_PATH", "/clang"), ("NIX_HARDENING_ENABLE", "pic")];
        let toolchain = [
            ("LIBCLANG_PATH", "/other"),
            ("NIX_HARDENING_ENABLE", "pic fortify"),
            ("SOURCE_DATE_EPOCH", "315532800"),
        ];
        assert_eq!(
            of(&[("CC", "mine")], &[&crate_, &toolchain, &[("CC", "gcc")]]),
            pairs(&[
                ("CC", "mine"),
                ("LIBCLANG_PATH", "/clang"),
                ("NIX_HARDENING_ENABLE", "pic"),
                ("SOURCE_DATE_EPOCH", "315532800"),
            ])
        );
    }

    #[test]
    fn directories_and_flags_are_joined() {
        let crate_ = [
            ("PATH", "/a/bin:/b/bin"),
            ("NIX_CFLAGS_COMPILE", " -isystem /z/include -g"),
            ("NIX_LDFLAGS_x86_64_unknown_linux_gnu", "-L/z"),
            ("PKG_CONFIG_PATH_FOR_TARGET", "/z"),
        ];
        let toolchain = [
            ("PATH", "/b/bin:/c/bin"),
            (
                "NIX_CFLAGS_COMPILE",
                "-isystem /y/include -isystem /z/include ",
            ),
            ("NIX_LDFLAGS_x86_64_unknown_linux_gnu", "-L/y"),
            ("PKG_CONFIG_PATH_FOR_TARGET", "/y"),
        ];
        assert_eq!(
            of(&[("PATH", "/rustc/bin")], &[&crate_, &toolchain]),
            pairs(&[
                (
                    "NIX_CFLAGS_COMPILE",
                    "-isystem /z/include -g -isystem /y/include"
                ),
                ("NIX_LDFLAGS_x86_64_unknown_linux_gnu", "-L/z -L/y"),
                ("PATH", "/rustc/bin:/a/bin:/b/bin:/c/bin"),
                ("PKG_CONFIG_PATH_FOR_TARGET", "/z:/y"),
            ])
        );
    }

    #[test]
    fn what_belongs_to_the_recording_is_left_out() {
        let recorded = [
            ("HOME", "/homeless-shelter"),
            ("out", "/nix/store/x"),
            ("A", "1"),
        ];
        assert_eq!(of(&[], &[&recorded]), pairs(&[("A", "1")]));
    }

    #[test]
    fn a_file_of_another_form_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("environment.json");
        fs::write(&file, r#"{"PATH": ["/a"]}"#).unwrap();
        let files = [file.display().to_string()];
        let message = add(&mut Environment::new(), &files)
            .unwrap_err()
            .to_string();
        assert!(message.contains("environment.json"), "{message}");
    }
}
