//! What a build script's text tells about its run and about the code that it writes.
//!
//! A run sees its package. What it certainly does not read can be left out:
//!
//! | the script's text | its run does not see |
//! |---|---|
//! | touches no file and starts no process, and only harmless packages are linked into it | anything but the manifest |
//! | never names `tests`, `benches` or `examples`, lists no directory but those that it names, and starts no process | those directories |
//! | as before, and only packages are linked into it that read nothing but what they are told | Rust sources and files such as `.gitignore` and `flake.nix` that it does not name; the manifest, the lock file and documents such as README, unless it speaks of such |
//!
//! What it sees outside of its package is said in [`outside`]. Libraries of the project that are
//! linked into it count as its text, and if they touch files, it sees their packages as well.
//! A process of git reads nothing: `.git` is in no source tree, so that it finds no repository.

mod names;
mod outside;
mod reach;
mod text;

use super::files::Found;
use super::model::*;
use super::policy;
use super::scanner::{self, Input, Output};
use names::Unnamed;
pub use outside::named_files;
use std::collections::BTreeMap;
use text::Text;

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
    /// Files outside of its package that it may read.
    pub outside: BTreeMap<String, EntryKind>,
    /// The packages, as indices, whose libraries are linked into it and touch files.
    pub linked: Vec<usize>,
}

/// A library of the project that is linked into a build script.
pub(super) struct Linked<'a> {
    /// The index of its package.
    pub package: usize,
    pub input: Input<'a>,
    pub root: &'a str,
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
    "adler2",
    "anyhow",
    "bitflags",
    "cc",
    "cfg-if",
    "crc32fast",
    "data-encoding",
    "errno",
    "filetime",
    "find-msvc-tools",
    "flate2",
    "itoa",
    "jobserver",
    "libc",
    "linux-raw-sys",
    "memchr",
    "miniz_oxide",
    "once_cell",
    "rustix",
    "shlex",
    "simd-adler32",
    "tar",
    "thiserror",
    "xattr",
    "zlib-rs",
];

/// Reads the text of a package's build script, and of the project's libraries that are
/// linked into it. The cfg of all inputs must be unknown.
pub(super) fn facts(input: &Input, root: &str, libraries: &[Linked]) -> Result<Facts> {
    let Some(found) = crate_root(input, root)? else {
        return Ok(Facts::default());
    };
    let output = scanner::walk_crate(input, &found)?;
    let mut certain = output.fallbacks.is_empty();
    let mut text = text_of(&output);
    let mut linked = Vec::new();
    for library in libraries {
        let Some(root) = crate_root(&library.input, library.root)? else {
            continue;
        };
        let output = scanner::walk_crate(&library.input, &root)?;
        certain &= output.fallbacks.is_empty();
        let own = text_of(&output);
        if reach::touches_files(&own) {
            linked.push(library.package);
        }
        text.append(own);
    }
    let is_linked = |known: &dyn Fn(&str) -> bool| {
        let mut packages = input.package.build_dependencies.iter();
        packages.all(|name| known(name))
    };
    let harmless = is_linked(&|name| HARMLESS.contains(&name));
    let quiet = is_linked(&|name| HARMLESS.contains(&name) || QUIET.contains(&name));
    let named_only = reach::lists_only_what_it_names(&text);
    let unread = |directory: &&str| named_only && !names::names_directory(&text, directory);
    let blind = harmless && certain && !reach::touches_files(&text);
    let exact = quiet && named_only && certain;
    let exists = |path: &str| matches!(input.files.find(&input.package.dir, path), Ok(Some(_)));
    Ok(Facts {
        sets_features: text
            .strings
            .iter()
            .any(|string| string.contains("feature=") || string.contains("feature =")),
        writes_includes: policy::code_writer(input.package.build_dependencies.iter()).is_some()
            || text
                .strings
                .iter()
                .any(|string| INCLUDING.iter().any(|part| string.contains(part))),
        blind,
        unread: TARGET_DIRECTORIES.into_iter().filter(unread).collect(),
        unnamed: exact.then(|| Unnamed::by(&text, exists)),
        outside: if blind {
            BTreeMap::new()
        } else {
            outside::outside(input, &text, !exact)?
        },
        linked,
    })
}

/// What code that includes files says.
const INCLUDING: [&str; 5] = [
    "include_str!",
    "include_bytes!",
    "include!",
    "#[path",
    "#[ path",
];

fn crate_root(input: &Input, root: &str) -> Result<Option<Found>> {
    let found = input.files.find("", root)?;
    Ok(found.filter(|found| !found.directory))
}

fn text_of(output: &Output) -> Text {
    Text::new(output.code.iter().map(|code| &*code.bytes))
}
