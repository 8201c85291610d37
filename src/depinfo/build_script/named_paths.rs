//! The paths that stand in a script's strings.

use super::script_text::ScriptText;
use std::collections::BTreeSet;

/// A path in a string.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedPath {
    /// How many directories up it begins.
    pub ups: usize,
    /// The names on the way down from there.
    pub names: Vec<String>,
}

/// All paths in the script's strings.
pub fn all_paths(text: &ScriptText) -> BTreeSet<NamedPath> {
    naming(text).flat_map(paths).collect()
}

/// cargo's instructions that name no file of the package.
const WITHOUT_PATHS: [&str; 9] = [
    "error",
    "minimum-cargo-version",
    "rerun-if-env-changed",
    "rustc-cfg",
    "rustc-check-cfg",
    "rustc-env",
    "rustc-flags",
    "rustc-link-lib",
    "warning",
];

/// The strings that may name files, without what is only said to cargo.
fn naming(text: &ScriptText) -> impl Iterator<Item = &str> {
    text.strings.iter().filter_map(|string| {
        let Some(instruction) = string.strip_prefix("cargo:") else {
            return Some(string.as_str());
        };
        let instruction = instruction.trim_start_matches(':');
        let (key, value) = instruction.split_once('=')?;
        (!WITHOUT_PATHS.contains(&key)).then_some(value)
    })
}

/// The paths that a string may hold or begin: names of directories, and of a file at the end.
///
/// Names that are cut off by a placeholder of `format!` are dropped, and of the
/// path of a Rust source only its directory is kept, because who reads that may
/// follow its modules.
fn paths(string: &str) -> Vec<NamedPath> {
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

fn path(piece: &str, cut_before: bool, cut_after: bool) -> Option<NamedPath> {
    let mut parts: Vec<&str> = piece.split(['/', '\\']).collect();
    if cut_before && parts.len() > 1 {
        parts.remove(0);
    }
    if cut_after && parts.len() > 1 {
        parts.pop();
    }
    let mut path = NamedPath::default();
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

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(string: &str) -> Vec<String> {
        let text = ScriptText {
            strings: [string.to_owned()].into(),
            ..ScriptText::default()
        };
        let shown = |path: NamedPath| format!("{}{}", "../".repeat(path.ups), path.names.join("/"));
        all_paths(&text).into_iter().map(shown).collect()
    }

    #[test]
    fn paths_end_where_no_path_can_go_on() {
        assert_eq!(named("etc/man"), ["etc/man"]);
        assert_eq!(named("see (etc/man), or x"), ["etc/man", "or", "see", "x"]);
        assert_eq!(named("a/../b/./c"), ["b/c"]);
        assert_eq!(named("../../proto"), ["../../proto"]);
    }

    #[test]
    fn a_name_that_is_cut_off_is_not_taken_for_a_whole_one() {
        assert_eq!(
            named("src/gen_{}.rs"),
            ["src", ".rs"]
                .map(str::to_owned)
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
        );
        assert_eq!(named("{}/gen/a"), ["gen/a"]);
        assert_eq!(named("{}_x/gen"), ["gen"]);
    }

    #[test]
    fn who_reads_a_module_may_follow_its_modules() {
        assert_eq!(named("src/a/mod.rs"), ["src/a"]);
    }

    #[test]
    fn instructions_to_cargo_name_what_they_lead_to() {
        assert_eq!(
            named("cargo:rustc-link-search=native={}/libs"),
            ["libs", "native"]
        );
        assert_eq!(named("cargo::rerun-if-changed=gen"), ["gen"]);
        assert_eq!(named("cargo:rustc-cfg=tests"), [""; 0]);
    }
}
