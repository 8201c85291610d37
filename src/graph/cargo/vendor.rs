//! The sources whose packages are in the vendor directory.
//!
//! | they are named by | because |
//! |---|---|
//! | the vendor directory's own `.cargo/config.toml` | nixpkgs' `importCargoLock` writes it |
//! | the lock file | a vendor directory may have no configuration, or leave a registry out |
//! | the user's configuration | it may define the same source; cargo wants one name for it |
//!
//! [`replacement`](crate::graph::rules::sources::replacement) makes a configuration of them.

use crate::graph::error::{Error, Result, io};
use crate::graph::model::Sources;
use crate::graph::rules::sources::{self, DEFAULT_REGISTRY, Locked};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The keys of a source and their values.
type Definition = BTreeMap<String, String>;

/// The sources that `vendor` takes the place of, for a cargo that is started in `cwd`, in or
/// below the source root.
pub(super) fn sources(vendor: &Path, source: &Path, cwd: &Path) -> Result<Sources> {
    let own = vendor.join(".cargo/config.toml");
    let mut known = match own.is_file() {
        true => from_configuration(&own)?,
        false => Sources::new(),
    };
    for (name, definition) in from_lock_file(cwd)? {
        if !known.values().any(|other| *other == definition) {
            known.insert(name, definition);
        }
    }
    let theirs = of_the_user(source, cwd)?;
    let mut sources = Sources::new();
    for (name, definition) in known {
        // The default registry has this name and no definition.
        let same = match name.as_str() {
            DEFAULT_REGISTRY => None,
            _ => theirs.iter().find(|(_, other)| *other == definition),
        };
        let name = same.map_or(name, |(theirs, _)| theirs.clone());
        sources.insert(name, definition);
    }
    Ok(sources)
}

/// The sources that the configuration files of the source tree define, by name.
fn of_the_user(source: &Path, cwd: &Path) -> Result<Vec<(String, Definition)>> {
    let dirs = cwd.ancestors().take_while(|dir| dir.starts_with(source));
    let files: Vec<PathBuf> = dirs
        .flat_map(|dir| [dir.join(".cargo/config"), dir.join(".cargo/config.toml")])
        .filter(|file| file.is_file())
        .collect();
    let mut sources = Vec::new();
    for file in files {
        // What is wrong with it is for cargo to say.
        let Ok(sources_of_file) = from_configuration(&file) else {
            continue;
        };
        sources.extend(sources_of_file);
    }
    Ok(sources)
}

/// How a configuration file defines its sources, but for directories and for replacements.
fn from_configuration(path: &Path) -> Result<Sources> {
    let text = fs::read_to_string(path).map_err(io("read", path))?;
    let broken = |reason: String| Error::Manifest {
        path: path.display().to_string(),
        reason,
    };
    let file: Table = text
        .parse()
        .map_err(|error: toml::de::Error| broken(error.to_string()))?;
    let Some(Value::Table(sources)) = file.get("source") else {
        return Err(broken("it has no table `source`".to_owned()));
    };
    let mut defined = Sources::new();
    for (name, source) in sources {
        let Value::Table(source) = source else {
            return Err(broken(format!("`source.{name}` is not a table")));
        };
        if source.contains_key("directory") {
            continue;
        }
        let mut definition = Definition::new();
        for (key, value) in source.iter().filter(|(key, _)| *key != "replace-with") {
            let value = value
                .as_str()
                .ok_or_else(|| broken(format!("`source.{name}.{key}` is not a string")))?;
            definition.insert(key.clone(), value.to_owned());
        }
        defined.insert(name.clone(), definition);
    }
    Ok(defined)
}

/// All sources that a lock file names, and the default registry.
fn from_lock_file(workspace: &Path) -> Result<Sources> {
    let mut defined = Sources::new();
    defined.insert(DEFAULT_REGISTRY.to_owned(), Definition::new());
    let lock_file = workspace
        .ancestors()
        .map(|dir| dir.join("Cargo.lock"))
        .find(|f| f.is_file());
    let Some(path) = lock_file else {
        return Ok(defined);
    };
    let text = fs::read_to_string(&path).map_err(io("read", &path))?;
    let lock: Table = text
        .parse()
        .map_err(|error: toml::de::Error| Error::Manifest {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
    let packages = lock.get("package").and_then(Value::as_array);
    let sources: BTreeSet<&str> = packages
        .into_iter()
        .flatten()
        .filter_map(|package| package.get("source")?.as_str())
        .collect();
    for source in sources {
        let Locked { name, definition } = sources::locked(source);
        defined.insert(name, definition);
    }
    Ok(defined)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LOCK: &str = r#"
        [[package]]
        name = "git"
        source = "git+https://example.org/r?tag=v1#0123"
        [[package]]
        name = "other"
        source = "sparse+https://example.org/index/"
        [[package]]
        name = "usual"
        source = "registry+https://github.com/rust-lang/crates.io-index"
    "#;

    /// The sources of a project with these files.
    fn sources_of(files: &[(&str, &str)]) -> Sources {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        sources(&dir.path().join("vendor"), &source, &source.join("app")).unwrap()
    }

    fn names(sources: &Sources) -> Vec<&str> {
        sources.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_registry_that_the_vendor_directory_does_not_name_is_replaced_all_the_same() {
        let sources = sources_of(&[
            ("source/app/Cargo.lock", LOCK),
            (
                "vendor/.cargo/config.toml",
                r#"
                    [source.crates-io]
                    replace-with = "vendored-sources"
                    [source."https://example.org/r?tag=v1"]
                    git = "https://example.org/r"
                    tag = "v1"
                    replace-with = "vendored-sources"
                    [source.vendored-sources]
                    directory = "cargo-vendor-dir"
                "#,
            ),
        ]);
        assert_eq!(
            names(&sources),
            [
                "crates-io",
                "https://example.org/r?tag=v1",
                "sparse+https://example.org/index/"
            ]
        );
        let registry = &sources["sparse+https://example.org/index/"];
        assert_eq!(registry["registry"], "sparse+https://example.org/index/");
    }

    /// cargo refuses to have one source under two names.
    #[test]
    fn a_source_has_the_name_that_the_users_configuration_gives_it() {
        let sources = sources_of(&[
            ("source/app/Cargo.lock", LOCK),
            (
                "source/.cargo/config.toml",
                r#"
                    [source.crates-io]
                    replace-with = "ours"
                    [source.mine]
                    git = "https://example.org/r"
                    tag = "v1"
                    replace-with = "ours"
                    [source.ours]
                    directory = "third_party"
                "#,
            ),
        ]);
        assert_eq!(
            names(&sources),
            ["crates-io", "mine", "sparse+https://example.org/index/"]
        );
    }
}
