//! Why units are built: the changes between two plans, led back to where they began.
//!
//! A unit that differs only because units that it needs differ is told by them; what it names itself comes first.

use super::Error;
use super::compare::{self, Change};
use super::progress::name;
use super::state::{Record, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Two plans.
pub struct Explanation<'a> {
    old: BTreeMap<&'a str, &'a Unit>,
    new: BTreeMap<&'a str, &'a Unit>,
    /// The units of the new plan, by the names of their derivations.
    named: BTreeMap<&'a str, &'a Unit>,
    units: &'a [Unit],
    told: BTreeSet<&'a str>,
}

/// Where the changes from one plan to another come from.
#[derive(Debug, Default)]
pub struct Origins<'a> {
    /// The units whose own inputs changed, with these changes.
    pub units: Vec<(&'a Unit, Vec<Change>)>,
    /// How many other units changed, all of them because of units that they need.
    pub others: usize,
}

/// How a unit differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Not at all.
    None,
    /// Only the new plan has it.
    Added,
    /// Its derivation is another one.
    Changed,
}

impl<'a> Explanation<'a> {
    /// Of what is in `new` and was otherwise in `old`.
    pub fn new(old: &'a Record, new: &'a Record) -> Self {
        let by_identity = |record: &'a Record| {
            let units = record.units.iter();
            units.map(|unit| (unit.identity.as_str(), unit)).collect()
        };
        let named = new.units.iter().map(|unit| {
            let name = name(&unit.derivation);
            (name.strip_suffix(".drv").unwrap_or(name), unit)
        });
        Self {
            old: by_identity(old),
            new: by_identity(new),
            named: named.collect(),
            units: &new.units,
            told: BTreeSet::new(),
        }
    }

    /// Whether anything differs.
    pub fn is_empty(&self) -> bool {
        let same = |(identity, unit): (&&str, &&Unit)| {
            let old = self.old.get(identity);
            old.is_some_and(|old| old.derivation == unit.derivation)
        };
        self.old.len() == self.new.len() && self.new.iter().all(same)
    }

    /// How a unit of the new plan differs.
    pub fn difference(&self, unit: &Unit) -> Difference {
        match self.old.get(unit.identity.as_str()) {
            None => Difference::Added,
            Some(old) if old.derivation == unit.derivation => Difference::None,
            Some(_) => Difference::Changed,
        }
    }

    /// The units that only the old plan has.
    pub fn removed(&self) -> impl Iterator<Item = &'a Unit> {
        let removed = |identity: &&str| !self.new.contains_key(*identity);
        let old = self
            .old
            .iter()
            .filter(move |(identity, _)| removed(identity));
        old.map(|(_, unit)| *unit)
    }

    /// The units that only the new plan has.
    pub fn added(&self) -> impl Iterator<Item = &'a Unit> {
        let units = self.units.iter();
        units.filter(|unit| !self.old.contains_key(unit.identity.as_str()))
    }

    /// The changes of a unit's derivation.
    ///
    /// # Errors
    ///
    /// If one of the derivations is not in the store any more.
    pub fn changes(&self, unit: &Unit) -> Result<Vec<Change>, Error> {
        match self.old.get(unit.identity.as_str()) {
            Some(old) => compare::changes(Path::new(&old.derivation), Path::new(&unit.derivation)),
            None => Ok(Vec::new()),
        }
    }

    /// Where the changes come from.
    ///
    /// # Errors
    ///
    /// As [`Self::changes`].
    pub fn origins(&self) -> Result<Origins<'a>, Error> {
        let mut origins = Origins::default();
        for unit in self.units {
            if self.difference(unit) != Difference::Changed {
                continue;
            }
            let mut changes = self.changes(unit)?;
            changes.retain(|change| change.upstream().is_none());
            match changes.is_empty() {
                true => origins.others += 1,
                false => origins.units.push((unit, changes)),
            }
        }
        Ok(origins)
    }

    /// Why a unit is built, as lines with an indentation that grows along the units that it needs. A unit that was told
    /// before is only named.
    ///
    /// # Errors
    ///
    /// As [`Self::changes`].
    pub fn why(&mut self, unit: &'a Unit) -> Result<String, Error> {
        let mut text = String::new();
        self.tell(unit, 0, &mut text)?;
        Ok(text)
    }

    fn tell(&mut self, unit: &'a Unit, depth: usize, text: &mut String) -> Result<(), Error> {
        let indent = "  ".repeat(depth);
        let label = &unit.label;
        match self.difference(unit) {
            Difference::None => *text += &format!("{indent}{label}: nothing of it changed\n"),
            Difference::Added => {
                *text += &format!("{indent}{label}: {}\n", self.why_added(unit));
            }
            Difference::Changed if !self.told.insert(&unit.identity) => {
                *text += &format!("{indent}{label}: see above\n");
            }
            Difference::Changed => {
                *text += &format!("{indent}{label}:\n");
                let changes = self.changes(unit)?;
                for change in changes.iter().filter(|change| change.upstream().is_none()) {
                    *text += &format!("{indent}  {change}\n");
                }
                for needed in changes.iter().filter_map(Change::upstream) {
                    match self.named.get(needed).copied() {
                        Some(needed) => self.tell(needed, depth + 1, text)?,
                        None => *text += &format!("{indent}  {needed} changed\n"),
                    }
                }
            }
        }
        Ok(())
    }

    /// A unit has its identity from what it is; another one with its label was something else.
    fn why_added(&self, unit: &Unit) -> String {
        let old = self.removed().find(|old| old.label == unit.label);
        let Some(old) = old else {
            return "new in the plan".to_owned();
        };
        let mut reasons = Vec::new();
        if old.features != unit.features {
            let list = |features: &[String]| match features.is_empty() {
                true => "none".to_owned(),
                false => features.join(", "),
            };
            let (from, to) = (list(&old.features), list(&unit.features));
            reasons.push(format!("features {from} -> {to}"));
        }
        if old.profile != unit.profile {
            reasons.push("another profile".to_owned());
        }
        let labels = |units: &BTreeMap<&str, &Unit>, needs: &[String]| -> BTreeSet<String> {
            let units = needs.iter().filter_map(|need| units.get(need.as_str()));
            units.map(|unit| unit.label.clone()).collect()
        };
        let (from, to) = (
            labels(&self.old, &old.needs),
            labels(&self.new, &unit.needs),
        );
        reasons.extend(to.difference(&from).map(|label| format!("needs {label}")));
        reasons.extend(
            from.difference(&to)
                .map(|label| format!("no longer needs {label}")),
        );
        if reasons.is_empty() {
            reasons.push(
                "its identity changed with a unit that it needs, or with the compiler".to_owned(),
            );
        }
        format!("another unit than before: {}", reasons.join("; "))
    }
}
