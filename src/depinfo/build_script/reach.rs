//! Which files a build script can reach without having names for them: through the
//! listing of a directory, or through another process.

use super::text::{Text, Token};
use std::collections::BTreeSet;

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

/// Names by which a script comes to a directory that none of its strings names.
const LEADING_ELSEWHERE: [&str; 8] = [
    "current_dir",
    "file",
    "parent",
    "ancestors",
    "pop",
    "components",
    "with_file_name",
    "set_file_name",
];

/// Names by which a value gets from one function to another that is not given it.
const SHARED: [&str; 5] = [
    "thread_local",
    "set_var",
    "set_current_dir",
    "macro_rules",
    "include",
];

/// Whether the script may touch a file or start a process at all.
pub(super) fn touches_files(text: &Text) -> bool {
    TOUCHING.iter().any(|name| text.idents.contains(*name))
}

/// Whether each directory that the script lists is one that it names, and it starts no process
/// that might read others.
pub(super) fn lists_only_what_it_names(text: &Text) -> bool {
    if !processes_are_harmless(text) {
        return false;
    }
    if !text.idents.iter().any(|ident| lists(ident)) {
        return true;
    }
    let closed = closed_functions(text);
    !text
        .files
        .iter()
        .zip(closed)
        .any(|(tokens, closed)| outside(tokens, &closed).any(leads_elsewhere))
}

fn lists(ident: &str) -> bool {
    LISTING.contains(&ident)
}

/// Whether a token gives the package's own directory, or one above something named.
fn leads_elsewhere(token: &Token) -> bool {
    match token {
        Token::Ident(ident) => LEADING_ELSEWHERE.contains(&&**ident),
        Token::Str(value) => {
            let up = |part: &str| matches!(part, "." | "..");
            value.contains("MANIFEST") || value == "PWD" || value.split(['/', '\\']).any(up)
        }
        _ => false,
    }
}

/// A stretch of a file's tokens.
type Span = std::ops::Range<usize>;

fn outside<'a>(tokens: &'a [Token], closed: &'a [Span]) -> impl Iterator<Item = &'a Token> {
    let is_outside = |at: &usize| !closed.iter().any(|span| span.contains(at));
    (0..tokens.len()).filter(is_outside).map(|at| &tokens[at])
}

/// For each file, the bodies of functions from which no value gets to the rest of the script.
///
/// They take nothing and return nothing, call no function of the script, and list nothing
/// themselves; and nothing in the script is shared in other ways.
fn closed_functions(text: &Text) -> Vec<Vec<Span>> {
    let none = || vec![Vec::new(); text.files.len()];
    let shared = SHARED.iter().any(|word| text.idents.contains(*word));
    if shared || text.files.iter().any(|file| has_changing_static(file)) {
        return none();
    }
    let functions: BTreeSet<&str> = text.files.iter().flat_map(|file| functions(file)).collect();
    let is_closed = |tokens: &[Token], body: &Span| {
        !tokens[body.clone()].iter().any(|token| match token {
            Token::Ident(ident) => lists(ident) || functions.contains(&**ident),
            _ => false,
        })
    };
    text.files
        .iter()
        .map(|tokens| {
            bodies(tokens)
                .into_iter()
                .filter(|body| is_closed(tokens, body))
                .collect()
        })
        .collect()
}

/// Whether there is a `static` of another type than `&str`.
fn has_changing_static(tokens: &[Token]) -> bool {
    let is_static = |(_, token): &(usize, &Token)| token.is("static");
    let mut statics = tokens.iter().enumerate().filter(is_static);
    statics.any(|(at, _)| {
        let mut rest = tokens[at + 1..].iter().skip(1);
        let typed = |sign: &str, rest: &mut dyn Iterator<Item = &Token>| {
            rest.next().is_some_and(|token| token.is(sign))
        };
        !(typed(":", &mut rest) && typed("&", &mut rest) && typed("str", &mut rest))
    })
}

/// The names of all functions that are defined.
fn functions(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.windows(2).filter_map(|pair| match pair {
        [Token::Ident(keyword), Token::Ident(name)] if keyword == "fn" => Some(&**name),
        _ => None,
    })
}

/// The bodies of all `fn name() { … }`.
fn bodies(tokens: &[Token]) -> Vec<Span> {
    let mut bodies = Vec::new();
    for (at, window) in tokens.windows(5).enumerate() {
        if let [
            Token::Ident(keyword),
            Token::Ident(_),
            Token::Open,
            Token::Close,
            Token::Open,
        ] = window
            && keyword == "fn"
        {
            let start = at + 5;
            bodies.push(start..end_of_body(tokens, start));
        }
    }
    bodies
}

