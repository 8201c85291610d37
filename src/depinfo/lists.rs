//! The result of a scan: one list of files for each unit, with the reason for each file.
//!
//! Every path is relative to the source root, written with `/`, without `.` and `..`.

use serde::Serialize;
use std::collections::BTreeMap;

/// The result: one list per unit, in the order of [`units`](super::request::Request::units).
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
    /// The reasons for which the list is wider than the text of the program demands; empty for an exact list.
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
    /// The kind of file at the path.
    pub kind: EntryKind,
    /// Why it is in the list. The first reason that was found; there may be others.
    pub reason: Reason,
}

/// The kind of file at a listed path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link with its text. What it leads to is listed by itself.
    Symlink(String),
    /// A directory of which nothing else is listed, and through which a path leads.
    Directory,
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
    /// A symbolic link or directory on the way to a listed file.
    OnTheWay,
}

/// Why a list is wider than necessary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fallback {
    /// How far the list was widened.
    pub to: Width,
    /// The construct that could not be resolved, or the macro that reads files.
    pub what: String,
    /// Where the source of a published package says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_from: Option<String>,
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
    /// The text that names it.
    pub what: String,
    /// Where.
    pub at: Place,
}
