//! Macros of the unit's own text: who defines them, who uses them, and what their bodies
//! bring in at each use.
//!
//! A macro is known by its name alone; several definitions of one name all count. What a
//! body says is walked at every site that uses the macro, with the strings and words of
//! the use as candidates for the macro's variables.

use super::files::Text;
use super::model::*;
use super::outline::{Part, What};
use super::policy;
use super::readers::may_be_path;
use super::scanner::{Foreign, Given, Scanner, Stretch, literal_value, reason, text_of};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// What a macro was given, as far as names of files can be made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Environment {
    pub literals: BTreeSet<String>,
    pub words: BTreeSet<String>,
    /// There may be strings that are not among the literals.
    pub opaque: bool,
}

impl Environment {
    /// Whether there is anything that a variable for a string could stand for.
    pub fn may_hold_strings(&self) -> bool {
        self.opaque || !self.literals.is_empty()
    }
}

struct Definition {
    text: Arc<Text>,
    node: u32,
    foreign: bool,
    /// The body depends on what the macro is given.
    variable: bool,
    /// The body contains a module or an include.
    brings: bool,
    /// The body contains an inline module, which may hold what the macro is given.
    wraps: bool,
    /// Macros that the body uses, and whether with the body's variables.
    calls: BTreeSet<(Box<str>, bool)>,
    /// The body, or that of a macro which it uses, brings something in.
    useful: bool,
    /// What the macro is given can reach a macro that is not defined here.
    forwards: bool,
}

/// A macro that other crates can use.
pub(super) struct Export {
    pub name: Box<str>,
    pub definition: Foreign,
    /// It brings something in, whatever other crates define.
    pub useful: bool,
    /// What it uses and its crate does not define.
    pub calls: Vec<Box<str>>,
}

/// A string or word in the arguments of a call.
struct Argument {
    text: Arc<Text>,
    call: u32,
    node: u32,
    site: usize,
}

/// All definitions and uses of a unit so far.
#[derive(Default)]
pub(super) struct Macros {
    definitions: Vec<Definition>,
    defined: HashSet<(String, u32)>,
    by_name: HashMap<Box<str>, Vec<usize>>,
    calls: HashMap<Box<str>, Vec<Stretch>>,
    /// New name to old names.
    aliases: HashMap<Box<str>, BTreeSet<Box<str>>>,
    /// Names whose definitions and uses have not been joined yet.
    dirty: BTreeSet<Box<str>>,
    /// How many uses of a name each definition has been joined with.
    joined: HashMap<(usize, Box<str>), usize>,
    walked: HashSet<(usize, usize, u64)>,
    /// What uses inside of macros' bodies gave each definition at each site so far, and how
    /// often it was walked with that.
    merged: HashMap<(usize, usize), (usize, Environment)>,
    /// Arguments at places of items that have not been walked.
    held: Vec<Stretch>,
    /// The same, which their macro drops for all that is known.
    dropped: HashMap<Box<str>, Vec<Stretch>>,
    arguments: Vec<Argument>,
    guessed: HashMap<usize, usize>,
    /// `useful` and `forwards` are up to date.
    uses_known: bool,
}

/// A limit on the work in macros' bodies: no program comes near it.
const MAX_STEPS: usize = 3_000_000;
/// A macro that uses itself sees a new mixture of arguments at every turn; after so many the
/// mixtures are joined, because there may be exponentially many.
const MAX_MIXTURES: usize = 16;
/// Arguments with more nodes than this are taken as opaque.
const MAX_ARGUMENTS: usize = 4096;

