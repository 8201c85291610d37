//! What a scan is asked and what it answers.
//!
//! Every path is relative to [`Request::root`], written with `/`, without `.` and `..`.

use super::cfg::Cfg;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One scan of a whole project.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The source root on disk. Nothing outside it can be part of a list.
    pub root: PathBuf,
    /// The directory of the workspace's root manifest, relative to `root` (mostly empty).
    pub workspace: String,
    /// The packages whose units are scanned; [`Unit::package`] is an index into it.
    pub packages: Vec<Package>,
    /// The units. Packages without a unit cost nothing.
    pub units: Vec<Unit>,
}

/// A path package.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// The package's name, for messages and `env!("CARGO_PKG_NAME")`.
    pub name: String,
    /// The package's version, for `env!("CARGO_PKG_VERSION")`.
    pub version: String,
    /// The directory of its manifest, relative to the root.
    pub dir: String,
    /// Globs from `[package.metadata.dyndrv] extra-sources`, relative to `dir`.
    pub extra_sources: Vec<String>,
    /// The build script's crate root, relative to the source root, if there is one.
    pub build_script: Option<String>,
    /// Names of the packages that are linked into the build script, without those of
    /// `build_packages`. They decide, with its text, what its run can read and what the
    /// code that it writes can include.
    pub build_dependencies: BTreeSet<String>,
    /// The packages of the request whose libraries are linked into the build script, as
    /// indices into [`Request::packages`]. Their texts are read like the script's own.
    pub build_packages: BTreeSet<usize>,
}

/// One unit of a path package.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Index into [`Request::packages`].
    pub package: usize,
    /// The target's name, for messages.
    pub name: String,
    /// The crate root, relative to the source root.
    pub crate_root: String,
    /// What the unit is.
    pub kind: UnitKind,
    /// What is known about its cfgs. The scanner itself treats custom cfgs as undecided
    /// where the package has a build script that can set them.
    pub cfg: Cfg,
    /// The names of the packages reachable through the unit's procedural macros: the
    /// macros' own packages, direct or through libraries, and all that is linked into them.
    pub macro_packages: BTreeSet<String>,
    /// Globs relative to the source root, from the Nix library's argument.
    pub extra_sources: Vec<String>,
}

/// The kind of a unit, as far as its files depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// A library (or procedural macro), also built as a test.
    Lib,
    /// A binary, also built as a test.
    Bin,
    /// An integration test.
    Test,
    /// A benchmark.
    Bench,
    /// An example.
    Example,
    /// The compilation of a build script.
    BuildScript,
    /// The run of a build script.
    RunBuildScript,
}

/// The answer: one list per unit, in the order of [`Request::units`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scan {
    /// The lists.
    pub units: Vec<UnitFiles>,
}

/// The files that one unit can read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UnitFiles {
    /// The files by their path.
    pub files: BTreeMap<String, Listed>,
    /// What made the list wider than the text of the program demands; empty for an exact list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<Fallback>,
    /// Files that the program names and that do not exist: code that is not compiled here,
    /// generated files, or a mistake that the compiler will report.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<Absent>,
}

/// A listed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// What lies at the path.
    pub kind: EntryKind,
    /// Why it is in the list. The first reason that was found; there may be others.
    pub reason: Reason,
}

/// What lies at a listed path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link with its text. What it leads to is listed by itself.
    Symlink(String),
}

/// The place in a source file that names another file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// Why a file is in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The sort of the reason.
    pub why: Why,
    /// Where it was found; none where the reason is not in a source file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The construct, as short source text (`mod lexer;`, `include_str!("a.txt")`), or the
    /// glob or crate that demands the file.
    pub what: String,
}

