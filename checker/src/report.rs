//! The files in which checks tell what they came to.

use dyndrv_builder::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file of the output `out`.
pub const RESULT: &str = "result.json";
/// A file of the output `log`: what was printed.
pub const LOG: &str = "log.txt";
/// A file of the output `log`: when and how long.
pub const RUN: &str = "run.json";

/// The findings of a check; the same for every run with the same inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The package, as `name version`.
    pub package: String,
    /// The target, as `lib`, `test api` and so on.
    pub target: String,
    /// Whether it is a test that has no harness, of which nothing else is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub custom: bool,
    /// The tests of the harness, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
    /// How many tests did what.
    #[serde(default)]
    pub counts: Counts,
    /// Why the test executable failed, in one line, and what else is known; only of
    /// checks that record it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failure: Vec<String>,
    /// The compiler's messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<serde_json::Value>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name, with its modules.
    pub name: String,
    /// Its status.
    pub status: Status,
}

/// The status of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It was not run.
    Ignored,
}

/// Numbers of tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// That passed.
    pub passed: u64,
    /// That failed.
    pub failed: u64,
    /// That were not run.
    pub ignored: u64,
    /// That were not selected.
    pub filtered: u64,
}

/// One run of a check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// How long it took.
    pub seconds: f64,
    /// When it ended, in seconds since 1970.
    pub ended: u64,
}

/// Writes a document.
pub fn write(path: &Path, document: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(document)
        .map_err(|e| Error::io("cannot write", path, e.into()))?;
    text.push('\n');
    fs::write(path, text).map_err(|e| Error::io("cannot write", path, e))
}

/// Reads a document.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(|e| Error::io("cannot read", path, e))?;
    serde_json::from_slice(&text)
        .map_err(|e| Error::new(format!("cannot understand {}: {e}", path.display())))
}