impl Macros {
    /// Notes a definition; `foreign`: it is another package's.
    pub fn define(&mut self, text: &Arc<Text>, at: u32, foreign: bool) {
        if !self.defined.insert((text.path.clone(), at)) {
            return;
        }
        let node = &text.outline.nodes[at as usize];
        let What::Define { name, .. } = node.what else {
            return;
        };
        let body = &text.outline.nodes[at as usize + 1..node.end as usize];
        let variable = body.iter().any(|node| match node.what {
            What::Module { name, .. } | What::InlineModule { name, .. } => name.start >= name.end,
            What::Include { pattern, .. } => text.outline.patterns[pattern as usize]
                .parts
                .iter()
                .any(|part| !matches!(part, Part::Text(_) | Part::Env(_))),
            What::Call { variables, .. } => variables,
            What::Define { .. } => true,
            _ => false,
        });
        let brings = body.iter().any(|node| match node.what {
            What::Module { .. } | What::Include { .. } => true,
            What::Literal => literal_value(text, node).is_some_and(|value| may_be_path(&value)),
            What::Attribute { name } | What::Call { name, .. } => {
                policy::is_reader(text_of(text, name))
            }
            _ => false,
        });
        let wraps = body
            .iter()
            .any(|node| matches!(node.what, What::InlineModule { .. }));
        let calls = body.iter().filter_map(|node| match node.what {
            What::Call {
                name, variables, ..
            } => Some((text_of(text, name).into(), variables)),
            _ => None,
        });
        let calls = calls.collect();
        self.uses_known = false;
        let name: Box<str> = text_of(text, name).into();
        self.by_name
            .entry(name.clone())
            .or_default()
            .push(self.definitions.len());
        self.definitions.push(Definition {
            text: text.clone(),
            node: at,
            foreign,
            variable,
            brings,
            wraps,
            calls,
            useful: false,
            forwards: false,
        });
        if let Some(dropped) = self.dropped.remove(&name) {
            self.held.extend(dropped);
        }
        for (new, old) in &self.aliases {
            if old.contains(&name) {
                self.dirty.insert(new.clone());
            }
        }
        self.dirty.insert(name);
    }

