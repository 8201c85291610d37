//! What a build has spent its time on.
//!
//! | of a unit | from | to |
//! |---|---|---|
//! | all | Nix starts its builder | Nix has registered its outputs |
//! | compiler or build script | the builder says that it starts it | the builder says that it has ended |
//! | Nix | the rest: the sandbox, the inputs, hashing and registering outputs | |
//!
//! The critical path is the chain of units that were built, each needing the one before it, that has taken longest: no
//! number of cores makes the build shorter than that.

use super::state::Record;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// The data of the page of timings. Times are in seconds since the command began.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Document {
    /// The profile.
    pub profile: String,
    /// What the command took.
    pub seconds: f64,
    /// What it did, in order.
    pub steps: Vec<Step>,
    /// The units that were built, by their starts.
    pub units: Vec<Timing>,
    /// How many units there are.
    pub total_units: usize,
    /// The labels of the units on the critical path.
    pub critical: Vec<String>,
    /// What they took.
    pub critical_seconds: f64,
}

/// A step of the command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What it is.
    pub name: &'static str,
    /// When it began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
}

/// A unit that was built.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Its label.
    pub label: String,
    /// When it began.
    pub start: f64,
    /// When its compiler or script began and ended.
    pub compiling: Option<(f64, f64)>,
    /// When it ended.
    pub end: f64,
}

/// A clock that keeps what it has measured.
#[derive(Clone, Debug)]
pub struct Timings {
    begin: Instant,
    steps: Vec<Step>,
    /// By the names of derivations.
    units: BTreeMap<String, Timing>,
}

impl Timings {
    /// A clock that started at this moment.
    pub fn since(begin: Instant) -> Self {
        Self {
            begin,
            steps: Vec::new(),
            units: BTreeMap::new(),
        }
    }

    /// Seconds since the start.
    pub fn now(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    /// Takes note of a step that began when the one before it ended, and ends now.
    pub fn step(&mut self, name: &'static str) {
        let start = self.steps.last().map_or(0.0, |step| step.end);
        let end = self.now();
        self.steps.push(Step { name, start, end });
    }

    /// A unit begins.
    pub fn begin_unit(&mut self, name: &str, label: &str) {
        let timing = Timing {
            label: label.to_owned(),
            start: self.now(),
            ..Timing::default()
        };
        self.units.insert(name.to_owned(), timing);
    }

    /// A unit's builder says what it is at.
    pub fn phase(&mut self, name: &str, phase: &str) {
        let now = self.now();
        if let Some(unit) = self.units.get_mut(name) {
            match (phase, &mut unit.compiling) {
                ("outputs", Some((_, end))) => *end = now,
                ("outputs", None) => {}
                (_, compiling) => *compiling = Some((now, now)),
            }
        }
    }

    /// A unit ends.
    pub fn end_unit(&mut self, name: &str) {
        let now = self.now();
        if let Some(unit) = self.units.get_mut(name) {
            unit.end = now;
        }
    }

    /// All that was measured of a build.
    pub fn document(&self, record: &Record) -> Document {
        let mut units: Vec<Timing> = self.units.values().cloned().collect();
        units.sort_by(|a, b| a.start.total_cmp(&b.start));
        let (critical, critical_seconds) = self.critical(record);
        Document {
            profile: record.profile.clone(),
            seconds: self.now(),
            steps: self.steps.clone(),
            units,
            total_units: record.units.len(),
            critical,
            critical_seconds,
        }
    }

    /// The critical path, and what it took.
    fn critical(&self, record: &Record) -> (Vec<String>, f64) {
        // Of each unit, dependencies first: the seconds up to its end, and the unit before it.
        let mut ends: BTreeMap<&str, (f64, Option<&str>)> = BTreeMap::new();
        let mut labels: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for unit in &record.units {
            let own = self.units.get(super::progress::name(&unit.derivation));
            let before = unit
                .needs
                .iter()
                .filter_map(|need| Some((need.as_str(), ends.get(need.as_str())?.0)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let spent = own.map_or(0.0, |own| own.end - own.start);
            let end = spent + before.map_or(0.0, |(_, seconds)| seconds);
            ends.insert(&unit.identity, (end, before.map(|(need, _)| need)));
            labels.insert(&unit.identity, own.map(|own| own.label.as_str()));
        }
        let last = ends.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let seconds = last.map_or(0.0, |(_, (seconds, _))| *seconds);
        let mut at = last.map(|(identity, _)| *identity);
        let mut path = Vec::new();
        while let Some(identity) = at {
            path.extend(labels[identity].map(str::to_owned));
            at = ends[identity].1;
        }
        path.reverse();
        (path, seconds)
    }
}
