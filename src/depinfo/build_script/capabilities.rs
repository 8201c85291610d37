//! Capabilities of a build script, by the names in its text. Each question errs on the side of
//! more: a name that stands for something else counts as well.
//!
//! A run sees its whole package unless all of this rules out that it reads what it neither
//! declares nor names.

use super::script_text::{ScriptText, Word};

/// A name of the standard library (or of a macro) by which a file or a process is reached.
const TOUCHING: [&str; 26] = [
    "fs",
    "File",
    "OpenOptions",
    "Path",
    "PathBuf",
    "Command",
    "DirEntry",
    "os",
    "include",
    "include_str",
    "include_bytes",
    "read_dir",
    "read_link",
    "read_to_string",
    "canonicalize",
    "exists",
    "try_exists",
    "is_file",
    "is_dir",
    "metadata",
    "symlink_metadata",
    "unsafe",
    "extern",
    "libc",
    "asm",
    "net",
];

/// Names by which a process is started, or anything at all is done.
const STARTING: [&str; 5] = ["Command", "unsafe", "extern", "libc", "asm"];

/// Names by which a directory is listed, or everything below it.
const LISTING: [&str; 12] = [
    "read_dir",
    "append_dir_all",
    "WalkDir",
    "walkdir",
    "glob",
    "globwalk",
    "Walk",
    "WalkBuilder",
    "jwalk",
    "ignore",
    "copy_dir",
    "fs_extra",
];

/// Names by which a path is made of one that stands in the text.
const LEADING_ELSEWHERE: [&str; 8] = [
    "ancestors",
    "components",
    "parent",
    "pop",
    "set_extension",
    "set_file_name",
    "with_extension",
    "with_file_name",
];

/// Names by which a script goes from a path to one above it.
const CLIMBING: [&str; 5] = ["ancestors", "components", "parent", "pop", "with_file_name"];

/// Whether the script may touch a file or start a process at all.
pub fn touches_files(text: &ScriptText) -> bool {
    has_ident(text, &TOUCHING)
}

/// Whether it may start a process, which can read anything.
pub fn starts_processes(text: &ScriptText) -> bool {
    has_ident(text, &STARTING)
}

/// Whether it makes paths of others.
pub fn derives_paths(text: &ScriptText) -> bool {
    let own_path = |words: &[Word]| {
        let mut pairs = words.windows(2);
        pairs.any(|pair| pair[0].is("file") && pair[1].is("!"))
    };
    has_ident(text, &LEADING_ELSEWHERE) || text.files.iter().any(|words| own_path(words))
}

/// Whether it goes from a path to one above it.
pub fn climbs(text: &ScriptText) -> bool {
    has_ident(text, &CLIMBING)
}

/// Whether it can tell where its package is.
pub fn knows_its_package(text: &ScriptText) -> bool {
    let mut strings = text.strings.iter();
    has_ident(text, &["current_dir"])
        || strings.any(|string| string.contains("MANIFEST") || string.contains("PWD"))
}

/// Whether it may list a directory that is not named at the very place: `read_dir("man")` and
/// `WalkDir::new("man")` list a directory that stands there.
pub fn lists_directories(text: &ScriptText) -> bool {
    text.files.iter().any(|words| {
        let mut import = false;
        words.iter().enumerate().any(|(at, word)| {
            if word.is("use") {
                import = true;
            } else if word.is(";") {
                import = false;
            }
            let after = &words[at + 1..];
            matches!(word, Word::Ident(name) if LISTING.contains(&&**name))
                && !import
                && !leads_to_another_listing(after)
                && !is_given_a_string(after)
        })
    })
}

/// `::WalkDir`, behind the name of a crate.
fn leads_to_another_listing(after: &[Word]) -> bool {
    match after {
        [first, second, Word::Ident(name), ..] => {
            first.is(":") && second.is(":") && LISTING.contains(&&**name)
        }
        _ => false,
    }
}

/// `("…")` or `::new("…")`, the string with or without `&`.
fn is_given_a_string(after: &[Word]) -> bool {
    let constructor = match after {
        [first, second, name, ..] => first.is(":") && second.is(":") && name.is("new"),
        _ => false,
    };
    let call = &after[if constructor { 3 } else { 0 }..];
    match call {
        [Word::Open, Word::Str(value), Word::Close, ..] => is_below(value),
        [Word::Open, sign, Word::Str(value), Word::Close, ..] => sign.is("&") && is_below(value),
        _ => false,
    }
}

/// Whether a path leads below the package's directory, not to it or out of it.
fn is_below(path: &str) -> bool {
    let parts = || path.trim_end_matches('/').split(['/', '\\']);
    parts().all(|part| !matches!(part, "" | "..")) && parts().any(|part| part != ".")
}

fn has_ident(text: &ScriptText, names: &[&str]) -> bool {
    names.iter().any(|name| text.idents.contains(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(script: &str) -> bool {
        lists_directories(&ScriptText::new([script]))
    }

    #[test]
    fn a_listing_of_a_named_directory_is_no_listing_of_another() {
        assert!(!lists(r#"fn main() { fs::read_dir("man"); }"#));
        assert!(!lists(
            r#"use walkdir::WalkDir; fn main() { WalkDir::new(&"man/de"); }"#
        ));
        assert!(!lists(r#"fn main() { walkdir::WalkDir::new("man"); }"#));
        for other in [
            r#"fs::read_dir(".")"#,
            r#"fs::read_dir("man/..")"#,
            r#"fs::read_dir("/man")"#,
            r#"fs::read_dir("")"#,
            r#"fs::read_dir(env!("CARGO_MANIFEST_DIR"))"#,
            r#"fs::read_dir(Path::new("man").parent())"#,
            r#"fs::read_dir(dir)"#,
            r#"let list = fs::read_dir; list("man")"#,
            r#"glob::glob(pattern)"#,
        ] {
            assert!(lists(&format!("fn main() {{ {other}; }}")), "{other}");
        }
    }

    #[test]
    fn a_process_under_another_name_is_a_process() {
        for script in [
            r#"use std::process::Command as C; fn main() { C::new("ls"); }"#,
            r#"type Cmd = std::process::Command; fn main() { Cmd::new("ls"); }"#,
            r#"fn main() { std::process::Command::new("git"); }"#,
        ] {
            assert!(starts_processes(&ScriptText::new([script])), "{script}");
        }
    }
}
