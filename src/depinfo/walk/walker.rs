//! The state of a walk, and what every part of it does: listing files, queueing code,
//! widening the list.

use super::fragment::{Fragment, Site, SiteId};
use super::macros::{Export, Macros, OtherMacros};
use crate::depinfo::cfg::Cfg;
use crate::depinfo::error::Result;
use crate::depinfo::known_crates::Reader;
use crate::depinfo::lists::{Absent, EntryKind, Fallback, Listed, Place, Reason, Why, Width};
use crate::depinfo::request::Package;
use crate::depinfo::source_file::SourceFile;
use crate::depinfo::source_tree::{Resolved, SourceTree, nothing};
use crate::depinfo::syntax::outline::Node;
use crate::depinfo::syntax::predicate::Truth;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// The starting point of a walk through one crate.
pub struct CrateContext<'a> {
    pub tree: &'a SourceTree,
    pub package: &'a Package,
    /// The package's directory without symbolic links on the way.
    pub package_dir: &'a str,
    pub cfg: &'a Cfg,
    /// The macros and attributes within reach that are known to read files.
    pub readers: Vec<&'static Reader>,
    /// The directories of all packages of the request.
    pub packages: &'a HashSet<String>,
    /// The directory of the workspace's root manifest.
    pub workspace: &'a str,
    /// The variables that cargo sets for the package, as far as they are known before the build.
    pub cargo_variables: &'a BTreeMap<String, Variable>,
    /// The variables that `[env]` of the configuration sets.
    pub configured_variables: &'a BTreeMap<String, Variable>,
    /// Macros of other packages that the crate uses.
    pub other_macros: &'a OtherMacros,
}

/// The value of an environment variable that is known before the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The directory of the source tree that the value begins with, if it is a path there.
    pub dir: Option<String>,
    /// The value, or what of it follows the directory.
    pub text: String,
}

impl CrateContext<'_> {
    /// The value of a variable for `env!`, as far as it is known.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        let cargo = self.cargo_variables.get(name);
        cargo.or_else(|| self.configured_variables.get(name))
    }

    /// Whether a directory is that of another package.
    pub fn is_other_package(&self, dir: &str) -> bool {
        dir != self.package_dir && self.packages.contains(dir)
    }

    /// Everything that a fallback adds to the list.
    pub fn added_by(&self, width: &Width) -> Result<BTreeMap<String, EntryKind>> {
        match width {
            Width::Package => {
                let other = |dir: &str| self.is_other_package(dir);
                self.tree.below(self.package_dir, other)
            }
            Width::Workspace => self.tree.below(self.workspace, nothing),
            Width::Directory { dir, suffix } => {
                let mut all = self.tree.below(dir, nothing)?;
                all.retain(|path, kind| *kind != EntryKind::File || path.ends_with(suffix));
                Ok(all)
            }
        }
    }
}

/// The findings of a walk.
#[derive(Default)]
pub struct CrateFiles {
    pub files: BTreeMap<String, Listed>,
    pub fallbacks: BTreeSet<Fallback>,
    pub absent: BTreeSet<Absent>,
    /// Where code is included that the build script writes.
    pub generated: Option<Place>,
    /// The files that were walked as code.
    pub code: Vec<Arc<SourceFile>>,
    /// The crate's own macros that may bring files in.
    pub exports: Vec<Export>,
    /// New names that the crate gives to others: new name, old name.
    pub aliases: BTreeSet<(String, String)>,
    /// Macros that are used and not defined here, with the place of one use.
    pub unknown: BTreeMap<String, Option<Place>>,
}

pub struct Walker<'a> {
    pub context: &'a CrateContext<'a>,
    pub out: CrateFiles,
    pub sites: Vec<Site>,
    site_ids: HashMap<Site, SiteId>,
    pub queue: VecDeque<Fragment>,
    visited: HashSet<(Arc<str>, SiteId)>,
    /// Arguments that were walked at a site inside their macro's body.
    pub placed: HashSet<(Arc<str>, u32, SiteId)>,
    pub macros: Macros,
    /// Nodes walked in macros' bodies.
    pub steps: usize,
    truths: HashMap<Arc<str>, Rc<[Truth]>>,
}

