//! References in files that are no Rust code: the headers that C includes, the schemas that a
//! schema imports, the directories in a configuration.
//!
//! Every string between quotes (and, behind `#include`, between angle brackets) is tried as a
//! path from the directory of the file that has it, and from those above it up to a base.

use super::error::Result;
use super::lists::EntryKind;
use super::source_tree::{Resolved, SourceTree, nothing, parent, relative};
use super::syntax::strings::may_be_path;
use std::collections::{BTreeMap, HashSet};

/// Longer files are not searched for names.
const MAX_LENGTH: usize = 1 << 20;

/// Everything that a file leads to, through any number of others: files, and what is below
/// directories. Directories that hold `base` are left out: too many strings name these by
/// chance.
pub fn followed(
    tree: &SourceTree,
    base: &str,
    start: &Resolved,
) -> Result<BTreeMap<String, EntryKind>> {
    let mut all = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut todo = vec![start.clone()];
    while let Some(found) = todo.pop() {
        if !seen.insert(found.path.clone()) {
            continue;
        }
        let bytes = tree.read(&found.path)?;
        let text = std::str::from_utf8(&bytes).ok();
        let Some(text) = text.filter(|text| text.len() <= MAX_LENGTH) else {
            continue;
        };
        let mut names: Vec<&str> = names(text).filter(|name| may_be_path(name)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            // A string that happens to be the name of a link that leads nowhere is no error.
            let Some(named) = lookup(tree, base, &found.parent, name) else {
                continue;
            };
            if !named.directory {
                all.extend(named.on_the_way.iter().cloned());
                all.insert(named.path.to_string(), EntryKind::File);
                todo.push(named);
            } else if relative(base, &named.path).is_none() {
                all.extend(named.on_the_way.iter().cloned());
                all.append(&mut tree.below(&named.path, nothing)?);
            }
        }
    }
    Ok(all)
}

/// The file for which a name stands in a file of the directory `dir`.
fn lookup(tree: &SourceTree, base: &str, dir: &str, name: &str) -> Option<Resolved> {
    let mut from = Some(dir);
    while let Some(dir) = from {
        if let Ok(Some(found)) = tree.find(dir, name) {
            return Some(found);
        }
        from = parent(dir).filter(|dir| relative(dir, base).is_some());
    }
    None
}

/// The texts between quotes of one sort, line by line, and behind `#include`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let between = ['"', '\''].map(|quote| line.split(quote).skip(1).step_by(2));
        let header = line
            .trim_start()
            .strip_prefix('#')
            .and_then(|rest| rest.trim_start().strip_prefix("include"))
            .and_then(|rest| rest.trim_start().strip_prefix('<')?.split('>').next());
        between.into_iter().flatten().chain(header)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_between_quotes_and_behind_include() {
        let text =
            "#include \"a.h\"\n # include <b/c.h>\nimport 'd.proto';\n\"e\": \"f\", \"g\"\n<h>";
        let names: Vec<_> = names(text).collect();
        assert_eq!(names, ["a.h", "b/c.h", "d.proto", "e", "f", "g"],);
    }
}
