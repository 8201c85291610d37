//! Which files outside of its package the run of a build script can reach.
//!
//! | the script | its run sees besides |
//! |---|---|
//! | names `../x`, or `x` and goes to a parent directory somewhere | `x`, where there is such a file or directory above the package |
//! | names a file in another package's directory | it |
//! | as before, of a file that may include others (C, protobuf) | the files beside it |
//! | names `..` alone and lists directories, starts processes or links unknown packages | all that is below that directory |
//! | asks cargo about the workspace, or goes to a parent directory of the package for something that it does not name | the workspace |

use super::names::{self, Named};
use super::text::Text;
use crate::depinfo::files::Files;
use crate::depinfo::model::{EntryKind, Result, Width};
use crate::depinfo::scanner::Input;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Names by which a script goes from a path to one above it.
const CLIMBING: [&str; 5] = ["ancestors", "components", "parent", "pop", "with_file_name"];

/// Packages that ask cargo about the workspace, or read its sources.
const WORKSPACE_READERS: [&str; 3] = ["cargo_metadata", "cbindgen", "guppy"];

/// Packages that look for the lock file.
const LOCK_READERS: [&str; 3] = ["built", "cargo-lock", "shadow-rs"];

/// Endings of files that include no others.
const SELF_CONTAINED: [&str; 16] = [
    "css", "csv", "env", "html", "ico", "json", "lock", "md", "pem", "png", "svg", "toml", "txt",
    "version", "yaml", "yml",
];

/// The files, relative to the source root, that a package's code leads to by naming them
/// relative to the package, or, with `climbs`, by going to a parent directory and naming
/// what is there. Those of the package itself are among them.
///
/// `root` is the source root, `package` the package's directory relative to it, `code` the
/// texts of Rust files. What tests read follows the same rules as what build scripts do.
///
/// # Errors
///
/// If a directory cannot be read.
pub fn named_files<'a>(
    root: &Path,
    package: &str,
    code: impl IntoIterator<Item = &'a [u8]>,
    climbs: bool,
) -> Result<BTreeMap<String, EntryKind>> {
    let files = Files::new(root.to_owned());
    let text = Text::new(code);
    let mut found = Finder {
        files: &files,
        package,
        found: BTreeMap::new(),
    };
    let climbs = climbs && goes_up(&text);
    for path in names::all_paths(&text) {
        found.named(&path, false, climbs)?;
    }
    Ok(found.found)
}

/// Whether the text goes from a path to one above it.
fn goes_up(text: &Text) -> bool {
    CLIMBING.iter().any(|name| text.idents.contains(*name))
}

/// The files that the run sees outside of its package.
///
/// `free`: the script may read what it does not name.
pub(super) fn outside(
    input: &Input,
    text: &Text,
    free: bool,
) -> Result<BTreeMap<String, EntryKind>> {
    let mut found = Finder {
        files: input.files,
        package: &input.package.dir,
        found: BTreeMap::new(),
    };
    let links = |packages: &[&str]| {
        let mut linked = input.package.build_dependencies.iter();
        linked.any(|name| packages.contains(&&**name))
    };
    let asks_cargo = text.idents.contains("Command")
        && ["metadata", "locate-project"]
            .iter()
            .any(|command| text.strings.contains(*command));
    if asks_cargo || links(&WORKSPACE_READERS) {
        found.all_below(input.workspace)?;
        return found.without_package(input);
    }
    if links(&LOCK_READERS) {
        for file in ["Cargo.lock", "Cargo.toml"] {
            found.add(input.workspace, file)?;
        }
    }
    let named = names::all_paths(text);
    let climbs = goes_up(text)
        || text
            .strings
            .iter()
            .any(|string| string.contains("WORKSPACE"));
    let climbs_by_name = named
        .iter()
        .any(|path| path.ups > 0 && path.names.is_empty());
    for path in &named {
        found.named(path, free, climbs || climbs_by_name)?;
    }
    let from_package = text.idents.contains("current_dir")
        || text
            .strings
            .iter()
            .any(|string| string.contains("MANIFEST"));
    if climbs && free && from_package && found.found.is_empty() {
        found.all_below(input.workspace)?;
    }
    found.without_package(input)
}

struct Finder<'a> {
    files: &'a Files,
    /// The package's directory.
    package: &'a str,
    found: BTreeMap<String, EntryKind>,
}

impl Finder<'_> {
    fn named(&mut self, path: &Named, free: bool, climbs: bool) -> Result<()> {
        let name = path.names.join("/");
        if path.ups == 0 {
            if !name.is_empty() {
                // It may be in the directory of a package below this one.
                self.add(self.package, &name)?;
                if climbs {
                    let mut above = parent(self.package);
                    while let Some(dir) = above {
                        self.add(dir, &name)?;
                        above = parent(dir);
                    }
                }
            }
            return Ok(());
        }
        let mut base = Some(self.package);
        for _ in 0..path.ups {
            base = base.and_then(parent);
        }
        let Some(base) = base else {
            return Ok(());
        };
        if path.names.is_empty() {
            return if free { self.all_below(base) } else { Ok(()) };
        }
        // What is not there may be made of the name and something else.
        for length in (1..=path.names.len()).rev() {
            if self.add(base, &path.names[..length].join("/"))? {
                break;
            }
        }
        Ok(())
    }

    /// Adds a file or directory, and tells whether it exists.
    fn add(&mut self, base: &str, name: &str) -> Result<bool> {
        // No source tree has a repository, whoever names it.
        if name.split('/').any(|part| part == ".git") {
            return Ok(false);
        }
        // A word that happens to be the name of a link that leads nowhere is no error.
        let Ok(Some(found)) = self.files.find(base, name) else {
            return Ok(false);
        };
        let links = found.links.iter();
        self.found
            .extend(links.map(|(path, target)| (path.clone(), EntryKind::Symlink(target.clone()))));
        if found.directory {
            self.all_below(&found.real)?;
            return Ok(true);
        }
        self.found.insert(found.real.to_string(), EntryKind::File);
        let (dir, file) = found.real.rsplit_once('/').unwrap_or(("", &found.real));
        let (_, ending) = file.rsplit_once('.').unwrap_or((file, "txt"));
        if SELF_CONTAINED.contains(&ending) {
            return Ok(true);
        }
        if !holds(dir, self.package) {
            self.all_below(dir)?;
            return Ok(true);
        }
        let beside = self.files.below(dir, &HashSet::new())?;
        self.found.extend(beside.into_iter().filter(|(path, _)| {
            path.strip_prefix(dir)
                .is_some_and(|rest| !rest.trim_start_matches('/').contains('/'))
        }));
        Ok(true)
    }

    /// What was found, without the package's own files, for which there are other rules.
    fn without_package(mut self, input: &Input) -> Result<BTreeMap<String, EntryKind>> {
        for (path, _) in input.added_by(&Width::Package)? {
            self.found.remove(&path);
        }
        Ok(self.found)
    }

    fn all_below(&mut self, dir: &str) -> Result<()> {
        self.found.extend(self.files.below(dir, &HashSet::new())?);
        Ok(())
    }
}

/// The directory that a directory is in; none for the root.
fn parent(dir: &str) -> Option<&str> {
    (!dir.is_empty()).then(|| dir.rsplit_once('/').map_or("", |(parent, _)| parent))
}

/// Whether a directory is another one or holds it.
fn holds(dir: &str, other: &str) -> bool {
    dir.is_empty()
        || other
            .strip_prefix(dir)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
