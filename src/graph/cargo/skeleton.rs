//! The part of a source tree that cargo looks at before it compiles anything.
//!
//! | file | in the skeleton |
//! |---|---|
//! | `Cargo.toml`, `Cargo.lock`, `.cargo/*`, `rust-toolchain{,.toml}`, `.cargo-checksum.json` | as it is |
//! | beside a `Cargo.toml`: `build.rs`, `src/{lib,main}.rs`, `src/bin/*.rs`, `src/bin/*/main.rs`, the same below `examples`, `tests`, `benches`; `README{,.md,.txt}` | empty |
//! | a file that a manifest names, as `path` of a target or as `build`, or by a target's name (`src/NAME.rs`) | empty |
//! | a file that cargo's configuration includes (`include`), directly or not | as it is |
//! | a symbolic link to a directory | as it is |
//! | anything below `.git`, or below `target` beside a `Cargo.toml` | absent |
//! | all else | absent |
//!
//! A README matters because cargo looks for one and tells packages its name; its content does not.
//! So cargo need not be asked again after an edit of a function, nor after a module was added.
//!
//! [`rule`] decides on a list of names; [`write()`] does the work on a file system.

use super::paths::normalize;
use crate::graph::error::{Error, Result, io};
use crate::source_root::{self, SourceRoot, View};
use dyndrv_builder::sandbox::bundle::{self, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use walkdir::WalkDir;

/// Where links may lead beside the tree: what Nix has put there is an input like the tree itself.
const STORE: &str = "/nix/store";

/// A name in a source tree, relative to its root, with `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A file, or a symbolic link to one.
    File(String),
    /// A symbolic link to a directory.
    DirLink(String),
}

/// How a name gets into the skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Treatment {
    /// With its content.
    Verbatim,
    /// As an empty file.
    Empty,
    /// As the link that it is.
    Link,
}

/// Decides which names of a tree are in its skeleton, and how.
///
/// `text` gives the content of a `Cargo.toml` or a configuration file among the entries; what
/// cannot be read or parsed names no files, and cargo will complain about it.
///
/// ```
/// use dyndrv::graph::skeleton::{Entry, Treatment, rule};
///
/// let entries = ["Cargo.toml", "src/lib.rs", "src/code.rs", "NOTES.md"];
/// let entries: Vec<Entry> = entries.iter().map(|e| Entry::File(e.to_string())).collect();
/// let skeleton = rule(&entries, |_| Some("[package]\nname = \"x\"".to_owned()));
/// assert_eq!(skeleton.len(), 2);
/// assert_eq!(skeleton["Cargo.toml"], Treatment::Verbatim);
/// assert_eq!(skeleton["src/lib.rs"], Treatment::Empty);
/// ```
pub fn rule(
    entries: &[Entry],
    text: impl Fn(&str) -> Option<String>,
) -> BTreeMap<String, Treatment> {
    let packages: BTreeMap<&str, BTreeSet<String>> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::File(path) if file_name(path) == "Cargo.toml" => {
                let named = text(path).map(|text| named_files(parent(path), &text));
                Some((parent(path), named.unwrap_or_default()))
            }
            _ => None,
        })
        .collect();
    let named: BTreeSet<&String> = packages.values().flatten().collect();
    let included = included(entries, &text);
    let mut skeleton = BTreeMap::new();
    for entry in entries {
        let (Entry::File(path) | Entry::DirLink(path)) = entry;
        if is_ignored(path, |dir| packages.contains_key(dir)) {
            continue;
        }
        let treatment = match entry {
            Entry::DirLink(_) => Treatment::Link,
            Entry::File(_) if is_verbatim(path) || included.contains(path) => Treatment::Verbatim,
            Entry::File(_) if named.contains(path) => Treatment::Empty,
            Entry::File(_) if is_discovered(path, |dir| packages.contains_key(dir)) => {
                Treatment::Empty
            }
            Entry::File(_) => continue,
        };
        skeleton.insert(path.clone(), treatment);
    }
    skeleton
}

