//! Which file each value of cargo's configuration comes from, for paths that are relative to it.
//!
//! `cargo config get --show-origin` prints a line for each value, and one for each value of a list:
//!
//! ```toml
//! env.A.value = "x" # /source/.cargo/config.toml
//! target.'cfg(unix)'.runner = [
//!     "scripts/run", # /source/.cargo/config.toml
//! ]
//! ```

use crate::graph::cargo::paths::normalize;
use crate::graph::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The files of all values.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// The source root.
    source: PathBuf,
    /// The file of each value, or of a list's first value.
    files: BTreeMap<Vec<String>, PathBuf>,
}

impl Origins {
    /// Reads what cargo prints.
    pub fn read(source: &Path, text: &str) -> Self {
        let mut origins = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        // The list that is open.
        let mut list: Option<Vec<String>> = None;
        for line in text.lines() {
            if line.trim() == "]" {
                list = None;
            } else if let Some(start) = line.strip_suffix('[') {
                list = key_of(&format!("{start}0"));
            } else if let Some((value, file)) = line.rsplit_once(" # ") {
                let key = list.clone().or_else(|| key_of(value));
                if let Some(key) = key {
                    origins.files.entry(key).or_insert_with(|| file.into());
                }
            }
        }
        origins
    }

    /// The directory that a path of the configuration is relative to: the parent of the
    /// directory (`.cargo`) in whose file it stands. It is given relative to the source root.
    pub fn directory(&self, key: &[&str]) -> Result<String> {
        let unknown = |reason: &str| Error::UnsupportedConfig {
            feature: format!("the relative path in `{}`, {reason}", key.join(".")),
            advice: "use an absolute path, or a file below the source root".to_owned(),
        };
        let key: Vec<String> = key.iter().map(|part| part.to_string()).collect();
        let file = self.files.get(&key);
        let file = file.ok_or_else(|| unknown("whose file is not known"))?;
        // An included file has the name that the configuration gives it, `..` and all.
        let file = normalize(file);
        let base = file.parent().and_then(Path::parent);
        let relative = base.and_then(|base| base.strip_prefix(&self.source).ok());
        relative
            .ok_or_else(|| unknown("whose file is not below the source root"))?
            .to_str()
            .map(str::to_owned)
            .ok_or_else(|| unknown("which is not UTF-8"))
    }
}

/// The key of a line `key = value`.
fn key_of(line: &str) -> Option<Vec<String>> {
    let mut value = Value::Table(line.parse::<Table>().ok()?);
    let mut key = Vec::new();
    while let Value::Table(table) = value {
        let (name, below) = table.into_iter().next()?;
        key.push(name);
        value = below;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_and_lists_have_the_file_that_they_stand_in() {
        let text = r#"
env.A.value = "x # y" # /source/.cargo/config.toml
target.'cfg(target_os = "linux")'.runner = [
    "scripts/run", # /source/app/.cargo/config.toml
    "--fast", # /elsewhere/.cargo/config.toml
]
target."a.b".linker = "cc" # /elsewhere/.cargo/config.toml
env.B.value = "x" # environment variable `B`
"#;
        let origins = Origins::read(Path::new("/source"), text);
        let directory = |key: &[&str]| origins.directory(key);
        assert_eq!(directory(&["env", "A", "value"]).unwrap(), "");
        let runner = ["target", "cfg(target_os = \"linux\")", "runner"];
        assert_eq!(directory(&runner).unwrap(), "app");
        for key in [["target", "a.b", "linker"], ["env", "B", "value"]] {
            let error = directory(&key).unwrap_err().to_string();
            assert!(error.contains("not below the source root"), "{error}");
        }
        let error = directory(&["env", "C", "value"]).unwrap_err().to_string();
        assert!(
            error.contains("`env.C.value`, whose file is not known"),
            "{error}"
        );
    }
}
