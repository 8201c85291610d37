//! Which files a package's tests find while they run.
//!
//! | file | content |
//! |---|---|
//! | Rust code of the test's own target | its own: test tools read and show the place of an assertion |
//! | other Rust code: below `src`, beside or below the root file of a target in another directory | empty, or its own if a string in a test's code names it, or if a test lists the package's directory |
//! | what else is in a directory that holds the root file of a target, such as `tests/fixtures` | its own |
//! | any other file or directory at the package's top level | its own, if a string in the package's code names it |
//! | what a link leads to that is one of those with content, outside of the package too | its own |
//! | what `test-data` or `extra-sources` name | its own |
//! | outside of the package or in another one below it, what a string names relative to the package, or, in a test that goes to a parent directory, relative to one above | its own |
//! | `Cargo.toml` of the package and of directories above it | empty, if nothing above names it: test tools find the workspace by them |
//! | the configuration's runner and files that its arguments name | its own |
//! | the workspace, if a test may start cargo | see [`cargo_files`](super::cargo_files) |
//! | `.git`, what is of another package, or built by cargo | not there |
//!
//! The runs after an edit follow from it:
//!
//! | edit | runs |
//! |---|---|
//! | a README that no code mentions | nothing |
//! | a comment in a target's own code | the tests of that target |
//! | a comment in the library's code | its unit tests; no integration test |
//! | a new Rust file | the tests of its package |

use super::cargo_files;
use super::directories::{Directories, Directory};
use crate::depinfo::{self, CargoUse, EntryKind, Resolved, SourceTree, glob_files};
use crate::graph::model::{Graph, Location, PackageId, SrcPath};
use crate::plan::Error;
use crate::plan::files::{Lists, below};
use crate::source_root::SourceRoot;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The files of a package, relative to the source root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PackageFiles {
    /// The files that tests may read.
    pub data: BTreeSet<String>,
    /// The files that tests find empty, if they are not of their own target.
    pub stand_ins: BTreeSet<String>,
    /// Whether tests see what cargo needs to build the workspace.
    pub for_cargo: bool,
    /// Rust code.
    pub rust: BTreeSet<String>,
    /// Links on the way to the package's directory. They are data, too.
    pub links: BTreeSet<String>,
}

/// Sorts the files of a package. `globs` are relative to the package, `used` are the packages
/// whose code its tests can call.
///
/// # Errors
///
/// If a file cannot be read, or a glob is none.
pub fn of_package(
    graph: &Graph,
    package: PackageId,
    src: &SourceRoot,
    directories: &Directories,
    lists: &Lists,
    globs: &[String],
    used: &BTreeSet<&str>,
) -> Result<PackageFiles, Error> {
    let own = &graph[package];
    let Some(Directory { path: dir, links }) = directories.of(package) else {
        return Ok(PackageFiles::default());
    };
    let (dir, tree) = (dir.as_str(), &directories.tree);
    let roots: Vec<&str> = own
        .targets
        .iter()
        .filter_map(|target| match &target.src {
            SrcPath::Package(path) => Some(path.as_str()),
            _ => None,
        })
        .collect();
    let files = directories.files(package)?;
    let mut named = BTreeSet::new();
    let settings = [
        ("testData", globs),
        ("test-data", &own.metadata.test_data),
        ("extra-sources", &own.metadata.extra_sources),
    ];
    for (setting, globs) in settings {
        for glob in globs {
            named.extend(glob_files(tree, &own.name, setting, dir, glob)?.into_keys());
        }
    }
    let mut rust = BTreeSet::new();
    for file in files.keys().filter(|file| file.ends_with(".rs")) {
        // No directory, and no link that leads nowhere.
        if matches!(tree.find_file(dir, file), Ok(Some(_))) {
            rust.insert(file);
        }
    }
    let mut code = String::new();
    // The texts of all files, of those that are mostly tests, and of examples in documentation.
    let (mut all, mut tests, mut examples) = (Vec::new(), Vec::new(), Vec::new());
    for file in &rust {
        src.note_read(&below(dir, file));
        let path = src.join(below(dir, file));
        let bytes = fs::read(&path).map_err(Error::io("reading", &path))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        code.push_str(&text);
        examples.push(documentation(&text));
        let of_tests = !file.starts_with("src/");
        if of_tests || TESTS.iter().any(|attribute| text.contains(attribute)) {
            tests.push(text.clone());
        }
        all.push(text);
    }
    let texts = |texts: &[String], climbs| {
        depinfo::named_files(tree, dir, texts.iter().map(String::as_str), climbs)
    };
    let named_by_tests = texts(&tests, true)?;
    let rust: BTreeSet<String> = rust.into_iter().map(|file| below(dir, file)).collect();
    let mut sources: BTreeSet<String> = rust.clone();
    if !depinfo::lists_its_package(tests.iter().map(String::as_str)) {
        sources.retain(|file| named_by_tests.contains_key(file));
    }
    let mut outside = texts(&all, false)?;
    outside.extend(named_by_tests);
    for file in files.keys() {
        outside.remove(&below(dir, file));
    }
    let mut data: BTreeSet<String> = sources
        .into_iter()
        .chain(outside.into_keys())
        .chain(named)
        .chain(links.iter().cloned())
        .collect();
    for (file, kind) in &files {
        if !is_data(file, &roots, &code) {
            continue;
        }
        let path = below(dir, file);
        if let EntryKind::Symlink(_) = kind {
            let mut behind = BTreeMap::new();
            tree.add_behind_link(&path, &mut behind)?;
            data.extend(behind.into_keys());
        }
        data.insert(path);
    }
    let manifests = above(graph, package, tree, &["Cargo.toml"]).into_iter();
    let manifests = manifests.map(|found| found.path.to_string());
    let empty = rust.iter().cloned().chain(manifests);
    let mut found = PackageFiles {
        stand_ins: empty.filter(|file| !data.contains(file)).collect(),
        for_cargo: false,
        data,
        rust,
        links: links.clone(),
    };
    let lock = below(&graph.workspace_root, cargo_files::LOCK);
    let code = all.iter().chain(&examples).map(String::as_str);
    let cargo = depinfo::cargo_use(code, used.iter().copied());
    found.for_cargo = found.data.contains(&lock) || cargo != CargoUse::Never;
    if found.for_cargo {
        let for_cargo = cargo_files::of_package(graph, package, lists, directories, cargo)?;
        found.data.extend(for_cargo.data);
        found.stand_ins.extend(for_cargo.stand_ins);
        found.stand_ins.retain(|file| !found.data.contains(file));
    }
    Ok(found)
}

