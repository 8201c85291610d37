//! The files of a package that a run leaves to other units.
//!
//! A build script tells other units of its package's own files: a directory with libraries, a
//! linker script, headers. Under cargo they simply are there. Here another unit sees no files
//! of this package, so the outputs of the run keep a copy, and whoever reads an output finds
//! the files at the place where the script saw them: the instructions stay as they are.
//!
//! | the output | keeps | found by |
//! |---|---|---|
//! | `link` | files and directories of search paths and linker arguments | their absolute paths; their paths relative to the compiler's directory |
//! | `dep` | files and directories of metadata | their absolute paths |
//! | `cfg` | files beside the sources that the script has written | the time of their last change |
//!
//! - A directory is kept with all that is in it, a link with what it leads to.
//! - A linker script is kept with the files that it names in turn (`INCLUDE memory.x`).
//! - What does not exist is not kept; under cargo it would not be there either.
//!
//! An edit of a file that no instruction names changes no output.

use crate::error::{Error, Result};
use crate::sandbox::files::{create_dir_all, entries, make_link};
use crate::sandbox::sources::{self, Clash};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where a path may end within a text, besides the text's own end.
const DELIMITERS: &str = " \t\n,:;=\"'()<>|&";
/// The texts that may stand before a path within an argument for the linker.
const OPTIONS: [&str; 6] = ["-T", "-L", "-l:", "-B", "@", "-"];
/// The size up to which a file may be a linker script, in bytes.
const LARGEST_SCRIPT: u64 = 1 << 20;
/// How many links may lead to one file.
const MAX_LINKS: usize = 40;

/// Files and directories to keep, all below one directory.
#[derive(Debug)]
pub struct NamedFiles<'a> {
    /// The sandbox.
    root: &'a Path,
    /// The directory of the package's compilers, from which relative paths start.
    compiler_cwd: &'a Path,
    /// Files, links, and whole directories.
    kept: BTreeSet<PathBuf>,
    /// Directories that paths lead through, by `..`.
    passed: BTreeSet<PathBuf>,
}

impl<'a> NamedFiles<'a> {
    /// Nothing, so far.
    pub fn new(root: &'a Path, compiler_cwd: &'a Path) -> Self {
        Self {
            root,
            compiler_cwd,
            kept: BTreeSet::new(),
            passed: BTreeSet::new(),
        }
    }

    /// Keeps what absolute paths within `text` lead to.
    pub fn add_absolute(&mut self, text: &str) -> Result<()> {
        for path in absolute_paths(text, self.root) {
            self.add(&path)?;
        }
        Ok(())
    }

    /// Keeps what a search path, without its kind, leads to.
    pub fn add_search(&mut self, path: &str) -> Result<()> {
        self.add_absolute(path)?;
        self.add_relative(path)
    }

    /// Keeps what an argument for the linker leads to.
    pub fn add_link_arg(&mut self, arg: &str) -> Result<()> {
        let before = self.kept.clone();
        self.add_absolute(arg)?;
        for part in arg.split(|c| DELIMITERS.contains(c)) {
            self.add_relative(part)?;
            for option in OPTIONS {
                if let Some(rest) = part.strip_prefix(option) {
                    self.add_relative(rest)?;
                }
            }
        }
        let scripts: Vec<PathBuf> = self.kept.difference(&before).cloned().collect();
        scripts
            .iter()
            .try_for_each(|script| self.add_named_by(script))
    }

