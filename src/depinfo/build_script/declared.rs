//! A build script's declaration of its inputs to cargo: its `rerun-if-…` lines.
//!
//! A script that prints such a line has cargo run it again only if what they name changes;
//! one that prints none is run again after every edit of its package. A line counts here if
//! it stands in the script word for word: a path that the script puts together can be any.

use super::script_text::ScriptText;
use std::collections::BTreeSet;

/// The declaration of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// It prints no such line, or one that cannot be known.
    Unknown,
    /// All its `rerun-if-changed` lines name one of these files or directories, relative to
    /// the package.
    Inputs(BTreeSet<String>),
}

const CHANGED: &str = "rerun-if-changed";
const ENV_CHANGED: &str = "rerun-if-env-changed";

/// Reads the lines of a script.
pub fn declaration(text: &ScriptText) -> Declaration {
    let mut inputs = BTreeSet::new();
    let mut any = false;
    for line in text.strings.iter().flat_map(|string| string.lines()) {
        if line.contains(ENV_CHANGED) {
            any = true;
        } else if line.contains(CHANGED) {
            any = true;
            match literal_path(line) {
                Some(path) => inputs.insert(path.to_owned()),
                None => return Declaration::Unknown,
            };
        }
    }
    if any {
        Declaration::Inputs(inputs)
    } else {
        Declaration::Unknown
    }
}

fn literal_path(line: &str) -> Option<&str> {
    let instruction = line.strip_prefix("cargo:")?;
    let instruction = instruction.strip_prefix(':').unwrap_or(instruction);
    let path = instruction.strip_prefix(CHANGED)?.strip_prefix('=')?;
    let path = path
        .strip_prefix("./")
        .unwrap_or(path)
        .trim_end_matches('/');
    (!path.is_empty() && path != "." && !path.contains(['{', '}', '\\'])).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(strings: &[&str]) -> Declaration {
        declaration(&ScriptText {
            strings: strings.iter().map(|string| (*string).to_owned()).collect(),
            ..ScriptText::default()
        })
    }

    fn inputs(paths: &[&str]) -> Declaration {
        Declaration::Inputs(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn lines_that_stand_there_word_for_word() {
        assert_eq!(
            of(&[
                "cargo:rerun-if-changed=a.txt",
                "cargo::rerun-if-changed=./b/"
            ]),
            inputs(&["a.txt", "b"])
        );
        assert_eq!(
            of(&["cargo:rerun-if-changed=a\ncargo:rerun-if-changed=b\n"]),
            inputs(&["a", "b"])
        );
        assert_eq!(of(&["cargo:rerun-if-env-changed={}"]), inputs(&[]));
    }

    #[test]
    fn one_line_that_is_put_together_makes_all_unknown() {
        assert_eq!(
            of(&["cargo:rerun-if-changed=a", "cargo:rerun-if-changed={}"]),
            Declaration::Unknown
        );
        assert_eq!(of(&["cargo:rerun-if-changed="]), Declaration::Unknown);
        assert_eq!(of(&["cargo:rerun-if-changed=."]), Declaration::Unknown);
        assert_eq!(
            of(&["rerun-if-changed", "cargo:rustc-cfg=a"]),
            Declaration::Unknown
        );
        assert_eq!(of(&["a.txt"]), Declaration::Unknown);
    }
}
