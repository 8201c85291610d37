//! The files that the macros of a crate include, at each use.
//!
//! The body is walked at every site that uses the macro, with the strings and words
//! of the use as candidates for the macro's variables.

use super::fragment::{Fragment, MacroArguments, MacroUse, SiteId};
use super::macros::Argument;
use super::walker::{Walker, reason};
use crate::depinfo::error::Result;
use crate::depinfo::lists::{Fallback, Why, Width};
use crate::depinfo::syntax::outline::NodeKind;
use crate::depinfo::syntax::predicate::Truth;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A limit on the work in macros' bodies: no program comes near it.
const MAX_STEPS: usize = 3_000_000;
/// A use costs as much as so many nodes, however short the body.
const STEPS_OF_A_USE: usize = 32;
/// So many bodies wait to be walked at the most.
const MAX_QUEUED: usize = 4096;
/// Arguments with more nodes than this are taken as opaque.
const MAX_ARGUMENTS: usize = 4096;

impl Walker<'_> {
    /// Queues what macros bring in that has not been walked yet; false if there is nothing.
    pub fn expand(&mut self) -> Result<bool> {
        Ok(self.release_held()
            || self.expand_uses()
            || self.arguments_of_unknown_macros()?
            || self.guess_unused())
    }

    /// Lets the arguments in that stand where items do.
    fn release_held(&mut self) -> bool {
        let held = std::mem::take(&mut self.macros.held);
        let mut any = false;
        for fragment in held {
            let call = fragment.nodes.start;
            let NodeKind::Call { name, .. } = fragment.file.node(call).kind else {
                continue;
            };
            let name = name.of(&fragment.file.text);
            if self.is_dropped(name) {
                self.strings_of_dropped(&fragment, call);
                let dropped = self.macros.dropped.entry(name.into()).or_default();
                dropped.push(fragment);
                continue;
            }
            any = true;
            self.queue.push_back(Fragment {
                nodes: call + 1..fragment.nodes.end,
                arguments_of: Some(call),
                ..fragment
            });
        }
        any
    }

    /// Notes the strings of a call whose arguments are no items: the macro may still forward
    /// them.
    fn strings_of_dropped(&mut self, fragment: &Fragment, call: u32) {
        for node in call + 1..fragment.nodes.end {
            let kind = fragment.file.node(node).kind;
            if matches!(kind, NodeKind::Literal | NodeKind::Joined { .. }) {
                self.macros.arguments.push(Argument {
                    file: fragment.file.clone(),
                    call,
                    node,
                    site: fragment.site,
                    given: fragment.arguments.clone(),
                });
            }
        }
    }

    /// Whether every definition of a macro drops its arguments under this crate's cfg.
    fn is_dropped(&mut self, name: &str) -> bool {
        if let Some(drops) = self.macros.drops.get(name) {
            return *drops;
        }
        let meanings = self.macros.meanings(name);
        let drops = !meanings.is_empty()
            && meanings.iter().all(|index| {
                let definition = &self.macros.definitions[*index];
                let file = definition.file.clone();
                match file.node(definition.node).kind {
                    NodeKind::Define {
                        passes: Some(passes),
                        ..
                    } => {
                        let truths = self.truths(&file);
                        let predicates = file.outline.predicates.members(passes).iter();
                        let mut truths = predicates.map(|predicate| truths[predicate.index()]);
                        truths.all(|truth| truth == Truth::False)
                    }
                    _ => false,
                }
            });
        self.macros.drops.insert(name.into(), drops);
        drops
    }

    /// Queues the bodies of macros at their uses.
    fn expand_uses(&mut self) -> bool {
        self.macros.learn_uses();
        let mut dirty = std::mem::take(&mut self.macros.dirty);
        let mut any = false;
        while let Some(name) = dirty.pop_first() {
            for definition in self.macros.meanings(&name) {
                if !self.macros.definitions[definition].useful {
                    continue;
                }
                let key = (definition, name.clone());
                let count = self.macros.calls.get(&name).map_or(0, Vec::len);
                let first = self.macros.joined.get(&key).copied().unwrap_or(0);
                for index in first..count {
                    if self.steps > MAX_STEPS {
                        return any;
                    }
                    // What is queued takes memory: the rest comes when that is walked.
                    if self.queue.len() > MAX_QUEUED {
                        self.macros.joined.insert(key, index);
                        self.macros.dirty.extend(dirty);
                        self.macros.dirty.insert(name);
                        return true;
                    }
                    let call = self.macros.calls[&name][index].clone();
                    any |= self.expand_use(definition, &call);
                }
                self.macros.joined.insert(key, count);
            }
        }
        any
    }

    fn expand_use(&mut self, index: usize, call: &Fragment) -> bool {
        if self.steps > MAX_STEPS {
            return false;
        }
        let definition = &self.macros.definitions[index];
        let mut arguments = if definition.variable {
            arguments_of(call)
        } else {
            Arc::default()
        };
        if call.arguments.is_some() {
            match self.macros.merge(index, call.site, arguments) {
                Some(merged) => arguments = merged,
                None => return false,
            }
        }
        let definition = &self.macros.definitions[index];
        let mut hasher = DefaultHasher::new();
        arguments.hash(&mut hasher);
        if definition.wraps {
            (&call.file.path, call.nodes.start).hash(&mut hasher);
        }
        let key = (index, call.site, hasher.finish());
        if self.macros.walked.contains(&key) {
            return false;
        }
        let end = definition.file.node(definition.node).end;
        self.steps += STEPS_OF_A_USE
            + (end - definition.node) as usize
            + arguments.literals.len()
            + arguments.words.len();
        if self.steps > MAX_STEPS {
            self.out.fallbacks.insert(Fallback {
                to: Width::Package,
                what: "macros that use each other too often to be followed".to_owned(),
                known_from: None,
                at: None,
            });
            return false;
        }
        let nodes = definition.node + 1..end;
        self.queue.push_back(Fragment {
            arguments: Some(arguments),
            uses: if definition.wraps {
                uses_in(call)
            } else {
                Vec::new()
            },
            ..Fragment::new(definition.file.clone(), nodes, call.site)
        });
        self.macros.walked.insert(key);
        true
    }

    /// Looks at the arguments of macros that nobody here defines, and of those that pass
    /// them on to such a one.
    fn arguments_of_unknown_macros(&mut self) -> Result<bool> {
        let arguments = std::mem::take(&mut self.macros.arguments);
        self.macros.learn_uses();
        let mut unknown: HashMap<(Arc<str>, u32), Option<bool>> = HashMap::new();
        let mut tried: HashSet<(SiteId, String)> = HashSet::new();
        for Argument {
            file,
            call,
            node,
            site,
            given,
        } in arguments
        {
            let key = (file.path.clone(), call);
            let items = *unknown
                .entry(key)
                .or_insert_with(|| match file.node(call).kind {
                    NodeKind::Call { name, items, .. } => {
                        let name = name.of(&file.text);
                        let defined = self.macros.is_defined(name);
                        self.macros.forwards(name).then_some(items && !defined)
                    }
                    _ => None,
                });
            let Some(items) = items else { continue };
            let node = file.node(node);
            match node.kind {
                NodeKind::Word if items => {
                    let word = node.span.of(&file.text).trim_start_matches("r#");
                    if tried.insert((site, word.to_owned())) {
                        let site = self.site(site).clone();
                        self.module_file(&site, word, reason(Why::MacroArgument, &file, node))?;
                    }
                }
                NodeKind::Literal | NodeKind::Joined { .. } => {
                    self.string_of_unknown_use(&file, node, site, given.as_ref())?;
                }
                _ => {}
            }
        }
        Ok(!self.queue.is_empty())
    }

    /// Macros that are defined and never used by name may be used in ways that are not
    /// seen: their bodies count wherever what they name exists.
    fn guess_unused(&mut self) -> bool {
        let mut used = HashSet::new();
        for name in self.macros.calls.keys() {
            used.extend(self.macros.meanings(name));
        }
        for index in 0..self.macros.definitions.len() {
            let definition = &self.macros.definitions[index];
            if used.contains(&index) || !definition.useful || definition.of_other_crate {
                continue;
            }
            let file = definition.file.clone();
            let nodes = definition.node + 1..file.node(definition.node).end;
            let sites = self.sites.len();
            let first = self.macros.guessed.insert(index, sites).unwrap_or(0);
            for site in (first..sites).map(SiteId) {
                self.steps += STEPS_OF_A_USE + nodes.len();
                if self.steps > MAX_STEPS {
                    return !self.queue.is_empty();
                }
                self.queue.push_back(Fragment {
                    arguments: Some(Arc::default()),
                    is_guess: true,
                    ..Fragment::new(file.clone(), nodes.clone(), site)
                });
            }
        }
        !self.queue.is_empty()
    }
}

