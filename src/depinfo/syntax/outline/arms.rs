//! The arms of macros that choose by cfg: one holds if its own predicate does and none before.

use super::{Builder, PredicateId, Scheduled};
use std::ops::Range;

impl Builder<'_> {
    /// `if #[cfg(a)] { … } else if #[cfg(b)] { … } else { … }`, and
    /// `#[cfg(a)] => { … } _ => { … }`.
    pub fn cfg_if_arms(&mut self, range: Range<usize>) {
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
            } else if self.is_open(at) {
                at = self.close(at);
            }
            at = at.saturating_add(1);
        }
        self.schedule_arms(arms);
    }

    /// `a => { … } b => expression, _ => { … }`, the predicates bare or in `cfg(…)`.
    pub fn cfg_select_arms(&mut self, range: Range<usize>) {
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
                    let group = self.is_open(at);
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
            } else if self.is_open(at) {
                at = self.close(at).saturating_add(1);
            } else {
                at += 1;
            }
        }
        self.schedule_arms(arms);
    }

    /// An arm holds if its own predicate does and none before it.
    fn schedule_arms(&mut self, arms: Vec<(usize, usize, Option<PredicateId>)>) {
        let predicates = &mut self.out.predicates;
        // That none before holds.
        let mut before = None;
        let mut scopes = Vec::new();
        for (at, until, own) in arms {
            let both: Vec<_> = before.into_iter().chain(own).collect();
            if let Some(predicate) = predicates.all(&both) {
                scopes.push((at, Scheduled::Scope { until, predicate }));
            }
            if let Some(own) = own {
                let not = predicates.not(own);
                let none: Vec<_> = before.into_iter().chain([not]).collect();
                before = predicates.all(&none);
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
