//! The configuration with which cargo takes all packages from the vendor directory.

use crate::graph::model::Sources;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// cargo's name of the public registry.
pub const DEFAULT_REGISTRY: &str = "crates-io";

/// A source as cargo's configuration defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Its name there.
    pub name: String,
    /// Its keys and their values; the public registry has none.
    pub definition: BTreeMap<String, String>,
}

/// The definition of a source of the lock file.
pub fn locked(source: &str) -> Locked {
    let mut definition = BTreeMap::new();
    let mut set = |key: &str, value: &str| {
        definition.insert(key.to_owned(), value.to_owned());
    };
    if let Some(git) = source.strip_prefix("git+") {
        let address = git.split_once('#').map_or(git, |(address, _)| address);
        let (url, query) = address.split_once('?').unwrap_or((address, ""));
        set("git", url);
        if let Some((key @ ("branch" | "tag" | "rev"), value)) = query.split_once('=') {
            let value = percent_decode_str(value).decode_utf8_lossy();
            set(key, &value);
        }
        return Locked {
            name: format!("git+{address}"),
            definition,
        };
    }
    if source.contains("github.com/rust-lang/crates.io-index") {
        return Locked {
            name: DEFAULT_REGISTRY.to_owned(),
            definition,
        };
    }
    // Sparse registries keep their prefix, which is part of the address.
    let url = source.strip_prefix("registry+").unwrap_or(source);
    set("registry", url);
    Locked {
        name: source.to_owned(),
        definition,
    }
}

/// The name of the source that takes the place of all others.
const REPLACEMENT: &str = "dyndrv-vendor";

/// A configuration file that replaces the sources by the directory `vendor`, and cargo's access
/// to the network by nothing.
pub fn replacement(sources: &Sources, vendor: &str) -> String {
    let offline = table([("offline", true.into())]);
    let replaced = replaced(sources, vendor).into();
    table([("net", offline.into()), ("source", replaced)]).to_string()
}

/// A configuration file that replaces the sources by the directory `vendor`, as `cargo vendor` prints it.
pub fn configuration(sources: &Sources, vendor: &str) -> String {
    table([("source", replaced(sources, vendor).into())]).to_string()
}

fn replaced(sources: &Sources, vendor: &str) -> Table {
    let replaced = sources.iter().map(|(name, definition)| {
        let mut source = table([("replace-with", REPLACEMENT.into())]);
        let definition = definition.iter();
        source.extend(definition.map(|(key, value)| (key.clone(), value.as_str().into())));
        (name.clone(), source.into())
    });
    let mut replaced: Table = replaced.collect();
    let directory = table([("directory", vendor.into())]);
    replaced.insert(REPLACEMENT.to_owned(), directory.into());
    replaced
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    let entries = entries.into_iter();
    entries
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_locked_git_source_keeps_its_branch() {
        let Locked { name, definition } = locked("git+https://example.org/r?branch=a%2Fb#0123");
        assert_eq!(name, "git+https://example.org/r?branch=a%2Fb");
        assert_eq!(definition["git"], "https://example.org/r");
        assert_eq!(definition["branch"], "a/b");
    }

    #[test]
    fn every_source_is_replaced_by_the_directory() {
        let git = [("git", "https://example.org/r"), ("tag", "v1")];
        let git = git.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let sources = Sources::from([
            ("crates-io".to_owned(), [].into()),
            ("mine".to_owned(), git.into()),
        ]);
        let file: Table = replacement(&sources, "/vendor").parse().unwrap();
        let sources = file["source"].as_table().unwrap();
        assert_eq!(
            sources["crates-io"]["replace-with"].as_str(),
            Some(REPLACEMENT)
        );
        assert_eq!(sources["mine"]["replace-with"].as_str(), Some(REPLACEMENT));
        assert_eq!(sources["mine"]["tag"].as_str(), Some("v1"));
        assert_eq!(sources[REPLACEMENT]["directory"].as_str(), Some("/vendor"));
        assert_eq!(file["net"]["offline"].as_bool(), Some(true));
    }
}
