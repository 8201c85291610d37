//! Macros and attributes from elsewhere that read files: those that are known to, and those
//! of which only their strings tell.
//!
//! A string is followed from every directory that such a macro may start from: the package's,
//! where a leading `/` or `$CARGO_MANIFEST_DIR` leads too, the file's, and, where the macro is
//! known for that or nothing is found elsewhere, the one that the compiler runs in, which is
//! the workspace's. It may lead out of the package, and to a
//! directory, which is meant with all that is below it; a pattern is meant with all that is
//! below its fixed beginning.

use super::fragment::{Fragment, MacroArguments, SiteId};
use super::walker::{CrateContext, Walker, list_way, reason};
use crate::depinfo::error::Result;
use crate::depinfo::known_crates::{Reader, Reads};
use crate::depinfo::lists::{Fallback, Listed, Reason, Why, Width};
use crate::depinfo::references;
use crate::depinfo::source_file::SourceFile;
use crate::depinfo::source_tree::{Resolved, join, nothing, relative};
use crate::depinfo::syntax::outline::{Node, NodeKind};
use crate::depinfo::syntax::strings::may_be_path;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a string leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    /// Nothing that is there.
    Nothing,
    /// What has been listed.
    Listed,
    /// The package as a whole, which is not listed yet.
    Package,
}

