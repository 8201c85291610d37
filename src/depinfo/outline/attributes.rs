//! Attributes: what they decide about the item behind them, and where that item ends.

use super::{Builder, PathAttribute, Scheduled, What};
use crate::depinfo::cfg::{self, Predicate};
use crate::depinfo::lexer::Kind;
use crate::depinfo::policy;
use std::ops::Range;

/// No signature has more tokens than this before its body; a limit keeps time linear.
pub(super) const MAX_EXTENT: usize = 4096;

impl Builder<'_> {
    /// At `#`: takes the cfgs of a whole run of attributes into effect, then lets the main
    /// loop look into this one.
    pub(super) fn attribute(&mut self, at: usize) -> usize {
        let inner = self.is(at + 1, b'!');
        let open = at + 1 + usize::from(inner);
        if !self.is(open, b'[') || self.close(open) >= self.tokens.len() {
            return at + 1;
        }
        let close = self.close(open);
        if inner {
            let mut predicates = Vec::new();
            self.attribute_cfg(open + 1..close, None, &mut predicates, &mut Vec::new(), 0);
            let place = self.place();
            if let Some(predicate) = Predicate::all(predicates)
                && (place.module || !place.foreign)
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

    pub(super) fn attribute_run(&mut self, at: usize) {
        let mut predicates = Vec::new();
        let mut paths = Vec::new();
        let mut item = at;
        while self.is(item, b'#')
            && self.is(item + 1, b'[')
            && self.close(item + 1) < self.tokens.len()
        {
            let close = self.close(item + 1);
            self.attribute_cfg(item + 2..close, None, &mut predicates, &mut paths, 0);
            item = close + 1;
        }
        self.attributes_until = item;
        let keyword = self.skip_visibility(item);
        if self.is_word(keyword, "mod") && !paths.is_empty() {
            let start = self.out.paths.len() as u32;
            self.out.paths.append(&mut paths);
            self.pending_mod = Some((keyword, (start, self.out.paths.len() as u32)));
        }
        let Some(predicate) = Predicate::all(predicates) else {
            return;
        };
        if let Some(until) = self.extent(item, keyword) {
            self.scope(at, until, predicate);
        }
    }

    /// Collects what one attribute says about cfg and path. `given`: the predicate of an
    /// enclosing `cfg_attr`.
    pub(super) fn attribute_cfg(
        &self,
        content: Range<usize>,
        given: Option<&Predicate>,
        predicates: &mut Vec<Predicate>,
        paths: &mut Vec<PathAttribute>,
        depth: usize,
    ) {
        let at = content.start;
        if depth > 8 || content.len() < 3 {
            return;
        }
        if self.is_word(at, "path") && self.is(at + 1, b'=') {
            paths.push(PathAttribute {
                predicate: given.cloned(),
                value: cfg::string_value(self.source, &self.tokens[at + 2]),
            });
        } else if !self.is(at + 1, b'(') || self.close(at + 1) != content.end - 1 {
        } else if self.is_word(at, "cfg") {
            let range = at + 2..content.end - 1;
            let parts = cfg::split_commas(self.source, self.tokens, self.partner, range);
            let predicate = match &parts[..] {
                [one] => self.predicate(one.clone()),
                _ => Predicate::Unknown,
            };
            predicates.push(match given {
                None => predicate,
                Some(given) => Predicate::Any(vec![given.clone().not(), predicate]),
            });
        } else if self.is_word(at, "cfg_attr") {
            let range = at + 2..content.end - 1;
            let mut parts =
                cfg::split_commas(self.source, self.tokens, self.partner, range).into_iter();
            let Some(first) = parts.next() else { return };
            let mut all: Vec<_> = given.cloned().into_iter().collect();
            all.push(self.predicate(first));
            let given = Predicate::all(all);
            for part in parts {
                self.attribute_cfg(part, given.as_ref(), predicates, paths, depth + 1);
            }
        }
    }

    pub(super) fn predicate(&self, range: Range<usize>) -> Predicate {
        cfg::parse(self.source, self.tokens, self.partner, range)
    }

    /// One attribute without its brackets, at the top or inside a `cfg_attr`.
    pub(super) fn piece(&mut self, at: usize, until: usize) {
        let mut name = at;
        while self.is_name(name) && self.is(name + 1, b':') && self.is(name + 2, b':') {
            name += 3;
        }
        if !self.is_name(name) || name >= until {
            return;
        }
        if self.is_word(name, "cfg_attr") && self.is(name + 1, b'(') {
            let range = name + 2..self.close(name + 1).min(until);
            let parts = cfg::split_commas(self.source, self.tokens, self.partner, range.clone());
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
        } else if name != at || !policy::is_plain_attribute(self.bytes(name)) {
            let name = self.span(name);
            self.region(at, until, What::Attribute { name });
        }
    }

    pub(super) fn skip_visibility(&self, mut at: usize) -> usize {
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
    pub(super) fn extent(&mut self, start: usize, keyword: usize) -> Option<usize> {
        let limit = self
            .groups
            .last()
            .map_or(self.tokens.len(), |group| group.close)
            .min(self.tokens.len());
        let item = self.item_form(keyword);
        if self.place().foreign && item == ItemForm::None {
            return None;
        }
        let mut at = if item == ItemForm::None {
            start
        } else {
            keyword
        };
        for _ in 0..MAX_EXTENT {
            self.extent_steps = self.extent_steps.checked_sub(1)?;
            if at >= limit {
                return (item == ItemForm::None).then_some(limit);
            }
            match self.kind(at) {
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
                Some(Kind::Punct) if self.is(at, b',') && item == ItemForm::None => {
                    return Some(at + 1);
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    pub(super) fn item_form(&self, at: usize) -> ItemForm {
        if self.kind(at) != Some(Kind::Ident) {
            return ItemForm::None;
        }
        let function = |at: usize| {
            ["fn", "unsafe", "extern", "async", "safe"]
                .iter()
                .any(|word| self.is_word(at, word))
        };
        match self.bytes(at) {
            b"use" | b"static" | b"type" | b"let" => ItemForm::Semicolon,
            b"const" if function(at + 1) => ItemForm::Braces,
            b"const" if self.is(at + 1, b'{') => ItemForm::None,
            b"const" => ItemForm::Semicolon,
            b"mod" | b"fn" | b"impl" | b"trait" | b"struct" | b"enum" | b"extern" => {
                ItemForm::Braces
            }
            b"unsafe" | b"async" if function(at + 1) => ItemForm::Braces,
            b"unsafe" if self.is_word(at + 1, "impl") || self.is_word(at + 1, "trait") => {
                ItemForm::Braces
            }
            b"macro_rules" if self.is(at + 1, b'!') => ItemForm::Braces,
            _ if self.is(at + 1, b'!') && self.is(at + 2, b'{') => ItemForm::Braces,
            _ => ItemForm::None,
        }
    }
}

/// How the end of an item is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemForm {
    /// Not known to be an item.
    None,
    /// Ends at its first `;` or after its first `{ … }`.
    Braces,
    /// Ends at its `;`.
    Semicolon,
}
