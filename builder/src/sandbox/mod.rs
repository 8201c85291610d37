//! The files and variables that a unit finds below the sandbox's build directory.
//!
//! | module | brings |
//! |---|---|
//! | [`sources`] | source files, from directories, [`bundle`]s and [`archive`]s |
//! | [`environment`] | variables, those of a [`recorded_environment`] among them |
//! | [`c_compilers`] | path prefix maps for C compilers |
//! | [`libraries`] | the lists of libraries that outputs have |
//! | [`difference`] | libraries that an output has as the difference to an earlier one |
//! | [`cargo_home`] | what a cargo finds that a build script or a test starts |
//! | [`package_lock`] | when such a cargo needs packages |
//! | [`child`] | the process itself |
//!
//! Libraries of other units are links: nothing but the compiler looks at them.

pub mod archive;
pub mod bundle;
pub mod c_compilers;
pub mod cargo_home;
pub mod child;
pub mod difference;
pub mod environment;
pub mod files;
pub mod libraries;
pub mod package_lock;
pub mod recorded_environment;
pub mod remap;
pub mod sources;

use crate::error::{Error, Result};
use crate::spec::{Artifact, BUILD, Process};
use files::{create_dir_all, make_link, remove_if_there};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Variables and their values.
pub type Environment = BTreeMap<String, String>;

/// The variable that tells a package's directory to its macros and its script.
const MANIFEST_DIR: &str = "CARGO_MANIFEST_DIR";

/// The directory that a unit may use, [`BUILD`] in the sandbox of Nix.
#[derive(Debug, Clone)]
pub struct Sandbox {
    root: PathBuf,
    /// A directory in memory, if there is one.
    memory: Option<PathBuf>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new(BUILD)
    }
}