impl Walker<'_> {
    /// At a use of a macro or attribute called `name`: lists what it is known to read.
    pub fn known_reader(
        &mut self,
        fragment: &Fragment,
        at: u32,
        name: &str,
        site: SiteId,
    ) -> Result<()> {
        let mut readers = self.context.readers.iter();
        let Some(reader) = readers.find(|reader| reader.answers_to(name)).copied() else {
            return Ok(());
        };
        let file = &fragment.file;
        let node = file.node(at);
        let reason = reason(Why::KnownMacro, file, node);
        let mut named = Reached::Nothing;
        for (dir, path) in self.strings(fragment, at) {
            named = named.max(match dir {
                Some(dir) => self.reach(&dir, &path, &reason)?,
                None => self.reach_from_bases(reader, site, &path, &reason)?,
            });
        }
        self.follow_configuration(reader, &reason)?;
        let to = match reader.reads {
            Reads::Workspace => Width::Workspace,
            Reads::Package => Width::Package,
            Reads::Named(_) if named == Reached::Listed => return Ok(()),
            Reads::Named(_) => Width::Package,
            Reads::Below { paths, unless } => {
                let package = self.context.package_dir;
                let mut configured = false;
                for path in unless {
                    configured |= self.context.tree.find(package, path)?.is_some();
                }
                if !configured {
                    for path in paths {
                        self.reach(package, path, &reason)?;
                    }
                    return Ok(());
                }
                Width::Package
            }
        };
        self.out.fallbacks.insert(Fallback {
            to,
            what: file.snippet(node),
            known_from: Some(reader.evidence.to_string()),
            at: Some(file.place(node)),
        });
        Ok(())
    }

    /// The strings in the arguments of the call or attribute `at`: its literals, those that
    /// it puts together (with the directory that they are relative to, where it is known),
    /// and in a macro's body those that the macro is given.
    fn strings(&self, fragment: &Fragment, at: u32) -> BTreeSet<(Option<String>, String)> {
        let file = &fragment.file;
        let mut strings = BTreeSet::new();
        for inner in &file.outline.nodes[at as usize + 1..file.node(at).end as usize] {
            match inner.kind {
                NodeKind::Literal => {
                    strings.extend(file.literal(inner).map(|string| (None, string)));
                }
                NodeKind::Joined { pattern } => {
                    strings.extend(self.joined(file, pattern, fragment.arguments.as_ref()));
                }
                _ => {}
            }
        }
        let given = fragment.arguments.iter().flat_map(|given| &given.literals);
        strings.extend(given.map(|string| (None, string.clone())));
        strings
    }

    /// Lists what a string leads to from where a reader may start.
    fn reach_from_bases(
        &mut self,
        reader: &Reader,
        site: SiteId,
        string: &str,
        reason: &Reason,
    ) -> Result<Reached> {
        let package = self.context.package_dir;
        if let Reads::Named(bases) = reader.reads {
            for base in bases {
                let reached = self.reach(&join(package, base), string, reason)?;
                if reached != Reached::Nothing {
                    return Ok(reached);
                }
            }
        }
        let file_dir = self.site(site).file_dir.to_string();
        let mut bases = BTreeSet::from([package, &*file_dir]);
        if reader.from_compiler_directory {
            bases.insert(self.context.workspace);
        }
        let mut most = Reached::Nothing;
        for base in bases {
            most = most.max(self.reach(base, string, reason)?);
        }
        Ok(most)
    }

    /// Follows the strings of what a reader is configured by.
    fn follow_configuration(&mut self, reader: &Reader, reason: &Reason) -> Result<()> {
        let package = self.context.package_dir;
        for name in reader.configured_by {
            if let Some(found) = self.context.tree.find_file(package, name)? {
                self.list(&found, reason.clone());
                self.follow(&found, reason)?;
            }
        }
        let Some(table) = reader.metadata else {
            return Ok(());
        };
        for dir in BTreeSet::from([package, self.context.workspace]) {
            if let Some(found) = self.context.tree.find_file(dir, "Cargo.toml")? {
                self.list(&found, reason.clone());
                let manifest = self.context.tree.read(&found.path)?;
                for string in metadata_strings(&manifest, table) {
                    self.reach(dir, &string, reason)?;
                }
            }
        }
        Ok(())
    }

    /// Lists what a string leads to from a directory, if it is not the package as a whole.
    fn reach(&mut self, base: &str, string: &str, reason: &Reason) -> Result<Reached> {
        let context = self.context;
        let Some((base, path)) = context.start(base, string) else {
            return Ok(Reached::Nothing);
        };
        let fixed = fixed_beginning(&path);
        // What cannot be read is no error here: it is only a guess that it is a file.
        let Ok(Some(found)) = self.context.tree.find(base, fixed) else {
            return Ok(Reached::Nothing);
        };
        if !found.directory {
            self.list(&found, reason.clone());
            self.follow(&found, reason)?;
            return Ok(Reached::Listed);
        }
        if *found.path == *self.context.package_dir {
            return Ok(Reached::Package);
        }
        if fixed.is_empty() {
            // A pattern for the names in the workspace's directory.
            if fixed != path {
                for name in self.context.tree.files_in(&found.path)? {
                    self.list_file(&found.path, &name, reason)?;
                }
            }
            return Ok(Reached::Nothing);
        }
        self.list_below(&found, reason)?;
        Ok(Reached::Listed)
    }

    fn list_file(&mut self, dir: &str, name: &str, reason: &Reason) -> Result<()> {
        if let Some(found) = self.context.tree.find_file(dir, name)? {
            self.list(&found, reason.clone());
        }
        Ok(())
    }

    /// Whether a directory is the package's or one above it: too many strings name these by
    /// chance.
    fn is_around_package(&self, dir: &Resolved) -> bool {
        relative(self.context.package_dir, &dir.path).is_some()
    }

    fn list_below(&mut self, dir: &Resolved, reason: &Reason) -> Result<()> {
        list_way(&mut self.out.files, &dir.on_the_way, reason);
        for (path, kind) in self.context.tree.below(&dir.path, nothing)? {
            let reason = reason.clone();
            self.out
                .files
                .entry(path)
                .or_insert(Listed { kind, reason });
        }
        Ok(())
    }

    /// Lists what the strings of a file lead to that is no Rust code.
    fn follow(&mut self, found: &Resolved, reason: &Reason) -> Result<()> {
        let package = self.context.package_dir;
        for (path, kind) in references::followed(self.context.tree, package, found)? {
            let reason = reason.clone();
            self.out
                .files
                .entry(path)
                .or_insert(Listed { kind, reason });
        }
        Ok(())
    }

    /// A string of unknown use: if it names a file, or a directory elsewhere, that is listed.
    pub fn string_of_unknown_use(
        &mut self,
        file: &SourceFile,
        node: &Node,
        site: SiteId,
        arguments: Option<&Arc<MacroArguments>>,
    ) -> Result<()> {
        let strings = match node.kind {
            NodeKind::Joined { pattern } => self.joined(file, pattern, arguments),
            _ => file.literal(node).map(|s| (None, s)).into_iter().collect(),
        };
        for (dir, string) in strings {
            if !may_be_path(&string) {
                continue;
            }
            let package = self.context.package_dir;
            let reason = reason(Why::Literal, file, node);
            let bases = match dir {
                Some(dir) => vec![dir],
                None => vec![
                    self.site(site).file_dir.to_string(),
                    package.to_owned(),
                    join(package, "src"),
                    join(package, "templates"),
                ],
            };
            let mut any = false;
            for base in bases {
                any |= self.guess(&base, &string, &reason)?;
            }
            if !any {
                self.guess(self.context.workspace, &string, &reason)?;
            }
        }
        Ok(())
    }
}