/// Whether a path lies where cargo does not look, given which directories hold a manifest.
pub fn is_ignored(path: &str, is_package: impl Fn(&str) -> bool) -> bool {
    let mut start = 0;
    path.split('/').any(|part| {
        let dir = path[..start].trim_end_matches('/');
        start += part.len() + 1;
        part == ".git" || part == "target" && start <= path.len() && is_package(dir)
    })
}

/// Writes the skeleton of the tree `source` as a [`bundle`].
///
/// `lock_file` is a file to put in the place of the lock file of the workspace in this directory.
///
/// Of a workspace with thousands of files it has hundreds, which would have to be created and registered
/// one by one after every edit.
///
/// # Errors
///
/// If something cannot be read or written, or a link's target is not UTF-8.
pub fn write(
    source: &SourceRoot,
    lock_file: Option<(&Path, &str)>,
    sink: &mut impl Write,
) -> Result<()> {
    let entries = list(source)?;
    let mut skeleton = rule(&entries, |path| fs::read_to_string(source.join(path)).ok());
    let replaced = lock_file.map(|(file, workspace)| match workspace {
        "" => (file, "Cargo.lock".to_owned()),
        workspace => (file, format!("{workspace}/Cargo.lock")),
    });
    if let Some((_, place)) = &replaced {
        skeleton.insert(place.clone(), Treatment::Verbatim);
    }
    // Where a file's content is.
    let origin = |path: &str| match &replaced {
        Some((file, place)) if place == path => file.to_path_buf(),
        _ => source.join(path),
    };
    let entry = |(path, treatment): (&String, &Treatment)| -> Result<bundle::Entry> {
        let at = origin(path);
        let kind = match treatment {
            // Not what the file is: links are followed, and permissions have no place here.
            Treatment::Verbatim => {
                source.note_read(path);
                Kind::File {
                    size: fs::metadata(&at).map_err(io("read", &at))?.len(),
                    executable: false,
                }
            }
            Treatment::Empty => Kind::File {
                size: 0,
                executable: false,
            },
            Treatment::Link => bundle::inspect(source, path)?.kind,
        };
        Ok(bundle::Entry {
            path: path.clone(),
            kind,
        })
    };
    let files: Vec<bundle::Entry> = skeleton.iter().map(entry).collect::<Result<_>>()?;
    let open = |path: &str| -> std::io::Result<Box<dyn Read>> {
        match skeleton.get(path) {
            Some(Treatment::Verbatim) => Ok(Box::new(fs::File::open(origin(path))?)),
            _ => Ok(Box::new(std::io::empty())),
        }
    };
    Ok(bundle::write(&files, open, sink)?)
}

/// All names of a tree, sorted. Links to directories are not followed. Links that are broken
/// or lead elsewhere than to the tree or the store are left out, and so is what no skeleton can contain.
fn list(source: &SourceRoot) -> Result<Vec<Entry>> {
    if let Some(view) = source.view() {
        return Ok(viewed(source, view));
    }
    let mut entries = Vec::new();
    let walk = WalkDir::new(&**source)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name();
            let built = name == "target"
                && entry
                    .path()
                    .parent()
                    .is_some_and(|dir| dir.join("Cargo.toml").is_file());
            name != ".git" && !built
        });
    for entry in walk {
        let entry = entry.map_err(|error| Error::Io {
            action: "read",
            path: error.path().unwrap_or(&**source).to_owned(),
            source: error.into(),
        })?;
        let path = entry.path();
        let relative = path.strip_prefix(&**source).unwrap_or(path);
        let Some(name) = relative.to_str() else {
            // cargo cannot name such a file either.
            continue;
        };
        let name = name.to_owned();
        if entry.file_type().is_file() {
            entries.push(Entry::File(name));
        } else if entry.file_type().is_symlink() {
            match end_of_link(source, path) {
                Some(end) if end.is_dir() => entries.push(Entry::DirLink(name)),
                Some(end) if end.is_file() => entries.push(Entry::File(name)),
                _ => {}
            }
        }
    }
    Ok(entries)
}

