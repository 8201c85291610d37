//! Macros that one crate defines and another uses.
//!
//! Each crate is walked by itself first. What it uses and does not define is then looked for
//! among what the libraries of the project define and rename, and the crate is walked again
//! with these definitions.

use super::lists::Place;
use super::walk::{CrateFiles, Export, OtherMacros};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A crate's part in the macros of other crates.
#[derive(Default)]
pub struct CrateMacros {
    /// Its macros that may bring files in; for libraries only.
    exports: Vec<Export>,
    /// New names that it gives to macros, with the old ones; for libraries only.
    aliases: BTreeSet<(String, String)>,
    /// Macros that it uses and does not define.
    unknown: BTreeMap<String, Option<Place>>,
}

impl CrateMacros {
    /// Those of a walked crate; `library`: others can use them.
    pub fn of(found: CrateFiles, library: bool) -> Self {
        let mut macros = Self {
            unknown: found.unknown,
            ..Self::default()
        };
        if library {
            macros.exports = found.exports;
            macros.aliases = found.aliases;
        }
        macros
    }
}

/// The macros of all libraries that matter to others.
pub struct SharedMacros<'c> {
    crates: &'c [CrateMacros],
    /// The crates that define a macro of a name which can bring files in.
    by_name: BTreeMap<&'c str, BTreeSet<usize>>,
    /// New name to old names, of all libraries, as far as they lead to such a macro.
    aliases: BTreeMap<&'c str, BTreeSet<&'c str>>,
}

impl<'c> SharedMacros<'c> {
    /// Those of all crates, in the order of the units.
    pub fn new(crates: &'c [CrateMacros]) -> Self {
        let mut users: BTreeMap<&str, Vec<(usize, &Export)>> = BTreeMap::new();
        let mut todo = Vec::new();
        for (index, exporter) in crates.iter().enumerate() {
            for export in &exporter.exports {
                for name in &export.calls {
                    users.entry(name).or_default().push((index, export));
                }
                if export.useful {
                    todo.push((&*export.name, index));
                }
            }
        }
        let mut renamed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (new, old) in crates.iter().flat_map(|exporter| &exporter.aliases) {
            renamed.entry(old).or_default().insert(new);
        }
        let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let mut aliases: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut names = HashSet::new();
        let mut new_names = Vec::new();
        while let Some((name, index)) = todo.pop() {
            by_name.entry(name).or_default().insert(index);
            new_names.push(name);
            while let Some(name) = new_names.pop() {
                if !names.insert(name) {
                    continue;
                }
                let using = users.get(name).into_iter().flatten();
                todo.extend(using.map(|(user, export)| (&*export.name, *user)));
                for new in renamed.get(name).into_iter().flatten() {
                    aliases.entry(new).or_default().insert(name);
                    new_names.push(new);
                }
            }
        }
        Self {
            crates,
            by_name,
            aliases,
        }
    }

    /// The macros of other crates that one crate may use, itself or through those; `None` if
    /// there are none.
    pub fn needed_by(&self, index: usize) -> Option<OtherMacros> {
        let mut needed = BTreeSet::new();
        let mut macros = OtherMacros::default();
        let mut users = vec![index];
        while let Some(user) = users.pop() {
            let mut names: Vec<&str> = self.crates[user].unknown.keys().map(|n| &**n).collect();
            let mut seen = HashSet::new();
            while let Some(name) = names.pop() {
                if !seen.insert(name) {
                    continue;
                }
                for exporter in self.by_name.get(name).into_iter().flatten() {
                    if *exporter != index && needed.insert(*exporter) {
                        users.push(*exporter);
                    }
                }
                for old in self.aliases.get(name).into_iter().flatten() {
                    macros.aliases.insert((name.to_owned(), (*old).to_owned()));
                    names.push(old);
                }
            }
        }
        let exports = needed
            .iter()
            .flat_map(|exporter| &self.crates[*exporter].exports);
        macros.definitions = exports.map(|export| export.definition.clone()).collect();
        (!macros.definitions.is_empty()).then_some(macros)
    }
}
