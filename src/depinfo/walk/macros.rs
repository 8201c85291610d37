//! The macros that a crate defines and uses.
//!
//! A macro is known by its name alone; several definitions of one name all count. Nothing is
//! walked here: [`expansion`](super::expansion) decides, by what is noted here, which bodies
//! and which arguments are walked at which sites.

use super::fragment::{Fragment, MacroArguments, SiteId};
use crate::depinfo::known_crates;
use crate::depinfo::lists::Place;
use crate::depinfo::source_file::SourceFile;
use crate::depinfo::syntax::outline::{NodeKind, Part, PathValue};
use crate::depinfo::syntax::strings::may_be_path;
use crate::depinfo::syntax::token_tree::Span;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The definition of a macro: its file and node.
pub type DefinitionPlace = (Arc<SourceFile>, u32);

/// Macros of other packages that a crate uses.
#[derive(Default)]
pub struct OtherMacros {
    pub definitions: Vec<DefinitionPlace>,
    /// New name, old name.
    pub aliases: BTreeSet<(String, String)>,
}

pub struct Definition {
    pub file: Arc<SourceFile>,
    pub node: u32,
    pub of_other_crate: bool,
    /// The body depends on what the macro is given.
    pub variable: bool,
    /// The body contains a module or an include.
    brings: bool,
    /// The body contains an inline module, which may hold what the macro is given.
    pub wraps: bool,
    /// Macros that the body uses, and whether with the body's variables.
    calls: BTreeSet<(Box<str>, bool)>,
    /// The body has an attribute that rustc does not define.
    has_attribute: bool,
    /// The body, or that of a macro which it uses, brings something in.
    pub useful: bool,
    /// An argument of the macro can reach a macro or attribute that is not defined here.
    forwards: bool,
}

impl Definition {
    fn name(&self) -> &str {
        match self.file.node(self.node).kind {
            NodeKind::Define { name, .. } => name.of(&self.file.text),
            _ => "",
        }
    }
}

/// A macro that other crates can use.
pub struct Export {
    pub name: Box<str>,
    pub definition: DefinitionPlace,
    /// It brings something in, whatever other crates define.
    pub useful: bool,
    /// The macros that it uses and its crate does not define.
    pub calls: Vec<Box<str>>,
}

/// A string or word in the arguments of a call.
pub struct Argument {
    pub file: Arc<SourceFile>,
    pub call: u32,
    pub node: u32,
    pub site: SiteId,
    pub given: Option<Arc<MacroArguments>>,
}

/// All definitions and uses of a crate so far.
#[derive(Default)]
pub struct Macros {
    pub definitions: Vec<Definition>,
    defined: HashSet<(Arc<str>, u32)>,
    by_name: HashMap<Box<str>, Vec<usize>>,
    pub calls: HashMap<Box<str>, Vec<Fragment>>,
    /// New name to old names.
    aliases: HashMap<Box<str>, BTreeSet<Box<str>>>,
    /// Old name to new names.
    new_names: HashMap<Box<str>, BTreeSet<Box<str>>>,
    /// Names whose definitions and uses have not been joined yet.
    pub dirty: BTreeSet<Box<str>>,
    /// How many uses of a name each definition has been joined with.
    pub joined: HashMap<(usize, Box<str>), usize>,
    pub walked: HashSet<(usize, SiteId, u64)>,
    /// The arguments that uses inside of macros' bodies gave each definition at each site so far, and how
    /// often it was walked with that.
    merged: HashMap<(usize, SiteId), (usize, MacroArguments)>,
    /// Whether a macro drops its arguments, as far as that has been asked.
    pub drops: HashMap<Box<str>, bool>,
    /// Arguments at places of items that have not been walked.
    pub held: Vec<Fragment>,
    /// The same, which their macro drops for all that is known.
    pub dropped: HashMap<Box<str>, Vec<Fragment>>,
    pub arguments: Vec<Argument>,
    /// For each definition that nothing uses by name, how many sites it was walked at.
    pub guessed: HashMap<usize, usize>,
    /// The `useful` of all definitions is up to date.
    uses_known: bool,
}

/// A macro that uses itself sees a new mixture of arguments at every turn; after so many the
/// mixtures are joined, because there may be exponentially many.
const MAX_MIXTURES: usize = 16;

