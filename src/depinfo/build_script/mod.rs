//! Facts about a build script's run and the code that it writes, from its text.
//!
//! No compiler reports what a run reads. By default it sees its whole package. A shorter list
//! needs a statement, of the user or of the script itself, and the text can only add to it:
//!
//! | | the run sees of its package |
//! |---|---|
//! | `build-script-sources` in `[package.metadata.dyndrv]` | what these globs name |
//! | the script touches no file, starts no process, and tells nobody where its package is | what its `rerun-if-changed` lines name, but not its own text |
//! | its `rerun-if-…` lines all stand there word for word, and nothing in its text shows that it may read more (see below) | what these lines name, and all that its strings name or lead to |
//! | otherwise | all of it |
//!
//! cargo runs a script again only if what its `rerun-if-changed` lines name changes, so these
//! lines are the script's own word on its inputs. They are not taken if the script may start
//! a process, lists a directory that is not named at that place, makes paths of other paths,
//! may hand the place of its package to a compiler or to a dependent, or links a package that is not
//! known to read only what it is told ([`known_crates`]). The assumption that remains: a script of which all
//! this is true reads no file of its package whose name comes from outside of its text, such as from
//! another file, and does not occur in that file between quotes.
//!
//! [`outside_package`] lists what a run sees outside of its package. Libraries of the
//! project that are linked into the script count as its text, and if they touch files, it
//! sees their packages as well. `.git` is in no source tree.

mod capabilities;
mod declared;
mod named_paths;
mod outside_package;
mod script_text;
mod test_code;

use super::error::Result;
use super::known_crates::{self, Known};
use super::lists::EntryKind;
use super::references;
use super::source_tree::{Resolved, SourceTree, relative};
use super::walk::{self, CrateContext, CrateFiles};
use declared::Declaration;
pub use outside_package::named_files;
use script_text::ScriptText;
use std::collections::{BTreeMap, BTreeSet};
pub use test_code::{CargoUse, cargo_use, lists_its_package};

/// The facts about one build script.
#[derive(Debug)]
pub struct ScriptFacts {
    /// It may set `feature`, which mostly only cargo does.
    pub sets_features: bool,
    /// Why code that it writes may include files of the package, if it may.
    pub writes_includes: Option<IncludeWriter>,
    /// The files that its run reads of its package, and of those in `linked`.
    pub inputs: PackageInputs,
    /// Files outside of its package that it may read.
    pub outside: BTreeMap<String, EntryKind>,
    /// The packages, as indices, whose libraries are linked into it and touch files.
    pub linked: Vec<usize>,
}

/// The reason to believe that a build script writes code that includes files of its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeWriter {
    /// Its own text speaks of such code.
    Script,
    /// A package that is known to write such code. Its macros bring that code in.
    Package(&'static Known),
}

/// The files of a package that the run of a script reads.
#[derive(Debug)]
pub enum PackageInputs {
    /// Anything.
    Whole,
    /// The files and directories with these names, with everything below the directories.
    Named(PackagePaths),
}

/// Paths of files and directories of a package.
#[derive(Debug, Default)]
pub struct PackagePaths {
    /// Relative to the package. What does not exist stands for a name that something is put to.
    paths: BTreeSet<String>,
}

/// A library of the project that is linked into a build script.
pub struct LinkedLibrary<'a> {
    /// The index of its package.
    pub package: usize,
    pub context: CrateContext<'a>,
    pub root: &'a str,
}

/// Reads the text of a package's build script, and of the project's libraries that are linked
/// into it. The cfg of all contexts must be unknown. `None`: there is no such file.
pub fn facts(
    context: &CrateContext,
    root: &str,
    libraries: &[LinkedLibrary],
) -> Result<Option<ScriptFacts>> {
    let Some(root) = context.tree.find_file("", root)? else {
        return Ok(None);
    };
    let crate_files = walk::walk_crate(context, &root)?;
    let mut certain = crate_files.fallbacks.is_empty();
    let mut text = text_of(&crate_files);
    let mut linked = Vec::new();
    for library in libraries {
        let Some(root) = context.tree.find_file("", library.root)? else {
            continue;
        };
        let crate_files = walk::walk_crate(&library.context, &root)?;
        certain &= crate_files.fallbacks.is_empty();
        let own = text_of(&crate_files);
        if capabilities::touches_files(&own) {
            linked.push(library.package);
        }
        text.append(own);
    }
    let packages = &context.package.build_dependencies;
    let all_known = |reads: fn(&str, &semver::Version) -> bool| {
        let mut packages = packages.iter();
        packages.all(|(name, version)| reads(name, version))
    };
    let certain_of_text = certain && all_known(known_crates::reads_what_it_is_told);
    let free = !certain_of_text
        || capabilities::starts_processes(&text)
        || capabilities::lists_directories(&text);
    Ok(Some(ScriptFacts {
        sets_features: text
            .strings
            .iter()
            .any(|string| string.contains("feature=") || string.contains("feature =")),
        writes_includes: include_writer(context, &text),
        inputs: if certain && reads_no_file(context, &text, all_known(known_crates::reads_nothing))
        {
            let mut paths = match declared::declaration(&text) {
                Declaration::Inputs(paths) => paths,
                Declaration::Unknown => BTreeSet::new(),
            };
            // Its own text is in the compiled script.
            if let Some(own) = relative(&root.path, context.package_dir) {
                paths.remove(own);
            }
            PackageInputs::Named(PackagePaths { paths })
        } else if free {
            PackageInputs::Whole
        } else {
            declared_inputs(&text)
        },
        outside: outside_package::outside(context, &text, free)?,
        linked,
    }))
}