    /// Keeps the files that a linker script names.
    fn add_named_by(&mut self, script: &Path) -> Result<()> {
        let small = fs::metadata(script)
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST_SCRIPT);
        if !small {
            return Ok(());
        }
        let Ok(text) = fs::read_to_string(script) else {
            // Objects and archives are no text.
            return Ok(());
        };
        let before = self.kept.clone();
        self.add_absolute(&text)?;
        let beside = script.parent().unwrap_or(self.root);
        for word in text.split(|c: char| c.is_whitespace() || DELIMITERS.contains(c)) {
            for directory in [self.compiler_cwd, beside] {
                let named = directory.join(word);
                if !word.is_empty() && named.is_file() {
                    self.add(&named)?;
                }
            }
        }
        let scripts: Vec<PathBuf> = self.kept.difference(&before).cloned().collect();
        scripts
            .iter()
            .try_for_each(|script| self.add_named_by(script))
    }

    fn add_relative(&mut self, path: &str) -> Result<()> {
        if path.is_empty() || Path::new(path).is_absolute() {
            return Ok(());
        }
        self.add(&self.compiler_cwd.join(path))
    }

    /// Keeps files below the directory that were written since they were laid out.
    pub fn add_new(&mut self, directory: &Path) -> Result<()> {
        for (name, kind) in entries(directory)? {
            let path = directory.join(name);
            if kind.is_dir() {
                self.add_new(&path)?;
            } else if kind.is_file() {
                let metadata =
                    fs::metadata(&path).map_err(|e| Error::io("cannot read", &path, e))?;
                if sources::is_new(&metadata) {
                    self.kept.insert(path);
                }
            }
        }
        Ok(())
    }

    /// Follows a path as the system does, and keeps links and where it ends.
    fn add(&mut self, path: &Path) -> Result<()> {
        let mut current = PathBuf::new();
        let mut left: Vec<PathBuf> = components(path);
        let mut links = Vec::new();
        while let Some(next) = left.pop() {
            if next == Path::new("..") {
                self.passed.insert(current.clone());
                current.pop();
                continue;
            }
            let at = current.join(next);
            let Ok(metadata) = fs::symlink_metadata(&at) else {
                return Ok(());
            };
            if !metadata.is_symlink() {
                current = at;
                continue;
            }
            let target = fs::read_link(&at).map_err(|e| Error::io("cannot read", &at, e))?;
            links.push(at);
            if links.len() > MAX_LINKS {
                return Ok(());
            }
            if target.is_absolute() {
                current = PathBuf::new();
            }
            left.extend(components(&target));
        }
        self.kept
            .extend(links.into_iter().filter(|link| link.starts_with(self.root)));
        if !current.starts_with(self.root) || !self.kept.insert(current.clone()) {
            return Ok(());
        }
        self.add_linked_from(&current)
    }

    /// Keeps what links in a directory lead to.
    fn add_linked_from(&mut self, directory: &Path) -> Result<()> {
        if !directory.is_dir() {
            return Ok(());
        }
        for (name, kind) in entries(directory)? {
            let path = directory.join(name);
            if kind.is_symlink() {
                self.add(&path)?;
            } else if kind.is_dir() {
                self.add_linked_from(&path)?;
            }
        }
        Ok(())
    }

    /// Copies what is kept below the new directory `to`, at the same places relative to the
    /// sandbox; makes nothing if nothing is kept.
    pub fn write(&self, to: &Path) -> Result<()> {
        let place = |path: &Path| Some(to.join(path.strip_prefix(self.root).ok()?));
        for path in &self.kept {
            let Some(at) = place(path) else { continue };
            if let Some(parent) = at.parent() {
                create_dir_all(parent)?;
            }
            sources::copy(path, &at, Clash::Keep)?;
        }
        if self.kept.is_empty() {
            return Ok(());
        }
        for directory in self.passed.iter().filter_map(|path| place(path)) {
            create_dir_all(&directory)?;
        }
        Ok(())
    }
}

/// The names on the way of a path, the first one last.
fn components(path: &Path) -> Vec<PathBuf> {
    let names = path.components().filter(|c| *c != Component::CurDir);
    let mut names: Vec<PathBuf> = names.map(|c| PathBuf::from(c.as_os_str())).collect();
    names.reverse();
    names
}

/// The existing paths below `root` that a text names: of all that could be meant, the
/// longest, because a name may contain a delimiter.
fn absolute_paths(text: &str, root: &Path) -> Vec<PathBuf> {
    let root = root.to_string_lossy();
    let mut found = Vec::new();
    for (start, _) in text.match_indices(root.as_ref()) {
        let after = start + root.len();
        if !text[after..].starts_with('/') {
            continue;
        }
        let ends = text[after..]
            .char_indices()
            .filter(|(_, c)| DELIMITERS.contains(*c))
            .map(|(position, _)| after + position)
            .chain([text.len()]);
        let mut ends: Vec<usize> = ends.collect();
        ends.sort_unstable();
        let paths = ends.iter().rev().map(|&end| Path::new(&text[start..end]));
        found.extend(
            paths
                .filter(|path| path.symlink_metadata().is_ok())
                .map(Path::to_path_buf)
                .next(),
        );
    }
    found
}

