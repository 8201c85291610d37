//! The words of a build script.

use crate::depinfo::cfg::unquote;
use crate::depinfo::lexer::{self, Kind};
use std::collections::BTreeSet;

/// The tokens of a script and of the modules and macros that belong to it.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// One list for each file.
    pub files: Vec<Vec<Token>>,
    /// All identifiers.
    pub idents: BTreeSet<String>,
    /// The values of all string literals; of those with escapes that are not
    /// understood, their text.
    pub strings: BTreeSet<String>,
}

/// A token with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Ident(String),
    /// The value of a string literal.
    Str(String),
    Open,
    Close,
    Other(String),
}

impl Token {
    /// Whether it is this identifier, or this sign.
    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Ident(own) | Self::Other(own) if own == text)
    }
}

impl Text {
    pub fn new<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut text = Self::default();
        for source in files {
            let tokens: Vec<Token> = lexer::lex(source)
                .into_iter()
                .map(|token| {
                    read(
                        token.kind,
                        &source[token.start as usize..token.end as usize],
                    )
                })
                .collect();
            let tokens = without_lint_attributes(tokens);
            for token in &tokens {
                match token {
                    Token::Ident(ident) => text.idents.insert(ident.clone()),
                    Token::Str(value) => text.strings.insert(value.clone()),
                    _ => false,
                };
            }
            text.files.push(tokens);
        }
        text
    }

    /// Adds the text of a library that is linked into the script.
    pub fn append(&mut self, other: Self) {
        self.files.extend(other.files);
        self.idents.extend(other.idents);
        self.strings.extend(other.strings);
    }
}

/// Attributes that no code comes from.
const WITHOUT_CODE: [&str; 8] = [
    "allow",
    "cfg",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "must_use",
    "warn",
];

/// Drops attributes such as `#[allow(…, reason = "…")]`, whose strings are prose.
fn without_lint_attributes(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut depth = 0_usize;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if depth > 0 {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                _ => {}
            }
            continue;
        }
        let is_prose = |next: &Token| WITHOUT_CODE.iter().any(|name| next.is(name));
        if token == Token::Open && begins_attribute(&kept) && tokens.peek().is_some_and(is_prose) {
            depth = 1;
            continue;
        }
        kept.push(token);
    }
    kept
}

/// Whether the tokens end in `#` or `#!`.
fn begins_attribute(before: &[Token]) -> bool {
    match before {
        [.., sign, bang] if bang.is("!") => sign.is("#"),
        [.., sign] => sign.is("#"),
        [] => false,
    }
}

fn read(kind: Kind, bytes: &[u8]) -> Token {
    let text = String::from_utf8_lossy(bytes);
    match kind {
        Kind::Ident | Kind::RawIdent => Token::Ident(text.trim_start_matches("r#").to_owned()),
        Kind::Str => Token::Str(unquote(bytes).unwrap_or_else(|| text.into_owned())),
        Kind::RawStr => Token::Str(inside(&text)),
        // Byte and C strings.
        Kind::Other if text.contains('"') => Token::Str(inside(&text)),
        Kind::Open => Token::Open,
        Kind::Close => Token::Close,
        Kind::Other | Kind::Punct => Token::Other(text.into_owned()),
    }
}

/// What stands between the first and the last quote.
fn inside(literal: &str) -> String {
    let start = literal.find('"').map_or(0, |at| at + 1);
    let end = literal.rfind('"').unwrap_or(literal.len());
    literal.get(start..end).unwrap_or(literal).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_of_lints_are_no_strings_of_the_script() {
        let script = r##"#![allow(a, reason = "src")] #[expect((b), reason = "x")] #[serde(default = "y")] fn f() { g("z") }"##;
        let text = Text::new([script.as_bytes()]);
        let strings: Vec<&str> = text.strings.iter().map(String::as_str).collect();
        assert_eq!(strings, ["y", "z"]);
        assert!(text.idents.contains("g"));
    }
}
