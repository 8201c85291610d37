//! The words of a build script, or of other code whose run is of interest.

use crate::depinfo::syntax::strings::unquote;
use crate::depinfo::syntax::tokens::{Kind, tokens};
use std::collections::BTreeSet;

/// The words of a script and of the modules and macros that belong to it.
#[derive(Debug, Default)]
pub struct ScriptText {
    /// One list for each file.
    pub files: Vec<Vec<Word>>,
    /// All identifiers.
    pub idents: BTreeSet<String>,
    /// The values of all string literals; of those with escapes that are not
    /// understood, their text.
    pub strings: BTreeSet<String>,
}

/// A token with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Ident(String),
    /// The value of a string literal.
    Str(String),
    Open,
    Close,
    Other(String),
}

impl Word {
    /// Whether it is this identifier, or this sign.
    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Ident(own) | Self::Other(own) if own == text)
    }
}

impl ScriptText {
    pub fn new<'a>(files: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = Self::default();
        for source in files {
            let words = tokens(source).into_iter().map(|token| {
                let text = &source[token.start as usize..token.end as usize];
                word(token.kind, text)
            });
            let words = without_lint_attributes(words.collect());
            for word in &words {
                match word {
                    Word::Ident(ident) => text.idents.insert(ident.clone()),
                    Word::Str(value) => text.strings.insert(value.clone()),
                    _ => false,
                };
            }
            text.files.push(words);
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
fn without_lint_attributes(words: Vec<Word>) -> Vec<Word> {
    let mut kept: Vec<Word> = Vec::with_capacity(words.len());
    let mut depth = 0_usize;
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if depth > 0 {
            match word {
                Word::Open => depth += 1,
                Word::Close => depth -= 1,
                _ => {}
            }
            continue;
        }
        let is_prose = |next: &Word| WITHOUT_CODE.iter().any(|name| next.is(name));
        if word == Word::Open && begins_attribute(&kept) && words.peek().is_some_and(is_prose) {
            depth = 1;
            continue;
        }
        kept.push(word);
    }
    kept
}

/// Whether the tokens end in `#` or `#!`.
fn begins_attribute(before: &[Word]) -> bool {
    match before {
        [.., sign, bang] if bang.is("!") => sign.is("#"),
        [.., sign] => sign.is("#"),
        [] => false,
    }
}

fn word(kind: Kind, text: &str) -> Word {
    match kind {
        Kind::Ident | Kind::RawIdent => Word::Ident(text.trim_start_matches("r#").to_owned()),
        Kind::Str => Word::Str(unquote(text).unwrap_or_else(|| text.to_owned())),
        Kind::RawStr | Kind::OtherStr => Word::Str(inside(text)),
        Kind::Open => Word::Open,
        Kind::Close => Word::Close,
        Kind::Other | Kind::Punct => Word::Other(text.to_owned()),
    }
}

/// The text between the first and the last quote.
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
        let text = ScriptText::new([script]);
        let strings: Vec<&str> = text.strings.iter().map(String::as_str).collect();
        assert_eq!(strings, ["y", "z"]);
        assert!(text.idents.contains("g"));
    }
}
