//! Rust's tokens, as far as a scan for file names needs them.
//!
//! Never fails and never recurses: text that is not Rust gives some tokens too. The rules
//! follow `rustc_lexer` where a mistake would hide code or show a comment as code: nested
//! block comments, raw strings, lifetimes against characters, shebang, frontmatter and
//! byte order mark. Comments vanish, doc comments with them.

/// One token: its sort and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// The sort of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or keyword.
    Ident,
    /// A raw identifier, which is never a keyword. The bytes include `r#`.
    RawIdent,
    /// `"…"`, the bytes include the quotes.
    Str,
    /// `r#"…"#` with any number of `#`.
    RawStr,
    /// Byte and C strings, characters, numbers, lifetimes.
    Other,
    /// An opening bracket of any shape.
    Open,
    /// A closing bracket of any shape.
    Close,
    /// Any other character.
    Punct,
}

/// Splits a file into tokens. The file must be shorter than 4 GiB.
pub(super) fn lex(source: &[u8]) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        at: 0,
        // Rust code has a token per 4 to 6 bytes.
        tokens: Vec::with_capacity(source.len() / 5 + 16),
    };
    lexer.skip_prologue();
    while lexer.at < source.len() {
        lexer.token();
    }
    lexer.tokens
}

struct Lexer<'s> {
    source: &'s [u8],
    at: usize,
    tokens: Vec<Token>,
}