fn end_of_body(tokens: &[Token], start: usize) -> usize {
    let mut depth = 1_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

/// Commands of git that do nothing without a repository.
const GIT_IN_A_REPOSITORY: [&str; 12] = [
    "branch",
    "describe",
    "for-each-ref",
    "log",
    "name-rev",
    "rev-list",
    "rev-parse",
    "show",
    "show-ref",
    "status",
    "symbolic-ref",
    "tag",
];

/// Whether the script starts no process, or git alone, which finds no repository.
fn processes_are_harmless(text: &Text) -> bool {
    text.files.iter().all(|tokens| {
        let mut commands = tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.is("Command"));
        commands.all(|(at, _)| {
            let after = &tokens[at + 1..];
            is_import(&tokens[..at], after) || is_git(after)
        })
    })
}

/// `process::Command` in a `use` item, under its own name.
fn is_import(before: &[Token], after: &[Token]) -> bool {
    let of_module = before.iter().rev().take(3).any(|token| token.is("process"));
    let ends = after
        .first()
        .is_none_or(|token| token.is(";") || token.is(",") || *token == Token::Close);
    of_module && ends
}

/// `::new("git").arg("log")`, or the same with `args`.
fn is_git(after: &[Token]) -> bool {
    let program = [":", ":", "new"];
    let mut rest = after.iter();
    if !program
        .iter()
        .all(|sign| rest.next().is_some_and(|token| token.is(sign)))
    {
        return false;
    }
    let mut rest = rest.filter(|token| !token.is("&") && **token != Token::Open);
    let git = rest.next() == Some(&Token::Str("git".to_owned()));
    let mut rest = rest.filter(|token| **token != Token::Close && !token.is("."));
    let argument = rest
        .next()
        .is_some_and(|token| token.is("arg") || token.is("args"));
    let command = match rest.next() {
        Some(Token::Str(command)) => GIT_IN_A_REPOSITORY.contains(&&**command),
        _ => false,
    };
    git && argument && command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_only(script: &str) -> bool {
        lists_only_what_it_names(&Text::new([script.as_bytes()]))
    }

    #[test]
    fn a_listing_of_a_named_directory_is_no_listing_of_the_package() {
        assert!(named_only(r#"fn main() { fs::read_dir("man"); }"#));
        assert!(!named_only(r#"fn main() { fs::read_dir("."); }"#));
        assert!(!named_only(r#"fn main() { fs::read_dir("man/.."); }"#));
        assert!(!named_only(
            r#"fn main() { fs::read_dir(env!("CARGO_MANIFEST_DIR")); }"#
        ));
        assert!(!named_only(
            r#"fn main() { fs::read_dir(Path::new("man").parent()); }"#
        ));
        assert!(!named_only(
            "fn main() { fs::read_dir(env::current_dir()); }"
        ));
    }

    #[test]
    fn the_packages_directory_in_a_closed_function_does_not_get_to_a_listing() {
        let main = r#"fn main() { a(); fs::read_dir("man"); }"#;
        let with = |other: &str| named_only(&format!("{main} {other}"));
        assert!(with("fn a() { env::current_dir(); }"));
        assert!(!with("fn a() -> PathBuf { env::current_dir() }"));
        assert!(!with(
            "fn a(out: &mut PathBuf) { *out = env::current_dir(); }"
        ));
        assert!(!with(
            "fn a() { b(env::current_dir()); } fn b(x: PathBuf) {}"
        ));
        assert!(!with(
            "static X: Y = Y; fn a() { X.set(env::current_dir()); }"
        ));
        assert!(!with("fn a() { fs::read_dir(env::current_dir()); }"));
    }

    #[test]
    fn git_reads_nothing_without_a_repository() {
        let script =
            |command: &str| format!("use std::process::Command; fn main() {{ {command} }}");
        for (command, harmless) in [
            (r#"Command::new("git").arg("log").arg("-1");"#, true),
            (r#"Command::new("git").args(["rev-parse", "HEAD"]);"#, true),
            (r#"Command::new("git").args(&["describe"]);"#, true),
            (r#"Command::new("git").arg("hash-object").arg("x");"#, false),
            (r#"Command::new("git").args(arguments);"#, false),
            (r#"Command::new("ls");"#, false),
            (r#"Command::new(program);"#, false),
            (r#"let new = Command::new; new("ls");"#, false),
        ] {
            assert_eq!(named_only(&script(command)), harmless, "{command}");
        }
        assert!(!named_only(
            r#"use std::process::Command as C; fn main() { C::new("ls"); }"#
        ));
    }
}
