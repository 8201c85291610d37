//! Attributes: what they decide about the item behind them, and where that item ends.

use super::{Builder, NodeKind, PathAttribute, PathValue, PredicateId, Scheduled};
use crate::depinfo::syntax::std_names;
use crate::depinfo::syntax::tokens::Kind;
use std::ops::Range;

/// No signature has more tokens than this before its body; a limit keeps time linear.
pub const MAX_EXTENT: usize = 4096;

/// Attributes in attributes beyond this depth are not looked at, and leave the item undecided.
const MAX_DEPTH: usize = 8;

/// The attributes of one item that decide about files.
#[derive(Default)]
pub struct Decisions {
    /// All of these hold where the item exists.
    predicates: Vec<PredicateId>,
    paths: Vec<PathAttribute>,
}

impl Builder<'_> {
    /// At `#`: takes the cfgs of a whole run of attributes into effect, then lets the main
    /// loop look into this one.
    pub fn attribute(&mut self, at: usize) -> usize {
        let inner = self.is(at + 1, b'!');
        let open = at + 1 + usize::from(inner);
        if !self.is(open, b'[') || self.close(open) >= self.tokens.len() {
            return at + 1;
        }
        let close = self.close(open);
        if inner {
            let mut decisions = Decisions::default();
            self.decisions(open + 1..close, None, &mut decisions, 0);
            let place = self.place();
            if let Some(predicate) = self.out.predicates.all(&decisions.predicates)
                && (place.module || !place.in_macro)
            {
                let until = self
                    .groups
                    .last()
                    .map_or(self.tokens.len(), |group| group.close);
                self.scope(at, until, predicate);
            }
        } else if at >= self.attributes_until {
            self.attribute_run(at);
        }
        if self.is_word(open + 1, "cfg") {
            return close + 1;
        }
        self.scheduled
            .push((open + 1, Scheduled::Piece { until: close }));
        open
    }

    fn attribute_run(&mut self, at: usize) {
        let mut decisions = Decisions::default();
        let mut item = at;
        while self.is(item, b'#')
            && self.is(item + 1, b'[')
            && self.close(item + 1) < self.tokens.len()
        {
            let close = self.close(item + 1);
            self.decisions(item + 2..close, None, &mut decisions, 0);
            item = close + 1;
        }
        self.attributes_until = item;
        let keyword = self.skip_visibility(item);
        if self.is_word(keyword, "mod") && !decisions.paths.is_empty() {
            let start = self.out.paths.len() as u32;
            self.out.paths.append(&mut decisions.paths);
            self.pending_mod = Some((keyword, (start, self.out.paths.len() as u32)));
        }
        let Some(predicate) = self.out.predicates.all(&decisions.predicates) else {
            return;
        };
        if let Some(until) = self.extent(item, keyword) {
            self.scope(at, until, predicate);
        }
    }

    /// Collects what one attribute says about cfg and path. `condition`: the predicate of the
    /// `cfg_attr`s around it.
    pub fn decisions(
        &mut self,
        content: Range<usize>,
        condition: Option<PredicateId>,
        out: &mut Decisions,
        depth: usize,
    ) {
        let at = content.start;
        if content.len() < 3 {
            return;
        }
        if self.is_word(at, "path") && self.is(at + 1, b'=') {
            out.paths.push(PathAttribute {
                condition,
                value: match self.tokens.string(at + 2) {
                    Some(path) => PathValue::Text(path),
                    None => PathValue::Variable,
                },
            });
            return;
        }
        if !self.is(at + 1, b'(') || self.close(at + 1) != content.end - 1 {
            return;
        }
        let inside = at + 2..content.end - 1;
        if self.is_word(at, "cfg") {
            let predicate = match &self.tokens.split_commas(inside)[..] {
                [one] => self.predicate(one.clone()),
                _ => self.out.predicates.undecided(),
            };
            out.predicates.push(predicate);
        } else if self.is_word(at, "cfg_attr") && depth >= MAX_DEPTH {
            let undecided = self.out.predicates.undecided();
            out.predicates.push(undecided);
        } else if self.is_word(at, "cfg_attr") {
            let mut parts = self.tokens.split_commas(inside).into_iter();
            let Some(first) = parts.next() else { return };
            let own = self.predicate(first);
            let both: Vec<_> = condition.into_iter().chain([own]).collect();
            let condition = self.out.predicates.all(&both);
            // What one `cfg_attr` adds depends on its condition together: a condition for
            // each of its attributes would take quadratic room.
            let mut added = Decisions {
                predicates: Vec::new(),
                paths: std::mem::take(&mut out.paths),
            };
            for part in parts {
                self.decisions(part, condition, &mut added, depth + 1);
            }
            out.paths = added.paths;
            if let Some(all) = self.out.predicates.all(&added.predicates) {
                let predicate = self.out.predicates.implication(own, all);
                out.predicates.push(predicate);
            }
        }
    }

    /// The conjunction of what attributes have said.
    pub fn conjunction(&mut self, decisions: &Decisions) -> Option<PredicateId> {
        self.out.predicates.all(&decisions.predicates)
    }

    pub fn predicate(&mut self, range: Range<usize>) -> PredicateId {
        self.out.predicates.parse(self.tokens, range)
    }

    /// One attribute without its brackets, at the top or inside a `cfg_attr`.
    pub fn piece(&mut self, at: usize, until: usize) {
        let mut name = at;
        while self.is_name(name) && self.is(name + 1, b':') && self.is(name + 2, b':') {
            name += 3;
        }
        if !self.is_name(name) || name >= until {
            return;
        }
        if self.is_word(name, "cfg_attr") && self.is(name + 1, b'(') {
            let range = name + 2..self.close(name + 1).min(until);
            let parts = self.tokens.split_commas(range.clone());
            let Some((first, rest)) = parts.split_first() else {
                return;
            };
            for part in rest.iter().rev() {
                let piece = Scheduled::Piece { until: part.end };
                self.scheduled.push((part.start, piece));
            }
            if let Some(second) = rest.first() {
                let scope = Scheduled::Scope {
                    until: range.end,
                    predicate: self.predicate(first.clone()),
                };
                self.scheduled.push((second.start, scope));
            }
        } else if name != at || !std_names::is_plain_attribute(self.tokens.str(name)) {
            let name = self.tokens.span(name);
            self.region(at, until, NodeKind::Attribute { name });
        }
    }

    pub fn skip_visibility(&self, mut at: usize) -> usize {
        if self.is(at, b'$') && self.is_name(at + 1) {
            at += 2;
        }
        if self.is_word(at, "pub") {
            at += 1;
            if self.is(at, b'(') {
                at = self.close(at).saturating_add(1);
            }
        } else if self.is_word(at, "crate") && !self.is(at + 1, b':') {
            at += 1;
        }
        if self.is_word(at, "unsafe") && self.is_word(at + 1, "mod") {
            at += 1;
        }
        at
    }

    /// Where the thing ends to which the attributes before `start` belong; `keyword` is its
    /// first token behind a visibility. Rather too early than too late: what a false cfg
    /// covers is left out. `None`: it cannot be told.
    pub fn extent(&mut self, start: usize, keyword: usize) -> Option<usize> {
        let limit = self
            .groups
            .last()
            .map_or(self.tokens.len(), |group| group.close)
            .min(self.tokens.len());
        let item = self.item_form(keyword);
        if self.place().in_macro && item == ItemForm::None {
            return None;
        }
        let mut at = if item == ItemForm::None {
            start
        } else {
            keyword
        };
        let mut angles = 0_usize;
        for _ in 0..MAX_EXTENT {
            self.extent_steps = self.extent_steps.checked_sub(1)?;
            if at >= limit {
                return (item == ItemForm::None).then_some(limit);
            }
            match self.tokens.kind(at) {
                Some(Kind::Open) => {
                    let close = self.close(at);
                    if close >= limit {
                        return None;
                    }
                    if self.is(at, b'{') && item != ItemForm::Semicolon {
                        return Some(close + 1);
                    }
                    at = close;
                }
                Some(Kind::Punct) if self.is(at, b';') => return Some(at + 1),
                Some(Kind::Punct) => {
                    if item == ItemForm::None && self.is(at, b',') {
                        return Some(at + 1);
                    }
                    // A generic parameter (`const N: usize` too) ends where its list does.
                    let arrow = at > 0 && (self.is(at - 1, b'-') || self.is(at - 1, b'='));
                    if self.is(at, b'<') {
                        angles += 1;
                    } else if self.is(at, b'>') && !arrow {
                        let Some(fewer) = angles.checked_sub(1) else {
                            return Some(at);
                        };
                        angles = fewer;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    pub fn item_form(&self, at: usize) -> ItemForm {
        if self.tokens.kind(at) != Some(Kind::Ident) {
            return ItemForm::None;
        }
        let function = |at: usize| {
            ["fn", "unsafe", "extern", "async", "safe"]
                .iter()
                .any(|word| self.is_word(at, word))
        };
        match self.tokens.str(at) {
            "use" | "static" | "type" | "let" => ItemForm::Semicolon,
            "const" if function(at + 1) => ItemForm::Braces,
            "const" if self.is(at + 1, b'{') => ItemForm::None,
            "const" => ItemForm::Semicolon,
            "mod" | "fn" | "impl" | "trait" | "struct" | "enum" | "extern" => ItemForm::Braces,
            "unsafe" | "async" if function(at + 1) => ItemForm::Braces,
            "unsafe" if self.is_word(at + 1, "impl") || self.is_word(at + 1, "trait") => {
                ItemForm::Braces
            }
            "macro_rules" if self.is(at + 1, b'!') => ItemForm::Braces,
            _ if self.is(at + 1, b'!') && self.is(at + 2, b'{') => ItemForm::Braces,
            _ => ItemForm::None,
        }
    }
}

/// How the end of an item is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ItemForm {
    /// Not known to be an item.
    None,
    /// Ends at its first `;` or after its first `{ … }`.
    Braces,
    /// Ends at its `;`.
    Semicolon,
}
