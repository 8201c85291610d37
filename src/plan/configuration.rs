//! Files of the source tree that cargo's configuration names, and the units that read them.
//!
//! | named by | relative to | read by |
//! |---|---|---|
//! | `linker` | the configuration's directory | units that link, third-party ones too |
//! | `rustflags`, in a `link-arg` or `link-args` | the directory that the unit is compiled in | units that link |
//! | `rustflags` elsewhere | the same | all units that are compiled |
//! | `runner` | the configuration's directory | runs of test executables |
//! | `[env]` with `relative = true` | the configuration's directory | units whose third-party code [asks for it](super::asked_variables) |
//! | `rustdocflags`, and the arguments of checks for rustdoc | the directory that rustdoc runs in | documentation and its tests |
//! | a text that is such a file (a script, an `INCLUDE` of a linker script) | its own directory, and where the unit is compiled | the same |
//!
//! Every part of a flag that is the name of an existing file counts, so that a list can be
//! too long and not too short. Of a directory (`-L libs`) the files directly in it count, of one
//! that a variable names everything below it.
//!
//! A third-party package is compiled in its own directory, where no file of the source tree is.

use super::Error;
use crate::depinfo::{EntryKind, Resolved, SourceTree};
use crate::graph::model::{ConfigEnv, ConfigProgram, UnitRef};
use crate::graph::rules::layout::compiled_in;
use std::collections::BTreeSet;

/// Longer files are not searched for names.
const MAX_LENGTH: usize = 1 << 18;

/// Whether a unit is linked by a program that is in the source tree.
pub fn has_linker_in_tree(unit: UnitRef<'_>) -> bool {
    links(unit) && matches!(unit.platform().linker, Some(ConfigProgram::Tree(_)))
}

/// The files that the compilation of a unit reads.
///
/// # Errors
///
/// If a file cannot be read.
pub fn files_of(unit: UnitRef<'_>, tree: &SourceTree) -> Result<BTreeSet<String>, Error> {
    let mut found = Finder::new(unit, tree);
    if unit.is_run() {
        return Ok(found.files);
    }
    let links = links(unit);
    if let Some(ConfigProgram::Tree(linker)) = unit.platform().linker.as_ref().filter(|_| links) {
        found.name("", linker)?;
    }
    if let Some(directory) = compiled_in(unit) {
        for flag in flags(&unit.platform().rustflags) {
            if links || !flag.linking {
                for name in names(flag.text) {
                    found.name(directory, name)?;
                }
            }
        }
    }
    Ok(found.files)
}

/// The files that these variables lead a unit to.
///
/// # Errors
///
/// If a directory cannot be read.
pub fn files_of_variables(
    unit: UnitRef<'_>,
    variables: &[&ConfigEnv],
    tree: &SourceTree,
) -> Result<BTreeSet<String>, Error> {
    let mut found = Finder::new(unit, tree);
    for variable in variables {
        let directory = variable.relative_to.as_deref().unwrap_or_default();
        // A value that leads out of the sources leads nowhere in a build.
        let Ok(Some(named)) = tree.find(directory, &variable.value) else {
            continue;
        };
        if named.directory {
            found
                .files
                .extend(tree.contents(&named.path, |_| false)?.entries.into_keys());
        } else {
            found.file(named)?;
        }
    }
    Ok(found.files)
}

/// The files that arguments of rustdoc name.
///
/// # Errors
///
/// If a file cannot be read.
pub fn files_of_rustdoc(
    unit: UnitRef<'_>,
    args: &[String],
    tree: &SourceTree,
) -> Result<BTreeSet<String>, Error> {
    let mut found = Finder::new(unit, tree);
    if let Some(directory) = compiled_in(unit) {
        for name in args.iter().flat_map(|arg| names(arg)) {
            found.name(directory, name)?;
        }
    }
    Ok(found.files)
}

/// The files that starting a test executable reads.
///
/// # Errors
///
/// If a file cannot be read.
pub fn files_of_runner(unit: UnitRef<'_>, tree: &SourceTree) -> Result<BTreeSet<String>, Error> {
    let mut found = Finder::new(unit, tree);
    let runner = unit.platform().runner.as_ref();
    if let Some(ConfigProgram::Tree(program)) = runner.map(|runner| &runner.program) {
        found.name("", program)?;
    }
    Ok(found.files)
}

