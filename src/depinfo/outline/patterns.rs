//! The arguments of `include!` and its like.

use super::{Builder, Part, Pattern};
use crate::depinfo::cfg;
use crate::depinfo::lexer::Kind;
use std::ops::Range;

impl Builder<'_> {
    pub(super) fn pattern(&self, range: Range<usize>) -> Pattern {
        let mut parts = Vec::new();
        self.pattern_parts(range, 0, &mut parts);
        Pattern { parts }
    }

    pub(super) fn pattern_parts(
        &self,
        mut range: Range<usize>,
        depth: usize,
        parts: &mut Vec<Part>,
    ) {
        while range.end > range.start && self.is(range.end - 1, b',') {
            range.end -= 1;
        }
        // `core::concat!` is `concat!`.
        while self.is(range.start, b':')
            || self.is(range.start + 1, b':')
                && (self.is_word(range.start, "core") || self.is_word(range.start, "std"))
        {
            range.start += 1;
        }
        let at = range.start;
        let inner = at + 3..range.end.saturating_sub(1);
        let whole = self.is(at + 1, b'!')
            && self.kind(at + 2) == Some(Kind::Open)
            && self.close(at + 2) + 1 == range.end;
        if let (1, Some(text)) = (
            range.len(),
            self.tokens
                .get(at)
                .and_then(|token| cfg::string_value(self.source, token)),
        ) {
            parts.push(Part::Text(text));
        } else if range.len() == 2 && self.is(at, b'$') {
            parts.push(Part::Variable);
        } else if whole && depth < 16 && self.is_word(at, "concat") {
            for part in cfg::split_commas(self.source, self.tokens, self.partner, inner) {
                self.pattern_parts(part, depth + 1, parts);
            }
        } else if whole && self.is_word(at, "env") && !inner.is_empty() {
            match cfg::string_value(self.source, &self.tokens[inner.start]) {
                Some(name) => parts.push(Part::Env(name)),
                None => parts.push(Part::Opaque(Vec::new())),
            }
        } else if whole
            && self.is_word(at, "stringify")
            && inner.len() == 2
            && self.is(inner.start, b'$')
        {
            parts.push(Part::Stringified);
        } else if whole && self.is_word(at, "stringify") && inner.len() == 1 {
            let text = String::from_utf8_lossy(self.bytes(inner.start)).into_owned();
            parts.push(Part::Text(text));
        } else {
            let strings = range
                .filter_map(|at| cfg::string_value(self.source, &self.tokens[at]))
                .collect();
            parts.push(Part::Opaque(strings));
        }
    }
}
