//! `cfg` predicates as a file writes them, still to be decided by a unit's [`Cfg`].
//!
//! All predicates of a file lie in one list, and refer to each other by their places in it:
//! a predicate comes behind those that it is made of. So one that stands for many (the
//! condition of a long `cfg_attr`, the arms before an `else`) is there once, and all of them
//! are decided in one pass, whatever their nesting.
//!
//! [`Cfg`]: crate::depinfo::Cfg

use super::token_tree::{Span, TokenTree};
use super::tokens::Kind;
use std::ops::Range;

/// A predicate's place among those of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredicateId(u32);

impl PredicateId {
    /// The index of its answer among those of [`Predicates::decide`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A list of predicates, stored once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredicateList {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Predicate {
    Known(bool),
    Undecided,
    Flag(Span),
    /// A key, and the index of its value.
    Value(Span, u32),
    All(PredicateList),
    Any(PredicateList),
    Not(PredicateId),
}

/// The answer for one predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    /// It cannot be decided before the build.
    Unknown,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Truth::True } else { Truth::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// The predicates of a file.
#[derive(Debug, Default)]
pub struct Predicates {
    all: Vec<Predicate>,
    members: Vec<PredicateId>,
    values: Vec<Box<str>>,
}

/// Deeper predicates count as undecided, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 48;

impl Predicates {
    fn push(&mut self, predicate: Predicate) -> PredicateId {
        self.all.push(predicate);
        PredicateId(self.all.len() as u32 - 1)
    }

    /// Stores predicates as a list.
    pub fn list(&mut self, predicates: &[PredicateId]) -> PredicateList {
        let start = self.members.len() as u32;
        self.members.extend(predicates);
        PredicateList {
            start,
            end: self.members.len() as u32,
        }
    }

    /// The predicates of a list.
    pub fn members(&self, list: PredicateList) -> &[PredicateId] {
        &self.members[list.start as usize..list.end as usize]
    }

    /// One that is never decided.
    pub fn undecided(&mut self) -> PredicateId {
        self.push(Predicate::Undecided)
    }

    pub fn not(&mut self, predicate: PredicateId) -> PredicateId {
        self.push(Predicate::Not(predicate))
    }

    /// The conjunction; `None` for none.
    pub fn all(&mut self, predicates: &[PredicateId]) -> Option<PredicateId> {
        match predicates {
            [] => None,
            [one] => Some(*one),
            _ => {
                let list = self.list(predicates);
                Some(self.push(Predicate::All(list)))
            }
        }
    }

    /// `then`, where `condition` holds.
    pub fn implication(&mut self, condition: PredicateId, then: PredicateId) -> PredicateId {
        let unless = self.not(condition);
        let list = self.list(&[unless, then]);
        self.push(Predicate::Any(list))
    }

    /// Reads the tokens of one predicate, which stand between brackets or commas.
    ///
    /// A predicate that rustc does not know today (`version(…)`, a macro's `$meta`) is
    /// undecided.
    pub fn parse(&mut self, tokens: &TokenTree, range: Range<usize>) -> PredicateId {
        let predicate = self.predicate(tokens, range, 0);
        self.push(predicate)
    }

    fn predicate(&mut self, tokens: &TokenTree, range: Range<usize>, depth: usize) -> Predicate {
        let start = range.start;
        let length = range.len();
        if depth > MAX_DEPTH || length == 0 || !tokens.is_name(start) {
            return Predicate::Undecided;
        }
        let span = tokens.span(start);
        let name = span.of(tokens.text);
        if length == 1 {
            return match name {
                "true" => Predicate::Known(true),
                "false" => Predicate::Known(false),
                _ => Predicate::Flag(span),
            };
        }
        if length == 3 && tokens.is(start + 1, b'=') {
            let Some(value) = tokens.string(start + 2) else {
                return Predicate::Undecided;
            };
            self.values.push(value.into());
            return Predicate::Value(span, self.values.len() as u32 - 1);
        }
        let brackets = tokens.kind(start + 1) == Some(Kind::Open)
            && tokens.partner(start + 1) == range.end - 1;
        if !brackets {
            return Predicate::Undecided;
        }
        let parts = tokens.split_commas(start + 2..range.end - 1);
        let mut inner = Vec::with_capacity(parts.len());
        for part in parts {
            let predicate = self.predicate(tokens, part, depth + 1);
            inner.push(self.push(predicate));
        }
        match (name, &inner[..]) {
            ("all", _) => Predicate::All(self.list(&inner)),
            ("any", _) => Predicate::Any(self.list(&inner)),
            ("not", [one]) => Predicate::Not(*one),
            _ => Predicate::Undecided,
        }
    }

    /// The answers for all predicates of the file with the text `text`. `holds` decides about
    /// `name`, and about `name = "value"`.
    pub fn decide(&self, text: &str, holds: impl Fn(&str, Option<&str>) -> Truth) -> Box<[Truth]> {
        let mut truths: Vec<Truth> = Vec::with_capacity(self.all.len());
        for predicate in &self.all {
            let truth = match *predicate {
                Predicate::Known(value) => value.into(),
                Predicate::Undecided => Truth::Unknown,
                Predicate::Flag(name) => holds(name.of(text), None),
                Predicate::Value(name, value) => {
                    holds(name.of(text), Some(&self.values[value as usize]))
                }
                Predicate::Not(inner) => !truths[inner.index()],
                Predicate::All(list) => self.fold(&truths, list, Truth::False, Truth::True),
                Predicate::Any(list) => self.fold(&truths, list, Truth::True, Truth::False),
            };
            truths.push(truth);
        }
        truths.into()
    }

    /// `decisive` wins at once, `neutral` is the answer of none.
    fn fold(
        &self,
        truths: &[Truth],
        list: PredicateList,
        decisive: Truth,
        neutral: Truth,
    ) -> Truth {
        let mut answer = neutral;
        for member in self.members(list) {
            match truths[member.index()] {
                truth if truth == decisive => return decisive,
                Truth::Unknown => answer = Truth::Unknown,
                _ => {}
            }
        }
        answer
    }
}