impl Macros {
    /// Notes a definition; `of_other_crate`: it is another package's.
    pub fn define(&mut self, file: &Arc<SourceFile>, at: u32, of_other_crate: bool) {
        if !self.defined.insert((file.path.clone(), at)) {
            return;
        }
        let node = file.node(at);
        let NodeKind::Define { name, .. } = node.kind else {
            return;
        };
        let body = &file.outline.nodes[at as usize + 1..node.end as usize];
        let path_variable = |paths: (u32, u32)| {
            let mut paths = file.outline.paths[paths.0 as usize..paths.1 as usize].iter();
            paths.any(|path| !matches!(path.value, PathValue::Text(_)))
        };
        let pattern_variable = |pattern: u32| {
            let mut parts = file.outline.patterns[pattern as usize].parts.iter();
            parts.any(|part| !matches!(part, Part::Text(_) | Part::Env(_)))
        };
        let variable = body.iter().any(|node| match node.kind {
            NodeKind::Module { name, paths } | NodeKind::InlineModule { name, paths } => {
                name.is_variable() || path_variable(paths)
            }
            NodeKind::Include { pattern, .. } | NodeKind::Joined { pattern } => {
                pattern_variable(pattern)
            }
            NodeKind::Call { variables, .. } => variables,
            NodeKind::Attribute { .. } | NodeKind::Define { .. } => true,
            _ => false,
        });
        let text = |span: Span| span.of(&file.text);
        let brings = body.iter().any(|node| match node.kind {
            NodeKind::Module { .. } | NodeKind::Include { .. } => true,
            NodeKind::Literal => file.literal(node).is_some_and(|value| may_be_path(&value)),
            NodeKind::Attribute { name } | NodeKind::Call { name, .. } => {
                known_crates::is_reader(text(name))
            }
            _ => false,
        });
        let wraps = body
            .iter()
            .any(|node| matches!(node.kind, NodeKind::InlineModule { .. }));
        let calls = body.iter().filter_map(|node| match node.kind {
            NodeKind::Call {
                name, variables, ..
            } => Some((text(name).into(), variables)),
            _ => None,
        });
        let calls = calls.collect();
        let has_attribute = body
            .iter()
            .any(|node| matches!(node.kind, NodeKind::Attribute { .. }));
        self.uses_known = false;
        self.drops.clear();
        let name: Box<str> = text(name).into();
        self.by_name
            .entry(name.clone())
            .or_default()
            .push(self.definitions.len());
        self.definitions.push(Definition {
            file: file.clone(),
            node: at,
            of_other_crate,
            variable,
            brings,
            wraps,
            calls,
            has_attribute,
            useful: false,
            forwards: false,
        });
        if let Some(dropped) = self.dropped.remove(&name) {
            self.held.extend(dropped);
        }
        let new_names = self.new_names.get(&name).into_iter().flatten();
        self.dirty.extend(new_names.cloned());
        self.dirty.insert(name);
    }

    /// Notes a use. `hold`: its arguments are walked later, if the macro passes them on.
    pub fn call(&mut self, name: &str, call: Fragment, hold: bool) {
        if hold {
            self.held.push(call.clone());
        }
        if self.by_name.contains_key(name) || self.aliases.contains_key(name) {
            self.dirty.insert(name.into());
        }
        match self.calls.get_mut(name) {
            Some(calls) => calls.push(call),
            None => {
                self.calls.insert(name.into(), vec![call]);
            }
        }
    }

    /// Whether a name has a definition.
    pub fn is_defined(&self, name: &str) -> bool {
        self.lists_of(name).next().is_some()
    }

    pub fn alias(&mut self, from: &str, to: &str) {
        if from != to && to != "_" {
            let old = self.aliases.entry(to.into()).or_default();
            if old.insert(from.into()) {
                self.uses_known = false;
                self.drops.clear();
                self.dirty.insert(to.into());
                let new = self.new_names.entry(from.into()).or_default();
                new.insert(to.into());
            }
        }
    }

    /// Finds out which definitions matter, after new ones have come: those that bring
    /// something in or forward what they are given, and those that use such a one.
    pub fn learn_uses(&mut self) {
        if std::mem::replace(&mut self.uses_known, true) {
            return;
        }
        let brings = |definition: &Definition| definition.brings || definition.wraps;
        let useful = self.spread(brings, |_| true);
        let forwards = |definition: &Definition| {
            let mut calls = definition.calls.iter();
            definition.has_attribute
                || calls.any(|(name, variables)| *variables && !self.is_defined(name))
        };
        let forwards = self.spread(forwards, |variables| variables);
        for (definition, (useful, forwards)) in self
            .definitions
            .iter_mut()
            .zip(useful.into_iter().zip(forwards))
        {
            definition.useful = useful;
            definition.forwards = forwards;
        }
    }

