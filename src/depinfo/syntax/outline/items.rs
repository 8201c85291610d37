//! Modules, and macros with their definitions and uses.

use super::attributes::Decisions;
use super::{Builder, NodeKind, PathAttribute, PathValue, Place, PredicateId, Span};
use crate::depinfo::syntax::std_names;
use crate::depinfo::syntax::tokens::Kind;
use std::ops::Range;

/// Longer macro definitions pass their arguments on, for all that is known.
const MAX_DEFINITION: usize = 20_000;

impl<'s> Builder<'s> {
    pub fn word(&mut self, at: usize) -> usize {
        if self.calls_open > 0 {
            self.node(at, at + 1, NodeKind::Word);
        }
        at + 1
    }

    pub fn ident(&mut self, at: usize) -> usize {
        let next_is_call = self.is(at + 1, b'!') && self.is_open(at + 2);
        match self.tokens.str(at) {
            "mod" => return self.module(at),
            "use" if at >= self.use_until => {
                let semicolon = (at..self.tokens.len()).find(|at| self.is(*at, b';'));
                self.use_until = semicolon.unwrap_or(self.tokens.len());
            }
            "as" if at < self.use_until
                && at > 0
                && self.is_name(at - 1)
                && self.is_name(at + 1) =>
            {
                let (from, to) = (self.tokens.span(at - 1), self.tokens.span(at + 1));
                self.node(at - 1, at + 2, NodeKind::Alias { from, to });
            }
            "macro_rules" if self.is(at + 1, b'!') => {
                let variable = self.is(at + 2, b'$');
                let open = at + 3 + usize::from(variable);
                if self.is_open(open) && self.is_name(open - 1) {
                    return self.define(at, open, !variable);
                }
            }
            "macro" if self.is_name(at + 1) && self.is_open(at + 2) => {
                return self.define(at, at + 2, true);
            }
            name if next_is_call && !std_names::is_keyword(name) => return self.call(at),
            _ => {}
        }
        self.word(at)
    }

    pub fn module(&mut self, at: usize) -> usize {
        let variable = self.is(at + 1, b'$');
        let name_at = at + 1 + usize::from(variable);
        if !self.is_name(name_at) {
            return at + 1;
        }
        let name = if variable {
            Span::VARIABLE
        } else {
            self.tokens.span(name_at)
        };
        let paths = match self.pending_mod.take() {
            Some((module, paths)) if module == at => paths,
            _ if self.has_variable_attributes(at) => {
                let condition = Some(self.out.predicates.undecided());
                let value = PathValue::Perhaps;
                self.out.paths.push(PathAttribute { condition, value });
                let end = self.out.paths.len() as u32;
                (end - 1, end)
            }
            _ => (0, 0),
        };
        let next = name_at + 1;
        if self.is(next, b';') {
            self.node(at, next + 1, NodeKind::Module { name, paths });
        } else if self.is(next, b'{') {
            let outer = self.place();
            let place = Place {
                items: true,
                in_macro: outer.in_macro,
                module: true,
            };
            self.next_group = Some((next, place));
            let until = self.close(next).saturating_add(1);
            self.region(at, until, NodeKind::InlineModule { name, paths });
            let node = self.out.nodes.len() - 1;
            self.out.nodes[node].span.end = self.tokens.tokens[next].end;
        }
        next
    }

    /// Whether `$(#[$a])*` stands before an item, before its visibility.
    fn has_variable_attributes(&self, item: usize) -> bool {
        let mut at = item;
        if at >= 2 && self.is_name(at - 1) && self.is(at - 2, b'$') {
            at -= 2;
        } else if at >= 1 && self.is_word(at - 1, "pub") {
            at -= 1;
        }
        if at < 2 || !self.is(at - 1, b'*') || self.tokens.kind(at - 2) != Some(Kind::Close) {
            return false;
        }
        let open = self.tokens.partner(at - 2);
        open > 0
            && self.is(open - 1, b'$')
            && self.is(open + 1, b'#')
            && self.is(open + 2, b'[')
            && self.is(open + 3, b'$')
    }

    pub fn define(&mut self, at: usize, open: usize, named: bool) -> usize {
        let name = if named {
            let name_at = if self.is(at + 1, b'!') {
                at + 2
            } else {
                at + 1
            };
            self.tokens.span(name_at)
        } else {
            Span::VARIABLE
        };
        // A `macro name(…) {…}` has a second group.
        let mut last = open;
        if !self.is(at + 1, b'!') && self.is(self.close(open) + 1, b'{') {
            last = self.close(open) + 1;
        }
        let passes = self
            .passes(open + 1..self.close(open))
            .map(|predicates| self.out.predicates.list(&predicates));
        let until = self.close(last).saturating_add(1);
        self.region(at, until, NodeKind::Define { name, passes });
        let node = self.out.nodes.len() - 1;
        self.out.nodes[node].span.end = self.tokens.tokens[open - 1].end;
        let place = Place {
            items: true,
            in_macro: true,
            module: false,
        };
        self.next_group = Some((last, place));
        last
    }

