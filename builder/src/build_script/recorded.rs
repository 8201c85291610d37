//! The instructions of one build-script run, as its outputs keep them for other units.
//!
//! They are split by who reads them, each part an output of its own, so that a change of
//! one reaches none but its readers. An output is a directory:
//!
//! | entry | content |
//! |---|---|
//! | [`INSTRUCTIONS`] | the instructions as JSON, canonical: lists whose order means nothing are sorted |
//! | [`FILES`] | the [`named_files`](super::named_files), relative to the sandbox; none if there are none |

use super::instructions::LinkArg;
use super::named_files::NamedFiles;
use crate::error::{Error, Result};
use crate::sandbox::Sandbox;
use crate::sandbox::files::create_dir_all;
use crate::sandbox::sources::{self, Clash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The file with the instructions.
pub const INSTRUCTIONS: &str = "instructions.json";
/// The directory with the files that they name.
pub const FILES: &str = "files";

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
///
/// # Errors
///
/// If it cannot be read, or is of another form.
pub fn read<T: DeserializeOwned>(output: &str) -> Result<T> {
    let file = Path::new(output).join(INSTRUCTIONS);
    let text = fs::read_to_string(&file)
        .map_err(|e| Error::io("cannot read a build script's instructions in", &file, e))?;
    serde_json::from_str(&text).map_err(|e| {
        Error::new(format!(
            "a build script's instructions in {} are malformed: {e}",
            file.display()
        ))
    })
}

/// Puts the files of one of the outputs where the script saw them. What a unit has there
/// itself stays, or gives way, as `clash` says.
///
/// # Errors
///
/// If they cannot be copied.
pub fn lay_out_files(output: &str, sandbox: &Sandbox, clash: Clash) -> Result<()> {
    let files = Path::new(output).join(FILES);
    if files.is_dir() {
        sources::copy(&files, sandbox.root(), clash)?;
    }
    Ok(())
}

/// Writes the output `path`.
///
/// # Errors
///
/// If it cannot be written.
pub fn write<T: Serialize>(path: &Path, instructions: &T, files: &NamedFiles<'_>) -> Result<()> {
    create_dir_all(path)?;
    let file = path.join(INSTRUCTIONS);
    let mut text = serde_json::to_string_pretty(instructions)
        .map_err(|e| Error::io("cannot write", &file, e.into()))?;
    text.push('\n');
    fs::write(&file, text).map_err(|e| Error::io("cannot write", &file, e))?;
    files.write(&path.join(FILES))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn instructions_survive_their_file() {
        let temp = tempfile::tempdir().unwrap();
        let output = temp.path().join("dep");
        let dep = Dep {
            metadata: [("ROOT".to_string(), "/o".to_string())].into(),
            out_dir: None,
        };
        write(&output, &dep, &NamedFiles::new(temp.path(), temp.path())).unwrap();
        assert_eq!(
            fs::read_to_string(output.join(INSTRUCTIONS)).unwrap(),
            "{\n  \"metadata\": {\n    \"ROOT\": \"/o\"\n  }\n}\n"
        );
        assert!(!output.join(FILES).exists());
        assert_eq!(read::<Dep>(output.to_str().unwrap()).unwrap(), dep);
        assert!(read::<Link>(output.to_str().unwrap()).is_err());
    }
}
