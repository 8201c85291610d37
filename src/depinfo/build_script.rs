//! What a build script's text tells about its run and about the code that it writes.
//!
//! A run sees its package. Two things can be left out safely:
//!
//! | the script's text | its run sees |
//! |---|---|
//! | touches no file and starts no process, and only harmless packages are linked into it | the manifest |
//! | never names `tests`, `benches` or `examples` and lists no directory | the package without those |
//! | anything else | the whole package |

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
        self.strings.iter().any(|string| {
            string
                .split(|character: char| {
                    !character.is_alphanumeric() && character != '_' && character != '-'
                })
                .any(|part| part == directory)
        })
    }
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