/// The same of a tree that is listed already.
fn viewed(source: &SourceRoot, view: &View) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (path, kind) in view.files() {
        match kind {
            source_root::Kind::File => entries.push(Entry::File(path)),
            source_root::Kind::Link(_) => {
                let Some(end) = end_of_link(source, &source.join(&path)) else {
                    continue;
                };
                let (is_dir, is_file) = match end.strip_prefix(&**source) {
                    Ok(end) => match end.to_str() {
                        Some(end) => (view.listing(end).is_some(), view.has_file(end)),
                        None => (false, false),
                    },
                    Err(_) => (end.is_dir(), end.is_file()),
                };
                if is_dir {
                    entries.push(Entry::DirLink(path));
                } else if is_file {
                    entries.push(Entry::File(path));
                }
            }
            _ => {}
        }
    }
    entries
}

/// Where a link of the tree leads, if that is in the tree or in the store.
///
/// Elsewhere there may be a device without an end, and a file that is no concern of the build.
fn end_of_link(source: &SourceRoot, link: &Path) -> Option<PathBuf> {
    let root = fs::canonicalize(&**source).ok()?;
    let end = fs::canonicalize(link).ok()?;
    match end.strip_prefix(root) {
        Ok(below) => Some(source.join(below)),
        Err(_) => end.starts_with(STORE).then_some(end),
    }
}

/// Whether a file with this path is in a skeleton with its content, whatever the others say.
pub fn is_verbatim(path: &str) -> bool {
    let name = file_name(path);
    matches!(
        name,
        "Cargo.toml"
            | "Cargo.lock"
            | "rust-toolchain"
            | "rust-toolchain.toml"
            | ".cargo-checksum.json"
    ) || file_name(parent(path)) == ".cargo" && (name == "config" || name.ends_with(".toml"))
}

/// The files of the tree that cargo's configuration includes. Others are not looked at: they have no place in a skeleton,
/// and may be devices without an end.
fn included(entries: &[Entry], text: impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let files: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::File(path) => Some(path.as_str()),
            Entry::DirLink(_) => None,
        })
        .collect();
    let is_found = |path: &&&str| file_name(parent(path)) == ".cargo" && is_verbatim(path);
    let found = files.iter().filter(is_found);
    let mut todo: Vec<String> = found.map(|&path| path.to_owned()).collect();
    let mut included = BTreeSet::new();
    while let Some(file) = todo.pop() {
        let config = text(&file).and_then(|text| text.parse::<Table>().ok());
        let include = config.as_ref().and_then(|config| config.get("include"));
        for path in include.into_iter().flat_map(include_paths) {
            let path = normalize(&Path::new(parent(&file)).join(path));
            if let Some(path) = path.to_str()
                && files.contains(path)
                && included.insert(path.to_owned())
            {
                todo.push(path.to_owned());
            }
        }
    }
    included
}

