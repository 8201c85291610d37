//! The instructions of one build-script run, as its outputs keep them for other units.
//!
//! They are split by who reads them, each part a file and an output of its own, so that
//! a change of one reaches none but its readers. The files are canonical: lists whose
//! order means nothing are sorted.

use super::instructions::LinkArg;
use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The output `cfg`, for the units of the same package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cfg {
    /// Values of `--cfg`, sorted.
    pub cfg: Vec<String>,
    /// Values of `--check-cfg`, sorted.
    pub check_cfg: Vec<String>,
    /// Variables for the compiler.
    pub env: BTreeMap<String, String>,
}

/// The output `link`, for all units that link the package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Values of `-L`, in order.
    pub search: Vec<Search>,
    /// Values of `-l`, in order.
    pub libs: Vec<String>,
    /// Arguments for the linker, in order.
    pub args: Vec<LinkArg>,
}

/// One value of `-L`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// The value, with its kind if it has one.
    pub path: String,
    /// Whether it lies in the script's own `OUT_DIR`; these come first.
    pub own: bool,
}

/// The output `dep`, for the build scripts of direct dependents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dep {
    /// Values by the last part of `DEP_<LINKS>_<KEY>`.
    pub metadata: BTreeMap<String, String>,
    /// The script's `OUT_DIR`, if a value mentions it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_dir: Option<Remap>,
}

/// A path and its name in debug information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remap {
    /// The path.
    pub from: String,
    /// The name.
    pub to: String,
}

/// Reads one of the outputs.
pub fn read<T: DeserializeOwned>(file: &str) -> Result<T> {
    let path = Path::new(file);
    let text = fs::read_to_string(path)
        .map_err(|e| Error::io("cannot read a build script's instructions in", path, e))?;
    serde_json::from_str(&text).map_err(|e| {
        Error::new(format!(
            "a build script's instructions in {file} are malformed: {e}"
        ))
    })
}

/// Writes the output `path`.
pub fn write<T: Serialize>(path: &Path, instructions: &T) -> Result<()> {
    let mut text = serde_json::to_string_pretty(instructions)
        .map_err(|e| Error::io("cannot write", path, e.into()))?;
    text.push('\n');
    fs::write(path, text).map_err(|e| Error::io("cannot write", path, e))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn instructions_survive_their_file() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("dep");
        let dep = Dep {
            metadata: [("ROOT".to_string(), "/o".to_string())].into(),
            out_dir: None,
        };
        write(&file, &dep).unwrap();
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "{\n  \"metadata\": {\n    \"ROOT\": \"/o\"\n  }\n}\n"
        );
        assert_eq!(read::<Dep>(file.to_str().unwrap()).unwrap(), dep);
        assert!(read::<Link>(file.to_str().unwrap()).is_err());
    }
}
