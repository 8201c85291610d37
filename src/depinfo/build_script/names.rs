//! Which files of its package a build script has names for.

use super::text::Text;
use std::collections::BTreeSet;

/// What the text of a script that reads only what it names has names for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::depinfo) struct Unnamed {
    /// It does not speak of the manifest or the lock file.
    manifest: bool,
    /// It does not speak of README, LICENSE and the like.
    documents: bool,
    /// The names of files and directories in its strings, and other words there.
    words: BTreeSet<String>,
    /// The same, with the names that stand together as a path kept together.
    paths: BTreeSet<Vec<String>>,
}

impl Unnamed {
    /// What a script with this text has no names for; `exists` tells whether there is such a
    /// file or directory in the package.
    pub(super) fn by(text: &Text, exists: impl Fn(&str) -> bool) -> Self {
        let all: String = text
            .strings
            .iter()
            .map(|s| s.to_ascii_uppercase())
            .collect();
        let speaks_of = |part: &str| all.contains(part);
        Self {
            // `CARGO_MANIFEST_DIR` alone only says where the package is.
            manifest: !["CARGO.TOML", "CARGO.LOCK", "MANIFEST_PATH"]
                .into_iter()
                .any(speaks_of),
            documents: !DOCUMENTS.into_iter().any(speaks_of) && !speaks_of(".MD"),
            words: naming(text)
                .flat_map(|string| string.split(|c: char| !(is_word(c) || c == '.')))
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
            paths: all_paths(text)
                .into_iter()
                .map(|path| path.names)
                .filter(|names| !names.is_empty())
                .map(|mut names| {
                    // What is not there may be written by the script, into a
                    // directory that is.
                    if names.len() > 1 && !exists(&names.join("/")) {
                        names.pop();
                    }
                    names
                })
                .collect(),
        }
    }

    /// Whether a file of the package, relative to it, is certainly not read.
    pub(super) fn holds(&self, file: &str) -> bool {
        let (parents, name) = file.rsplit_once('/').unwrap_or(("", file));
        if matches!(file, "Cargo.toml" | "Cargo.lock") {
            return self.manifest;
        }
        if parents.is_empty() && is_document(name) {
            return self.documents;
        }
        if parents.is_empty() && is_of_the_checkout(name) {
            return !self.words.contains(name);
        }
        name.strip_suffix(".rs")
            .is_some_and(|stem| !self.is_below_a_named_path(parents, name, stem))
    }

    /// A directory that is named may be meant with all that is in it, and an
    /// ending may be put to a name without one. Any directory may stand before a
    /// named path.
    fn is_below_a_named_path(&self, parents: &str, name: &str, stem: &str) -> bool {
        let mut parts: Vec<&str> = parents.split('/').filter(|part| !part.is_empty()).collect();
        let found = |parts: &[&str]| {
            let mut paths = self.paths.iter();
            paths.any(|path| parts.windows(path.len()).any(|window| window == path))
        };
        parts.push(name);
        if found(&parts) {
            return true;
        }
        parts.pop();
        parts.push(stem);
        found(&parts)
    }
}

/// A path in a string.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    /// How many directories up it begins.
    pub ups: usize,
    /// The names on the way down from there.
    pub names: Vec<String>,
}

/// All paths in the script's strings.
pub(super) fn all_paths(text: &Text) -> BTreeSet<Named> {
    naming(text).flat_map(paths).collect()
}

/// The strings that may name files, without what is only said to cargo.
fn naming(text: &Text) -> impl Iterator<Item = &str> {
    text.strings.iter().filter_map(|string| {
        let Some(said) = string.strip_prefix("cargo:") else {
            return Some(string.as_str());
        };
        said.trim_start_matches(':')
            .strip_prefix("rerun-if-changed=")
    })
}

/// The paths that a string may hold or begin: names of directories, and of a file at the end.
///
/// Names that are cut off by a placeholder of `format!` are dropped, and of the
/// path of a Rust source only its directory is kept, because who reads that may
/// follow its modules.
fn paths(string: &str) -> Vec<Named> {
    let is_path = |c: char| is_word(c) || matches!(c, '.' | '/' | '\\');
    let mut paths = Vec::new();
    let mut start = 0;
    while start < string.len() {
        let rest = &string[start..];
        let Some(begin) = rest.find(is_path) else {
            break;
        };
        let length = rest[begin..]
            .find(|c| !is_path(c))
            .unwrap_or(rest.len() - begin);
        let (from, to) = (start + begin, start + begin + length);
        let cut_before = string[..from].ends_with('}');
        let cut_after = string[to..].starts_with('{');
        paths.extend(path(&string[from..to], cut_before, cut_after));
        start = to;
    }
    paths
}

