//! Rust's tokens, as far as a scan for file names needs them.
//!
//! `rustc`'s own lexer splits the text, so that a comment, a string or a lifetime is here what
//! it is there. White space and comments are dropped, documentation comments with them.
//! Text that is not Rust gives some tokens too: nothing here fails, and nothing recurses.

use ra_ap_rustc_lexer::{Cursor, FrontmatterAllowed, LiteralKind, TokenKind, strip_shebang};

/// One token: its sort and its bytes in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// The sort of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword.
    Ident,
    /// A raw identifier, which is never a keyword. The bytes include `r#`.
    RawIdent,
    /// `"…"`, the bytes include the quotes.
    Str,
    /// `r#"…"#` with any number of `#`.
    RawStr,
    /// Byte and C strings, with their prefix and quotes.
    OtherStr,
    /// Characters, numbers, lifetimes.
    Other,
    /// An opening bracket of any shape.
    Open,
    /// A closing bracket of any shape.
    Close,
    /// Any other character.
    Punct,
}

/// Splits a file into tokens. The text must be shorter than 4 GiB.
pub fn tokens(text: &str) -> Vec<Token> {
    // Rust code has a token per 4 to 6 bytes.
    let mut tokens = Vec::with_capacity(text.len() / 5 + 16);
    let mut at = text.strip_prefix('\u{feff}').map_or(0, |_| 3);
    at += strip_shebang(&text[at..]).unwrap_or(0);
    let mut cursor = Cursor::new(&text[at..], FrontmatterAllowed::Yes);
    loop {
        let token = cursor.advance_token();
        let mut end = at + token.len as usize;
        let kind = match token.kind {
            TokenKind::Eof => return tokens,
            // Reserved since the edition of 2024, where it is an error. Before, `#` stands
            // for itself, as it does to the patterns and templates of macros.
            TokenKind::GuardedStrPrefix => {
                end = at + 1;
                cursor = Cursor::new(&text[end..], FrontmatterAllowed::No);
                Some(Kind::Punct)
            }
            kind => kind_of(kind),
        };
        if let Some(kind) = kind {
            // A suffix is no part of the string.
            let end = match token.kind {
                TokenKind::Literal { suffix_start, .. } => at + suffix_start as usize,
                _ => end,
            };
            tokens.push(Token {
                kind,
                start: at as u32,
                end: end as u32,
            });
        }
        at = end;
    }
}

/// `None` for what is dropped.
fn kind_of(kind: TokenKind) -> Option<Kind> {
    Some(match kind {
        TokenKind::LineComment { .. }
        | TokenKind::BlockComment { .. }
        | TokenKind::Whitespace
        | TokenKind::Frontmatter { .. }
        | TokenKind::Eof => return None,
        TokenKind::Ident | TokenKind::InvalidIdent | TokenKind::UnknownPrefix => Kind::Ident,
        TokenKind::RawIdent | TokenKind::ForcedKeywordIdent => Kind::RawIdent,
        TokenKind::Literal { kind, .. } => match kind {
            LiteralKind::Str { .. } => Kind::Str,
            LiteralKind::RawStr { .. } => Kind::RawStr,
            LiteralKind::ByteStr { .. }
            | LiteralKind::CStr { .. }
            | LiteralKind::RawByteStr { .. }
            | LiteralKind::RawCStr { .. } => Kind::OtherStr,
            LiteralKind::Int { .. }
            | LiteralKind::Float { .. }
            | LiteralKind::Char { .. }
            | LiteralKind::Byte { .. } => Kind::Other,
        },
        TokenKind::Lifetime { .. } | TokenKind::RawLifetime | TokenKind::UnknownPrefixLifetime => {
            Kind::Other
        }
        TokenKind::OpenParen | TokenKind::OpenBrace | TokenKind::OpenBracket => Kind::Open,
        TokenKind::CloseParen | TokenKind::CloseBrace | TokenKind::CloseBracket => Kind::Close,
        _ => Kind::Punct,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source)
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
        assert_eq!(texts("'r#a mod"), ["'r#a", "mod"]);
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
        assert_eq!(texts("\"a\"suffix b"), ["\"a\"", "b"]);
    }

    #[test]
    fn hashes_stand_for_themselves_where_no_string_is_raw() {
        assert_eq!(texts("#\"a\"# ##b"), ["#", "\"a\"", "#", "#", "#", "b"]);
        assert_eq!(texts("f\"a\" k#fn"), ["f", "\"a\"", "k#fn"]);
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
            "'",
            "\"",
            "r#\"",
            "/*",
            "b'",
            "\"\\",
            "'\\",
            "r#",
            "---",
            "#!",
            "###",
            "#",
            "é\u{301}",
            "\0",
            "r",
            "'r#",
            "b\"",
            "---\n",
            "0x",
            "1e",
        ] {
            tokens(source);
        }
    }
}