    pub fn call(&mut self, at: usize) -> usize {
        let open = at + 2;
        let close = self.close(open);
        let name = self.tokens.str(at);
        let code = name == "include";
        if code || name == "include_str" || name == "include_bytes" {
            let pattern = self.out.patterns.len() as u32;
            let parsed = self.pattern(open + 1..close.min(self.tokens.len()));
            self.out.patterns.push(parsed);
            self.node(
                at,
                close.saturating_add(1),
                NodeKind::Include { code, pattern },
            );
            return close.saturating_add(1);
        }
        match name {
            "cfg_if" | "match_cfg" => self.cfg_if_arms(open + 1..close.min(self.tokens.len())),
            "cfg_select" | "cfg_match" => {
                self.cfg_select_arms(open + 1..close.min(self.tokens.len()));
            }
            // What is inside of another one is part of that.
            "concat" if self.literals_open > 0 && at >= self.joined_until => {
                let until = close.saturating_add(1).min(self.tokens.len());
                let parsed = self.pattern(at..until);
                let pattern = self.out.patterns.len() as u32;
                self.out.patterns.push(parsed);
                self.region(at, until, NodeKind::Joined { pattern });
                self.joined_until = until;
            }
            name if std_names::is_plain_macro(name) => {}
            _ => {
                let arguments = open + 1..close.min(self.tokens.len());
                let what = NodeKind::Call {
                    name: self.tokens.span(at),
                    variables: any_in(&self.variables, &arguments),
                    items: self.place().items,
                    makes: any_in(&self.macro_uses, &arguments),
                };
                self.region(at, close.saturating_add(1), what);
            }
        }
        let place = Place {
            items: self.place().items,
            in_macro: true,
            module: false,
        };
        self.next_group = Some((open, place));
        open
    }

    /// Under which predicates a macro passes the items on that it is given; `None` if it
    /// may do so always, or if it cannot be told. Knows macros in the style of
    /// `($($item:item)*) => { $( #[cfg(feature = "x")] $item )* }`.
    pub fn passes(&mut self, body: Range<usize>) -> Option<Vec<PredicateId>> {
        let mut predicates = Vec::new();
        let mut at = body.start;
        if body.len() > MAX_DEFINITION {
            return None;
        }
        while at < body.end {
            if !self.is_open(at) {
                return None;
            }
            let arrow = self.close(at).checked_add(1)?;
            let transcriber = arrow + 2;
            let shape = self.is(arrow, b'=')
                && self.is(arrow + 1, b'>')
                && self.is_open(transcriber)
                && self.close(transcriber) < body.end;
            if !shape {
                return None;
            }
            // A matcher that names keywords can take items apart and make new ones.
            if (at + 1..arrow - 1).any(|at| {
                self.is_word(at, "mod")
                    || matches!(self.tokens.kind(at), Some(Kind::Str | Kind::RawStr))
            }) {
                return None;
            }
            let variables = self.variables(at + 1..arrow - 1);
            for variable in transcriber + 1..self.close(transcriber) {
                if !self.is(variable, b'$')
                    || !self.is_name(variable + 1)
                    || self.is_word(variable + 1, "crate")
                {
                    continue;
                }
                let name = self.tokens.str(variable + 1);
                match variables.iter().find(|known| known.0 == name)?.1 {
                    "meta" | "vis" | "ident" | "lifetime" | "literal" | "path" | "ty" | "pat" => {}
                    "item" => predicates.push(self.predicates_before(variable)?),
                    _ => return None,
                }
            }
            at = self.close(transcriber) + 1;
            if self.is(at, b';') {
                at += 1;
            }
        }
        Some(predicates)
    }

    /// The `$name:fragment`s of a matcher.
    pub fn variables(&self, matcher: Range<usize>) -> Vec<(&'s str, &'s str)> {
        matcher
            .filter(|at| self.is(*at, b'$') && self.is_name(at + 1) && self.is(at + 2, b':'))
            .map(|at| (self.tokens.str(at + 1), self.tokens.str(at + 3)))
            .collect()
    }

    /// The cfgs directly before a token; `None` if there are none.
    pub fn predicates_before(&mut self, mut at: usize) -> Option<PredicateId> {
        let mut decisions = Decisions::default();
        while at > 0 && self.is(at - 1, b']') {
            let open = self.close(at - 1);
            if open == 0 || !self.is(open - 1, b'#') {
                break;
            }
            self.decisions(open + 1..at - 1, None, &mut decisions, 0);
            at = open - 1;
        }
        self.conjunction(&decisions)
    }
}

fn any_in(sorted: &[u32], range: &Range<usize>) -> bool {
    let first = sorted.partition_point(|at| (*at as usize) < range.start);
    sorted
        .get(first)
        .is_some_and(|at| (*at as usize) < range.end)
}
