//! The arguments of `include!` and its like.

use super::{Builder, Part, Pattern};
use std::ops::Range;

impl Builder<'_> {
    pub fn pattern(&self, range: Range<usize>) -> Pattern {
        let mut parts = Vec::new();
        self.pattern_parts(range, 0, &mut parts);
        Pattern { parts }
    }

    fn pattern_parts(&self, mut range: Range<usize>, depth: usize, parts: &mut Vec<Part>) {
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
        let whole =
            self.is(at + 1, b'!') && self.is_open(at + 2) && self.close(at + 2) + 1 == range.end;
        if let (1, Some(text)) = (range.len(), self.tokens.string(at)) {
            parts.push(Part::Text(text));
        } else if range.len() == 2 && self.is(at, b'$') {
            parts.push(Part::Variable);
        } else if whole && depth < 16 && self.is_word(at, "concat") {
            for part in self.tokens.split_commas(inner) {
                self.pattern_parts(part, depth + 1, parts);
            }
        } else if whole && self.is_word(at, "env") && !inner.is_empty() {
            match self.tokens.string(inner.start) {
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
            let text = self.tokens.str(inner.start).to_owned();
            parts.push(Part::Text(text));
        } else {
            let strings = range.filter_map(|at| self.tokens.string(at)).collect();
            parts.push(Part::Opaque(strings));
        }
    }
}
