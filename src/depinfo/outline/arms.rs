//! The arms of macros that choose by cfg: one holds if its own predicate does and none before.

use super::{Builder, Scheduled};
use crate::depinfo::cfg::Predicate;
use crate::depinfo::lexer::Kind;
use std::ops::Range;

impl Builder<'_> {
    /// `if #[cfg(a)] { … } else if #[cfg(b)] { … } else { … }`, and
    /// `#[cfg(a)] => { … } _ => { … }`.
    pub(super) fn cfg_if_arms(&mut self, range: Range<usize>) {
        let mut arms = Vec::new();
        let mut predicate = None;
        let mut at = range.start;
        while at < range.end {
            if self.is_word(at, "if") && (at == range.start || !self.is_word(at - 1, "else")) {
                // Some crates' own `cfg_if` takes several chains.
                self.schedule_arms(std::mem::take(&mut arms));
            } else if self.is(at, b'#') && self.is(at + 1, b'[') {
                let close = self.close(at + 1);
                if self.is_word(at + 2, "cfg") && self.is(at + 3, b'(') {
                    predicate =
                        Some(self.predicate(at + 4..self.close(at + 3).min(close).min(range.end)));
                }
                at = close;
            } else if self.is(at, b'{') {
                arms.push((at, self.close(at), predicate.take()));
                at = self.close(at);
            } else if self.kind(at) == Some(Kind::Open) {
                at = self.close(at);
            }
            at = at.saturating_add(1);
        }
        self.schedule_arms(arms);
    }

    /// `a => { … } b => expression, _ => { … }`, the predicates bare or in `cfg(…)`.
    pub(super) fn cfg_select_arms(&mut self, range: Range<usize>) {
        let mut arms = Vec::new();
        let mut start = range.start;
        let mut at = range.start;
        while at < range.end {
            if self.is(at, b'=') && self.is(at + 1, b'>') {
                let mut predicate = start..at;
                if self.is_word(start, "cfg")
                    && self.is(start + 1, b'(')
                    && self.close(start + 1) + 1 == at
                {
                    predicate = start + 2..at - 1;
                }
                let wildcard = self.is_word(start, "_") && at == start + 1;
                let predicate = (!wildcard).then(|| self.predicate(predicate));
                at += 2;
                let body = at;
                while at < range.end && !self.is(at, b',') {
                    let group = self.kind(at) == Some(Kind::Open);
                    at = if group { self.close(at) } else { at }.saturating_add(1);
                    if group && at == self.close(body).saturating_add(1) && self.is(body, b'{') {
                        break;
                    }
                }
                let end = at.min(range.end);
                if body < end {
                    arms.push((body, end, predicate));
                }
                at = end;
                if self.is(at, b',') {
                    at += 1;
                }
                start = at;
            } else if self.kind(at) == Some(Kind::Open) {
                at = self.close(at).saturating_add(1);
            } else {
                at += 1;
            }
        }
        self.schedule_arms(arms);
    }

    /// An arm holds if its own predicate does and none before it.
    pub(super) fn schedule_arms(&mut self, arms: Vec<(usize, usize, Option<Predicate>)>) {
        let mut before: Vec<Predicate> = Vec::new();
        let mut scopes = Vec::new();
        for (at, until, predicate) in arms {
            // Long chains would take quadratic room; nobody writes them.
            let mut all = if before.len() > 64 {
                vec![Predicate::Unknown]
            } else {
                before.clone()
            };
            if let Some(predicate) = predicate {
                before.push(predicate.clone().not());
                all.push(predicate);
            }
            if let Some(predicate) = Predicate::all(all) {
                scopes.push((at, Scheduled::Scope { until, predicate }));
            }
        }
        // The nearest stands last.
        let first = scopes.first().map_or(0, |scope| scope.0);
        let later = self
            .scheduled
            .partition_point(|scheduled| scheduled.0 > first);
        self.scheduled
            .splice(later..later, scopes.into_iter().rev());
    }
}
