//! Lays out what a unit sees below the sandbox's build directory.
//!
//! A source tree is shown through symbolic links, so that nothing is copied. The
//! place itself, the working directory and every directory above a nested source
//! are real: a link among them would make the working directory a store path,
//! which compilers write into their output.

pub mod bundle;
pub mod cargo_home;
pub mod child;
pub mod environment;
pub mod files;
pub mod inputs;
pub mod recorded_environment;
pub mod remap;

use crate::error::{Error, Result};
use crate::spec::{Artifact, BUILD, Process, Source};
use files::{create_dir_all, entries, make_link, resolved};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The variable that tells a package's directory to its macros and its script.
const MANIFEST_DIR: &str = "CARGO_MANIFEST_DIR";

/// The directory that a unit may use, [`BUILD`] in the sandbox of Nix.
#[derive(Debug, Clone)]
pub struct Sandbox {
    root: PathBuf,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new(BUILD)
    }
}

/// How a source tree comes to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Symbolic links to the top-level entries.
    Links,
    /// A recursive copy that can be written to.
    Copy,
}

/// Where Nix says which directory a build may use.
const BUILD_TOP: &str = "NIX_BUILD_TOP";

impl Sandbox {
    /// The sandbox that Nix has set up for this process.
    ///
    /// # Errors
    ///
    /// If Nix builds without its sandbox, or in another directory of it.
    pub fn of_nix() -> Result<Self> {
        let top = std::env::var_os(BUILD_TOP);
        match top.as_deref().map(Path::new) {
            Some(top) if top == Path::new(BUILD) => Ok(Self::default()),
            Some(other) => Err(no_sandbox(&other.display().to_string())),
            None => Err(no_sandbox("an unknown directory")),
        }
    }

    /// A sandbox below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The one directory of libraries, [`crate::spec::DEPS`].
    pub fn deps(&self) -> PathBuf {
        self.root.join("deps")
    }

    /// The directory for temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// An empty home directory.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Creates the directories that every unit has.
    pub fn prepare(&self) -> Result<()> {
        for directory in [self.deps(), self.tmp(), self.home()] {
            create_dir_all(&directory)?;
        }
        Ok(())
    }

    /// Lays out the sources of a unit, and makes its working directory and its
    /// package's directory real.
    pub fn settle(&self, process: &Process, manner: Manner) -> Result<()> {
        self.lay_out(&process.sources, manner)?;
        self.make_real(Path::new(&process.cwd))?;
        match process.env.get(MANIFEST_DIR).map(Path::new) {
            Some(directory) if directory.starts_with(&self.root) => self.make_real(directory),
            _ => Ok(()),
        }
    }

    /// Puts every source tree into its place. Trees may lie inside each other and
    /// may share directories, but no two may bring the same file.
    fn lay_out(&self, sources: &[Source], manner: Manner) -> Result<()> {
        for source in sources {
            let (from, at) = (Path::new(&source.from), Path::new(&source.at));
            self.below(at)?;
            let is_dir = fs::metadata(from)
                .map_err(|e| Error::io("cannot read the source", from, e))?
                .is_dir();
            if is_dir {
                self.make_real(at)?;
            } else if let Some(parent) = at.parent() {
                self.make_real(parent)?;
            }
            match manner {
                Manner::Copy => copy(&resolved(from), at)?,
                Manner::Links if is_dir => self.link_entries(from, at)?,
                Manner::Links => self.link(from, at)?,
            }
        }
        Ok(())
    }

    /// Shows the libraries of the closure in [`Self::deps`].
    pub fn link_crates(&self, crates: &[Artifact]) -> Result<()> {
        for artifact in crates {
            let from = Path::new(&artifact.from).join(&artifact.file);
            if !from.exists() {
                return Err(Error::new(format!(
                    "the library {} does not exist in {}",
                    artifact.file, artifact.from
                )));
            }
            let at = self.deps().join(&artifact.file);
            match fs::read_link(&at) {
                Ok(other) if other == from => {}
                Ok(other) => {
                    return Err(Error::new(format!(
                        "two libraries are called {}: {} and {}",
                        artifact.file,
                        other.display(),
                        from.display()
                    )));
                }
                Err(_) => make_link(&from, &at)?,
            }
        }
        Ok(())
    }

    /// Makes `directory`, which must lie below the sandbox, a real directory that
    /// shows the same as before.
    pub fn make_real(&self, directory: &Path) -> Result<()> {
        let mut current = self.root.clone();
        create_dir_all(&current)?;
        for component in self.below(directory)?.components() {
            current.push(component);
            match fs::symlink_metadata(&current) {
                Ok(found) if found.is_dir() => {}
                Ok(found) if found.is_symlink() => unfold(&current)?,
                Ok(_) => {
                    return Err(Error::new(format!(
                        "{} has to be a directory, but is a file",
                        current.display()
                    )));
                }
                Err(_) => {
                    fs::create_dir(&current).map_err(|e| Error::io("cannot create", &current, e))?
                }
            }
        }
        Ok(())
    }

