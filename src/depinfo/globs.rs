//! The globs by which users name files: `extra-sources`, `test-data`, and the arguments of the
//! same meaning.
//!
//! | glob | names |
//! |---|---|
//! | `assets/a.css` | the file |
//! | `assets` | everything below the directory |
//! | `assets/*.css` | files directly in it; `*`, `?` and `[…]` do not match `/` |
//! | `assets/**/*.css` | those in directories below it too |
//! | `{a,b}/x` | either |
//! | `../shared/**` | files outside of the package, but inside of the source root |
//!
//! Hidden files are files like any other. A glob that names nothing is an error.

use super::error::{Error, Result};
use super::lists::EntryKind;
use super::source_tree::{Resolved, SourceTree, nothing, relative};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;

/// The files that a glob of the setting `setting` names, relative to the source root.
///
/// `dir` is the directory that the glob is relative to, `package` the package for messages.
///
/// # Errors
///
/// If the glob is not well-formed, leads out of the source root or matches nothing, or if a
/// directory cannot be read.
pub fn files(
    tree: &SourceTree,
    package: &str,
    setting: &'static str,
    dir: &str,
    glob: &str,
) -> Result<BTreeMap<String, EntryKind>> {
    let bad = |message: String| Error::Glob {
        package: package.to_owned(),
        setting,
        glob: glob.to_owned(),
        message,
    };
    let parts: Vec<&str> = glob.split('/').collect();
    let plain = |part: &&&str| !part.contains(['*', '?', '[', '{']);
    let (begin, pattern) = parts.split_at(parts.iter().take_while(plain).count());
    if glob.starts_with('/') || pattern.contains(&"..") {
        return Err(bad(
            "it is absolute or leads out of the source root".to_owned()
        ));
    }
    let matcher = match pattern {
        [] => None,
        pattern => {
            let glob = GlobBuilder::new(&pattern.join("/"))
                .literal_separator(true)
                .build();
            Some(
                glob.map_err(|error| bad(error.to_string()))?
                    .compile_matcher(),
            )
        }
    };
    let matched = match tree.find(dir, &begin.join("/"))? {
        Some(found) => matching(tree, &found, matcher.as_ref())?,
        None => BTreeMap::new(),
    };
    if matched.is_empty() {
        return Err(Error::GlobEmpty {
            package: package.to_owned(),
            setting,
            glob: glob.to_owned(),
        });
    }
    Ok(matched)
}

fn matching(
    tree: &SourceTree,
    found: &Resolved,
    matcher: Option<&GlobMatcher>,
) -> Result<BTreeMap<String, EntryKind>> {
    let mut matched = BTreeMap::new();
    if found.directory {
        let mut below = tree.below(&found.path, nothing)?;
        if let Some(matcher) = matcher {
            below.retain(|path, _| {
                relative(path, &found.path).is_some_and(|below| matcher.is_match(below))
            });
            for (link, kind) in below.clone() {
                if matches!(kind, EntryKind::Symlink(_)) {
                    tree.add_behind_link(&link, &mut below)?;
                }
            }
        }
        matched = below;
    } else if matcher.is_none() {
        matched.insert(found.path.to_string(), EntryKind::File);
    }
    if !matched.is_empty() {
        matched.extend(found.on_the_way.iter().cloned());
    }
    Ok(matched)
}