fn starts_ident(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_ident(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Lexer<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token {
            kind,
            start: start as u32,
            end: self.at as u32,
        });
    }

    /// Byte order mark, `#!` line and frontmatter.
    fn skip_prologue(&mut self) {
        if self.source.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        if self.source[self.at..].starts_with(b"#!") && !self.is_inner_attribute() {
            self.skip_line();
        }
        let begin = self.at;
        while self.byte(0).is_ascii_whitespace() {
            self.at += 1;
        }
        let dashes = self.source[self.at..]
            .iter()
            .take_while(|byte| **byte == b'-')
            .count();
        if dashes < 3 {
            self.at = begin;
            return;
        }
        self.skip_line();
        while self.at < self.source.len() {
            let line = &self.source[self.at..];
            let closes = line.len() >= dashes && line[..dashes].iter().all(|byte| *byte == b'-');
            self.skip_line();
            if closes {
                return;
            }
        }
    }

    /// Whether `#!` begins an attribute: then its next token is `[`.
    fn is_inner_attribute(&self) -> bool {
        let mut rest = Lexer {
            source: self.source,
            at: self.at + 2,
            tokens: Vec::new(),
        };
        while rest.at < rest.source.len() && rest.tokens.is_empty() {
            rest.token();
        }
        rest.tokens
            .first()
            .is_some_and(|token| self.source[token.start as usize] == b'[')
    }

    fn skip_line(&mut self) {
        while self.at < self.source.len() && self.byte(0) != b'\n' {
            self.at += 1;
        }
        self.at = (self.at + 1).min(self.source.len());
    }

    /// Reads one token, or skips one piece of white space or comment.
    fn token(&mut self) {
        let start = self.at;
        match self.byte(0) {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
            b'/' if self.byte(1) == b'/' => self.skip_line(),
            b'/' if self.byte(1) == b'*' => self.block_comment(),
            b'"' => {
                self.quoted(b'"');
                self.push(Kind::Str, start);
            }
            b'\'' => {
                self.quote();
                self.push(Kind::Other, start);
            }
            b'(' | b'[' | b'{' => {
                self.at += 1;
                self.push(Kind::Open, start);
            }
            b')' | b']' | b'}' => {
                self.at += 1;
                self.push(Kind::Close, start);
            }
            byte if byte.is_ascii_digit() => {
                self.word();
                self.push(Kind::Other, start);
            }
            0xe2 if self.byte(1) == 0x80 && matches!(self.byte(2), 0x8e | 0x8f | 0xa8 | 0xa9) => {
                self.at += 3;
            }
            0xc2 if self.byte(1) == 0x85 => self.at += 2,
            byte if starts_ident(byte) => self.ident_or_prefixed(),
            _ => {
                self.at += 1;
                self.push(Kind::Punct, start);
            }
        }
        self.at = self.at.min(self.source.len());
    }

    fn word(&mut self) {
        while continues_ident(self.byte(0)) && self.at < self.source.len() {
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        while self.at < self.source.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// From an opening quote behind the closing one.
    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.source.len() {
            match self.byte(0) {
                b'\\' => self.at += 2,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
        self.at = self.source.len();
    }

    /// A lifetime or a character, as `rustc_lexer::Cursor::lifetime_or_char` tells them apart.
    fn quote(&mut self) {
        let first = self.byte(1);
        let width = match first {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        let lifetime =
            (starts_ident(first) || first.is_ascii_digit()) && self.byte(1 + width) != b'\'';
        if lifetime {
            self.at += 1;
            self.word();
            if self.byte(0) == b'\'' {
                self.at += 1;
            }
            return;
        }
        if first != b'\\' && self.byte(1 + width) == b'\'' {
            self.at += 2 + width;
            return;
        }
        self.at += 1;
        while self.at < self.source.len() {
            match self.byte(0) {
                b'\'' => {
                    self.at += 1;
                    return;
                }
                b'/' => return,
                b'\n' if self.byte(1) != b'\'' => return,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn ident_or_prefixed(&mut self) {
        let start = self.at;
        match (self.byte(0), self.byte(1)) {
            (b'r', b'"' | b'#') if self.raw_string(1) => return self.push(Kind::RawStr, start),
            (b'r', b'#') if starts_ident(self.byte(2)) => {
                self.at += 2;
                self.word();
                return self.push(Kind::RawIdent, start);
            }
            (b'b' | b'c', b'r') if self.raw_string(2) => return self.push(Kind::Other, start),
            (b'b' | b'c', b'"') => {
                self.at += 1;
                self.quoted(b'"');
                return self.push(Kind::Other, start);
            }
            (b'b', b'\'') => {
                self.at += 1;
                self.quoted(b'\'');
                return self.push(Kind::Other, start);
            }
            _ => self.word(),
        }
        self.push(Kind::Ident, start);
    }

    /// Reads a raw string whose `#`s or quote begin `ahead`; false if there is none.
    fn raw_string(&mut self, ahead: usize) -> bool {
        let rest = self.source.get(self.at + ahead..).unwrap_or_default();
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        if rest.get(hashes) != Some(&b'"') {
            return false;
        }
        self.at += ahead + hashes + 1;
        while self.at < self.source.len() {
            let here = self.byte(0);
            self.at += 1;
            if here == b'"' {
                let closing = &self.source[self.at..];
                if closing.len() >= hashes && closing[..hashes].iter().all(|byte| *byte == b'#') {
                    self.at += hashes;
                    return true;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        lex(source.as_bytes())
            .iter()
            .map(|token| &source[token.start as usize..token.end as usize])
            .collect()
    }

    #[test]
    fn lifetimes_are_not_characters() {
        assert_eq!(texts("<'a>'b'"), ["<", "'a", ">", "'b'"]);
        assert_eq!(
            texts(r"'\'' '\u{1F}' '\\' x"),
            [r"'\''", r"'\u{1F}'", r"'\\'", "x"]
        );
        assert_eq!(
            texts("'é' '{' '\"' 'static mod"),
            ["'é'", "'{'", "'\"'", "'static", "mod"]
        );
        assert_eq!(texts("b'\\'' b'\"' x"), ["b'\\''", "b'\"'", "x"]);
    }

    #[test]
    fn comments_nest_and_vanish() {
        assert_eq!(
            texts("a /* mod x; /* */ \" */ b // mod y;\nc"),
            ["a", "b", "c"]
        );
        assert_eq!(texts("a /* never closed"), ["a"]);
        assert_eq!(texts("/// ```include!(\"x\")```\nz"), ["z"]);
    }

    #[test]
    fn strings_of_every_flavour() {
        assert_eq!(texts(r#""a\"b" c"#), [r#""a\"b""#, "c"]);
        assert_eq!(texts("r##\"a\"#b\"## c"), ["r##\"a\"#b\"##", "c"]);
        assert_eq!(
            texts("br#\"x\"# c\"y\" cr\"z\" b\"\\\"\" w"),
            ["br#\"x\"#", "c\"y\"", "cr\"z\"", "b\"\\\"\"", "w"]
        );
        assert_eq!(texts("r#as r#\"s\"# r"), ["r#as", "r#\"s\"#", "r"]);
    }

    #[test]
    fn prologues() {
        assert_eq!(texts("\u{feff}#!/usr/bin/env x\nmod a;"), ["mod", "a", ";"]);
        assert_eq!(texts("#![cfg(x)]")[..3], ["#", "!", "["]);
        assert_eq!(texts("#! /* c */ [x]")[..3], ["#", "!", "["]);
        assert_eq!(
            texts("#!/bin/x\n---cargo\nmod no;\n---\nmod a;"),
            ["mod", "a", ";"]
        );
    }

    #[test]
    fn broken_text_gives_tokens() {
        for source in [
            "'", "\"", "r#\"", "/*", "b'", "\"\\", "'\\", "r#", "---", "#!",
        ] {
            lex(source.as_bytes());
        }
    }
}