/// Whether the script certainly reads no file, and tells nobody where files of its package are.
fn reads_no_file(context: &CrateContext, text: &ScriptText, harmless_packages: bool) -> bool {
    let names_a_file = || {
        let without_lines = ScriptText {
            strings: text
                .strings
                .iter()
                .filter(|string| !string.contains("rerun-if-changed"))
                .cloned()
                .collect(),
            ..ScriptText::default()
        };
        let exists = |path: named_paths::NamedPath| {
            let path = path.names.join("/");
            matches!(context.tree.find(context.package_dir, &path), Ok(Some(_)))
        };
        named_paths::all_paths(&without_lines)
            .into_iter()
            .any(exists)
    };
    harmless_packages
        && !capabilities::touches_files(text)
        && !capabilities::knows_its_package(text)
        && !names_a_file()
}

/// The declared inputs of a script that reads only files that it names.
fn declared_inputs(text: &ScriptText) -> PackageInputs {
    let Declaration::Inputs(mut paths) = declared::declaration(text) else {
        return PackageInputs::Whole;
    };
    if capabilities::derives_paths(text) || tells_its_package(text) {
        return PackageInputs::Whole;
    }
    // The manifest is no file like others: it is named by a variable too.
    if text
        .strings
        .iter()
        .any(|string| string.contains("MANIFEST_PATH"))
    {
        paths.insert("Cargo.toml".to_owned());
    }
    for path in named_paths::all_paths(text) {
        if path.ups == 0 {
            paths.insert(path.names.join("/"));
        }
    }
    // Names with spaces and other signs.
    let whole = text
        .strings
        .iter()
        .map(|string| string.trim_start_matches(['.', '/']));
    paths.extend(whole.filter(|string| string.len() < 256).map(str::to_owned));
    paths.remove("");
    PackageInputs::Named(PackagePaths { paths })
}

/// Whether what the script says to cargo may hold the place of its package.
fn tells_its_package(text: &ScriptText) -> bool {
    const HARMLESS: [&str; 4] = [
        "rerun-if-changed=",
        "rustc-cfg=",
        "rustc-check-cfg=",
        "warning=",
    ];
    let holds_a_value = |string: &String| {
        let instruction = string
            .strip_prefix("cargo:")
            .map(|rest| rest.trim_start_matches(':'));
        instruction.is_some_and(|instruction| {
            !HARMLESS.iter().any(|key| instruction.starts_with(key)) && instruction.contains('{')
        })
    };
    capabilities::knows_its_package(text) && text.strings.iter().any(holds_a_value)
}

impl PackagePaths {
    /// The files and directories with these names in the package of the directory `package`, without the
    /// directories for which `others` holds.
    pub fn resolve(
        &self,
        tree: &SourceTree,
        package: &str,
        others: &dyn Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, EntryKind>> {
        let mut all = BTreeMap::new();
        for path in &self.paths {
            self.add(tree, package, others, path, &mut all)?;
        }
        Ok(all)
    }

    fn add(
        &self,
        tree: &SourceTree,
        package: &str,
        others: &dyn Fn(&str) -> bool,
        path: &str,
        all: &mut BTreeMap<String, EntryKind>,
    ) -> Result<()> {
        let mut path = path;
        loop {
            // A word that happens to be the name of a link that leads nowhere is no error.
            if let Ok(Some(found)) = tree.find(package, path) {
                return add_found(tree, package, others, &found, all);
            }
            add_with_ending(tree, package, path, all)?;
            // What is not there may be made of the name and something else.
            match path.rsplit_once('/') {
                Some((dir, _)) if !dir.is_empty() => path = dir,
                _ => return Ok(()),
            }
        }
    }
}

fn add_found(
    tree: &SourceTree,
    package: &str,
    others: &dyn Fn(&str) -> bool,
    found: &Resolved,
    all: &mut BTreeMap<String, EntryKind>,
) -> Result<()> {
    all.extend(found.on_the_way.iter().cloned());
    if found.directory {
        all.append(&mut tree.below(&found.path, others)?);
        return Ok(());
    }
    all.insert(found.path.to_string(), EntryKind::File);
    all.append(&mut references::followed(tree, package, found)?);
    Ok(())
}

/// Adds the files that begin with a name, up to a dot.
fn add_with_ending(
    tree: &SourceTree,
    package: &str,
    path: &str,
    all: &mut BTreeMap<String, EntryKind>,
) -> Result<()> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Ok(Some(found)) = tree.find(package, dir) else {
        return Ok(());
    };
    if name.is_empty() || !found.directory {
        return Ok(());
    }
    for file in tree.files_in(&found.path)? {
        let begins = file
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('.'));
        if begins && let Ok(Some(found)) = tree.find_file(&found.path, &file) {
            all.extend(found.on_the_way.iter().cloned());
            all.insert(found.path.to_string(), EntryKind::File);
        }
    }
    Ok(())
}

/// Macros and attributes with which code includes files.
const INCLUDING: [&str; 5] = [
    "include_str!",
    "include_bytes!",
    "include!",
    "#[path",
    "#[ path",
];

fn include_writer(context: &CrateContext, text: &ScriptText) -> Option<IncludeWriter> {
    let writer = known_crates::code_writer(context.package.build_dependency_names());
    writer.map(IncludeWriter::Package).or_else(|| {
        let mut strings = text.strings.iter();
        let speaks = |string: &String| INCLUDING.iter().any(|part| string.contains(part));
        strings.any(speaks).then_some(IncludeWriter::Script)
    })
}

fn text_of(crate_files: &CrateFiles) -> ScriptText {
    ScriptText::new(crate_files.code.iter().map(|file| &*file.text))
}