/// The sort of a [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is the unit's crate root.
    CrateRoot,
    /// A `mod` item.
    Module,
    /// A `mod` item with `#[path]`.
    ModulePath,
    /// A `mod` item in a macro's definition, expanded elsewhere.
    MacroBody,
    /// A name in a macro's arguments from which the macro may make a module.
    MacroArgument,
    /// `include!`.
    Include,
    /// `include_str!` or `include_bytes!`.
    IncludeText,
    /// A string in the arguments of an unknown macro or attribute that names a file.
    Literal,
    /// A procedural macro that is known to read it.
    KnownMacro,
    /// The manifest of a package with a build script.
    Manifest,
    /// A glob of the user.
    ExtraSource,
    /// The build script's run sees its package.
    BuildScriptRun,
    /// The list was widened, see [`UnitFiles::fallbacks`].
    Fallback,
    /// A symbolic link on the way to a listed file.
    SymlinkOnTheWay,
}

/// Why a list is wider than necessary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fallback {
    /// How far the list was widened.
    pub to: Width,
    /// The construct that could not be resolved, or the macro that reads files.
    pub what: String,
    /// Where it is; none for a rule about the whole unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

/// How far a list was widened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Width {
    /// To the files below a directory whose path ends as given (empty: all).
    Directory {
        /// The directory.
        dir: String,
        /// The end of the names.
        suffix: String,
    },
    /// To the whole package.
    Package,
    /// To the whole workspace.
    Workspace,
}

/// A file that is named but not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Absent {
    /// What names it.
    pub what: String,
    /// Where.
    pub at: Place,
}

/// Why a scan has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The crate root of a unit does not exist.
    #[error(
        "unit `{unit}` of package `{package}`: its crate root {path} does not exist below the source root; \
         check that it is part of the sources given to the build (a file that git does not track is not)"
    )]
    NoCrateRoot {
        /// The unit.
        unit: String,
        /// The package.
        package: String,
        /// The crate root.
        path: String,
    },
    /// A file or directory cannot be read.
    #[error(
        "{path} cannot be read: {source}; give it read permission, or remove it from the sources"
    )]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// A listed symbolic link leads out of the source root.
    #[error(
        "the symbolic link {path} leads out of the source root (to {target}); \
         replace it by the file itself, or move the source root up so that it contains the target"
    )]
    SymlinkOut {
        /// The link.
        path: String,
        /// Its text.
        target: String,
    },
    /// Symbolic links that lead to each other.
    #[error(
        "the symbolic link {path} never reaches a file, because links lead round in a circle; remove one of them"
    )]
    SymlinkLoop {
        /// The first link.
        path: String,
    },
    /// A listed path is a socket, a pipe or a device.
    #[error(
        "{path} is neither a file, a directory nor a symbolic link; remove it from the sources, a build cannot read it"
    )]
    Special {
        /// The path.
        path: String,
    },
    /// A listed file's name is not UTF-8.
    #[error(
        "{path} (in lossy spelling) has a name that is not UTF-8; rename it, or exclude it from the sources"
    )]
    NotUtf8 {
        /// The path, lossily.
        path: String,
    },
    /// A glob of the user is not well-formed.
    #[error("package `{package}`: the glob `{glob}` in `extra-sources` is not valid: {message}")]
    Glob {
        /// The package.
        package: String,
        /// The glob.
        glob: String,
        /// What the glob parser says.
        message: String,
    },
    /// A glob of the user names nothing.
    #[error(
        "package `{package}`: the glob `{glob}` in `extra-sources` matches no file; correct or remove it"
    )]
    GlobEmpty {
        /// The package.
        package: String,
        /// The glob.
        glob: String,
    },
    /// A unit names a package that the request does not contain.
    #[error("unit `{unit}` names package number {package}, but the request has only {count}")]
    NoPackage {
        /// The unit.
        unit: String,
        /// The index.
        package: usize,
        /// The number of packages.
        count: usize,
    },
    /// A source file is too large to be scanned.
    #[error("{path} is larger than 4 GiB, which rustc refuses too")]
    TooLarge {
        /// The path.
        path: String,
    },
    /// Dep-info that does not follow rustc's format.
    #[error("dep-info, line {line}: {message}")]
    DepInfo {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: &'static str,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
