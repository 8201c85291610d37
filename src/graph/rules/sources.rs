//! The configuration with which cargo takes all packages from the vendor directory.

use crate::graph::model::Sources;
use toml::{Table, Value};

/// The name of the source that takes the place of all others.
const REPLACEMENT: &str = "dyndrv-vendor";

/// A configuration file that replaces the sources by the directory `vendor`, and cargo's access
/// to the network by nothing.
pub fn replacement(sources: &Sources, vendor: &str) -> String {
    let replaced = sources.iter().map(|(name, definition)| {
        let mut source = table([("replace-with", REPLACEMENT.into())]);
        let definition = definition.iter();
        source.extend(definition.map(|(key, value)| (key.clone(), value.as_str().into())));
        (name.clone(), source.into())
    });
    let mut replaced: Table = replaced.collect();
    let directory = table([("directory", vendor.into())]);
    replaced.insert(REPLACEMENT.to_owned(), directory.into());
    let offline = table([("offline", true.into())]);
    table([("net", offline.into()), ("source", replaced.into())]).to_string()
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
