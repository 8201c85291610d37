//! Which files outside of its package the run of a build script can reach.
//!
//! | the script | its run sees besides |
//! |---|---|
//! | names `../x`, or `x` and goes to a parent directory somewhere | `x`, where there is such a file or directory above the package |
//! | names a file in another package's directory | it |
//! | as before, of a file that may include others (C, protobuf) | the files beside it, and those that it names |
//! | names a variable that `[env]` of the configuration sets to a path | that file; what the script names, from that directory too |
//! | names `..` alone and may read what it does not name | all that is below that directory |
//! | asks cargo about the workspace, or goes to a parent directory of the package for something that it does not name | the workspace |

use super::capabilities;
use super::named_paths::{self, NamedPath};
use super::script_text::ScriptText;
use crate::depinfo::error::Result;
use crate::depinfo::known_crates;
use crate::depinfo::lists::EntryKind;
use crate::depinfo::references;
use crate::depinfo::source_tree::{SourceTree, nothing, parent, relative};
use crate::depinfo::walk::{CrateContext, Variable};
use std::collections::BTreeMap;

/// Endings of files that include no others.
const SELF_CONTAINED: [&str; 16] = [
    "css", "csv", "env", "html", "ico", "json", "lock", "md", "pem", "png", "svg", "toml", "txt",
    "version", "yaml", "yml",
];

/// The files, relative to the source root, that a package's code leads to by naming them
/// relative to the package, or, with `climbs`, by going to a parent directory and naming
/// what is there. Those of the package itself are among them.
///
/// `package` is the package's directory relative to the source root, `code` the texts of
/// Rust files. What tests read follows the same rules as what build scripts do.
///
/// # Errors
///
/// If a directory cannot be read.
pub fn named_files<'a>(
    tree: &SourceTree,
    package: &str,
    code: impl IntoIterator<Item = &'a str>,
    climbs: bool,
) -> Result<BTreeMap<String, EntryKind>> {
    let text = ScriptText::new(code);
    let mut found = Finder {
        tree,
        package,
        bases: vec![package.to_owned()],
        found: BTreeMap::new(),
    };
    let climbs = climbs && capabilities::climbs(&text);
    for path in named_paths::all_paths(&text) {
        found.named(&path, false, climbs)?;
    }
    Ok(found.found)
}

/// The files that the run sees outside of its package.
///
/// `free`: the script may read what it does not name.
pub fn outside(
    context: &CrateContext,
    text: &ScriptText,
    free: bool,
) -> Result<BTreeMap<String, EntryKind>> {
    let mut found = Finder {
        tree: context.tree,
        package: context.package_dir,
        bases: vec![context.package_dir.to_owned()],
        found: BTreeMap::new(),
    };
    let linked = || context.package.build_dependency_names();
    let asks_cargo = text.idents.contains("Command")
        && ["metadata", "locate-project"]
            .iter()
            .any(|command| text.strings.contains(*command));
    if asks_cargo || known_crates::reads_workspace(linked()) {
        found.all_below(context.workspace)?;
        return found.without_package(context);
    }
    if known_crates::reads_lock_file(linked()) {
        for file in ["Cargo.lock", "Cargo.toml"] {
            found.add(context.workspace, file)?;
        }
    }
    for variable in named_variables(context, text) {
        found.variable(variable)?;
    }
    let named = named_paths::all_paths(text);
    let climbs = capabilities::climbs(text)
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
    if climbs && free && capabilities::knows_its_package(text) && found.found.is_empty() {
        found.all_below(context.workspace)?;
    }
    found.without_package(context)
}

/// The paths of the source tree that `[env]` gives to variables which the script names.
fn named_variables<'a>(
    context: &'a CrateContext,
    text: &'a ScriptText,
) -> impl Iterator<Item = &'a Variable> {
    let named = |(name, _): &(&String, &Variable)| text.strings.contains(*name);
    let configured = context.configured_variables.iter();
    configured.filter(named).map(|(_, variable)| variable)
}

struct Finder<'a> {
    tree: &'a SourceTree,
    /// The package's directory.
    package: &'a str,
    /// The directories that names are relative to, the package's first.
    bases: Vec<String>,
    found: BTreeMap<String, EntryKind>,
}

impl Finder<'_> {
    fn named(&mut self, path: &NamedPath, free: bool, climbs: bool) -> Result<()> {
        for base in self.bases.clone() {
            self.named_from(&base, path, free, climbs)?;
        }
        Ok(())
    }

    fn named_from(&mut self, base: &str, path: &NamedPath, free: bool, climbs: bool) -> Result<()> {
        let name = path.names.join("/");
        if path.ups == 0 {
            if !name.is_empty() {
                // It may be in the directory of a package below this one.
                self.add(base, &name)?;
                if climbs {
                    let mut above = parent(base);
                    while let Some(dir) = above {
                        self.add(dir, &name)?;
                        above = parent(dir);
                    }
                }
            }
            return Ok(());
        }
        let mut above = Some(base);
        for _ in 0..path.ups {
            above = above.and_then(parent);
        }
        let Some(above) = above else {
            return Ok(());
        };
        if path.names.is_empty() {
            return if free { self.all_below(above) } else { Ok(()) };
        }
        // What is not there may be made of the name and something else.
        for length in (1..=path.names.len()).rev() {
            if self.add(above, &path.names[..length].join("/"))? {
                break;
            }
        }
        Ok(())
    }

    /// A path that a variable holds: a file is read, from a directory names lead on.
    fn variable(&mut self, variable: &Variable) -> Result<()> {
        let Some(dir) = &variable.dir else {
            return Ok(());
        };
        let path = variable.text.trim_matches('/');
        let Ok(Some(found)) = self.tree.find(dir, path) else {
            return Ok(());
        };
        if found.directory {
            self.bases.push(found.path.to_string());
        } else {
            self.add(dir, path)?;
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
        let Ok(Some(found)) = self.tree.find(base, name) else {
            return Ok(false);
        };
        self.found.extend(found.on_the_way.iter().cloned());
        if found.directory {
            self.all_below(&found.path)?;
            return Ok(true);
        }
        self.found.insert(found.path.to_string(), EntryKind::File);
        let (dir, file) = found.path.rsplit_once('/').unwrap_or(("", &found.path));
        let (_, ending) = file.rsplit_once('.').unwrap_or((file, "txt"));
        if SELF_CONTAINED.contains(&ending) {
            return Ok(true);
        }
        let referred = references::followed(self.tree, self.package, &found)?;
        self.found.extend(referred);
        if relative(self.package, dir).is_none() {
            self.all_below(dir)?;
            return Ok(true);
        }
        for file in self.tree.files_in(dir)? {
            if let Ok(Some(beside)) = self.tree.find_file(dir, &file) {
                self.found.extend(beside.on_the_way);
                self.found.insert(beside.path.to_string(), EntryKind::File);
            }
        }
        Ok(true)
    }

    /// The findings without the package's own files, for which there are other rules.
    fn without_package(mut self, context: &CrateContext) -> Result<BTreeMap<String, EntryKind>> {
        let own = context.package_dir;
        let inner: Vec<&str> = context
            .packages
            .iter()
            .map(String::as_str)
            .filter(|dir| *dir != own && relative(dir, own).is_some())
            .collect();
        self.found.retain(|path, _| {
            let of_inner = || inner.iter().any(|dir| relative(path, dir).is_some());
            relative(path, own).is_none() || of_inner()
        });
        Ok(self.found)
    }

    fn all_below(&mut self, dir: &str) -> Result<()> {
        self.found.extend(self.tree.below(dir, nothing)?);
        Ok(())
    }
}