/// Attributes by which a file has tests.
const TESTS: [&str; 3] = ["#[test", "cfg(test", "::test"];

/// What stands in comments that are documentation, whose examples are tests.
fn documentation(code: &str) -> String {
    let lines = code.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///").or(line.strip_prefix("//!"))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Files of these names in the package's directory and all directories above it, as its path
/// names them.
pub fn above(
    graph: &Graph,
    package: PackageId,
    tree: &SourceTree,
    names: &[&str],
) -> Vec<Resolved> {
    let Location::Tree(dir) = &graph[package].location else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut current = Some(dir.as_str());
    while let Some(directory) = current {
        for name in names {
            let file = below(directory, name);
            // A link that leads nowhere is no such file.
            found.extend(tree.find_file("", &file).ok().flatten());
        }
        current = match directory {
            "" => None,
            _ => Some(directory.rsplit_once('/').map_or("", |(parent, _)| parent)),
        };
    }
    found
}

fn is_data(file: &str, roots: &[&str], code: &str) -> bool {
    let top = file.split('/').next().unwrap_or_default();
    let mut of_targets = false;
    for root in roots {
        if file == *root {
            return false;
        }
        // A root at the package's top level, such as build.rs, says nothing about its siblings.
        let Some((dir, _)) = root.rsplit_once('/') else {
            continue;
        };
        let inside = file
            .strip_prefix(dir)
            .and_then(|rest| rest.strip_prefix('/'));
        of_targets |= top == dir.split('/').next().unwrap_or_default();
        let sources = match inside {
            // Modules of a target with a directory of its own, `tests/it/main.rs`.
            Some(_) if dir.contains('/') => true,
            Some(_) if dir == "src" => true,
            Some(name) => !name.contains('/'),
            None => false,
        };
        if sources && file.ends_with(".rs") {
            return false;
        }
    }
    of_targets || names(code, top)
}

/// Whether a string of the code names a file or directory.
fn names(code: &str, name: &str) -> bool {
    ["\"", "/"].iter().any(|before| {
        ["\"", "/"]
            .iter()
            .any(|after| code.contains(&format!("{before}{name}{after}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_no_data_and_fixtures_are() {
        let roots = [
            "src/lib.rs",
            "tests/api.rs",
            "tests/it/main.rs",
            "build.rs",
            "examples/x.rs",
        ];
        let code = r#"include_str!("../words.txt"); read("./samples/a"); "x/data/y""#;
        for (file, expected) in [
            ("src/lib.rs", false),
            ("src/a/b.rs", false),
            ("src/a/snapshots/x.snap", true),
            ("tests/api.rs", false),
            ("tests/other.rs", false),
            ("tests/it/helper.rs", false),
            ("tests/it/snapshots/x.snap", true),
            ("tests/ui/fail.rs", true),
            ("tests/fixtures/a.txt", true),
            ("build.rs", false),
            ("README.md", false),
            ("Cargo.toml", false),
            ("words.txt", true),
            ("samples/a/b", true),
            ("data/z", true),
            ("doc/a.md", false),
        ] {
            assert_eq!(is_data(file, &roots, code), expected, "{file}");
        }
    }
}