impl<'a> Walker<'a> {
    pub fn new(context: &'a CrateContext<'a>) -> Self {
        Self {
            context,
            out: CrateFiles::default(),
            sites: Vec::new(),
            site_ids: HashMap::new(),
            queue: VecDeque::new(),
            visited: HashSet::new(),
            placed: HashSet::new(),
            macros: Macros::default(),
            steps: 0,
            truths: HashMap::new(),
        }
    }

    pub fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.0]
    }

    pub fn site_id(&mut self, site: Site) -> SiteId {
        if let Some(id) = self.site_ids.get(&site) {
            return *id;
        }
        let id = SiteId(self.sites.len());
        self.sites.push(site.clone());
        self.site_ids.insert(site, id);
        id
    }

    /// The truth of each predicate of a file under the crate's cfg.
    pub fn truths(&mut self, file: &SourceFile) -> Rc<[Truth]> {
        if let Some(truths) = self.truths.get(&file.path) {
            return truths.clone();
        }
        let truths = self
            .context
            .cfg
            .decide(&file.outline.predicates, &file.text);
        let truths: Rc<[Truth]> = truths.into();
        self.truths.insert(file.path.clone(), truths.clone());
        truths
    }

    /// Puts a file and what is on the way to it into the list.
    pub fn list(&mut self, found: &Resolved, reason: Reason) {
        list(&mut self.out.files, found, reason);
    }

    /// Queues a file's code, once per site.
    pub fn enter(&mut self, found: &Resolved, site: Site) -> Result<()> {
        let site = self.site_id(site);
        if !self.visited.insert((found.path.clone(), site)) {
            return Ok(());
        }
        let file = self.context.tree.source(&found.path)?;
        self.out.code.push(file.clone());
        let nodes = 0..file.outline.nodes.len() as u32;
        self.queue.push_back(Fragment::new(file, nodes, site));
        Ok(())
    }

    /// Queues a file's code as `include!` does: its modules lie beside it.
    pub fn enter_included(&mut self, found: &Resolved) -> Result<()> {
        self.enter(found, Site::beside(&found.parent))
    }

    /// Notes a fallback. If `code`, what it adds may be code, and is walked too.
    pub fn widen(&mut self, to: Width, file: &SourceFile, node: &Node, code: bool) -> Result<()> {
        let fallback = Fallback {
            to,
            what: file.snippet(node),
            known_from: None,
            at: Some(file.place(node)),
        };
        if self.out.fallbacks.contains(&fallback) {
            return Ok(());
        }
        let added = if code {
            self.context.added_by(&fallback.to)?
        } else {
            BTreeMap::new()
        };
        self.out.fallbacks.insert(fallback);
        for (path, kind) in added {
            if kind == EntryKind::File
                && path.ends_with(".rs")
                && let Some(found) = self.context.tree.find_file("", &path)?
            {
                self.enter_included(&found)?;
            }
        }
        Ok(())
    }

    pub fn absent(&mut self, file: &SourceFile, node: &Node) {
        self.out.absent.insert(Absent {
            what: file.snippet(node),
            at: file.place(node),
        });
    }
}

/// Puts a file and what is on the way to it into a list.
pub fn list(files: &mut BTreeMap<String, Listed>, found: &Resolved, reason: Reason) {
    list_way(files, &found.on_the_way, &reason);
    files.entry(found.path.to_string()).or_insert(Listed {
        kind: EntryKind::File,
        reason,
    });
}

/// Puts links and directories that lead to a file into a list.
pub fn list_way(
    files: &mut BTreeMap<String, Listed>,
    on_the_way: &[(String, EntryKind)],
    reason: &Reason,
) {
    for (path, kind) in on_the_way {
        files.entry(path.clone()).or_insert_with(|| Listed {
            kind: kind.clone(),
            reason: Reason {
                why: Why::OnTheWay,
                ..reason.clone()
            },
        });
    }
}

pub fn reason(why: Why, file: &SourceFile, node: &Node) -> Reason {
    Reason {
        why,
        at: Some(file.place(node)),
        what: file.snippet(node),
    }
}
