//! Macros and attributes from elsewhere that read files: those that are known to, and those
//! of which only their strings tell.

use super::files::Text;
use super::model::*;
use super::outline::Node;
use super::policy::Reads;
use super::scanner::{Scanner, join_dirs, list, literal_value, reason};
use std::collections::HashSet;
use std::sync::Arc;

impl Scanner<'_> {
    pub fn known_reader(
        &mut self,
        text: &Arc<Text>,
        node: &Node,
        name: &str,
        at: u32,
    ) -> Result<()> {
        let Some(reader) = self
            .input
            .readers
            .iter()
            .find(|reader| reader.answers_to(name))
        else {
            return Ok(());
        };
        let to = match reader.reads {
            Reads::Workspace => Width::Workspace,
            Reads::Package => Width::Package,
            Reads::Named(bases) => {
                let inside = &text.outline.nodes[at as usize + 1..node.end as usize];
                let strings: Vec<_> = inside
                    .iter()
                    .filter_map(|inner| literal_value(text, inner))
                    .collect();
                let strings = strings.iter().map(|string| below_manifest(string));
                if self.named(text, node, strings, bases)? {
                    return Ok(());
                }
                Width::Package
            }
            Reads::Below { paths, unless } => {
                let package = &self.input.package.dir;
                let mut configured = false;
                for path in unless {
                    configured |= self.input.files.find(package, path)?.is_some();
                }
                if !configured {
                    self.named(text, node, paths.iter().copied(), &[""])?;
                    return Ok(());
                }
                Width::Package
            }
        };
        self.widen(to, text, node, false)?;
        Ok(())
    }

    /// Lists the files and directories of these names; false if there are none.
    fn named<'n>(
        &mut self,
        text: &Text,
        node: &Node,
        names: impl Iterator<Item = &'n str>,
        bases: &[&str],
    ) -> Result<bool> {
        let mut any = false;
        for path in names {
            for base in bases {
                let from = join_dirs(&self.input.package.dir, base);
                let Some(found) = self.input.files.find(&from, path)? else {
                    continue;
                };
                any = true;
                let reason = reason(Why::KnownMacro, text, node);
                if !found.directory {
                    list(&mut self.out.files, &found, reason);
                    break;
                }
                for (path, kind) in self.input.files.below(&found.real, &HashSet::new())? {
                    let reason = reason.clone();
                    self.out
                        .files
                        .entry(path)
                        .or_insert(Listed { kind, reason });
                }
                break;
            }
        }
        Ok(any)
    }

    /// A string of unknown use: if it names a file, that is listed.
    pub fn literal(&mut self, text: &Arc<Text>, node: &Node, site: usize) -> Result<()> {
        let Some(value) = literal_value(text, node) else {
            return Ok(());
        };
        if !may_be_path(&value) {
            return Ok(());
        }
        let package = &self.input.package.dir;
        let file_dir = self.sites[site].file_dir.clone();
        let bases = [
            file_dir.to_string(),
            package.clone(),
            join_dirs(package, "src"),
            join_dirs(package, "templates"),
        ];
        let path = below_manifest(&value);
        for base in bases {
            // What cannot be read is no error here: it is only a guess that it is a file.
            if let Ok(Some(found)) = self.find_file(&base, path) {
                list(
                    &mut self.out.files,
                    &found,
                    reason(Why::Literal, text, node),
                );
            }
        }
        Ok(())
    }
}

/// Whether a string of unknown use is worth a look at the file system.
pub(super) fn may_be_path(value: &str) -> bool {
    (3..=255).contains(&value.len())
        && value.contains(['.', '/'])
        && !value.contains(|character: char| character.is_control())
        && !value.contains(['{', '}', '<', '>'])
}

fn below_manifest(path: &str) -> &str {
    path.strip_prefix("$CARGO_MANIFEST_DIR/").unwrap_or(path)
}