/// The uses whose arguments a body contains that is used like this.
fn uses_in(call: &Fragment) -> Vec<MacroUse> {
    let mut uses = vec![MacroUse {
        file: call.file.clone(),
        call: call.nodes.start,
        arguments: call.arguments.clone(),
    }];
    let variables = matches!(
        call.file.node(call.nodes.start).kind,
        NodeKind::Call {
            variables: true,
            ..
        }
    );
    if variables {
        // A macro that uses itself would give the same again and again.
        uses.extend(call.uses.iter().take(8).cloned());
    }
    uses
}

/// The candidates for the variables of a macro that is used like this.
fn arguments_of(call: &Fragment) -> Arc<MacroArguments> {
    let file = &call.file;
    let nodes = &file.outline.nodes[call.nodes.start as usize..call.nodes.end as usize];
    let mut arguments = MacroArguments::default();
    for node in nodes.iter().take(MAX_ARGUMENTS) {
        match node.kind {
            NodeKind::Literal => arguments.literals.extend(file.literal(node)),
            NodeKind::Word => {
                let word = node.span.of(&file.text);
                arguments
                    .words
                    .insert(word.trim_start_matches("r#").to_owned());
            }
            _ => {}
        }
    }
    let (variables, makes) = match nodes.first().map(|node| node.kind) {
        Some(NodeKind::Call {
            variables, makes, ..
        }) => (variables, makes),
        _ => (false, false),
    };
    arguments.opaque = makes || nodes.len() > MAX_ARGUMENTS;
    if let (true, Some(outer)) = (variables, &call.arguments) {
        arguments.literals.extend(outer.literals.iter().cloned());
        arguments.words.extend(outer.words.iter().cloned());
        arguments.opaque |= outer.opaque;
    }
    Arc::new(arguments)
}