/// Nix's sandbox has a file system in memory here. A link to each of some hundred
/// libraries costs microseconds there, and half a millisecond on ext4, which searches
/// past the inodes that other builds have just deleted.
const MEMORY: &str = "/dev/shm";

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
            Some(top) if top == Path::new(BUILD) => Ok(Self {
                memory: Some(PathBuf::from(MEMORY)).filter(|memory| memory.is_dir()),
                ..Self::default()
            }),
            Some(other) => Err(no_sandbox(&other.display().to_string())),
            None => Err(no_sandbox("an unknown directory")),
        }
    }

    /// A sandbox below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            memory: None,
        }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
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
        for directory in [self.tmp(), self.home()] {
            create_dir_all(&directory)?;
        }
        match &self.memory {
            Some(memory) => {
                let deps = memory.join("deps");
                create_dir_all(&deps)?;
                make_link(&deps, &self.deps())
            }
            None => create_dir_all(&self.deps()),
        }
    }

    /// Lays out the sources of a unit, and makes its working directory and its package's
    /// directory, of which it may see no file.
    ///
    /// # Errors
    ///
    /// If a source cannot be read, two have the same file, or a place is not in the sandbox.
    pub fn settle(&self, process: &Process) -> Result<()> {
        for source in &process.sources {
            self.below(Path::new(&source.at))?;
            sources::lay_out(source, self.memory.as_deref())?;
        }
        self.create(Path::new(&process.cwd))?;
        match process.env.get(MANIFEST_DIR).map(Path::new) {
            Some(directory) if directory.starts_with(&self.root) => self.create(directory),
            _ => Ok(()),
        }
    }

    /// Calls `look` while those of the sources that are at or below one of `places` are laid out, and no others.
    ///
    /// # Errors
    ///
    /// As of [`Self::settle`], and those of `look`.
    pub fn with_some_sources<T>(
        &self,
        process: &Process,
        places: &[PathBuf],
        look: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        for source in &process.sources {
            self.below(Path::new(&source.at))?;
            sources::lay_out_some(source, self.memory.as_deref(), |at| {
                places.iter().any(|place| at.starts_with(place))
            })?;
        }
        let seen = look()?;
        for source in &process.sources {
            // One that lay in another is gone with that.
            remove_if_there(Path::new(&source.at))?;
        }
        Ok(seen)
    }

    /// Calls `work`. If it starts a cargo that needs packages, those of a vendor directory are unpacked below
    /// [`crate::spec::VENDOR`], by so many threads, and the cargo waits for them.
    ///
    /// # Errors
    ///
    /// As of [`cargo_home::unpack`], and those of `work`.
    pub fn with_packages<T>(
        &self,
        packages: &Path,
        threads: usize,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let unpack = || self.show_packages(packages, threads);
        package_lock::when_wanted(&self.home(), unpack, work)
    }

    /// Unpacks packages in memory if there is enough of it: they may be tens of thousands of files, of which a cargo reads a few.
    fn show_packages(&self, packages: &Path, threads: usize) -> Result<()> {
        let at = self.root.join("s");
        if let Some(memory) = &self.memory {
            let unpacked = memory.join("packages");
            if cargo_home::unpack(packages, &unpacked, threads).is_ok() {
                return make_link(&unpacked, &at);
            }
            // Memory is full. Another cause is one on disk too.
            remove_if_there(&unpacked)?;
        }
        cargo_home::unpack(packages, &at, threads)
    }

    /// Creates a directory, which must lie below the sandbox.
    ///
    /// # Errors
    ///
    /// If it does not, or cannot be created.
    pub fn create(&self, directory: &Path) -> Result<()> {
        self.below(directory)?;
        create_dir_all(directory)
    }

    /// Shows libraries in [`Self::deps`], and those of the lists that their outputs have.
    ///
    /// `copied` is given for a unit with incremental state. Libraries with code that are incremental are copies then, whose
    /// path is the same whatever their store path is, unless they have more bytes than this together.
    ///
    /// # Errors
    ///
    /// If a library or a list cannot be read, or two libraries have the same name.
    pub fn link_crates(&self, crates: &[Artifact], copied: Option<u64>) -> Result<()> {
        let found = closure(crates)?;
        let mut shown: Vec<(Library, &Artifact)> = Vec::new();
        for artifact in found.values() {
            shown.push((Library::of(artifact)?, artifact));
        }
        let may_change = |a: &Artifact| a.incremental && !a.file.ends_with(".rmeta");
        let changing = shown.iter().filter(|(_, a)| may_change(a));
        let bytes: u64 = changing.map(|(library, _)| library.bytes).sum();
        for (library, artifact) in &shown {
            let at = self.deps().join(&artifact.file);
            let is_copied = copied.is_some_and(|most| bytes <= most) && may_change(artifact);
            if is_copied || library.is_difference {
                self.copy_library(library, &at)?;
            } else {
                make_link(&library.file, &at)?;
            }
        }
        Ok(())
    }

    /// Copies a library to a place in [`Self::deps`], and so to memory. A disk would write it while the linker reads.
    fn copy_library(&self, library: &Library, at: &Path) -> Result<()> {
        if library.copy(at).is_ok() {
            return Ok(());
        }
        // Memory is full.
        match fs::remove_file(at) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("cannot remove", at, e));
            }
            _ => {}
        }
        let copies = self.root.join("libraries");
        create_dir_all(&copies)?;
        let copy = copies.join(at.file_name().unwrap_or_default());
        library.copy(&copy)?;
        make_link(&copy, at)
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
}

/// A library as an output has it.
#[derive(Debug)]
struct Library {
    /// The library, or its [`difference`].
    file: PathBuf,
    is_difference: bool,
    /// The length of the library itself.
    bytes: u64,
}

impl Library {
    fn of(artifact: &Artifact) -> Result<Self> {
        let file = Path::new(&artifact.from).join(&artifact.file);
        if let Ok(metadata) = fs::metadata(&file) {
            return Ok(Self {
                file,
                is_difference: false,
                bytes: metadata.len(),
            });
        }
        let file = difference::place_of(&file);
        let Some(bytes) = difference::length(&file)? else {
            return Err(Error::new(format!(
                "the library {} does not exist in {}",
                artifact.file, artifact.from
            )));
        };
        Ok(Self {
            file,
            is_difference: true,
            bytes,
        })
    }

    fn copy(&self, to: &Path) -> Result<()> {
        if self.is_difference {
            return difference::put_together(&self.file, to);
        }
        let copied = fs::copy(&self.file, to);
        copied.map_err(|e| Error::io("cannot copy", &self.file, e))?;
        Ok(())
    }
}

