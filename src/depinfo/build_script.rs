//! What a build script's text tells about its run and about the code that it writes.
//!
//! A run sees its package. What it certainly does not read can be left out:
//!
//! | the script's text | its run does not see |
//! |---|---|
//! | touches no file and starts no process, and only harmless packages are linked into it | anything but the manifest |
//! | never names `tests`, `benches` or `examples`, lists no directory and starts no process | those directories |
//! | as before, and only packages are linked into it that read nothing but what they are told | Rust sources and files such as `.gitignore` and `flake.nix` that it does not name; the manifest, the lock file and documents such as README, unless it speaks of such |

use super::lexer::{self, Kind};
use super::model::*;
use super::policy;
use super::scanner::{self, Input};
use std::collections::BTreeSet;

/// What is known of one build script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// It may set `feature`, which mostly only cargo does.
    pub sets_features: bool,
    /// Code that it writes may include files of the package.
    pub writes_includes: bool,
    /// It reads no file of its package but the manifest.
    pub blind: bool,
    /// Directories of other targets that it does not read.
    pub unread: Vec<&'static str>,
    /// What it does not name, if it reads only what it names.
    pub unnamed: Option<Unnamed>,
}

/// What the text of a script that reads only what it names has names for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unnamed {
    /// It does not speak of the manifest or the lock file.
    manifest: bool,
    /// It does not speak of README, LICENSE and the like.
    documents: bool,
    /// The names of files and directories in its strings, and other words there.
    words: BTreeSet<String>,
}

impl Unnamed {
    /// Whether a file of the package, relative to it, is certainly not read.
    fn holds(&self, file: &str) -> bool {
        let (parents, name) = file.rsplit_once('/').unwrap_or(("", file));
        if matches!(file, "Cargo.toml" | "Cargo.lock") {
            return self.manifest;
        }
        if parents.is_empty() && is_document(name) {
            return self.documents;
        }
        let is_named = |word: &str| self.words.contains(word);
        if parents.is_empty() && is_of_the_checkout(name) {
            return !is_named(name);
        }
        // A directory that is named may be meant with all that is in it, and an
        // ending may be put to a name without one.
        name.strip_suffix(".rs").is_some_and(|stem| {
            !is_named(name) && !is_named(stem) && !parents.split('/').any(is_named)
        })
    }
}

impl Facts {
    /// Whether the run certainly does not read a file of the package, given
    /// relative to it.
    pub fn leaves_out(&self, file: &str) -> bool {
        let unnamed = || self.unnamed.as_ref().is_some_and(|u| u.holds(file));
        if self.blind {
            return file != "Cargo.toml" || unnamed();
        }
        let elsewhere = |directory: &&str| {
            let below = file.strip_prefix(*directory);
            below.is_some_and(|below| below.starts_with('/'))
        };
        self.unread.iter().any(elsewhere) || unnamed()
    }
}

/// Beginnings of the names of documents, in capitals.
const DOCUMENTS: [&str; 7] = [
    "README",
    "CHANGELOG",
    "LICENSE",
    "LICENCE",
    "CONTRIBUTING",
    "COPYING",
    "NOTICE",
];

/// Files for git, Nix and the like.
fn is_of_the_checkout(name: &str) -> bool {
    name.starts_with('.') || name.ends_with(".nix") || name == "flake.lock"
}

fn is_document(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    DOCUMENTS.iter().any(|start| name.starts_with(start))
}

/// Directories that cargo gives to targets other than libraries and binaries.
const TARGET_DIRECTORIES: [&str; 3] = ["tests", "benches", "examples"];

/// Packages that read nothing of the package whose build script they are linked into.
const HARMLESS: &[&str] = &[
    "autocfg",
    "cfg_aliases",
    "pkg-config",
    "rustc_version",
    "rustversion",
    "semver",
    "semver-parser",
    "target-lexicon",
    "vcpkg",
    "version_check",
];

/// Packages that read only files that the script names to them, and what those
/// include in C.
const QUIET: &[&str] = &[
    "anyhow",
    "bitflags",
    "cc",
    "cfg-if",
    "data-encoding",
    "find-msvc-tools",
    "itoa",
    "jobserver",
    "libc",
    "memchr",
    "once_cell",
    "shlex",
    "thiserror",
];

