//! Follows one unit from its crate root through everything that it can read.
//!
//! Files come first, macros later: when no file is left to walk, the arguments that were
//! held back are let in, then the bodies of macros are walked at each place that uses them,
//! until nothing new turns up.

use super::cfg::{Cfg, Truth};
use super::files::{Files, Found, Text, join};
use super::macros::{Environment, Export, Macros};
use super::model::*;
use super::outline::{Node, Span, What};
use super::policy::Reader;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// What a unit's walk needs to know.
pub(super) struct Input<'a> {
    pub files: &'a Files,
    pub package: &'a Package,
    pub cfg: &'a Cfg,
    pub readers: Vec<&'static Reader>,
    /// The directories of all packages of the request.
    pub packages: &'a HashSet<&'a str>,
    /// The directory of the workspace's root manifest.
    pub workspace: &'a str,
    /// Macros of other packages that the unit uses.
    pub foreign: &'a [Foreign],
}

impl Input<'_> {
    /// Everything that a fallback adds to the list.
    pub fn added_by(&self, width: &Width) -> Result<Vec<(String, EntryKind)>> {
        let none = HashSet::new();
        match width {
            Width::Package => {
                let mut others = self.packages.clone();
                others.remove(&*self.package.dir);
                self.files.below(&self.package.dir, &others)
            }
            Width::Workspace => self.files.below(self.workspace, &none),
            Width::Directory { dir, suffix } => {
                let mut all = self.files.below(dir, &none)?;
                all.retain(|(path, kind)| *kind != EntryKind::File || path.ends_with(suffix));
                Ok(all)
            }
        }
    }
}

/// The definition of a macro: its file and node.
pub(super) type Foreign = (Arc<Text>, u32);

/// What a walk has found.
#[derive(Default)]
pub(super) struct Output {
    pub files: BTreeMap<String, Listed>,
    pub fallbacks: BTreeSet<Fallback>,
    pub absent: BTreeSet<Absent>,
    /// Where code is included that the build script writes.
    pub generated: Option<Place>,
    /// The files that were walked as code.
    pub code: Vec<Arc<Text>>,
    /// The crate's own macros that may bring files in.
    pub exports: Vec<Export>,
    /// Macros that are used and not defined here.
    pub unknown: BTreeSet<String>,
}

/// Where a piece of code stands, as far as the names in it depend on that. Follows
/// `rustc_expand::module`: modules are looked for in `dir`, or in `dir/relative` unless
/// they have a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Site {
    /// `None`: a directory that does not exist.
    pub dir: Option<Arc<str>>,
    pub relative: Option<Arc<str>>,
    /// The directory of the file; includes are relative to it.
    pub file_dir: Arc<str>,
}

/// A stretch of an outline at a site.
#[derive(Clone)]
pub(super) struct Stretch {
    pub text: Arc<Text>,
    pub nodes: Range<u32>,
    pub site: usize,
    /// In a macro's body: what the macro was given.
    pub environment: Option<Arc<Environment>>,
    /// The nodes are the arguments of this call.
    pub arguments_of: Option<u32>,
    /// In a macro's body: the uses whose arguments the body may contain.
    pub given: Vec<Given>,
}

/// The use of a macro.
#[derive(Clone)]
pub(super) struct Given {
    pub text: Arc<Text>,
    pub call: u32,
    pub environment: Option<Arc<Environment>>,
}

pub(super) struct Scanner<'a> {
    pub input: &'a Input<'a>,
    pub out: Output,
    pub sites: Vec<Site>,
    site_ids: HashMap<Site, usize>,
    queue: VecDeque<Stretch>,
    visited: HashSet<(Arc<str>, usize)>,
    /// Arguments that were walked at a site inside their macro's body.
    pub given: HashSet<(String, u32, usize)>,
    pub macros: Macros,
    /// Nodes walked in macros' bodies.
    pub steps: usize,
}

/// Walks a unit's crate root, which must exist.
pub(super) fn walk_crate(input: &Input, root: &Found) -> Result<Output> {
    let mut scanner = Scanner {
        input,
        out: Output::default(),
        sites: Vec::new(),
        site_ids: HashMap::new(),
        queue: VecDeque::new(),
        visited: HashSet::new(),
        given: HashSet::new(),
        macros: Macros::default(),
        steps: 0,
    };
    let site = Site {
        dir: Some(root.parent.clone()),
        relative: None,
        file_dir: root.parent.clone(),
    };
    let reason = Reason {
        why: Why::CrateRoot,
        at: None,
        what: "crate root".to_owned(),
    };
    list(&mut scanner.out.files, root, reason);
    for (text, node) in input.foreign {
        scanner.macros.define(text, *node, true);
    }
    scanner.enter(root, site)?;
    scanner.run()?;
    scanner.out.unknown = scanner.macros.unknown();
    scanner.out.exports = scanner.macros.exports();
    Ok(scanner.out)
}