/// Replaces links from `directory` to the sandbox by copies of what they lead to: whoever
/// gets the directory finds nothing there.
///
/// A link that leads to nothing, or to a directory that it is in, stays.
pub fn replace_links(directory: &Path, root: &Path) -> Result<()> {
    for (name, kind) in entries(directory)? {
        let path = directory.join(name);
        if kind.is_dir() {
            replace_links(&path, root)?;
        }
        if !kind.is_symlink() {
            continue;
        }
        let Ok(target) = fs::canonicalize(&path) else {
            continue;
        };
        if target.starts_with(root) && !path.starts_with(&target) {
            fs::remove_file(&path).map_err(|e| Error::io("cannot replace", &path, e))?;
            copy_through_links(&target, &path, &mut vec![target.clone()])?;
        }
    }
    Ok(())
}

/// Copies files in place of links to them; `above` are the directories that are being copied.
fn copy_through_links(from: &Path, at: &Path, above: &mut Vec<PathBuf>) -> Result<()> {
    if !from.is_dir() {
        return sources::copy(from, at, Clash::Refuse);
    }
    create_dir_all(at)?;
    for (name, kind) in entries(from)? {
        let (from, at) = (from.join(&name), at.join(&name));
        if !kind.is_symlink() {
            copy_through_links(&from, &at, above)?;
            continue;
        }
        match fs::canonicalize(&from) {
            Ok(target) if !above.contains(&target) => {
                above.push(target.clone());
                copy_through_links(&target, &at, above)?;
                above.pop();
            }
            _ => {
                let target =
                    fs::read_link(&from).map_err(|e| Error::io("cannot read", &from, e))?;
                make_link(&target, &at)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    struct Fixture {
        _temp: TempDir,
        root: PathBuf,
        cwd: PathBuf,
    }

    /// A sandbox with a package `app` in the workspace `ws`.
    fn fixture(files: &[(&str, &str)]) -> Fixture {
        let temp = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(temp.path()).unwrap();
        let root = base.join("build");
        for (file, text) in files {
            let path = root.join(file);
            create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        let cwd = root.join("ws");
        create_dir_all(&cwd).unwrap();
        Fixture {
            _temp: temp,
            root,
            cwd,
        }
    }

    impl Fixture {
        fn kept(&self, add: impl FnOnce(&mut NamedFiles<'_>) -> Result<()>) -> Vec<String> {
            let mut named = NamedFiles::new(&self.root, &self.cwd);
            add(&mut named).unwrap();
            let to = self.root.parent().unwrap().join("files");
            let _ = fs::remove_dir_all(&to);
            named.write(&to).unwrap();
            let mut found = Vec::new();
            if to.exists() {
                list(&to, &to, &mut found);
            }
            found
        }

        fn at(&self, path: &str) -> String {
            self.root.join(path).display().to_string()
        }
    }

    fn list(directory: &Path, root: &Path, found: &mut Vec<String>) {
        let all = entries(directory).unwrap();
        if all.is_empty() {
            let path = directory.strip_prefix(root).unwrap();
            found.push(format!("{}/", path.display()));
        }
        for (name, kind) in all {
            let path = directory.join(name);
            if kind.is_dir() {
                list(&path, root, found);
            } else {
                let path = path.strip_prefix(root).unwrap();
                found.push(path.display().to_string());
            }
        }
    }

    #[test]
    fn search_paths_are_kept_whole_absolute_or_relative() {
        let f = fixture(&[
            ("ws/app/libs/liba.a", ""),
            ("ws/app/libs/sub/x.ld", ""),
            ("ws/app/src/lib.rs", ""),
        ]);
        let expected = ["ws/app/libs/liba.a", "ws/app/libs/sub/x.ld"];
        let absolute = f.at("ws/app/libs");
        assert_eq!(f.kept(|named| named.add_search(&absolute)), expected);
        assert_eq!(f.kept(|named| named.add_search("app/libs")), expected);
        assert!(f.kept(|named| named.add_search("libs")).is_empty());
        assert!(f.kept(|named| named.add_search("/usr/lib")).is_empty());
    }

    #[test]
    fn linker_arguments_are_taken_apart() {
        let f = fixture(&[("ws/link x.ld", ""), ("ws/app/exports.map", "")]);
        let (script, exports) = (f.at("ws/link x.ld"), f.at("ws/app/exports.map"));
        for (arg, expected) in [
            (format!("-T{script}"), "ws/link x.ld"),
            (script.clone(), "ws/link x.ld"),
            (
                format!("-Wl,--version-script={exports}"),
                "ws/app/exports.map",
            ),
            (
                format!("-Wl,-T,{exports},--gc-sections"),
                "ws/app/exports.map",
            ),
            (
                "-Wl,--dynamic-list=app/exports.map".to_owned(),
                "ws/app/exports.map",
            ),
            ("-Tapp/exports.map".to_owned(), "ws/app/exports.map"),
        ] {
            assert_eq!(
                f.kept(|named| named.add_link_arg(&arg)),
                [expected],
                "{arg}"
            );
        }
        assert!(f.kept(|named| named.add_link_arg("-Wl,-z,now")).is_empty());
    }

    #[test]
    fn a_linker_script_is_kept_with_what_it_includes() {
        let f = fixture(&[
            (
                "ws/app/link.x",
                "INCLUDE memory.x\nSECTIONS { INCLUDE common.x }",
            ),
            ("ws/memory.x", "INCLUDE more.x"),
            ("ws/app/common.x", ""),
            ("ws/more.x", ""),
            ("ws/other.x", ""),
        ]);
        let script = f.at("ws/app/link.x");
        assert_eq!(
            f.kept(|named| named.add_link_arg(&format!("-T{script}"))),
            [
                "ws/app/common.x",
                "ws/app/link.x",
                "ws/memory.x",
                "ws/more.x"
            ]
        );
    }

    #[test]
    fn metadata_may_name_several_paths() {
        let f = fixture(&[("ws/a/include/a.h", ""), ("ws/b/b.h", "")]);
        let text = format!(
            "{}:{};{}",
            f.at("ws/a/include"),
            f.at("ws/b"),
            f.at("ws/none")
        );
        assert_eq!(
            f.kept(|named| named.add_absolute(&text)),
            ["ws/a/include/a.h", "ws/b/b.h"]
        );
    }

    #[test]
    fn links_and_directories_on_the_way_are_kept() {
        let f = fixture(&[
            ("ws/real/include/a.h", ""),
            ("ws/app/src/x", ""),
            ("ws/other/b.h", ""),
        ]);
        symlink("../real", f.root.join("ws/app/vendored")).unwrap();
        symlink("../../other/b.h", f.root.join("ws/real/include/b.h")).unwrap();
        let text = f.at("ws/app/src/../vendored/include");
        assert_eq!(
            f.kept(|named| named.add_absolute(&text)),
            [
                "ws/app/src/",
                "ws/app/vendored",
                "ws/other/b.h",
                "ws/real/include/a.h",
                "ws/real/include/b.h",
            ]
        );
    }

    #[test]
    fn only_what_was_written_is_new() {
        let f = fixture(&[("ws/app/src/generated.rs", "")]);
        let store = f.root.parent().unwrap().join("store");
        create_dir_all(&store).unwrap();
        fs::write(store.join("lib.rs"), "").unwrap();
        sources::copy(&store, &f.root.join("ws/app/src"), Clash::Refuse).unwrap();
        let sources = f.root.join("ws");
        assert_eq!(
            f.kept(|named| named.add_new(&sources)),
            ["ws/app/src/generated.rs"]
        );
    }

    #[test]
    fn links_out_of_a_directory_become_copies() {
        let f = fixture(&[("ws/app/include/a.h", "a"), ("ws/app/src/lib.rs", "")]);
        let out = f.root.parent().unwrap().join("out");
        create_dir_all(&out.join("crate")).unwrap();
        symlink(f.root.join("ws/app"), out.join("crate/app")).unwrap();
        symlink("app", out.join("crate/same")).unwrap();
        symlink(f.root.join("ws/none"), out.join("dangling")).unwrap();
        // A link in a circle.
        symlink(f.root.join("ws/app"), f.root.join("ws/app/self")).unwrap();
        replace_links(&out, &f.root).unwrap();
        fs::remove_dir_all(&f.root).unwrap();
        let header = fs::read_to_string(out.join("crate/same/include/a.h")).unwrap();
        assert_eq!(header, "a");
        assert!(out.join("dangling").is_symlink());
    }
}
