//! The packages of registries in a lock file.

use super::{Error, Request};
use crate::graph::rules::sources::{self, Locked};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// A package, and where its archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its archive, in hexadecimal digits.
    pub checksum: String,
    /// Where the archive is downloaded from.
    pub url: String,
}

impl Archive {
    /// The package's directory in a vendor directory.
    pub fn label(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// The packages of a lock file that are not among the sources, and the sources that they are from, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// The packages.
    pub archives: Vec<Archive>,
    /// The sources, by cargo's names for them.
    pub sources: crate::graph::model::Sources,
}

/// Reads the packages of a lock file with this text, of any version.
///
/// # Errors
///
/// If it is no lock file, or a package cannot be fetched by what it says.
pub fn packages(text: &str, request: &Request) -> Result<Packages, Error> {
    let lock: Table = text.parse().map_err(|source| Error::Syntax {
        lock_file: request.place(),
        source: Box::new(source),
    })?;
    let mut archives: BTreeMap<String, Archive> = BTreeMap::new();
    let mut sources = BTreeSet::new();
    let tables = lock.get("package").and_then(Value::as_array);
    let tables = tables.map(Vec::as_slice).unwrap_or_default();
    let has = |name: &str| tables.iter().any(|p| text_of(p, "name") == Some(name));
    if let Some(name) = request.crates.iter().find(|name| !has(name)) {
        return Err(Error::NoSuchCrate {
            name: name.clone(),
            lock_file: request.place(),
        });
    }
    for package in tables {
        // A package without a source is among the sources of the project.
        let Some(source) = text_of(package, "source") else {
            continue;
        };
        let archive = archive(&lock, package, source, request)?;
        let other = archives.insert(archive.label(), archive);
        if let Some(other) = other {
            return Err(Error::SeveralSources {
                package: format!("{} {}", other.name, other.version),
                lock_file: request.place(),
            });
        }
        sources.insert(source);
    }
    let named = sources.into_iter().map(sources::locked);
    Ok(Packages {
        archives: archives.into_values().collect(),
        sources: named
            .map(|Locked { name, definition }| (name, definition))
            .collect(),
    })
}

fn archive(
    lock: &Table,
    package: &Value,
    source: &str,
    request: &Request,
) -> Result<Archive, Error> {
    let key = |key: &'static str| {
        text_of(package, key).ok_or_else(|| Error::NoKey {
            lock_file: request.place(),
            key,
            source_of_package: source.to_owned(),
        })
    };
    let (name, version) = (key("name")?, key("version")?);
    let label = || format!("{name} {version}");
    // A sparse registry's prefix is part of its address.
    let index = source.strip_prefix("registry+").unwrap_or(source);
    let registry = request.registries.get(index).ok_or_else(|| {
        let package = label();
        match source.starts_with("git+") {
            true => Error::Git {
                package,
                repository: source.to_owned(),
            },
            false => Error::UnknownRegistry {
                package,
                registry: index.to_owned(),
            },
        }
    })?;
    // Lock files of the first version have all checksums in a table of their own.
    let in_table = || {
        let key = format!("checksum {name} {version} ({source})");
        lock.get("metadata")?.get(&key)?.as_str()
    };
    let checksum = text_of(package, "checksum").or_else(in_table);
    let checksum = checksum.ok_or_else(|| Error::NoChecksum {
        name: name.to_owned(),
        version: version.to_owned(),
        registry: index.to_owned(),
    })?;
    Ok(Archive {
        name: name.to_owned(),
        version: version.to_owned(),
        checksum: checksum.to_owned(),
        url: format!("{registry}/{name}/{version}/download"),
    })
}

fn text_of<'a>(table: &'a Value, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::request;
    use super::*;

    const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn package(name: &str, source: &str, more: &str) -> String {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n{more}\n"
        )
    }

    #[test]
    fn each_package_of_a_registry_is_an_archive() {
        let text = [
            "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n",
            &package("b", INDEX, "checksum = \"bb\""),
            &package(
                "a",
                "sparse+https://example.org/index/",
                "checksum = \"aa\"",
            ),
        ]
        .concat();
        let found = packages(&text, &request()).unwrap();
        let urls: Vec<&str> = found.archives.iter().map(|a| a.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://example.org/crates/a/1.0.0/download",
                "https://static.crates.io/crates/b/1.0.0/download"
            ]
        );
        assert_eq!(found.archives[1].checksum, "bb");
        let names: Vec<&String> = found.sources.keys().collect();
        assert_eq!(names, ["crates-io", "sparse+https://example.org/index/"]);
    }

    #[test]
    fn checksums_of_old_lock_files_are_in_a_table_of_their_own() {
        let text = format!(
            "{}[metadata]\n\"checksum a 1.0.0 ({INDEX})\" = \"aa\"\n",
            package("a", INDEX, "")
        );
        assert_eq!(
            packages(&text, &request()).unwrap().archives[0].checksum,
            "aa"
        );
    }

    #[test]
    fn what_cannot_be_fetched_is_named() {
        let checksum = "checksum = \"aa\"";
        let a = package("a", INDEX, checksum);
        for (text, said) in [
            (
                "[".to_owned(),
                "Cargo.lock among the sources is not a lock file",
            ),
            (
                package("a", "git+https://example.org/r#0123", ""),
                "`a 1.0.0` comes from git+https://example.org/r#0123",
            ),
            (
                package("a", "registry+https://example.org/i", checksum),
                "extraRegistries",
            ),
            (
                package("a", INDEX, ""),
                "cargo update -p a@1.0.0 --precise 1.0.0",
            ),
            (
                format!("[[package]]\nname = \"a\"\nsource = \"{INDEX}\"\n"),
                "with no `version`",
            ),
            ([a.clone(), a].concat(), "`a 1.0.0` from several sources"),
        ] {
            let error = packages(&text, &request()).unwrap_err().to_string();
            assert!(error.contains(said), "no {said:?} in: {error}");
        }
    }

    #[test]
    fn crates_that_the_user_names_are_there() {
        let text = package("a", INDEX, "checksum = \"aa\"");
        let mut request = request();
        request.crates = vec!["a".to_owned()];
        packages(&text, &request).unwrap();
        request.crates.push("weather".to_owned());
        let error = packages(&text, &request).unwrap_err().to_string();
        let said = "crateEnv names the crate `weather`, which Cargo.lock does not have";
        assert!(error.contains(said), "{error}");
    }
}
