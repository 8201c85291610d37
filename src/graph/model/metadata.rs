//! `[package.metadata.dyndrv]`: what the author of a package says about it.
//!
//! | key | value | |
//! |---|---|---|
//! | `extra-sources` | list of globs | files that all units of the package can read, relative to the package |
//! | `build-script-sources` | list of globs | the files of the package that the run of its build script reads, and no others |
//! | `test-data` | list of globs | files that its tests read while they run |
//! | `writable` | boolean | nothing: every build script may write beside its sources |
//!
//! Another key, or a value of another type, is an error: a key with a typing error would do nothing.
//! In a third-party package it is passed over, as cargo passes over keys that it does
//! not know in such manifests. Whoever builds the package cannot correct it, and it may have been
//! written for another version of dyndrv.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The table `[package.metadata.dyndrv]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PackageMetadata {
    /// Globs of files for all units of the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_sources: Vec<String>,
    /// Globs of the files that the run of the build script reads, if its author names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_script_sources: Option<Vec<String>>,
    /// Globs of files that tests read while they run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test_data: Vec<String>,
    /// Whether the build script writes beside its sources.
    #[serde(skip_serializing_if = "is_false")]
    pub writable: bool,
}

/// An error in a table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is no table.
    #[error("`package.metadata.dyndrv` has to be a table, with the keys {KNOWN}")]
    NotATable,
    /// It has a key that means nothing.
    #[error("`package.metadata.dyndrv.{key}` means nothing; the keys are {KNOWN}")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A key has a value that it cannot have.
    #[error("`package.metadata.dyndrv.{key}` has to be {expected}, and is {value}")]
    WrongType {
        /// The key.
        key: String,
        /// The type that the value must have.
        expected: &'static str,
        /// The value.
        value: Value,
    },
}

const KNOWN: &str = "`extra-sources`, `build-script-sources`, `test-data`, `writable`";
const GLOBS: &str = "a list of globs, such as [\"templates/**\"]";
const FLAG: &str = "true or false";

impl PackageMetadata {
    /// Reads the table as cargo's metadata has it, with what is wrong with it.
    pub fn read(table: &Value) -> (Self, Vec<MetadataError>) {
        let mut read = Self::default();
        let table = match table {
            Value::Null => return (read, Vec::new()),
            Value::Object(table) => table,
            _ => return (read, vec![MetadataError::NotATable]),
        };
        let mut errors = Vec::new();
        for (key, value) in table {
            let (expected, taken) = match key.as_str() {
                "extra-sources" => (GLOBS, take(&mut read.extra_sources, value)),
                "build-script-sources" => (GLOBS, take(&mut read.build_script_sources, value)),
                "test-data" => (GLOBS, take(&mut read.test_data, value)),
                "writable" => (FLAG, take(&mut read.writable, value)),
                _ => {
                    errors.push(MetadataError::UnknownKey { key: key.clone() });
                    continue;
                }
            };
            if !taken {
                errors.push(MetadataError::WrongType {
                    key: key.clone(),
                    expected,
                    value: value.clone(),
                });
            }
        }
        (read, errors)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn take<T: for<'de> Deserialize<'de>>(field: &mut T, value: &Value) -> bool {
    let read = T::deserialize(value);
    read.map(|value| *field = value).is_ok()
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_that_mean_nothing_and_values_of_another_type_are_told() {
        let (read, errors) = PackageMetadata::read(&json!({
            "extra-source": ["x"], "test-data": ["a/**"], "writable": "yes",
        }));
        assert_eq!(read.test_data, ["a/**"]);
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "`package.metadata.dyndrv.extra-source` means nothing; the keys are \
                 `extra-sources`, `build-script-sources`, `test-data`, `writable`",
                "`package.metadata.dyndrv.writable` has to be true or false, and is \"yes\"",
            ]
        );
    }

    #[test]
    fn every_key_is_read() {
        let table = json!({
            "extra-sources": ["a"], "build-script-sources": ["c"], "test-data": ["b"], "writable": true
        });
        let (read, errors) = PackageMetadata::read(&table);
        assert_eq!(errors, []);
        assert_eq!(serde_json::to_value(read).ok(), Some(table));
    }
}
