//! Telling cargo that every package is in the vendor directory.

use crate::graph::error::{Error, Result, io};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// The name of the source that stands in for all others.
const REPLACEMENT: &str = "dyndrv-vendor";

/// The configuration file that replaces all sources by `vendor`.
///
/// The vendor directory's own `.cargo/config.toml` names the sources, as
/// nixpkgs' `importCargoLock` writes it; without one, the lock file does.
pub(super) fn configuration(vendor: &Path, workspace: &Path) -> Result<String> {
    let own = vendor.join(".cargo/config.toml");
    let mut sources = match own.is_file() {
        true => from_configuration(&own)?,
        false => from_lock_file(workspace)?,
    };
    let directory = vendor.to_str().ok_or_else(|| Error::Vendor {
        path: vendor.to_owned(),
        reason: "its path is not UTF-8".to_owned(),
    })?;
    let mut replacement = Table::new();
    replacement.insert("directory".to_owned(), Value::String(directory.to_owned()));
    sources.insert(REPLACEMENT.to_owned(), Value::Table(replacement));
    let mut file = Table::new();
    file.insert("source".to_owned(), Value::Table(sources));
    Ok(file.to_string())
}

/// All sources of a configuration file but the directories, each replaced.
fn from_configuration(path: &Path) -> Result<Table> {
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
    let mut replaced = Table::new();
    for (name, source) in sources {
        let Value::Table(source) = source else {
            return Err(broken(format!("`source.{name}` is not a table")));
        };
        if !source.contains_key("directory") {
            replaced.insert(name.clone(), replaced_source(source.clone()));
        }
    }
    Ok(replaced)
}

/// All sources that a lock file names, each replaced.
fn from_lock_file(workspace: &Path) -> Result<Table> {
    let mut replaced = Table::new();
    replaced.insert("crates-io".to_owned(), replaced_source(Table::new()));
    let lock_file = workspace
        .ancestors()
        .map(|dir| dir.join("Cargo.lock"))
        .find(|f| f.is_file());
    let Some(path) = lock_file else {
        return Ok(replaced);
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
        if let Some((name, table)) = locked_source(source) {
            replaced.insert(name, replaced_source(table));
        }
    }
    Ok(replaced)
}

/// The definition of a source of the lock file; none for the public registry.
fn locked_source(source: &str) -> Option<(String, Table)> {
    let mut table = Table::new();
    let mut set = |key: &str, value: &str| {
        table.insert(key.to_owned(), Value::String(value.to_owned()));
    };
    if let Some(git) = source.strip_prefix("git+") {
        let address = git.split_once('#').map_or(git, |(address, _)| address);
        let (url, query) = address.split_once('?').unwrap_or((address, ""));
        set("git", url);
        if let Some((key @ ("branch" | "tag" | "rev"), value)) = query.split_once('=') {
            set(key, &percent_decode(value));
        }
        return Some((format!("git+{address}"), table));
    }
    if source.contains("github.com/rust-lang/crates.io-index") {
        return None;
    }
    // Sparse registries keep their prefix, which is part of the address.
    let url = source.strip_prefix("registry+").unwrap_or(source);
    set("registry", url);
    Some((source.to_owned(), table))
}

fn replaced_source(mut source: Table) -> Value {
    source.insert(
        "replace-with".to_owned(),
        Value::String(REPLACEMENT.to_owned()),
    );
    Value::Table(source)
}

/// Undoes `%XX`; anything else stays as it is.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code
            .filter(|_| first == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_git_source_keeps_its_branch() {
        let (name, table) =
            locked_source("git+https://example.org/r?branch=a%2Fb#0123").unwrap_or_default();
        assert_eq!(name, "git+https://example.org/r?branch=a%2Fb");
        assert_eq!(table["git"].as_str(), Some("https://example.org/r"));
        assert_eq!(table["branch"].as_str(), Some("a/b"));
    }
}
