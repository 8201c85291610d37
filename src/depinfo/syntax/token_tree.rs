//! A file's tokens with their brackets matched.

use super::strings::unquote;
use super::tokens::{self, Kind, Token};
use std::ops::Range;

/// A range of bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The span of a name that a macro's variable stands for.
    pub const VARIABLE: Self = Self { start: 0, end: 0 };

    /// Whether a macro's variable stands for the name.
    pub fn is_variable(self) -> bool {
        self.start >= self.end
    }

    /// The text of a span of `file`.
    pub fn of(self, file: &str) -> &str {
        file.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// The tokens of one file.
pub struct TokenTree<'s> {
    pub text: &'s str,
    pub tokens: Vec<Token>,
    /// For each opening bracket the index of its closing one (the number of tokens, if there
    /// is none), for each closing one the index of its opening one (itself, if there is none).
    partner: Vec<u32>,
}

impl<'s> TokenTree<'s> {
    pub fn new(text: &'s str) -> Self {
        let tokens = tokens::tokens(text);
        Self {
            partner: match_brackets(text, &tokens),
            text,
            tokens,
        }
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether a token is this sign or bracket.
    pub fn is(&self, at: usize, sign: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            self.text.as_bytes()[token.start as usize] == sign
                && matches!(token.kind, Kind::Punct | Kind::Open | Kind::Close)
        })
    }

    pub fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// A token's text, with the `r#` of a raw identifier; empty behind the last token.
    pub fn str(&self, at: usize) -> &'s str {
        self.tokens
            .get(at)
            .and_then(|token| self.text.get(token.start as usize..token.end as usize))
            .unwrap_or_default()
    }

    /// Whether a token is this word, as keyword or identifier.
    pub fn is_word(&self, at: usize, word: &str) -> bool {
        self.kind(at) == Some(Kind::Ident) && self.str(at) == word
    }

    pub fn is_name(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Ident | Kind::RawIdent))
    }

    /// The index of the bracket that closes one, or opens it; the number of tokens if an
    /// opening bracket has none, itself if a closing one has none.
    pub fn partner(&self, bracket: usize) -> usize {
        self.partner
            .get(bracket)
            .map_or(self.len(), |at| *at as usize)
    }

    /// A name's bytes, without the `r#` of a raw identifier.
    pub fn span(&self, at: usize) -> Span {
        let token = self.tokens[at];
        let raw = u32::from(token.kind == Kind::RawIdent) * 2;
        Span {
            start: token.start + raw,
            end: token.end,
        }
    }

    /// The value of a string token; `None` for other tokens and malformed strings.
    pub fn string(&self, at: usize) -> Option<String> {
        match self.kind(at)? {
            Kind::Str | Kind::RawStr => unquote(self.str(at)),
            _ => None,
        }
    }

    /// The ranges between the commas of one bracket level; an empty one at the end is left out.
    pub fn split_commas(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut start = range.start;
        let mut at = range.start;
        while at < range.end {
            match self.kind(at) {
                Some(Kind::Open) => at = self.partner(at).max(at),
                Some(Kind::Punct) if self.is(at, b',') => {
                    parts.push(start..at);
                    start = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        if start < range.end {
            parts.push(start..range.end);
        }
        parts
    }
}

fn match_brackets(text: &str, tokens: &[Token]) -> Vec<u32> {
    let mut partner = vec![0u32; tokens.len()];
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut count = [0usize; 128];
    for (index, token) in tokens.iter().enumerate() {
        let shape = text.as_bytes()[token.start as usize];
        match token.kind {
            Kind::Open => {
                partner[index] = tokens.len() as u32;
                let closing = match shape {
                    b'(' => b')',
                    b'[' => b']',
                    _ => b'}',
                };
                count[usize::from(closing)] += 1;
                open.push((index, closing));
            }
            Kind::Close if count[usize::from(shape)] == 0 => partner[index] = index as u32,
            Kind::Close => {
                while let Some((opened, closing)) = open.pop() {
                    count[usize::from(closing)] -= 1;
                    partner[opened] = index as u32;
                    if closing == shape {
                        partner[index] = opened as u32;
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    partner
}