fn links(unit: UnitRef<'_>) -> bool {
    !unit.is_run() && !unit.mode.is_check() && unit.requires_upstream_objects()
}

/// A flag of the compiler, without the option that it follows.
struct Flag<'a> {
    text: &'a str,
    /// Whether only the linker sees it.
    linking: bool,
}

fn flags(args: &[String]) -> Vec<Flag<'_>> {
    args.iter()
        .map(|arg| {
            let option = arg.strip_prefix("-C").or_else(|| arg.strip_prefix("-Z"));
            let option = option.unwrap_or(arg);
            let linking = ["link-arg", "pre-link-arg", "post-link-arg", "linker="];
            Flag {
                text: arg,
                linking: linking.iter().any(|key| option.starts_with(key)),
            }
        })
        .collect()
}

/// The parts of a flag that may name a file: `x` of `-Tx`, of `-Wl,--y=x` and of `native=x`.
fn names(flag: &str) -> impl Iterator<Item = &str> {
    let parts = flag.split([',', '=', ' ']).filter(|part| !part.is_empty());
    parts.flat_map(|part| {
        let value = part.strip_prefix('-').and_then(|option| {
            let mut rest = option.chars();
            rest.next()?;
            Some(rest.as_str())
        });
        [Some(part), value, part.strip_prefix('@')]
            .into_iter()
            .flatten()
            .filter(|name| !name.is_empty())
    })
}

struct Finder<'a> {
    tree: &'a SourceTree,
    compiled_in: Option<&'a str>,
    files: BTreeSet<String>,
}

impl<'a> Finder<'a> {
    fn new(unit: UnitRef<'a>, tree: &'a SourceTree) -> Self {
        Self {
            tree,
            compiled_in: compiled_in(unit),
            files: BTreeSet::new(),
        }
    }

    /// Adds what a name leads to, if it is there.
    fn name(&mut self, directory: &str, name: &str) -> Result<(), Error> {
        // A word that happens to be the name of a link that leads nowhere is no error.
        let Ok(Some(found)) = self.tree.find(directory, name) else {
            return Ok(());
        };
        if !found.directory {
            return self.file(found);
        }
        if !found.path.is_empty() {
            let inside = self.tree.below(&found.path, |_| true)?;
            for path in inside.into_keys() {
                if let Ok(Some(file)) = self.tree.find_file("", &path) {
                    self.file(file)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a file, and those that it names if it is a text.
    fn file(&mut self, found: Resolved) -> Result<(), Error> {
        let on_the_way = found.on_the_way.into_iter();
        let links = on_the_way.filter(|(_, kind)| *kind != EntryKind::Directory);
        self.files.extend(links.map(|(path, _)| path));
        if !self.files.insert(found.path.to_string()) {
            return Ok(());
        }
        let bytes = self.tree.read(&found.path)?;
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Ok(());
        };
        if text.len() > MAX_LENGTH {
            return Ok(());
        }
        let is_name = |c: char| c.is_alphanumeric() || "._-/+".contains(c);
        let words: BTreeSet<&str> = text.split(|c| !is_name(c)).collect();
        for word in words {
            for directory in [Some(&*found.parent), self.compiled_in]
                .into_iter()
                .flatten()
            {
                let word = word.trim_start_matches('/');
                if let Ok(Some(named)) = self.tree.find_file(directory, word) {
                    self.file(named)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_may_be_a_file() {
        let found = |flag| names(flag).collect::<Vec<_>>();
        assert_eq!(
            found("link-arg=-Tlink.x"),
            ["link-arg", "-Tlink.x", "link.x"]
        );
        assert!(found("link-args=-Wl,--dynamic-list=a.list").contains(&"a.list"));
        assert!(found("-Lnative=libs").contains(&"libs"));
        assert!(found("@args.txt").contains(&"args.txt"));
    }

    #[test]
    fn some_flags_are_for_the_linker_alone() {
        let args = [
            "-C",
            "link-arg=-Tx",
            "-Clink-args=y",
            "-Cprofile-use=z",
            "-L",
            "w",
        ];
        let args = args.map(str::to_owned);
        let linking: Vec<bool> = flags(&args).iter().map(|flag| flag.linking).collect();
        assert_eq!(linking, [false, true, true, false, false, false]);
    }
}
