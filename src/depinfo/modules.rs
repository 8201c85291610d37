//! `mod` items: where rustc looks for the file of one.

use super::cfg::Truth;
use super::files::{Found, Text, join};
use super::macros::Environment;
use super::model::*;
use super::outline::{Node, Span};
use super::scanner::{Scanner, Site, Stretch, list, reason, text_of};
use std::sync::Arc;

impl Scanner<'_> {
    pub fn module(
        &mut self,
        text: &Arc<Text>,
        node: &Node,
        name: Span,
        paths: (u32, u32),
        site: usize,
        environment: Option<&Arc<Environment>>,
    ) -> Result<()> {
        let site = self.sites[site].clone();
        let in_body = environment.is_some();
        let Some(dir) = site.dir.clone() else {
            return Ok(());
        };
        for index in paths.0..paths.1 {
            let path = &text.outline.paths[index as usize];
            let truth = path
                .predicate
                .as_ref()
                .map_or(Truth::True, |predicate| self.input.cfg.eval(predicate));
            if truth == Truth::False {
                continue;
            }
            let found = match &path.value {
                Some(path) => self.find_file(&dir, path)?.into_iter().collect(),
                None => self.path_candidates(&dir, environment)?,
            };
            for found in &found {
                let reason = reason(Why::ModulePath, text, node);
                self.enter_module(found, None, reason)?;
            }
            if found.is_empty()
                && path.value.is_none()
                && environment.is_none_or(|given| given.may_hold_strings())
            {
                self.widen(Width::Package, text, node, true)?;
            } else if found.is_empty() && truth == Truth::True && !in_body {
                self.absent(text, node);
            }
            if truth == Truth::True {
                return Ok(());
            }
        }
        let why = if in_body { Why::MacroBody } else { Why::Module };
        if name.start < name.end {
            let name = text_of(text, name);
            let found = self.module_file(&site, name, reason(why, text, node))?;
            if !found && !in_body && paths.0 == paths.1 {
                self.absent(text, node);
            }
        } else if let Some(environment) = environment {
            for name in &environment.words {
                self.module_file(&site, name, reason(why, text, node))?;
            }
        }
        Ok(())
    }

    /// The files that a `#[path = $path]` can mean.
    fn path_candidates(
        &self,
        dir: &str,
        environment: Option<&Arc<Environment>>,
    ) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for path in environment
            .iter()
            .flat_map(|environment| &environment.literals)
        {
            all.extend(self.find_file(dir, path)?);
        }
        Ok(all)
    }

    /// Lists `name.rs` or `name/mod.rs` as rustc would find it; false if there is neither.
    pub fn module_file(&mut self, site: &Site, name: &str, reason: Reason) -> Result<bool> {
        let Some(dir) = &site.dir else {
            return Ok(false);
        };
        let prefix = match &site.relative {
            Some(relative) => join(relative, name),
            None => name.to_owned(),
        };
        let mut any = false;
        if let Some(found) = self.find_file(dir, &format!("{prefix}.rs"))? {
            self.enter_module(&found, Some(name.into()), reason.clone())?;
            any = true;
        }
        if let Some(found) = self.find_file(dir, &format!("{prefix}/mod.rs"))? {
            self.enter_module(&found, None, reason)?;
            any = true;
        }
        Ok(any)
    }

    fn enter_module(
        &mut self,
        found: &Found,
        relative: Option<Arc<str>>,
        reason: Reason,
    ) -> Result<()> {
        list(&mut self.out.files, found, reason);
        let site = Site {
            dir: Some(found.parent.clone()),
            relative,
            file_dir: found.parent.clone(),
        };
        self.enter(found, site)
    }

    /// The site inside `mod name { … }`.
    pub fn inline_module(
        &mut self,
        text: &Text,
        name: Span,
        paths: (u32, u32),
        site: usize,
    ) -> Result<usize> {
        let outer = self.sites[site].clone();
        let mut path = None;
        for index in paths.0..paths.1 {
            let attribute = &text.outline.paths[index as usize];
            let predicate = attribute.predicate.as_ref();
            if predicate.is_none_or(|predicate| self.input.cfg.eval(predicate) != Truth::False) {
                path = attribute.value.clone();
                break;
            }
        }
        let path = path.unwrap_or_else(|| {
            let name = text_of(text, name);
            match &outer.relative {
                Some(relative) => join(relative, name),
                None => name.to_owned(),
            }
        });
        let found = match &outer.dir {
            Some(dir) => self.input.files.find(dir, &path)?,
            None => None,
        };
        Ok(self.site_id(Site {
            dir: found
                .filter(|found| found.directory)
                .map(|found| found.real),
            relative: None,
            file_dir: outer.file_dir,
        }))
    }

    /// A macro's body may put what it is given into an inline module.
    pub fn give_arguments(
        &mut self,
        body: &Stretch,
        name: Span,
        outer: usize,
        inner: usize,
    ) -> Result<()> {
        if body.given.is_empty() {
            return Ok(());
        }
        let mut sites = vec![inner];
        if name.start >= name.end
            && let Some(environment) = &body.environment
        {
            sites.clear();
            let around = self.sites[outer].clone();
            for word in &environment.words {
                let path = around
                    .relative
                    .as_ref()
                    .map_or(word.clone(), |relative| join(relative, word));
                let dir = around
                    .dir
                    .as_ref()
                    .map(|dir| self.input.files.find(dir, &path))
                    .transpose()?;
                if let Some(found) = dir.flatten().filter(|found| found.directory) {
                    sites.push(self.site_id(Site {
                        dir: Some(found.real),
                        relative: None,
                        file_dir: around.file_dir.clone(),
                    }));
                }
            }
        }
        for site in sites {
            if self.sites[site].dir.is_none() {
                continue;
            }
            for given in &body.given {
                if self
                    .given
                    .insert((given.text.path.clone(), given.call, site))
                {
                    let end = given.text.outline.nodes[given.call as usize].end;
                    self.later(Stretch {
                        text: given.text.clone(),
                        nodes: given.call + 1..end,
                        site,
                        environment: given.environment.clone(),
                        arguments_of: Some(given.call),
                        given: Vec::new(),
                    });
                }
            }
        }
        Ok(())
    }
}