fn path(piece: &str, cut_before: bool, cut_after: bool) -> Option<Named> {
    let mut parts: Vec<&str> = piece.split(['/', '\\']).collect();
    if cut_before && parts.len() > 1 {
        parts.remove(0);
    }
    if cut_after && parts.len() > 1 {
        parts.pop();
    }
    let mut path = Named::default();
    for part in parts {
        match part {
            "" | "." => {}
            ".." => {
                if path.names.pop().is_none() {
                    path.ups += 1;
                }
            }
            name => path.names.push(name.to_owned()),
        }
    }
    let is_source = |name: &String| name.ends_with(".rs");
    if path.names.len() > 1 && path.names.last().is_some_and(is_source) {
        path.names.pop();
    }
    (path.ups > 0 || !path.names.is_empty()).then_some(path)
}

/// Whether a string holds the name of a directory.
pub(super) fn names_directory(text: &Text, directory: &str) -> bool {
    let words = |string: &str| string.split(|c| !is_word(c)).any(|word| word == directory);
    text.strings.iter().any(|string| words(string))
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

fn is_document(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    DOCUMENTS.iter().any(|start| name.starts_with(start))
}

/// Files for git, Nix and the like.
fn is_of_the_checkout(name: &str) -> bool {
    name.starts_with('.') || name.ends_with(".nix") || name == "flake.lock"
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves_out(strings: &[&str], file: &str) -> bool {
        let strings = strings.iter().map(|s| (*s).to_owned()).collect();
        let text = Text {
            strings,
            ..Text::default()
        };
        Unnamed::by(&text, |path| !path.contains("absent")).holds(file)
    }

    #[test]
    fn a_named_path_is_meant_with_all_that_is_below_it() {
        assert!(leaves_out(&["src/etc/man"], "src/lib.rs"));
        assert!(leaves_out(&["src/etc/man"], "src/etc/other/a.rs"));
        assert!(!leaves_out(&["src/etc/man"], "src/etc/man/deep/a.rs"));
        assert!(!leaves_out(&["etc/man"], "src/etc/man/a.rs"));
        assert!(!leaves_out(&["src"], "src/etc/a.rs"));
    }

    #[test]
    fn a_name_that_is_cut_off_is_not_taken_for_a_whole_one() {
        assert!(!leaves_out(&["src/gen_{}.rs"], "src/gen_a.rs"));
        assert!(!leaves_out(&["{}/gen/a"], "src/gen/a/b.rs"));
        assert!(!leaves_out(&["{}_x/gen"], "src_x/gen/b.rs"));
        assert!(!leaves_out(&["src/../gen/a"], "gen/a/b.rs"));
    }

    #[test]
    fn who_reads_a_module_may_follow_its_modules() {
        assert!(!leaves_out(&["src/lib.rs"], "src/a/b.rs"));
        assert!(leaves_out(&["src/a/mod.rs"], "src/b.rs"));
    }

    #[test]
    fn what_is_said_to_cargo_names_no_file_that_the_script_reads() {
        assert!(leaves_out(
            &["cargo:rustc-link-arg-bin=cargo=-x"],
            "src/cargo/lib.rs"
        ));
        assert!(!leaves_out(&["cargo::rerun-if-changed=gen"], "gen/a.rs"));
    }

    #[test]
    fn the_directory_of_a_file_that_is_not_there_is_kept() {
        assert!(!leaves_out(&["src/absent.txt"], "src/lib.rs"));
        assert!(leaves_out(&["src/made.txt"], "src/lib.rs"));
    }

    #[test]
    fn an_ending_may_be_put_to_a_name() {
        assert!(!leaves_out(&["{}.rs", "table"], "src/table.rs"));
        assert!(!leaves_out(&["src/table"], "src/table.rs"));
        assert!(leaves_out(&["src/table"], "src/other.rs"));
    }
}