/// Puts a file and the links on the way to it into a list.
pub(super) fn list(files: &mut BTreeMap<String, Listed>, found: &Found, reason: Reason) {
    for (path, target) in &found.links {
        files.entry(path.clone()).or_insert_with(|| Listed {
            kind: EntryKind::Symlink(target.clone()),
            reason: Reason {
                why: Why::SymlinkOnTheWay,
                ..reason.clone()
            },
        });
    }
    files.entry(found.real.to_string()).or_insert(Listed {
        kind: EntryKind::File,
        reason,
    });
}

/// The text of a span.
pub(super) fn text_of(text: &Text, span: Span) -> &str {
    let bytes = text.bytes.get(span.start as usize..span.end as usize);
    std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

/// The place of a node.
pub(super) fn place_of(text: &Text, node: &Node) -> Place {
    Place {
        file: text.path.clone(),
        line: node.line,
    }
}

/// A node's text, short and on one line.
pub(super) fn snippet(text: &Text, node: &Node) -> String {
    const LONGEST: usize = 90;
    let bytes = text
        .bytes
        .get(node.span.start as usize..node.span.end as usize);
    let whole = String::from_utf8_lossy(
        &bytes.unwrap_or_default()[..bytes.map_or(0, |b| b.len().min(400))],
    )
    .into_owned();
    let mut line = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<()> {
        loop {
            while let Some(stretch) = self.queue.pop_front() {
                self.walk(&stretch, false)?;
            }
            let more = self.release_held()
                || self.expand_macros()?
                || self.unknown_macros()?
                || self.unused_macros()?;
            if !more && self.queue.is_empty() {
                return Ok(());
            }
        }
    }

    pub fn later(&mut self, stretch: Stretch) {
        self.queue.push_back(stretch);
    }

    pub fn site_id(&mut self, site: Site) -> usize {
        if let Some(id) = self.site_ids.get(&site) {
            return *id;
        }
        let id = self.sites.len();
        self.sites.push(site.clone());
        self.site_ids.insert(site, id);
        id
    }

    /// Queues a file's code, once per site.
    pub fn enter(&mut self, found: &Found, site: Site) -> Result<()> {
        let site = self.site_id(site);
        if !self.visited.insert((found.real.clone(), site)) {
            return Ok(());
        }
        let text = self.input.files.text(&found.real)?;
        self.out.code.push(text.clone());
        self.later(Stretch {
            nodes: 0..text.outline.nodes.len() as u32,
            text,
            site,
            environment: None,
            arguments_of: None,
            given: Vec::new(),
        });
        Ok(())
    }

    pub fn find_file(&self, from: &str, path: &str) -> Result<Option<Found>> {
        let found = self.input.files.find(from, path)?;
        Ok(found.filter(|found| !found.directory))
    }

    fn holds(&self, text: &Text, predicate: u32) -> Truth {
        self.input
            .cfg
            .eval(&text.outline.predicates[predicate as usize])
    }

    /// Whether any of the predicates may hold.
    pub fn may_hold(&self, text: &Text, predicates: (u32, u32)) -> bool {
        (predicates.0..predicates.1).any(|index| self.holds(text, index) != Truth::False)
    }

    /// Walks nodes. `guess`: nothing says that this code is used at this site; only what
    /// is there without doubt counts.
    pub fn walk(&mut self, stretch: &Stretch, guess: bool) -> Result<()> {
        let text = &stretch.text;
        let environment = stretch.environment.as_ref();
        let mut here = Here::new(stretch, guess);
        let mut at = stretch.nodes.start;
        while at < stretch.nodes.end {
            here.leave(at);
            let node = &text.outline.nodes[at as usize];
            let mut next = at + 1;
            match node.what {
                What::Scope(predicate) => {
                    if self.holds(text, predicate) == Truth::False {
                        next = node.end;
                    }
                }
                What::Module { name, paths } => {
                    self.module(text, node, name, paths, here.site, environment)?;
                }
                What::InlineModule { name, paths } => {
                    here.inline.push((node.end, here.site));
                    let outer = here.site;
                    here.site = self.inline_module(text, name, paths, outer)?;
                    if !guess {
                        self.give_arguments(stretch, name, outer, here.site)?;
                    }
                }
                What::Include { code, pattern } => {
                    self.include(text, node, code, pattern, &here, environment)?;
                }
                What::Define { name, .. } if name.start < name.end => {
                    if !guess {
                        self.macros.define(text, at, false);
                    }
                    next = node.end;
                }
                What::Define { .. } => {}
                What::Call { items, .. } => {
                    here.calls.push((node.end, at));
                    self.macro_use(stretch, at, &mut here)?;
                    if items && !guess {
                        next = node.end;
                    }
                }
                What::Attribute { name } => {
                    here.attribute_until = node.end;
                    if !guess {
                        self.known_reader(text, node, text_of(text, name), at)?;
                    }
                }
                What::Literal if at < here.attribute_until && !guess => {
                    self.literal(text, node, here.site)?;
                }
                What::Literal | What::Word => {
                    if let (Some((_, call)), false) = (here.calls.last(), guess) {
                        self.macros.argument(text, *call, at, here.site);
                    }
                }
                What::Alias { from, to } => {
                    self.macros.alias(text_of(text, from), text_of(text, to));
                }
            }
            at = next;
        }
        Ok(())
    }

    /// Notes the use of a macro. Where items can stand, its arguments are walked later.
    fn macro_use(&mut self, stretch: &Stretch, at: u32, here: &mut Here) -> Result<()> {
        let text = &stretch.text;
        let node = &text.outline.nodes[at as usize];
        let What::Call { name, items, .. } = node.what else {
            return Ok(());
        };
        let name = text_of(text, name);
        if is_template(name) {
            here.template_until = here.template_until.max(node.end);
        }
        if here.guess {
            return Ok(());
        }
        self.known_reader(text, node, name, at)?;
        let call = Stretch {
            text: text.clone(),
            nodes: at..node.end,
            site: here.site,
            environment: stretch.environment.clone(),
            arguments_of: None,
            given: stretch.given.clone(),
        };
        self.macros.call(name, call, items);
        Ok(())
    }

    /// Notes a fallback. If `code`, what it adds may be code, and is walked too.
    pub fn widen(&mut self, to: Width, text: &Text, node: &Node, code: bool) -> Result<()> {
        let fallback = Fallback {
            to,
            what: snippet(text, node),
            at: Some(place_of(text, node)),
        };
        if self.out.fallbacks.contains(&fallback) {
            return Ok(());
        }
        let added = if code {
            self.input.added_by(&fallback.to)?
        } else {
            Vec::new()
        };
        self.out.fallbacks.insert(fallback);
        for (path, kind) in added {
            if kind == EntryKind::File
                && path.ends_with(".rs")
                && let Some(found) = self.find_file("", &path)?
            {
                self.enter_included(&found)?;
            }
        }
        Ok(())
    }

    /// Walks a file as `include!` does: its modules lie beside it.
    pub fn enter_included(&mut self, found: &Found) -> Result<()> {
        let site = Site {
            dir: Some(found.parent.clone()),
            relative: None,
            file_dir: found.parent.clone(),
        };
        self.enter(found, site)
    }

    pub fn absent(&mut self, text: &Text, node: &Node) {
        self.out.absent.insert(Absent {
            what: snippet(text, node),
            at: place_of(text, node),
        });
    }
}

/// Where a walk stands.
pub(super) struct Here {
    pub site: usize,
    /// Ends of open inline modules, with the site around each.
    inline: Vec<(u32, usize)>,
    /// Ends of open calls, with their nodes.
    calls: Vec<(u32, u32)>,
    template_until: u32,
    attribute_until: u32,
    pub guess: bool,
}

impl Here {
    fn new(stretch: &Stretch, guess: bool) -> Self {
        let mut here = Self {
            site: stretch.site,
            inline: Vec::new(),
            calls: Vec::new(),
            template_until: 0,
            attribute_until: 0,
            guess,
        };
        if let Some(call) = stretch.arguments_of {
            here.calls.push((stretch.nodes.end, call));
            if let What::Call { name, .. } = stretch.text.outline.nodes[call as usize].what
                && is_template(text_of(&stretch.text, name))
            {
                here.template_until = stretch.nodes.end;
            }
        }
        here
    }

    fn leave(&mut self, at: u32) {
        while let Some((_, site)) = self.inline.pop_if(|inline| inline.0 <= at) {
            self.site = site;
        }
        while self.calls.pop_if(|call| call.0 <= at).is_some() {}
        if self.template_until <= at {
            self.template_until = 0;
        }
    }

    /// Inside of `quote!`: the code is written for another crate.
    pub fn in_template(&self) -> bool {
        self.template_until > 0
    }
}

fn is_template(name: &str) -> bool {
    matches!(
        name,
        "quote" | "quote_spanned" | "parse_quote" | "parse_quote_spanned"
    )
}

pub(super) fn reason(why: Why, text: &Text, node: &Node) -> Reason {
    Reason {
        why,
        at: Some(place_of(text, node)),
        what: snippet(text, node),
    }
}

pub(super) fn literal_value(text: &Text, node: &Node) -> Option<String> {
    match node.what {
        What::Literal => {
            let range = node.span.start as usize..node.span.end as usize;
            super::cfg::unquote(text.bytes.get(range)?)
        }
        _ => None,
    }
}

pub(super) fn join_dirs(dir: &str, below: &str) -> String {
    if below.is_empty() {
        dir.to_owned()
    } else {
        join(dir, below)
    }
}
