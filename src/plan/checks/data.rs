//! Which files a package's tests may read while they run, and which are Rust.
//!
//! | file of the package | is data |
//! |---|---|
//! | Rust code below `src`, beside or below the root file of a target in another directory | no |
//! | what else is in a directory that holds the root file of a target, such as `tests/fixtures` | yes |
//! | any other file or directory at the package's top level | if a string in the package's code names it |
//! | what `test-data` or `extra-sources` name | yes |
//! | outside of the package or in another one below it, what a string names relative to the package, or, in a test that goes to a parent directory, relative to one above | yes |
//! | what is hidden, or of another package, or built by cargo | no |
//!
//! So a README that no code mentions is no input of any test.

use crate::depinfo;
use crate::graph::model::{Graph, Location, PackageId, PackageMetadata, SrcPath};
use crate::plan::Error;
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

/// The files of a package, relative to the source root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PackageFiles {
    /// What tests may read.
    pub data: BTreeSet<String>,
    /// Rust code.
    pub rust: BTreeSet<String>,
}

/// Sorts the files of a package. `globs` are relative to the package.
///
/// # Errors
///
/// If a file cannot be read, or a glob is none.
pub fn of_package(
    graph: &Graph,
    package: PackageId,
    src: &Path,
    globs: &[String],
) -> Result<PackageFiles, Error> {
    let own = &graph[package];
    let Location::Tree(dir) = &own.location else {
        return Ok(PackageFiles::default());
    };
    let roots: Vec<&str> = own
        .targets
        .iter()
        .filter_map(|target| match &target.src {
            SrcPath::Package(path) => Some(path.as_str()),
            _ => None,
        })
        .collect();
    let globs = glob_set(&own.name, globs, &own.metadata)?;
    let files = walk(graph, package, dir, src)?;
    let rust: BTreeSet<&String> = files.iter().filter(|file| file.ends_with(".rs")).collect();
    let mut code = String::new();
    // The texts of all files, and of those that are mostly tests.
    let (mut all, mut tests) = (Vec::new(), Vec::new());
    for file in &rust {
        let path = src.join(below(dir, file));
        let bytes = fs::read(&path).map_err(Error::io("reading", &path))?;
        code.push_str(&String::from_utf8_lossy(&bytes));
        if !file.starts_with("src/") {
            tests.push(bytes.clone());
        }
        all.push(bytes);
    }
    let texts = |texts: &[Vec<u8>], climbs| {
        depinfo::named_files(src, dir, texts.iter().map(Vec::as_slice), climbs)
    };
    let mut outside = texts(&all, false)?;
    outside.extend(texts(&tests, true)?);
    for file in &files {
        outside.remove(&below(dir, file));
    }
    let is_data = |file: &str| globs.is_match(file) || is_data(file, &roots, &code);
    Ok(PackageFiles {
        data: files
            .iter()
            .filter(|file| is_data(file))
            .map(|file| below(dir, file))
            .chain(outside.into_keys())
            .collect(),
        rust: rust.into_iter().map(|file| below(dir, file)).collect(),
    })
}

/// Files of these names in the package's directory and all directories above it.
pub fn above(graph: &Graph, package: PackageId, src: &Path, names: &[&str]) -> Vec<String> {
    let Location::Tree(dir) = &graph[package].location else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut current = Some(dir.as_str());
    while let Some(directory) = current {
        for name in names {
            let file = below(directory, name);
            if src.join(&file).is_file() {
                found.push(file);
            }
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

fn glob_set(package: &str, given: &[String], metadata: &PackageMetadata) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    let listed = metadata.test_data.iter().chain(&metadata.extra_sources);
    for glob in given.iter().chain(listed) {
        let parsed = Glob::new(glob).map_err(|source| Error::Glob {
            package: package.to_owned(),
            source,
        })?;
        set.add(parsed);
    }
    set.build().map_err(|source| Error::Glob {
        package: package.to_owned(),
        source,
    })
}

/// All files of a package, relative to it, without those of packages inside it.
fn walk(graph: &Graph, package: PackageId, dir: &str, src: &Path) -> Result<Vec<String>, Error> {
    let root = src.join(dir);
    let others: BTreeSet<_> = graph
        .packages()
        .filter(|(id, _)| *id != package)
        .filter_map(|(_, other)| match &other.location {
            Location::Tree(dir) => Some(src.join(dir)),
            Location::Vendor(_) => None,
        })
        .collect();
    let mut files = Vec::new();
    let entries = WalkDir::new(&root).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let target = entry.path().join("CACHEDIR.TAG").exists();
        entry.depth() == 0 || !(hidden || target || others.contains(entry.path()))
    });
    for entry in entries {
        let entry = entry.map_err(|e| Error::Io {
            action: "reading",
            path: root.clone(),
            source: e.into(),
        })?;
        if !entry.file_type().is_dir()
            && let Ok(path) = entry.path().strip_prefix(&root)
            && let Some(path) = path.to_str()
        {
            files.push(path.to_owned());
        }
    }
    Ok(files)
}

fn below(dir: &str, path: &str) -> String {
    match dir {
        "" => path.to_owned(),
        dir => format!("{dir}/{path}"),
    }
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