/// These libraries, and those of the lists that their outputs have, by file name.
fn closure(crates: &[Artifact]) -> Result<BTreeMap<String, Artifact>> {
    let mut found: BTreeMap<String, Artifact> = BTreeMap::new();
    let mut left = crates.to_vec();
    while let Some(artifact) = left.pop() {
        match found.get(&artifact.file) {
            Some(other) if other.from == artifact.from => continue,
            Some(other) => {
                return Err(Error::new(format!(
                    "two libraries are called {}: in {} and in {}",
                    artifact.file, other.from, artifact.from
                )));
            }
            None => {}
        }
        left.append(&mut libraries::listed(Path::new(&artifact.from))?);
        found.insert(artifact.file.clone(), artifact);
    }
    Ok(found)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spec::{DEPS, Origin, Source};
    use std::fs;
    use tempfile::TempDir;

    fn fixture() -> (TempDir, Sandbox) {
        let temp = tempfile::tempdir().unwrap();
        for file in ["a/liba-1.rmeta", "b/liba-1.rmeta"] {
            let file = temp.path().join("store").join(file);
            create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let sandbox = Sandbox::new(temp.path().join("build"));
        sandbox.prepare().unwrap();
        (temp, sandbox)
    }

    #[test]
    fn places_agree_with_the_interface() {
        assert_eq!(Sandbox::default().deps(), Path::new(DEPS));
    }

    #[test]
    fn the_directories_that_a_process_is_told_exist() {
        let (temp, sandbox) = fixture();
        let at = |path: &str| temp.path().join("build").join(path).display().to_string();
        let process = Process {
            cwd: at("ws"),
            env: [(MANIFEST_DIR.to_string(), at("ws/crates/b"))].into(),
            ..Process::default()
        };
        sandbox.settle(&process).unwrap();
        assert!(Path::new(&at("ws/crates/b")).is_dir());
    }

    #[test]
    fn places_outside_of_the_sandbox_are_refused() {
        let (temp, sandbox) = fixture();
        for at in ["../elsewhere", "ws/../../elsewhere"] {
            let process = Process {
                sources: vec![Source {
                    from: Origin::Store(temp.path().join("store/a").display().to_string()),
                    at: temp.path().join("build").join(at).display().to_string(),
                    links: false,
                }],
                ..Process::default()
            };
            assert!(sandbox.settle(&process).is_err(), "{at}");
        }
    }

    #[test]
    fn libraries_are_linked_in_memory() {
        let temp = tempfile::tempdir().unwrap();
        let store = temp.path().join("store");
        fs::create_dir(&store).unwrap();
        fs::write(store.join("liba-1.rmeta"), "").unwrap();
        let sandbox = Sandbox {
            memory: Some(temp.path().join("shm")),
            ..Sandbox::new(temp.path().join("build"))
        };
        sandbox.prepare().unwrap();
        let artifact = Artifact {
            file: "liba-1.rmeta".to_owned(),
            from: store.display().to_string(),
            incremental: false,
        };
        sandbox.link_crates(&[artifact], None).unwrap();
        assert!(temp.path().join("shm/deps/liba-1.rmeta").is_symlink());
        assert!(sandbox.deps().join("liba-1.rmeta").exists());
    }

    #[test]
    fn packages_are_unpacked_on_disk_where_memory_takes_none() {
        let temp = tempfile::tempdir().unwrap();
        let packages = temp.path().join("packages");
        fs::create_dir_all(packages.join("a-1.0.0")).unwrap();
        fs::write(temp.path().join("full"), "").unwrap();
        for (memory, is_in_memory) in [("shm", true), ("full", false)] {
            let sandbox = Sandbox {
                memory: Some(temp.path().join(memory)),
                ..Sandbox::new(temp.path().join(format!("build-{memory}")))
            };
            create_dir_all(sandbox.root()).unwrap();
            sandbox.show_packages(&packages, 2).unwrap();
            let shown = sandbox.root().join("s");
            assert_eq!(shown.is_symlink(), is_in_memory);
            assert!(shown.join("a-1.0.0").is_dir());
        }
    }

    #[test]
    fn the_lists_that_outputs_have_lead_to_other_libraries() {
        let (temp, sandbox) = fixture();
        let output = |name: &str| temp.path().join("store").join(name);
        let artifact = |output: &Path, file: &str| Artifact {
            file: file.to_string(),
            from: output.display().to_string(),
            incremental: false,
        };
        for (name, file) in [("c", "libc-1.rmeta"), ("d", "libd-1.rmeta")] {
            create_dir_all(&output(name)).unwrap();
            fs::write(output(name).join(file), "").unwrap();
        }
        let a = artifact(&output("a"), "liba-1.rmeta");
        let c = artifact(&output("c"), "libc-1.rmeta");
        let d = artifact(&output("d"), "libd-1.rmeta");
        libraries::list(&output("d"), &[c.clone(), a.clone()]).unwrap();
        libraries::list(&output("c"), &[a]).unwrap();
        sandbox.link_crates(&[d, c], None).unwrap();
        for file in ["liba-1.rmeta", "libc-1.rmeta", "libd-1.rmeta"] {
            assert!(sandbox.deps().join(file).exists(), "{file}");
        }
    }

    #[test]
    fn a_unit_with_state_finds_libraries_that_may_change_at_a_constant_path() {
        let at = |incremental: bool, copied: Option<u64>| {
            let (temp, sandbox) = fixture();
            let output = temp.path().join("store/a");
            create_dir_all(&output).unwrap();
            let artifacts = ["liba-1.rmeta", "liba-1.rlib"].map(|file| {
                fs::write(output.join(file), "four").unwrap();
                Artifact {
                    file: file.to_owned(),
                    from: output.display().to_string(),
                    incremental,
                }
            });
            sandbox.link_crates(&artifacts, copied).unwrap();
            artifacts.map(|artifact| {
                let shown = sandbox.deps().join(artifact.file);
                assert_eq!(fs::read_to_string(&shown).unwrap(), "four");
                !fs::canonicalize(shown).unwrap().starts_with(&output)
            })
        };
        assert_eq!(at(true, Some(4)), [false, true]);
        assert_eq!(at(true, Some(3)), [false, false]);
        assert_eq!(at(true, None), [false, false]);
        assert_eq!(at(false, Some(4)), [false, false]);
    }

    #[test]
    fn a_library_that_memory_has_no_place_for_is_copied_to_disk() {
        let (temp, sandbox) = fixture();
        let library = temp.path().join("store/liba-1.rlib");
        create_dir_all(&temp.path().join("store")).unwrap();
        fs::write(&library, "four").unwrap();
        // Nothing can be written to a device that is full.
        let at = sandbox.deps().join("liba-1.rlib");
        std::os::unix::fs::symlink("/dev/full", &at).unwrap();
        let library = Library {
            file: library,
            is_difference: false,
            bytes: 4,
        };
        sandbox.copy_library(&library, &at).unwrap();
        assert_eq!(fs::read_to_string(&at).unwrap(), "four");
        let copy = fs::canonicalize(at).unwrap();
        assert!(copy.ends_with("build/libraries/liba-1.rlib"), "{copy:?}");
    }

    #[test]
    fn libraries_must_exist_and_be_unambiguous() {
        let (temp, sandbox) = fixture();
        let artifact = |from: &str, file: &str| Artifact {
            file: file.to_string(),
            from: temp.path().join("store").join(from).display().to_string(),
            incremental: false,
        };
        let a = artifact("a", "liba-1.rmeta");
        let b = artifact("b", "liba-1.rmeta");
        sandbox.link_crates(&[a.clone(), a.clone()], None).unwrap();
        assert!(temp.path().join("build/deps/liba-1.rmeta").exists());
        let sandbox = Sandbox::new(temp.path().join("other"));
        sandbox.prepare().unwrap();
        let message = sandbox.link_crates(&[a, b], None).unwrap_err().to_string();
        assert!(message.contains("two libraries"), "{message}");
        let missing = artifact("a", "libc-2.rmeta");
        let message = sandbox
            .link_crates(&[missing], None)
            .unwrap_err()
            .to_string();
        assert!(message.contains("libc-2.rmeta"), "{message}");
    }
}