/// Reads the text of a package's build script; the cfg of `input` must be unknown.
pub(super) fn facts(input: &Input, root: &str) -> Result<Facts> {
    let Some(found) = input.files.find("", root)?.filter(|found| !found.directory) else {
        return Ok(Facts::default());
    };
    let output = scanner::walk_crate(input, &found)?;
    let package = input.package;
    let mut text = Words::default();
    for code in &output.code {
        text.add(&code.bytes);
    }
    let harmless = package
        .build_dependencies
        .iter()
        .all(|name| HARMLESS.contains(&&**name));
    let quiet = |name: &String| HARMLESS.contains(&&**name) || QUIET.contains(&&**name);
    let quiet = package.build_dependencies.iter().all(quiet);
    let lists = text.idents.iter().any(|word| lists_directories(word));
    let unread = |directory: &&str| !lists && !text.names_directory(directory);
    Ok(Facts {
        sets_features: text
            .strings
            .iter()
            .any(|string| string.contains("feature=") || string.contains("feature =")),
        writes_includes: policy::code_writer(package.build_dependencies.iter()).is_some()
            || text.strings.iter().any(|string| {
                [
                    "include_str!",
                    "include_bytes!",
                    "include!",
                    "#[path",
                    "#[ path",
                ]
                .iter()
                .any(|part| string.contains(part))
            }),
        blind: harmless
            && output.fallbacks.is_empty()
            && !text.idents.iter().any(|word| touches_files(word)),
        unread: TARGET_DIRECTORIES.into_iter().filter(unread).collect(),
        unnamed: (quiet && !lists && output.fallbacks.is_empty()).then(|| text.unnamed()),
    })
}

/// The words and strings of a script.
#[derive(Default)]
struct Words {
    idents: BTreeSet<String>,
    strings: BTreeSet<String>,
}

impl Words {
    fn add(&mut self, source: &[u8]) {
        for token in lexer::lex(source) {
            let bytes = &source[token.start as usize..token.end as usize];
            let text = String::from_utf8_lossy(bytes);
            match token.kind {
                Kind::Ident | Kind::RawIdent => {
                    self.idents.insert(text.trim_start_matches("r#").to_owned());
                }
                Kind::Str => {
                    let value = super::cfg::unquote(bytes);
                    self.strings
                        .insert(value.unwrap_or_else(|| text.into_owned()));
                }
                Kind::RawStr | Kind::Other if text.contains('"') => {
                    self.strings.insert(text.into_owned());
                }
                _ => {}
            }
        }
    }

    fn names_directory(&self, directory: &str) -> bool {
        self.strings
            .iter()
            .any(|string| words(string).any(|word| word == directory))
    }

    fn unnamed(&self) -> Unnamed {
        let all: String = self
            .strings
            .iter()
            .map(|s| s.to_ascii_uppercase())
            .collect();
        let speaks_of = |part: &str| all.contains(part);
        Unnamed {
            // `CARGO_MANIFEST_DIR` alone only says where the package is.
            manifest: !["CARGO.TOML", "CARGO.LOCK", "MANIFEST_PATH"]
                .into_iter()
                .any(speaks_of),
            documents: !DOCUMENTS.into_iter().any(speaks_of) && !speaks_of(".MD"),
            words: self
                .strings
                .iter()
                .flat_map(|string| string.split(|c: char| !(is_word(c) || c == '.')))
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// The parts of a string that could be names of directories.
fn words(string: &str) -> impl Iterator<Item = &str> {
    string.split(|character| !is_word(character))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

/// A name of the standard library (or of a macro) by which a file or a process is reached.
fn touches_files(word: &str) -> bool {
    matches!(
        word,
        "fs" | "File"
            | "OpenOptions"
            | "Path"
            | "PathBuf"
            | "Command"
            | "DirEntry"
            | "os"
            | "include"
            | "include_str"
            | "include_bytes"
            | "read_dir"
            | "read_link"
            | "read_to_string"
            | "canonicalize"
            | "exists"
            | "try_exists"
            | "is_file"
            | "is_dir"
            | "metadata"
            | "symlink_metadata"
            | "unsafe"
            | "extern"
            | "libc"
            | "asm"
            | "net"
    )
}

/// A name by which a directory is listed, or everything below it.
fn lists_directories(word: &str) -> bool {
    matches!(
        word,
        "read_dir"
            | "WalkDir"
            | "walkdir"
            | "glob"
            | "globwalk"
            | "Walk"
            | "WalkBuilder"
            | "jwalk"
            | "ignore"
            | "Command"
            | "copy_dir"
            | "fs_extra"
            | "dir"
    )
}