    fn below<'a>(&self, path: &'a Path) -> Result<&'a Path> {
        path.strip_prefix(&self.root)
            .ok()
            .filter(|rest| rest.components().all(|c| matches!(c, Component::Normal(_))))
            .ok_or_else(|| {
                Error::new(format!(
                    "{} does not lie below {}",
                    path.display(),
                    self.root.display()
                ))
            })
    }

    fn link_entries(&self, from: &Path, at: &Path) -> Result<()> {
        for (name, _) in entries(from)? {
            self.link(&from.join(&name), &at.join(&name))?;
        }
        Ok(())
    }

    /// Shows `from` at `at`, and merges directories that both exist.
    fn link(&self, from: &Path, at: &Path) -> Result<()> {
        if fs::symlink_metadata(at).is_err() {
            return make_link(from, at);
        }
        if fs::canonicalize(from).ok() == fs::canonicalize(at).ok() {
            return Ok(());
        }
        if from.is_dir() && at.is_dir() {
            self.make_real(at)?;
            return self.link_entries(from, at);
        }
        Err(clash(from, at))
    }
}

fn no_sandbox(top: &str) -> Error {
    Error::new(format!(
        "Nix builds in {top} and not in {BUILD}: dyndrv needs Nix's sandbox, on Linux"
    ))
    .note(format!(
        "a unit sees its sources at the same place on every machine. Set `sandbox = true` in \
         nix.conf of the machine that builds, where `sandbox-build-dir` has to keep its default, \
         {BUILD}. In a container, Nix's sandbox needs user namespaces (`docker run --privileged`)"
    ))
}

/// Replaces a link to a directory by a directory of links to its entries.
fn unfold(link: &Path) -> Result<()> {
    let target = fs::canonicalize(link).map_err(|e| Error::io("cannot follow", link, e))?;
    fs::remove_file(link).map_err(|e| Error::io("cannot replace", link, e))?;
    fs::create_dir(link).map_err(|e| Error::io("cannot create", link, e))?;
    for (name, _) in entries(&target)? {
        make_link(&target.join(&name), &link.join(&name))?;
    }
    Ok(())
}

fn copy(from: &Path, at: &Path) -> Result<()> {
    let kind = fs::symlink_metadata(from)
        .map_err(|e| Error::io("cannot read", from, e))?
        .file_type();
    if kind.is_dir() {
        create_dir_all(at)?;
        for (name, _) in entries(from)? {
            copy(&from.join(&name), &at.join(&name))?;
        }
        Ok(())
    } else if fs::symlink_metadata(at).is_ok() {
        Err(clash(from, at))
    } else if kind.is_symlink() {
        let target = fs::read_link(from).map_err(|e| Error::io("cannot read", from, e))?;
        make_link(&target, at)
    } else {
        copy_file(from, at).map_err(|e| Error::io("cannot copy", from, e))
    }
}

/// Copies a file. The copy is writable and as old as everything in the store,
/// so that `make` and its kind find nothing out of date.
fn copy_file(from: &Path, at: &Path) -> io::Result<()> {
    fs::copy(from, at)?;
    let mut permissions = fs::metadata(at)?.permissions();
    permissions.set_mode(permissions.mode() | 0o200);
    fs::set_permissions(at, permissions)?;
    File::options()
        .append(true)
        .open(at)?
        .set_modified(UNIX_EPOCH + Duration::from_secs(1))
}