    /// Which definitions have a property: those that have it themselves, those of the same
    /// name, and those that use one that has it, if `counts` a use with or without variables.
    fn spread(
        &self,
        own: impl Fn(&Definition) -> bool,
        counts: impl Fn(bool) -> bool,
    ) -> Vec<bool> {
        let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, definition) in self.definitions.iter().enumerate() {
            for (called, variables) in &definition.calls {
                if counts(*variables) {
                    users.entry(called).or_default().push(index);
                    for old in self.aliases.get(called).into_iter().flatten() {
                        users.entry(old).or_default().push(index);
                    }
                }
            }
        }
        let mut has = vec![false; self.definitions.len()];
        let mut todo: Vec<usize> = (0..self.definitions.len())
            .filter(|index| own(&self.definitions[*index]))
            .collect();
        let mut names = HashSet::new();
        while let Some(index) = todo.pop() {
            has[index] = true;
            let name = self.definitions[index].name();
            if names.insert(name) {
                todo.extend(self.by_name.get(name).into_iter().flatten());
                todo.extend(users.get(name).into_iter().flatten());
            }
        }
        has
    }

    /// Whether the strings that a macro is given may reach one that is not known.
    pub fn forwards(&self, name: &str) -> bool {
        // All definitions of one name have the property, or none.
        let mut first = self
            .lists_of(name)
            .filter_map(|definitions| definitions.first());
        !self.is_defined(name) || first.any(|index| self.definitions[*index].forwards)
    }

    /// The definitions that bring something in, or may do so through another crate's macros.
    pub fn exports(&mut self) -> Vec<Export> {
        self.learn_uses();
        let mut exports = Vec::new();
        for definition in self
            .definitions
            .iter()
            .filter(|definition| !definition.of_other_crate)
        {
            let called = definition.calls.iter().map(|(name, _)| name);
            let calls: Vec<_> = called
                .filter(|name| !self.is_defined(name))
                .cloned()
                .collect();
            if definition.useful || !calls.is_empty() {
                exports.push(Export {
                    name: definition.name().into(),
                    definition: (definition.file.clone(), definition.node),
                    useful: definition.useful,
                    calls,
                });
            }
        }
        exports
    }

    /// The names that are used and have no definition, each with one use, where there is one
    /// outside of macros' bodies.
    pub fn unknown(&self) -> BTreeMap<String, Option<Place>> {
        let mut unknown = BTreeMap::new();
        for (name, calls) in &self.calls {
            if !self.is_defined(name) {
                let places = calls.iter().map(|call| {
                    let node = call.file.node(call.nodes.start);
                    call.file.place(node)
                });
                unknown.insert(name.to_string(), places.min());
            }
        }
        for definition in &self.definitions {
            for (name, _) in &definition.calls {
                if !self.is_defined(name) {
                    unknown.entry(name.to_string()).or_default();
                }
            }
        }
        // `use other::name as alias` makes a call of another package's macro look like that.
        for name in unknown.keys().cloned().collect::<Vec<_>>() {
            for old in self.aliases.get(&*name).into_iter().flatten() {
                unknown.entry(old.to_string()).or_default();
            }
        }
        unknown
    }

    /// All aliases: new name, old name.
    pub fn aliases(&self) -> BTreeSet<(String, String)> {
        let pairs = self.aliases.iter().flat_map(|(new, old)| {
            let olds = old.iter();
            olds.map(move |old| (new.to_string(), old.to_string()))
        });
        pairs.collect()
    }

    /// The arguments with which a body is walked for a use inside of another body; `None` if
    /// that brings nothing new.
    pub fn merge(
        &mut self,
        definition: usize,
        site: SiteId,
        new: Arc<MacroArguments>,
    ) -> Option<Arc<MacroArguments>> {
        let (walked, merged) = self.merged.entry((definition, site)).or_default();
        let known = *walked > 0
            && merged.literals.is_superset(&new.literals)
            && merged.words.is_superset(&new.words)
            && merged.opaque >= new.opaque;
        merged.literals.extend(new.literals.iter().cloned());
        merged.words.extend(new.words.iter().cloned());
        merged.opaque |= new.opaque;
        *walked += 1;
        if *walked <= MAX_MIXTURES {
            Some(new)
        } else {
            (!known).then(|| Arc::new(merged.clone()))
        }
    }

    /// The definitions that a name can mean.
    pub fn meanings(&self, name: &str) -> Vec<usize> {
        self.lists_of(name).flatten().copied().collect()
    }

    /// The definitions of a name, and of each that it is another name for.
    fn lists_of(&self, name: &str) -> impl Iterator<Item = &Vec<usize>> {
        let olds = self.aliases.get(name).into_iter().flatten();
        let olds = olds.filter_map(|old| self.by_name.get(old));
        self.by_name.get(name).into_iter().chain(olds)
    }
}