impl Walker<'_> {
    /// Lists what a string of unknown use names from a directory; false if there is nothing.
    fn guess(&mut self, base: &str, string: &str, reason: &Reason) -> Result<bool> {
        let context = self.context;
        let Some((base, path)) = context.start(base, string) else {
            return Ok(false);
        };
        // What cannot be read is no error here: it is only a guess that it is a file.
        let Ok(Some(found)) = context.tree.find(base, &path) else {
            return Ok(false);
        };
        if !found.directory {
            self.list(&found, reason.clone());
        } else if relative(&found.path, context.package_dir).is_none()
            && !self.is_around_package(&found)
        {
            self.list_below(&found, reason)?;
        }
        Ok(true)
    }
}

impl CrateContext<'_> {
    /// The directory and path that a string means which a macro would follow from `base`:
    /// `$NAME/…` leads to where a variable does, `/…` to the package.
    fn start<'s>(&'s self, base: &'s str, string: &'s str) -> Option<(&'s str, String)> {
        if let Some(rest) = string.strip_prefix('$') {
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let variable = self.variable(&rest[..end])?;
            let below = rest[end..].trim_start_matches('}').trim_start_matches('/');
            let path = join(variable.text.trim_matches('/'), below);
            return Some((variable.dir.as_deref()?, path));
        }
        let below = string.trim_start_matches('/');
        if below.len() < string.len() {
            return Some((self.package_dir, below.to_owned()));
        }
        (!string.is_empty()).then(|| (base, string.to_owned()))
    }
}

/// The directories of a pattern before the first that holds a wildcard.
fn fixed_beginning(pattern: &str) -> &str {
    let Some(wildcard) = pattern.find(['*', '?', '[', '{']) else {
        return pattern;
    };
    pattern[..wildcard]
        .rsplit_once('/')
        .map_or("", |(dir, _)| dir)
}

/// All strings of a table below `[package.metadata]` and `[workspace.metadata]`.
fn metadata_strings(manifest: &[u8], table: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(manifest);
    // What is wrong with a manifest, cargo has said before.
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let mut strings = Vec::new();
    for of in ["package", "workspace"] {
        let metadata = manifest
            .get(of)
            .and_then(|of| of.get("metadata")?.get(table));
        let mut todo: Vec<&toml::Value> = metadata.into_iter().collect();
        while let Some(value) = todo.pop() {
            match value {
                toml::Value::String(string) => strings.push(string.clone()),
                toml::Value::Array(values) => todo.extend(values),
                toml::Value::Table(values) => todo.extend(values.values()),
                _ => {}
            }
        }
    }
    strings
}
