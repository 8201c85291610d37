//! `mod` items: where rustc looks for the file of one.

use super::fragment::{Fragment, MacroArguments, MacroUse, Site, SiteId};
use super::walker::{Walker, reason};
use crate::depinfo::error::Result;
use crate::depinfo::lists::{Reason, Why, Width};
use crate::depinfo::source_file::SourceFile;
use crate::depinfo::source_tree::{Resolved, join};
use crate::depinfo::syntax::outline::{Node, PathValue};
use crate::depinfo::syntax::predicate::Truth;
use crate::depinfo::syntax::token_tree::Span;
use std::sync::Arc;

/// A `mod` item, with or without a body.
#[derive(Clone, Copy)]
pub struct ModuleItem {
    pub name: Span,
    /// Its `path` attributes.
    pub paths: (u32, u32),
}

impl Walker<'_> {
    /// Follows a `mod name;` of a fragment.
    pub fn module(
        &mut self,
        fragment: &Fragment,
        node: &Node,
        site: SiteId,
        item: ModuleItem,
    ) -> Result<()> {
        let (file, arguments) = (&fragment.file, fragment.arguments.as_ref());
        let site = self.site(site).clone();
        let in_body = arguments.is_some();
        let Some(dir) = site.dir.clone() else {
            return Ok(());
        };
        for (value, truth) in self.paths(file, item.paths) {
            let found = match &value {
                PathValue::Text(path) => {
                    let found = self.context.tree.find_file(&dir, path)?;
                    found.into_iter().collect()
                }
                _ => self.path_candidates(&dir, arguments)?,
            };
            for found in &found {
                let reason = reason(Why::ModulePath, file, node);
                self.enter_module(found, None, reason)?;
            }
            if found.is_empty()
                && value == PathValue::Variable
                && arguments.is_none_or(|arguments| arguments.may_hold_strings())
            {
                self.widen(Width::Package, file, node, true)?;
            } else if found.is_empty() && truth == Truth::True && !in_body {
                self.absent(file, node);
            }
            if truth == Truth::True {
                return Ok(());
            }
        }
        let why = if in_body { Why::MacroBody } else { Why::Module };
        let reason = reason(why, file, node);
        if !item.name.is_variable() {
            let found = self.module_file(&site, item.name.of(&file.text), reason)?;
            if !found && !in_body && item.paths.0 == item.paths.1 {
                self.absent(file, node);
            }
        } else if let Some(arguments) = arguments {
            for name in &arguments.words {
                self.module_file(&site, name, reason.clone())?;
            }
        }
        Ok(())
    }

    /// The `path` attributes that may hold, up to the first that certainly does.
    fn paths(&mut self, file: &SourceFile, paths: (u32, u32)) -> Vec<(PathValue, Truth)> {
        let truths = self.truths(file);
        let mut possible = Vec::new();
        for path in &file.outline.paths[paths.0 as usize..paths.1 as usize] {
            let truth = path
                .condition
                .map_or(Truth::True, |condition| truths[condition.index()]);
            if truth != Truth::False {
                possible.push((path.value.clone(), truth));
            }
            if truth == Truth::True {
                break;
            }
        }
        possible
    }

    /// The files that a `#[path = $path]` can mean.
    fn path_candidates(
        &self,
        dir: &str,
        arguments: Option<&Arc<MacroArguments>>,
    ) -> Result<Vec<Resolved>> {
        let mut all = Vec::new();
        for path in arguments.iter().flat_map(|arguments| &arguments.literals) {
            all.extend(self.context.tree.find_file(dir, path)?);
        }
        Ok(all)
    }

    /// Lists `name.rs` or `name/mod.rs` as rustc would find it; false if there is neither.
    pub fn module_file(&mut self, site: &Site, name: &str, reason: Reason) -> Result<bool> {
        let Some(dir) = &site.dir else {
            return Ok(false);
        };
        let prefix = below_site(site, name);
        let tree = self.context.tree;
        let beside = tree.find_file(dir, &format!("{prefix}.rs"))?;
        let inside = tree.find_file(dir, &format!("{prefix}/mod.rs"))?;
        let any = beside.is_some() || inside.is_some();
        if let Some(found) = beside {
            self.enter_module(&found, Some(name.into()), reason.clone())?;
        }
        if let Some(found) = inside {
            self.enter_module(&found, None, reason)?;
        }
        Ok(any)
    }

    fn enter_module(
        &mut self,
        found: &Resolved,
        relative: Option<Arc<str>>,
        reason: Reason,
    ) -> Result<()> {
        self.list(found, reason);
        let site = Site {
            relative,
            ..Site::beside(&found.parent)
        };
        self.enter(found, site)
    }

    /// The sites that the inside of a `mod name { … }` may have: one, unless a macro's
    /// variable stands for the name. What a macro may have put into it is queued there.
    pub fn inline_module(
        &mut self,
        fragment: &Fragment,
        site: SiteId,
        item: ModuleItem,
    ) -> Result<Vec<SiteId>> {
        let outer = self.site(site).clone();
        let mut sites = Vec::new();
        for path in self.inline_paths(fragment, item, &outer) {
            let found = match &outer.dir {
                Some(dir) => self.context.tree.find(dir, &path)?,
                None => None,
            };
            if let Some(found) = found.filter(|found| found.directory) {
                let site = self.site_id(Site {
                    dir: Some(found.path),
                    relative: None,
                    file_dir: outer.file_dir.clone(),
                });
                if !fragment.is_guess {
                    self.place_arguments(&fragment.uses, site);
                }
                sites.push(site);
            }
        }
        if sites.is_empty() {
            sites.push(self.site_id(Site {
                dir: None,
                relative: None,
                file_dir: outer.file_dir,
            }));
        }
        Ok(sites)
    }

    /// The directories that an inline module may stand for, relative to the one around it.
    fn inline_paths(&mut self, fragment: &Fragment, item: ModuleItem, outer: &Site) -> Vec<String> {
        let literals = || {
            let arguments = fragment.arguments.iter();
            arguments.flat_map(|arguments| arguments.literals.iter().cloned())
        };
        let mut all = Vec::new();
        if let Some((value, _)) = self.paths(&fragment.file, item.paths).into_iter().next() {
            match value {
                PathValue::Text(path) => return vec![path],
                PathValue::Variable => return literals().collect(),
                PathValue::Perhaps => all.extend(literals()),
            }
        }
        if !item.name.is_variable() {
            all.push(below_site(outer, item.name.of(&fragment.file.text)));
        } else {
            let words = fragment.arguments.iter().flat_map(|given| &given.words);
            all.extend(words.map(|word| below_site(outer, word)));
        }
        all
    }

    /// A macro's body may put what it is given into an inline module.
    fn place_arguments(&mut self, uses: &[MacroUse], site: SiteId) {
        for given in uses {
            let key = (given.file.path.clone(), given.call, site);
            if self.placed.insert(key) {
                let end = given.file.node(given.call).end;
                let nodes = given.call + 1..end;
                self.queue.push_back(Fragment {
                    arguments: given.arguments.clone(),
                    arguments_of: Some(given.call),
                    ..Fragment::new(given.file.clone(), nodes, site)
                });
            }
        }
    }
}

/// A module's path relative to the directory of the site around it.
fn below_site(site: &Site, name: &str) -> String {
    match &site.relative {
        Some(relative) => join(relative, name),
        None => name.to_owned(),
    }
}