/// The paths of an `include`: one, or a list, each as it is or in a table with `path`.
fn include_paths(include: &Value) -> Vec<&str> {
    match include {
        Value::String(path) => vec![path],
        Value::Array(list) => list.iter().flat_map(include_paths).collect(),
        Value::Table(table) => table
            .get("path")
            .and_then(Value::as_str)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether cargo finds the file by itself beside a manifest.
fn is_discovered(path: &str, is_package: impl Fn(&str) -> bool) -> bool {
    let (dir, name) = (parent(path), file_name(path));
    if matches!(name, "build.rs" | "README" | "README.md" | "README.txt") && is_package(dir) {
        return true;
    }
    if !name.ends_with(".rs") {
        return false;
    }
    if matches!(name, "lib.rs" | "main.rs") && file_name(dir) == "src" && is_package(parent(dir)) {
        return true;
    }
    // Either the file itself or, as `main.rs`, its directory is in a directory of targets.
    target_dir_owner(dir).is_some_and(&is_package)
        || name == "main.rs" && target_dir_owner(parent(dir)).is_some_and(&is_package)
}

/// The directory whose `src/bin`, `examples`, `tests` or `benches` this is.
fn target_dir_owner(dir: &str) -> Option<&str> {
    match file_name(dir) {
        "examples" | "tests" | "benches" => Some(parent(dir)),
        "bin" if file_name(parent(dir)) == "src" => Some(parent(parent(dir))),
        _ => None,
    }
}

/// The files that a manifest in `dir` names, whether they exist or not.
fn named_files(dir: &str, text: &str) -> BTreeSet<String> {
    let Ok(manifest) = text.parse::<Table>() else {
        return BTreeSet::new();
    };
    let mut files = BTreeSet::new();
    let mut name_file = |path: &str| {
        let path = normalize(&Path::new(dir).join(path));
        files.extend(path.to_str().map(str::to_owned));
    };
    let package = manifest.get("package").or_else(|| manifest.get("project"));
    let package_key = |key: &str| package.and_then(|package| package.get(key));
    match package_key("build") {
        Some(Value::String(path)) => name_file(path),
        Some(Value::Array(paths)) => paths
            .iter()
            .filter_map(Value::as_str)
            .for_each(&mut name_file),
        _ => {}
    }
    if let Some(name) = package_key("name").and_then(Value::as_str) {
        name_file(&format!("src/{name}.rs"));
        name_file(&format!("src/{}.rs", name.replace('-', "_")));
    }
    for target in targets(&manifest) {
        if let Some(path) = target.get("path").and_then(Value::as_str) {
            name_file(path);
        }
        if let Some(name) = target.get("name").and_then(Value::as_str) {
            name_file(&format!("src/{name}.rs"));
        }
    }
    files
}

fn targets(manifest: &Table) -> impl Iterator<Item = &Value> {
    let lists = ["bin", "example", "test", "bench"]
        .into_iter()
        .filter_map(|kind| manifest.get(kind)?.as_array())
        .flatten();
    manifest.get("lib").into_iter().chain(lists)
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use dyndrv_builder::sandbox::bundle::Bundle;
    use std::os::unix::fs::symlink;

    fn names(entries: &[&str], manifest: &str) -> Vec<String> {
        let entries: Vec<Entry> = entries.iter().map(|e| Entry::File(e.to_string())).collect();
        rule(&entries, |_| Some(manifest.to_owned()))
            .into_keys()
            .collect()
    }

    #[test]
    fn only_what_cargo_discovers_is_kept() {
        let entries = [
            ".cargo/config.toml",
            ".git/Cargo.toml",
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "benches/data.json",
            "build.rs",
            "examples/demo/helper.rs",
            "examples/demo/main.rs",
            "src/bin/tool.rs",
            "src/lib.rs",
            "src/sub/lib.rs",
            "src/target/mod.rs",
            "target/debug/Cargo.toml",
            "tests/cases/deep/main.rs",
            "tests/it.rs",
        ];
        assert_eq!(
            names(&entries, "[package]\nname = \"p\""),
            [
                ".cargo/config.toml",
                "Cargo.lock",
                "Cargo.toml",
                "README.md",
                "build.rs",
                "examples/demo/main.rs",
                "src/bin/tool.rs",
                "src/lib.rs",
                "tests/it.rs",
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_in_the_tree_is_not_read_for_an_include() {
        let entries = [Entry::File(".cargo/config.toml".into())];
        let text = |path: &str| {
            assert_eq!(path, ".cargo/config.toml");
            Some("include = [\"/dev/zero\", \"../../b.toml\", \"c.toml\"]".to_owned())
        };
        assert_eq!(included(&entries, text), BTreeSet::new());
    }

    #[test]
    fn files_that_the_configuration_includes_are_kept() {
        let entries = [
            ".cargo/config.toml",
            "config/deep.toml",
            "config/first.toml",
            "config/other.toml",
            "local.toml",
        ];
        let entries: Vec<Entry> = entries.iter().map(|e| Entry::File(e.to_string())).collect();
        let text = |path: &str| {
            let text = match path {
                ".cargo/config.toml" => {
                    "include = [\"../config/first.toml\", { path = \"../local.toml\", optional = true }]"
                }
                "config/first.toml" => "include = \"deep.toml\"",
                _ => "",
            };
            Some(text.to_owned())
        };
        let skeleton = rule(&entries, text);
        let verbatim: Vec<&String> = skeleton.keys().collect();
        assert_eq!(
            verbatim,
            [
                ".cargo/config.toml",
                "config/deep.toml",
                "config/first.toml",
                "local.toml"
            ]
        );
    }

    #[test]
    fn files_that_manifests_name_are_kept() {
        let manifest = r#"
            package = { name = "a-b", build = "tools/make.rs" }
            lib.path = "lib/../code.rs"
            [[test]]
            name = "old"
            path = "t/old.rs"
        "#;
        let entries = [
            "Cargo.toml",
            "code.rs",
            "src/a_b.rs",
            "src/c.rs",
            "t/old.rs",
            "tools/make.rs",
        ];
        assert_eq!(
            names(&entries, manifest),
            [
                "Cargo.toml",
                "code.rs",
                "src/a_b.rs",
                "t/old.rs",
                "tools/make.rs"
            ]
        );
    }

    #[test]
    fn a_linked_directory_stays_a_link_and_a_linked_file_becomes_one() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::create_dir_all(source.join("real/src")).unwrap();
        fs::write(source.join("real/Cargo.toml"), "[package]\nname = \"r\"").unwrap();
        fs::write(source.join("real/src/lib.rs"), "pub fn f() {}").unwrap();
        symlink("real", source.join("alias")).unwrap();
        symlink("real/Cargo.toml", source.join("Cargo.toml")).unwrap();
        let out = dir.path().join("out");
        let mut bytes = Vec::new();
        write(&source.clone().into(), None, &mut bytes).unwrap();
        Bundle::read(&bytes[..]).unwrap().unpack(&out).unwrap();
        assert_eq!(fs::read_link(out.join("alias")).unwrap(), Path::new("real"));
        assert!(out.join("Cargo.toml").symlink_metadata().unwrap().is_file());
        assert_eq!(fs::read(out.join("real/src/lib.rs")).unwrap(), b"");
    }

    /// In the sandbox `/dev/zero` fills the memory; at the desk `secret` would come into the store.
    #[test]
    fn a_link_out_of_the_tree_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("secret"), "[package]\n").unwrap();
        let source = dir.path().join("source");
        for place in [
            "a/Cargo.toml",
            "b/.cargo/config.toml",
            "c/Cargo.lock",
            "src",
        ] {
            fs::create_dir_all(source.join(place).parent().unwrap()).unwrap();
            let target = match place {
                "a/Cargo.toml" => "../../secret",
                "src" => "/proc",
                _ => "/dev/zero",
            };
            symlink(target, source.join(place)).unwrap();
        }
        fs::write(source.join("Cargo.toml"), "[workspace]\n").unwrap();
        assert_eq!(
            list(&source.clone().into()).unwrap(),
            [Entry::File("Cargo.toml".into())]
        );
        let entry = |path: &str, kind| (path.to_owned(), kind);
        let view = View::new([
            entry("Cargo.toml", source_root::Kind::File),
            entry(
                "a/Cargo.toml",
                source_root::Kind::Link("../../secret".into()),
            ),
            entry("src", source_root::Kind::Link("/proc".into())),
        ]);
        let viewed = list(&SourceRoot::viewed(source, view.into())).unwrap();
        assert_eq!(viewed, [Entry::File("Cargo.toml".into())]);
    }

    #[test]
    fn a_lock_file_can_take_the_place_of_that_of_the_workspace() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::create_dir_all(source.join("app")).unwrap();
        fs::write(source.join("app/Cargo.toml"), "[workspace]\n").unwrap();
        fs::write(dir.path().join("other.lock"), "version = 4\n").unwrap();
        let other = dir.path().join("other.lock");
        for (number, own) in [None, Some("version = 3\n")].into_iter().enumerate() {
            if let Some(own) = own {
                fs::write(source.join("app/Cargo.lock"), own).unwrap();
            }
            let out = dir.path().join(format!("out-{number}"));
            let mut bytes = Vec::new();
            write(&source.clone().into(), Some((&other, "app")), &mut bytes).unwrap();
            Bundle::read(&bytes[..]).unwrap().unpack(&out).unwrap();
            let text = fs::read_to_string(out.join("app/Cargo.lock")).unwrap();
            assert_eq!(text, "version = 4\n");
        }
    }
}