fn clash(from: &Path, at: &Path) -> Error {
    Error::new(format!(
        "two source trees bring {}; the second is {}",
        at.display(),
        from.display()
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spec::DEPS;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    struct Fixture {
        _temp: TempDir,
        store: PathBuf,
        sandbox: Sandbox,
    }

    impl Fixture {
        fn new(files: &[&str]) -> Self {
            let temp = tempfile::tempdir().unwrap();
            let base = fs::canonicalize(temp.path()).unwrap();
            let store = base.join("store");
            for file in files {
                let path = store.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
            let sandbox = Sandbox::new(base.join("build"));
            sandbox.prepare().unwrap();
            Self {
                _temp: temp,
                store,
                sandbox,
            }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.sandbox.root.join(path)
        }

        fn source(&self, from: &str, at: &str) -> Source {
            Source {
                from: self.store.join(from).display().to_string(),
                at: self.at(at).display().to_string(),
            }
        }

        fn artifact(&self, from: &str, file: &str) -> Artifact {
            Artifact {
                file: file.to_string(),
                from: self.store.join(from).display().to_string(),
            }
        }
    }

    #[test]
    fn places_agree_with_the_interface() {
        assert_eq!(Sandbox::default().deps(), Path::new(DEPS));
    }

    #[test]
    fn a_source_is_a_real_directory_of_links() {
        let f = Fixture::new(&["a/src/lib.rs", "a/Cargo.toml"]);
        f.sandbox
            .lay_out(&[f.source("a", "s/a-1.0.0")], Manner::Links)
            .unwrap();
        assert!(!f.at("s/a-1.0.0").is_symlink());
        assert!(f.at("s/a-1.0.0/src").is_symlink());
        assert!(f.at("s/a-1.0.0/src/lib.rs").exists());
    }

    #[test]
    fn a_nested_source_unfolds_the_links_above_it() {
        let f = Fixture::new(&["ws/crates/a/x", "ws/crates/b/x", "b2/y"]);
        f.sandbox
            .lay_out(
                &[f.source("ws", "ws"), f.source("b2", "ws/crates/b")],
                Manner::Links,
            )
            .unwrap();
        assert!(!f.at("ws/crates/b").is_symlink());
        assert!(f.at("ws/crates/a").is_symlink());
        for file in ["ws/crates/a/x", "ws/crates/b/x", "ws/crates/b/y"] {
            assert!(f.at(file).exists(), "{file}");
        }
        // The other order gives the same.
        let f = Fixture::new(&["ws/crates/a/x", "b2/y"]);
        f.sandbox
            .lay_out(
                &[f.source("b2", "ws/crates/b"), f.source("ws", "ws")],
                Manner::Links,
            )
            .unwrap();
        for file in ["ws/crates/a/x", "ws/crates/b/y"] {
            assert!(f.at(file).exists(), "{file}");
        }
    }

    #[test]
    fn the_directories_that_a_process_is_told_become_real() {
        let f = Fixture::new(&["ws/crates/a/x", "ws/crates/b/x", "ws/crates/c/x"]);
        let process = Process {
            cwd: f.at("ws/crates/a").display().to_string(),
            env: [(
                MANIFEST_DIR.to_string(),
                f.at("ws/crates/b").display().to_string(),
            )]
            .into(),
            sources: vec![f.source("ws", "ws")],
            ..Process::default()
        };
        f.sandbox.settle(&process, Manner::Links).unwrap();
        for (directory, real) in [("a", true), ("b", true), ("c", false)] {
            let directory = f.at("ws/crates").join(directory);
            assert_eq!(fs::canonicalize(&directory).unwrap() == directory, real);
            assert!(directory.join("x").exists());
        }
    }

    #[test]
    fn two_sources_with_one_file_are_refused() {
        let f = Fixture::new(&["a/x", "b/x"]);
        let sources = [f.source("a", "ws"), f.source("b", "ws")];
        for manner in [Manner::Links, Manner::Copy] {
            let _ = fs::remove_dir_all(f.at("ws"));
            let message = f.sandbox.lay_out(&sources, manner).unwrap_err().to_string();
            assert!(message.contains("ws/x"), "{message}");
        }
    }

    #[test]
    fn places_outside_of_the_sandbox_are_refused() {
        let f = Fixture::new(&["a/x"]);
        for at in ["../elsewhere", "ws/../../elsewhere"] {
            let sources = [f.source("a", at)];
            assert!(f.sandbox.lay_out(&sources, Manner::Links).is_err(), "{at}");
        }
    }

    #[test]
    fn a_copy_is_writable_and_keeps_links_and_modes() {
        let f = Fixture::new(&["a/configure"]);
        let original = f.store.join("a/configure");
        fs::set_permissions(&original, fs::Permissions::from_mode(0o555)).unwrap();
        symlink("configure", f.store.join("a/link")).unwrap();
        f.sandbox
            .lay_out(&[f.source("a", "s/a")], Manner::Copy)
            .unwrap();
        let copied = fs::metadata(f.at("s/a/configure")).unwrap();
        assert_eq!(copied.permissions().mode() & 0o777, 0o755);
        assert_eq!(
            copied.modified().unwrap(),
            UNIX_EPOCH + Duration::from_secs(1)
        );
        assert_eq!(
            fs::read_link(f.at("s/a/link")).unwrap(),
            Path::new("configure")
        );
    }

    #[test]
    fn a_package_may_be_a_link_in_its_vendor_directory() {
        for manner in [Manner::Links, Manner::Copy] {
            let f = Fixture::new(&["a/x"]);
            symlink(f.store.join("a"), f.store.join("vendored")).unwrap();
            let sources = [f.source("vendored", "s/a")];
            f.sandbox.lay_out(&sources, manner).unwrap();
            assert!(!f.at("s/a").is_symlink());
            assert!(f.at("s/a/x").exists());
        }
    }

    #[test]
    fn libraries_must_exist_and_be_unambiguous() {
        let f = Fixture::new(&["a/liba-1.rmeta", "b/liba-1.rmeta"]);
        let a = f.artifact("a", "liba-1.rmeta");
        let b = f.artifact("b", "liba-1.rmeta");
        f.sandbox.link_crates(&[a.clone(), a.clone()]).unwrap();
        assert!(f.at("deps/liba-1.rmeta").exists());
        let message = f.sandbox.link_crates(&[a, b]).unwrap_err().to_string();
        assert!(message.contains("two libraries"), "{message}");
        let missing = f.artifact("a", "libc-2.rmeta");
        let message = f.sandbox.link_crates(&[missing]).unwrap_err().to_string();
        assert!(message.contains("libc-2.rmeta"), "{message}");
    }
}