    /// Notes a use. `hold`: its arguments are walked later, if the macro passes them on.
    pub fn call(&mut self, name: &str, call: Stretch, hold: bool) {
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

    pub fn argument(&mut self, text: &Arc<Text>, call: u32, node: u32, site: usize) {
        self.arguments.push(Argument {
            text: text.clone(),
            call,
            node,
            site,
        });
    }

    pub fn alias(&mut self, from: &str, to: &str) {
        if from != to && to != "_" {
            let old = self.aliases.entry(to.into()).or_default();
            if old.insert(from.into()) {
                self.dirty.insert(to.into());
            }
        }
    }

    /// Finds out which definitions matter, after new ones have come.
    fn learn_uses(&mut self) {
        if std::mem::replace(&mut self.uses_known, true) {
            return;
        }
        let mut useful: HashSet<&str> = HashSet::new();
        let mut forwards: HashSet<&str> = HashSet::new();
        let names: Vec<(&Box<str>, usize)> = self
            .by_name
            .iter()
            .flat_map(|(name, all)| all.iter().map(move |index| (name, *index)))
            .collect();
        let known = |name: &str| self.by_name.contains_key(name) || self.aliases.contains_key(name);
        loop {
            let before = useful.len() + forwards.len();
            for (name, index) in &names {
                let definition = &self.definitions[*index];
                let aliased = |name: &str, set: &HashSet<&str>| {
                    set.contains(name)
                        || self
                            .aliases
                            .get(name)
                            .is_some_and(|old| old.iter().any(|old| set.contains(&**old)))
                };
                if definition.brings
                    || definition.wraps
                    || definition
                        .calls
                        .iter()
                        .any(|(called, _)| aliased(called, &useful))
                {
                    useful.insert(name);
                }
                if definition.calls.iter().any(|(called, variables)| {
                    *variables && (!known(called) || aliased(called, &forwards))
                }) {
                    forwards.insert(name);
                }
            }
            if useful.len() + forwards.len() == before {
                break;
            }
        }
        let verdicts: Vec<_> = names
            .iter()
            .map(|(name, index)| {
                (
                    *index,
                    useful.contains(&***name),
                    forwards.contains(&***name),
                )
            })
            .collect();
        for (index, useful, forwards) in verdicts {
            self.definitions[index].useful = useful;
            self.definitions[index].forwards = forwards;
        }
    }

    /// The definitions that bring something in, or may do so through another crate's macros.
    pub fn exports(&mut self) -> Vec<Export> {
        self.learn_uses();
        let mut exports = Vec::new();
        for definition in self
            .definitions
            .iter()
            .filter(|definition| !definition.foreign)
        {
            let called = definition.calls.iter().map(|(name, _)| name);
            let calls: Vec<_> = called
                .filter(|name| self.meanings(name).is_empty())
                .cloned()
                .collect();
            let node = &definition.text.outline.nodes[definition.node as usize];
            if let What::Define { name, .. } = node.what
                && (definition.useful || !calls.is_empty())
            {
                exports.push(Export {
                    name: text_of(&definition.text, name).into(),
                    definition: (definition.text.clone(), definition.node),
                    useful: definition.useful,
                    calls,
                });
            }
        }
        exports
    }

    /// The names that are used and have no definition.
    pub fn unknown(&self) -> BTreeSet<String> {
        let names = self
            .calls
            .keys()
            .filter(|name| self.meanings(name).is_empty());
        let mut unknown: BTreeSet<String> = names.map(|name| name.to_string()).collect();
        for definition in &self.definitions {
            let calls = definition.calls.iter().map(|(name, _)| name);
            unknown.extend(
                calls
                    .filter(|name| self.meanings(name).is_empty())
                    .map(|name| name.to_string()),
            );
        }
        // `use other::name as alias` makes a call of another package's macro look like that.
        for name in unknown.clone() {
            unknown.extend(
                self.aliases
                    .get(&*name)
                    .into_iter()
                    .flatten()
                    .map(|old| old.to_string()),
            );
        }
        unknown
    }

    /// The environment with which a body is walked for a use inside of another body; `None`
    /// if that brings nothing new.
    fn merge(
        &mut self,
        definition: usize,
        site: usize,
        new: Arc<Environment>,
    ) -> Option<Arc<Environment>> {
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
    fn meanings(&self, name: &str) -> Vec<usize> {
        let mut all: Vec<usize> = self
            .by_name
            .get(name)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for old in self.aliases.get(name).into_iter().flatten() {
            all.extend(self.by_name.get(old).into_iter().flatten());
        }
        all
    }
}

impl Scanner<'_> {
    /// Lets the arguments in that stand where items do; true if there were any.
    pub fn release_held(&mut self) -> bool {
        let held = std::mem::take(&mut self.macros.held);
        let mut any = false;
        for stretch in held {
            let node = &stretch.text.outline.nodes[stretch.nodes.start as usize];
            let What::Call { name, .. } = node.what else {
                continue;
            };
            let name = text_of(&stretch.text, name);
            if self.is_dropped(name) {
                let dropped = self.macros.dropped.entry(name.into()).or_default();
                dropped.push(stretch);
                continue;
            }
            any = true;
            let call = stretch.nodes.start;
            self.later(Stretch {
                nodes: call + 1..stretch.nodes.end,
                arguments_of: Some(call),
                ..stretch
            });
        }
        any
    }

    /// Whether every definition of a macro drops its arguments under this unit's cfg.
    fn is_dropped(&self, name: &str) -> bool {
        let meanings = self.macros.meanings(name);
        !meanings.is_empty()
            && meanings.iter().all(|index| {
                let definition = &self.macros.definitions[*index];
                let node = &definition.text.outline.nodes[definition.node as usize];
                match node.what {
                    What::Define {
                        passes: Some(passes),
                        ..
                    } => !self.may_hold(&definition.text, passes),
                    _ => false,
                }
            })
    }

    /// Walks the bodies of macros at their uses; true if there was anything new.
    pub fn expand_macros(&mut self) -> Result<bool> {
        self.macros.learn_uses();
        let dirty = std::mem::take(&mut self.macros.dirty);
        let mut any = false;
        for name in dirty {
            for definition in self.macros.meanings(&name) {
                if !self.macros.definitions[definition].useful {
                    continue;
                }
                let count = self.macros.calls.get(&name).map_or(0, Vec::len);
                let joined = self
                    .macros
                    .joined
                    .entry((definition, name.clone()))
                    .or_default();
                let first = std::mem::replace(joined, count);
                for index in first..count {
                    let call = self.macros.calls[&name][index].clone();
                    any |= self.expand(definition, &call)?;
                }
            }
        }
        Ok(any)
    }

    fn expand(&mut self, index: usize, call: &Stretch) -> Result<bool> {
        let definition = &self.macros.definitions[index];
        let mut environment = if definition.variable {
            environment_of(call)
        } else {
            Arc::default()
        };
        if call.environment.is_some() {
            match self.macros.merge(index, call.site, environment) {
                Some(merged) => environment = merged,
                None => return Ok(false),
            }
        }
        let definition = &self.macros.definitions[index];
        let mut hasher = DefaultHasher::new();
        environment.hash(&mut hasher);
        if definition.wraps {
            (&call.text.path, call.nodes.start).hash(&mut hasher);
        }
        let key = (index, call.site, hasher.finish());
        if self.macros.walked.contains(&key) {
            return Ok(false);
        }
        let node = &definition.text.outline.nodes[definition.node as usize];
        self.steps += (node.end - definition.node) as usize
            + environment.literals.len()
            + environment.words.len();
        if self.steps > MAX_STEPS {
            self.out.fallbacks.insert(Fallback {
                to: Width::Package,
                what: "macros that use each other too often to be followed".to_owned(),
                at: None,
            });
            return Ok(false);
        }
        let body = Stretch {
            text: definition.text.clone(),
            nodes: definition.node + 1..node.end,
            site: call.site,
            environment: Some(environment),
            arguments_of: None,
            given: if definition.wraps {
                given_by(call)
            } else {
                Vec::new()
            },
        };
        self.macros.walked.insert(key);
        self.walk(&body, false)?;
        Ok(true)
    }

    /// Looks at the arguments of macros that nobody here defines.
    pub fn unknown_macros(&mut self) -> Result<bool> {
        let arguments = std::mem::take(&mut self.macros.arguments);
        let mut defined: HashMap<(String, u32), Option<bool>> = HashMap::new();
        let mut tried = HashSet::new();
        for argument in arguments {
            let text = &argument.text;
            let key = (text.path.clone(), argument.call);
            let items = *defined.entry(key).or_insert_with(|| {
                match text.outline.nodes[argument.call as usize].what {
                    What::Call { name, items, .. }
                        if self.macros.meanings(text_of(text, name)).is_empty() =>
                    {
                        Some(items)
                    }
                    _ => None,
                }
            });
            let Some(items) = items else { continue };
            let node = &text.outline.nodes[argument.node as usize];
            match node.what {
                What::Word if items => {
                    let word = text_of(text, node.span);
                    let word = word.strip_prefix("r#").unwrap_or(word);
                    if tried.insert((argument.site, word.to_owned())) {
                        let site = self.sites[argument.site].clone();
                        self.module_file(&site, word, reason(Why::MacroArgument, text, node))?;
                    }
                }
                What::Literal => self.literal(text, node, argument.site)?,
                _ => {}
            }
        }
        Ok(false)
    }

    /// Macros that are defined and never used by name may be used in ways that are not
    /// seen: their bodies count wherever what they name exists.
    pub fn unused_macros(&mut self) -> Result<bool> {
        let mut used = HashSet::new();
        for name in self.macros.calls.keys() {
            used.extend(self.macros.meanings(name));
        }
        for index in 0..self.macros.definitions.len() {
            let definition = &self.macros.definitions[index];
            if used.contains(&index) || !definition.useful || definition.foreign {
                continue;
            }
            let text = definition.text.clone();
            let nodes = definition.node + 1..text.outline.nodes[definition.node as usize].end;
            let first = self
                .macros
                .guessed
                .insert(index, self.sites.len())
                .unwrap_or(0);
            for site in first..self.sites.len() {
                self.steps += nodes.len();
                if self.steps > MAX_STEPS {
                    return Ok(false);
                }
                let body = Stretch {
                    text: text.clone(),
                    nodes: nodes.clone(),
                    site,
                    environment: Some(Arc::default()),
                    arguments_of: None,
                    given: Vec::new(),
                };
                self.walk(&body, true)?;
            }
        }
        Ok(false)
    }
}

/// The uses whose arguments a body contains that is used like this.
fn given_by(call: &Stretch) -> Vec<Given> {
    let mut given = vec![Given {
        text: call.text.clone(),
        call: call.nodes.start,
        environment: call.environment.clone(),
    }];
    let node = &call.text.outline.nodes[call.nodes.start as usize];
    if matches!(
        node.what,
        What::Call {
            variables: true,
            ..
        }
    ) {
        // A macro that uses itself would give the same again and again.
        given.extend(call.given.iter().take(8).cloned());
    }
    given
}

/// The candidates for the variables of a macro that is used like this.
fn environment_of(call: &Stretch) -> Arc<Environment> {
    let nodes = &call.text.outline.nodes[call.nodes.start as usize..call.nodes.end as usize];
    let mut environment = Environment::default();
    for node in nodes.iter().take(MAX_ARGUMENTS) {
        match node.what {
            What::Literal => environment.literals.extend(literal_value(&call.text, node)),
            What::Word => {
                let word = text_of(&call.text, node.span);
                environment
                    .words
                    .insert(word.trim_start_matches("r#").to_owned());
            }
            _ => {}
        }
    }
    let (variables, makes) = match nodes.first().map(|node| node.what) {
        Some(What::Call {
            variables, makes, ..
        }) => (variables, makes),
        _ => (false, false),
    };
    environment.opaque = makes || nodes.len() > MAX_ARGUMENTS;
    if let (true, Some(outer)) = (variables, &call.environment) {
        environment.literals.extend(outer.literals.iter().cloned());
        environment.words.extend(outer.words.iter().cloned());
        environment.opaque |= outer.opaque;
    }
    Arc::new(environment)
}
